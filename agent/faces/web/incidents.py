"""One incident's page: what Defender says of it, everything in it that awaits approval or did, and who was told."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from agent.faces.pages import Open, opened
from agent.faces.telling import KINDS, deciders, verdict
from agent.faces.tones import TONES
from agent.faces.web.addresses import twins
from agent.faces.web.refusing import NotHere
from agent.faces.web.showing import show
from agent.faces.web.site import site_of
from agent.judge.compile import Judge
from agent.judge.headline import headline
from agent.judge.note import TAGS
from agent.judge.quote import counted
from agent.judge.worklist import needs_people
from agent.loop.policies import InForce
from agent.model.enactment import CLOSED, Record
from agent.model.pending import IncidentHead


class ActionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One action of the incident. `label` and `headline` may quote an attacker's words."""

    id: str
    kind: str
    label: str
    headline: str
    state: str
    tone: str
    decision: str
    by: str
    deadline: datetime
    is_closed: bool
    needs_people: bool
    is_noted: bool
    """Whether the incident's comment and tag show its decision."""


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One incident. Every text but ids and states may be an attacker's."""

    id: str
    now: datetime
    name: str
    url: str | None
    severity: str
    status: str
    classification: str
    assigned_to: str
    alerts: int
    tags: tuple[str, ...] | None
    """Custom tags that are not ours; None where Graph did not say."""
    our_tags: tuple[str, ...] | None
    noted: str
    """How far its comments and tags show what was decided."""
    summary: str
    actions: tuple[ActionRow, ...]
    pages: tuple[Open, ...]


async def open_incident(request: Request) -> Response:
    """Show one incident."""
    site = site_of(request)
    incident_id: str = request.path_params["id"]
    now = site.desk.clock.now()
    records = await site.desk.ledger.of_incident(incident_id)
    if not records:
        raise NotHere("nothing is known of an incident of this id here")
    found = await asyncio.gather(*(site.pages.of_action(one.action.id) for one in records))
    pages = {page.id: page for some in found for page in some}
    newest = sorted(pages.values(), key=lambda page: (page.closed is not None, -page.opened.timestamp()))
    told = [await opened(site.pages, page, now) for page in newest]
    policies = await site.policies.now_or_why()
    judge = policies.judge if isinstance(policies, InForce) else None
    return await show(request, "incident.html", incident_page(records, tuple(told), now, judge))


def incident_page(
    records: Sequence[Record], told: tuple[Open, ...], now: datetime, judge: Judge | None
) -> IncidentPage:
    """Return the document of the incident that these records are of; at least one.

    Args:
        records: everything in it.
        told: its pages.
        now: the moment.
        judge: the policies in force; None where they cannot be had.
    """
    head = newest_head(records)
    tags = head.custom_tags
    concluded = " ".join(
        filter(None, (head.classification, f"({head.determination})" if head.determination else ""))
    )
    return IncidentPage(
        id=head.id,
        now=now,
        name=head.display_name or "",
        url=head.web_url,
        severity=head.severity or "",
        status=head.status or "",
        classification=concluded,
        assigned_to=head.assigned_to or "",
        alerts=head.alert_count,
        tags=None if tags is None else tuple(tag for tag in tags if tag not in TAGS),
        our_tags=None if tags is None else tuple(tag for tag in tags if tag in TAGS),
        noted=_noted(records),
        summary=_summary(records),
        actions=tuple(_row(one, now, judge) for one in sorted(records, key=_urgency)),
        pages=told,
    )


def newest_head(records: Sequence[Record]) -> IncidentHead:
    """Return the incident as the record that was read last has it."""
    return max(records, key=lambda one: (_read(one), one.action.id)).action.incident


def _read(record: Record) -> datetime:
    latest = record.action.latest
    return latest.last_update_date_time or record.action.first_seen


def _urgency(record: Record) -> tuple[bool, bool, datetime, str]:
    return (not needs_people(record), record.state in CLOSED, record.action.deadline, record.action.id)


def _row(record: Record, now: datetime, judge: Judge | None) -> ActionRow:
    action, decision = record.action, record.decision
    is_by_it = judge is not None and decision is not None and decision.revision == judge.revision
    return ActionRow(
        id=action.id,
        kind=KINDS[action.kind],
        label=action.label,
        headline=headline(record, now, judge if is_by_it else None),
        state=record.state.value,
        tone=TONES[record.state],
        decision=verdict(record),
        by=deciders(decision),
        deadline=action.deadline,
        is_closed=record.state in CLOSED,
        needs_people=needs_people(record),
        is_noted=decision is not None and record.is_noted,
    )


def _summary(records: Sequence[Record]) -> str:
    states = Counter(one.state.value for one in records)
    told = ", ".join(f"{count} {state}" for state, count in states.most_common())
    return f"{counted(len(records), 'action', 'actions')}: {told}"


def _noted(records: Sequence[Record]) -> str:
    decided = [one for one in records if one.decision is not None]
    left = sum(not one.is_noted for one in decided)
    if not decided:
        return "nothing was decided yet, so that nothing was written to it"
    if not left:
        return "its comments and tags show every decision, as far as there is something to show"
    return f"{counted(left, 'decision is', 'decisions are')} not in its comments and tags yet"


ROUTES: tuple[BaseRoute, ...] = twins("/incidents/{id:path}", open_incident)
"""An id may hold anything, a slash too."""
