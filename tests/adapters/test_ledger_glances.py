"""What is asked of every ledger every two seconds: always as it is, read only where anything was changed."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, make_url

from agent.adapters.ledger import glances
from agent.adapters.ledger.engines import sqlite
from agent.adapters.ledger.glances import Watched
from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import open_ledger
from agent.adapters.ledger.place import open_place
from agent.model.errors import LedgerError
from agent.model.hold import Hold
from tests import by_tenant
from tests.adapters.records import KEY, NOW, TENANT, a_decided_record
from tests.ledgers import begin
from tests.ledgers import open_ledger as open_for_tests
from tests.postgresql import Postgres

OTHER = "99999999-2222-3333-4444-555555555555"
MINUTE = timedelta(minutes=1)


def a_hold(name: str = "kill-switch", reason: str = "a bad signature") -> Hold:
    return Hold(name=name, since=NOW, by="anna", reason=reason)


async def test_what_another_process_changes_is_seen_at_the_next_look(url: str, ledger: SqlLedger) -> None:
    before = await ledger.holds(), await ledger.trail.waiting(), await ledger.stamp()
    async with open_for_tests(url, TENANT, key=KEY, replica="beside") as beside:
        await beside.hold(a_hold())

    after = await ledger.holds(), await ledger.trail.waiting(), await ledger.stamp()
    async with open_for_tests(url, TENANT, key=KEY, replica="beside") as beside:
        await beside.release("kill-switch", "anna", "looked at it", NOW)

    assert before[:2] == ((), {})
    assert after[0] == (a_hold(),)
    assert set(after[1]) == {"beside"}
    assert before[2] != after[2]
    assert await ledger.holds() == ()


async def test_what_this_process_changes_is_seen_and_changes_the_stamp(ledger: SqlLedger) -> None:
    stamps = [await ledger.stamp(), await ledger.stamp()]
    await ledger.move_cursor(NOW)  # the audit does not tell of that
    stamps.append(await ledger.stamp())
    await ledger.save([a_decided_record()], now=NOW)
    stamps.append(await ledger.stamp())

    assert stamps[0] == stamps[1]
    assert len(set(stamps)) == 3
    assert set(await ledger.trail.waiting()) == {"agent"}


async def test_without_anybody_to_watch_it_nobody_can_say_whether_a_file_was_changed(sqlite_url: str) -> None:
    async with open_for_tests(sqlite_url, TENANT, key=KEY) as ledger:
        await ledger.hold(a_hold())

        assert await ledger.stamp() is None
        assert await ledger.holds() == (a_hold(),)


class Counted(AsyncExitStack):
    """Files of tenants, watched together; `statements` are those that were made to look at them."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.together = folder, glances.files()
        self.statements: list[str] = []

    async def open(self, name: str) -> SqlLedger:
        url = f"sqlite:///{self.folder}/{name}/ledger.db"
        begin(url)
        return await self.enter_async_context(open_ledger(url, TENANT, key=KEY, together=self.together))

    def watched(self, name: str) -> Watched:
        place = make_url(f"sqlite:///{self.folder}/{name}/ledger.db")
        engine = sqlite(place, read_only=True, must_be_there=True)
        by_tenant.watch(engine)
        event.listen(engine, "before_cursor_execute", lambda *told: self.statements.append(told[2]))
        self.callback(engine.dispose)
        return Watched(engine, name, TENANT)


@pytest.fixture
async def counted(tmp_path: Path) -> AsyncIterator[Counted]:
    async with Counted(tmp_path) as files:
        yield files


async def test_a_file_that_nobody_has_changed_is_not_read_again(counted: Counted) -> None:
    ledger = await counted.open("a")
    watched = counted.watched("a")

    first = watched.look()
    read = len(counted.statements)
    again = [watched.look() for _ in range(10)]
    unread = len(counted.statements)
    await ledger.hold(a_hold())

    assert again == [first] * 10
    assert read == unread > 0
    assert watched.look().holds == (a_hold(),)
    assert len(counted.statements) > unread


async def test_a_file_that_cannot_be_read_is_told_of_it_and_no_other(
    counted: Counted, tmp_path: Path
) -> None:
    good, bad = await counted.open("good"), await counted.open("bad")
    await good.hold(a_hold())
    with closing(sqlite3.connect(tmp_path / "bad" / "ledger.db")) as file:
        file.execute("ALTER TABLE holds RENAME TO gone")

    found = await asyncio.gather(good.holds(), bad.holds(), return_exceptions=True)

    assert found[0] == (a_hold(),)
    assert isinstance(found[1], LedgerError)
    assert "bad" in str(found[1])


async def test_one_that_is_closed_while_it_is_looked_at_is_closed_afterwards(counted: Counted) -> None:
    await counted.open("a")
    watched = counted.watched("a")
    watched.look()

    with watched._turn:
        watched.close()
        still_open = watched._connection is not None
    watched.look()

    assert still_open
    assert watched._connection is None


async def test_a_server_is_asked_once_for_all_of_its_tenants(postgres: Postgres) -> None:
    url = postgres.new(template="empty_ledger")
    statements: list[str] = []
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(open_place(url, at_once=4))
        ledgers = [
            await stack.enter_async_context(open_ledger(url, tenant, key=KEY, place=place))
            for tenant in (TENANT, OTHER)
        ]
        await ledgers[1].hold(a_hold())
        event.listen(place.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))

        found = await asyncio.gather(
            *(one.holds() for one in ledgers), *(one.trail.waiting() for one in ledgers)
        )

    postgres.drop(url)
    assert found == [(), (a_hold(),), {}, {"agent": NOW}]
    assert len(statements) == 3
    assert all(not by_tenant.unnamed(one) for one in statements)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from(["hold", "hold beside", "release", "move", "ship", "look"]), max_size=12)
)
async def test_what_is_seen_is_what_a_reading_finds(
    tmp_path_factory: pytest.TempPathFactory, steps: Sequence[str]
) -> None:
    async with Counted(tmp_path_factory.mktemp("ledgers")) as files:
        ledger, beside = await files.open("a"), await files.open("a")
        for number, step in enumerate(steps):
            match step:
                case "hold":
                    await ledger.hold(a_hold(f"one-{number}"))
                case "hold beside":
                    await beside.hold(a_hold(f"one-{number}"))
                case "release":
                    for hold in (await beside.holds())[:1]:
                        await beside.release(hold.name, "anna", "why", NOW)
                case "move":
                    await beside.move_cursor(NOW + number * MINUTE)
                case "ship":
                    head = await ledger.trail.head("agent")
                    await ledger.trail.mark_shipped("agent", head.number, NOW)
            async with open_for_tests(f"sqlite:///{files.folder}/a/ledger.db", TENANT, key=KEY) as plain:
                assert await ledger.holds() == await plain.holds()
                assert await ledger.trail.waiting() == await plain.trail.waiting()
