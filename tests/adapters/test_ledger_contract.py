"""What every ledger promises, held against SQLite and PostgreSQL."""

from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.writes import REMEMBERED
from agent.model.ahead import Ahead
from agent.model.decision import Verb
from agent.model.enactment import Approval, Confirmation, EffectSeen, Outcome, Record, Spent, State, Went
from agent.model.errors import Conflict
from agent.model.hold import Replica
from tests.adapters.records import (
    KEY,
    MINUTE,
    NOW,
    TENANT,
    a_decided_record,
    a_decision,
    a_record,
    an_action,
    an_effect,
    depart,
    saved,
)
from tests.ledgers import open_ledger

NOTHING = "\0 `\\0` \\ \U0001f4e7"
"""Text that PostgreSQL refuses as it is, and that must not be taken for another once it is escaped."""


def keys(records: tuple[Record, ...]) -> list[str]:
    return [record.action.key for record in records]


# The cursor, sweeps and versions


async def test_a_new_ledger_has_no_cursor_and_no_sweep(ledger: SqlLedger) -> None:
    assert await ledger.cursor() is None
    assert await ledger.swept() is None


async def test_cursor_and_sweep_are_kept_apart_and_to_the_microsecond(ledger: SqlLedger) -> None:
    await ledger.move_cursor(NOW)
    await ledger.mark_swept(NOW + MINUTE)

    await ledger.move_cursor(NOW + timedelta(microseconds=1))

    assert await ledger.cursor() == NOW + timedelta(microseconds=1)
    assert await ledger.swept() == NOW + MINUTE


async def test_a_ledger_without_a_sign_of_life_has_none(ledger: SqlLedger) -> None:
    assert await ledger.alive() is None


async def test_a_sign_of_life_a_decision_or_an_incident_is_when_an_agent_last_lived(
    ledger: SqlLedger,
) -> None:
    await ledger.beat(Replica(name="a", alive=NOW))
    await ledger.move_cursor(NOW + 9 * MINUTE)
    assert await ledger.alive() == NOW

    await ledger.save([], versions={"1": "a"}, now=NOW + MINUTE)
    assert await ledger.alive() == NOW + MINUTE

    await ledger.beat(Replica(name="b", alive=NOW + 2 * MINUTE))
    assert await ledger.alive() == NOW + 2 * MINUTE
    assert await ledger.cursor() == NOW + 9 * MINUTE


async def test_the_newest_version_of_an_incident_is_remembered(ledger: SqlLedger) -> None:
    await ledger.save([], versions={"1": "a", "2": "b", NOTHING: NOTHING}, now=NOW)

    await ledger.save([], versions={"1": "c"}, now=NOW)

    assert await ledger.versions(["1", "2", "3", NOTHING]) == {"1": "c", "2": "b", NOTHING: NOTHING}


async def test_versions_are_forgotten_after_forty_days_and_not_before(ledger: SqlLedger) -> None:
    await ledger.save([], versions={"old": "a"}, now=NOW - MINUTE)
    await ledger.save([], versions={"young": "a", "seen again": "a"}, now=NOW)

    await ledger.save([], versions={"new": "a"}, now=NOW + REMEMBERED)

    assert set(await ledger.versions(["old", "young", "seen again", "new"])) == {"young", "seen again", "new"}


async def test_news_are_counted_from_the_last_on_each_moment_once(ledger: SqlLedger) -> None:
    for minutes, names in ((61, "ab"), (60, "c"), (60, "d"), (5, "e"), (0, "a")):
        await ledger.save([], versions=dict.fromkeys(names, "1"), now=NOW - minutes * MINUTE)

    assert await ledger.arrivals(60 * MINUTE) == (NOW - 60 * MINUTE, NOW - 5 * MINUTE, NOW)
    assert await ledger.arrivals(61 * MINUTE) == (
        NOW - 61 * MINUTE,
        NOW - 60 * MINUTE,
        NOW - 5 * MINUTE,
        NOW,
    )


async def test_where_nothing_came_no_moment_is_given(ledger: SqlLedger) -> None:
    assert await ledger.arrivals(60 * MINUTE) == ()


# Records


async def test_a_record_is_read_back_as_it_was_saved(ledger: SqlLedger) -> None:
    seen = Confirmation(effect=EffectSeen.PARTLY, words="2 of 3 are gone", checks=2, at=NOW)
    record = a_decided_record(confirmation=seen, why="being followed", is_noted=False, due=None)

    await ledger.save([record], now=NOW)

    assert await ledger.load([record.action.id, "unknown"]) == {record.action.id: saved(record)}


async def test_text_that_a_database_dislikes_survives(ledger: SqlLedger) -> None:
    action = an_action(NOTHING, incident=NOTHING)
    decision = a_decision(action, reason=NOTHING, values={NOTHING: NOTHING})
    record = a_record(action=action, decision=decision)
    effect = an_effect(record, id=NOTHING, targets=((NOTHING, NOTHING),))

    await ledger.save([record], effects=[effect], now=NOW)
    await ledger.settle(NOTHING, Outcome(went=Went.DONE, detail=NOTHING, bulk_id=NOTHING), NOW)

    assert await ledger.of_incident(NOTHING) == (saved(record),)
    assert list(await ledger.covered([(NOTHING, NOTHING)])) == [(NOTHING, NOTHING)]
    assert (await ledger.effects(action.id))[0].bulk_id == NOTHING


async def test_saving_again_counts_the_version_and_keeps_the_newest(ledger: SqlLedger) -> None:
    record = a_record()
    await ledger.save([record], now=NOW)
    later = msgspec.structs.replace(saved(record), state=State.EXPIRED, due=None, why="the week is over")

    await ledger.save([later], now=NOW)

    assert await ledger.load([record.action.id]) == {record.action.id: saved(later)}


@pytest.mark.parametrize("version", [0, 1, 3])
async def test_a_record_of_another_version_is_a_conflict_and_changes_nothing(
    ledger: SqlLedger, version: int
) -> None:
    record = a_record()
    await ledger.save([record], now=NOW)
    await ledger.save([saved(record)], now=NOW)
    stale = msgspec.structs.replace(record, version=version, state=State.EXPIRED)

    with pytest.raises(Conflict):
        await ledger.save([a_record("another"), stale], now=NOW)

    assert await ledger.listed() == (saved(record, 2),)


async def test_a_record_that_was_never_saved_cannot_be_of_version_one(ledger: SqlLedger) -> None:
    with pytest.raises(Conflict):
        await ledger.save([saved(a_record())], now=NOW)


async def test_the_same_record_twice_in_one_save_is_a_conflict(ledger: SqlLedger) -> None:
    with pytest.raises(Conflict):
        await ledger.save([a_record(), a_record()], now=NOW)

    await ledger.save([a_record()], now=NOW)
    with pytest.raises(Conflict):
        await ledger.save([saved(a_record()), saved(a_record())], now=NOW)


async def test_tenants_do_not_see_each_other(url: str) -> None:
    other = "99999999-2222-3333-4444-555555555555"
    mine, theirs = a_decided_record(), a_record(action=an_action(tenant=other), due=NOW)
    pair = ("message-0", "anna@contoso.example")
    async with open_ledger(url, TENANT, key=KEY) as here, open_ledger(url, other, key=KEY) as there:
        await here.save([mine], effects=[an_effect(mine)], versions={"1": "a"}, now=NOW)
        await here.move_cursor(NOW)

        await there.save([theirs], effects=[an_effect(theirs)], now=NOW)

        assert await there.listed() == (saved(theirs),)
        assert (await there.covered([pair]))[pair].action_id == theirs.action.id
        assert (await there.cursor(), await there.versions(["1"])) == (None, {})
        assert (await here.counts(), await there.counts()) == ({State.INTENDED: 1}, {State.SEEN: 1})
        with pytest.raises(Conflict):
            await there.save([a_record("of the wrong tenant")], now=NOW)


# Decisions


async def test_only_a_decision_that_differs_is_appended(ledger: SqlLedger) -> None:
    action = an_action()
    first, second = a_decision(action), a_decision(action, Verb.REJECT, at=NOW + MINUTE)
    record = a_record(action=action, decision=first)
    await ledger.save([record], now=NOW)

    await ledger.save([msgspec.structs.replace(saved(record), state=State.SENT)], now=NOW)
    await ledger.save([msgspec.structs.replace(saved(record, 2), decision=second)], now=NOW)

    assert await ledger.decisions(action_id=action.id) == (second, first)
    assert (await ledger.load([action.id]))[action.id].decision == second


async def test_a_decision_taken_back_stays_in_the_history(ledger: SqlLedger) -> None:
    action = an_action()
    decision = a_decision(action)
    await ledger.save([a_record(action=action, decision=decision)], now=NOW)

    await ledger.save([saved(a_record(action=action))], now=NOW)
    undecided = (await ledger.load([action.id]))[action.id]
    await ledger.save([msgspec.structs.replace(undecided, decision=decision)], now=NOW)

    assert undecided.decision is None
    assert await ledger.decisions() == (decision, decision)


async def test_decisions_come_newest_first_since_a_moment_and_so_many(ledger: SqlLedger) -> None:
    actions = [an_action(f"cluster-{place}") for place in range(4)]
    made = [a_decision(action, at=NOW + place * MINUTE) for place, action in enumerate(actions)]
    pairs = zip(actions, made, strict=True)
    await ledger.save([a_record(action=action, decision=decision) for action, decision in pairs], now=NOW)

    assert await ledger.decisions() == (made[3], made[2], made[1], made[0])
    assert await ledger.decisions(limit=1) == (made[3],)
    assert await ledger.decisions(since=NOW + 2 * MINUTE) == (made[3], made[2])
    assert await ledger.decisions(action_id=actions[1].id, since=NOW + 2 * MINUTE) == ()


# Looking for work


async def test_due_are_those_whose_moment_has_come_earliest_deadline_first(ledger: SqlLedger) -> None:
    await ledger.save(
        [
            a_record("late", due=NOW, deadline=NOW + 3 * MINUTE),
            a_record("early", due=NOW - MINUTE, deadline=NOW + MINUTE),
            a_record("between", due=NOW - MINUTE, deadline=NOW + 2 * MINUTE),
            a_record("not yet", due=NOW + timedelta(microseconds=1)),
            a_record("never", due=None),
            a_record("in another state", State.SENT, due=NOW),
        ],
        now=NOW,
    )

    assert keys(await ledger.due(NOW, [State.SEEN], 10)) == ["early", "between", "late"]
    assert keys(await ledger.due(NOW, [State.SEEN], 1)) == ["early"]
    assert len(await ledger.due(NOW, [State.SEEN, State.SENT], 10)) == 4
    assert await ledger.due(NOW, [], 10) == ()


async def test_what_is_ahead_is_due_before_all_others_whatever_its_deadline(ledger: SqlLedger) -> None:
    second = timedelta(seconds=1)
    ahead = Ahead(states=(State.ANSWERED,), came_after=NOW - MINUTE, ends_before=NOW + MINUTE)
    await ledger.save(
        [
            a_record("at that moment", due=NOW - MINUTE, deadline=NOW + 2 * MINUTE),
            a_record("just ends later", due=NOW - 2 * MINUTE, deadline=NOW + MINUTE),
            a_record("came later", due=NOW - MINUTE + timedelta(microseconds=1), deadline=NOW + 5 * MINUTE),
            a_record("in the state", State.ANSWERED, due=NOW - 3 * MINUTE, deadline=NOW + 4 * MINUTE),
            a_record("ends soon", due=NOW - 4 * MINUTE, deadline=NOW + MINUTE - second),
            a_record("not yet", due=NOW + second, deadline=NOW),
            a_record("once more", due=NOW, deadline=NOW + 6 * MINUTE, decision=a_decision(an_action())),
        ],
        now=NOW,
    )

    records = await ledger.due(NOW, [State.SEEN, State.ANSWERED], 10, ahead=ahead)
    found = keys(records)

    assert [ahead.has(record) for record in records] == [*[True] * 3, *[False] * 3]
    first = ["ends soon", "in the state", "came later"]
    assert found == [*first, "just ends later", "at that moment", "once more"]
    assert keys(await ledger.due(NOW, [State.SEEN, State.ANSWERED], 2, ahead=ahead)) == found[:2]


async def test_the_next_due_is_the_earliest_of_all(ledger: SqlLedger) -> None:
    assert await ledger.next_due() is None

    await ledger.save(
        [a_record("a", due=None), a_record("b", State.SENT, due=NOW + MINUTE), a_record("c", due=NOW)],
        now=NOW,
    )

    assert await ledger.next_due() == NOW


async def test_incidents_to_visit_have_intended_effects_or_decisions_not_noted(ledger: SqlLedger) -> None:
    sent_in_part = a_record("d", State.SENT, incident="sent in part", deadline=NOW + 5 * MINUTE, due=None)
    records = [
        a_record("a", State.INTENDED, incident="intended", deadline=NOW + 9 * MINUTE, due=None),
        a_record("b", State.DECIDED, incident="not noted", deadline=NOW + 3 * MINUTE, is_noted=False),
        a_record("c", State.DECIDED, incident="nothing to do", deadline=NOW + MINUTE),
        sent_in_part,
        a_record("e", State.ESCALATED, incident="intended", deadline=NOW + 2 * MINUTE, is_noted=False),
    ]
    effects = [an_effect(sent_in_part, 0, went=Went.DONE), an_effect(sent_in_part, 1)]
    await ledger.save(records, effects=effects, now=NOW)

    assert await ledger.to_visit(10) == ("intended", "not noted", "sent in part")
    assert await ledger.to_visit(2) == ("intended", "not noted")


async def test_an_incident_whose_work_is_done_is_not_visited_again(ledger: SqlLedger) -> None:
    record = a_decided_record(is_noted=False)
    await ledger.save([record], effects=[an_effect(record)], now=NOW)
    await depart(ledger, an_effect(record).id, NOW)
    await ledger.settle(an_effect(record).id, Outcome(went=Went.DONE), NOW)

    before = await ledger.to_visit(10)
    await ledger.save([msgspec.structs.replace(saved(record), state=State.SENT, is_noted=True)], now=NOW)

    assert before == ("1",)
    assert await ledger.to_visit(10) == ()


async def test_a_record_moves_with_its_incident(ledger: SqlLedger) -> None:
    first, second = a_record("a", deadline=NOW + 2 * MINUTE), a_record("b", deadline=NOW + MINUTE)
    await ledger.save([first, second], now=NOW)
    moved = msgspec.structs.replace(saved(first), action=an_action("a", incident="2"))

    before = keys(await ledger.of_incident("1"))
    await ledger.save([moved], now=NOW)

    assert before == ["b", "a"]
    assert keys(await ledger.of_incident("1")) == ["b"]
    assert keys(await ledger.of_incident("2")) == ["a"]


async def test_records_are_listed_by_deadline_page_by_page(ledger: SqlLedger) -> None:
    states = [State.SEEN, State.SENT, State.EXPIRED]
    records = [a_record(f"{n}", states[n % 3], deadline=NOW + n * MINUTE) for n in range(9)]
    await ledger.save(records[::-1], now=NOW)

    assert keys(await ledger.listed()) == list("012345678")
    assert keys(await ledger.listed(limit=3, offset=4)) == list("456")
    assert keys(await ledger.listed(states=[State.SEEN, State.EXPIRED])) == list("023568")
    assert keys(await ledger.listed(states=[State.SEEN, State.EXPIRED], limit=2, offset=3)) == list("56")
    assert keys(await ledger.listed(states=[State.SENT, State.SENT], limit=2)) == list("14")
    assert await ledger.listed(states=[State.HELD]) == ()


async def test_counts_leave_out_empty_states(ledger: SqlLedger) -> None:
    await ledger.save([a_record("a"), a_record("b"), a_record("c", State.SENT)], now=NOW)

    assert await ledger.counts() == {State.SEEN: 2, State.SENT: 1}


async def test_spent_counts_one_policy_from_a_moment_on(ledger: SqlLedger) -> None:
    def approval(policy: str, at: int, action: str) -> Approval:
        return Approval(policy=policy, action_id=action, at=NOW + at * MINUTE, messages=10 + at)

    approvals = [approval("p", 0, "a"), approval("p", 0, "b"), approval("p", 1, "c"), approval("q", 1, "c")]
    await ledger.save([], approvals=approvals, now=NOW)

    assert await ledger.spent("p", NOW) == Spent(actions=3, messages=31)
    assert await ledger.spent("p", NOW + timedelta(microseconds=1)) == Spent(actions=1, messages=11)
    assert await ledger.spent("unknown", NOW) == Spent()


# All or nothing, and for ever


async def test_a_save_that_fails_at_its_end_writes_nothing(ledger: SqlLedger) -> None:
    record = a_decided_record()
    approval = Approval(policy="p", action_id="a", at=NOW, messages=1)

    with pytest.raises(Conflict):
        await ledger.save(
            [record],
            effects=[an_effect(record)],
            approvals=[approval, approval],
            versions={"1": "a"},
            now=NOW,
        )

    assert await ledger.listed() == ()
    assert await ledger.decisions() == ()
    assert await ledger.effects(record.action.id) == ()
    assert await ledger.covered(an_effect(record).targets) == {}
    assert await ledger.versions(["1"]) == {}


async def test_a_ledger_opened_again_holds_what_was_written(url: str) -> None:
    record = a_decided_record()
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save([record], effects=[an_effect(record)], now=NOW)
        await depart(ledger, an_effect(record).id, NOW)
        await ledger.move_cursor(NOW)

    async with open_ledger(url, TENANT, key=KEY) as again:
        assert await again.listed() == (saved(record),)
        assert (await again.effects(record.action.id))[0].went == Went.SENT
        assert await again.cursor() == NOW
