"""(Policies, cases) -> the small changes of each policy that no case would notice.

Each clause is changed in turn: its operator, its value, negated, left out; so are the quantifier of
`messages`, `all` and `any`, what stands under `unless`, and of the policy as a whole its verb, its priority, the
kinds and tenants it is for, its end and whom it informs. A case notices a change where it no longer holds.

Two changes of one meaning are one, and a change that leaves the meaning as it was is none: `meaning` says so by
laws of three-valued logic alone, never by guessing at what facts there can be. Not changed are limits, mode,
escalation, classification and the words of `reason`, since a case does not see them, and the entries of list files.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from agent.judge.cases import PolicyCase, decided_otherwise, decision_on, differences, with_lists
from agent.judge.compile import compile_set
from agent.judge.coverage import leaves
from agent.judge.mutants.alter import Lists, list_key
from agent.judge.mutants.meaning import meaning
from agent.judge.mutants.vary import in_each
from agent.judge.spell import names_list
from agent.judge.strict_yaml import Mapping_, read
from agent.judge.vocabulary import Scope
from agent.model.decision import Match, Verb
from agent.model.mark import Mark
from agent.model.pending import ActionKind
from agent.model.policy import All, Policy, PolicySet, Test


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """A policy with one change, told in words with its place in the file."""

    policy: Policy
    words: str
    mark: Mark


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A mutant, and the first case that noticed it; None where none did.

    `by_words` is set where no decision came out otherwise, and only asserted words of a reason were missing.
    """

    mutant: Mutant
    noticed_by: PolicyCase | None
    by_words: bool = False


def mutants(policy: Policy, policies: PolicySet, data: bytes = b"") -> tuple[Mutant, ...]:
    """Return every mutant of a policy of this set; `data` is its file, for the places of what is no clause."""
    seen = {meaning(policy)}
    found = []
    for mutant in (*_of_conditions(policy, _lists(policies)), *_of_whole(policy, policies, data)):
        what = meaning(mutant.policy)
        if what not in seen:
            seen.add(what)
            found.append(mutant)
    return tuple(found)


class Trials:
    """What mutants of one policy are tried on: the cases of its kinds, in their order.

    Cases of kinds that the policy never was for cannot notice anything: it is not asked there. Where a mutant
    answers a case as the policy does, nobody decides otherwise, and at most the words of a reason change.
    """

    def __init__(self, policy: Policy, policies: PolicySet, cases: Iterable[PolicyCase]) -> None:
        self._policy = policy
        self._policies = policies
        self._cases = tuple(case for case in cases if case.situation.kind in policy.kinds)
        self._answers = self._answered(policy)

    def trial(self, mutant: Mutant) -> Trial:
        """Have the set with the mutant in it decide the cases, until one notices."""
        policy = mutant.policy
        changed = tuple(policy if one.name == policy.name else one for one in self._policies.policies)
        judge = compile_set(replace(self._policies, policies=changed))
        answers = self._answered(policy)
        is_whole = _standing(policy) != _standing(self._policy)
        for case, before, after in zip(self._cases, self._answers, answers, strict=True):
            if (is_whole or before is not after) and decided_otherwise(case, decision_on(judge, case)):
                return Trial(mutant=mutant, noticed_by=case)
        by_words = next((case for case in self._cases if differences(case, decision_on(judge, case))), None)
        return Trial(mutant=mutant, noticed_by=by_words, by_words=by_words is not None)

    def _answered(self, policy: Policy) -> tuple[Match, ...]:
        """Return what the policy by itself answers in each case."""
        judge = compile_set(replace(self._policies, policies=(policy,)))
        found = []
        for case in self._cases:
            one = case.situation
            answers = with_lists(judge, case).evaluate(one.kind, one.tenant, one.facts)
            held = Match.MATCHED if answers.matched else Match.NOT_MATCHED
            found.append(Match.UNDECIDED if answers.undecided else held)
        return tuple(found)


def _standing(policy: Policy) -> tuple[object, ...]:
    """Return what the policy's answer counts for."""
    return policy.verb, policy.priority, policy.inform


def _lists(policies: PolicySet) -> Lists:
    """Return the lists that can be taken for each other."""
    found: dict[object, dict[str, Test]] = {}
    for policy in policies.policies:
        for leaf, scope in leaves(policy):
            if isinstance(leaf, Test) and names_list(leaf.wording) and ", " not in leaf.wording:
                found.setdefault(list_key(leaf, scope), {})[leaf.wording] = leaf
    return found


def _of_conditions(policy: Policy, lists: Lists) -> Iterator[Mutant]:
    for change in in_each(policy.match.conditions, Scope.ACTION, lists):
        match = All(conditions=change.conditions, mark=policy.match.mark)
        yield Mutant(policy=replace(policy, match=match), words=change.words, mark=change.mark)
    for change in in_each(policy.unless, Scope.ACTION, lists):
        changed = replace(policy, unless=change.conditions)
        yield Mutant(policy=changed, words=f"unless {change.words}", mark=change.mark)


def _of_whole(policy: Policy, policies: PolicySet, data: bytes) -> Iterator[Mutant]:
    """Give the changes of a policy outside its conditions."""
    places = _places(policy, data)

    def mutant(key: str, words: str, **changed: object) -> Mutant:
        return Mutant(policy=replace(policy, **changed), words=words, mark=places.get(key, policy.mark))

    if policy.decides:
        for verb in Verb:
            if verb is not policy.verb:
                yield mutant("decide", f"`decide: {policy.verb}` changed to `{verb}`", verb=verb)
        for priority in _other_priorities(policy, policies):
            words = f"`priority: {policy.priority}` changed to `{priority}`"
            yield mutant("priority", words, priority=priority)
    for kind in _droppable(policy.kinds):
        yield mutant("for", f"`for` without `{kind}`", kinds=policy.kinds - {kind})
    if policy.tenants is not None:
        yield mutant("tenants", "`tenants` removed", tenants=None)
        for tenant in sorted(policy.tenants) if len(policy.tenants) > 1 else ():
            yield mutant("tenants", f"`tenants` without `{tenant}`", tenants=policy.tenants - {tenant})
    if policy.expires is not None:
        yield mutant("expires", "`expires` removed", expires=None)
    if policy.inform is not None:
        yield mutant("inform", f"`inform: {policy.inform}` removed", inform=None)


def _droppable(kinds: frozenset[ActionKind]) -> tuple[ActionKind, ...]:
    return tuple(sorted(kinds)) if len(kinds) > 1 else ()


def _other_priorities(policy: Policy, policies: PolicySet) -> Iterator[int]:
    """Give the next priority above and below at which another policy decides for the same kinds."""
    others = {
        one.priority
        for one in policies.policies
        if one.name != policy.name and one.decides and one.kinds & policy.kinds
    }
    above = [priority for priority in others if priority > policy.priority]
    below = [priority for priority in others if priority < policy.priority]
    yield from [min(above)] if above else []
    yield from [max(below)] if below else []


def _places(policy: Policy, data: bytes) -> Mapping[str, Mark]:
    """Return where each key of the policy's file stands."""
    root = read(policy.file, data) if data else None
    return {key.text: key.mark for key, _ in root.entries} if isinstance(root, Mapping_) else {}
