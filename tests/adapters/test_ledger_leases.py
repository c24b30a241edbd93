"""Leases and holds: who may carry anything out, and what keeps everybody from it."""

from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.audit.entries import of_note
from agent.model.enactment import Outcome, Went
from agent.model.errors import Conflict, Held
from agent.model.hold import BRAKE, KILL_SWITCH, OF_FILE, Hold, Replica
from agent.model.rails import Leave
from tests.adapters.records import KEY, NOW, TENANT, a_decided_record, an_effect
from tests.ledgers import open_ledger

M = timedelta(minutes=1)
UNTIL = NOW + 10 * M
A_NOTE = of_note("comment", "1", "a", NOW, text="approved")


def leave(token: int, replica: str = "a") -> Leave:
    return Leave(replica=replica, incident_id="1", token=token, until=UNTIL)


async def an_intended(ledger: SqlLedger) -> str:
    record = a_decided_record()
    await ledger.save([record], effects=[an_effect(record)], now=NOW)
    return an_effect(record).id


async def test_a_lease_is_one_replicas_until_it_runs_out(ledger: SqlLedger) -> None:
    first = await ledger.lease("1", "a", NOW, UNTIL)

    assert first == 1
    assert await ledger.lease("1", "b", UNTIL - timedelta(microseconds=1), UNTIL + M) is None
    assert await ledger.lease("1", "b", UNTIL, UNTIL + M) == 2


async def test_its_holder_renews_a_lease_and_gets_a_new_token(ledger: SqlLedger) -> None:
    await ledger.lease("1", "a", NOW, UNTIL)

    assert await ledger.lease("1", "a", NOW, UNTIL) == 2


async def test_a_lease_that_was_let_go_is_free_and_its_next_token_is_larger(ledger: SqlLedger) -> None:
    token = await ledger.lease("1", "a", NOW, UNTIL)
    assert token is not None

    await ledger.let_go("1", token)

    assert await ledger.lease("1", "b", NOW, UNTIL) == 2


async def test_a_stale_token_lets_nothing_go(ledger: SqlLedger) -> None:
    token = await ledger.lease("1", "a", NOW, UNTIL)
    assert token is not None
    await ledger.lease("1", "a", NOW, UNTIL)

    await ledger.let_go("1", token)

    assert await ledger.lease("1", "b", NOW, UNTIL) is None


async def test_leases_of_two_incidents_are_apart(ledger: SqlLedger) -> None:
    assert await ledger.lease("1", "a", NOW, UNTIL) == 1
    assert await ledger.lease("2", "b", NOW, UNTIL) == 1


async def test_who_lost_the_lease_sends_nothing(ledger: SqlLedger) -> None:
    effect = await an_intended(ledger)
    await ledger.lease("1", "a", NOW, UNTIL)
    await ledger.lease("1", "b", UNTIL, UNTIL + M)

    with pytest.raises(Conflict, match="taken over by another agent"):
        await ledger.depart(effect, NOW, leave(1))
    await ledger.depart(effect, NOW, leave(2, "b"))

    (record,) = await ledger.listed()
    (sent,) = await ledger.effects(record.action.id)
    assert (sent.went, sent.sent_by, sent.attempts) == (Went.SENT, "b", 1)


async def test_a_lease_that_ran_out_and_was_not_taken_still_holds_and_is_renewed(ledger: SqlLedger) -> None:
    effect = await an_intended(ledger)
    await ledger.lease("1", "a", NOW - 20 * M, NOW - 10 * M)

    await ledger.depart(effect, NOW, leave(1))

    assert await ledger.lease("1", "b", NOW, UNTIL) is None


async def test_without_any_lease_nothing_departs(ledger: SqlLedger) -> None:
    effect = await an_intended(ledger)

    with pytest.raises(Conflict):
        await ledger.depart(effect, NOW, leave(1))


@pytest.mark.parametrize("name", [KILL_SWITCH, BRAKE])
async def test_a_hold_lets_nothing_depart_until_it_is_released(ledger: SqlLedger, name: str) -> None:
    effect = await an_intended(ledger)
    await ledger.lease("1", "a", NOW, UNTIL)
    await ledger.hold(Hold(name=name, since=NOW, by="anna", reason="a false alarm storm"))

    with pytest.raises(Held) as no:
        await ledger.depart(effect, NOW, leave(1))
    assert await ledger.release(name, "anna", "over", NOW)
    await ledger.depart(effect, NOW, leave(1))

    assert (no.value.guard, no.value.words) == (name, "a false alarm storm")


async def test_a_hold_is_passed_by_who_names_it_and_no_other(ledger: SqlLedger) -> None:
    effect = await an_intended(ledger)
    await ledger.lease("1", "a", NOW, UNTIL)
    for name in (BRAKE, KILL_SWITCH):
        await ledger.hold(Hold(name=name, since=NOW, by="anna", reason=name))
    despite = msgspec.structs.replace(leave(1), despite=(BRAKE,))

    with pytest.raises(Held) as no:
        await ledger.depart(effect, NOW, despite)
    await ledger.release(KILL_SWITCH, "anna", "", NOW)
    await ledger.depart(effect, NOW, despite)

    assert no.value.guard == KILL_SWITCH


async def test_the_first_reason_of_a_hold_stays_and_one_release_ends_it(ledger: SqlLedger) -> None:
    first = Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="first")
    await ledger.hold(first)
    await ledger.hold(Hold(name=KILL_SWITCH, since=NOW + M, by="ben", reason="second"))

    assert await ledger.holds() == (first,)
    assert await ledger.release(KILL_SWITCH, "anna", "", NOW)
    assert not await ledger.release(KILL_SWITCH, "anna", "", NOW)
    assert await ledger.holds() == ()


async def test_who_laid_a_hold_may_say_better_why_and_it_stands_since_it_was_laid(ledger: SqlLedger) -> None:
    await ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="first"))

    await ledger.hold(Hold(name=KILL_SWITCH, since=NOW + M, by="anna", reason="second"))

    assert await ledger.holds() == (Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="second"),)


async def test_a_files_hold_keeps_everything_from_leaving_as_the_kill_switch(ledger: SqlLedger) -> None:
    effect = await an_intended(ledger)
    await ledger.lease("1", "a", NOW, UNTIL)
    await ledger.hold(Hold(name=f"{OF_FILE}b", since=NOW, by="the file HOLD of b", reason="drill"))

    with pytest.raises(Held) as no:
        await ledger.depart(effect, NOW, leave(1))

    assert (no.value.guard, no.value.words) == (KILL_SWITCH, "drill")


async def test_what_shows_decisions_leaves_only_by_a_lease_and_while_nothing_holds(ledger: SqlLedger) -> None:
    await ledger.lease("1", "a", NOW, UNTIL)
    await ledger.allow(msgspec.structs.replace(leave(1), until=UNTIL + M), A_NOTE)
    assert await ledger.lease("1", "b", UNTIL, UNTIL + M) is None

    await ledger.hold(Hold(name=BRAKE, since=NOW, by="the agent", reason="too many"))
    with pytest.raises(Held) as no:
        await ledger.allow(leave(1), A_NOTE)
    await ledger.release(BRAKE, "anna", "", NOW)
    await ledger.lease("1", "b", UNTIL + M, UNTIL + 2 * M)
    with pytest.raises(Conflict, match="taken over by another agent"):
        await ledger.allow(leave(1), A_NOTE)

    assert no.value.guard == BRAKE


async def test_a_hold_survives_a_restart_and_is_one_tenants(url: str) -> None:
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="night"))

    async with open_ledger(url, TENANT, key=KEY) as again, open_ledger(url, "another", key=KEY) as other:
        assert len(await again.holds()) == 1
        assert await other.holds() == ()


async def test_calls_of_a_replica_whose_lease_runs_are_its_own_business(ledger: SqlLedger) -> None:
    effect = await an_intended(ledger)
    await ledger.lease("1", "a", NOW, UNTIL)
    await ledger.depart(effect, NOW, leave(1))

    theirs = await ledger.interrupted("b", UNTIL - timedelta(microseconds=1))
    lapsed = await ledger.interrupted("b", UNTIL)
    own = await ledger.interrupted("a", NOW)
    await ledger.settle(effect, Outcome(went=Went.DONE), NOW)

    assert theirs == ()
    assert [one.id for one in lapsed] == [one.id for one in own] == [effect]
    assert await ledger.interrupted("a", NOW) == ()


async def test_replicas_tell_of_themselves(ledger: SqlLedger) -> None:
    one = Replica(
        name="b", alive=NOW, switch_read=NOW, version="1", mode="enforce", cannot={"softDelete": "x"}
    )
    two = Replica(name="a", alive=NOW)

    await ledger.beat(one)
    await ledger.beat(two)
    await ledger.beat(msgspec.structs.replace(one, alive=NOW + M))

    assert await ledger.replicas() == (two, msgspec.structs.replace(one, alive=NOW + M))


async def test_a_replica_that_has_long_said_nothing_is_forgotten(ledger: SqlLedger) -> None:
    month = timedelta(days=30)
    await ledger.beat(Replica(name="gone", alive=NOW - month - timedelta(microseconds=1)))
    await ledger.beat(Replica(name="quiet", alive=NOW - month))

    await ledger.beat(Replica(name="here", alive=NOW))

    assert [one.name for one in await ledger.replicas()] == ["here", "quiet"]
