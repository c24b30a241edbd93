"""Two sets of policies as one, so that a policy which is the same in both is evaluated once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product

import msgspec

from agent.judge.compile import Answers, Compiled, compile_set
from agent.judge.decide import combine, in_time
from agent.judge.past.unrecorded import Possible, Reads, possible
from agent.model.decision import Verb
from agent.model.facts import Facts
from agent.model.pending import ActionKind
from agent.model.policy import Policy, PolicySet

MOST_OPEN = 5
"""Of how many policies whose answers are open every combination is tried; with more, nothing can be said."""


class Ruled(msgspec.Struct, frozen=True, kw_only=True):
    """What the policies of one set say together, limits aside: the verb, and which of them settled it."""

    verb: Verb
    policies: tuple[str, ...]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the sets, as far as it counts: what its policies are called in it, by what they are called here."""

    names: Mapping[str, str]
    enforces_observers: bool

    def ruled(self, answers: Answers, kind: ActionKind, tenant: str, facts: Facts) -> Ruled:
        """Return what this set's policies say together of such an action at the moment of the facts."""
        names = self.names

        def counts(one: Compiled) -> bool:
            enforces = one.enforces(kind, tenant, enforces_observers=self.enforces_observers)
            return one.policy.name in names and enforces

        combined = combine(filter(counts, answers.matched), filter(counts, answers.undecided))
        deadline = facts.values.get("action.deadline")
        if isinstance(deadline, datetime):
            combined = in_time(combined, deadline, facts.now)
        policies = tuple(names[one.policy.name] for one in (*combined.deciding, *combined.undecided))
        return Ruled(verb=combined.verb, policies=policies)


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A policy of which it is not known what it would have answered."""

    one: Compiled
    name: str
    answers: Possible
    missing: frozenset[str]


class Both:
    """The policies of both sets that count; those that differ under one name go by names of their own here."""

    def __init__(self, before: PolicySet | None, after: PolicySet, *, enforces_observers: bool) -> None:
        def counting(policies: PolicySet | None) -> dict[str, Policy]:
            some = policies.policies if policies is not None else ()
            return {
                one.name: one for one in some if one.enforces_somewhere(enforces_observers=enforces_observers)
            }

        ours, theirs = counting(after), counting(before)
        here = {name: _here(policy, before, ours, after) for name, policy in theirs.items()}
        self.before = Side(
            names={policy.name: name for name, policy in here.items()}, enforces_observers=enforces_observers
        )
        self.after = Side(names={name: name for name in ours}, enforces_observers=enforces_observers)
        union = {policy.name: policy for policy in (*ours.values(), *here.values())}
        self._names = {**self.before.names, **self.after.names}
        self._judge = compile_set(PolicySet(policies=tuple(union.values()), revision=""))
        self._reads = {name: Reads(policy) for name, policy in union.items()}
        self._newest = max((reads.newest for reads in self._reads.values()), default=0)
        self.goes_by_lists = any(reads.lists for reads in self._reads.values())
        """Whether any of the policies goes by a list that is fed."""

    def answers(self, kind: ActionKind, tenant: str, facts: Facts) -> Answers:
        """Return which policies of either set matched, and which could not tell."""
        return self._judge.evaluate(kind, tenant, facts)

    def open(
        self, kind: ActionKind, tenant: str, facts: Facts, fed: Collection[str]
    ) -> tuple[dict[str, bool | None], tuple[Open, ...]]:
        """Return what policies answer that read facts which were not recorded.

        Returns those whose answer is the same whatever those facts were, with it, and those where it is open.
        """
        settled: dict[str, bool | None] = {}
        found: list[Open] = []
        if facts.vocabulary >= self._newest and not self.goes_by_lists:
            return settled, ()
        for one in self._judge.applicable(kind, tenant, facts.now):
            missing = self._reads[one.policy.name].missing(facts, fed)
            if not missing:
                continue
            answers = possible(one.policy, facts, missing)
            if len(answers) == 1:
                settled[one.policy.name] = next(iter(answers))
            else:
                name = self._names[one.policy.name]
                found.append(Open(one=one, name=name, answers=answers, missing=missing))
        return settled, tuple(found)

    def compiled(self, kind: ActionKind, tenant: str, now: datetime) -> Mapping[str, Compiled]:
        """Return the policies for such an action by the names they go by here."""
        return {one.policy.name: one for one in self._judge.applicable(kind, tenant, now)}


def every_way(
    answers: Answers, settled: Mapping[str, bool | None], found: Sequence[Open], known: Mapping[str, Compiled]
) -> Iterator[Answers]:
    """Give the answers in every way in which the open ones may have come out."""
    aside = {*settled, *(each.one.policy.name for each in found)}
    matched = [one for one in answers.matched if one.policy.name not in aside]
    undecided = [one for one in answers.undecided if one.policy.name not in aside]
    for name, answer in settled.items():
        if answer is not False:
            (matched if answer else undecided).append(known[name])
    for way in product(*(sorted(each.answers, key=str) for each in found)):
        yes = [each.one for each, answer in zip(found, way, strict=True) if answer is True]
        maybe = [each.one for each, answer in zip(found, way, strict=True) if answer is None]
        yield Answers(_by_name([*matched, *yes]), _by_name([*undecided, *maybe]))


def _by_name(some: Iterable[Compiled]) -> tuple[Compiled, ...]:
    return tuple(sorted(some, key=lambda one: one.policy.name))


def _here(policy: Policy, before: PolicySet | None, ours: Mapping[str, Policy], after: PolicySet) -> Policy:
    """Return a policy of the set before: under a name that no file can have, where another policy has its own."""
    if (
        before is None
        or policy.name not in ours
        or _whole(policy, before) == _whole(ours[policy.name], after)
    ):
        return policy
    return msgspec.structs.replace(policy, name=f"{policy.name}\x1f")


def _whole(policy: Policy, policies: PolicySet) -> tuple[object, ...]:
    """Return what two policies share exactly if they are the same: their files, lists, and who is in the fed ones."""
    fed = tuple((one.name, one.members) for one in policies.lists if one.name in policy.lists and one.feed)
    return policy.digest, policy.fallen is None, fed
