"""Scale: what an action costs in a ledger that grows, a start with 100,000 open ones, and a burst in ten minutes.

The last two are `starting` and `arriving`, which can be measured by themselves. What many tenants and several replicas
cost is measured by `fleet`.
"""

import asyncio
import logging
import sqlite3
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from time import process_time

import structlog

from agent.adapters.ledger.opening import open_ledger
from tests.adapters.records import KEY
from tests.bench import arriving, starting
from tests.bench.waiting import Waiting, a_pass
from tests.clock import ManualClock
from tests.makers import NOW, TENANT

Row = tuple[str, str, str]

SIZES = (1_000, 10_000, 100_000, 1_000_000)
"""Rows in the ledger."""

NEW = 1_000
"""Actions that are judged in each of these ledgers."""

APART = timedelta(hours=25)

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


def run() -> list[Row]:
    """Return what was measured and what was wanted."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(_growth(Path(folder)))
    return [*rows, *starting.run(), *arriving.run()]


async def _growth(folder: Path) -> list[Row]:
    """Return what an action costs in ledgers of these sizes."""
    path = folder / "growth" / "ledger.db"
    async with open_ledger(f"sqlite:///{path}", TENANT, key=KEY) as ledger:
        await a_pass(ledger, Waiting(ManualClock(NOW), 0, NEW))
    costs: list[tuple[int, float]] = []
    for turn, size in enumerate(SIZES, 1):
        rows = _grown(path, size)
        async with open_ledger(f"sqlite:///{path}", TENANT, key=KEY) as ledger:
            began = process_time()
            # A day apart, so that no turn weighs what the one before it has approved.
            await a_pass(ledger, Waiting(ManualClock(NOW + turn * APART), turn * NEW, NEW))
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
