"""(Policies, an action, its facts) -> the smallest change of facts that would lead to another decision.

Facts are changed one after the other, fewest first: every change of one fact before any of two. A change is
tried only where it removes what stands in the way: a clause that keeps a policy with the wanted decision from
matching, a policy of its priority or above that says something else or cannot tell. In whatever world the
decision is another, that is removed too, so that nothing is missed by trying only there. Whether a change
leads to the decision is not concluded but judged, by the same compiled policies.

What is not tried is noted: it makes the difference between the smallest change and the smallest found.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from agent.judge.compile import Answers, Compiled, Judge
from agent.judge.decide import Combined, combine, in_time
from agent.judge.flips.advance import (
    FALSE,
    KNOWN,
    NOT_FALSE,
    NOT_TRUE,
    TRUE,
    UNKNOWN,
    Step,
    World,
    advanced,
    whole,
)
from agent.judge.flips.ground import MESSAGES, NOW, Ground
from agent.judge.flips.repair import Repairs
from agent.judge.seen import fact_of
from agent.judge.truth import Here, holds
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS, SETS, Scope
from agent.judge.walk import names_of, walk
from agent.model.decision import Rule, Verb
from agent.model.facts import Facts, FactType
from agent.model.pending import PendingAction
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Test

MOST_FACTS = 4
"""Facts changed together, at most."""

MOST_JUDGINGS = 5_000
"""Judgings for one other decision, at most; one on an action with many messages counts for several."""

MESSAGES_IN_ONE = 25
"""Messages that make a judging count for one more."""

MOST_FOUND = 60
"""Changes of as few facts that are looked for before the best are told."""

MOST_EDITS = 3
"""Edits for each fact changed, at most: the same fact may have to change in several messages."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Edits that together lead to another decision."""

    steps: tuple[Step, ...]
    facts: Facts
    combined: Combined

    @property
    def roots(self) -> frozenset[str]:
        """What was changed."""
        return frozenset(step.root for step in self.steps)


class Hunt(msgspec.Struct, frozen=True, kw_only=True):
    """What the search for one decision came to.

    `searched` is the number of facts up to which everything was tried. `is_smallest` is False where fewer
    facts than were found might have done. `gaps` are what was not, or not wholly, tried.
    """

    verb: Verb
    found: tuple[Found, ...] = ()
    searched: int = 0
    is_smallest: bool = False
    is_reachable: bool = True
    """Whether a policy that counts says so at all."""
    judgings: int = 0
    gaps: tuple[str, ...] = ()


class _Spent(Exception):
    """All judgings are used up."""


Key = frozenset[object]


class Bench:
    """Judges an action in other worlds, as it was judged in this."""

    def __init__(
        self, judge: Judge, action: PendingAction, facts: Facts, *, enforces_observers: bool
    ) -> None:
        self.judge = judge
        self.action = action
        self.facts = facts
        self.enforces_observers = enforces_observers
        self.policies = tuple(
            one
            for one in judge.of_kind(action.kind)
            if one.policy.is_for(action.tenant_id) and self._counts(one)
        )
        self.ground = Ground([one.policy for one in self.policies], facts)
        self.judgings = 0

    def judged(self, facts: Facts) -> tuple[Combined, Answers]:
        """Return what is decided on these facts, and the answers that count."""
        self.judgings += 1 + len(facts.messages or ()) // MESSAGES_IN_ONE
        answers = self.judge.evaluate(self.action.kind, self.action.tenant_id, facts)
        counting = Answers(tuple(self._counting(answers.matched)), tuple(self._counting(answers.undecided)))
        combined = combine(counting.matched, counting.undecided)
        return in_time(combined, self.action.deadline, facts.now), counting

    def _counting(self, some: Iterable[Compiled]) -> Iterator[Compiled]:
        return (one for one in some if self._counts(one))

    def _counts(self, one: Compiled) -> bool:
        action = self.action
        return one.policy.decides and one.enforces(
            action.kind, action.tenant_id, enforces_observers=self.enforces_observers
        )


def hunt(bench: Bench, verb: Verb) -> Hunt:
    """Return the smallest changes that lead to this decision."""
    return _Search(bench, verb).result()


class _Search:
    """The search for one decision."""

    def __init__(self, bench: Bench, verb: Verb) -> None:
        self.bench = bench
        self.verb = verb
        self.start = bench.judgings
        self.known: dict[Key, tuple[Combined, Answers]] = {}
        self.found: dict[Key, Found] = {}
        self.repairs: dict[object, Repairs] = {}
        self.passed: set[tuple[str, Key]] = set()

    def result(self) -> Hunt:
        aims: tuple[Compiled | None, ...] = (None,)
        if self.verb is not Verb.ESCALATE:
            aims = tuple(one for one in self.bench.policies if one.policy.verb is self.verb)
        if not aims:
            return Hunt(verb=self.verb, is_reachable=False)
        searched = 0
        is_whole = True
        try:
            for limit in range(1, MOST_FACTS + 1):
                is_whole = not self.bench.ground.gaps
                self.passed.clear()
                for aim in self._nearest_first(aims):
                    self._descend(aim, World(facts=self.bench.facts), (), limit)
                if self.found:
                    break
                searched = limit
        except _Spent:
            pass
        return self._hunt(searched, is_whole=is_whole)

    def _hunt(self, searched: int, *, is_whole: bool) -> Hunt:
        ranked = sorted(self.found.values(), key=_rank)
        fewest = len(ranked[0].roots) if ranked else 0
        return Hunt(
            verb=self.verb,
            found=tuple(_different(one for one in ranked if len(one.roots) == fewest)),
            searched=searched,
            is_smallest=bool(ranked) and (fewest == 1 or (searched == fewest - 1 and is_whole)),
            judgings=self.bench.judgings - self.start,
            gaps=tuple(sorted(self.bench.ground.gaps)),
        )

    def _nearest_first(self, aims: Sequence[Compiled | None]) -> list[Compiled | None]:
        here = Here(facts=self.bench.facts, values=self.bench.facts.values)

        def missing(one: Compiled | None) -> tuple[int, str]:
            if one is None:
                return 0, ""
            return sum(
                holds(each, here) is not True for each in whole(one.policy).conditions
            ), one.policy.name

        return sorted(aims, key=missing)

    def _descend(self, aim: Compiled | None, world: World, steps: tuple[Step, ...], limit: int) -> None:
        """Try everything from this world on that changes no more than `limit` facts in all."""
        key: Key = frozenset(step.edit for step in steps)
        name = aim.policy.name if aim is not None else ""
        if (name, key) in self.passed or len(self.found) >= MOST_FOUND:
            return
        self.passed.add((name, key))
        combined, answers = self._judged(key, world.facts)
        if combined.verb is self.verb:
            self.found.setdefault(key, Found(steps=steps, facts=world.facts, combined=combined))
            return
        roots = frozenset(step.root for step in steps)
        if len(steps) >= limit * MOST_EDITS or len(roots) + self._least(aim, world, roots) > limit:
            return
        if len(roots) == limit:
            # Only further messages may change in what has changed in some.
            world = msgspec.structs.replace(world, only=roots)
            if not any(root.startswith(Scope.MESSAGE) for root in roots):
                return
        for step in self._ways(aim, self._repairs(key, world), combined, answers):
            self._descend(aim, advanced(world, step), (*steps, step), limit)

    def _repairs(self, key: Key, world: World) -> Repairs:
        """Return what finds edits in the world, the same for all policies that start from it."""
        found = Repairs(self.bench.ground, world, self.bench.action.deadline)
        if len(key) > 1:
            return found
        return self.repairs.setdefault((key, world.only), found)

    def _judged(self, key: Key, facts: Facts) -> tuple[Combined, Answers]:
        known = self.known.get(key)
        if known is None:
            if self.bench.judgings - self.start >= MOST_JUDGINGS:
                raise _Spent
            known = self.known[key] = self.bench.judged(facts)
        return known

    def _ways(
        self, aim: Compiled | None, repairs: Repairs, combined: Combined, answers: Answers
    ) -> Iterator[Step]:
        """Give edits that remove the first thing in the way."""
        if aim is None:
            yield from self._to_a_person(repairs, combined)
            return
        end = aim.policy.expires
        if end is not None and repairs.facts.now >= end:
            yield from repairs.judged_before(end)
        if aim not in answers.matched:
            yield from repairs.of(whole(aim.policy), TRUE)
            return
        for other in (*answers.matched, *answers.undecided):
            is_weaker = other.policy.priority < aim.policy.priority
            agrees = other.policy.verb is self.verb
            if other is aim or is_weaker or (agrees and other in answers.matched):
                continue
            yield from repairs.of(whole(other.policy), KNOWN if agrees else FALSE)
            return
        if combined.rule is Rule.OVER:
            yield from repairs.judged_before(self.bench.action.deadline)

    def _to_a_person(self, repairs: Repairs, combined: Combined) -> Iterator[Step]:
        """Give edits after which what decides does not match, or another policy speaks up."""
        first = combined.deciding[0]
        yield from repairs.of(whole(first.policy), NOT_TRUE)
        for other in self.bench.policies:
            is_weaker = other.policy.priority < first.policy.priority
            if (
                other is first
                or is_weaker
                or not other.counts(self.bench.action.tenant_id, repairs.facts.now)
            ):
                continue
            yield from repairs.of(whole(other.policy), UNKNOWN if other in combined.deciding else NOT_FALSE)

    def _least(self, aim: Compiled | None, world: World, roots: frozenset[str]) -> int:
        """Return how many more facts must change at least: clauses in the way that have no fact in common."""
        if aim is None:
            return 0
        here = Here(facts=world.facts, values=world.facts.values)
        taken = set(map(_family, roots))
        count = 0
        for clause in whole(aim.policy).conditions:
            if holds(clause, here) is True:
                continue
            families = set(self._families(clause))
            if families and not families & taken:
                taken |= families
                count += 1
        return count

    def _families(self, clause: Condition) -> Iterator[str]:
        for condition, scope in walk(clause):
            match condition:
                case Test():
                    for name in names_of(condition):
                        row, root = fact_of(name, scope), self.bench.ground.root(scope, name)
                        if root is not None:
                            yield MESSAGES if root.is_size or row.over_messages else _family(root.name)
                        if row.type is FactType.MOMENT or condition.expiries or condition.fresh:
                            yield NOW
                    yield from (f"{Scope.ACTION}:{fed.fact}" for fed in condition.fresh)
                case Messages():
                    yield MESSAGES
                case Moment():
                    yield NOW
                case All() | AnyOf() | Not():
                    pass


def _family(root: str) -> str:
    """Return what the root may change with: whatever is over messages may change with any of them."""
    scope, _, name = root.partition(":")
    row = FACTS.get(name)
    is_over = scope == Scope.MESSAGE or (row is not None and row.over_messages)
    return MESSAGES if is_over else root


def _rank(found: Found) -> tuple[int, int, int, int, int, str]:
    """Return how good a change is to tell: few facts, known ones, few messages; counts and members before words."""
    return (
        len(found.roots),
        sum(step.makes_unknown for step in found.steps),
        len(found.steps),
        sum(step.messages for step in found.steps),
        sum(_place(step) for step in found.steps),
        ",".join(sorted(found.roots)),
    )


def _place(step: Step) -> int:
    scope, name = step.told
    row = (FACTS if scope is Scope.ACTION else MESSAGE_FACTS).get(name)
    return 9 if row is None else 0 if row.type is FactType.NUMBER else 1 if row.type in SETS else 2


def _different(ranked: Iterable[Found]) -> Iterator[Found]:
    """Give the best of those that change the same facts."""
    told: set[frozenset[str]] = set()
    for one in ranked:
        if one.roots not in told:
            told.add(one.roots)
            yield one
