"""The process: pass after pass, until asked to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from agent.loop.braking import Holds
from agent.loop.cycle import judge_anew, judge_due
from agent.loop.feeding import Feeding
from agent.loop.follow import follow
from agent.loop.perform import recover
from agent.loop.policies import InForce, keep
from agent.loop.poll import poll, sweep
from agent.loop.pulse import Pulse
from agent.loop.reloading import ALARM, Reloading
from agent.loop.report import PassReport
from agent.loop.rounds import Rounds
from agent.loop.rows import Rows
from agent.loop.shipping import Shipping, complain
from agent.model.errors import Conflict, LedgerError, Malformed, Refused, Unavailable
from agent.ports import World

AWAY = timedelta(minutes=1)
"""How long to leave Graph alone where it is away and names no moment."""

log = structlog.get_logger()


async def run(
    world: World,
    *,
    stop: asyncio.Event,
    reload: asyncio.Event | None = None,
    on_pass: Callable[[PassReport], None] | None = None,
) -> None:
    """Make pass after pass until `stop` is set; then finish what is under way and return.

    Policies are looked at again every few seconds, and at once when `reload` is set.

    Raises:
        PolicyError: the policies do not load: nothing is begun without them.
    """
    policies = await load(world)
    await start(world, policies)
    rounds, feeding, rows, pulse, holds = Rounds(), Feeding(), Rows(), Pulse(), Holds()
    reloading = Reloading(asked=reload or asyncio.Event(), looked=world.clock.now())
    async with Shipping().going(world):
        while not stop.is_set():
            began = world.clock.now()
            report = await _guarded_pass(
                world, policies, stop, rounds, feeding, rows, reloading, pulse, holds
            )
            if on_pass is not None:
                on_pass(report)
            await _wait(world, policies, reloading, pulse, _next(world, report, began), stop)


async def once(world: World, *, stop: asyncio.Event | None = None) -> PassReport:
    """Make one pass.

    Raises:
        PolicyError, Unavailable, Refused, Malformed.
    """
    policies = await load(world)
    await start(world, policies)
    report = PassReport(began=world.clock.now())
    async with Shipping().going(world):
        await one_pass(world, policies, stop or asyncio.Event(), report)
    return report


async def load(world: World) -> InForce:
    """Return the policies, compiled, with who was last known to be in the groups that they name.

    Raises:
        PolicyError: with everything that is wrong with them.
    """
    files = world.shelf.files()
    members = dict(await world.ledger.members())
    return InForce(files, members, git=world.shelf.git(files), protected=world.rails.protected)


async def start(world: World, policies: InForce) -> None:
    """Take up what the last run left under way, and judge anew what other policies or another mode decided."""
    await keep(world, policies)
    await world.ledger.clear_alarm(ALARM, world.clock.now())
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
    rows: Rows | None = None,
    reloading: Reloading | None = None,
    pulse: Pulse | None = None,
    holds: Holds | None = None,
) -> None:
    """Ask who is in the groups and what AIR wrote down, poll, decide, look after, write: each as far as it goes, whatever became of the others.

    Raises:
        Unavailable, Refused, Malformed: the first that came up, once everything was tried.
    """
    rounds, feeding, pulse = rounds or Rounds(), feeding or Feeding(), pulse or Pulse()
    airing, released = rows or Rows(), holds or Holds()

    async def visits() -> None:
        if world.enactor is not None:
            await rounds.go(world, policies, stop, report, has_news)

    async def has_news() -> bool:
        await pulse.beat(world)
        return reloading is not None and await reloading.has_news(world, policies)

    async def look_at_policies() -> None:
        if reloading is not None and await reloading.go(world, policies):
            report.has_reloaded = True

    away: Unavailable | Refused | Malformed | None = None
    steps: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: released.look(world),
        lambda: feeding.go(world, policies, report),
        lambda: airing.go(world, report),
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
        await pulse.beat(world)
        await look_at_policies()
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
    world: World,
    policies: InForce,
    stop: asyncio.Event,
    rounds: Rounds,
    feeding: Feeding,
    rows: Rows,
    reloading: Reloading,
    pulse: Pulse,
    holds: Holds,
) -> PassReport:
    """Make one pass and come back whatever happens: a bug or an outage must not end the agent."""
    report = PassReport(began=world.clock.now())
    try:
        await one_pass(world, policies, stop, report, rounds, feeding, rows, reloading, pulse, holds)
    except Unavailable as error:
        report.is_unavailable, report.unavailable_until = True, error.until
        report.problems.append(str(error))
        log.warning("defender unavailable", why=str(error), until=error.until)
    except (Refused, Malformed, Conflict, LedgerError) as error:
        report.problems.append(str(error))
        log.error("pass incomplete", why=str(error))
        if isinstance(error, LedgerError):
            await complain(world, str(error))
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
    if report.has_reloaded or (report.untried and report.sent + report.noted):
        return now
    return max(began + world.pace.poll_every, now)


async def _wait(
    world: World,
    policies: InForce,
    reloading: Reloading,
    pulse: Pulse,
    until: datetime,
    stop: asyncio.Event,
) -> None:
    """Wait for the next pass, and look at the policies meanwhile; other ones are a reason to begin at once."""
    while not stop.is_set() and world.clock.now() < until:
        wake = min(until, reloading.next_look(world))
        await _first_of(world.clock.sleep_until(wake), stop.wait(), reloading.asked.wait())
        if stop.is_set() or await _guarded_look(world, policies, reloading, pulse):
            return


async def _guarded_look(world: World, policies: InForce, reloading: Reloading, pulse: Pulse) -> bool:
    """Look at the policies and come back whatever happens; return whether another set is in force."""
    try:
        await pulse.beat(world)
        return await reloading.go(world, policies)
    except (Conflict, LedgerError) as error:
        log.error("policies could not be looked at", why=str(error))
    except Exception:
        log.exception("policies could not be looked at")
    return False


async def _first_of(*awaited: Awaitable[object]) -> None:
    """Return as soon as one of these is done; the others are let go."""
    waits = {asyncio.ensure_future(one) for one in awaited}
    _, undone = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in undone:
        task.cancel()
    await asyncio.gather(*undone, return_exceptions=True)
