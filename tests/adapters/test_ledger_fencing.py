"""Fencing: a replica that has lost a tenant changes nothing in it, and whoever has it now finds what was under way."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta

import psycopg
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import open_ledger
from agent.adapters.ledger.place import open_place
from agent.adapters.ledger.shares import LEASE
from agent.audit.entries import of_note
from agent.model.alarm import Alarm
from agent.model.enactment import Outcome, Went
from agent.model.errors import Lost
from agent.model.hold import Hold
from agent.model.rails import Leave
from agent.model.tenancy import Share
from tests.adapters.records import KEY, NOW, TENANT, a_decided_record, an_effect, saved
from tests.adapters.sharers import Hall
from tests.postgresql import Postgres

UNTIL = NOW + timedelta(minutes=10)
RECORD = a_decided_record()
EFFECT = an_effect(RECORD)


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> Iterator[str]:
    made = postgres.new(template="empty_ledger")
    yield made
    postgres.drop(made)


@pytest.fixture
async def hall(url: str) -> AsyncIterator[Hall]:
    async with AsyncExitStack() as stack:
        hall = Hall(url, stack)
        hall.clear()
        yield hall


async def share_of(hall: Hall, replica: str) -> Share:
    return (await (await hall.join(replica)).renew([TENANT]))[TENANT]


async def opened(hall: Hall, replica: str, share: Share | None) -> SqlLedger:
    ledger = open_ledger(hall.url, TENANT, key=KEY, replica=replica, share=share)
    return await hall.stack.enter_async_context(ledger)


def leave(token: int, replica: str = "a") -> Leave:
    return Leave(replica=replica, incident_id="1", token=token, until=UNTIL)


CHANGES: dict[str, Callable[[SqlLedger], Awaitable[object]]] = {
    "save": lambda ledger: ledger.save([saved(RECORD)], now=NOW),
    "move_cursor": lambda ledger: ledger.move_cursor(NOW),
    "lease": lambda ledger: ledger.lease("2", "a", NOW, UNTIL),
    "depart": lambda ledger: ledger.depart(EFFECT.id, NOW, leave(1)),
    "allow": lambda ledger: ledger.allow(leave(1), of_note("comment", "1", "a", NOW, text="approved")),
    "settle": lambda ledger: ledger.settle(EFFECT.id, Outcome(went=Went.UNKNOWN), NOW),
    "hold": lambda ledger: ledger.hold(Hold(name="kill switch", since=NOW, by="a", reason="why not")),
    "alarm": lambda ledger: ledger.raise_alarm(Alarm(name="x", since=NOW, words="broken")),
    "audit alarm": lambda ledger: ledger.raise_alarm(Alarm(name="audit", since=NOW, words="broken")),
    "shipped": lambda ledger: ledger.trail.mark_shipped("a", 1, NOW),
}
"""One change of each kind, each in a transaction of its own."""


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_who_has_lost_a_tenant_changes_nothing_in_it(
    hall: Hall, change: Callable[[SqlLedger], Awaitable[object]]
) -> None:
    stale = await opened(hall, "a", await share_of(hall, "a"))
    await stale.save([RECORD], effects=[EFFECT], now=NOW)
    await stale.lease("1", "a", NOW, UNTIL)
    hall.pass_time(LEASE + 1)
    await share_of(hall, "b")
    before = hall.do("SELECT coalesce(sum(number), 0) FROM audit_heads")

    with pytest.raises(Lost, match="another replica works on it"):
        await change(stale)

    assert hall.do("SELECT coalesce(sum(number), 0) FROM audit_heads") == before
    assert await stale.listed() == (saved(RECORD),)
    assert (await stale.effects(RECORD.action.id))[0].went is Went.INTENDED


async def test_a_lease_that_has_run_out_lets_nothing_be_written_though_nobody_took_the_tenant(
    hall: Hall,
) -> None:
    ledger = await opened(hall, "a", await share_of(hall, "a"))

    hall.pass_time(LEASE - 1)
    await ledger.move_cursor(NOW)
    hall.pass_time(1.1)

    with pytest.raises(Lost):
        await ledger.move_cursor(UNTIL)
    assert await ledger.cursor() == NOW


async def test_who_answers_or_holds_needs_no_share(hall: Hall) -> None:
    await share_of(hall, "b")

    beside = await opened(hall, "a", None)

    await beside.hold(Hold(name="kill switch", since=NOW, by="anna", reason="too much"))
    assert len(await beside.holds()) == 1


async def test_a_takeover_ends_the_leases_of_incidents_and_gives_what_was_under_way_to_its_new_owner(
    hall: Hall,
) -> None:
    old = await opened(hall, "a", await share_of(hall, "a"))
    await old.save([RECORD], effects=[EFFECT], now=NOW)
    await old.lease("1", "a", NOW, UNTIL)
    await old.depart(EFFECT.id, NOW, leave(1))
    hall.pass_time(LEASE + 1)

    new = await opened(hall, "b", await share_of(hall, "b"))

    assert [one.id for one in await new.interrupted("b", NOW)] == [EFFECT.id]
    assert await new.lease("1", "b", NOW, UNTIL) == 3


async def test_a_first_share_ends_no_lease_of_an_agent_that_knows_of_no_shares(hall: Hall) -> None:
    older = await opened(hall, "older", None)
    await older.save([RECORD], effects=[EFFECT], now=NOW)
    await older.lease("1", "older", NOW, UNTIL)
    await older.depart(EFFECT.id, NOW, leave(1, "older"))

    new = await opened(hall, "b", await share_of(hall, "b"))

    assert await new.interrupted("b", NOW) == ()
    assert await new.lease("1", "b", NOW, UNTIL) is None


async def test_leases_of_commands_beside_an_agent_outlast_a_takeover(hall: Hall) -> None:
    await share_of(hall, "a")
    command = await opened(hall, "a.undo", None)
    await command.lease("1", "a.undo", NOW, UNTIL)
    hall.pass_time(LEASE + 1)

    new = await opened(hall, "b", await share_of(hall, "b"))

    assert await new.lease("1", "b", NOW, UNTIL) is None


async def test_tenants_of_one_place_wait_for_each_other_only_where_they_must(hall: Hall) -> None:
    """What must happen at once happens while other tenants' work fills every thread."""
    share = await share_of(hall, "a")
    async with (
        open_place(hall.url, at_once=1) as place,
        open_ledger(hall.url, TENANT, key=KEY, replica="a", share=share, place=place) as ledger,
        open_ledger(hall.url, "another", key=KEY, replica="a", place=place) as other,
    ):
        await ledger.save([RECORD], effects=[EFFECT], now=NOW)
        await ledger.lease("1", "a", NOW, UNTIL)
        with hall.session() as session, session.transaction():
            session.execute("LOCK TABLE cursors")
            waits = other._desk._line._ask(
                lambda: other._desk._look(
                    lambda connection, _: connection.exec_driver_sql("SELECT 1 FROM cursors").all()
                )
            )
            await ledger.depart(EFFECT.id, NOW, leave(1))
            is_waiting = not waits.done()

        assert is_waiting
        assert waits.result(10) == []
        assert (await ledger.effects(RECORD.action.id))[0].went is Went.SENT


async def test_a_session_that_rests_in_the_middle_of_a_change_is_ended_and_one_that_looks_is_not(
    hall: Hall,
) -> None:
    def told(connection: object, _: str) -> object:
        return connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()  # type: ignore[attr-defined]

    writes = await opened(hall, "a", await share_of(hall, "a"))
    looks = await hall.stack.enter_async_context(open_ledger(hall.url, TENANT, read_only=True))

    assert (await writes._read(told), await looks._read(told)) == ("10s", "0")


async def test_a_change_that_was_begun_before_a_takeover_is_whole_or_not_there(hall: Hall) -> None:
    """A process that is stopped in the middle of a change: its session ends, and the tenant moves without it."""
    share = await share_of(hall, "a")
    stopped = psycopg.connect(hall.url.replace("postgresql+psycopg", "postgresql"))
    stopped.execute("SELECT 1 FROM shares WHERE token = %s FOR KEY SHARE", [share.token])
    stopped.execute("UPDATE shares SET since = 7")
    hall.do(
        f"SELECT pg_terminate_backend({stopped.info.backend_pid}, 5000)"
    )  # as the server itself does after ten seconds
    hall.pass_time(LEASE + 1)

    taken = await share_of(hall, "b")

    assert taken.token == share.token + 1
    with pytest.raises(psycopg.OperationalError):
        stopped.commit()
