"""The audit: how fast a million entries are checked, their values, copies and the ledger's own tables included."""

import asyncio
import tempfile
from pathlib import Path
from time import perf_counter

from msgspec.structs import replace
from sqlalchemy.engine import Connection

from agent.adapters.ledger import writes
from agent.adapters.ledger.auditing import Book
from agent.adapters.ledger.opening import open_ledger
from agent.adapters.ledger.tables import effects
from agent.adapters.shipment import Shipment
from agent.audit.entries import Before, of_call, of_change, of_outcome
from agent.audit.lines import read_lines
from agent.audit.verify import verify
from agent.audit.witness import shipped
from agent.model.audit import Verdict
from agent.model.enactment import Confirmation, EffectSeen, Outcome, PendingSeen, Went
from agent.model.rails import Leave
from tests.adapters.records import KEY, NOW, TENANT, a_decided_record, an_effect

Row = tuple[str, str, str]

ENTRIES = 1_000_000
PER_ACTION = 5
"""Decision, intent, call, outcome, confirmation."""

AT_ONCE = 2_000
GOAL = 60.0


def run(entries: int = ENTRIES) -> list[Row]:
    """Return what was measured and what was wanted."""
    with tempfile.TemporaryDirectory() as folder:
        wrote, size, checked, compared, found = asyncio.run(_measured(Path(folder), entries))
    assert found.holds, found.faults
    total = sum(chain.entries for chain in found.chains)
    return [
        (f"audit: {total:,} entries written with what they tell of", f"{wrote:.0f} s", "-"),
        ("audit: the ledger that holds them", f"{size / 1e6:,.0f} MB", "-"),
        (
            f"audit verify: {total:,} entries, {found.decisions:,} decisions, {found.calls:,} calls",
            f"{checked:.1f} s",
            f"below {GOAL:.0f} s",
        ),
        (
            "audit verify: the same, compared with the shipped file",
            f"{compared:.1f} s",
            f"below {GOAL:.0f} s",
        ),
    ]


async def _measured(folder: Path, entries: int) -> tuple[float, int, float, float, Verdict]:
    place = folder / "data" / "ledger.db"
    file = folder / "audit.jsonl"
    began = perf_counter()
    async with open_ledger(f"sqlite:///{place}", TENANT, key=KEY) as ledger:
        for first in range(0, entries // PER_ACTION, AT_ONCE):
            await ledger._audited(_acted, first, min(AT_ONCE, entries // PER_ACTION - first))
        wrote = perf_counter() - began
        sink = Shipment(TENANT, KEY, file=file, anchors=None, syslog="")
        while links := await ledger.trail.unshipped("agent", 20_000):
            await sink.ship(links)
            await ledger.trail.mark_shipped("agent", links[-1].number, NOW)
        began = perf_counter()
        found = await ledger.trail.look(lambda told: verify(told, KEY, TENANT))
        checked = perf_counter() - began
        began = perf_counter()
        with file.open("rb") as lines:
            copy = shipped("the shipped file", KEY, TENANT, read_lines(lines))
        both = await ledger.trail.look(lambda told: verify(told, KEY, TENANT, copies=[copy], are_all=True))
        compared = perf_counter() - began
        assert both.holds, both.faults
    return wrote, place.stat().st_size, checked, compared, found


def _acted(connection: Connection, tenant_id: str, book: Book, first: int, count: int) -> None:
    """Write so many actions from decision to confirmation, as one transaction to save time."""
    leave = Leave(replica="agent", incident_id="1", token=1, until=NOW)
    records = [a_decided_record(f"cluster-{first + place}") for place in range(count)]
    carried = [an_effect(record, targets=((record.action.id, "anna@contoso.example"),)) for record in records]
    writes.save_records(connection, tenant_id, book, records, NOW)
    writes.save_effects(connection, tenant_id, book, carried, NOW)
    connection.execute(effects.update().where(effects.c.went == "intended").values(went="done", attempts=1))
    for record, effect in zip(records, carried, strict=True):
        sent = replace(effect, attempts=1)
        book.tell(of_call(sent, leave, NOW))
        book.tell(of_outcome(sent, Outcome(went=Went.DONE, detail="202", bulk_id="b"), book.author, NOW))
        seen = Confirmation(effect=EffectSeen.CONFIRMED, pending=PendingSeen.CLOSED, words="it is gone")
        book.tell(*of_change(Before(), replace(record, confirmation=seen), book.author, NOW))
