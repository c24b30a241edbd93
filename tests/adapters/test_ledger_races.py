"""Two agents on one ledger: exactly one of them gets its way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.enactment import Outcome, State, Went
from tests.adapters.records import (
    A_LEAVE,
    KEY,
    NOW,
    TENANT,
    a_decided_record,
    a_lease,
    a_record,
    an_effect,
    depart,
    saved,
)
from tests.ledgers import open_ledger

ROUNDS = range(8)

Pair = tuple[SqlLedger, SqlLedger]


@pytest.fixture
async def two(url: str) -> AsyncIterator[Pair]:
    async with open_ledger(url, TENANT, key=KEY) as one, open_ledger(url, TENANT, key=KEY) as other:
        yield one, other


async def went(*calls: Awaitable[None]) -> list[str]:
    """Return how calls made at the same time went, by name."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    return sorted(type(result).__name__ for result in results)


async def test_a_new_record_is_created_once(two: Pair) -> None:
    for n in ROUNDS:
        records = [a_record(f"{n}-{place}") for place in range(5)]

        assert await went(*(one.save(records, now=NOW) for one in two)) == ["Conflict", "NoneType"]


async def test_a_record_is_changed_once(two: Pair) -> None:
    record = a_record()
    await two[0].save([record], now=NOW)

    for n in ROUNDS:
        changed = msgspec.structs.replace(saved(record, n + 1), why=f"round {n}")
        assert await went(*(one.save([changed], now=NOW) for one in two)) == ["Conflict", "NoneType"]

    assert (await two[0].listed())[0].version == len(ROUNDS) + 1


async def test_records_saved_in_opposite_order_do_not_lock_each_other_out(two: Pair) -> None:
    records = [a_record(f"{n}") for n in range(40)]
    await two[0].save(records, now=NOW)

    for n in ROUNDS:
        batch = [saved(record, n + 1) for record in records]
        calls = (two[0].save(batch, now=NOW), two[1].save(batch[::-1], now=NOW))
        assert await went(*calls) == ["Conflict", "NoneType"]


async def test_a_target_is_claimed_once(two: Pair) -> None:
    for n in ROUNDS:
        first, second = a_decided_record(f"{n}-a"), a_decided_record(f"{n}-b")
        targets = tuple((f"{n}-{place}", "anna@contoso.example") for place in range(50))
        calls = (
            two[0].save([first], effects=[an_effect(first, targets=targets)], now=NOW),
            two[1].save([second], effects=[an_effect(second, targets=targets[::-1])], now=NOW),
        )

        assert await went(*calls) == ["Conflict", "NoneType"]
        assert len({cover.effect_id for cover in (await two[0].covered(targets)).values()}) == 1


async def test_an_effect_departs_once(two: Pair) -> None:
    record = a_decided_record()
    effects = [an_effect(record, n) for n in ROUNDS]
    await two[0].save([record], effects=effects, now=NOW)
    await a_lease(two[0])

    for effect in effects:
        assert await went(*(one.depart(effect.id, NOW, A_LEAVE) for one in two)) == ["Conflict", "NoneType"]

    assert [effect.attempts for effect in await two[1].effects(record.action.id)] == [1] * len(effects)


async def test_an_effect_is_either_dropped_or_sent(two: Pair) -> None:
    record = a_decided_record()
    effects = [an_effect(record, n) for n in ROUNDS]
    await two[0].save([record], effects=effects, now=NOW)
    await a_lease(two[0])

    for effect in effects:
        calls = (two[0].depart(effect.id, NOW, A_LEAVE), two[1].save([], dropped=[effect.id], now=NOW))
        assert await went(*calls) == ["Conflict", "NoneType"]

    after = await two[0].effects(record.action.id)
    covered = await two[0].covered([target for effect in effects for target in effect.targets])
    assert {effect.id for effect in after if effect.went is Went.SENT} == {
        cover.effect_id for cover in covered.values()
    }
    assert {effect.went for effect in after} <= {Went.SENT, Went.DROPPED}


async def test_a_call_that_is_cancelled_is_written_all_the_same(url: str) -> None:
    record = a_decided_record()
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save([record], effects=[an_effect(record)], now=NOW)
        await depart(ledger, an_effect(record).id, NOW)
        settling = asyncio.create_task(ledger.settle(an_effect(record).id, Outcome(went=Went.DONE), NOW))
        waiting = asyncio.create_task(ledger.move_cursor(NOW))
        await asyncio.wait({settling}, timeout=0)

        settling.cancel()
        waiting.cancel()

        with pytest.raises(asyncio.CancelledError):
            await settling
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await ledger.effects(record.action.id))[0].went == Went.DONE
        assert await ledger.cursor() == NOW


async def test_readers_see_a_whole_save_while_another_writes(two: Pair) -> None:
    records = [a_record(f"{n}") for n in range(100)]

    async def write() -> None:
        for n in range(10):
            batch = [saved(record, n) for record in records] if n else records
            state = State.SEEN if n % 2 else State.SENT
            changed = [msgspec.structs.replace(record, state=state) for record in batch]
            await two[0].save(changed, now=NOW + timedelta(seconds=n))

    writing = asyncio.create_task(write())
    looks = []
    while not writing.done():
        looks.append(await two[1].counts())
    await writing

    assert all(sum(look.values()) in {0, 100} and len(look) <= 1 for look in looks)
    assert await two[1].counts() == {State.SEEN: 100}
