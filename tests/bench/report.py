"""A report over a million actions: how long it takes, how much memory, and how long others wait for the ledger meanwhile.

Each measurement is made in a process of its own, of which the system says how much memory it took at most. The baseline is
that process with nothing but the reading: the same rows in the same order, taken from the database and dropped.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import Any

from sqlalchemy import Connection, select

from agent.adapters.ledger.history_tables import history
from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.narrow import NARROW
from agent.adapters.ledger.opening import open_ledger
from agent.loop.comparing import AT_ONCE, compared, make_report
from agent.model.report import Asked, Standing
from tests.bench.years import years
from tests.makers import NOW, TENANT

ACTIONS = 1_000_000
GOAL = 60.0
"""Seconds."""
MOST = 300.0
"""MiB."""

Row = tuple[str, str, str]


def run(actions: int = ACTIONS) -> list[Row]:
    """Measure, and return the rows: what, measured, goal."""
    few, many = years(actions // 10), years(actions)
    read = _measured("read", many)
    rows = [
        (f"report: the rows of {actions:,} actions read and dropped", _told(read), "the baseline"),
    ]
    for what, part, path, goal in (
        (f"report: {actions // 10:,} actions", "whole", few, ""),
        (f"report: {actions:,} actions", "whole", many, f"under {GOAL:.0f} s and {MOST:.0f} MiB"),
        (
            f"report: the looser ones of {actions:,}, one after the other",
            "looser",
            many,
            f"under {MOST:.0f} MiB",
        ),
        (f"report: the last week of {actions:,}", "week", many, ""),
    ):
        found = _measured(part, path)
        rows.append((what, f"{_told(found)}, {found['cpu'] / read['cpu']:.2f} of the baseline", goal))
        if part == "whole" and path == many:
            longest = f"{found['longest'] * 1000:.0f} ms of one core at the longest"
            rows.append(("report: others wait for the ledger's thread meanwhile", longest, "-"))
    return rows


def _told(found: dict[str, float]) -> str:
    return f"{found['seconds']:.1f} s ({found['cpu']:.1f} s of one core), {found['mib']:.0f} MiB at most"


def _measured(part: str, path: Path) -> dict[str, float]:
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.report", part, str(path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: dict[str, float] = json.loads(told)
    return found


async def _read(ledger: SqlLedger) -> int:
    """Read every row as the report does, and nothing else."""
    after, count = "", 0
    while True:
        part = await ledger._desk.read(_rows, after)
        if not part:
            return count
        count, after = count + len(part), part[-1][1]


def _rows(connection: Connection, tenant_id: str, after: str) -> list[Any]:
    column = history.c
    query = select(*NARROW).where(column.tenant_id == tenant_id, column.action_id > after)
    order = (column.action_id, column.at, column.number, column.ended)
    return list(connection.execute(query.order_by(*order).limit(2 * AT_ONCE)))


async def _whole(ledger: SqlLedger) -> int:
    report = await make_report(ledger.archive, _asked(365), progress=lambda done, of: None)
    return report.actions


async def _week(ledger: SqlLedger) -> int:
    return (await make_report(ledger.archive, _asked(7))).actions


async def _looser(ledger: SqlLedger) -> int:
    count = 0
    async for _ in compared(ledger.archive, _asked(365), standing=Standing.LOOSER):
        count += 1
    return count


def _asked(days: int) -> Asked:
    return Asked(tenant_id=TENANT, since=NOW - timedelta(days=days), until=NOW + timedelta(days=30))


PARTS: dict[str, Callable[[SqlLedger], Awaitable[int]]] = {
    "read": _read,
    "whole": _whole,
    "week": _week,
    "looser": _looser,
}


async def _alone(part: str, path: str) -> dict[str, float]:
    """Measure one thing in this process."""
    async with open_ledger(f"sqlite:///{path}", TENANT, read_only=True) as ledger:
        longest = _watched(ledger)
        began, began_cpu = perf_counter(), process_time()
        count = await PARTS[part](ledger)
        if not count:
            raise AssertionError(f"{part}: nothing was found")
        return {
            "seconds": perf_counter() - began,
            "cpu": process_time() - began_cpu,
            "mib": _most(),
            "longest": longest(),
        }


def _most() -> float:
    """Return how much memory this process had at most, in MiB: its own, not that of the one that began it."""
    told = Path("/proc/self/status").read_text()
    return int(told.partition("VmHWM:")[2].split()[0]) / 1024


def _watched(ledger: SqlLedger) -> Callable[[], float]:
    """Measure how much of its core each reading holds the ledger's thread, and give a way to ask for the longest."""
    desk, took = ledger._desk, [0.0]
    usual = desk._look

    def timed(*given: Any) -> Any:
        began = thread_time()
        found = usual(*given)
        took[0] = max(took[0], thread_time() - began)
        return found

    desk._look = timed  # type: ignore[method-assign, assignment]
    return lambda: took[0]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_alone(*sys.argv[1:]))))
