"""`status`: what is in force and how it stands, read while the agent runs or not."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Console

from agent.connecting import clock_of
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.looking import reading
from agent.faces.cli.options import fleet_to_look
from agent.faces.cli.output import console, print_json, safe
from agent.faces.holds import age, banner, is_gone, replica_words, troubles
from agent.faces.telling import commit, remaining
from agent.faces.vitals import expiry_words, passing_words, usage_words
from agent.judge.quote import counted, moment
from agent.loop.falling import ALARM as FALLBACK
from agent.loop.falling import alarm_words
from agent.loop.standing import standing
from agent.model.hold import Replica
from agent.model.standing import SetInForce, Standing, Telling
from agent.sights import with_file

WIDTH = 12
"""Columns of what a line is about."""


def status(path: Path | None, *, as_json: bool) -> None:
    """Print how the agent stands; of many tenants, each in one line.

    Ends with 1 where anything holds, an alarm stands or a policy fell back, or where no agent seems to run.
    """
    fleet = fleet_to_look(path)
    if fleet.is_many:
        from agent.faces.cli import status_of_many  # noqa: PLC0415  not needed for one

        status_of_many.status(fleet, as_json=as_json)
        return
    settings = fleet.only()
    now = clock_of(settings).now()
    treats = settings.policies.enforces_observers
    every = settings.pace.poll_every
    found = reading(
        settings,
        lambda ledger: standing(
            ledger, ledger.pages, now, settings.mode, poll_every=every, enforces_observers=treats
        ),
    )
    holds = asyncio.run(with_file(settings, found.holds, now))
    found = msgspec.structs.replace(found, holds=holds)
    if as_json:
        print_json(found)
    else:
        _tell(console(), found, settings.hold_file())
    if found.alarms or found.holds or found.fallbacks or found.is_silent:
        raise Ending(FINDINGS)


def _tell(out: Console, found: Standing, file: Path | None) -> None:
    said = {
        "mode": found.mode,
        "kill switch": _kill_switch(found, file),
        "policies": _policies(found.policies, found.now),
        "last alive": _past(found.alive, found.now, "no agent has run on this ledger yet"),
        "read up to": _past(found.watermark, found.now, "nothing was read yet"),
        "last sweep": _past(found.swept, found.now, "there was none yet"),
        "next due": _future(found.next_due, found.now),
        "actions": ", ".join(f"{count:,} {state}" for state, count in sorted(found.states.items()))
        or "none were seen yet",
        "on call": _on_call(found.telling),
        "alarms": counted(len(found.alarms), "stands", "stand") if found.alarms else "none",
    }
    for name, words in said.items():
        out.print(safe(f"{name:<{WIDTH}} {words}"), soft_wrap=True)
    for replica in found.replicas:
        out.print(safe(f"{'agent':<{WIDTH}} {replica_words(replica, found.now)}"), soft_wrap=True)
        for words in _vitals(replica, found.now):
            out.print(safe(f"{'':<{WIDTH}} {words}", limit=2000), soft_wrap=True)
        for trouble in troubles(replica, found.now):
            out.print(safe(f"{'':<{WIDTH}} {trouble}", "yellow", limit=2000), soft_wrap=True)
    for hold in found.holds:
        out.print(safe(banner(hold, found.now), "red", limit=2000), soft_wrap=True)
    if found.is_silent:
        out.print(safe(_silence(found), "red"), soft_wrap=True)
    sounded = {one.name for one in found.alarms}
    for each in found.fallbacks:
        if f"{FALLBACK}{each.policy}" not in sounded:  # no agent has seen it yet
            out.print(safe(alarm_words(each), "red", limit=2000), soft_wrap=True)
    for one in found.alarms:
        since = f"{moment(one.since)} ({age(one.since, found.now)})"
        out.print(safe(f"alarm: {one.name}, since {since}: {one.words}", "red", limit=2000), soft_wrap=True)


def _vitals(replica: Replica, now: datetime) -> Iterator[str]:
    """Give how an agent that lives fares, each in one line."""
    if is_gone(replica, now):
        return
    if replica.passing is not None:
        yield passing_words(replica.passing, now)
    yield from (usage_words(one, now) for one in replica.usage)
    yield from (expiry_words(one, now) for one in replica.expiries)


def _kill_switch(found: Standing, file: Path | None) -> str:
    if found.holds:
        names = ", ".join(f"`{hold.name}`" for hold in found.holds)
        return f"{counted(len(found.holds), 'hold stands', 'holds stand')} ({names}): nothing is carried out"
    ways = "`air-agent hold REASON`" if file is None else f"`air-agent hold REASON`, or make the file {file}"
    return f"off; to throw it: {ways}"


def _silence(found: Standing) -> str:
    if found.alive is None:
        return "no agent has run on this ledger yet: start one with `air-agent run`"
    since = f"{moment(found.alive)} ({age(found.alive, found.now)})"
    return f"no agent has run since {since}: start one with `air-agent run`; its log says why it ended"


def _policies(one: SetInForce | None, now: datetime) -> str:
    if one is None:
        return "none are in force: no agent has run on this ledger yet"
    git = f", git {commit(one.git)}" if one.git else ""
    named = f"revision {one.revision}{git}, in force since {moment(one.since)} ({age(one.since, now)})"
    if one.enforcing is None:
        return f"{named}; {one.problem}"
    lists = counted(one.lists or 0, "list", "lists")
    chains = counted(one.chains or 0, "chain", "chains")
    return f"{named}: {one.enforcing} enforcing, {one.observing} observing, {lists}, {chains}"


def _on_call(found: Telling) -> str:
    pages = counted(found.pages, "page is open", "pages are open") if found.pages else "no page is open"
    parts = [pages, counted(found.waiting, "notice waits", "notices wait")] if found.waiting else [pages]
    if found.failing:
        fail = counted(len(found.failing), "channel fails", "channels fail")
        parts.append(f"{fail} ({', '.join(found.failing)})")
    return ", ".join(parts)


def _past(at: datetime | None, now: datetime, otherwise: str) -> str:
    return otherwise if at is None else f"{moment(at)} ({age(at, now)})"


def _future(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "nothing is due"
    return f"{moment(at)} ({'now' if at <= now else f'in {remaining(at - now)}'})"
