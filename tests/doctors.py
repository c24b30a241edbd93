"""A look at an agent in front of the simulator in this process, on one clock that jumps: everything but the network is real."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
import msgspec

from agent.adapters.endpoint.connect import open_endpoint
from agent.adapters.graph.connect import Graph, open_graph
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.adapters.microsoft.machines import Machines, NoMachines
from agent.adapters.microsoft.proofs import ClientSecret, Proof
from agent.adapters.microsoft.reach import reach
from agent.connecting import open_channels_of
from agent.faces.doctor.bedside import Around, Bedside
from agent.faces.doctor.examining import STEPS, examine
from agent.model.checkup import Check, CheckName, Grade, Reach, Room, Seen
from agent.settings.loading import APART, load
from agent.settings.subjects import Settings
from agent.simulator import names
from agent.simulator.app import Simulator, build
from agent.simulator.faults import Faults
from agent.simulator.state import State
from agent.simulator.switches import Switches
from tests.clock import ManualClock
from tests.judge.writing import policy_file
from tests.simulator.worlds import NOW, staffed

URL = "http://127.0.0.1:8000"
GIB = 1024**3
ROOMY = Room(path="/data", what="ledger.url", device=1, free=50 * GIB, total=100 * GIB, free_files=10**6)

ABOUT = "description: For trying out.\nowner: soc@contoso.example\n"
CHAIN = f"chain: secops\n{ABOUT}steps:\n  - notify: [here]\n"
PROOF = ClientSecret(
    what="the agent's client secret", client_id=names.CLIENT_ID, hint=names.CLIENT_SECRET[:3]
)


def settings_in(folder: Path, text: str = "", *, environ: Mapping[str, str] | None = None) -> Settings:
    """Return settings for the simulator, with one policy, one chain and one channel that is a file."""
    (folder / "air-agent.yaml").write_text(
        f"tenant: {{id: {names.TENANT_ID}, name: Contoso}}\n"
        f"graph: {{cloud: simulator, url: '{URL}'}}\n"
        f"auth: {{kind: clientSecret, client_id: {names.CLIENT_ID}}}\n{text}"
    )
    if not (folder / "policies").exists():
        written(folder, "p", policy_file(mode="observe").decode())
        written(folder, "chains/secops", CHAIN)
        written(folder, "channels/here", f"channel: here\n{ABOUT}kind: file\npath: here.jsonl\n")
    given = {"AIR_AGENT_CLIENT_SECRET": names.CLIENT_SECRET, **(environ or {})}
    return load(folder / "air-agent.yaml", given, needs=APART)


def written(folder: Path, name: str, text: str) -> None:
    path = folder / "policies" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def around(
    settings: Settings,
    *,
    switches: Switches | None = None,
    faults: Faults | None = None,
    tenant: State | None = None,
    proofs: tuple[Proof, ...] = (PROOF,),
    secret: str = names.CLIENT_SECRET,
    room: Room = ROOMY,
    environ: Mapping[str, str] | None = None,
    off: timedelta = timedelta(),
) -> Around:
    """Return a world with the simulator in it. `off` is how far this machine's own clock is ahead."""
    clock = ManualClock(NOW)

    @cache
    def app() -> Simulator:
        return build(tenant if tenant is not None else staffed(), switches, faults, clock)

    return Around(
        clock=clock,
        reach=partial(_reach, app, lambda: clock.now() + off),
        open_graph=partial(_graph, settings, app, clock, proofs, secret),
        open_endpoint=partial(_endpoint, settings, app, clock),
        open_channels=lambda _: open_channels_of(settings, clock, None),
        room=lambda path, what: replace_room(room, str(path), what),
        environ=environ or {},
    )


def replace_room(room: Room, path: str, what: str) -> Room:
    return msgspec.structs.replace(room, path=path, what=what)


async def _reach(app: Callable[[], Simulator], now: Callable[[], datetime], url: str, what: str) -> Reach:
    async def nobody(_host: str, _port: int) -> int:
        return 1

    return await reach(url, what, now, look_up=nobody, transport=httpx.ASGITransport(app()))


def _graph(
    settings: Settings,
    app: Callable[[], Simulator],
    clock: ManualClock,
    proofs: tuple[Proof, ...],
    secret: str,
    machines: Machines,
) -> AbstractAsyncContextManager[Graph]:
    return open_graph(
        clock=clock,
        cloud=simulator(URL),
        tenant_id=settings.tenant.id,
        credential=lambda: _login(app, secret),
        machines=machines,
        proofs=proofs,
        transport=httpx.ASGITransport(app()),
        wall=lambda: clock.now().timestamp(),
    )


def _login(app: Callable[[], Simulator], secret: str) -> SimulatorCredential:
    return SimulatorCredential(
        simulator(URL), names.TENANT_ID, names.CLIENT_ID, secret, transport=httpx.ASGITransport(app())
    )


def _endpoint(
    settings: Settings, app: Callable[[], Simulator], clock: ManualClock
) -> AbstractAsyncContextManager[Machines]:
    if not settings.endpoint.enabled:
        return nullcontext(NoMachines())
    return open_endpoint(
        clock=clock,
        url=URL,
        tenant_id=settings.tenant.id,
        credential=lambda: _login(app, names.CLIENT_SECRET),
        transport=httpx.ASGITransport(app()),
    )


async def alone(settings: Settings, name: CheckName, **world: Any) -> Check:
    """Return one check that needs nothing of those before it."""
    async with AsyncExitStack() as stack:
        bedside = Bedside(settings=settings, around=around(settings, **world), stack=stack)
        return Check(name=name, seen=await STEPS[name].look(bedside))


async def looked(settings: Settings, world: Around, *, sends: bool = False) -> dict[CheckName, Check]:
    """Return every check of one look."""
    return {one.name: one async for one in examine(settings, sends=sends, world=world)}


def worst(check: Check) -> Seen:
    """Return the first of what is worst in a check."""
    order = [Grade.FAIL, Grade.WARN, Grade.SKIPPED, Grade.PASS]
    return min(check.seen, key=lambda one: order.index(one.grade))
