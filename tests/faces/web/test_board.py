"""What is open, kept in memory: never older than the ledger, and never more than what is open."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.faces.web.board import Board, Shown
from agent.model.enactment import Record, State
from agent.model.errors import LedgerError
from tests.faces.web.house import READER, House
from tests.faces.web.questions import a_question
from tests.loop.conftest import Bench
from tests.makers import NOW


@dataclass
class Counting:
    """A ledger and its archive that count what is read of them, and can be away or made to wait."""

    ledger: SqlLedger
    loaded: list[str] = field(default_factory=list)
    listed: int = 0
    is_down: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def load(self, action_ids: Sequence[str]) -> Mapping[str, Record]:
        self.begun.set()
        await self.gate.wait()
        self.loaded.extend(action_ids)
        return await self.ledger.load(action_ids)

    async def stamp(self) -> str:
        if self.is_down:
            raise LedgerError("ledger: is away")
        return await self.ledger.archive.stamp()

    async def standing(self, states: Sequence[State]) -> Mapping[str, int]:
        self.listed += 1
        self.asked.set()
        return await self.ledger.archive.standing(states)


@pytest.fixture
def counting(bench: Bench) -> Counting:
    assert isinstance(bench.world.ledger, SqlLedger)
    return Counting(bench.world.ledger)


@pytest.fixture
def board(counting: Counting) -> Board:
    both: Any = counting
    return Board(both, both)


async def shown(board: Board) -> list[str]:
    found = await board.now()
    assert found is not None
    return [line.id for line in found.lines]


async def change(ledger: SqlLedger, record: Record, at: timedelta = timedelta(0), **changes: object) -> None:
    newest = (await ledger.load([record.action.id]))[record.action.id]
    await ledger.save([msgspec.structs.replace(newest, **changes)], now=NOW + at)


async def test_only_what_changed_is_read_again(counting: Counting, board: Board) -> None:
    records = [a_question(number) for number in range(1, 6)]
    await counting.ledger.save(records, now=NOW)
    await board.now()
    await board.now()
    is_quiet = (len(counting.loaded), counting.listed) == (5, 1)
    await change(counting.ledger, records[2], why="looked at")

    found = await board.now()

    assert is_quiet
    assert counting.loaded[5:] == [records[2].action.id]
    assert found is not None
    assert [line.version for line in found.lines if line.id == records[2].action.id] == [2]


@pytest.mark.parametrize("at", [timedelta(minutes=-10), timedelta(0), timedelta(days=400)])
async def test_a_change_is_seen_whatever_the_clock_of_whoever_made_it(
    counting: Counting, board: Board, at: timedelta
) -> None:
    one, other = a_question(1), a_question(2)
    await counting.ledger.save([one, other], now=NOW)
    await board.now()

    await change(counting.ledger, one, at, state=State.SENT)
    found = await board.now()

    assert found is not None
    assert {line.id: line.state for line in found.lines} == {
        one.action.id: State.SENT,
        other.action.id: State.ESCALATED,
    }


async def test_what_closes_leaves_the_memory_and_what_opens_again_comes_back(
    counting: Counting, board: Board
) -> None:
    record = a_question(1)
    await counting.ledger.save([record], now=NOW)
    await board.now()

    await change(counting.ledger, record, state=State.SUPERSEDED)
    gone = (await shown(board), board.known)
    await change(counting.ledger, record, state=State.ESCALATED)

    assert gone == ([], 0)
    assert await shown(board) == [record.action.id]


async def test_what_closes_while_it_is_read_is_not_shown_as_open(counting: Counting, board: Board) -> None:
    record = a_question(1)
    await counting.ledger.save([record], now=NOW)
    counting.gate.clear()
    look = asyncio.create_task(board.now())
    await counting.asked.wait()

    await change(counting.ledger, record, state=State.EXPIRED)
    counting.gate.set()
    found = await look

    assert found is not None
    assert found.lines == ()


async def test_whoever_comes_while_it_is_read_waits_for_what_they_know_to_be_there(
    counting: Counting, board: Board
) -> None:
    first, second = a_question(1), a_question(2)
    await counting.ledger.save([first], now=NOW)
    counting.gate.clear()
    early = asyncio.create_task(board.now())
    await counting.asked.wait()
    await counting.ledger.save([second], now=NOW)
    late = asyncio.create_task(board.now())
    await asyncio.sleep(0)

    counting.gate.set()
    found = await late

    assert isinstance(await early, Shown)
    assert found is not None
    assert {line.id for line in found.lines} == {first.action.id, second.action.id}


async def test_a_ledger_that_is_away_is_said_and_read_once_it_is_back(
    counting: Counting, board: Board
) -> None:
    record = a_question(1)
    await counting.ledger.save([record], now=NOW)
    counting.is_down = True
    with pytest.raises(LedgerError, match="away"):
        await board.now()
    counting.is_down = False

    assert await shown(board) == [record.action.id]


async def test_a_reading_that_takes_long_goes_on_and_says_how_far_it_is(
    counting: Counting, board: Board
) -> None:
    await counting.ledger.save([a_question(number) for number in range(1, 4)], now=NOW)
    counting.gate.clear()

    board.begin()
    await counting.begun.wait()
    nothing = await board.now(patience=0.01)
    far = (board.known, board.wanted)
    counting.gate.set()

    assert (nothing, far) == (None, (0, 3))
    assert len(await shown(board)) == 3


async def test_a_page_that_would_wait_long_says_so_and_asks_again(
    house: House, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    both: Any = counting
    house.app.state.board = Board(both, both)
    await counting.ledger.save([a_question(1)], now=NOW)
    monkeypatch.setattr("agent.faces.web.pending.PATIENCE", 0.01)
    counting.gate.clear()
    house.app.state.board.begin()
    await counting.begun.wait()

    async with await house.enter(READER) as browser:
        page, program = await browser.get("/pending"), await browser.get("/pending.json")
        counting.gate.set()
        await house.app.state.board.now()
        after = await browser.get("/pending")

    assert (page.status_code, program.status_code, after.status_code) == (503, 503, 200)
    assert page.headers["retry-after"] == "1"
    assert "0 of 1 open actions are known so far" in page.text
    assert "first time since the start" in program.json()["error"]
    assert '<meta http-equiv="refresh" content="2">' in page.text
    assert program.json()["read"] == 0


async def test_a_board_that_is_closed_reads_no_more(counting: Counting, board: Board) -> None:
    await counting.ledger.save([a_question(1)], now=NOW)
    counting.gate.clear()
    board.begin()
    await counting.asked.wait()

    await board.close()

    assert counting.loaded == []
