"""The Status page: how the agent stands, what needs somebody, and the kill switch."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent.adapters.microsoft.proofs import Certificate
from agent.faces.holding import is_kept_by_its_file
from agent.faces.holds import is_gone, troubles
from agent.faces.vitals import Ending, ending_of
from agent.faces.web.addresses import twins
from agent.faces.web.showing import show
from agent.faces.web.site import Site, site_of
from agent.faces.web.visit import visit_of
from agent.loop.standing import standing
from agent.model.errors import Refused
from agent.model.hold import KILL_SWITCH, Hold, Replica
from agent.model.session import Draft
from agent.model.standing import Standing
from agent.model.vitals import Expiry, Passing, Usage
from agent.settings.subjects import Settings
from agent.sights import with_file

STATUS = "/status"

HOLDING = "status"
"""What stands in a draft for an action's id where somebody was about to hold or to release."""

KILL_SWITCH_LAID = "lay"
"""The verb of a draft of somebody who was about to hold; else it is the name of what was to be released."""

PAGES = "the pages"
"""Whose the certificate of the pages is."""

SWEEPS_MISSED = 3
"""Sweeps that may be missed before the page says so."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One hold as the page shows it."""

    name: str
    title: str
    since: datetime
    by: str
    reason: str
    is_released_here: bool
    """Whether an operator can end it here; else `ended_by` does."""
    ended_by: str


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """One agent, as it told of itself."""

    name: str
    version: str
    mode: str
    alive: datetime
    has_ended: bool
    """Whether its last sign of life is too long ago."""
    switch_read: datetime | None
    passing: Passing | None
    usage: tuple[Usage, ...]
    cannot: tuple[tuple[str, str], ...]
    """Kinds of effect that it hands off, each with the permission or licence that is missing."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Something that ends: whose it is, what it is, and when."""

    of: str
    what: str
    state: Ending
    ends: datetime | None
    why: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the page says. `standing` is what `air-agent status --json` tells."""

    now: datetime
    needs: tuple[str, ...]
    """What needs somebody, in words; empty where all is well. Holds and alarms stand on their own."""
    holds: tuple[Held, ...]
    agents: tuple[Agent, ...]
    credentials: tuple[Credential, ...]
    unshipped: dict[str, datetime]
    """By replica, since when entries of the audit wait to be shipped; those that wait for none are left out."""
    standing: Standing
    hold_file: str
    """The file that holds too, on the agents' machine; empty where there is none."""
    may_operate: bool
    operator_role: str
    reason: str = ""
    """What somebody had begun to write as a reason."""
    releasing: str = ""
    """Which hold that was to release; empty where it was to hold."""
    error: str = ""
    """Why what they sent changed nothing."""


async def status_of(request: Request, *, error: str = "", draft: Draft | None = None) -> Status:
    """Return how the agent stands now, for whoever is signed in; `draft` is what their form is filled in with."""
    site, visit = site_of(request), visit_of(request)
    now = site.desk.clock.now()
    found = await _standing(site, now)
    agents = tuple(_agent(one, now) for one in found.replicas)
    living = [one for one in found.replicas if not is_gone(one, now)]
    credentials = tuple(_credentials(living, await _certificate(site.settings), now))
    begun = draft or visit.session.draft
    is_mine = begun is not None and begun.action_id == HOLDING
    file = site.settings.hold_file()
    return Status(
        now=now,
        needs=tuple(_needs(site, found, credentials, now)),
        holds=tuple([await _held(site, one, now) for one in found.holds]),
        agents=agents,
        credentials=credentials,
        unshipped=dict(await site.trail.waiting()),
        standing=found,
        hold_file="" if file is None else str(file.absolute()),
        may_operate=visit.may_operate,
        operator_role=site.settings.web.operator_role,
        reason=begun.reason if begun is not None and is_mine else "",
        releasing=begun.verb if begun is not None and is_mine and begun.verb != KILL_SWITCH_LAID else "",
        error=error,
    )


async def _standing(site: Site, now: datetime) -> Standing:
    settings = site.settings
    found = await standing(
        site.desk.ledger,
        site.pages,
        now,
        settings.mode,
        poll_every=settings.pace.poll_every,
        enforces_observers=settings.policies.enforces_observers,
    )
    return msgspec.structs.replace(found, holds=await with_file(settings, found.holds, now))


async def _held(site: Site, one: Hold, now: datetime) -> Held:
    is_of_file = one.replica is not None
    is_in_ledger = any(hold.name == one.name for hold in await site.desk.ledger.holds())
    is_kept = not is_in_ledger or await is_kept_by_its_file(site.desk.ledger, one, now)
    title = "Kill switch" if one.name == KILL_SWITCH else "A file" if is_of_file else one.name.capitalize()
    return Held(
        name=one.name,
        title=title,
        since=one.since,
        by=one.by,
        reason=one.reason,
        is_released_here=not is_kept,
        ended_by=one.ended_by,
    )


def _agent(one: Replica, now: datetime) -> Agent:
    return Agent(
        name=one.name,
        version=one.version,
        mode=one.mode,
        alive=one.alive,
        has_ended=is_gone(one, now),
        switch_read=one.switch_read,
        passing=one.passing,
        usage=one.usage,
        cannot=tuple(sorted(one.cannot.items())),
    )


def _credentials(
    living: Sequence[Replica], certificate: Expiry | None, now: datetime
) -> Iterator[Credential]:
    for replica in living:
        for one in replica.expiries:
            yield _credential(replica.name, one, now)
    if certificate is not None:
        yield _credential(PAGES, certificate, now)


async def _certificate(settings: Settings) -> Expiry | None:
    """Return until when the certificate in the pages' file can be used; None where TLS ends before the agent."""
    if settings.web.certificate is None:
        return None
    proof = Certificate(what="the certificate", path=settings.web.certificate)
    try:
        return Expiry(what=proof.what, ends=await asyncio.to_thread(proof.ends))
    except Refused as error:
        return Expiry(what=proof.what, why=str(error))


def _credential(of: str, one: Expiry, now: datetime) -> Credential:
    return Credential(of=of, what=one.what, state=ending_of(one, now), ends=one.ends, why=one.why)


def _needs(site: Site, found: Standing, credentials: Sequence[Credential], now: datetime) -> Iterator[str]:
    if found.is_silent and found.alive is None:
        yield "no agent has run on this ledger yet: start one with `air-agent run`"
    elif found.is_silent:
        yield "no agent seems to run: start one with `air-agent run`; its log says why it ended"
    for replica in found.replicas:
        yield from troubles(replica, now)
    late = site.settings.pace.sweep_every * SWEEPS_MISSED
    if found.swept is not None and now - found.swept > late and not found.is_silent:
        yield "the last sweep is long ago: what changed without its incident may not be known; the agent's log says why"
    for one in credentials:
        if one.of == PAGES and one.state in {Ending.SOON, Ending.ENDED}:
            yield f"{one.what} of the pages {'has ended' if one.state is Ending.ENDED else 'ends soon'}: renew it"


async def status(request: Request) -> Response:
    """Show how the agent stands."""
    return await show(request, "status.html", await status_of(request))


ROUTES = twins(STATUS, status)
