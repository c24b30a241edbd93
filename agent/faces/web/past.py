"""The history: every decision on every pending action, whoever made it, newest first, a page or all of it at a time.

The ledger forgets nothing, and Defender does after 30 or 180 days. A page is cut along the ledger's own order, so that its
thousandth is found as fast as its first; that is why it has no numbers, and leads only on to what is older.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agent.faces.documents import as_json
from agent.faces.moments import moment_of
from agent.faces.sheets import csv_of
from agent.faces.telling import KINDS
from agent.faces.web.addresses import twins
from agent.faces.web.past_lines import Line, lines
from agent.faces.web.query import PAGE, SIZES, Choice, Field, Query, query_of
from agent.faces.web.refusing import NotUnderstood, wants_json
from agent.faces.web.sheets import CSV, kept_as
from agent.faces.web.showing import show
from agent.faces.web.site import Site, site_of
from agent.model.decision import Verb
from agent.model.history import Decided, Decider, Ending, Place, Wanted, place_of
from agent.model.pending import ActionKind

BEFORE = "before"
"""Where in the history a page begins: after the last decision of the page before it."""

AT_ONCE = 250
"""Decisions that are read together where all of them are wanted."""

DIGITS = 9
"""Of the number of a decision, at most."""

DECISIONS = (
    Choice("approve", "approve"),
    Choice("reject", "reject"),
    Choice("escalate", "escalate, or held"),
    Choice("elsewhere", "decided elsewhere"),
    Choice("expired", "expired"),
)

DECIDERS = (
    Choice("policies", "policies"),
    Choice("people", "people who answered here"),
    Choice("guard", "a guard rail"),
    Choice("elsewhere", "elsewhere: Defender's portal"),
    Choice("nobody", "nobody in time"),
)

KIND_CHOICES = tuple(Choice(kind.value, words) for kind, words in KINDS.items())


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the history."""

    now: datetime
    query: Query
    lines: tuple[Line, ...]
    is_first: bool
    older: str
    """The address of what is older; empty where there is nothing."""
    sizes: tuple[int, ...] = SIZES
    kinds: Mapping[str, str]
    """What each kind is in words."""


async def history(request: Request) -> Response:
    """Show one page of the history, or give all of it that is asked for as JSON."""
    site = site_of(request)
    now = site.desk.clock.now()
    query = _query(request, now)
    wanted = wanted_of(query, now)
    before = _before(request)
    if wants_json(request):
        return await _streamed(request, _as_json(site, wanted, before, query, now), "application/json")
    found = await site.archive.history(wanted, before=before, limit=query.size + 1)
    page = found[: query.size]
    is_more = len(found) > len(page)
    document = Past(
        now=now,
        query=query,
        lines=await lines(site, page),
        is_first=before is None,
        kinds={kind.value: words for kind, words in KINDS.items()},
        older=query.link(before=written(place_of(page[-1]))) if is_more else "",
    )
    return await show(request, "past.html", document)


async def sheet(request: Request) -> Response:
    """Give all of the history that is asked for as CSV."""
    site = site_of(request)
    now = site.desk.clock.now()
    wanted = wanted_of(_query(request, now), now)
    told = _as_csv(site, wanted, _before(request))
    return await _streamed(request, told, CSV, kept_as("history", now))


ROUTES = (Route("/history.csv", sheet), *twins("/history", history))


def wanted_of(query: Query, now: datetime) -> Wanted:
    """Return what an address asks for."""
    decision = query.value("decision")
    since, until = query.value("since"), query.value("until")
    is_ending = decision in set(Ending)
    return Wanted(
        since=moment_of(since, now) if since else None,
        until=moment_of(until, now) if until else None,
        kind=ActionKind(query.value("kind")) if query.value("kind") else None,
        verb=Verb(decision) if decision and not is_ending else None,
        ended=Ending(decision) if is_ending else None,
        by=Decider(query.value("by")) if query.value("by") else None,
        guard=query.value("guard"),
        policy=query.value("policy"),
        person=query.value("person"),
        incident=query.value("incident"),
        words=query.value("words"),
    )


def written(place: Place) -> str:
    """Return a place as it stands in an address."""
    return f"{place.at.isoformat()}~{place.action_id}~{place.number}~{place.ended or ''}"


def read(text: str) -> Place:
    """Return the place that stands in an address. Raises ValueError where it is none."""
    at, action_id, number, ended = text.split("~")
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None or not (number.isascii() and number.isdigit() and len(number) <= DIGITS):
        raise ValueError(text)
    ending = Ending(ended) if ended else None
    return Place(at=moment, action_id=action_id, number=int(number), ended=ending)


def _query(request: Request, now: datetime) -> Query:
    reads = partial(moment_of, now=now)
    fields = (
        Field("words", "Words", hint="a subject, a URL, a reason"),
        Field("decision", "Decision", choices=DECISIONS),
        Field("by", "Decided by", choices=DECIDERS),
        Field("kind", "Kind", choices=KIND_CHOICES),
        Field("policy", "Policy", hint="its whole name"),
        Field("person", "Person", hint="part of a name"),
        Field("guard", "Guard rail", hint="size"),
        Field("incident", "Incident", hint="its id"),
        Field("since", "Since", reads=reads, hint="7d or 2026-08-20"),
        Field("until", "Before", reads=reads, hint="1d or 2026-08-21"),
    )
    query = query_of(request, fields, ("at",), sort="-at", also=(BEFORE,))
    if PAGE in request.query_params or not query.is_descending:
        raise NotUnderstood(
            "the history is shown newest first, and its pages have no numbers: follow `older`, or narrow it"
        )
    return query


def _before(request: Request) -> Place | None:
    text = request.query_params.get(BEFORE, "")
    try:
        return read(text) if text else None
    except ValueError as error:
        raise NotUnderstood(f"`{BEFORE}` is no place in the history: begin at its first page") from error


async def _all(site: Site, wanted: Wanted, before: Place | None) -> AsyncIterator[tuple[Line, ...]]:
    """Give everything that is wanted, some at a time; what is decided meanwhile is not among it."""
    found: Sequence[Decided] = await site.archive.history(wanted, before=before, limit=AT_ONCE)
    while found:
        yield await lines(site, found)
        if len(found) < AT_ONCE:
            return
        found = await site.archive.history(wanted, before=place_of(found[-1]), limit=AT_ONCE)


async def _as_csv(site: Site, wanted: Wanted, before: Place | None) -> AsyncIterator[str]:
    names = tuple(Line.__struct_fields__)
    yield "\ufeff" + csv_of([names])
    async for some in _all(site, wanted, before):
        yield csv_of([getattr(one, name) for name in names] for one in some)


async def _as_json(
    site: Site, wanted: Wanted, before: Place | None, query: Query, now: datetime
) -> AsyncIterator[str]:
    """Give a document with everything that is wanted; it is whole only where it ends as JSON does."""
    yield f'{{"now": {as_json(now)}, "narrowed": {as_json(dict(query.given))}, "decisions": ['
    glue = "\n"
    async for some in _all(site, wanted, before):
        for one in some:
            yield glue + as_json(one)
            glue = ",\n"
    yield "\n]}\n"


async def _streamed(
    request: Request, told: AsyncIterator[str], media_type: str, headers: Mapping[str, str] | None = None
) -> StreamingResponse:
    """Answer with what comes, once its beginning is there: a ledger that cannot be read is told as a refusal."""
    is_head = request.method == "HEAD"
    beginning = [text async for text in _first(told, 1 if is_head else 2)]

    async def body() -> AsyncIterator[str]:
        for text in beginning:
            yield text
        async for text in told:
            yield text

    content = iter(()) if is_head else body()
    return StreamingResponse(content, media_type=media_type, headers=headers)


async def _first(told: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    """Give the first of what comes, and leave the rest."""
    for _ in range(count):
        try:
            yield await anext(told)
        except StopAsyncIteration:
            return
