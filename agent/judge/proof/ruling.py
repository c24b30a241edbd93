"""What policies decide together, as formulas: the same as `decide.combine`, over all situations at once.

Policies that observe count as if they enforced, as they do in cases: what matters is what the set would do. Limits
are not weighed: they hold an approval back, and never make one.
"""

from collections.abc import Mapping, Sequence
from itertools import product

import msgspec

from agent.judge.proof.meaning import Meaning
from agent.judge.proof.solver import Formula, Pair, both, either, neither, no
from agent.model.decision import Verb
from agent.model.pending import ActionKind
from agent.model.policy import Policy


class Ruled(msgspec.Struct, frozen=True):
    """When each verb is decided, when some policy is named, and when each policy is among those that decide."""

    verbs: Mapping[Verb, Formula]
    is_named: Formula
    decides: Mapping[str, Formula]
    answers: Mapping[str, Pair]
    """What each policy answers, whether or not it counts for the tenant and at the moment."""


def deciders(policies: Sequence[Policy], kind: ActionKind) -> tuple[Policy, ...]:
    """Return the policies that decide on such actions, by name."""
    found = (one for one in policies if kind in one.kinds and one.decides)
    return tuple(sorted(found, key=lambda one: one.name))


def ruled(policies: Sequence[Policy], meaning: Meaning) -> Ruled:
    """Return what these decide together; each is for the kind of the space."""
    answers = {one.name: meaning.policy(one) for one in policies}
    counts = {one.name: meaning.counts(one) for one in policies}
    matched = {name: both((counts[name], answers[name].true)) for name in answers}
    undecided = {name: both((counts[name], answers[name].unknown)) for name in answers}
    levels = sorted({one.priority for one in policies}, reverse=True)
    verbs: dict[Verb, list[Formula]] = {Verb.APPROVE: [], Verb.REJECT: []}
    decides: dict[str, Formula] = {}
    for level in levels:
        here = [one for one in policies if one.priority == level]
        is_top = neither(*(matched[one.name] for one in policies if one.priority > level))
        is_open = either(undecided[one.name] for one in policies if one.priority >= level)
        for verb, settled in verbs.items():
            agree = either(matched[one.name] for one in here if one.verb is verb)
            others = (matched[one.name] for one in here if one.verb is not verb)
            settled.append(both((is_top, agree, neither(*others), no(is_open))))
        for one in here:
            decides[one.name] = both((is_top, matched[one.name], no(is_open)))
    approve = both((either(verbs[Verb.APPROVE]), no(meaning.space.over)))
    reject = either(verbs[Verb.REJECT])
    return Ruled(
        verbs={Verb.APPROVE: approve, Verb.REJECT: reject, Verb.ESCALATE: neither(approve, reject)},
        is_named=either((*matched.values(), *undecided.values())),
        decides=decides,
        answers=answers,
    )


def rivals(policies: Sequence[Policy]) -> list[tuple[Policy, Policy]]:
    """Return each pair of the same priority of which one approves and the other rejects."""
    approving = [one for one in policies if one.verb is Verb.APPROVE]
    rejecting = [one for one in policies if one.verb is Verb.REJECT]
    return [(one, other) for one, other in product(approving, rejecting) if one.priority == other.priority]
