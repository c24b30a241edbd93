"""(Edits that led to another decision) -> what would have had to be, in words, and how far it goes.

A number is told as the range in which the decision stays the other one, a word as all the words that do. Both
are judged on the inside and on the outside of their edges: what is said holds, and ends where it is said to.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import msgspec

from agent.judge.calendar import inside, local_time
from agent.judge.explain import words
from agent.judge.flips import links
from agent.judge.flips.advance import Step
from agent.judge.flips.alter import Judged, Known, Put, Resize
from agent.judge.flips.edges import ELSEWHERE
from agent.judge.flips.flip import Bench, Found
from agent.judge.flips.widen import Widening
from agent.judge.quote import members, quote, visible
from agent.judge.seen import fact_of
from agent.judge.truth import Here
from agent.judge.vocabulary import SETS, Scope, list_of
from agent.model.decision import Rule, Verb
from agent.model.explanation import Change, Flip
from agent.model.facts import Facts, FactType, Value
from agent.model.policy import Moment, Test

MOST_NAMED = 3
"""Values that are named one by one."""

WOULD = {
    Verb.APPROVE: "it would have been approved",
    Verb.REJECT: "it would have been rejected",
    Verb.ESCALATE: "it would have gone to a person",
}


def suppose(bench: Bench, found: Found, verb: Verb) -> Flip:
    """Return the edits as a person is told of them."""
    changes = tuple(_Telling(bench, found, verb, at).change() for at in _first_of_each(found.steps))
    combined = found.combined
    policies = tuple(one.policy.name for one in (*combined.deciding, *combined.undecided))
    return Flip(
        words=f"{_joined([change.words for change in changes])}, {WOULD[verb]}{_by(combined.rule, policies)}",
        changes=changes,
        follows=_follows(bench, found),
        policies=policies,
        rule=combined.rule,
    )


def _by(rule: Rule, policies: Sequence[str]) -> str:
    names = " and ".join(f"`{name}`" for name in policies[:MOST_NAMED])
    match rule:
        case Rule.AGREED:
            return f" by {names}"
        case Rule.DISAGREED:
            return f": {names} disagree"
        case Rule.UNDECIDED:
            return f": {names} cannot tell"
        case Rule.OVER:
            return ": its week is over"
        case _:
            return ": no policy matches"


def _joined(told: Sequence[str]) -> str:
    """Return `had a and b, without c and with d`."""
    had = [words.removeprefix("had ") for words in told if words.startswith("had ")]
    rest = [words for words in told if not words.startswith("had ")]
    parts = [*([f"had {' and '.join(had)}"] if had else []), *([" and ".join(rest)] if rest else [])]
    return ", and ".join(parts)


def _first_of_each(steps: Sequence[Step]) -> list[int]:
    """Return one step for each fact that is told of, in the order of the steps."""
    first: dict[object, int] = {}
    for at, step in enumerate(steps):
        first.setdefault((step.root, step.told), at)
    return list(first.values())


def _follows(bench: Bench, found: Found) -> tuple[str, ...]:
    """Return the facts that policies read and that changed beside those that are told."""
    told = {step.told[1] for step in found.steps}
    before, after = bench.facts.values, found.facts.values
    return tuple(
        sorted(
            name
            for name in {*before, *after} - told
            if before.get(name) != after.get(name) and bench.ground.tests(Scope.ACTION, name)
        )
    )


class _Telling:
    """One changed fact of those that were found."""

    def __init__(self, bench: Bench, found: Found, verb: Verb, at: int) -> None:
        self.bench = bench
        self.found = found
        self.step = found.steps[at]
        self.scope, self.fact = self.step.told
        self.widening = Widening(bench, found, verb, at)

    def change(self) -> Change:
        """Return what would have had to be."""
        match self.step.edit:
            case Judged(at=at):
                return Change(fact="now", words=self._when(at), before=self.bench.facts.now, instead=at)
            case Known(is_complete=is_complete):
                return Change(fact="messages", words=self._looked_up(is_complete=is_complete))
            case Resize(count=count):
                return self._number(count, "")
            case Put() as put if put.rows and self.scope is Scope.ACTION:
                return self._set(
                    self.bench.facts.values.get(self.fact), self.found.facts.values.get(self.fact), ""
                )
            case Put() as put if put.rows:
                return self._of_messages(put)
            case Put(values=values):
                return self._of_action(values[0])

    def _of_action(self, value: Value | None) -> Change:
        fed = list_of(self.fact)
        if fed is not None:
            lists = self.bench.judge.policy_set.lists
            is_empty = any(one.name == fed and not one.members for one in lists)
            told = f"had the list `{fed}` been fetched in time{', and been empty' if is_empty else ''}"
            return Change(
                fact=self.fact, words=told, before=self.bench.facts.values.get(self.fact), instead=value
            )
        fact = fact_of(self.fact, Scope.ACTION)
        before, after = self.bench.facts.values.get(self.fact), self.found.facts.values.get(self.fact)
        if value is None or after is None:
            return Change(fact=self.fact, words=f"had `{self.fact}` not been known", before=before)
        if fact.type in SETS:
            return self._set(before, after, "")
        if fact.type is FactType.NUMBER and self.step.root == f"{Scope.ACTION}:{self.fact}":
            return self._number(cast("int", value), "")
        return self._value(before, after, "")

    def _of_messages(self, put: Put) -> Change:
        """Return what messages would have had to be: those of all steps that changed this fact of theirs."""
        count = len(self.bench.facts.messages or ()) or 1
        changed = {
            at for step in self.found.steps if step.told == self.step.told for at in self.widening.rows(step)
        }
        where = self._where(changed, count)
        before, after = (
            self._in_row(self.bench.facts, put.rows[0]),
            self._in_row(self.found.facts, put.rows[0]),
        )
        if after is None:
            told = f"had `{self.fact}` not been known{where}"
            change = Change(fact=self.fact, words=told, before=before)
        elif isinstance(after, frozenset):
            change = self._set(before, after, where)
        else:
            change = self._value(before, after, where)
        return msgspec.structs.replace(change, messages=len(changed))

    def _where(self, changed: set[int], count: int) -> str:
        """Say in which of the messages."""
        if count == 1:
            return ""
        if len(changed) == count:
            return f" in all {count} messages"
        rows = self.bench.facts.messages or ()
        one = next(iter(changed))
        is_in_place = not any(isinstance(step.edit, Resize) for step in self.found.steps)
        recipient = rows[one].get("recipient") if len(changed) == 1 and is_in_place else None
        which = "" if recipient is None else f" (that to {quote(recipient)})"
        return f" in {len(changed)} of {count} messages{which}"

    def _in_row(self, facts: Facts, at: int) -> Value | None:
        rows = facts.messages or ()
        return rows[at].get(self.fact) if at < len(rows) else None

    # Values

    def _value(self, before: Value | None, after: Value, where: str) -> Change:
        known = "been" if before is not None else "been known to be"
        return Change(
            fact=self.fact,
            words=f"had `{self.fact}` {known} {self._such(before, after)}{where}",
            before=before,
            instead=after,
        )

    def _such(self, before: Value | None, after: Value) -> str:
        """Say which values would do: all but some, one of a list, or some by name."""
        wide = self.widening
        goes, stays = wide.sides()
        kind = fact_of(self.fact, self.scope).type
        is_all_else = wide.is_unnamed(goes) or (kind is FactType.WORD and len(goes) > MOST_NAMED)
        if is_all_else and stays is not None and 0 < len(stays) <= MOST_NAMED:
            return f"other than {_any_of(stays)}"
        if wide.is_unnamed([after]):
            return f"something that no policy names (such as {quote(after)})"
        listed = wide.listed(goes, before)
        if listed:
            return f"{listed} (such as {quote(after)})"
        named = [after, *(value for value in goes if value not in (after, before))]
        return _any_of(named) if len(named) <= MOST_NAMED else quote(after)

    def _set(self, before: Value | None, after: Value | None, where: str) -> Change:
        """Say which members would have been missing, and which there."""
        name = f"`{self.fact}`"
        old = before if isinstance(before, frozenset) else frozenset[str]()
        new = after if isinstance(after, frozenset) else frozenset[str]()
        gone = old - new
        come = frozenset(one for one in new - old if not (gone and self._is_nobody(one, gone)))
        if before is None:
            told = f"had {name} been known to be {members(new)}{where}"
        elif gone and come:
            told = f"with {members(come)}{self._of_list(come)} instead of {members(gone)} among {name}{where}"
        elif gone:
            told = f"without {members(gone)} among {name}{where}"
        else:
            told = f"with {members(come)}{self._of_list(come)} among {name}{where}"
        return Change(fact=self.fact, words=told, before=before, instead=after)

    def _of_list(self, come: frozenset[str]) -> str:
        """Say of which list the members are, where it is the list that was asked for."""
        asked = self.step.asked
        if not isinstance(asked, Test) or "$" not in asked.wording or asked.operator not in ("in", "anyIn"):
            return ""
        operand = asked.operand
        is_of_it = isinstance(operand, frozenset) and come <= operand
        return f" (in {visible(asked.wording)})" if is_of_it else ""

    def _is_nobody(self, member: str, gone: frozenset[str]) -> bool:
        """Whether the member only stands in for those that are gone."""
        domain = links.domain_of(member) or member
        is_made_up = member.startswith("somebody") or member == ELSEWHERE
        return is_made_up and (domain == ELSEWHERE or domain in {links.domain_of(one) for one in gone})

    # Numbers

    def _number(self, value: int, where: str) -> Change:
        """Say in which range of numbers the decision stays the other one."""
        before = self.bench.facts.values.get(self.fact)
        least, most = self.widening.range(value)
        known = "been" if before is not None else "been known to be"
        return Change(
            fact=self.fact,
            words=f"had `{self.fact}` {known} {self._span(least, most, value)}{where}",
            before=before,
            instead=value,
            least=least,
            most=most,
        )

    def _span(self, least: int | None, most: int | None, value: int) -> str:
        if least is None and most is None:
            return "any number" if value else "0 or more"
        if least is None:
            return f"{most} or less" if most else "0"
        if most is None:
            return f"above {least - 1}" if self.widening.is_edge(least - 1) else f"{least} or more"
        return str(least) if least == most else f"between {least} and {most}"

    # The moment and the look-up

    def _when(self, at: datetime) -> str:
        asked = self.step.asked
        match asked:
            case Moment():
                side = "inside" if inside(asked, at) else "outside"
                hours = f"{visible(asked.wording)} {asked.zone}"
                return f"had it been judged {side} {hours} (such as {local_time(asked, at)})"
            case Test():
                then = msgspec.structs.replace(self.bench.facts, now=at)
                told = words(asked, Here(facts=then, values=then.values))
                return f"had it been judged at {quote(at)} ({told})"
            case _:
                return f"had it been judged before {self._end(at)}"

    def _end(self, at: datetime) -> str:
        """Say what ends right after the moment."""
        for one in self.bench.policies:
            end = one.policy.expires
            if end is not None and at < end <= self.bench.facts.now:
                return f"`{one.policy.name}` expired on {quote(end)}"
        return f"its week was over, on {quote(self.bench.action.deadline)}"

    def _looked_up(self, *, is_complete: bool) -> str:
        if not is_complete:
            return "had some message not been looked up"
        if self.bench.facts.messages:
            return "had all messages been looked up (and been as those that are known)"
        return "had one message been looked up"


def _any_of(values: Sequence[Value]) -> str:
    told = [quote(value) for value in values]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} or {told[-1]}"
