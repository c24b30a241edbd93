"""The real loop and the real Graph adapter against the simulator in this process, on one clock that jumps."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
from azure.core.credentials import AccessToken

from agent.adapters.endpoint.connect import open_endpoint
from agent.adapters.graph.connect import open_graph
from agent.adapters.ledger.opening import REPLICA
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.adapters.microsoft.machines import Machines
from agent.adapters.microsoft.proofs import Proof
from agent.adapters.microsoft.tokens import Credential
from agent.adapters.shipment import Shipment
from agent.audit.key import Key
from agent.loop.passing import Memory, one_pass
from agent.loop.policies import InForce
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.model.enactment import Record, State
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.pace import Pace
from agent.model.rails import MOST_MESSAGES, Rails
from agent.ports.host import Clock, PolicyShelf
from agent.ports.telemetry import SILENT, Telemetry
from agent.ports.world import World
from agent.shelves import shelf_in
from agent.simulator import names
from agent.simulator import state as simulated
from agent.simulator.app import Simulator, build
from agent.simulator.faults import Faults
from agent.simulator.switches import Switches
from tests.clock import ManualClock
from tests.ledgers import open_ledger
from tests.metadata import in_process

SHIPPED = Path(__file__).parent.parent / "policies"
URL = "http://127.0.0.1:8000"


class Login:
    """Gives tokens that the simulator itself made."""

    def __init__(self, app: Simulator, clock: ManualClock) -> None:
        self._app = app
        self._clock = clock

    def get_token(self, *scopes: str, **kwargs: object) -> AccessToken:
        token = self._app.identity.token(self._clock.now(), audience=URL)
        return AccessToken(token, 2**40)

    def close(self) -> None:
        """Hold nothing open."""


LOOSE = Rails(
    caps=(),
    two_people_from=MOST_MESSAGES + 1,
    mailboxes_per_action=MOST_MESSAGES,
    users_per_day=1_000_000,
    devices_per_day=1_000_000,
    brake_floor=1_000_000,
)
"""Guard rails that nothing here meets: what is looked at is everything else."""


@dataclass
class Simulated:
    """An agent in front of a tenant that behaves."""

    app: Simulator
    clock: ManualClock
    world: World
    policies: InForce
    memory: Memory = field(default_factory=Memory)

    async def run_pass(self) -> PassReport:
        """Make one pass; an outage is in its report."""
        report = PassReport(began=self.clock.now())
        try:
            await one_pass(self.world, self.policies, asyncio.Event(), report, self.memory)
        except Unavailable as error:
            report.is_unavailable, report.unavailable_until = True, error.until
            report.problems.append(str(error))
        except (Malformed, Refused) as error:
            report.problems.append(str(error))
        return report

    async def live(self, span: timedelta, *, every: timedelta = timedelta(minutes=1)) -> list[PassReport]:
        """Make passes for a while, and let time go by between them."""
        await start(self.world, self.policies)
        until = self.clock.now() + span
        reports = []
        while self.clock.now() < until:
            report = await self.run_pass()
            reports.append(report)
            wait = max(self.clock.now() + every, report.unavailable_until or self.clock.now())
            await self.clock.sleep_until(wait)
        return reports

    async def records(self) -> dict[str, Record]:
        return {record.action.id: record for record in await self.world.ledger.listed(limit=10_000)}

    async def states(self) -> list[State]:
        return [record.state for record in (await self.records()).values()]

    def asked(self, *kinds: str) -> int:
        """Return how many requests Graph saw, of these kinds or of all but for tokens."""
        return sum(
            request.kind in kinds if kinds else request.kind != "token" for request in self.app.state.requests
        )


@asynccontextmanager
async def a_simulated(
    tenant: simulated.State,
    folder: Path,
    *,
    switches: Switches | None = None,
    faults: Faults | None = None,
    observes: bool = False,
    pace: Pace | None = None,
    shelf: PolicyShelf | None = None,
    requests_per_minute: int = 60,
    rails: Rails = LOOSE,
    checked: bool = True,
    enforces_observers: bool = True,
    has_devices: bool = False,
) -> AsyncIterator[Simulated]:
    """Give an agent that enforces the shipped policies, every exchange of it held to the metadata.

    With `has_devices`, Defender for Endpoint is spoken to as well.
    """
    clock = ManualClock(tenant.started)
    app = build(tenant, switches, faults, clock)
    ledger_url = f"sqlite:///{folder / 'data' / 'ledger.db'}"
    pace = pace or Pace(requests_per_minute=requests_per_minute)
    async with (
        _machines(app, clock) if has_devices else nullcontext() as machines,
        open_world(
            ledger_url,
            clock,
            login=lambda: Login(app, clock),
            transport=in_process(app, sound=checked),
            shelf=shelf or shelf_in(SHIPPED),
            pace=pace,
            machines=machines,
            rails=rails,
            requests_per_minute=requests_per_minute,
        ) as whole,
    ):
        enactor = None if observes else whole.enactor
        world = replace(whole, enactor=enactor, enforces_observers=enforces_observers)
        yield Simulated(app, clock, world, await load(world))


def _machines(app: Simulator, clock: ManualClock) -> AbstractAsyncContextManager[Machines]:
    cloud, transport = simulator(URL), httpx.ASGITransport(app)
    return open_endpoint(
        clock=clock,
        url=cloud.endpoint or "",
        tenant_id=names.TENANT_ID,
        credential=lambda: SimulatorCredential(
            cloud, names.TENANT_ID, names.CLIENT_ID, names.CLIENT_SECRET, transport=transport
        ),
        transport=transport,
    )


@asynccontextmanager
async def open_world(
    ledger_url: str,
    clock: Clock,
    *,
    login: Callable[[], Credential],
    shelf: PolicyShelf,
    pace: Pace,
    url: str = URL,
    transport: httpx.AsyncBaseTransport | None = None,
    machines: Machines | None = None,
    rails: Rails = LOOSE,
    requests_per_minute: int = 60,
    replica: str = REPLICA,
    audit: tuple[Key, Path] | None = None,
    telemetry: Telemetry = SILENT,
    proofs: Sequence[Proof] = (),
    tenant_id: str = names.TENANT_ID,
) -> AsyncIterator[World]:
    """Give the world of an agent that enforces, with the real adapters, on any clock.

    `audit` is its key and the file that it is shipped to; nothing is shipped where it is None. What is measured is told to
    `telemetry`, and `proofs` are what it proves itself with.
    """
    key = None if audit is None else audit[0]
    async with (
        open_ledger(ledger_url, tenant_id, replica=replica, key=key, telemetry=telemetry) as ledger,
        open_graph(
            clock=clock,
            cloud=simulator(url),
            tenant_id=tenant_id,
            credential=login,
            requests_per_minute=requests_per_minute,
            machines=machines,
            transport=transport,
            wall=lambda: clock.now().timestamp(),
            lots=Random(1),
            telemetry=telemetry,
            proofs=proofs,
        ) as graph,
    ):
        yield World(
            tenant_id=tenant_id,
            clock=clock,
            defender=graph.defender,
            enactor=graph.enactor,
            ledger=ledger,
            shelf=shelf,
            directory=graph.directory,
            targets=graph.targets,
            audit_log=graph.audit_log,
            pace=pace,
            rails=rails,
            trail=None if audit is None else ledger.trail,
            sink=None if audit is None else _sink(tenant_id, *audit),
            version="test",
            replica=replica,
            login=graph.login if proofs else None,
            pages=ledger.pages,
            telemetry=telemetry,
            meters=None if telemetry is SILENT else ledger.meters,
            archive=ledger.archive,
            restored=await ledger.restored(),
        )


def _sink(tenant_id: str, key: Key, file: Path) -> Shipment:
    return Shipment(tenant_id, key, file=file, anchors=None, syslog="")


def noon() -> datetime:
    return datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def described(records: dict[str, Record]) -> str:
    """Return the records in a form to read in a failure."""
    return json.dumps(
        {key: [record.state, record.action.label[:40]] for key, record in records.items()}, indent=1
    )
