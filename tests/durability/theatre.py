"""Real agents as they are deployed, `air-agent run` with many tenants, in front of a simulator that lives on.

Their time runs fast, but PostgreSQL's does not, and neither do leases: those are counted in real seconds.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
import psycopg

from agent.__main__ import main
from agent.adapters.endpoint.connect import open_endpoint
from agent.adapters.ledger import shares
from agent.adapters.ledger.opening import open_ledger
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.adapters.microsoft.tokens import Credential
from agent.simulator import names
from agent.simulator.app import build
from agent.simulator.serve import serve
from agent.simulator.several import Several, tenant_ids
from agent.simulator.switches import Switches
from tests.durability.links import Link
from tests.durability.moment import SharedClock, SharedNumber
from tests.durability.peace import until_settled
from tests.durability.processes import (
    PACE,
    UNBOUNDED,
    Child,
    Quieting,
    Remote,
    Told,
    fork,
    log_to,
    warm,
)
from tests.durability.reckoning import KEY, Reckoning, Seen, reckon
from tests.durability.scenes import Tenant, shelf
from tests.postgresql import Postgres
from tests.simulated import open_world

RATE = 6.0
"""Seconds of the agents' time in a real one."""

LONGER_THAN_A_LEASE = timedelta(minutes=15)

MANY = "tenants: {directory: tenants}"

SETTINGS = """\
{tenants}
mode: enforce
graph: {{cloud: simulator, url: "{url}", requests_per_minute: 100000}}
auth: {{kind: clientSecret, client_id: {client}}}
policies: {{directory: policies}}
endpoint: {{enabled: true}}
guards:
  actions_per_hour: 100000
  actions_per_day: 1000000
  messages_per_hour: 1000000
  messages_per_day: 10000000
  accounts_per_hour: 10000
  accounts_per_day: 100000
  rules_per_hour: 10000
  files_per_hour: 10000
  mailboxes_per_action: 100000
  two_people_from: 1000000
  users_per_day: 1000000
  devices_per_day: 1000000
  share_from: 1000000
  brake_floor: 100000
pace: {{fresh: 20m}}
audit: {{file: "{folder}/{tenant}.jsonl"}}
log: {{format: json, level: info}}
clock: {{rate: {rate:g}, epoch: "{epoch}"}}
"""


@dataclass
class Replica:
    """One agent, the wire between it and the database, and what it printed and logged."""

    name: str
    link: Link
    folder: Path
    process: Child = field(default_factory=lambda: Child(0, status=0))
    lives: int = 0

    @property
    def out(self) -> Path:
        """Where it prints one line for each pass."""
        return self.folder / f"{self.name}.{self.lives}.out"

    @property
    def log(self) -> Path:
        """Where it logs."""
        return self.folder / f"{self.name}.{self.lives}.log"

    @property
    def is_alive(self) -> bool:
        """Whether its process runs, or is stopped."""
        return self.process.wait(options=os.WNOHANG) is None

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self.is_alive:
            self.process.signal(number)

    def kill(self) -> None:
        """End it at once."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def wait(self) -> int:
        """Return the code it ended with, once it has: it was asked to stop."""
        return os.waitstatus_to_exitcode(self.process.wait() or 0)

    def passes(self) -> Mapping[str, int]:
        """Return how many passes this process has made in each tenant until now."""
        made: dict[str, int] = {}
        for line in self.out.read_bytes().splitlines():
            tenant = json.loads(line).get("tenant", "tenant1")
            made[tenant] = made.get(tenant, 0) + 1
        return made


class Share(msgspec.Struct, frozen=True):
    """Whose a tenant is, as the database says."""

    tenant_id: str
    replica: str
    token: int
    is_held: bool


@dataclass
class Theatre:
    """Everything that outlives the agents: the database, the simulator, the clock, and the files."""

    folder: Path
    server: Postgres
    seed: int
    tenants: int
    lease: float | None
    template: str = "empty_ledger"
    replicas: dict[str, Replica] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ids = tenant_ids(self.tenants)
        self.names = {tenant_id: f"tenant{number}" for number, tenant_id in enumerate(self.ids, 1)}
        self.database = self.server.new(template=self.template)
        self.epoch = datetime.fromtimestamp(time.time_ns() / 1_000_000_000, UTC)
        self.clock = SharedClock(self.epoch, RATE)
        self.wanted, self.quiet = SharedNumber(), SharedNumber()
        self.url = ""
        self._simulator = Child(0)
        self._told = self.folder / "told.json"

    def __enter__(self) -> Self:
        warm()
        reading, writing = os.pipe()
        self._simulator = fork(lambda: self._simulate(writing))
        os.close(writing)
        with os.fdopen(reading) as said:
            self.url = f"http://127.0.0.1:{said.readline().strip()}"
        self._write_settings()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.replicas.values():
            one.kill()
            one.link.__exit__()
        self._simulator.kill()

    def _simulate(self, writing: int) -> None:
        tenants, apps = {}, {}
        switches = Switches(
            throttle_per_minute=None, machine_calls_per_minute=None, rows_after=timedelta(minutes=1)
        )
        for number, tenant_id in enumerate(self.ids):
            tenant = tenants[tenant_id] = Tenant(self.seed + number, self.clock.now())
            tenant.state.tenant_id = tenant_id
            faults = Quieting(self.seed + number, self.quiet)
            apps[tenant_id] = Remote(build(tenant.state, switches, faults, self.clock), tenant, self)

        def ready(port: int) -> None:
            os.write(writing, f"{port}\n".encode())
            os.close(writing)

        serve(Several(apps), on_ready=ready)
        told = {
            one: Told(seen=Seen.of(tenant.state), arrivals=tuple(tenant.arrivals))
            for one, tenant in tenants.items()
        }
        self._told.write_bytes(msgspec.json.encode(told))

    def _write_settings(self) -> None:
        for folder in ("policies", "tenants"):
            (self.folder / folder).mkdir()
        for file, content in shelf().files().items():
            (self.folder / file).write_bytes(content)
        for tenant_id, name in self.names.items():
            (self.folder / "tenants" / f"{name}.yaml").write_text(f"tenant: {{id: {tenant_id}}}\n")
        alone = f"tenant: {{id: {self.ids[0]}}}"
        for file, tenants, tenant in (("air-agent", MANY, "{tenant}"), ("older", alone, "tenant1")):
            text = SETTINGS.format(
                tenants=tenants,
                tenant=tenant,
                url=self.url,
                client=names.CLIENT_ID,
                folder=self.folder,
                rate=RATE,
                epoch=self.epoch.isoformat(),
            )
            (self.folder / f"{file}.yaml").write_text(text)

    def start(self, name: str, code: Path | None = None) -> Replica:
        """Start a replica, or start it again, from this code or from that in another folder.

        Where leases are shorter than they are, it is a fork of this process, which is ready at once.
        """
        if name not in self.replicas:
            link = Link(f"{self.server.host}/.s.PGSQL.5432").__enter__()
            self.replicas[name] = Replica(name, link, self.folder)
        one = self.replicas[name]
        one.lives += 1
        database = self.database.partition("?")[0].replace("/test_", f"127.0.0.1:{one.link.port}/test_")
        environ = {key: value for key, value in os.environ.items() if not key.startswith("AIR_AGENT_")}
        environ |= {
            "AIR_AGENT_LEDGER_URL": database,
            "AIR_AGENT_REPLICA": name,
            "AIR_AGENT_CLIENT_SECRET": names.CLIENT_SECRET,
            "AIR_AGENT_AUDIT_KEY": "0123456789abcdef0123456789abcdef",
        }
        settings = self.folder / ("air-agent.yaml" if code is None else "older.yaml")
        words = ["run", "--settings", str(settings), "--json"]

        def work() -> None:
            for number, file in ((1, one.out), (2, one.log)):
                os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
            os.chdir(code or Path.cwd())
            if self.lease is None or code is not None:
                os.execve(sys.executable, [sys.executable, "-m", "agent", *words], environ)
            shares.LEASE = self.lease
            os.environ.clear()
            os.environ.update(environ)
            # Nothing here is encrypted, and to read all roots of trust takes longer than all else at a start.
            os.environ["SSL_CERT_DIR"] = str(self.folder)
            sys.argv = ["air-agent", *words]
            try:
                main()
            except SystemExit as ended:
                sys.stdout.flush()
                os._exit(int(ended.code or 0))

        one.out.touch()
        one.process = fork(work)
        return one

    def shares(self) -> dict[str, Share]:
        """Return whose each tenant is; nothing where the database cannot be asked."""
        query = (
            "SELECT tenant_id, replica, token, instance <> '' AND until > extract(epoch FROM clock_timestamp()) * 1000000 "
            "FROM shares"
        )
        try:
            with psycopg.connect(self._direct()) as session:
                return {row[0]: Share(*row) for row in session.execute(query)}
        except psycopg.OperationalError:
            return {}

    def query(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database directly."""
        with psycopg.connect(self._direct()) as session:
            return session.execute(query.encode()).fetchall()

    def _direct(self) -> str:
        return self.database.replace("postgresql+psycopg://", "postgresql://")

    def writes(self) -> int:
        """Return how many writes of any kind the simulator has accepted until now, in all tenants."""
        reading = {"token", "hunting"}
        found = 0
        for tenant_id in self.ids:
            told = httpx.get(
                f"{self.url}/{tenant_id}/simulator/requests", timeout=30, trust_env=False
            ).json()["requests"]
            found += sum(
                one["status"] // 100 == 2
                for one in told
                if one["method"] != "GET" and one["kind"] not in reading
            )
        return found

    def in_peace(self, tenant_id: str) -> None:
        """Let an agent live in a tenant until nothing is left to do, while nothing fails or arrives."""
        self.quiet.value, self.wanted.value = 1, 0
        self.clock.advance(LONGER_THAN_A_LEASE)

        def work() -> None:
            log_to(self.folder / "peace.log")
            self.clock.leaps = True
            os.environ.pop("SSL_CERT_FILE", None)
            os.environ["SSL_CERT_DIR"] = str(self.folder)
            asyncio.run(self._live(tenant_id))

        if fork(work).wait() != 0:
            told = (self.folder / "peace.log").read_text()[-2000:]
            raise RuntimeError(f"an agent that nobody disturbed failed: {told}")

    async def _live(self, tenant_id: str) -> None:
        def login() -> Credential:
            return SimulatorCredential(
                simulator(self.url),
                tenant_id,
                names.CLIENT_ID,
                names.CLIENT_SECRET,
                transport=httpx.AsyncHTTPTransport(verify=False),
            )

        async with (
            open_endpoint(clock=self.clock, url=self.url, tenant_id=tenant_id, credential=login) as machines,
            open_world(
                self.database,
                self.clock,
                login=login,
                shelf=shelf(),
                pace=PACE,
                url=self.url,
                machines=machines,
                requests_per_minute=UNBOUNDED,
                replica="peace",
                audit=(KEY, self._shipped(tenant_id)),
                tenant_id=tenant_id,
            ) as world,
        ):
            await until_settled(world)

    def reckonings(self) -> dict[str, Reckoning]:
        """End the simulator, and return what came of it all in each tenant."""
        self._simulator.signal(signal.SIGTERM)
        self._simulator.wait()
        told = msgspec.json.decode(self._told.read_bytes(), type=dict[str, Told])
        return {tenant_id: asyncio.run(self._reckon(tenant_id, told[tenant_id])) for tenant_id in self.ids}

    async def _reckon(self, tenant_id: str, told: Told) -> Reckoning:
        async with open_ledger(self.database, tenant_id, key=KEY) as ledger:
            return await reckon(ledger, told.seen, told.arrivals, self._shipped(tenant_id), tenant_id)

    def _shipped(self, tenant_id: str) -> Path:
        return self.folder / f"{self.names[tenant_id]}.jsonl"
