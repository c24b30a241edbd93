"""The process: pass after pass, until asked to stop."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from agent.judge.compile import Judge, compile_set
from agent.judge.parse import parse_set
from agent.loop.cycle import judge_due, judge_records
from agent.loop.follow import follow
from agent.loop.poll import poll, sweep
from agent.loop.report import PassReport
from agent.loop.visit import recover, visit
from agent.model.enactment import Record, State
from agent.model.errors import Conflict, LedgerError, Malformed, Refused, Unavailable
from agent.ports import World

REQUESTS_PER_VISIT = 4
"""Read again, remediate, comment, tag: what one incident costs at least, to plan by."""

AWAY = timedelta(minutes=1)
"""How long to leave Graph alone where it is away and names no moment."""

log = structlog.get_logger()


async def run(
    world: World, *, stop: asyncio.Event, on_pass: Callable[[PassReport], None] | None = None
) -> None:
    """Make pass after pass until `stop` is set; then finish what is under way and return.

    Raises:
        PolicyError: the policies do not load: nothing is begun without them.
    """
    judge = load(world)
    await start(world)
    while not stop.is_set():
        began = world.clock.now()
        report = await _guarded_pass(world, judge, stop)
        if on_pass is not None:
            on_pass(report)
        await _wait(world, _next(world, report, began), stop)


async def once(world: World, *, stop: asyncio.Event | None = None) -> PassReport:
    """Make one pass.

    Raises:
        PolicyError, Unavailable, Refused, Malformed.
    """
    judge = load(world)
    await start(world)
    report = PassReport(began=world.clock.now())
    await one_pass(world, judge, stop or asyncio.Event(), report)
    return report


def load(world: World) -> Judge:
    """Return the policies, compiled. Raises PolicyError with everything that is wrong with them."""
    return compile_set(parse_set(world.shelf.files()))


async def start(world: World) -> None:
    """Take up what the last run left under way."""
    interrupted = await recover(world)
    if interrupted:
        log.warning("calls were interrupted", calls=interrupted, then="they are read back, never sent again")


async def one_pass(world: World, judge: Judge, stop: asyncio.Event, report: PassReport) -> None:
    """Poll, decide, write, look after: what can be decided is, even where the poll fails."""
    away: Unavailable | Refused | Malformed | None = None
    try:
        await poll(world, report)
        await _sweep_if_due(world, report)
    except (Unavailable, Refused, Malformed) as error:
        away = error
    if isinstance(away, Unavailable):
        raise away
    await judge_due(world, judge, report)
    await follow(world, report)
    await judge_due(world, judge, report)
    if world.enactor is not None:
        await _visits(world, judge, stop, report)
    if away is not None:
        raise away


async def _sweep_if_due(world: World, report: PassReport) -> None:
    swept = await world.ledger.swept()
    if swept is None:
        # The first poll reads as far back as a sweep would.
        await world.ledger.mark_swept(world.clock.now())
    elif world.clock.now() - swept >= world.pace.sweep_every:
        await sweep(world, report)


async def _visits(world: World, judge: Judge, stop: asyncio.Event, report: PassReport) -> None:
    """Write to incidents, earliest deadline first, until polling has earned its next share of the budget."""
    pace = world.pace
    polled = timedelta(minutes=report.pages / pace.requests_per_minute)
    until = world.clock.now() + max(pace.poll_every, polled / pace.polling_share)
    size = max(pace.visits_at_once, round(pace.requests_per_minute * pace.fresh / timedelta(minutes=2)))
    size = max(pace.visits_at_once, size // REQUESTS_PER_VISIT)
    while not stop.is_set() and world.clock.now() < until:
        incidents = await world.ledger.to_visit(size)
        if not incidents:
            break
        await _refresh(world, judge, incidents, report)
        await _visit_all(world, incidents, stop, report, until)
        if len(incidents) < size:
            break
    report.waiting = len(await world.ledger.to_visit(size))


async def _refresh(world: World, judge: Judge, incidents: tuple[str, ...], report: PassReport) -> None:
    """Judge anew, with one look at their mail, what was decided too long ago to act on."""
    now = world.clock.now()
    stale: list[Record] = []
    for incident in incidents:
        stale.extend(
            record
            for record in await world.ledger.of_incident(incident)
            if record.state is State.INTENDED
            and record.decision is not None
            and now - record.decision.at > world.pace.fresh / 2
        )
    if stale:
        await judge_records(world, judge, stale, report)


async def _visit_all(
    world: World, incidents: tuple[str, ...], stop: asyncio.Event, report: PassReport, until: datetime
) -> None:
    """Visit these incidents, some at the same time. The first that finds Graph away ends the round."""
    waiting = list(reversed(incidents))
    away: list[Unavailable] = []

    async def worker() -> None:
        while waiting and not away and not stop.is_set() and world.clock.now() < until:
            incident = waiting.pop()
            try:
                await visit(world, incident, stop, report)
            except Unavailable as error:
                away.append(error)
            except Conflict as error:
                log.info("incident left for the next pass", incident=incident, why=str(error))
            except (Refused, Malformed) as error:
                report.problems.append(f"incident {incident}: {error}")
                log.error("incident left for the next pass", incident=incident, why=str(error))

    async with asyncio.TaskGroup() as group:
        for _ in range(world.pace.visits_at_once):
            group.create_task(worker())
    if away:
        raise away[0]


async def _guarded_pass(world: World, judge: Judge, stop: asyncio.Event) -> PassReport:
    """Make one pass and come back whatever happens: a bug or an outage must not end the agent."""
    report = PassReport(began=world.clock.now())
    try:
        await one_pass(world, judge, stop, report)
    except Unavailable as error:
        report.is_unavailable, report.unavailable_until = True, error.until
        report.problems.append(str(error))
        log.warning("defender unavailable", why=str(error), until=error.until)
    except (Refused, Malformed, Conflict, LedgerError) as error:
        report.problems.append(str(error))
        log.error("pass incomplete", why=str(error))
    except Exception as error:
        report.problems.append(f"internal error: {error}")
        log.exception("pass failed")
    log.info(
        "pass",
        incidents=report.incidents,
        appeared=report.appeared,
        decided=report.decided,
        sent=report.sent,
        noted=report.noted,
        confirmed=report.confirmed,
        waiting=report.waiting,
        problems=len(report.problems),
    )
    return report


def _next(world: World, report: PassReport, began: datetime) -> datetime:
    now = world.clock.now()
    if report.is_unavailable:
        return max(report.unavailable_until or now + AWAY, now + timedelta(seconds=1))
    if report.waiting and not report.problems:
        return now
    return max(began + world.pace.poll_every, now)


async def _wait(world: World, until: datetime, stop: asyncio.Event) -> None:
    if stop.is_set():
        return
    waits = {asyncio.ensure_future(world.clock.sleep_until(until)), asyncio.ensure_future(stop.wait())}
    _, undone = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in undone:
        task.cancel()
    await asyncio.gather(*undone, return_exceptions=True)
