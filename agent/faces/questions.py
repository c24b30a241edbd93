"""What people are asked about one pending action, and what that would do: the same on a terminal, in JSON and on a page."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from agent.faces.telling import deciders, reason, what
from agent.judge.count import Terms, count, is_enough, needed, progress
from agent.judge.quote import quote
from agent.judge.rails.irreversible import BY_A_PERSON, LOST
from agent.judge.undo import INVERSES
from agent.model.answer import Answer
from agent.model.enactment import Effect, EffectKind, Offer, Pair, Record, State, Way

SHOWN = 20
"""Targets that are listed; the others are counted, and JSON has them all."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that would be acted on. `number` counts from 1, in an order that the digest stands for."""

    number: int
    pair: Pair
    does: tuple[EffectKind, ...]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One action that people are asked about. Every text but `id` and `digest` may be an attacker's."""

    id: str
    what: str
    incident: str
    incident_url: str | None
    asked_by: str
    """The policies that left it to people, or `no policy`."""
    why: str
    guard: str | None
    """The guard rail that held what policies approved; None where none did."""
    would: str
    can_be_approved: bool
    """Whether the agent could carry it out; else only a no counts here."""
    targets: tuple[Target, ...]
    undo: str
    until: datetime
    remaining_seconds: int
    need: int
    have: int
    progress: str
    narrowed: tuple[str, ...]
    """Who approved only some of it, and which targets: only what all approve is carried out."""
    lost: tuple[str, ...]
    """Why earlier answers do not count any more."""
    chain: str
    approvers: tuple[str, ...]
    """Whose answers count: `role:…` and `user:…`."""
    digest: str
    """What an answer is bound to: of everything that would be done."""


def question_of(record: Record, offered: Offer, answers: tuple[Answer, ...], terms: Terms) -> Question:
    """Return what people are asked, as it stands now."""
    so_far = count(offered, answers, terms)
    action, chain, listed = record.action, terms.chain, targets(offered.effects)
    need = 1 if record.decision is None else needed(record.decision, chain)
    roles = () if chain is None else tuple(f"role:{one}" for one in chain.approvers.roles)
    users = () if chain is None else tuple(f"user:{one}" for one in chain.approvers.users)
    return Question(
        id=action.id,
        what=what(record),
        incident=action.incident.id,
        incident_url=action.incident.web_url,
        asked_by=deciders(record.decision),
        why=reason(record),
        guard=record.decision.guard if record.decision is not None else None,
        would=offered.why,
        can_be_approved=offered.way is Way.REMEDIATE and record.state is not State.INTENDED,
        targets=listed,
        undo=undo_words(offered.effects),
        until=action.deadline,
        remaining_seconds=round((action.deadline - terms.now).total_seconds()),
        need=need,
        have=len(so_far.approvals),
        progress=progress(so_far.approvals, need, is_agreed=is_enough(so_far.approvals, offered, need)),
        narrowed=tuple(narrowed(so_far.approvals, listed)),
        lost=so_far.lost,
        chain=chain.name if chain is not None else "",
        approvers=(*roles, *users),
        digest=offered.digest,
    )


def targets(effects: tuple[Effect, ...]) -> tuple[Target, ...]:
    """Return everything that would be acted on, each once.

    It is numbered in the order of the targets themselves, not of the effects: the digest covers which they are, and so
    the same digest has the same numbers.
    """
    found: dict[Pair, set[EffectKind]] = {}
    for effect in effects:
        for pair in effect.targets:
            found.setdefault(pair, set()).add(effect.kind)
    return tuple(
        Target(number=number, pair=pair, does=tuple(sorted(found[pair])))
        for number, pair in enumerate(sorted(found), 1)
    )


def undo_words(effects: tuple[Effect, ...]) -> str:
    """Say whether it can be taken back, and by whom."""
    kinds = tuple(dict.fromkeys(effect.kind for effect in effects))
    lost = [kind for kind in kinds if kind not in INVERSES and kind not in BY_A_PERSON]
    if lost:
        return "; ".join(
            f"no: {kind.value} cannot be taken back: {LOST.get(kind, 'there is no call that does it')}"
            for kind in lost
        )
    if by_hand := [kind.value for kind in kinds if kind in BY_A_PERSON]:
        return f"in part: {', '.join(by_hand)} only by a person, the rest by `air-agent undo`"
    return "yes, by `air-agent undo`" if kinds else "there is nothing to take back"


def narrowed(approvals: Iterable[Answer], listed: tuple[Target, ...]) -> Iterator[str]:
    """Say of each who approved only some targets which these are, by their numbers."""
    for one in approvals:
        if one.targets is None:
            continue
        numbers = [target.number for target in listed if target.pair in one.targets]
        told = stretches(numbers)
        some = ", ".join(told[:SHOWN]) + (", ..." if len(told) > SHOWN else "")
        yield f"{quote(one.person.name)} approved only {len(numbers):,} of {len(listed):,}: {some}"


def stretches(numbers: Iterable[int]) -> list[str]:
    """Return numbers as people write them: three or more that follow each other as one stretch, such as `2-9`."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return [text for run in found for text in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run))]
