"""Policies -> closures over facts, compiled once and looked up by kind.

A closure answers True, False or None for unknown, and nothing else: the words are made by `explain`, for
the few policies that matter, from the same conditions. Each condition is compiled twice: for facts that are
complete, and for facts of which some messages are missing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from agent.judge.attempt import Failure, attempt
from agent.judge.closures import of_condition, of_policy
from agent.judge.seen import Seen, folds_for, see
from agent.judge.sieve import Sieve
from agent.model.chain import Chain
from agent.model.channel import Channel
from agent.model.facts import Facts
from agent.model.pending import ActionKind
from agent.model.policy import Policy, PolicySet


class Compiled:
    """One policy and its closures."""

    __slots__ = ("clauses", "complete", "partial", "policy", "unless")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.complete = of_policy(policy, is_complete=True)
        self.partial = of_policy(policy, is_complete=False)
        self.clauses = {
            is_complete: tuple(of_condition(one, is_complete=is_complete) for one in policy.match.conditions)
            for is_complete in (True, False)
        }
        self.unless = {
            is_complete: tuple(of_condition(one, is_complete=is_complete) for one in policy.unless)
            for is_complete in (True, False)
        }

    def counts(self, tenant: str, now: datetime) -> bool:
        """Whether the policy is for this tenant, and has not expired."""
        return not self.policy.has_expired(now) and self.policy.is_for(tenant)

    def enforces(self, kind: ActionKind, tenant: str, *, enforces_observers: bool) -> bool:
        """Whether the policy's decision on such an action counts; with `enforces_observers` an observing one's does too."""
        return self.policy.enforces(kind, tenant, enforces_observers=enforces_observers)

    def distance(self, seen: Seen, *, is_complete: bool) -> tuple[int, int]:
        """Return how far the policy is from a match: conditions in the way, then fewer that hold for more."""
        held = sum(check(seen) is True for check in self.clauses[is_complete])
        in_the_way = len(self.clauses[is_complete]) - held
        in_the_way += sum(check(seen) is not False for check in self.unless[is_complete])
        return in_the_way, -held


class Answers(msgspec.Struct, frozen=True):
    """What the policies for one pending action answer; those that did not match are left out.

    `failures` has the undecided policies whose evaluation went wrong, which is a bug, with what went wrong.
    """

    matched: tuple[Compiled, ...] = ()
    undecided: tuple[Compiled, ...] = ()
    failures: Mapping[str, str] = {}


_NONE = Answers()


class Judge:
    """All policies, ready to be asked."""

    def __init__(self, policies: PolicySet) -> None:
        self.policy_set = policies
        self.revision = policies.revision
        self.git = policies.git
        self.policies: Mapping[str, Policy] = {policy.name: policy for policy in policies.policies}
        self.chains: Mapping[str, Chain] = {chain.name: chain for chain in policies.chains}
        self.channels: Mapping[str, Channel] = {channel.name: channel for channel in policies.channels}
        compiled = [Compiled(self.policies[name]) for name in sorted(self.policies)]
        self._by_kind: Mapping[ActionKind, tuple[Compiled, ...]] = {
            kind: tuple(one for one in compiled if kind in one.policy.kinds) for kind in ActionKind
        }
        self._folds = {kind: folds_for(one.policy for one in some) for kind, some in self._by_kind.items()}
        self._sieves = {
            (kind, is_complete): Sieve([one.policy for one in some], is_complete=is_complete)
            for kind, some in self._by_kind.items()
            for is_complete in (True, False)
        }

    def policy(self, name: str) -> Policy:
        """Return the policy of this name."""
        return self.policies[name]

    def applicable(self, kind: ActionKind, tenant: str, now: datetime) -> tuple[Compiled, ...]:
        """Return the policies that count for such an action now, by name."""
        return tuple(one for one in self._by_kind[kind] if one.counts(tenant, now))

    def of_kind(self, kind: ActionKind) -> tuple[Compiled, ...]:
        """Return the policies for such an action, of whatever tenant and time, by name."""
        return self._by_kind[kind]

    def seen(self, kind: ActionKind, facts: Facts) -> Seen:
        """Return the facts as the closures of this kind see them."""
        return see(facts, self._folds[kind])

    def evaluate(self, kind: ActionKind, tenant: str, facts: Facts) -> Answers:
        """Return which policies matched, and which could not tell."""
        answers = attempt(partial(self._sifted, kind, tenant, facts))
        if not isinstance(answers, Failure):
            return answers
        return self._apart(kind, tenant, facts)

    def _sifted(self, kind: ActionKind, tenant: str, facts: Facts) -> Answers:
        compiled = self._by_kind[kind]
        seen = self.seen(kind, facts)
        left = self._sieves[kind, facts.messages_complete].possible(seen)
        possible = []
        while left:
            lowest = left & -left
            possible.append(compiled[lowest.bit_length() - 1])
            left ^= lowest
        return _answers(possible, tenant, facts, seen)

    def _apart(self, kind: ActionKind, tenant: str, facts: Facts) -> Answers:
        """Evaluate each policy on its own, since one of them fails: it might have been the one that says stop."""
        matched: list[Compiled] = []
        undecided: list[Compiled] = []
        failures: dict[str, str] = {}
        for one in self.applicable(kind, tenant, facts.now):
            answers = attempt(partial(self._alone, one, kind, tenant, facts))
            if isinstance(answers, Failure):
                failures[one.policy.name] = answers.words
                undecided.append(one)
                continue
            matched.extend(answers.matched)
            undecided.extend(answers.undecided)
        return Answers(tuple(matched), tuple(undecided), failures)

    def _alone(self, one: Compiled, kind: ActionKind, tenant: str, facts: Facts) -> Answers:
        return _answers([one], tenant, facts, self.seen(kind, facts))


def _answers(compiled: Sequence[Compiled], tenant: str, facts: Facts, seen: Seen) -> Answers:
    matched: list[Compiled] = []
    undecided: list[Compiled] = []
    is_complete, now = facts.messages_complete, facts.now
    for one in compiled:
        held = one.complete(seen) if is_complete else one.partial(seen)
        if held is not False and one.counts(tenant, now):
            (matched if held else undecided).append(one)
    return Answers(tuple(matched), tuple(undecided)) if matched or undecided else _NONE


def compile_set(policies: PolicySet) -> Judge:
    """Return the judge that goes by these policies."""
    return Judge(policies)
