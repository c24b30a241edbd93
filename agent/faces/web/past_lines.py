"""Decisions of the history in words: what it was about, who decided it and why, and what became of it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from agent.faces.telling import confirmation, enactment, undone
from agent.faces.web.site import Site
from agent.faces.web.told_elsewhere import NOTHING, Told, ending_words, told_elsewhere
from agent.faces.would_have import would_have_then
from agent.judge.quote import quote
from agent.model.decision import Verb
from agent.model.enactment import Record
from agent.model.history import Decided, Decider, Ending
from agent.model.pending import PendingAction

OVERTAKEN = "a later decision stands"

AFTERWARDS = "judged afterwards: nothing was done by it"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, as the history tells it. Every text but `id`, `kind`, `by` and `decision` may be an attacker's."""

    at: datetime
    id: str
    kind: str
    label: str
    incident: str
    incident_url: str | None
    decision: str
    """`approve`, `reject`, `escalate`, `held`, `decided elsewhere` or `expired`."""
    by: str
    """`policies`, `people`, `guard`, `elsewhere` or `nobody`."""
    decided_by: str
    """The names of policies, people or the guard."""
    reason: str
    enactment: str
    confirmation: str
    undone: str
    shadow: str | None
    """What would have been decided had observing policies counted; None where they had no opinion."""
    shadow_guard: str | None
    """The guard rail that would have held what they approve; None where none would."""
    targets: int | None
    """How many targets the approval acts on, or that of observing policies would; None for other decisions."""
    would_have: str
    """What observing policies would have made of it, in words; empty where they had no opinion."""
    is_imported: bool
    """Whether it was judged afterwards, from what Graph still had."""
    has_page: bool
    """Whether the action has a page: what was only imported has none."""


async def lines(site: Site, found: Sequence[Decided]) -> tuple[Line, ...]:
    """Return decisions in words."""
    ledger = site.desk.ledger
    records = await site.archive.short(sorted({one.action_id for one in found}))
    older = [
        (one.action_id, one.number)
        for one in found
        if one.ended is None and not _stands(one, records.get(one.action_id))
    ]
    reasons = await site.archive.reasons(older)
    actions = {action_id: record.action for action_id, record in records.items()}
    missing = sorted({one.action_id for one in found} - actions.keys())
    actions |= await site.archive.actions(missing) if missing else {}
    told = await told_elsewhere(ledger, found, actions)
    return tuple(
        _line(
            one,
            records.get(one.action_id),
            actions.get(one.action_id),
            reasons.get((one.action_id, one.number), ""),
            told.get((one.action_id, one.at), NOTHING),
        )
        for one in found
    )


def _stands(one: Decided, record: Record | None) -> bool:
    """Whether this is the decision that is in force."""
    if one.is_imported:
        return False
    return record is not None and record.decision is not None and record.decision.at == one.at


def _line(one: Decided, record: Record | None, action: PendingAction | None, reason: str, told: Told) -> Line:
    is_standing = one.ended is None and _stands(one, record)
    became = record if is_standing else None
    return Line(
        at=one.at,
        id=one.action_id,
        kind=one.kind.value,
        label=action.label if action is not None else "",
        incident=one.incident_id,
        incident_url=action.incident.web_url if action is not None else None,
        decision=verdict(one),
        by=one.by.value,
        decided_by=decider(one, told),
        reason=_reason(one, record, reason, told),
        enactment=enactment(became) if became is not None else _overtaken(one),
        confirmation=confirmation(became) if became is not None else "",
        undone=_undone(one, record),
        shadow=one.shadow.value if one.shadow is not None else None,
        shadow_guard=one.shadow_guard,
        targets=one.targets,
        would_have=would_have_then(one),
        is_imported=one.is_imported,
        has_page=record is not None,
    )


def _overtaken(one: Decided) -> str:
    """Return why nothing is told of what was done for a decision."""
    if one.ended is not None:
        return ""
    return AFTERWARDS if one.is_imported else OVERTAKEN


def verdict(one: Decided) -> str:
    """Return what was decided, in a word or two."""
    match one.ended:
        case Ending.ELSEWHERE:
            return "decided elsewhere"
        case Ending.EXPIRED:
            return "expired"
        case None if one.by is Decider.GUARD:
            return "held"
        case None:
            return one.verb.value if one.verb is not None else ""


def decider(one: Decided, told: Told) -> str:
    """Return who decided, by name where a name is known."""
    match one.by:
        case Decider.POLICIES:
            return ", ".join(one.policies) or "no policy"
        case Decider.PEOPLE:
            return ", ".join(map(quote, one.people))
        case Decider.GUARD:
            whose = ", ".join(map(quote, one.people)) or ", ".join(one.policies)
            return f"{one.guard}{f' (against {whose})' if whose else ''}"
        case Decider.ELSEWHERE:
            return (
                ", ".join(map(quote, told.truth.by))
                if told.truth is not None and told.truth.by
                else "not said"
            )
        case Decider.NOBODY:
            return "nobody"


def _reason(one: Decided, record: Record | None, reason: str, told: Told) -> str:
    match one.ended:
        case Ending.ELSEWHERE | Ending.EXPIRED:
            return ending_words(one, told)
        case None if _stands(one, record) and record is not None and record.decision is not None:
            return record.decision.reason
        case None:
            return reason


def _undone(one: Decided, record: Record | None) -> str:
    """Return who took back what was done for an approval; empty where nobody did."""
    if record is None or record.undone is None or one.verb is not Verb.APPROVE:
        return ""
    return undone(record) if _stands(one, record) and one.at <= record.undone.at else ""
