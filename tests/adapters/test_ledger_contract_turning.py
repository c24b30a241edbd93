"""What turns decided records back to be judged anew, in both databases: the same as saving each of them whole."""

from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.judge.track import WAITING
from agent.model.basis import Basis, basis_of
from agent.model.enactment import Record, State
from agent.model.errors import Conflict
from tests.adapters.records import KEY, MINUTE, NOW, TENANT, a_decided_record, a_decision, a_record, an_action
from tests.ledgers import open_ledger

LATER = NOW + MINUTE

TURNED = sorted(WAITING - {State.INTENDED})

OTHER_TENANT = "99999999-2222-3333-4444-555555555555"


def a_basis(record: Record, version: int = 1) -> Basis:
    return basis_of(msgspec.structs.replace(record, version=version))


def decided(key: str, state: State = State.HELD, *, deadline: timedelta = MINUTE, **more: object) -> Record:
    action = an_action(key, deadline=NOW + deadline)
    decision = msgspec.structs.replace(a_decision(action), **more)
    return a_record(action=action, state=state, decision=decision)


async def bases(ledger: SqlLedger, state: State = State.HELD) -> list[Basis]:
    return list(await ledger.bases(state))


# What a decision rests on


@pytest.mark.parametrize("state", State)
async def test_the_narrow_form_says_of_a_record_what_the_whole_one_does(
    ledger: SqlLedger, state: State
) -> None:
    record = decided("a", state, is_observed=True, guard="brake")
    await ledger.save([record], now=NOW)

    assert await bases(ledger, state) == [a_basis(record)]
    assert await bases(ledger, State.SENT if state is State.SEEN else State.SEEN) == []


async def test_a_record_without_a_decision_rests_on_none(ledger: SqlLedger) -> None:
    record = a_record(state=State.ESCALATED)
    await ledger.save([record], now=NOW)

    (found,) = await bases(ledger, State.ESCALATED)

    assert (found.revision, found.is_observed, found.guard) == (None, False, None)


async def test_the_decision_in_force_is_meant_and_none_before_it(ledger: SqlLedger) -> None:
    first = decided("a", revision="r1", guard="brake", is_observed=True)
    await ledger.save([first], now=NOW)
    decision = a_decision(first.action, at=LATER)
    second = msgspec.structs.replace(first, decision=decision, version=1)

    await ledger.save([second], now=LATER)

    assert await bases(ledger) == [a_basis(second, version=2)]


async def test_a_decision_that_is_not_in_force_any_more_is_none(ledger: SqlLedger) -> None:
    record = decided("a")
    await ledger.save([record], now=NOW)

    await ledger.save([msgspec.structs.replace(record, decision=None, version=1)], now=LATER)

    (found,) = await bases(ledger)
    assert found.revision is None


async def test_they_are_read_by_their_deadlines_in_parts(ledger: SqlLedger) -> None:
    records = [decided(f"{number}", deadline=(number // 3 + 1) * MINUTE) for number in range(8)]
    await ledger.save(records, now=NOW)
    found: list[Basis] = []

    while some := await ledger.bases(State.HELD, after=found[-1] if found else None, limit=3):
        assert len(some) <= 3
        found += some

    assert found == sorted(map(a_basis, records), key=lambda one: (one.deadline, one.action_id))


async def test_those_of_another_tenant_are_not_among_them(url: str, ledger: SqlLedger) -> None:
    await ledger.save([decided("a")], now=NOW)

    async with open_ledger(url, OTHER_TENANT, key=KEY) as other:
        assert await bases(other) == []


# Turning back


@pytest.mark.parametrize("is_noted", [True, False])
@pytest.mark.parametrize("state", TURNED)
async def test_what_is_turned_back_is_as_if_it_had_been_saved_whole(
    ledger: SqlLedger, state: State, is_noted: bool
) -> None:
    quick, whole = (
        msgspec.structs.replace(a_decided_record(key, state, why="because"), is_noted=is_noted, due=None)
        for key in ("quick", "whole")
    )
    await ledger.save([quick, whole], now=NOW)
    before = await ledger.trail.head("agent")

    await ledger.turn_back([a_basis(quick)], LATER)
    await ledger.save([msgspec.structs.replace(whole, state=State.SEEN, due=LATER, version=1)], now=LATER)

    found = await ledger.load([quick.action.id, whole.action.id])
    one, other = (found[record.action.id] for record in (quick, whole))
    assert one == msgspec.structs.replace(quick, state=State.SEEN, due=LATER, version=2)
    assert (
        msgspec.structs.replace(one, action=other.action, decision=other.decision, plan=other.plan) == other
    )
    assert await ledger.trail.head("agent") == before
    assert await ledger.to_visit(10) == (() if is_noted else ("1",))
    assert {record.action.id for record in await ledger.due(LATER, [State.SEEN], 10)} == found.keys()


async def test_none_is_turned_back_where_one_was_changed_meanwhile(ledger: SqlLedger) -> None:
    changed, same = decided("changed"), decided("same")
    await ledger.save([changed, same], now=NOW)
    read = await bases(ledger)
    await ledger.save([msgspec.structs.replace(changed, why="news", version=1)], now=NOW)

    with pytest.raises(Conflict):
        await ledger.turn_back(read, LATER)

    assert await ledger.counts() == {State.HELD: 2}


async def test_who_has_read_a_record_before_it_was_turned_back_cannot_save_it(ledger: SqlLedger) -> None:
    record = decided("a")
    await ledger.save([record], now=NOW)
    await ledger.turn_back(await bases(ledger), LATER)

    with pytest.raises(Conflict):
        await ledger.save([msgspec.structs.replace(record, why="news", version=1)], now=LATER)


async def test_another_tenants_record_is_never_turned_back(url: str, ledger: SqlLedger) -> None:
    await ledger.save([decided("a")], now=NOW)
    read = await bases(ledger)

    async with open_ledger(url, OTHER_TENANT, key=KEY) as other:
        with pytest.raises(Conflict):
            await other.turn_back(read, LATER)

    assert await ledger.counts() == {State.HELD: 1}


async def test_nothing_to_turn_back_changes_nothing(ledger: SqlLedger) -> None:
    await ledger.save([decided("a")], now=NOW)

    await ledger.turn_back([], LATER)

    assert [record.tenant_id for record in [one.action for one in await ledger.listed()]] == [TENANT]
    assert await ledger.counts() == {State.HELD: 1}
