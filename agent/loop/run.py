"""The process: pass after pass, until asked to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import structlog

from agent.loop.aside import lay_aside
from agent.loop.braking import Holds
from agent.loop.cycle import judge_anew, judge_due
from agent.loop.feeding import Feeding
from agent.loop.follow import follow
from agent.loop.lookout import Lookout, keeping_lookout
from agent.loop.perform import recover
from agent.loop.policies import InForce, keep
from agent.loop.poll import poll, sweep
from agent.loop.reloading import ALARM, Reloading
from agent.loop.report import PassReport
from agent.loop.rounds import Rounds
from agent.loop.rows import Rows
from agent.loop.shipping import Shipping, complain
from agent.loop.waits import first_of
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
    hold: asyncio.Event | None = None,
    on_pass: Callable[[PassReport], None] | None = None,
) -> None:
    """Make pass after pass until `stop` is set; then finish what is under way and return.

    Policies are looked at again every few seconds, and at once when `reload` is set. When `hold` is set, a hold
    is laid at once.

    Raises:
        PolicyError: the policies do not load: nothing is begun without them.
    """
    policies = await load(world)
    async with keeping_lookout(world, hold) as lookout, Shipping().going(world):
        await start(world, policies)
        rounds, feeding, rows, holds = Rounds(), Feeding(), Rows(), Holds()
        reloading = Reloading(asked=reload or asyncio.Event(), looked=world.clock.now())
        while not stop.is_set():
            began = world.clock.now()
            report = await _guarded_pass(
                world, policies, stop, rounds, feeding, rows, reloading, lookout, holds
            )
            if on_pass is not None:
                on_pass(report)
            await _wait(world, policies, reloading, lookout, _next(world, report, began), stop)


async def once(
    world: World, *, stop: asyncio.Event | None = None, hold: asyncio.Event | None = None
) -> PassReport:
    """Make one pass.

    Raises:
        PolicyError, Unavailable, Refused, Malformed.
    """
    policies = await load(world)
    async with keeping_lookout(world, hold) as lookout, Shipping().going(world):
        await start(world, policies)
        report = PassReport(began=world.clock.now())
        await one_pass(world, policies, stop or asyncio.Event(), report, lookout=lookout)
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
    await recover(world)
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
    lookout: Lookout | None = None,
    holds: Holds | None = None,
) -> None:
    """Ask who is in the groups and what AIR wrote down, poll, decide, look after, write: each as far as it goes, whatever became of the others.

    While anything holds, nothing is written. What another agent on the same ledger does meanwhile is no failure.

    Raises:
        Unavailable, Refused, Malformed: the first that came up, once everything was tried.
    """
    rounds, feeding = rounds or Rounds(), feeding or Feeding()
    rows, holds = rows or Rows(), holds or Holds()
    async with AsyncExitStack() as own:
        if lookout is None:
            lookout = await own.enter_async_context(keeping_lookout(world))
        await _steps(world, policies, stop, report, rounds, feeding, rows, reloading, lookout, holds)


async def _steps(
    world: World,
    policies: InForce,
    stop: asyncio.Event,
    report: PassReport,
    rounds: Rounds,
    feeding: Feeding,
    rows: Rows,
    reloading: Reloading | None,
    lookout: Lookout,
    holds: Holds,
) -> None:
    async def visits() -> None:
        if world.enactor is None:
            return
        if lookout.is_held:
            laid = await lay_aside(world, lookout.standing()[0])
            log.info("nothing is carried out", laid_aside=laid, why=lookout.standing()[0].reason)
        else:
            await rounds.go(world, policies, stop, report, lookout, is_over)

    async def is_over() -> bool:
        await lookout.sign()
        if lookout.is_held:
            return True
        return reloading is not None and await reloading.has_news(world, policies)

    async def look_around() -> None:
        await lookout.sign()
        if reloading is not None and await reloading.go(world, policies):
            report.has_reloaded = True

    lookout.woken.clear()
    away: Unavailable | Refused | Malformed | None = None
    steps: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: _look_at_holds(world, lookout, holds),
        lambda: feeding.go(world, policies, report),
        lambda: rows.go(world, report),
        lambda: poll(world, report, stop),
        lambda: judge_due(world, policies, report, stop),
        lambda: follow(world, report, stop),
        lambda: judge_due(world, policies, report, stop),
        lambda: recover(world),
        visits,
        lambda: _sweep_if_due(world, report, stop),
    )
    for step in steps:
        if stop.is_set():
            break
        try:
            await look_around()
            await step()
        except Conflict as error:
            log.warning("left for the next pass: another agent was quicker", why=str(error))
        except (Unavailable, Refused, Malformed) as error:
            away = away or error
            if isinstance(error, Unavailable) and error.until is not None:
                break
    report.held = tuple(f"{hold.reason} (by {hold.by})" for hold in lookout.standing())
    if away is not None:
        raise away


async def _look_at_holds(world: World, lookout: Lookout, holds: Holds) -> None:
    """Have judged anew what was held by what has ended, though it may never have come into the ledger."""
    if lookout.has_held and not lookout.is_held:
        lookout.has_held, holds.names = False, None
    released = await holds.look(world)
    if released:
        log.info("judged anew", actions=released, why="what held them was released")


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
    lookout: Lookout,
    holds: Holds,
) -> PassReport:
    """Make one pass and come back whatever happens: a bug or an outage must not end the agent."""
    report = PassReport(began=world.clock.now())
    try:
        await one_pass(world, policies, stop, report, rounds, feeding, rows, reloading, lookout, holds)
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
        held=len(report.held),
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
    lookout: Lookout,
    until: datetime,
    stop: asyncio.Event,
) -> None:
    """Wait for the next pass, and look at the policies meanwhile.

    Other ones are a reason to begin at once, and so is a hold that was laid or released.
    """
    while not stop.is_set() and not lookout.woken.is_set() and world.clock.now() < until:
        wake = min(until, reloading.next_look(world))
        waits = (stop.wait(), reloading.asked.wait(), lookout.woken.wait())
        await first_of(world.clock.sleep_until(wake), *waits)
        if stop.is_set() or await _guarded_look(world, policies, reloading, lookout):
            return


async def _guarded_look(world: World, policies: InForce, reloading: Reloading, lookout: Lookout) -> bool:
    """Look at the policies and come back whatever happens; return whether another set is in force."""
    try:
        await lookout.sign()
        return await reloading.go(world, policies)
    except (Conflict, LedgerError) as error:
        log.error("policies could not be looked at", why=str(error))
    except Exception:
        log.exception("policies could not be looked at")
    return False
