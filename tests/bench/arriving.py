"""A burst: ten thousand actions within ten minutes, in front of the real adapter, a simulator and a ledger on disk.

It lasts as long as it says: what is measured is how soon people could know, on the machine's own clock.
"""

import asyncio
import logging
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any, cast

import structlog

from agent.adapters.graph.connect import open_graph
from agent.adapters.host import SystemClock
from agent.adapters.ledger.opening import open_ledger
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import CredentialKind, credential
from agent.judge.gather import wanted
from agent.loop.run import run as run_agent
from agent.model.defender import Mail
from agent.model.enactment import Record
from agent.model.pace import Pace
from agent.ports.defender import Defender
from agent.ports.ledger import Ledger
from agent.ports.world import World
from agent.settings.guarding import Guards
from agent.settings.guards import rails_of
from agent.simulator import names
from tests.adapters.records import KEY
from tests.bench.tenants import Plan, simulated
from tests.fakes import FakeShelf
from tests.loop.conftest import APPROVE

Row = tuple[str, str, str]

ACTIONS, MINUTES = 10_000, 10
SETTLING = timedelta(minutes=4)
"""How long it may take to decide the last of them."""


class Seen:
    """When each action was seen, asked about and decided, by the machine's own clock in seconds."""

    def __init__(self, actions: int) -> None:
        self.whole = asyncio.Event()
        """Set once all of them are decided."""
        self._actions = actions
        self.seen: dict[str, float] = {}
        self.asked: dict[str, float] = {}
        self.facts: dict[str, float] = {}
        self.decided: dict[str, float] = {}
        self.messages: dict[str, tuple[str, ...]] = {}

    def saved(self, record: Record, moment: float) -> None:
        """Note what was saved of an action that is about a cluster of mail."""
        action_id, messages = record.action.id, wanted(record.action)
        if not messages:
            return
        self.seen.setdefault(action_id, moment)
        if record.decision is not None:
            self.decided.setdefault(action_id, moment)
            self.messages.setdefault(action_id, messages)
        if len(self.decided) == self._actions:
            self.whole.set()


def run(actions: int = ACTIONS, minutes: float = MINUTES) -> list[Row]:
    """Return what was measured and what was wanted."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_burst(Path(folder), actions, int(minutes * 60)))


class WatchedLedger:
    """A ledger, and when what it saves was saved."""

    def __init__(self, inner: Any, seen: Seen) -> None:
        self._inner, self._seen = inner, seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def save(self, records: Sequence[Record], **more: Any) -> None:
        await self._inner.save(records, **more)
        moment = perf_counter()
        for record in records:
            self._seen.saved(record, moment)


class WatchedDefender:
    """Defender, and when it was asked for mail, and answered."""

    def __init__(self, inner: Any, seen: Seen) -> None:
        self._inner, self._seen = inner, seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def mail(self, network_message_ids: Sequence[str]) -> Mail:
        began = perf_counter()
        found: Mail = await self._inner.mail(network_message_ids)
        answered = perf_counter()
        for one in network_message_ids:
            self._seen.asked.setdefault(one.lower(), began)
            self._seen.facts.setdefault(one.lower(), answered)
        return found


async def _burst(folder: Path, actions: int, seconds: int) -> list[Row]:
    seen, stop = Seen(actions), asyncio.Event()
    with simulated(Plan(arriving=actions, begin=5.0, end=5.0 + seconds)) as url:
        cloud = simulator(url)
        async with (
            open_ledger(f"sqlite:///{folder / 'data' / 'ledger.db'}", names.TENANT_ID, key=KEY) as ledger,
            open_graph(
                clock=SystemClock(),
                cloud=cloud,
                tenant_id=names.TENANT_ID,
                credential=credential(
                    CredentialKind.SIMULATOR,
                    cloud=cloud,
                    tenant_id=names.TENANT_ID,
                    client_id=names.CLIENT_ID,
                    client_secret=names.CLIENT_SECRET,
                ),
                requests_per_minute=60,
            ) as graph,
        ):
            pace = Pace()
            world = World(
                tenant_id=names.TENANT_ID,
                clock=SystemClock(),
                defender=cast("Defender", WatchedDefender(graph.defender, seen)),
                enactor=None,
                login=graph.login,
                ledger=cast("Ledger", WatchedLedger(ledger, seen)),
                shelf=FakeShelf(approve=APPROVE),
                targets=graph.targets,
                directory=graph.directory,
                pace=pace,
                rails=rails_of(Guards()),
            )
            working = asyncio.create_task(run_agent(world, stop=stop))
            waits = (seen.whole.wait(), working)
            await asyncio.wait(
                [asyncio.ensure_future(one) for one in waits],
                timeout=seconds + SETTLING.total_seconds(),
                return_when=asyncio.FIRST_COMPLETED,
            )
            stop.set()
            await working
    return _told(seen, actions, seconds)


def _told(seen: Seen, actions: int, seconds: int) -> list[Row]:
    assert len(seen.decided) == actions, f"{len(seen.decided)} of {actions} were decided"
    what = f"burst: {actions:,} actions in {seconds / 60:g} min"
    after_facts = [at - max(seen.facts[m] for m in seen.messages[one]) for one, at in seen.decided.items()]
    until_asked = [min(seen.asked[m] for m in seen.messages[one]) - seen.seen[one] for one in seen.decided]
    whole = [at - seen.seen[one] for one, at in seen.decided.items()]
    return [
        (
            f"{what}: decision recorded after its facts arrived, p99",
            f"{_p99(after_facts):.2f} s",
            "below 2 s",
        ),
        (f"{what}: hunting asked after it was seen, at most", f"{max(until_asked):.1f} s", "30 s"),
        (f"{what}: decided after it was seen, p99", f"{_p99(whole):.1f} s", "-"),
    ]


def _p99(found: Sequence[float]) -> float:
    return quantiles(found, n=100)[98]
