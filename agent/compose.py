"""Settings -> a World of real adapters, opened and closed in order: with `connecting`, where every choice is made."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import beside, is_there, key_beside, open_ledger
from agent.adapters.ledger.place import Place
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.adapters.shipment import Shipment
from agent.audit.key import Key
from agent.connecting import (
    bounds_of,
    clock_of,
    installed,
    open_channels_of,
    open_endpoint_of,
    open_graph_of,
    replica_of,
)
from agent.model.errors import Refused, SettingsError
from agent.model.pace import Pace
from agent.model.policy import Mode
from agent.model.recording import Recording
from agent.model.tenancy import Share
from agent.ports.host import Clock
from agent.ports.importing import Imports
from agent.ports.ledger import Ledger
from agent.ports.reporting import Reporter, Reports
from agent.ports.telemetry import SILENT, Telemetries
from agent.ports.world import World
from agent.settings.fields import told
from agent.settings.guards import rails_of
from agent.settings.subjects import Settings
from agent.shelves import shelf_of
from agent.sights import Sights, switch_of

if TYPE_CHECKING:
    import httpx
    from starlette.types import ASGIApp

    from agent.adapters.graph.connect import Graph
    from agent.adapters.graph.recorder import Keep

NOWHERE = "http://127.0.0.1:9"
"""The address of a Graph that is in this process; nothing is ever sent there."""

ReporterOf = Callable[[SqlLedger], Reporter]

AS_MANY_AS_NEEDED = 1_000_000
"""Requests in a minute, where nobody counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToImport:
    """What an import of the past needs: the world, where it is written, and what sets the request budget."""

    world: World
    imports: Imports
    allow: Callable[[int], None]


@asynccontextmanager
async def open_world(
    settings: Settings,
    *,
    apart: str = "",
    reporter: ReporterOf | None = None,
    telemetries: Telemetries | None = None,
    place: Place | None = None,
    share: Share | None = None,
    name: str = "",
    sights: Sights | None = None,
) -> AsyncIterator[World]:
    """Give the world these settings describe.

    A command that writes beside a running agent is `apart`: that is added to its name, so that it has leases of its
    own, and a chain of its own in the audit. `reporter` makes the reports of a ledger, for whoever sends them.
    `telemetries` are this process's. `place` is the ledger's, where it is open already, and `share` that by which the
    tenant is this replica's. `name` is what it is called in logs and metrics; left out, its own name or its id. `sights` are
    what a process of many tenants looks at for all of them together.

    Raises:
        SettingsError, LedgerError, Refused, Unavailable: it cannot be opened as it is set.
    """
    clock, file, replica = clock_of(settings), audit_file(settings), f"{replica_of(settings)}{apart}"
    address, key, tenant = settings.ledger.address().reveal(), _audit_key(settings), settings.tenant.id
    name, looks = name or settings.tenant.name or tenant, None if sights is None else sights.ledgers
    telemetry = SILENT if telemetries is None else telemetries.of(name, clock.now)
    opened = open_ledger(
        address,
        tenant,
        key=key,
        replica=replica,
        telemetry=telemetry,
        place=place,
        share=share,
        together=looks,
    )
    async with (
        opened as ledger,
        open_endpoint_of(settings, clock, telemetry) as machines,
        open_graph_of(settings, clock, machines=machines, telemetry=telemetry) as graph,
    ):
        _require_own_login(settings, graph)
        await ledger.trail.tell_settings(told(settings) | {"version": installed()}, clock.now())
        world = replace(
            await _whole(_world(settings, clock, graph, ledger, sights), graph, ledger),
            sink=_sink(settings, file, ledger.trail.key),
            switch=switch_of(settings, sights),
            replica=replica,
            tenant_name=name,
            telemetry=telemetry,
            meters=None if telemetries is None else ledger.meters,
        )
        if settings.mode is Mode.ENFORCE:
            await graph.look()
            world = replace(world, enactor=graph.enactor)
        if apart:
            yield world
            return
        async with _telling_people(settings, world, ledger, graph, reporter) as telling:
            yield telling


async def _whole(world: World, graph: "Graph", ledger: SqlLedger) -> World:
    """Return the world with everything that Graph and the ledger have in it, but for what enacts."""
    return replace(
        world,
        audit_log=graph.audit_log,
        login=graph.login,
        trail=ledger.trail,
        pages=ledger.pages,
        archive=ledger.archive,
        restored=await ledger.restored(),
    )


def _require_own_login(settings: Settings, graph: "Graph") -> None:
    """Raise SettingsError where a person's rights would be used to enact."""
    if settings.mode is Mode.ENFORCE and graph.is_delegated:
        raise SettingsError(
            "`mode: enforce` needs an application's own login: this one is a person's, delegated"
        )


@asynccontextmanager
async def _telling_people(
    settings: Settings, world: World, ledger: SqlLedger, graph: "Graph", reporter: ReporterOf | None
) -> AsyncIterator[World]:
    """Give the world with its channels, where anybody is told anything through them, and what channels may name."""
    world = replace(world, outside=bounds_of(settings).outside)
    pages = pages_people(settings)
    schedule = settings.report.schedule() if reporter is not None else None
    if not (pages or schedule is not None):
        yield world
        return
    send_mail = graph.send_mail if settings.mode is Mode.ENFORCE else _no_mail
    async with open_channels_of(settings, world.clock, send_mail) as channels:
        if schedule is not None and reporter is not None:
            reports = Reports(
                schedule=schedule, channels=channels, log=ledger.reports, reporter=reporter(ledger)
            )
            world = replace(world, reports=reports)
        yield replace(world, channels=channels if pages else None)


def pages_people(settings: Settings) -> bool:
    """Whether people are told what waits for them: while observing only where that is asked for."""
    return settings.mode is Mode.ENFORCE or settings.escalation.while_observing


async def _no_mail(_sender: str, _message: bytes) -> None:
    """Send no mail through Graph: while observing nothing at all is written to it."""
    raise Refused(
        "while observing nothing is written to Graph, mail included: set `smtp`, or `mode: enforce`"
    )


@asynccontextmanager
async def open_world_to_import(settings: Settings, *, elsewhere: Path | None) -> AsyncIterator[ToImport]:
    """Give a world that only reads Defender, beside a running agent or none, and where the past is written.

    Args:
        settings: whether they enforce does not matter.
        elsewhere: the file of an empty ledger to be used where there is none yet, so that nothing is written: what is
            there is only read then. None where it is to be written.

    Raises:
        SettingsError, LedgerError, Refused, Unavailable: it cannot be opened as it is set.
    """
    clock, address = clock_of(settings), settings.ledger.address().reveal()
    replica = f"{replica_of(settings)}.backfill"
    tenant = settings.tenant.id
    if elsewhere is None:
        opened = open_ledger(address, tenant, key=_audit_key(settings), replica=replica)
    elif is_there(address):
        opened = open_ledger(address, tenant, read_only=True)
    else:
        opened = open_ledger(f"sqlite:///{elsewhere}", tenant)
    async with opened as ledger, open_graph_of(settings, clock) as graph:
        world = replace(_world(settings, clock, graph, ledger), login=graph.login, replica=replica)
        if elsewhere is None:
            sink = _sink(settings, audit_file(settings), ledger.trail.key)
            world = replace(world, trail=ledger.trail, sink=sink)
        yield ToImport(world=world, imports=ledger.imports, allow=graph.allow)


@asynccontextmanager
async def open_world_to_record(
    settings: Settings, *, keep: "Keep", most: int | None, ledger: Path
) -> AsyncIterator[tuple[World, tuple[str, ...]]]:
    """Give a world that only reads and tells of all it reads, over a ledger of its own; and what was granted.

    Args:
        settings: whether they enforce does not matter.
        keep: is told every exchange with Graph, unscrubbed.
        most: how many incidents are read; all where it is None.
        ledger: the file of a ledger that is thrown away afterwards.

    Raises:
        SettingsError, LedgerError, Refused, Unavailable: it cannot be opened as it is set.
    """
    from agent.adapters.graph.recorder import FirstOnly, Recorder  # noqa: PLC0415  slow to import

    clock = clock_of(settings)

    def around(inner: "httpx.AsyncBaseTransport") -> "httpx.AsyncBaseTransport":
        return Recorder(inner if most is None else FirstOnly(inner, most), now=clock.now, keep=keep)

    async with (
        open_ledger(f"sqlite:///{ledger}", settings.tenant.id) as memory,
        open_graph_of(settings, clock, around) as graph,
    ):
        yield _world(settings, clock, graph, memory), tuple(sorted(graph.grants))


@asynccontextmanager
async def open_replayed(settings: Settings, recording: Recording, *, ledger: Path) -> AsyncIterator[World]:
    """Give the world of a recording, replayed in this process through the real adapter; time stands still there."""
    import httpx  # noqa: PLC0415  slow to import

    from agent.adapters.graph.connect import open_graph  # noqa: PLC0415  slow to import
    from agent.simulator.clock import StandingClock  # noqa: PLC0415  not needed to run
    from agent.simulator.names import CLIENT_ID, CLIENT_SECRET  # noqa: PLC0415  not needed to run
    from agent.simulator.replay import Replay  # noqa: PLC0415  not needed to run

    tenant = recording.manifest.tenant
    clock = StandingClock(recording.manifest.at)
    cloud = simulator(NOWHERE)
    transport = httpx.ASGITransport(Replay(recording, clock))
    async with (
        open_ledger(f"sqlite:///{ledger}", tenant) as memory,
        open_graph(
            clock=clock,
            cloud=cloud,
            tenant_id=tenant,
            credential=lambda: SimulatorCredential(
                cloud, tenant, CLIENT_ID, CLIENT_SECRET, transport=transport
            ),
            requests_per_minute=AS_MANY_AS_NEEDED,
            page_size=settings.graph.page_size,
            analyzed_emails_per_action=settings.graph.analyzed_emails_per_action,
            transport=transport,
        ) as graph,
    ):
        yield replace(_world(settings, clock, graph, memory), tenant_id=tenant)


@asynccontextmanager
async def open_simulated(
    settings: Settings, app: "ASGIApp", clock: Clock, *, pace: Pace
) -> AsyncIterator[World]:
    """Give the world of an agent that observes a simulated tenant in this process, with the ledger of the settings.

    Raises:
        SettingsError, LedgerError, Refused, Unavailable: it cannot be opened as it is set.
    """
    import httpx  # noqa: PLC0415  slow to import

    from agent.adapters.graph.connect import open_graph  # noqa: PLC0415  slow to import
    from agent.simulator.names import CLIENT_ID, CLIENT_SECRET  # noqa: PLC0415  not needed to run

    cloud, tenant = simulator(NOWHERE), settings.tenant.id
    transport = httpx.ASGITransport(app)
    async with (
        open_ledger(
            settings.ledger.address().reveal(), tenant, key=_audit_key(settings), replica=replica_of(settings)
        ) as ledger,
        open_graph(
            clock=clock,
            cloud=cloud,
            tenant_id=tenant,
            credential=lambda: SimulatorCredential(
                cloud, tenant, CLIENT_ID, CLIENT_SECRET, transport=transport
            ),
            requests_per_minute=AS_MANY_AS_NEEDED,
            transport=transport,
            wall=lambda: clock.now().timestamp(),
        ) as graph,
    ):
        yield replace(_world(settings, clock, graph, ledger), pace=pace)


def open_ledger_for_reading(
    settings: Settings, place: Place | None = None
) -> AbstractAsyncContextManager[SqlLedger]:
    """Give the ledger and its audit as they are, also while an agent runs; nothing can be written."""
    return open_ledger(settings.ledger.address().reveal(), settings.tenant.id, read_only=True, place=place)


def open_ledger_as_it_is(
    settings: Settings, place: Place | None = None, share: Share | None = None
) -> AbstractAsyncContextManager[SqlLedger]:
    """Give the ledger that is there, to write into while an agent runs or not; none is created or changed in form.

    With a share, nothing is written once the tenant is another replica's.
    """
    url, key, replica = settings.ledger.address().reveal(), _audit_key(settings), replica_of(settings)
    return open_ledger(
        url, settings.tenant.id, as_it_is=True, replica=replica, key=key, place=place, share=share
    )


def audit_key(settings: Settings) -> Key:
    """Return the audit's key, as it was set or as it lies beside the ledger.

    Raises:
        SettingsError, LedgerError: there is none, or it is none.
    """
    found = _audit_key(settings) or key_beside(settings.ledger.address().reveal())
    if found is None:
        raise SettingsError(
            "`audit.key` is missing: set AIR_AGENT_AUDIT_KEY, or name a file in `audit.key_file`: the one that the "
            "agent writes the audit with"
        )
    return found


def audit_file(settings: Settings) -> Path:
    """Return where the audit is shipped to.

    Raises:
        SettingsError: nobody said, and the ledger is no file to lie beside.
    """
    found = settings.audit.file or beside(settings.ledger.address().reveal(), "audit.jsonl")
    if found is None:
        raise SettingsError(
            "`audit.file` is missing: name the file that the audit is shipped to: with PostgreSQL there is none by itself"
        )
    return found


def _audit_key(settings: Settings) -> Key | None:
    if settings.audit.key is None:
        return None
    try:
        return Key(settings.audit.key.reveal())
    except ValueError as error:
        raise SettingsError(f"`audit.key` {error}") from error


def _sink(settings: Settings, file: Path, key: Key) -> Shipment:
    return Shipment(
        settings.tenant.id,
        key,
        file=file,
        anchors=settings.audit.anchor,
        syslog=settings.audit.syslog or "",
    )


def _world(
    settings: Settings, clock: Clock, graph: "Graph", ledger: Ledger, sights: Sights | None = None
) -> World:
    """Return a world that only reads."""
    return World(
        tenant_id=settings.tenant.id,
        clock=clock,
        defender=graph.defender,
        enactor=None,
        ledger=ledger,
        shelf=shelf_of(settings, None if sights is None else sights.shelves),
        directory=graph.directory,
        targets=graph.targets,
        pace=settings.loop_pace(),
        rails=rails_of(settings.guards),
        own=graph.own,
        escalating=settings.escalating(),
        enforces_observers=settings.policies.enforces_observers,
        version=installed(),
        replica=replica_of(settings),
        at_risk=settings.telemetry.at_risk,
    )
