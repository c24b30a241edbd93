"""What every ledger promises of people's answers, held against SQLite and PostgreSQL."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.answer import Answer, Person
from agent.model.audit import Event
from agent.model.decision import Verb
from agent.model.enactment import Record, State
from agent.model.errors import Conflict
from tests.adapters.records import KEY, NOW, TENANT, a_record, an_action
from tests.ledgers import open_ledger

NOTHING = "\0 `\\0` \\ \U0001f4e7"


def an_answer(action_id: str, who: str = "anna", **more: object) -> Answer:
    values: dict[str, object] = {
        "at": NOW,
        "person": Person(object_id=who, tenant_id=TENANT, name=who.title(), roles=("SecOps.Approver",)),
        "verb": Verb.APPROVE,
        "reason": "it is the campaign of this morning",
        "digest": "0123456789ab",
        "chain": "secops",
        "grant": "role:SecOps.Approver",
        "via": "command",
        "expires": NOW + timedelta(days=1),
    }
    return Answer(action_id=action_id, **(values | more))  # type: ignore[arg-type]


async def asked(ledger: SqlLedger, key: str = "cluster-1") -> Record:
    """Return a record that people were asked about, as it is in the ledger."""
    record = a_record(key, State.ESCALATED)
    await ledger.save([record], now=NOW)
    return msgspec.structs.replace(record, version=1)


def answered(record: Record) -> Record:
    return msgspec.structs.replace(record, state=State.ANSWERED)


async def test_an_answer_is_read_back_with_its_number_and_the_record_moves_with_it(ledger: SqlLedger) -> None:
    record = await asked(ledger)
    given = an_answer(record.action.id, NOTHING, reason=NOTHING, targets=((NOTHING, "anna"),))

    kept = await ledger.answer(given, answered(record), NOW)

    assert kept == msgspec.structs.replace(given, number=1)
    assert await ledger.answers([record.action.id, record.action.id, "unknown"]) == {
        record.action.id: (kept,)
    }
    found = (await ledger.load([record.action.id]))[record.action.id]
    assert (found.state, found.version) == (State.ANSWERED, 2)


async def test_answers_are_numbered_in_their_order_and_none_is_replaced(ledger: SqlLedger) -> None:
    record = await asked(ledger)
    other = await asked(ledger, "cluster-2")
    await ledger.answer(an_answer(record.action.id, "anna"), record, NOW)
    await ledger.answer(an_answer(other.action.id, "anna"), other, NOW)
    again = msgspec.structs.replace(record, version=2)

    await ledger.answer(an_answer(record.action.id, "anna", verb=Verb.REJECT), again, NOW)

    found = await ledger.answers([record.action.id, other.action.id])
    assert [(one.number, one.verb) for one in found[record.action.id]] == [
        (1, Verb.APPROVE),
        (2, Verb.REJECT),
    ]
    assert [one.number for one in found[other.action.id]] == [1]


@pytest.mark.parametrize("version", [0, 2])
async def test_an_answer_to_a_record_that_was_changed_meanwhile_does_not_count(
    ledger: SqlLedger, version: int
) -> None:
    record = await asked(ledger)
    stale = msgspec.structs.replace(answered(record), version=version)

    with pytest.raises(Conflict):
        await ledger.answer(an_answer(record.action.id), stale, NOW)

    assert await ledger.answers([record.action.id]) == {}
    assert (await ledger.load([record.action.id]))[record.action.id] == record
    assert [link for link in await ledger.trail.unshipped("agent", 100) if link.event == Event.ANSWER] == []


async def test_of_two_answers_at_once_one_counts_and_the_other_is_told(ledger: SqlLedger, url: str) -> None:
    record = await asked(ledger)

    async with open_ledger(url, TENANT, key=KEY, replica="other") as other:
        came = await asyncio.gather(
            ledger.answer(an_answer(record.action.id, "anna"), answered(record), NOW),
            other.answer(an_answer(record.action.id, "bert"), answered(record), NOW),
            return_exceptions=True,
        )

    assert sorted(type(one).__name__ for one in came) == ["Answer", "Conflict"]
    assert len((await ledger.answers([record.action.id]))[record.action.id]) == 1


async def test_an_answer_is_told_to_the_audit_once(ledger: SqlLedger) -> None:
    record = await asked(ledger)

    await ledger.answer(an_answer(record.action.id), answered(record), NOW)

    links = [link for link in await ledger.trail.unshipped("agent", 100) if link.event == Event.ANSWER]
    assert [link.action_id for link in links] == [record.action.id]


async def test_tenants_share_no_answers(ledger: SqlLedger, url: str) -> None:
    record = await asked(ledger)
    await ledger.answer(an_answer(record.action.id), answered(record), NOW)
    elsewhere = "22222222-2222-3333-4444-555555555555"

    async with open_ledger(url, elsewhere, key=KEY) as other:
        assert await other.answers([record.action.id]) == {}
        with pytest.raises(Conflict):
            await other.answer(an_answer(record.action.id), answered(record), NOW)


async def test_answers_to_more_actions_than_one_statement_takes_are_found(ledger: SqlLedger) -> None:
    record = await asked(ledger)
    kept = await ledger.answer(an_answer(record.action.id), answered(record), NOW)

    found = await ledger.answers([*(an_action(f"x-{number}").id for number in range(1200)), record.action.id])

    assert found == {record.action.id: (kept,)}
