"""What AIR wrote down, in the ledger: both databases promise the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.adapters.ledger.ledger import SqlLedger
from agent.judge.naming import newer
from agent.model.pending import ActionKind
from tests.adapters.records import a_decided_record
from tests.makers import NOW, an_air_action


async def test_an_action_is_found_under_every_name_of_what_it_acts_on(ledger: SqlLedger) -> None:
    row = an_air_action("user:a", "user:s-1", "user:a@contoso.example")
    await ledger.save_air_actions([row, an_air_action("user:b")])

    for place in row.places:
        assert await ledger.air_actions([place]) == (row,)
    assert await ledger.air_actions([*row.places, *row.places]) == (row,)
    assert await ledger.air_actions(["user:c"]) == ()
    assert await ledger.air_actions([]) == ()


async def test_an_action_that_acts_on_nothing_is_found_under_its_own_name(ledger: SqlLedger) -> None:
    row = an_air_action("x")
    bare = type(row)(investigation_id="i", action_id="a", at=NOW)
    await ledger.save_air_actions([bare])

    assert await ledger.air_actions(bare.places) == (bare,)


async def test_the_newest_reading_replaces_the_one_before_and_keeps_it(ledger: SqlLedger) -> None:
    first = an_air_action(at=NOW)
    decided = newer(first, an_air_action(status="Completed", approval="Declined", by="x\0", at=NOW + timedelta(hours=1)))  # fmt: skip
    await ledger.save_air_actions([first])
    await ledger.save_air_actions([decided])

    (found,) = await ledger.air_actions(first.places[:1])

    assert (found.approval, found.earlier[0].status) == ("Declined", "Pending")


async def test_names_as_long_as_a_query_are_found(ledger: SqlLedger) -> None:
    row = an_air_action("cluster:" + "x" * 20_000)
    await ledger.save_air_actions([row])

    assert await ledger.air_actions(row.places) == (row,)


async def test_more_names_than_one_statement_takes_are_all_looked_for(ledger: SqlLedger) -> None:
    rows = [an_air_action(f"user:{number}") for number in range(1_201)]
    await ledger.save_air_actions(rows)

    assert len(await ledger.air_actions([row.places[0] for row in rows])) == 1_201


async def test_the_newest_moment_is_known(ledger: SqlLedger) -> None:
    assert await ledger.air_read_until() is None

    await ledger.save_air_actions(
        [an_air_action("a", at=NOW), an_air_action("b", at=NOW - timedelta(days=1))]
    )

    assert await ledger.air_read_until() == NOW


async def test_what_waited_at_a_time_is_found_by_its_kind(ledger: SqlLedger) -> None:
    record = a_decided_record("cluster-1")
    await ledger.save([record], now=NOW)
    action, tick = record.action, timedelta(microseconds=1)
    kinds = [action.kind, ActionKind.UNKNOWN]

    async def at(since: datetime, until: datetime, asked: Sequence[ActionKind] = kinds) -> list[str]:
        return [one.id for one in await ledger.proposed(asked, since, until)]

    assert await at(action.first_seen, action.deadline) == [action.id]
    assert await at(action.deadline - tick, action.deadline) == [action.id]
    assert await at(action.deadline, action.deadline + tick) == []
    assert await at(action.first_seen - tick, action.first_seen) == []
    assert await at(action.first_seen, action.deadline, [ActionKind.UNKNOWN]) == []
