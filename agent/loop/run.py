"""The process: pass after pass, until asked to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from agent.loop.cycle import judge_anew, judge_due
from agent.loop.feeding import Feeding
from agent.loop.follow import follow
from agent.loop.policies import InForce
from agent.loop.poll import poll, sweep
from agent.loop.report import PassReport
from agent.loop.rounds import Rounds
from agent.loop.visit import recover
from agent.model.errors import Conflict, LedgerError, Malformed, Refused, Unavailable
from agent.ports import World

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
    policies = await load(world)
    await start(world, policies)
    rounds, feeding = Rounds(), Feeding()
    while not stop.is_set():
        began = world.clock.now()
        report = await _guarded_pass(world, policies, stop, rounds, feeding)
        if on_pass is not None:
            on_pass(report)
        await _wait(world, _next(world, report, began), stop)


async def once(world: World, *, stop: asyncio.Event | None = None) -> PassReport:
    """Make one pass.

    Raises:
        PolicyError, Unavailable, Refused, Malformed.
    """
    policies = await load(world)
    await start(world, policies)
    report = PassReport(began=world.clock.now())
    await one_pass(world, policies, stop or asyncio.Event(), report)
    return report


async def load(world: World) -> InForce:
    """Return the policies, compiled, with who was last known to be in the groups that they name.

    Raises:
        PolicyError: with everything that is wrong with them.
    """
    return InForce(world.shelf.files(), dict(await world.ledger.members()))


async def start(world: World, policies: InForce) -> None:
    """Take up what the last run left under way, and judge anew what other policies or another mode decided."""
    interrupted = await recover(world)
    if interrupted:
        log.warning("calls were interrupted", calls=interrupted, then="they are read back, never sent again")
    renewed = await judge_anew(world, policies)
    if renewed:
        log.info(
            "judged anew", actions=renewed, why="the policies or the mode changed since they were decided"
        )


async def one_pass(
    world: World,
    policies: InForce,
    stop: asyncio.Event,
    report: PassReport,
    rounds: Rounds | None = None,
    feeding: Feeding | None = None,
) -> None:
    """Ask who is in the groups, poll, decide, look after, write: each as far as it goes, whatever became of the others.

    Raises:
        Unavailable, Refused, Malformed: the first that came up, once everything was tried.
    """
    rounds, feeding = rounds or Rounds(), feeding or Feeding()

    async def visits() -> None:
        if world.enactor is not None:
            await rounds.go(world, policies, stop, report)

    away: Unavailable | Refused | Malformed | None = None
    steps: tuple[Callable[[], Awaitable[None]], ...] = (
        lambda: feeding.go(world, policies, report),
        lambda: poll(world, report, stop),
        lambda: judge_due(world, policies, report, stop),
        lambda: follow(world, report, stop),
        lambda: judge_due(world, policies, report, stop),
        visits,
        lambda: _sweep_if_due(world, report, stop),
    )
    for step in steps:
        if stop.is_set():
            break
        try:
            await step()
        except (Unavailable, Refused, Malformed) as error:
            away = away or error
            if isinstance(error, Unavailable) and error.until is not None:
                break
    if away is not None:
        raise away


async def _sweep_if_due(world: World, report: PassReport, stop: asyncio.Event) -> None:
    swept = await world.ledger.swept()
    if swept is None:
        # The first poll reads as far back as a sweep would.
        await world.ledger.mark_swept(world.clock.now())
    elif world.clock.now() - swept >= world.pace.sweep_every:
        await sweep(world, report, stop)


async def _guarded_pass(
    world: World, policies: InForce, stop: asyncio.Event, rounds: Rounds, feeding: Feeding
) -> PassReport:
    """Make one pass and come back whatever happens: a bug or an outage must not end the agent."""
    report = PassReport(began=world.clock.now())
    try:
        await one_pass(world, policies, stop, report, rounds, feeding)
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
    if report.untried and report.sent + report.noted:
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
