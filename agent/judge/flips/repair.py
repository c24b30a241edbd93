"""(A condition, how it may come out) -> edits of the facts, one at a time, that bring it nearer.

Where several things must change together, only the first of them is repaired: the search comes back for the
rest. Where one of several would do, each is given. So nothing that could help is left out.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil, floor
from typing import cast

import msgspec

from agent.judge.flips import links
from agent.judge.flips.advance import FALSE, KNOWN, NOT_FALSE, NOT_TRUE, TRUE, UNKNOWN, Step, Wanted, World
from agent.judge.flips.alter import Alterations, Edit, Judged, Known, Put, Resize
from agent.judge.flips.ground import MESSAGES, MINUTE, NOW, Ground, Root
from agent.judge.flips.repair_rows import RowRepairs
from agent.judge.flips.resize import MOST_MESSAGES
from agent.judge.operators import ONE_OF
from agent.judge.seen import fact_of
from agent.judge.truth import Here, holds, opposite
from agent.judge.vocabulary import NEVER, SETS, Scope
from agent.judge.walk import names_of
from agent.model.facts import FactType, Value
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Test

MOST_ALIKE = 8
"""Messages that are different to the policies, of which one is to change: so many are tried."""


class Repairs:
    """Finds edits in one world; what has been found for a test is kept, since many policies ask the same."""

    def __init__(self, ground: Ground, world: World, deadline: datetime) -> None:
        self.ground = ground
        self.world = world
        self.facts = world.facts
        self.rows = RowRepairs(ground, world)
        self.alterations = Alterations(world.facts, frozenset(at for _, at in world.fixed_rows))
        self._known: dict[object, tuple[Step, ...]] = {}
        self.deadline = deadline

    def of(self, condition: Condition, wanted: Wanted, site: int | None = None) -> Iterator[Step]:
        """Give edits that bring the condition, on the action or on the message at `site`, nearer to these answers."""
        if holds(condition, self._here(site)) in wanted:
            return
        match condition:
            case Test():
                yield from (
                    self._of_test(condition, wanted)
                    if site is None
                    else self.rows.of(condition, wanted, site)
                )
            case All(conditions=conditions):
                yield from self._of_all(conditions, wanted, site)
            case AnyOf(conditions=conditions, mark=mark):
                opposites = tuple(Not(condition=one, mark=mark) for one in conditions)
                yield from self._of_all(opposites, _turned(wanted), site)
            case Not(condition=inner):
                yield from self.of(inner, _turned(wanted), site)
            case Messages():
                if wanted == UNKNOWN:
                    wanted = NOT_TRUE if holds(condition, self._here(site)) else NOT_FALSE
                key = (condition, wanted)
                if key not in self._known:
                    self._known[key] = tuple(self._of_messages(condition, wanted, None))
                yield from self._known[key]
            case Moment():
                yield from self._moments(condition, wanted)

    def _here(self, site: int | None) -> Here:
        if site is None:
            return Here(facts=self.facts, values=self.facts.values)
        values = (self.facts.messages or ())[site]
        return Here(facts=self.facts, values=values, scope=Scope.MESSAGE)

    def _of_all(self, conditions: Sequence[Condition], wanted: Wanted, site: int | None) -> Iterator[Step]:
        here = self._here(site)
        if wanted == KNOWN:
            yield from self._of_all(conditions, TRUE, site)
            yield from self._of_all(conditions, FALSE, site)
        elif wanted == UNKNOWN and (failed := [one for one in conditions if holds(one, here) is False]):
            yield from self.of(failed[0], NOT_FALSE, site)
        elif True in wanted:
            # All of them have to: one after the other.
            first = next((one for one in conditions if holds(one, here) not in wanted), None)
            if first is not None:
                yield from self.of(first, wanted, site)
        else:
            for one in conditions:
                yield from self.of(one, wanted, site)

    # The action as a whole

    def _of_test(self, test: Test, wanted: Wanted) -> tuple[Step, ...]:
        key = (test.fact, test.operator, test.operand, test.fresh, test.expiries, wanted)
        if key not in self._known:
            self._known[key] = tuple(self._found_for(test, wanted))
        return self._known[key]

    def _found_for(self, test: Test, wanted: Wanted) -> Iterator[Step]:
        yield from self._refreshed(test, wanted)
        for name in names_of(test):
            yield from self._of_fact(test, name, wanted)

    def _refreshed(self, test: Test, wanted: Wanted) -> Iterator[Step]:
        """Give the fetching of lists that are too old to be relied on."""
        for one in test.fresh:
            fetched = self.facts.values.get(one.fact)
            is_stale = not isinstance(fetched, datetime) or self.facts.now - fetched > one.within
            root = f"{Scope.ACTION}:{one.fact}"
            if is_stale and self.world.may_change(root) and wanted - {None}:
                edit = Put(scope=Scope.ACTION, fact=one.fact, values=(self.facts.now,))
                yield from self._step(edit, root, test, one.fact)

    def _of_fact(self, test: Test, name: str, wanted: Wanted) -> Iterator[Step]:
        fact, root = fact_of(name, Scope.ACTION), self.ground.root(Scope.ACTION, name)
        if fact.over_messages:
            yield from self._looked_up(test, wanted)
        if root is None or not (self.world.may_change(root.name) or root.scope is Scope.MESSAGE):
            return
        if root.fact == NOW:
            yield from self._moments(test, wanted)
        elif root.scope is Scope.MESSAGE:
            quantified = _over_rows(test, name)
            if quantified is None:
                self.ground.gaps.add(f"`{name}`")
            else:
                yield from self._of_messages(quantified, wanted, test)
        else:
            for edit in self._edits(root, fact_of(root.fact, Scope.ACTION).type):
                yield from self._step(edit, root.name, test, name, wanted)

    def _edits(self, root: Root, kind: FactType) -> Iterator[Edit]:
        """Give edits of one root of the action, of which those are taken that do what is wanted."""
        now, before = self.facts.now, self.facts.values.get(root.fact)
        if root.is_size:
            # What the messages are may change the count as well as how many there are.
            self.ground.gaps.add(f"`{root.fact}`")
            for count in self.ground.values(root, now):
                if count != before and not self._is_too_many(root.fact, cast("int", count)):
                    yield Resize(fact=root.fact, count=cast("int", count))
            return
        values: Iterator[Value] = (
            self.ground.set_values(root, before if isinstance(before, frozenset) else frozenset(), now)
            if kind in SETS
            else iter(self.ground.values(root, now))
        )
        for value in values:
            if value != before and (value != frozenset() or self.ground.may_be_empty(root)):
                yield Put(scope=Scope.ACTION, fact=root.fact, values=(value,))
        if before is not None and fact_of(root.fact, Scope.ACTION).unknown_when != NEVER:
            yield Put(scope=Scope.ACTION, fact=root.fact, values=(None,))

    def _is_too_many(self, fact: str, count: int) -> bool:
        more = count - cast("int", self.facts.values.get(fact, 0))
        return more > 0 and len(self.facts.messages or ()) + more > MOST_MESSAGES

    def _looked_up(self, test: Condition, wanted: Wanted) -> Iterator[Step]:
        """Give the look-up of messages that are missing, or that some had been missing."""
        is_complete = self.facts.messages_complete
        if (None in wanted) if is_complete else bool(wanted - {None}):
            yield from self._step(
                Known(is_complete=not is_complete),
                MESSAGES,
                test,
                MESSAGES,
                None if not is_complete else wanted,
            )

    def _moments(self, asked: Test | Moment, wanted: Wanted) -> Iterator[Step]:
        if not self.world.may_change(NOW):
            return
        for at in self.ground.moments(self.facts, self.deadline):
            yield from self._step(Judged(at=at), NOW, asked, NOW, wanted)

    def judged_before(self, end: datetime) -> Iterator[Step]:
        """Give that it had been judged a minute before this."""
        yield from self._step(Judged(at=end - MINUTE), NOW, None, NOW)

    def _step(
        self, edit: Edit, root: str, asked: Condition | None, told: str, wanted: Wanted | None = None
    ) -> Iterator[Step]:
        """Give the edit where the world allows it and, with `wanted`, where what asked for it then answers so."""
        if not self.world.may_change(root):
            return
        after = self.alterations.made(edit)
        if after is None:
            self.ground.gaps.add(f"`{told}`")
            return
        if wanted is not None and asked is not None:
            is_joint = isinstance(asked, Test) and asked.operator == ONE_OF
            if not is_joint and holds(asked, Here(facts=after, values=after.values)) not in wanted:
                return
        yield Step(edit=edit, facts=after, root=root, asked=asked, told=(Scope.ACTION, told))

    # Single messages

    def _of_messages(self, condition: Messages, wanted: Wanted, told: Test | None) -> Iterator[Step]:
        """Give edits of messages; `told` is the test of a set over them that is the same as the condition."""
        asked = told or condition
        rows = self.facts.messages or ()
        if told is None and (not rows or not self.facts.messages_complete or None in wanted):
            yield from self._looked_up_or_found(condition, wanted)
        if not rows:
            return
        answers = [holds(condition.condition, self._here(at)) for at in range(len(rows))]
        for each, sites in self._aims(condition, wanted, answers):
            if sites is None:
                yield from self._some(condition.condition, each, answers, asked)
            else:
                yield from self._every(condition.condition, each, sites, asked)

    def _looked_up_or_found(self, condition: Messages, wanted: Wanted) -> Iterator[Step]:
        if self.facts.messages or None in wanted:
            yield from self._looked_up(condition, wanted)
        elif wanted - {None}:
            yield from self._step(Known(is_complete=True), MESSAGES, condition, MESSAGES)

    def _aims(
        self, condition: Messages, wanted: Wanted, answers: Sequence[bool | None]
    ) -> Iterator[tuple[Wanted, Sequence[int] | None]]:
        """Give what single messages have to answer: those at these places all of them, or one of any."""
        match condition.quantifier:
            case "share":
                yield from self._shares(condition, wanted, answers)
                return
            case "none":
                wanted = _turned(wanted)
            case "all":
                if wanted == KNOWN:
                    yield from (*self._aims(condition, TRUE, answers), *self._aims(condition, FALSE, answers))
                else:
                    yield wanted, None if True not in wanted else _others(answers, wanted)
                return
            case _:
                pass
        if wanted == KNOWN:
            yield TRUE, None
            yield FALSE, _others(answers, FALSE)
        else:
            yield wanted, None if True in wanted else _others(answers, wanted)

    def _shares(
        self, condition: Messages, wanted: Wanted, answers: Sequence[bool | None]
    ) -> Iterator[tuple[Wanted, Sequence[int]]]:
        """Give how many messages have to change sides so that the share lies within its bounds, or outside."""
        self.ground.gaps.add("shares of messages")
        count, held = len(answers), answers.count(True)
        least, most = ceil(condition.at_least * count - 1e-9), floor(condition.at_most * count + 1e-9)
        if True in wanted:
            yield NOT_FALSE & wanted, _others(answers, TRUE)[: max(0, least - held)]
            yield FALSE, _others(answers, FALSE)[: max(0, count - answers.count(False) - most)]
        if False in wanted:
            yield FALSE, _others(answers, FALSE)[: max(0, count - answers.count(False) - least + 1)]
            yield TRUE, _others(answers, TRUE)[: max(0, most - held + 1)]

    def _some(
        self, inner: Condition, wanted: Wanted, answers: Sequence[bool | None], asked: Condition
    ) -> Iterator[Step]:
        """Give edits of one message, each for those that are alike to all policies."""
        rows = self.facts.messages or ()
        alike: dict[object, int] = {}
        for at, answer in enumerate(answers):
            if answer not in wanted:
                touched = tuple(sorted(root for root, row in self.world.fixed_rows if row == at))
                alike.setdefault((self.ground.row_key(rows[at]), touched), at)
        if len(alike) > MOST_ALIKE:
            self.ground.gaps.add("messages")
        for at in list(alike.values())[:MOST_ALIKE]:
            for step in self.of(inner, wanted, at):
                yield from self._worked_out(step, step.edit, asked)

    def _every(
        self, inner: Condition, wanted: Wanted, sites: Sequence[int], asked: Condition
    ) -> Iterator[Step]:
        """Give edits that do for all of these messages what they do for the first, where that is in their way too."""
        if not sites:
            return
        steps = tuple(self.of(inner, wanted, sites[0]))
        if len(sites) > 1 and len(steps) > 1:
            # Each message might have had to change in its own way; with only one way there is no other.
            self.ground.gaps.add("messages one by one")
        for step in steps:
            leaf, edit = cast("Test", step.asked), cast("Put", step.edit)
            before = holds(leaf, self._here(sites[0]))
            same = [
                at
                for at in sites
                if holds(leaf, self._here(at)) is before and self.world.is_free(edit.fact, at)
            ]
            root = Root(Scope.MESSAGE, edit.fact)
            values = self.rows.for_each(root, edit.values[0], same)
            together = Put(scope=Scope.MESSAGE, fact=edit.fact, values=values, rows=tuple(same))
            yield from self._worked_out(step, together, asked)

    def _worked_out(self, step: Step, edit: Edit, asked: Condition) -> Iterator[Step]:
        """Give the step with all that follows from its edit, where the world allows it."""
        after = self.alterations.made(edit)
        if after is not None:
            yield msgspec.structs.replace(step, edit=edit, facts=after, told=_told(asked, step))


def _turned(wanted: Wanted) -> Wanted:
    return frozenset(opposite(answer) for answer in wanted)


def _others(answers: Sequence[bool | None], wanted: Wanted) -> list[int]:
    return [at for at, answer in enumerate(answers) if answer not in wanted]


def _told(asked: Condition, step: Step) -> tuple[Scope, str]:
    """Return the fact to tell of: the set over all messages, where that is what was asked for."""
    return (Scope.ACTION, asked.fact) if isinstance(asked, Test) else step.told


def _over_rows(test: Test, name: str) -> Messages | None:
    """Return a test of a set over all messages as the same condition on the messages; None where it is not one."""
    source, _ = links.OVER_ROWS[name]
    fact = (
        "sender.domain"
        if name == "senders.domains"
        else "recipient.domain"
        if name == "recipients.domains"
        else source
    )
    is_set_itself = source == "threats"
    quantifier, operator = {
        "anyIn": ("any", "anyIn" if is_set_itself else "in"),
        "noneIn": ("none", "anyIn" if is_set_itself else "in"),
        "allIn": ("all", "allIn" if is_set_itself else "in"),
        "contains": ("any", "contains" if is_set_itself else "equals"),
    }.get(test.operator, ("", ""))
    if not quantifier:
        return None
    inner = msgspec.structs.replace(test, fact=fact, operator=operator)
    return Messages(quantifier=quantifier, condition=inner, mark=test.mark)
