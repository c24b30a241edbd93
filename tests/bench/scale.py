"""Scale: what an action costs in a ledger that grows, a start with 100,000 open ones, and a burst in ten minutes.

What many tenants and several replicas cost is measured by `fleet`.
"""

import asyncio
import logging
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

import structlog

from agent.adapters.ledger.opening import open_ledger
from agent.loop.passing import one_pass
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.model.defender import Incident, Mail
from agent.model.pace import Pace
from agent.model.page import Page
from agent.ports.ledger import Ledger
from agent.ports.world import World
from agent.settings.guarding import Guards
from agent.settings.guards import rails_of
from tests.adapters.records import KEY
from tests.bench import arriving
from tests.clock import ManualClock
from tests.fakes import FakeDefender, FakeDirectory, FakeShelf, FakeTargets
from tests.loop.conftest import APPROVE
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident

Row = tuple[str, str, str]

SIZES = (1_000, 10_000, 100_000, 1_000_000)
"""Rows in the ledger."""

NEW = 1_000
"""Actions that are judged in each of these ledgers."""

APART = timedelta(hours=25)

OPEN = 100_000

DAY = 86_400_000_000
PAST = 14 * DAY
"""Microseconds: the newest copy lies two weeks back, the others a day apart, as a thousand actions a day would."""

MOMENTS = (
    *(
        "at",
        "updated",
        "first_seen",
        "deadline",
        "seen_at",
        "intended_at",
        "sent_at",
        "settled_at",
        "answered",
    ),
)
IN_AN_INCIDENT, ON_A_PAGE = 5, 50


class Waiting(FakeDefender):
    """Shows so many clusters, from a number on, made as they are asked for."""

    def __init__(self, clock: ManualClock, first: int, actions: int) -> None:
        super().__init__(clock)
        self.first, self.actions = first, actions

    async def incidents_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        whole = IN_AN_INCIDENT * ON_A_PAGE
        for begin in range(self.first, self.first + self.actions, whole):
            end = min(begin + whole, self.first + self.actions)
            numbers = range(begin, end, IN_AN_INCIDENT)
            yield Page(incidents=tuple(_incident(number) for number in numbers))

    async def mail(self, network_message_ids: Sequence[str]) -> Mail:
        return Mail(messages=tuple(a_copy(int(message[-12:])) for message in network_message_ids))


def _incident(first: int) -> Incident:
    alerts = [
        an_alert(a_cluster(query=f"Urls:{n}", first=n * 10, messages=5), id=f"a{n}", incident_id=str(first))
        for n in range(first, first + IN_AN_INCIDENT)
    ]
    return an_incident(*alerts, id=str(first))


def run() -> list[Row]:
    """Return what was measured and what was wanted."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(_growth(Path(folder)))
        rows += asyncio.run(_start(Path(folder)))
    return [*rows, *arriving.run()]


async def _growth(folder: Path) -> list[Row]:
    """Return what an action costs in ledgers of these sizes."""
    path = folder / "growth" / "ledger.db"
    async with open_ledger(f"sqlite:///{path}", TENANT, key=KEY) as ledger:
        await _pass(ledger, Waiting(ManualClock(NOW), 0, NEW))
    costs: list[tuple[int, float]] = []
    for turn, size in enumerate(SIZES, 1):
        rows = _grown(path, size)
        async with open_ledger(f"sqlite:///{path}", TENANT, key=KEY) as ledger:
            began = process_time()
            # A day apart, so that no turn weighs what the one before it has approved.
            await _pass(ledger, Waiting(ManualClock(NOW + turn * APART), turn * NEW, NEW))
            costs.append((rows, (process_time() - began) / NEW))
    first = costs[0][1]
    return [
        (
            f"scale: an action seen and decided, {rows:,} rows in the ledger",
            f"{cost * 1000:.2f} ms of one core, {cost / first:.2f} of the smallest",
            "flat" if number else "the baseline",
        )
        for number, (rows, cost) in enumerate(costs)
    ]


async def _pass(ledger: Ledger, defender: FakeDefender) -> None:
    world = _world(ledger, defender)
    report = PassReport(began=world.clock.now())
    await one_pass(world, await load(world), asyncio.Event(), report)
    assert not report.problems, report.problems


def _world(ledger: Ledger, defender: FakeDefender) -> World:
    return World(
        tenant_id=TENANT,
        clock=defender.clock,
        defender=defender,
        enactor=None,
        ledger=ledger,
        shelf=FakeShelf(approve=APPROVE),
        targets=FakeTargets(defender.clock),
        directory=FakeDirectory(),
        pace=Pace(),
        rails=rails_of(Guards()),
    )


GROWING = {
    "records": ("id", "incident_id"),
    "decisions": ("action_id",),
    "effects": ("id", "action_id", "incident_id"),
    "targets": ("what", "effect_id"),
    "approvals": ("action_id",),
    "incidents": ("id",),
    "history": ("action_id", "incident_id"),
    "audit_entries": ("replica", "action_id"),
    "audit_values": ("replica",),
}
"""Tables that grow with each action, and which columns name something that is another one's then."""


def _grown(path: Path, size: int) -> int:
    """Copy what there is, a year back and closed, until there are so many rows; return how many there are."""
    ledger = sqlite3.connect(path, isolation_level=None)
    ledger.execute("PRAGMA foreign_keys = OFF")
    mine = "WHERE tenant_id = ?"
    each = sum(
        ledger.execute(f"SELECT count(*) FROM {t} {mine} AND {_own(t)}", (TENANT,)).fetchone()[0]
        for t in GROWING
    )
    ledger.execute("BEGIN")
    turn = ledger.execute("SELECT count(*) FROM records WHERE id LIKE '%~%'").fetchone()[0] // NEW
    while _rows(ledger) + each <= size:
        turn += 1
        for table, names in GROWING.items():
            _copied(ledger, table, names, turn)
    ledger.execute("UPDATE records SET state = 'expired', due = NULL, is_to_visit = 0")
    ledger.execute("COMMIT")
    ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    found = _rows(ledger)
    ledger.close()
    return found


def _own(table: str) -> str:
    """Return what is true of rows that the first thousand actions have, and no copy."""
    return f"{GROWING[table][0]} NOT LIKE '%~%'"


def _rows(ledger: sqlite3.Connection) -> int:
    return sum(int(ledger.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in GROWING)


def _copied(ledger: sqlite3.Connection, table: str, names: Sequence[str], turn: int) -> None:
    columns = [row[1] for row in ledger.execute(f"PRAGMA table_info({table})")]
    back = turn * DAY + PAST
    another = {
        **{name: f"{name} - {back}" for name in MOMENTS},
        **{name: f"{name} || '~{turn}'" for name in names},
        "state": "'expired'",
        "due": "NULL",
        "is_to_visit": "0",
    }
    chosen = ", ".join(another.get(one, one) for one in columns)
    ledger.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM {table} WHERE {_own(table)}"
    )


async def _start(folder: Path) -> list[Row]:
    """Return how long an agent takes to be at work where 100,000 actions are open."""
    url = f"sqlite:///{folder / 'start' / 'ledger.db'}"
    clock = ManualClock(NOW)
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        began = process_time()
        await _pass(ledger, Waiting(clock, 0, OPEN))
        first = process_time() - began
    await clock.sleep_until(NOW + timedelta(hours=2))
    rows: list[Row] = [
        (f"scale: {OPEN:,} actions seen for the first time", f"{first:.1f} s of one core", "-")
    ]
    for what, shelf in (
        ("with the same policies", APPROVE),
        ("with other policies", f"{APPROVE}\n# another\n"),
    ):
        took = perf_counter()
        async with open_ledger(url, TENANT, key=KEY) as ledger:
            defender = Waiting(clock, 0, 0)
            world = replace(_world(ledger, defender), shelf=FakeShelf(approve=shelf))
            policies = await load(world)
            await start(world, policies)
            begun = perf_counter() - took
            assert sum((await ledger.counts()).values()) == OPEN
        rows.append((f"scale: start with {OPEN:,} open actions, {what}", f"{begun:.1f} s", "below 30 s"))
    return rows
