"""What people decided, in the ledger: both databases promise the same."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.audit_search import AuditSearch
from agent.model.decision import Answered, Verb
from agent.model.enactment import Confirmation, PendingSeen, Record, State
from agent.model.errors import Conflict
from agent.model.history import Ending, place_of
from agent.model.pending import LIFETIME, ActionKind
from agent.model.truth import Certainty, Source, Truth, Unknown
from tests.adapters.records import MINUTE, NOW, a_decision, a_record, an_action, saved
from tests.makers import an_air_action

CLUSTER = ActionKind.SOFT_DELETE_CLUSTER
DAY = timedelta(days=1)


def a_truth(key: str = "a", **more: object) -> Truth:
    usual = Truth(
        action_id=an_action(key).id, first_seen=NOW, verb=Verb.REJECT, unknown=None, source=Source.AIR,
        certainty=Certainty.CERTAIN, at=NOW + MINUTE, by=("Eve\0", "Ödön"),
    )  # fmt: skip
    return msgspec.structs.replace(usual, **more)


def unknown(key: str = "a", why: Unknown = Unknown.UNTOLD, **more: object) -> Truth:
    return a_truth(key, verb=None, unknown=why, certainty=Certainty.UNKNOWN, by=(), **more)


def decided(key: str, *people: str, at: int = 0) -> Record:
    action = an_action(key)
    named = tuple(
        Answered(object_id=name, name=name, at=NOW, verb=Verb.APPROVE, reason="", grant="role:A")
        for name in people
    )
    decision = msgspec.structs.replace(a_decision(action, at=NOW + at * MINUTE), answered=named)
    return a_record(action=action, decision=decision)


def expired(record: Record) -> Record:
    seen = Confirmation(pending=PendingSeen.EXPIRED)
    return msgspec.structs.replace(saved(record), state=State.EXPIRED, due=None, confirmation=seen)


async def of(ledger: SqlLedger, key: str = "a") -> tuple[Truth, ...]:
    name = an_action(key).id
    return (await ledger.truths([name])).get(name, ())


async def test_what_is_known_comes_back_as_it_was_and_is_replaced_by_what_is_known_later(
    ledger: SqlLedger,
) -> None:
    first, later = unknown(), a_truth()

    await ledger.save([], truths=[first], now=NOW)
    assert await of(ledger) == (first,)
    await ledger.save([], truths=[later, a_truth("b")], now=NOW)

    assert await of(ledger) == (later,)
    assert await ledger.truths(["x"]) == {}


@pytest.mark.parametrize(
    ("earlier", "kept"),
    [(timedelta(days=2), 1), (LIFETIME - MINUTE, 1), (LIFETIME, 2), (timedelta(), 1)],
)
async def test_a_proposal_that_was_first_seen_earlier_after_all_has_one_truth(
    ledger: SqlLedger, earlier: timedelta, kept: int
) -> None:
    await ledger.save([], truths=[a_truth(), a_truth("b")], now=NOW)

    moved = a_truth(first_seen=NOW - earlier)
    await ledger.save([], truths=[moved], now=NOW)

    assert len(await of(ledger)) == kept
    assert (await of(ledger))[0] == moved
    assert len(await of(ledger, "b")) == 1


async def test_a_proposal_has_one_truth_though_another_moment_was_taken_for_its_beginning(
    ledger: SqlLedger,
) -> None:
    week_before, later = a_truth(first_seen=NOW - LIFETIME), a_truth(first_seen=NOW + 2 * DAY)
    await ledger.save([], truths=[week_before, a_truth()], now=NOW)

    await ledger.save([], truths=[later], now=NOW)

    assert await of(ledger) == (week_before, later)


async def test_a_truth_is_written_with_the_record_or_not_at_all(ledger: SqlLedger) -> None:
    record = decided("a")
    await ledger.save([record], now=NOW)

    with pytest.raises(Conflict):
        await ledger.save([record], truths=[a_truth()], now=NOW)

    assert await of(ledger) == ()


async def test_the_history_of_an_action_is_its_own_oldest_first(ledger: SqlLedger) -> None:
    one, other = decided("a"), decided("b")
    await ledger.save([one, other], now=NOW)
    await ledger.save([expired(one)], now=NOW + 2 * MINUTE)

    past = await ledger.past([one.action.id, "x"])

    assert {name: [row.ended for row in rows] for name, rows in past.items()} == {
        one.action.id: [None, Ending.EXPIRED]
    }


async def test_endings_and_decisions_of_people_are_given_page_by_page(ledger: SqlLedger) -> None:
    records = [decided("a"), decided("b", "Eve", at=1), decided("c", at=2)]
    await ledger.save(records, now=NOW)
    await ledger.save([expired(records[0]), expired(records[2])], now=NOW + 3 * MINUTE)

    every = await ledger.by_people(NOW)
    first = await ledger.by_people(NOW, limit=1)
    rest = await ledger.by_people(NOW, after=place_of(first[0]))

    assert {row.action_id for row in every} == {one.action.id for one in records}
    assert first[0].people == ("Eve",)
    assert (*first, *rest) == every
    assert len(await ledger.by_people(NOW + 2 * MINUTE)) == 2
    assert await ledger.by_people(NOW + DAY) == ()


async def test_actions_that_ended_are_given_by_their_kinds(ledger: SqlLedger) -> None:
    await ledger.save([decided("a"), decided("b"), decided("c")], now=NOW)
    await ledger.save([], truths=[a_truth(), a_truth(first_seen=NOW + LIFETIME), unknown("b")], now=NOW)
    ids = tuple(sorted(an_action(key).id for key in "ab"))

    assert await ledger.ended([CLUSTER], NOW) == ids
    assert await ledger.ended([CLUSTER], NOW, limit=1) == ids[:1]
    assert await ledger.ended([CLUSTER], NOW, after=ids[0]) == ids[1:]
    assert await ledger.ended([CLUSTER], NOW + DAY) == ()
    assert await ledger.ended([ActionKind.UNKNOWN], NOW) == ()


async def test_the_first_proposal_of_which_nobody_told_is_found(ledger: SqlLedger) -> None:
    await ledger.save(
        [],
        truths=[
            a_truth("a", first_seen=NOW - 3 * DAY),
            unknown("b", first_seen=NOW - 2 * DAY),
            unknown("c", Unknown.NOBODY, first_seen=NOW - 4 * DAY),
            unknown("d", first_seen=NOW - DAY),
        ],
        now=NOW,
    )
    why = [Unknown.UNTOLD, Unknown.LATE]

    assert await ledger.untold(why, NOW, NOW + DAY) == NOW - 2 * DAY
    assert await ledger.untold(why, NOW, NOW + MINUTE) is None
    assert await ledger.untold(why, NOW + 2 * MINUTE, NOW + DAY) is None
    assert await ledger.untold([Unknown.EXPIRED], NOW, NOW + DAY) is None


async def test_how_far_older_endings_were_gone_through_is_remembered_beside_the_watermark(
    ledger: SqlLedger,
) -> None:
    await ledger.move_cursor(NOW)
    assert await ledger.truths_until() is None

    await ledger.mark_truths(NOW + DAY)

    assert (await ledger.truths_until(), await ledger.cursor()) == (NOW + DAY, NOW)


async def test_what_the_audit_says_is_kept_apart_from_airs_own_rows(ledger: SqlLedger) -> None:
    row, record = an_air_action("user:a"), an_air_action("user:a", by="Ann")
    await ledger.save_air_actions([row])
    await ledger.save_audit_actions([record])

    assert await ledger.air_actions(["user:a"]) == (row,)
    assert await ledger.audit_actions(["user:a", "user:b"]) == (record,)
    assert await ledger.air_read_until() == row.at


A_SEARCH = AuditSearch(name="s", asked=NOW, since=NOW - DAY, until=NOW)


async def test_a_search_is_written_where_it_stands_as_it_was_read(ledger: SqlLedger) -> None:
    begun = msgspec.structs.replace(A_SEARCH, query_id="q")
    ended = msgspec.structs.replace(begun, ended=NOW + MINUTE, words="3 records")
    other = msgspec.structs.replace(A_SEARCH, name="t", asked=NOW + MINUTE)

    for after, before in ((A_SEARCH, None), (begun, A_SEARCH), (ended, begun), (other, None)):
        await ledger.save_search(after, before)

    assert await ledger.searches(NOW) == (other, ended)
    assert await ledger.searches(NOW + MINUTE) == (other,)
    for before in (None, A_SEARCH, begun):
        with pytest.raises(Conflict):
            await ledger.save_search(begun, before)


async def test_of_two_who_begin_the_same_search_at_once_one_does(ledger: SqlLedger) -> None:
    found = await asyncio.gather(
        *(ledger.save_search(A_SEARCH, None) for _ in range(3)), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in found) == ["Conflict", "Conflict", "NoneType"]
