"""A ledger with a million actions behind it, written straight into its tables: two or three decisions on each, on a seed.

The loop would take hours. The file is kept in the directory for temporary files, as what is measured only reads.
"""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from agent.adapters.ledger import tables  # noqa: F401  # so that the metadata has every table
from agent.adapters.ledger.columns import EPOCH, metadata
from agent.adapters.ledger.opening import open_ledger
from agent.model.pending import ActionKind
from tests.makers import NOW, TENANT

MICROSECOND = timedelta(microseconds=1)
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
WEEK = 7 * DAY
SPAN = 365 * DAY
KINDS = (
    *([str(ActionKind.SOFT_DELETE_CLUSTER)] * 6),
    *([str(ActionKind.SOFT_DELETE_MESSAGE)] * 3),
    "quarantineFile",
)
POLICIES = tuple(f"\npolicy-{number}\n" for number in range(24))
GUARDS = ("size", "protected", "caps")
AT_ONCE = 50_000

Row = tuple[Any, ...]

HISTORY = (
    "tenant_id, at, action_id, number, ended, kind, incident_id, first_seen, deadline, verb, decider, guard, policies, "
    "people, persons, answered, shadow, shadow_policies, status, words, revision, shadow_guard, targets, messages, "
    "is_native, is_imported"
)
TRUTHS = "tenant_id, action_id, first_seen, verb, unknown, source, certainty, at, people"


def years(actions: int) -> Path:
    """Return the file of a ledger with so many actions; it is made where it is not there."""
    folder = Path(tempfile.gettempdir()) / f"air-agent-bench-{os.getuid()}" / f"{_stamp()}-{actions}"
    path = folder / "ledger.db"
    if not path.exists():
        being_made = folder.with_name(f"{folder.name}.{os.getpid()}")
        being_made.mkdir(parents=True, mode=0o700)
        asyncio.run(_empty(being_made / "ledger.db"))
        _fill(being_made / "ledger.db", actions)
        being_made.rename(folder)
        _forget(folder)
    return path


def _forget(newest: Path) -> None:
    """Remove what was made of as many actions for an earlier schema."""
    for one in newest.parent.iterdir():
        if one != newest and one.name.endswith(f"-{newest.name.rpartition('-')[2]}"):
            shutil.rmtree(one)


def _stamp() -> str:
    """Return a text that is another for another schema, and for other actions."""
    columns = "\n".join(str(column) for table in metadata.sorted_tables for column in table.c)
    return sha256(f"{columns}\n{Path(__file__).read_text()}".encode()).hexdigest()[:12]


async def _empty(path: Path) -> None:
    async with open_ledger(f"sqlite:///{path}", TENANT):
        pass


def _fill(path: Path, actions: int) -> None:
    """Write everything, and the indexes afterwards: in order they are made in no time."""
    ledger = sqlite3.connect(path, isolation_level=None)
    indexes = ledger.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'history' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        ledger.execute(f"DROP INDEX {name}")
    ledger.execute("BEGIN")
    lives = _lives(actions)
    while some := tuple(islice(lives, AT_ONCE)):
        _insert(ledger, "history", HISTORY, [row for rows, _ in some for row in rows])
        _insert(ledger, "truths", TRUTHS, [row for _, row in some if row is not None])
    ledger.execute("COMMIT")
    for _, statement in indexes:
        ledger.execute(statement)
    ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()


def _insert(ledger: sqlite3.Connection, table: str, columns: str, rows: list[Row]) -> None:
    marks = ", ".join("?" * len(columns.split(",")))
    ledger.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


def _lives(actions: int) -> Iterator[tuple[list[Row], Row | None]]:
    """Give what became of each action: its decisions, and what people did."""
    chance = Random(11)
    first, apart = (NOW - EPOCH) // MICROSECOND - SPAN, SPAN // actions
    for number in range(actions):
        yield _life(chance, number, first + number * apart)


def _life(chance: Random, number: int, seen: int) -> tuple[list[Row], Row | None]:
    action_id = f"{chance.getrandbits(256):064x}"
    course, policy = chance.random(), chance.choice(POLICIES)
    verb = "approve" if chance.random() < 0.8 else "reject"
    shadow = verb if chance.random() < 0.4 else None
    guard = chance.choice(GUARDS) if verb == "approve" and chance.random() < 0.1 else None
    base = (action_id, KINDS[number % 10], str(number // 3), seen)
    ruled: dict[str, Any] = {
        "policies": policy,
        "shadow": shadow,
        "shadow_policies": policy if shadow else None,
    }
    judged = seen + MINUTE
    if guard is not None:
        ours = _row(base, judged, 1, verb="escalate", decider="guard", guard=guard, **ruled)
    elif shadow is not None:
        ours = _row(base, judged, 1, verb="escalate", decider="policies", **ruled)
    else:
        ours = _row(base, judged, 1, verb=verb, decider="policies", **ruled)
    rows = [ours]
    if course > 0.7:
        rows.append(_row(base, judged + 20 * MINUTE, 2, verb=verb, decider="policies", **ruled))
    at = judged + int(chance.lognormvariate(1.5, 1.3) * HOUR) + HOUR
    people = verb if chance.random() < 0.95 else ("reject" if verb == "approve" else "approve")
    if course < 0.1 or at >= seen + WEEK - HOUR:
        rows.append(
            _row(base, seen + WEEK, len(rows), ended="expired", decider="nobody", status="pendingApproval")
        )
        return rows, _truth(base, None, "expired", "remediationStatus", "unknown", seen + WEEK)
    if course < 0.4:
        rows.append(_row(base, at, 2, verb=people, decider="people", people="\nEve\n", answered=at))
        return rows, _truth(base, people, None, "answer", "certain", at)
    status = "remediated" if people == "approve" else "declined"
    rows.append(_row(base, at, len(rows), ended="elsewhere", decider="elsewhere", status=status))
    if course < 0.5 and people == "approve":
        return rows, _truth(base, None, "untold", "remediationStatus", "unknown", at)
    return rows, _truth(base, people, None, "airInvestigationData", "certain", at)


def _row(
    base: tuple[str, str, str, int], at: int, number: int, *, decider: str, ended: str = "", **more: Any
) -> Row:
    action_id, kind, incident_id, seen = base
    words = f"{action_id}\nmessages of one campaign\nincident {incident_id}\nthe cluster is malicious and small: {decider}"
    return (
        TENANT, at, action_id, number, ended, kind, incident_id, seen, seen + WEEK, more.get("verb"), decider,
        more.get("guard"), more.get("policies"), more.get("people"), more.get("people"), more.get("answered"),
        more.get("shadow"), more.get("shadow_policies"), more.get("status"), words,
        None if ended else "0123456789ab", None, None if ended else 12, None if ended else 12, 0 if ended else 1, 0,
    )  # fmt: skip


def _truth(
    base: tuple[str, str, str, int],
    verb: str | None,
    unknown: str | None,
    source: str,
    certainty: str,
    at: int,
) -> Row:
    people = None if verb is None else "\nEve\n"
    return (TENANT, base[0], base[3], verb, unknown, source, certainty, at, people)
