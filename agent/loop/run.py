"""The process: pass after pass, until asked to stop."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from structlog.contextvars import bound_contextvars

from agent.judge.fallen import standing
from agent.loop.cycle import judge_anew
from agent.loop.lookout import Lookout, keeping_lookout
from agent.loop.metering import Metering, measure
from agent.loop.paging import Paging
from agent.loop.passing import Memory, one_pass
from agent.loop.perform import recover
from agent.loop.policies import InForce, keep
from agent.loop.reloading import ALARM, Reloading
from agent.loop.report import PassReport
from agent.loop.reporting import Reporting, require_channel
from agent.loop.shipping import Shipping, complain
from agent.loop.tightening import until_known
from agent.loop.vitals import Vitals
from agent.loop.waits import first_of
from agent.model.errors import Conflict, LedgerError, Lost, Malformed, Refused, Unavailable
from agent.model.health import Mark
from agent.ports.world import Desk, World

AWAY = timedelta(minutes=1)
"""How long to leave Graph alone where it is away and names no moment."""

START = "start"
"""The name of the alarm of a tenant that cannot be opened, or that ended by itself: the next good start ends it."""

SETTINGS = "settings"
"""That of settings that cannot be used, while earlier ones are gone by: a start by good ones ends it too."""

log = structlog.get_logger()


async def run(
    world: World,
    *,
    stop: asyncio.Event,
    reload: asyncio.Event | None = None,
    hold: asyncio.Event | None = None,
    on_pass: Callable[[PassReport], None] | None = None,
    vitals: Vitals | None = None,
    phase: float | None = None,
) -> None:
    """Make pass after pass until `stop` is set; then finish what is under way and return.

    Policies are looked at again every few seconds, and at once when `reload` is set. When `hold` is set, a hold
    is laid at once.

    Args:
        world: everything outside.
        stop: asks it to come to an end.
        reload: asks for a look at the policies.
        hold: asks for a hold.
        on_pass: is told each pass.
        vitals: where it is noted how it fares, for whoever looks at it from outside.
        phase: at which part of `poll_every` passes begin, from 0 to 1, so that of many tenants not all ask at once, nor
            come to do so once something has woken them all. None where it does not matter.

    Raises:
        PolicyError: the policies do not load: nothing is begun without them.
        SettingsError: reports cannot be sent as they are set.
        Lost: the tenant is another replica's: nothing more is done in it here.
    """
    with bound_contextvars(tenant=world.called):
        await _run(world, _Asked(stop, reload or asyncio.Event(), hold), on_pass, vitals or Vitals(), phase)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of it from outside."""

    stop: asyncio.Event
    reload: asyncio.Event
    hold: asyncio.Event | None


async def _run(
    world: World,
    asked: _Asked,
    on_pass: Callable[[PassReport], None] | None,
    vitals: Vitals,
    phase: float | None,
) -> None:
    stop = asked.stop
    policies = await load(world)
    require_channel(world, policies)
    async with (
        vitals.during(world),
        keeping_lookout(world, asked.hold, vitals) as lookout,
        Shipping(vitals).going(world),
        Paging.going(world, policies, lookout) as paging,
        Reporting.going(world, policies, lookout),
        Metering.going(world, policies, lookout),
    ):
        await start(world, policies)
        reloading = Reloading(asked=asked.reload, looked=world.clock.now())
        memory = Memory(reloading=reloading)
        while not stop.is_set():
            began = world.clock.now()
            report = await _guarded_pass(world, policies, stop, memory, lookout)
            if paging is not None:
                paging.woken.set()
            due = _next(world, report, usual(began, world.pace.poll_every, phase))
            vitals.passed(began, world.clock.now(), due, report.problems)
            measure(world, vitals, report)
            if on_pass is not None:
                on_pass(report)
            await _wait(world, policies, reloading, lookout, due, stop)


async def once(
    world: World,
    *,
    stop: asyncio.Event | None = None,
    hold: asyncio.Event | None = None,
    vitals: Vitals | None = None,
) -> PassReport:
    """Make one pass; `vitals` note how it fares, for whoever looks at it from outside.

    Raises:
        PolicyError, SettingsError, Unavailable, Refused, Malformed.
    """
    with bound_contextvars(tenant=world.called):
        return await _once(world, stop, hold, vitals or Vitals())


async def _once(
    world: World, stop: asyncio.Event | None, hold: asyncio.Event | None, vitals: Vitals
) -> PassReport:
    policies = await load(world)
    require_channel(world, policies)
    async with (
        vitals.during(world),
        keeping_lookout(world, hold, vitals) as lookout,
        Shipping(vitals).going(world),
    ):
        await start(world, policies)
        report = PassReport(began=world.clock.now())
        vitals.begin(report)
        try:
            await one_pass(world, policies, stop or asyncio.Event(), report, lookout=lookout)
        finally:
            # The pass is over, which nobody is told of here: each step after it has its own time.
            vitals.mark(Mark.MOVED)
            paging = Paging.of(world, policies, lookout)
            if paging is not None:
                await paging.once()
                vitals.mark(Mark.MOVED)
            await Reporting.once(world, policies, lookout)
    return report


async def load(world: Desk) -> InForce:
    """Return the policies, compiled, with who was last known to be in the groups that they name, and those that fell back.

    Raises:
        PolicyError: with everything that is wrong with them.
    """
    files = await world.shelf.look()
    await until_known(files, tenant=world.tenant_id, enforces_observers=world.enforces_observers)
    members = dict(await world.ledger.members())
    return InForce(
        files,
        members,
        fallen=standing(await world.ledger.fallbacks()),
        git=await asyncio.to_thread(world.shelf.git, files),
        protected=world.rails.protected,
        chain=world.escalating.chain,
        tenant=world.tenant_id,
        enforces_observers=world.enforces_observers,
        outside=world.outside,
    )


async def start(world: World, policies: InForce) -> None:
    """Take up what the last run left under way, and judge anew what other policies or another mode decided."""
    await keep(world, policies)
    for name in (ALARM, START, SETTINGS):
        await world.ledger.clear_alarm(name, world.clock.now())
    await recover(world)
    renewed = await judge_anew(world, policies)
    if renewed:
        log.info(
            "judged anew", actions=renewed, why="the policies or the mode changed since they were decided"
        )


async def _guarded_pass(
    world: World,
    policies: InForce,
    stop: asyncio.Event,
    memory: Memory,
    lookout: Lookout,
) -> PassReport:
    """Make one pass and come back whatever happens: a bug or an outage must not end the agent."""
    report = PassReport(began=world.clock.now())
    lookout.vitals.begin(report)
    try:
        await one_pass(world, policies, stop, report, memory, lookout)
    except Unavailable as error:
        report.is_unavailable, report.unavailable_until = True, error.until
        report.problems.append(str(error))
        log.warning("defender unavailable", why=str(error), until=error.until)
    except Lost:
        raise
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


def usual(began: datetime, every: timedelta, phase: float | None) -> datetime:
    """Return when the pass after one that began then usually begins: in phase, about `every` later."""
    if phase is None:
        return began + every
    offset = datetime.fromtimestamp(0, began.tzinfo) + every * phase
    return offset + every * math.ceil((began + every / 2 - offset) / every)


def _next(world: World, report: PassReport, due: datetime) -> datetime:
    """Return when the next pass begins: when it usually does, unless there is a reason for another moment."""
    now = world.clock.now()
    if report.is_unavailable:
        return max(report.unavailable_until or now + AWAY, now + timedelta(seconds=1))
    if report.has_reloaded or report.leaves_undecided or (report.untried and report.sent + report.noted):
        return now
    return max(due, now)


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
    except Lost:
        raise
    except (Conflict, LedgerError) as error:
        log.error("policies could not be looked at", why=str(error))
    except Exception:
        log.exception("policies could not be looked at")
    reloading.put_off(world)
    return False
