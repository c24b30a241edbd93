"""(Policy, its cases) -> which of its clauses were seen true, false and unknown.

A clause is what stands at a leaf: a test, a moment, `messages` as a whole, and each test inside it, which is
seen on one message at a time. What a clause can never be is left out, with the reason: the fact table, the
words that Graph has, or the operator itself must say so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import cast

import msgspec
from msgspec.structs import replace

from agent.judge.cases import PolicyCase
from agent.judge.feed import feed
from agent.judge.operators import ONE_OF, Rows
from agent.judge.seen import fact_of
from agent.judge.spell import spelled
from agent.judge.truth import Here, holds
from agent.judge.vocabulary import NEVER, WORDS, Scope
from agent.judge.walk import walk_policy
from agent.model.policy import Messages, Moment, Policy, PolicySet, Test

Leaf = Test | Messages | Moment

ANSWERS: Mapping[bool | None, str] = {True: "true", False: "false", None: "unknown"}
"""What a clause may be seen as."""


class Exempt(msgspec.Struct, frozen=True, kw_only=True):
    """What a clause can never be, and why."""

    answer: str
    why: str


class ClauseCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """One clause, in how many cases it was seen as what, what it can never be, and what it was never seen as."""

    words: str
    line: int
    column: int
    true: int = 0
    false: int = 0
    unknown: int = 0
    exempt: tuple[Exempt, ...] = ()
    never: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """What it can be."""
        spared = {one.answer for one in self.exempt}
        return tuple(answer for answer in ANSWERS.values() if answer not in spared)


class PolicyCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """All clauses of one policy, in the order of its file."""

    policy: str
    file: str
    clauses: tuple[ClauseCoverage, ...]

    @property
    def wanted(self) -> int:
        """How much there is to see."""
        return sum(len(one.wanted) for one in self.clauses)

    @property
    def seen(self) -> int:
        """How much of it was seen."""
        return self.wanted - sum(len(one.never) for one in self.clauses)


def coverage(policy: Policy, cases: Iterable[PolicyCase], policies: PolicySet) -> PolicyCoverage:
    """Return how the clauses of a policy of this set turned out in these cases.

    A case of another kind or tenant shows nothing: there the policy is not asked.
    """
    asked = [case for case in cases if _is_asked(policy, case)]
    seen = [
        [answers(leaf, scope, case) for leaf, scope in leaves(_fed(policy, policies, case))] for case in asked
    ]
    return PolicyCoverage(
        policy=policy.name,
        file=policy.file,
        clauses=tuple(
            _covered(leaf, scope, [of_case[at] for of_case in seen])
            for at, (leaf, scope) in enumerate(leaves(policy))
        ),
    )


def _fed(policy: Policy, policies: PolicySet, case: PolicyCase) -> Policy:
    """Return the policy as it is with the members of lists that the case gives."""
    if not case.situation.lists:
        return policy
    return feed(replace(policies, policies=(policy,)), case.situation.lists).policies[0]


def leaves(policy: Policy) -> tuple[tuple[Leaf, Scope], ...]:
    """Return every clause of the policy, and whether it is about the action or one message."""
    found = [(one, scope) for one, scope in walk_policy(policy) if isinstance(one, Leaf)]
    return tuple(sorted(found, key=lambda each: (each[0].mark.line, each[0].mark.column)))


def _is_asked(policy: Policy, case: PolicyCase) -> bool:
    one = case.situation
    return one.kind in policy.kinds and policy.is_for(one.tenant) and not policy.has_expired(one.facts.now)


def _covered(leaf: Leaf, scope: Scope, seen: Sequence[frozenset[bool | None]]) -> ClauseCoverage:
    counts = {told: sum(answer in each for each in seen) for answer, told in ANSWERS.items()}
    exempt = {ANSWERS[answer]: why for answer, why in _exempt(leaf, scope)}
    return ClauseCoverage(
        words=spelled(leaf),
        line=leaf.mark.line,
        column=leaf.mark.column,
        true=counts["true"],
        false=counts["false"],
        unknown=counts["unknown"],
        exempt=tuple(Exempt(answer=answer, why=why) for answer, why in exempt.items()),
        never=tuple(answer for answer, count in counts.items() if not count and answer not in exempt),
    )


def answers(leaf: Leaf, scope: Scope, case: PolicyCase) -> frozenset[bool | None]:
    """Return what the clause is in the case: one answer, or one for each message."""
    facts = case.situation.facts
    whole = Here(facts=facts, values=facts.values)
    return frozenset(holds(leaf, here) for here in (whole.messages if scope is Scope.MESSAGE else (whole,)))


def _exempt(leaf: Leaf, scope: Scope) -> Iterator[tuple[bool | None, str]]:
    """Give what the clause can never be, with the reason."""
    match leaf:
        case Moment():
            yield None, "it is always some time"
            yield from _exempt_moment(leaf)
        case Messages(quantifier="share", at_least=least, at_most=most):
            if least <= 0 and most >= 1:
                yield False, "every share lies within these bounds"
        case Messages():
            return
        case Test():
            yield from _exempt_test(leaf, scope)


def _exempt_moment(moment: Moment) -> Iterator[tuple[bool | None, str]]:
    if moment.dates is not None and not moment.dates:
        yield True, "the list of dates is empty"
    is_every_day = moment.days is None or len(moment.days) == 7
    if is_every_day and moment.hours in (None, (0, 24 * 60)) and moment.dates is None:
        yield False, "it is every hour of every day"


def _exempt_test(test: Test, scope: Scope) -> Iterator[tuple[bool | None, str]]:
    always = fact_of(test.fact, scope).unknown_when == NEVER and test.operator != ONE_OF
    if test.operator == "exists":
        yield None, "whether a fact is known is always known"
        if always:
            yield test.operand is not True, "the agent gives this fact for every action"
        return
    if always:
        yield None, "the agent gives this fact for every action"
    if _is_empty(test):
        yield from _of_nothing(test)
        return
    known = WORDS.get(test.fact)
    rule = _OF_ALL_WORDS.get(test.operator)
    is_fixed = not test.fresh and not test.expiries
    if is_fixed and known is not None and rule is not None and rule(known, test.operand):
        yield test.operator == "notIn", "it names every word that Graph has for this fact"


def _is_empty(test: Test) -> bool:
    """Whether the operand has no value, and no list that is fetched from elsewhere could give it one."""
    if test.fresh:
        return False
    if isinstance(test.operand, Rows):
        return not test.operand.rows
    return isinstance(test.operand, frozenset | tuple) and not test.operand


def _of_nothing(test: Test) -> Iterator[tuple[bool | None, str]]:
    yield test.operator not in ("notIn", "noneIn"), "the list is empty"


def _all_of(known: frozenset[str], operand: object) -> bool:
    return known <= cast("frozenset[str]", operand)


_OF_ALL_WORDS: Mapping[str, Callable[[frozenset[str], object], bool]] = {
    "in": _all_of,
    "notIn": _all_of,
    "allIn": _all_of,
    "equals": lambda known, operand: known == {operand},
}
"""When operators on a word, by their name, get the same answer for every word that there is."""
