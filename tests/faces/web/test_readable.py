"""One damaged record hides no other: lists say which one is missing."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from agent.faces.web.readable import readable
from agent.model.enactment import Record, State
from agent.model.errors import LedgerError
from tests.adapters.records import NOW
from tests.faces.records import a_record
from tests.faces.web.house import READER, House


def records(count: int) -> list[Record]:
    seen = a_record(State.ESCALATED)
    keys = (f"cluster-{number}" for number in range(count))
    return [
        msgspec.structs.replace(seen, action=msgspec.structs.replace(seen.action, key=key), decision=None)
        for key in keys
    ]


def damage(folder: Path, action_id: str) -> None:
    connection = sqlite3.connect(folder / "data" / "ledger.db")
    with connection:
        connection.execute(
            "UPDATE records SET action = ?, version = version + 1 WHERE id = ?", (b"{nonsense", action_id)
        )
    connection.close()


@pytest.fixture
async def some(house: House) -> list[Record]:
    made = records(9)
    await house.bench.world.ledger.save(made, now=NOW)
    return made


async def test_what_can_be_read_is_and_what_cannot_is_named(
    house: House, tmp_path: Path, some: list[Record]
) -> None:
    ids = [one.action.id for one in some]
    damage(tmp_path, ids[4])
    damage(tmp_path, ids[8])

    found, damaged = await readable(house.bench.world.ledger, ids)

    assert damaged == {ids[4], ids[8]}
    assert found.keys() == set(ids) - damaged


async def test_a_ledger_that_is_away_is_no_damaged_record(
    house: House, some: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise LedgerError("ledger: unable to open database file")

    monkeypatch.setattr(house.bench.world.ledger, "load", away)
    monkeypatch.setattr(house.bench.world.ledger, "cursor", away)

    with pytest.raises(LedgerError, match="unable to open"):
        await readable(house.bench.world.ledger, [one.action.id for one in some])


@pytest.mark.parametrize("page", ["/pending", "/worklist"])
async def test_a_list_shows_all_others_and_says_which_is_missing_until_it_is_mended(
    house: House, tmp_path: Path, some: list[Record], page: str
) -> None:
    lost = some[3].action.id
    async with await house.enter(READER) as browser:
        before = await browser.get(f"{page}.json")
        damage(tmp_path, lost)

        told, shown = await browser.get(f"{page}.json"), await browser.get(page)

        assert (before.json()["unread"], told.json()["unread"]) == ([], [lost])
        assert shown.status_code == 200
        assert "1 action is missing here: the ledger" in shown.text
        assert lost not in {row["id"] for row in told.json().get("rows", [])}
        newest = msgspec.structs.replace(some[3], version=2)
        await house.bench.world.ledger.save([newest], now=NOW)
        assert (await browser.get(f"{page}.json")).json()["unread"] == []
