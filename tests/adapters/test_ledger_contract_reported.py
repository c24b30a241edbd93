"""What every ledger promises of reports that were sent, held against SQLite and PostgreSQL."""

from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.errors import Conflict
from agent.model.schedule import Reported, Stage
from tests.adapters.records import NOW

MINUTE = timedelta(minutes=1)


def a_reported(period: str = "2026-W47", stage: Stage = Stage.SENDING, **more: object) -> Reported:
    one = Reported(period=period, stage=stage, at=NOW, attempts=1, first=NOW, why="")
    return msgspec.structs.replace(one, **more)


async def test_what_was_never_begun_is_not_there(ledger: SqlLedger) -> None:
    assert await ledger.reports.reported("2026-W47") is None
    assert await ledger.reports.unfinished() == ()


async def test_what_is_written_is_read_again(ledger: SqlLedger) -> None:
    one = a_reported(stage=Stage.WAITING, due=NOW + MINUTE, why="mail: away \0 \\0 \U0001f4e7")

    await ledger.reports.write(one, None)

    assert await ledger.reports.reported("2026-W47") == one


async def test_what_was_begun_by_somebody_else_is_not_begun_again(ledger: SqlLedger) -> None:
    await ledger.reports.write(a_reported(), None)

    with pytest.raises(Conflict, match="begun by another agent"):
        await ledger.reports.write(a_reported(), None)


async def test_a_stage_is_left_only_by_whoever_has_read_it(ledger: SqlLedger) -> None:
    await ledger.reports.write(a_reported(), None)
    await ledger.reports.write(a_reported(stage=Stage.SENT), Stage.SENDING)

    with pytest.raises(Conflict, match="taken on by another agent"):
        await ledger.reports.write(a_reported(stage=Stage.FAILED), Stage.SENDING)

    found = await ledger.reports.reported("2026-W47")
    assert found is not None
    assert found.stage is Stage.SENT


async def test_those_that_are_neither_sent_nor_given_up_are_unfinished_oldest_first(
    ledger: SqlLedger,
) -> None:
    for period, stage, minutes in (
        ("2026-W44", Stage.SENT, 0), ("2026-W47", Stage.WAITING, 3), ("2026-W45", Stage.SENDING, 1), ("2026-W46", Stage.FAILED, 2),
    ):  # fmt: skip
        await ledger.reports.write(a_reported(period, stage, first=NOW + minutes * MINUTE), None)

    assert [one.period for one in await ledger.reports.unfinished()] == ["2026-W45", "2026-W47"]
