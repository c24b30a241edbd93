"""A ledger with a past: what the real loop decided against the simulator, limits reached, faults met, judged anew."""

import asyncio
from datetime import timedelta
from pathlib import Path

from agent.adapters.ledger.codec import write_decision
from agent.loop.replaying import Replayed, replay
from agent.simulator import tenant
from agent.simulator.faults import Faults
from agent.simulator.names import TENANT_ID
from tests.fakes import FakeShelf
from tests.simulated import SHIPPED, Simulated, a_simulated, noon

LIMITED = """
policy: limited
description: Soft-delete small malicious clusters, a few an hour.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  evidence.verdict: malicious
  cluster.mailboxCount: {atMost: 200}
decide: approve
limits: {actions: 4/h, messages: 60/d}
"""

OBSERVING = """
policy: observing
description: Would reject what partners sent.
owner: soc@contoso.example
for: [softDeleteCluster, softDeleteMessage]
match:
  evidence.verdict: {in: [malicious, suspicious]}
  recipients.count: {atLeast: 3}
decide: reject
"""


def limited(**more: str) -> FakeShelf:
    return FakeShelf(limited=LIMITED, observing=OBSERVING, **more)


def shipped() -> FakeShelf:
    """Return the shipped policies and lists, with a limit that a busy hour reaches."""
    shelf = FakeShelf()
    for path in sorted(SHIPPED.rglob("*.yaml")):
        if path.name.endswith(".cases.yaml"):
            continue
        name = str(path.relative_to(SHIPPED).with_suffix(""))
        shelf.policies[name] = path.read_text().replace("{actions: 20/h", "{actions: 2/h")
    return shelf


async def lived(simulated: Simulated, hours: int = 3) -> Simulated:
    """Let the agent live through a night: time goes by, things change, other policies come into force."""
    await simulated.live(timedelta(hours=hours), every=timedelta(minutes=29))
    return simulated


async def all_again(simulated: Simulated) -> list[Replayed]:
    """Return every decision in the ledger, made again."""
    ledger = simulated.world.ledger
    return [
        one
        for record in (await simulated.records()).values()
        for one in await replay(ledger, record, write_decision)
    ]


def a_settings_file(folder: Path, *, seed: int = 1, faults: Faults | None = None, actions: int = 0) -> Path:
    """Return the settings of an agent that lived through a night, its ledger and policies beside them."""
    shelf = limited()
    (folder / "policies").mkdir(parents=True)
    for name, text in shelf.policies.items():
        (folder / "policies" / f"{name}.yaml").write_text(text)
    start = (
        tenant.burst(seed, noon(), actions=actions, messages_each=4) if actions else tenant.seed(seed, noon())
    )

    async def live() -> None:
        async with a_simulated(
            start, folder, shelf=shelf, faults=faults, checked=False, enforces_observers=False
        ) as simulated:
            await lived(simulated, 3)

    asyncio.run(live())
    path = folder / "air-agent.yaml"
    path.write_text(f"tenant: {{id: {TENANT_ID}}}\nledger: {{url: 'sqlite:///data/ledger.db'}}\n")
    return path
