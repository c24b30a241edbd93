"""What a policy may answer where facts that it reads were not recorded: everything that some value would make of it.

An absent fact usually means that Defender did not give it. Where it was not asked for yet, it may have had
any value, or none.
"""

from collections.abc import Callable, Collection, Iterable
from functools import reduce
from itertools import product

from agent.judge.seen import facts_read
from agent.judge.truth import Here, every, holds, opposite, some
from agent.judge.vocabulary import list_of
from agent.judge.walk import names_of, tests_of, walk_policy
from agent.model.facts import Facts
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Policy, Test

Possible = frozenset[bool | None]
"""Answers that may be."""

ANY_ANSWER: Possible = frozenset({True, False, None})


class Reads:
    """What a policy reads that may not have been recorded."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        read = {(fact.name, fact.since) for _, fact, _ in facts_read(policy) if list_of(fact.name) is None}
        self._newer = tuple(sorted(read, key=lambda one: (-one[1], one[0])))
        self.newest = self._newer[0][1] if self._newer else 0
        self.lists = frozenset(_lists_read(policy))
        """Names of fed lists that it goes by."""

    def missing(self, facts: Facts, fed: Collection[str]) -> frozenset[str]:
        """Return the facts it reads that were not recorded: newer ones, and the age of lists not fed then.

        Args:
            facts: as they were recorded.
            fed: the lists that were fed in the set that was in force.
        """
        missing = {name for name, since in self._newer if since > facts.vocabulary}
        for name, fact in self.lists:
            if fact not in facts.values and name not in fed:
                missing.add(fact)
        return frozenset(missing)


def _lists_read(policy: Policy) -> Iterable[tuple[str, str]]:
    """Give the lists that are fed and that the policy goes by, each with the fact of its age."""
    for test, _ in walk_policy(policy):
        if isinstance(test, Test):
            for name in (*(one.fact for one in test.fresh), test.fact):
                about = list_of(name)
                if about is not None:
                    yield about, name


def possible(policy: Policy, facts: Facts, missing: Collection[str]) -> Possible:
    """Return what the policy may answer, whatever the missing facts were."""
    here = Here(facts=facts, values=facts.values)
    parts = [_possible(policy.match, here, missing)]
    parts += [_opposite(_possible(one, here, missing)) for one in policy.unless]
    return _together(every, parts)


def _possible(condition: Condition, here: Here, missing: Collection[str]) -> Possible:
    if not any(_is_open(test, missing) for test in tests_of(condition)):
        return frozenset({holds(condition, here)})
    match condition:
        case Test(operator="exists"):
            return frozenset({True, False})
        case All(conditions=conditions):
            return _together(every, [_possible(one, here, missing) for one in conditions])
        case AnyOf(conditions=conditions):
            return _together(some, [_possible(one, here, missing) for one in conditions])
        case Not(condition=inner):
            return _opposite(_possible(inner, here, missing))
        case Test() | Messages() | Moment():
            return ANY_ANSWER


def _is_open(test: Test, missing: Collection[str]) -> bool:
    return any(name in missing for name in (*names_of(test), *(one.fact for one in test.fresh)))


def _opposite(answers: Possible) -> Possible:
    return frozenset(map(opposite, answers))


def _together(how: Callable[[Iterable[bool | None]], bool | None], parts: Iterable[Possible]) -> Possible:
    """Return everything that these may come to together; each part is taken to vary by itself."""

    def joined(one: Possible, other: Possible) -> Possible:
        return frozenset(how(pair) for pair in product(one, other))

    return reduce(joined, parts)
