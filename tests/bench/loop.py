"""The loop: how fast it records and enacts, how many requests it needs, and what it keeps in memory.

What waits for nobody is timed on the machine's clock; what waits for the request budget, on a clock that
jumps, so that half an hour of budget takes seconds.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

from agent.adapters.graph.connect import open_graph
from agent.adapters.host import SystemClock
from agent.adapters.ledger.opening import open_ledger
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import CredentialKind, credential
from agent.loop.passing import one_pass
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.model.defender import Mail
from agent.model.pace import Pace
from agent.model.page import Page
from agent.ports.world import World
from agent.simulator import names, tenant
from tests.clock import ManualClock
from tests.fakes import FakeDefender, FakeDirectory, FakeShelf, FakeTargets
from tests.loop.conftest import APPROVE
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident
from tests.simulated import LOOSE, a_simulated, noon

Row = tuple[str, str, str]
SHELF = FakeShelf(approve=APPROVE)


class ManyActions(FakeDefender):
    """Shows so many clusters, five an incident, fifty incidents a page, made as they are asked for."""

    def __init__(self, actions: int) -> None:
        super().__init__(ManualClock(NOW))
        self.actions = actions

    async def incidents_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        if since > NOW - timedelta(hours=1):
            yield Page()
            return
        for first in range(0, self.actions, 250):
            incidents = []
            for number in range(first, min(first + 250, self.actions), 5):
                alerts = [
                    an_alert(
                        a_cluster(query=f"Urls:{n}", first=n * 10, messages=5),
                        id=f"a{n}",
                        incident_id=str(number),
                    )
                    for n in range(number, number + 5)
                ]
                incidents.append(an_incident(*alerts, id=str(number)))
            yield Page(incidents=tuple(incidents))

    async def mail(self, network_message_ids: Sequence[str]) -> Mail:
        return Mail(messages=tuple(a_copy(int(message[-12:])) for message in network_message_ids))


async def _observed(actions: int, folder: Path, passes: int = 0) -> tuple[float, list[int]]:
    """Return the seconds to record so many actions, and the resident bytes every tenth of the passes after."""
    defender = ManyActions(actions)
    async with open_ledger(f"sqlite:///{folder / 'data' / 'ledger.db'}", TENANT) as ledger:
        world = World(
            tenant_id=TENANT,
            clock=defender.clock,
            defender=defender,
            enactor=None,
            ledger=ledger,
            shelf=SHELF,
            targets=FakeTargets(defender.clock),
            directory=FakeDirectory(),
            pace=Pace(),
            rails=LOOSE,
        )
        policies, stop = await load(world), asyncio.Event()
        began = perf_counter()
        await one_pass(world, policies, stop, PassReport(began=NOW))
        took = perf_counter() - began
        counted = sum((await ledger.counts()).values())
        assert counted == actions, counted
        resident = [_resident()]
        for number in range(1, passes + 1):
            await one_pass(world, policies, stop, PassReport(began=NOW))
            if number % (passes // 10) == 0:
                resident.append(_resident())
    return took, resident


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def _enforced(actions: int, folder: Path) -> float:
    """Return the seconds to settle so many approvals against the simulator in a process of its own."""
    code = (
        "import sys;from agent.simulator import serve,tenant;from agent.simulator.switches import Switches;"
        "from datetime import datetime,UTC;now=datetime.now(UTC);"
        f"state=tenant.burst(1,now,actions={actions},per_incident=5,messages_each=5);"
        "serve.run(0,1,1.0,now,Switches(throttle_per_minute=None),None,'simulated-secret',"
        "lambda port:print(port,flush=True),state)"
    )
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        cloud = simulator(url)
        async with (
            open_ledger(f"sqlite:///{folder / 'data' / 'ledger.db'}", names.TENANT_ID) as ledger,
            open_graph(
                clock=SystemClock(),
                cloud=cloud,
                tenant_id=names.TENANT_ID,
                credential=credential(
                    CredentialKind.SIMULATOR,
                    cloud=cloud,
                    tenant_id=names.TENANT_ID,
                    client_id=names.CLIENT_ID,
                ),
                requests_per_minute=1_000_000,
            ) as graph,
        ):
            world = World(
                tenant_id=names.TENANT_ID,
                clock=SystemClock(),
                defender=graph.defender,
                enactor=graph.enactor,
                ledger=ledger,
                shelf=SHELF,
                targets=graph.targets,
                directory=FakeDirectory(),
                pace=Pace(requests_per_minute=1_000_000),
                rails=LOOSE,
            )
            began = perf_counter()
            report = PassReport(began=world.clock.now())
            await one_pass(world, await load(world), asyncio.Event(), report)
            took = perf_counter() - began
            assert report.sent == actions, report
    finally:
        server.terminate()
        server.wait()
    return took


async def _requests(folder: Path, *, actions: int, per_incident: int, messages: int) -> float:
    """Return requests for each cluster enacted, the poll apart."""
    burst = tenant.burst(1, noon(), actions=actions, per_incident=per_incident, messages_each=messages)
    async with a_simulated(burst, folder, shelf=SHELF, checked=False) as simulated:
        await simulated.live(timedelta(minutes=4))
        return (simulated.asked() - simulated.asked("incidents")) / actions


async def _idle(folder: Path) -> float:
    """Return requests in a pass over 50 open actions with nothing new."""
    shelf = FakeShelf(approve=APPROVE.replace("atMost: 200", "atMost: 1"))
    burst = tenant.burst(1, noon(), actions=50, messages_each=2)
    async with a_simulated(burst, folder, shelf=shelf, checked=False) as simulated:
        await simulated.live(timedelta(minutes=20))
        before = simulated.asked()
        reports = await simulated.live(timedelta(minutes=30))
        return (simulated.asked() - before) / len(reports)


async def _burst(folder: Path, actions: int) -> tuple[float, float]:
    """Return the minutes in which a burst was cleared, and the fewest that its requests need.

    The least counts what nobody can leave out: the pages of the first poll, one hunting query, and to read
    again, remediate, comment and tag for each action alone in its incident, at 60 in any minute.
    """
    burst = tenant.burst(1, noon(), actions=actions, messages_each=5)
    async with a_simulated(burst, folder, shelf=SHELF, checked=False) as simulated:
        began = simulated.clock.now()
        await start(simulated.world, simulated.policies)
        while simulated.asked("incidentPatch") < actions:
            report = await simulated.run_pass()
            if not report.waiting:
                await simulated.clock.sleep_until(simulated.clock.now() + simulated.world.pace.poll_every)
        last = max(r.at for r in simulated.app.state.requests if r.kind == "incidentPatch")
        took = (last - began) / timedelta(minutes=1)
    needed = (actions + 49) // 50 + 1 + 4 * actions
    return took, (needed - 1) // 60


def _memory(actions: int, passes: int) -> tuple[float, float]:
    """Return resident MiB after so many actions, and how much was added over so many passes, in a new process."""
    code = (
        "import asyncio,sys,tempfile;from pathlib import Path;from tests.bench.loop import _observed;"
        "d=tempfile.TemporaryDirectory();"
        f"_,r=asyncio.run(_observed({actions},Path(d.name),{passes}));print(r[0],r[1],r[-1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after, settled, last = (int(word) / 2**20 for word in done.stdout.split()[-3:])
    return max(after, last), last - settled


def run() -> list[Row]:
    """Measure, and return what, how much, and the goal."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def fresh(part: str) -> Path:
            (folder / part).mkdir()
            return folder / part

        took, _ = asyncio.run(_observed(5_000, fresh("observe")))
        rows.append(("observe, actions a second", f"{5_000 / took:,.0f}", "at least 500"))
        took = asyncio.run(_enforced(500, fresh("enforce")))
        rows.append(("enforce, actions a second", f"{500 / took:,.0f}", "at least 40"))
        rows.append(("requests in an idle pass", f"{asyncio.run(_idle(fresh('idle'))):.1f}", "at most 2"))
        for part, each, messages, goal in (
            ("alone", 1, 90, 5.0),
            ("shared", 5, 90, 2.0),
            ("large", 1, 180, 6.0),
        ):
            asked = asyncio.run(_requests(fresh(part), actions=5, per_incident=each, messages=messages))
            what = f"requests a cluster, {each} an incident, {round(messages * 1.1)} copies"
            rows.append((what, f"{asked:.1f}", f"at most {goal:g}"))
        minutes, least = asyncio.run(_burst(fresh("burst"), 500))
        rows.append(
            (
                "burst of 500, minutes against the least",
                f"{minutes:.1f} / {least:.0f} = {minutes / least:.2f}",
                "at most 1.2",
            )
        )
    resident, grown = _memory(100_000, 1_000)
    rows.append(("memory after 100,000 actions", f"{resident:.0f} MiB", "under 150 MiB"))
    rows.append(("memory added by 1,000 passes", f"{grown:+.1f} MiB", "flat"))
    return rows
