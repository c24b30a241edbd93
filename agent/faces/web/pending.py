"""`/pending`: everything that is open, what awaits a person first."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.faces.sheets import Cell
from agent.faces.web.addresses import incident_page, twins
from agent.faces.web.board import Board
from agent.faces.web.filters import BADGES, KEYS, LABELS, STATES, USUAL, Reader, fields, narrowed
from agent.faces.web.lines import Line, Needs, Place
from agent.faces.web.query import SIZES, leaf, query_of
from agent.faces.web.sheets import sheet
from agent.faces.web.showing import show
from agent.faces.web.site import Site, site_of
from agent.faces.web.visit import may_answer, visit_of
from agent.judge.worklist import TYPES
from agent.model.answer import Person
from agent.model.errors import PolicyError

PATIENCE = 2.0
"""Seconds that a page waits for the first reading after a start; then it says how far that has come."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One open action. What is null is not known, or there is no such thing: `isMail` tells which, of mail."""

    id: str
    action: str
    """The address of its page."""
    kind: str
    type: str
    """The Action center's name of the kind."""
    what: str
    subjects: tuple[str, ...]
    incident: str
    incident_page: str
    incident_name: str | None
    is_mail: bool
    messages: int | None
    """Of the cluster, by Defender's count."""
    in_mailboxes: int | None
    """Copies that were still in a mailbox when it was last judged."""
    is_least: bool
    """Whether some messages could not be looked up: then there may be more of everything that is counted."""
    verdict: str | None
    threats: tuple[str, ...] | None
    locations: tuple[Place, ...] | None
    recipients: int | None
    recipient: str | None
    deadline: datetime
    remaining_seconds: int
    state: str
    state_words: str
    badge: str
    remediation_status: str | None
    """Defender's word."""
    needs: str
    chain: str | None
    """Whose people are asked; None where nobody is."""
    decided_by: str
    guard: str | None
    would_have: str
    """What observing policies would have made of it; empty where they had no opinion."""
    why: str
    may_answer: bool
    """Whether the reader's answer may count."""
    can_approve: bool


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """One page of what is open. `count` is how many there are as it is narrowed, `of` how many at all."""

    now: datetime
    tenant_id: str
    awaiting: int
    of: int
    count: int
    page: int
    pages: int
    size: int
    sort: str
    filters: Mapping[str, str]
    alive: datetime | None
    """When an agent last left anything in the ledger; None where none ever did."""
    trouble: str
    """Why the policies in force are not known, so that nobody can answer; empty where they are."""
    unread: tuple[str, ...]
    """Open actions that are in no list, since their records cannot be read."""
    rows: tuple[Entry, ...]


class Loading(msgspec.Struct, frozen=True, kw_only=True):
    """How far the first reading has come."""

    error: str
    read: int
    of: int


async def reader_of(site: Site, person: Person) -> tuple[Reader, tuple[str, ...], str]:
    """Return who reads, the names of the policies in force, and why those are not known, if so."""
    now, usual = site.desk.clock.now(), site.desk.escalating.chain
    try:
        judge = (await site.policies.now()).judge
    except PolicyError as error:
        return Reader(now=now, chains={}, usual_chain=usual, mine=frozenset()), (), str(error)
    mine = frozenset(name for name, chain in judge.chains.items() if may_answer(person, chain))
    return Reader(now=now, chains=judge.chains, usual_chain=usual, mine=mine), tuple(judge.policies), ""


async def pending(request: Request) -> Response:
    """Show what is open, as a page, as JSON or as CSV."""
    site, person = site_of(request), visit_of(request).person
    board: Board = request.app.state.board
    shown = await board.now(PATIENCE)
    if shown is None:
        return await _loading(request, board)
    reader, policies, trouble = await reader_of(site, person)
    query = query_of(request, fields(shown, reader, policies), tuple(KEYS), sort=USUAL)
    found = narrowed(shown, query, reader)
    if request.url.path.endswith(".csv"):
        rows = (_cells(line, reader) for line in found)
        return await asyncio.to_thread(sheet, "pending", COLUMNS, rows, reader.now)
    page = leaf(found, query, of=len(shown.lines))
    document = Pending(
        now=reader.now,
        tenant_id=site.desk.tenant_id,
        awaiting=shown.awaiting,
        of=page.of,
        count=page.count,
        page=page.page,
        pages=page.pages,
        size=query.size,
        sort=query.order,
        filters=query.given,
        alive=await site.desk.ledger.alive(),
        trouble=trouble,
        unread=shown.unread,
        rows=tuple(_entry(line, reader) for line in page.items),
    )
    return await show(request, "pending.html", document, query=query, leaf=page, sizes=SIZES, labels=LABELS)


async def _loading(request: Request, board: Board) -> Response:
    why = "much of it has changed at once" if board.was_read else "it is the first time since the start"
    words = f"what is open is being read from the ledger, and {why}: ask again in a moment"
    document = Loading(error=words, read=board.known, of=board.wanted)
    answer = await show(request, "loading.html", document, status=503)
    answer.headers["Retry-After"] = "1"
    return answer


def _entry(line: Line, reader: Reader) -> Entry:
    return Entry(
        id=line.id,
        action=f"/actions/{line.id}",
        kind=line.kind.value,
        type=TYPES[line.kind],
        what=line.what,
        subjects=line.subjects,
        incident=line.incident,
        incident_page=incident_page(line.incident),
        incident_name=line.incident_name,
        is_mail=line.is_mail,
        messages=line.size,
        in_mailboxes=line.left,
        is_least=line.is_least,
        verdict=line.verdict,
        threats=line.threats,
        locations=line.locations,
        recipients=line.recipients,
        recipient=line.recipient,
        deadline=line.deadline,
        remaining_seconds=round((line.deadline - reader.now).total_seconds()),
        state=line.state.value,
        state_words=STATES.get(line.state, line.state.value),
        badge=BADGES.get(line.state, "quiet"),
        remediation_status=line.status,
        needs=line.needs.value,
        chain=reader.chain(line) if line.needs is Needs.ANSWER else None,
        decided_by=line.decided_by,
        guard=line.guard,
        would_have=line.would_have,
        why=line.why,
        may_answer=reader.may_answer(line),
        can_approve=line.can_approve,
    )


COLUMNS = (
    *("id", "waits for", "state", "remediation status", "action type", "subject or target", "subjects"),
    *("incident", "incident name", "messages", "in mailboxes", "at least", "verdict", "threats", "locations"),
    *("recipients", "deadline", "remaining seconds", "decided by", "held by", "chain", "why"),
    "would have",
)
"""Of the CSV. What is empty is not known, or there is no such thing."""


def _cells(line: Line, reader: Reader) -> Sequence[Cell]:
    one = _entry(line, reader)
    places = tuple(f"{place.copies} {place.location}" for place in one.locations or ())
    return (
        *(one.id, one.needs, one.state, one.remediation_status, one.type, one.what, one.subjects),
        *(one.incident, one.incident_name, one.messages, one.in_mailboxes, one.is_least, one.verdict),
        *(one.threats, places, one.recipients, one.deadline, one.remaining_seconds),
        *(one.decided_by, one.guard, one.chain, one.why, one.would_have),
    )


ROUTES = (*twins("/pending", pending), Route("/pending.csv", pending))
