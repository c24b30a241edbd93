"""A wire to the database that breaks at every point of a change: it is made whole or not at all, and nothing is lost by it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import make_url

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import open_ledger
from agent.model.enactment import Effect, Outcome, Record, Went
from agent.model.errors import Conflict, LedgerError
from agent.model.rails import Leave
from tests.adapters.records import KEY, NOW, TENANT, a_decided_record, an_effect, saved
from tests.adapters.sharers import Hall
from tests.adapters.wire_cutter import WireCutter
from tests.postgresql import Postgres

UNTIL = NOW + timedelta(minutes=10)
COMMIT = b"COMMIT\x00"
"""As it goes over the wire, unlike a beginning that reads what is committed."""

MOST = 40
"""Statements that no change has."""


@pytest.fixture
def wire(postgres: Postgres) -> Iterator[WireCutter]:
    with WireCutter(f"{postgres.host}/.s.PGSQL.5432") as wire:
        yield wire


@pytest.fixture
async def hall(postgres: Postgres) -> AsyncIterator[Hall]:
    url = postgres.new(template="empty_ledger")
    async with AsyncExitStack() as stack:
        yield Hall(url, stack)
    postgres.drop(url)


async def opened(hall: Hall, wire: WireCutter) -> SqlLedger:
    """Open a ledger by its share, as a replica does, over the wire."""
    share = (await (await hall.join("a")).renew([TENANT]))[TENANT]
    hall.pass_time(-3600)  # it is not to run out here
    url = f"postgresql://postgres@127.0.0.1:{wire.port}/{make_url(hall.url).database}"
    ledger = open_ledger(url, TENANT, key=KEY, replica="a", share=share)
    return await hall.stack.enter_async_context(ledger)


def an_incident(number: int) -> tuple[Record, Effect]:
    record = a_decided_record(f"cluster-{number}")
    return record, an_effect(record, targets=((f"message-{number}", "anna@contoso.example"),))


def leave(token: int) -> Leave:
    return Leave(replica="a", incident_id="1", token=token, until=UNTIL)


Change = Callable[[SqlLedger, Record, Effect], Awaitable[object]]


async def _save(ledger: SqlLedger, record: Record, effect: Effect) -> None:
    await ledger.save([record], effects=[effect], now=NOW)


class Found(NamedTuple):
    """What was found after the wire broke in the middle of a change."""

    is_commit: bool
    answer_was_lost: bool
    went: Went | None

    @property
    def may_be_made(self) -> bool:
        """Whether the server made the change and only its answer is missing."""
        return self.is_commit and self.answer_was_lost


async def _at_every_point(hall: Hall, wire: WireCutter, prepare: Change, change: Change) -> list[Found]:
    """Break the wire at every point of a change, and return what was found each time that its caller was told of it.

    Where it breaks before anything was asked for, another connection is made and nobody need know.
    """
    ledger = await opened(hall, wire)
    found: list[Found] = []
    number = 0
    for loses_answer in (False, True):
        for statement in range(1, MOST):
            number += 1
            record, effect = an_incident(number)
            await prepare(ledger, record, effect)
            await ledger.counts()  # so that each change begins on a session that is there
            wire.arm(statement, loses_answer=loses_answer)
            is_told = False
            try:
                await change(ledger, record, effect)
            except LedgerError:
                is_told = True
            wire.disarm()
            if wire.cut is None:
                break
            effects = await ledger.effects(record.action.id)
            assert len(await ledger.load([record.action.id])) == len(effects), "a change was made by halves"
            if is_told:
                went = effects[0].went if effects else None
                found.append(Found(COMMIT in wire.cut, loses_answer, went))
    assert number < 2 * (MOST - 1)
    assert len(found) > 10
    assert [one.answer_was_lost for one in found if one.is_commit] == [False, True]
    return found


async def _nothing(ledger: SqlLedger, record: Record, effect: Effect) -> None:
    """Prepare nothing."""


async def test_what_was_saved_is_there_whole_or_not_at_all(hall: Hall, wire: WireCutter) -> None:
    found = await _at_every_point(hall, wire, _nothing, _save)

    assert [one.went for one in found if one.may_be_made] == [Went.INTENDED]
    assert {one.went for one in found if not one.may_be_made} == {None}


async def test_saving_once_more_after_a_lost_answer_is_a_conflict_and_changes_nothing(
    hall: Hall, wire: WireCutter
) -> None:
    async def save_again(ledger: SqlLedger, record: Record, effect: Effect) -> None:
        try:
            await _save(ledger, record, effect)
        except LedgerError:
            lost.append(record)
            raise

    lost: list[Record] = []
    found = await _at_every_point(hall, wire, _nothing, save_again)
    ledger = await opened_again(hall, wire)

    made = [record for record, one in zip(lost, found, strict=True) if one.may_be_made]
    with pytest.raises(Conflict):
        await ledger.save(made, now=NOW)

    assert await ledger.load([made[0].action.id]) == {made[0].action.id: saved(made[0])}


async def test_a_call_whose_departure_was_not_answered_did_not_leave_and_is_read_back(
    hall: Hall, wire: WireCutter
) -> None:
    """Whoever departs sees an error and sends nothing. Where it is written down all the same, it is found as interrupted."""

    async def prepare(ledger: SqlLedger, record: Record, effect: Effect) -> None:
        await _save(ledger, record, effect)
        tokens.append(await ledger.lease("1", "a", NOW, UNTIL) or 0)

    async def depart(ledger: SqlLedger, _: Record, effect: Effect) -> None:
        await ledger.depart(effect.id, NOW, leave(tokens[-1]))

    tokens: list[int] = []
    found = await _at_every_point(hall, wire, prepare, depart)

    ledger = await opened_again(hall, wire)
    assert [one for one in found if one.went is Went.SENT] == [one for one in found if one.may_be_made]
    # Sent as well: twice where the wire broke before anything was asked, and twice where it did not break.
    assert len(await ledger.interrupted("a", NOW)) == 1 + 4


async def test_an_outcome_that_was_not_answered_is_written_or_its_call_is_found_again(
    hall: Hall, wire: WireCutter
) -> None:
    async def prepare(ledger: SqlLedger, record: Record, effect: Effect) -> None:
        await _save(ledger, record, effect)
        token = await ledger.lease("1", "a", NOW, UNTIL) or 0
        await ledger.depart(effect.id, NOW, leave(token))

    async def settle(ledger: SqlLedger, _: Record, effect: Effect) -> None:
        await ledger.settle(effect.id, Outcome(went=Went.DONE), NOW)

    found = await _at_every_point(hall, wire, prepare, settle)

    ledger = await opened_again(hall, wire)
    assert [one.went for one in found if one.may_be_made] == [Went.DONE]
    assert {one.went for one in found if not one.may_be_made} == {Went.SENT}
    assert len(await ledger.interrupted("a", NOW)) == len(found) - 1


async def opened_again(hall: Hall, wire: WireCutter) -> SqlLedger:
    """Return another ledger over the wire, beside the one that has the share."""
    url = f"postgresql://postgres@127.0.0.1:{wire.port}/{make_url(hall.url).database}"
    return await hall.stack.enter_async_context(open_ledger(url, TENANT, key=KEY, replica="beside"))


async def test_a_restart_of_the_server_is_told_and_over_with_the_next_call(
    hall: Hall, wire: WireCutter
) -> None:
    ledger = await opened(hall, wire)
    await ledger.move_cursor(NOW)
    hall.do(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )

    await ledger.move_cursor(UNTIL)

    assert await ledger.cursor() == UNTIL
