"""A set of policies with other members in the lists that are fed: what cases say is in them."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from msgspec.structs import replace

from agent.judge.compile import Judge, compile_set
from agent.judge.conditions import asked_for
from agent.judge.list_kinds import Asked, compared
from agent.judge.operand import without
from agent.judge.operators import OPERATORS
from agent.judge.seen import fact_of
from agent.judge.vocabulary import Scope, list_of
from agent.model.policy import (
    All,
    AnyOf,
    Condition,
    Fresh,
    ListType,
    Messages,
    Moment,
    Not,
    Policy,
    PolicySet,
    Test,
)

Contents = Mapping[str, Sequence[str]]
"""Members by the name of the list."""


def fed_lists(policies: PolicySet) -> frozenset[str]:
    """Return the names of the lists that are fed from elsewhere."""
    return frozenset(one.name for one in policies.lists if one.feed is not None)


def feed(policies: PolicySet, contents: Contents) -> PolicySet:
    """Return the set as it is while these are the members of these lists; others keep theirs."""
    types = {one.name: one.type for one in policies.lists if one.feed is not None and one.type is not None}
    feeder = _Feeder({name: tuple(contents[name]) for name in contents if name in types}, types)
    said = repr([policies.revision, sorted((name, sorted(some)) for name, some in contents.items())])
    return replace(
        policies,
        policies=tuple(feeder.policy(policy) for policy in policies.policies),
        lists=tuple(
            replace(one, members=tuple(contents[one.name])) if one.name in feeder.contents else one
            for one in policies.lists
        ),
        revision=sha256(said.encode(errors="backslashreplace")).hexdigest()[:12],
    )


def fed(judge: Judge, contents: Contents) -> Judge:
    """Return the judge that goes by the same set, of the same revision, with these members in its lists."""
    if not contents:
        return judge
    policies = judge.policy_set
    return compile_set(replace(feed(policies, contents), revision=policies.revision))


class _Feeder:
    def __init__(self, contents: Mapping[str, tuple[str, ...]], types: Mapping[str, ListType]) -> None:
        self.contents = contents
        self.types = types

    def policy(self, policy: Policy) -> Policy:
        if not policy.lists & self.contents.keys():
            return policy
        match = tuple(self._condition(one, Scope.ACTION) for one in policy.match.conditions)
        return replace(
            policy,
            match=replace(policy.match, conditions=match),
            unless=tuple(self._condition(one, Scope.ACTION) for one in policy.unless),
        )

    def _condition(self, condition: Condition, scope: Scope) -> Condition:
        match condition:
            case Test():
                return self._test(condition, scope)
            case All(conditions=conditions) | AnyOf(conditions=conditions):
                return replace(condition, conditions=tuple(self._condition(one, scope) for one in conditions))
            case Not(condition=inner):
                return replace(condition, condition=self._condition(inner, scope))
            case Messages(condition=inner):
                return replace(condition, condition=self._condition(inner, Scope.MESSAGE))
            case Moment():
                return condition

    def _test(self, test: Test, scope: Scope) -> Test:
        if not any(list_of(one.fact) in self.contents for one in test.fresh):
            return test
        fed = frozenset[object]().union(*(one.values for one in test.fresh))
        own = without(test.operand, fed)
        assert isinstance(own, frozenset)  # noqa: S101  only operators that take sets compare with members
        asked = asked_for(fact_of(test.fact, scope), OPERATORS[test.operator])
        fresh = tuple(self._fresh(one, asked, own) for one in test.fresh)
        return replace(test, operand=own.union(*(one.values for one in fresh)), fresh=fresh)

    def _fresh(self, one: Fresh, asked: Asked, own: frozenset[object]) -> Fresh:
        name = list_of(one.fact)
        if name is None or name not in self.contents:
            return one
        return replace(one, values=compared(self.types[name], asked, self.contents[name]) - own)
