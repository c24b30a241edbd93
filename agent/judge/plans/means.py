"""What a plan is made from besides the decision, and the effects it is made of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from agent.model.decision import Decision
from agent.model.defender import Mail
from agent.model.enactment import Cover, Effect, EffectKind, Pair, Plan, Way, Went
from agent.model.pending import PendingAction
from agent.model.targets import Found


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What this agent may do here: `missing` says in words what keeps it from an effect, for each that it cannot have."""

    targets_per_call: int
    observes: bool
    is_shadow: bool = False
    """Whether it is planned what observing policies would have approved, beside what was decided."""
    missing: Mapping[EffectKind, str] = {}

    @property
    def went(self) -> Went:
        """How the effects begin."""
        if self.is_shadow:
            return Went.SHADOW
        return Went.OBSERVED if self.observes else Went.INTENDED

    @property
    def counted(self) -> frozenset[Went]:
        """Which effects that would only have been count beside those that are real; none where it is carried out."""
        return frozenset(
            went for went, counts in ((Went.OBSERVED, self.observes), (Went.SHADOW, self.is_shadow)) if counts
        )

    def lacks(self, *kinds: EffectKind) -> str:
        """Return why one of these effects cannot be had; empty where all can, and while only observing."""
        if self.observes:
            return ""
        return next((words for kind in kinds if (words := self.missing.get(kind))), "")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why what is acted on could not be looked up; `may_pass` where it may be read a little later."""

    words: str
    may_pass: bool = False


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around an approval when it is planned: its mail, or what else it acts on, and what is claimed."""

    mail: Mail | None = None
    found: Found | Problem | None = None
    covered: Mapping[EffectKind, Mapping[Pair, Cover]] = {}
    beside: Mapping[EffectKind, Mapping[Pair, Cover]] = {}
    """What would be claimed besides, where that counts."""

    def cover(self, kind: EffectKind, target: Pair, action: PendingAction) -> Cover | None:
        """Return who has claimed this target for effects of this kind.

        What would only have been done for the action itself does not keep it from being planned again.
        """
        found = self.covered.get(kind, {}).get(target) or self.beside.get(kind, {}).get(target)
        return None if found is not None and found.is_observed and found.action_id == action.id else found


def is_own(cover: Cover, action: PendingAction) -> bool:
    """Whether it is the action's own, of this life of it, so that what was sent is looked at and need not be done again.

    What was sent in an earlier week, or is known by the audit alone, had its time: where it is not so any more, somebody
    else put it back.
    """
    is_its = cover.action_id == action.id and not cover.is_departed
    return is_its and (cover.is_observed or cover.intended_at >= action.first_seen)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One call to be made: what it does, to what, and what that was before."""

    kind: EffectKind
    targets: tuple[Pair, ...]
    before: tuple[str, ...] = ()


def hand_off(why: str, *, may_pass: bool = False) -> Plan:
    """Return the plan that a person carries out."""
    return Plan(way=Way.HAND_OFF, why=why, may_pass=may_pass)


def ask_people() -> Plan:
    """Return the plan of what people decide."""
    return Plan(way=Way.ASK, why="people decide")


def done_already(why: str) -> Plan:
    """Return the plan of what needs nothing done any more."""
    return Plan(way=Way.REMEDIATE, why=why)


def claimed(cover: Cover, words: str) -> Plan:
    """Return the plan of what another action has done before, as these words say, or would have."""
    if not cover.is_observed:
        return hand_off(words)
    return hand_off(
        f"action {cover.action_id} would have done this before: a person would look what became of it"
    )


def effects(
    decision: Decision, action: PendingAction, steps: Sequence[Step], went: Went
) -> tuple[Effect, ...]:
    """Return the effects of these steps: the same plan made again has the same ones."""
    return tuple(
        Effect(
            id=_effect_id(action.id, decision.grounds, decision.at, place),
            action_id=action.id,
            incident_id=action.incident.id,
            kind=step.kind,
            targets=step.targets,
            before=step.before,
            senders_copy=decision.senders_copy and step.kind is EffectKind.SOFT_DELETE,
            went=went,
            intended_at=decision.at,
        )
        for place, step in enumerate(steps)
    )


def _effect_id(action_id: str, grounds: str, at: datetime, place: int) -> str:
    whole = f"{action_id}\x1f{grounds}\x1f{at.isoformat()}\x1f{place}"
    return sha256(whole.encode()).hexdigest()[:20]
