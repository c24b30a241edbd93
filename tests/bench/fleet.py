"""A fleet: 300 tenants in one process, 1,000 over three replicas, and how three replicas compare with one.

Real processes: a simulator with every tenant behind one address, agents as people start them, the shipped policies.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from urllib.request import urlopen

import msgspec
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from agent.simulator import names
from agent.simulator.several import tenant_ids
from tests.bench.tenants import Plan, simulated
from tests.postgresql import server

Row = tuple[str, str, str]

POLICIES = Path(__file__).parents[2] / "policies"
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 1_800.0
"""Seconds until what waits must be decided."""

ARRIVING = 3
"""Actions that come to each tenant while it is measured."""


QUOTA = 0.25
"""The part of one core that each replica gets where they are compared: so that three have three times as much as one even
on a machine of two cores, and what they share has the rest."""

BEGIN = 120
"""Seconds until everything comes at once where replicas are compared: with so little of a core they open slowly."""

GROUPS = Path("/sys/fs/cgroup/cpu")
PERIOD = 100_000


def run() -> list[Row]:
    """Return what was measured and what was wanted."""
    return [*one_process(300, 20), *three_replicas(1_000, 20), *compared(60, 200)]


def one_process(tenants: int, actions: int, *, seconds: int = 180) -> list[Row]:
    """Return what so many tenants cost in one process with ledgers in files."""
    with _stage(tenants, actions, seconds) as stage:
        (agent,) = [stage.agent("one")]
        return stage.measured([agent], "one process")


def three_replicas(tenants: int, actions: int, *, seconds: int = 240) -> list[Row]:
    """Return what so many tenants cost in three processes on one PostgreSQL."""
    with server() as postgres, _stage(tenants, actions, seconds, postgres.new()) as stage:
        agents = [stage.agent(f"replica-{number}") for number in range(3)]
        return stage.measured(agents, "three replicas")


def compared(tenants: int, actions: int) -> list[Row]:
    """Return how much sooner three replicas have decided what comes at once than one, each with the same part of a core."""
    if not os.access(GROUPS, os.W_OK):
        return [
            (
                "fleet: three replicas and one",
                "not measured: needs to limit processes (root, cgroup v1)",
                "2.5",
            )
        ]
    took = {}
    for count in (1, 3):
        with server() as postgres, _stage(tenants, 1, 0, postgres.new(), at_once=actions) as stage:
            agents = [stage.agent(f"replica-{number}", quota=QUOTA) for number in range(count)]
            stage.wait_until(tenants, agents)
            stage.wait_until(tenants * (1 + actions), agents)
            took[count] = max(stage.lags())
    ratio = took[1] / took[3]
    what = f"fleet: {tenants} tenants to which {actions} actions come in one second, replicas with {QUOTA:g} of a core each"
    return [
        (f"{what}: one", f"all are decided after {took[1]:.0f} s", "the baseline"),
        (f"{what}: three", f"{took[3]:.0f} s, {ratio:.2f} times as fast", "at least 2.5 times"),
    ]


@dataclass(frozen=True, kw_only=True)
class Use:
    """What a process has used until now: seconds of one core, and MiB of its own (what it shares counts in part)."""

    cpu: float
    memory: float

    @classmethod
    def of(cls, pid: int) -> "Use":
        """Read it."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        shares = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        (pss,) = (int(line.split()[1]) for line in shares if line.startswith("Pss:"))
        return cls(cpu=(int(fields[11]) + int(fields[12])) / TICKS, memory=pss / 1024)


class Stage:
    """A simulator with all tenants, their settings, and agents."""

    def __init__(
        self, folder: Path, stack: ExitStack, tenants: int, actions: int, seconds: int, at_once: int
    ) -> None:
        self.folder, self.tenants, self.actions, self.seconds = folder, tenants, actions, seconds
        self._stack = stack
        self._settle = 60 + tenants // 4
        """Seconds until they are all open and what waits is decided; what comes later is measured."""
        begin, end = self._settle, self._settle + max(seconds - 60, 0)
        if at_once:
            begin, end = BEGIN, BEGIN + 1
        arriving = at_once or (ARRIVING if seconds else 0)
        self._arriving_from = time.time() + begin  # noqa: TID251  the clock that the simulator goes by as well
        plan = Plan(tenants=tenants, waiting=actions, arriving=arriving, begin=begin, end=end)
        self.url = stack.enter_context(simulated(plan))
        self.ids = tenant_ids(tenants)
        self.database = ""

    def settle(self, database: str | None) -> None:
        """Write the settings, with this database or files."""
        (self.folder / "tenants").mkdir()
        for number, tenant_id in enumerate(self.ids):
            (self.folder / "tenants" / f"t{number:04d}.yaml").write_text(f"tenant: {{id: {tenant_id}}}\n")
        self.database = database or ""
        shared = {
            "tenants": {"directory": "tenants"},
            "graph": {"cloud": "simulator", "url": self.url},
            "auth": {"kind": "clientSecret", "client_id": names.CLIENT_ID},
            "policies": {"directory": str(POLICIES)},
            "log": {"file": "log", "level": "error"},
            "ledger": {"url": database or "sqlite:///data/{tenant}/ledger.db"},
        } | ({"audit": {"file": "audit/{tenant}.jsonl"}} if database else {})
        (self.folder / "audit").mkdir(mode=0o700)
        (self.folder / "air-agent.yaml").write_text(json.dumps(shared))

    def agent(self, name: str, quota: float | None = None) -> "subprocess.Popen[str]":
        """Start one."""
        environ = os.environ | {
            "AIR_AGENT_CLIENT_SECRET": names.CLIENT_SECRET,
            "AIR_AGENT_REPLICA": name,
            "AIR_AGENT_LOG_FILE": str(self.folder / f"{name}.log"),
        }
        if self.database:
            environ["AIR_AGENT_AUDIT_KEY"] = "ab" * 32
        command = [sys.executable, "-m", "agent", "run", "--settings", str(self.folder / "air-agent.yaml")]
        said = (self.folder / f"{name}.out").open("w")
        started = subprocess.Popen(command, env=environ, stdout=said, stderr=said, text=True)
        self._stack.enter_context(_killed(started))
        if quota is not None:
            self._stack.enter_context(_limited(started.pid, quota))
        return started

    def measured(self, agents: Sequence["subprocess.Popen[str]"], what: str) -> list[Row]:
        """Return what the agents used and how soon they decided, once all that waits is decided."""
        began = time.monotonic()
        opened = self.wait_until(self.tenants * self.actions, agents)
        time.sleep(max(0.0, began + self._settle - time.monotonic()))
        before, asked = [Use.of(one.pid) for one in agents], self.requests()
        time.sleep(self.seconds)
        after, again = [Use.of(one.pid) for one in agents], self.requests()
        assert all(one.poll() is None for one in agents), "an agent has ended"
        minutes = self.seconds / 60
        cpu = sum(b.cpu - a.cpu for a, b in zip(before, after, strict=True)) / self.seconds
        memory = sum(one.memory for one in after)
        lags = self.lags()
        whole = f"fleet: {self.tenants:,} tenants x {self.actions} open actions, {what}"
        return [
            (f"{whole}: all seen and decided after", f"{opened:.0f} s", "-"),
            (
                f"{whole}: CPU when nothing but the usual comes",
                f"{cpu:.2f} cores, {cpu / self.tenants * 1000:.2f} ms of one a second and tenant",
                "-",
            ),
            (f"{whole}: memory", f"{memory:,.0f} MiB, {memory / self.tenants:.2f} a tenant", "-"),
            (
                f"{whole}: requests",
                f"{(again - asked) / minutes / self.tenants:.2f} a minute and tenant",
                "below 60",
            ),
            (
                f"{whole}: from an action's creation to its decision, polled each minute",
                f"median {median(lags):.0f} s, p99 {quantiles(lags, n=100)[98]:.0f} s, at most {max(lags):.0f} s; {len(lags):,} of {self.tenants * ARRIVING:,} are decided",
                "-",
            ),
        ]

    def wait_until(self, decided: int, agents: Sequence["subprocess.Popen[str]"]) -> float:
        """Wait until so many are decided; return how many seconds it took."""
        began = time.monotonic()
        while len(self._decisions()) < decided:
            assert all(one.poll() is None for one in agents), "an agent has ended"
            assert time.monotonic() - began < PATIENCE, f"{len(self._decisions())} of {decided} are decided"
            time.sleep(2)
        return time.monotonic() - began

    def lags(self) -> list[float]:
        """Return the seconds from the creation of each action that came while it was measured to its decision."""
        of_those = f" AND r.first_seen >= {int(self._arriving_from * 1e6)}"
        return [(at - seen) / 1e6 for seen, at in self._decisions(of_those)]

    def requests(self) -> int:
        """Return how many requests all tenants were asked."""
        total = 0
        for tenant_id in self.ids:
            with urlopen(f"{self.url}/{tenant_id}/simulator/status") as answer:
                total += sum(msgspec.json.decode(answer.read())["requests"].values())
        return total

    def _decisions(self, more: str = "") -> list[tuple[int, int]]:
        """Return when each action was created and when it was first decided, in microseconds."""
        query = (
            "SELECT r.first_seen, d.at FROM decisions d JOIN records r ON r.tenant_id = d.tenant_id AND r.id = d.action_id "
            f"WHERE d.number = 1{more}"
        )
        if self.database:
            engine = create_engine(self.database)
            try:
                with engine.connect() as connection:
                    return [(row[0], row[1]) for row in connection.execute(text(query))]
            except ProgrammingError:  # no agent has made its tables yet
                return []
            finally:
                engine.dispose()
        found: list[tuple[int, int]] = []
        for path in sorted((self.folder / "data").glob("*/ledger.db")):
            with (
                closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as ledger,
                suppress(sqlite3.OperationalError),
            ):
                found += ledger.execute(query).fetchall()
        return found


@contextmanager
def _stage(
    tenants: int, actions: int, seconds: int, database: str | None = None, *, at_once: int = 0
) -> Iterator[Stage]:
    """Give a stage. `at_once` actions come to each tenant in one second, once all is settled; else a few while it is measured."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stage = Stage(Path(folder), stack, tenants, actions, seconds, at_once)
        stage.settle(database)
        yield stage


@contextmanager
def _killed(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def _limited(pid: int, part: float) -> Iterator[None]:
    """Give a process so much of one core until the end."""
    group = GROUPS / f"air-agent-bench-{pid}"
    group.mkdir()
    try:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD))
        (group / "cpu.cfs_quota_us").write_text(str(int(PERIOD * part)))
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        for one in (group / "cgroup.procs").read_text().split():
            (GROUPS / "cgroup.procs").write_text(one)
        group.rmdir()
