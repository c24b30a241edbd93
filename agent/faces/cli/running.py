"""`run` and `once`: the agent itself, for one tenant or for many."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import msgspec
import structlog

from agent.adapters.ledger.place import Place
from agent.composing_fleet import SettingsRoster, open_shares
from agent.connecting import clock_of
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.logs import configure
from agent.faces.cli.options import loaded_fleet
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.stopping import hold_on_signal, reload_on_hangup, stop_on_signals, stop_when_stdin_closes
from agent.faces.cli.watching import LastWatch, guarded, measured, watched
from agent.faces.documents import ascii_json
from agent.faces.report.dispatch import reporter_of
from agent.faces.whose import whose
from agent.loop import run as loop
from agent.loop.fleet import Fleet, fraction
from agent.loop.report import PassReport
from agent.loop.sharing import Sharing
from agent.loop.tending import Orders, Tended
from agent.model.tenancy import Condition, Holder
from agent.ports.fleet import Shares
from agent.ports.telemetry import Telemetries
from agent.ports.world import World
from agent.settings import roster as settings
from agent.settings.subjects import Process
from agent.shelves import require_loads

ENDING = 60.0
"""Seconds that `once` may take to close everything, once its passes are made."""

log = structlog.get_logger()


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """One pass, as `once --json` and `run --json` tell it."""

    incidents: int
    appeared: int
    decided: int
    sent: int
    noted: int
    confirmed: int
    waiting: int
    held: tuple[str, ...]
    """In words, what keeps everything from being carried out."""
    problems: tuple[str, ...]


class PassedIn(Passed, frozen=True, kw_only=True):
    """The same in one of many tenants. Of one that was not looked after, there is a problem alone."""

    tenant: str


WORDS = {
    "incidents": "incidents that were news",
    "appeared": "pending actions seen for the first time",
    "decided": "decisions",
    "sent": "calls that were tried",
    "noted": "decisions written to their incident",
    "confirmed": "actions confirmed: seen to have worked",
    "waiting": "incidents still to be written to",
}


def run(path: Path | None, *, as_json: bool, until_stdin_closes: bool) -> None:
    """Run the agent until it is asked to stop."""
    found = _loaded(path)
    _say_where(found.process)
    if until_stdin_closes:
        stop_when_stdin_closes()
    asyncio.run(_run(path, found, as_json=as_json))


def once(path: Path | None, *, as_json: bool) -> None:
    """Make one pass in every tenant; end with 1 where one had problems, or where everything is held in it."""
    found = _loaded(path)
    last = LastWatch(found.process, ENDING)
    try:
        passed = asyncio.run(_once(path, found, last, as_json=as_json))
    finally:
        last.over()
    if any(one.problems or one.held for one in passed):
        raise Ending(FINDINGS)


def _loaded(path: Path | None) -> settings.FleetSettings:
    """Return the settings, with logging set up and, of one tenant alone, policies that load.

    Whether policies load does not depend on Graph, so that it is not asked first: it may be away.

    Raises:
        SettingsError, PolicyError: the settings or the policies are wrong.
    """
    found = loaded_fleet(path)
    for one in found.tenants:
        if not found.is_many and one.settings is not None:
            require_loads(one.settings)
    configure(found.process.log, clock_of(found.process).now)
    return found


def _say_where(process: Process) -> None:
    """Say where the log goes, if it does not come out here: else a running agent looks like one that hangs."""
    if process.log.file is None:
        return
    console(stderr=True).print(safe(f"the log goes to {process.log.file}"), soft_wrap=True)


async def _run(path: Path | None, found: settings.FleetSettings, *, as_json: bool) -> None:
    orders = Orders()
    stop_on_signals(orders.stop)
    reload_on_hangup(orders.reload, orders.stop)
    hold_on_signal(orders.hold)

    async def tend(one: Tended, world: World, asked: Orders) -> None:
        await loop.run(
            world,
            stop=asked.stop,
            reload=asked.reload,
            hold=asked.hold,
            on_pass=partial(_print_line, one.name if found.is_many else None) if as_json else None,
            vitals=one.vitals,
            phase=fraction(world.tenant_id) if found.is_many else None,
        )

    async with AsyncExitStack() as stack:
        telemetries = stack.enter_context(measured(found.process))
        shares, place = await stack.enter_async_context(open_shares(found.process))
        roster = _roster(path, found, place, telemetries)
        fleet = Fleet(roster, shares, orders, tend, is_alone=not found.is_many)
        on_stuck = fleet.stuck if found.is_many else None
        watch = await stack.enter_async_context(watched(found.process, on_stuck, telemetries))
        watch.tenants = fleet.watched
        await fleet.go()


async def _once(
    path: Path | None, found: settings.FleetSettings, last: LastWatch, *, as_json: bool
) -> Sequence[Passed]:
    """Make the passes, and tell what came of them before anything is waited for that may never end."""
    orders = Orders()
    stop_on_signals(orders.stop)
    hold_on_signal(orders.hold)
    reports: dict[str, PassReport] = {}

    async def tend(one: Tended, world: World, asked: Orders) -> None:
        reports[one.name] = await loop.once(world, stop=asked.stop, hold=asked.hold, vitals=one.vitals)

    async with open_shares(found.process) as (shares, place):
        fleet = Fleet(
            _roster(path, found, place), shares, orders, tend, is_alone=not found.is_many, is_lasting=False
        )
        on_stuck = fleet.stuck if found.is_many else None
        try:
            async with guarded(found.process, on_stuck, opens_in_time=True) as watch:
                watch.tenants = fleet.watched
                await fleet.go()
        finally:
            last.begin()
        others = await _others(shares, fleet.tended.values())
        passed = [
            _passed_in(one, reports.get(name), others)
            if found.is_many
            else _passed_alone(one, reports, others)
            for name, one in sorted(fleet.tended.items())
        ]
        _tell_all(passed, found, as_json=as_json)
    return passed


def _tell_all(passed: Sequence[Passed], found: settings.FleetSettings, *, as_json: bool) -> None:
    if as_json:
        print_json(passed if found.is_many else passed[0])
        return
    for one in passed:
        _tell(one)


def _roster(
    path: Path | None,
    found: settings.FleetSettings,
    place: Place | None,
    telemetries: Telemetries | None = None,
) -> SettingsRoster:
    def read(known: settings.FleetSettings | None) -> settings.FleetSettings:
        return loaded_fleet(path, known=known) if found.is_many else found

    def tell(names: str) -> None:
        log.warning("settings of the process have changed", settings=names, then="a restart goes by them")

    return SettingsRoster(found, read, reporter_of, tell, place, telemetries)


def _passed(report: PassReport) -> Passed:
    return Passed(
        **{name: getattr(report, name) for name in WORDS}, held=report.held, problems=tuple(report.problems)
    )


def _passed_in(one: Tended, report: PassReport | None, others: Mapping[str, Holder]) -> PassedIn:
    found = _passed(report) if report is not None else _not_passed(one, others)
    return PassedIn(tenant=one.name, **msgspec.structs.asdict(found))


def _passed_alone(one: Tended, reports: Mapping[str, PassReport], others: Mapping[str, Holder]) -> Passed:
    report = reports.get(one.name)
    return _passed(report) if report is not None else _not_passed(one, others)


def _not_passed(one: Tended, others: Mapping[str, Holder]) -> Passed:
    """Return a pass that was not made, with why, and what is to be done."""
    if one.problem:
        why = one.problem
    elif one.condition is Condition.ELSEWHERE:
        why = f"no pass was made: {whose(others.get(one.tenancy.tenant_id))}"
    else:
        why = f"no pass was made: it is {one.condition}: run it again"
    return Passed(**dict.fromkeys(WORDS, 0), held=(), problems=(why,))


async def _others(shares: Shares, tended: Iterable[Tended]) -> Mapping[str, Holder]:
    """Return which other replicas have tenants that are not ours; of none where that cannot be asked."""
    elsewhere = [one.tenancy.tenant_id for one in tended if one.condition is Condition.ELSEWHERE]
    return await Sharing(shares).holders(elsewhere) if elsewhere else {}


def _print_line(tenant: str | None, report: PassReport) -> None:
    passed = msgspec.to_builtins(_passed(report))
    print(ascii_json(passed if tenant is None else {"tenant": tenant, **passed}), flush=True)  # noqa: T201  a line for machines


def _tell(passed: Passed) -> None:
    out = console()
    if isinstance(passed, PassedIn):
        out.print(safe(f"{passed.tenant}:"), soft_wrap=True)
    for name, words in WORDS.items():
        out.print(f"{getattr(passed, name):>6}  {words}")
    for held in passed.held:
        out.print(safe(f"held, nothing was carried out: {held}", "red"))
    for problem in passed.problems:
        out.print(safe(f"problem: {problem}", "red"))
