"""What the ledger keeps beside records: both databases promise the same."""

from datetime import timedelta

import msgspec

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.alarm import Alarm
from agent.model.decision import Unit, Verb, Weighed
from agent.model.enactment import Approval
from agent.model.past import About, Ended, PastAnswer, Tally
from agent.model.pending import ActionKind
from agent.model.policy import KeptSet, Members
from tests.adapters.records import (
    KEY,
    MINUTE,
    NOW,
    TENANT,
    a_decided_record,
    a_decision,
    an_action,
    an_effect,
)
from tests.ledgers import open_ledger

CLUSTER, MESSAGE = ActionKind.SOFT_DELETE_CLUSTER, ActionKind.SOFT_DELETE_MESSAGE
SENDER = (About.SENDER, "news@partner.example")
DOMAIN = (About.DOMAIN, "partner.example")
BY = (About.CLUSTER_BY, "url")


def an_answer(action: str, ended: Ended = Ended.DECLINED, *, kind: ActionKind = CLUSTER) -> PastAnswer:
    return PastAnswer(action_id=action, kind=kind, at=NOW, ended=ended, about=(SENDER, DOMAIN, DOMAIN))


async def test_answers_are_counted_by_what_they_were_about_and_by_kind(ledger: SqlLedger) -> None:
    answers = [an_answer("1"), an_answer("2"), an_answer("3", Ended.REMEDIATED), an_answer("4", kind=MESSAGE)]
    await ledger.save([], answers=answers, now=NOW)
    matters = [(CLUSTER, *SENDER), (CLUSTER, *DOMAIN), (CLUSTER, *BY), (MESSAGE, *SENDER), (MESSAGE, *BY)]

    found = await ledger.answered(matters, NOW)

    assert found == {
        (CLUSTER, *SENDER): Tally(declined=2, remediated=1),
        (CLUSTER, *DOMAIN): Tally(declined=2, remediated=1),
        (CLUSTER, *BY): Tally(),
        (MESSAGE, *SENDER): Tally(declined=1),
        (MESSAGE, *BY): Tally(),
    }


async def test_more_matters_than_one_statement_takes_are_all_answered(ledger: SqlLedger) -> None:
    await ledger.save([], answers=[an_answer("1")], now=NOW)
    matters = [(CLUSTER, About.SENDER, f"{number}@many.example") for number in range(1_201)]

    found = await ledger.answered([*matters, (CLUSTER, *SENDER)], NOW)

    assert len(found) == 1_202
    assert [matter for matter, tally in found.items() if tally != Tally()] == [(CLUSTER, *SENDER)]


async def test_nothing_asked_is_nothing_found(ledger: SqlLedger) -> None:
    assert await ledger.answered([], NOW) == {}
    assert await ledger.takers([]) == {}


async def test_an_action_has_one_answer_its_last(ledger: SqlLedger) -> None:
    await ledger.save([], answers=[an_answer("1")], now=NOW)
    await ledger.save([], answers=[an_answer("1", Ended.REMEDIATED)], now=NOW)

    assert await ledger.answered([(CLUSTER, *SENDER)], NOW) == {(CLUSTER, *SENDER): Tally(remediated=1)}


async def test_an_answer_about_nothing_takes_back_the_action_s_own_alone(ledger: SqlLedger) -> None:
    await ledger.save([], answers=[an_answer("1"), an_answer("2")], now=NOW)

    await ledger.save([], answers=[msgspec.structs.replace(an_answer("1"), about=())], now=NOW)

    assert await ledger.answered([(CLUSTER, *SENDER)], NOW) == {(CLUSTER, *SENDER): Tally(declined=1)}


async def test_answers_before_the_window_do_not_count(ledger: SqlLedger) -> None:
    await ledger.save([], answers=[an_answer("1")], now=NOW)

    assert await ledger.answered([(CLUSTER, *SENDER)], NOW) == {(CLUSTER, *SENDER): Tally(declined=1)}
    assert await ledger.answered([(CLUSTER, *SENDER)], NOW + MINUTE) == {(CLUSTER, *SENDER): Tally()}


async def test_it_is_known_whose_effects_take_a_message_until_they_are_dropped(ledger: SqlLedger) -> None:
    records = [a_decided_record("cluster-1"), a_decided_record("cluster-2")]
    first = an_effect(records[0], targets=(("m1", "a@contoso.example"), ("m2", "a@contoso.example")))
    second = an_effect(records[1], targets=(("m1", "b@contoso.example"),))
    await ledger.save(records, effects=[first, second], now=NOW)

    assert await ledger.takers(["m1", "m2", "m3"]) == {
        "m1": {first.action_id, second.action_id},
        "m2": {first.action_id},
    }
    await ledger.save([], dropped=[first.id], now=NOW)
    assert await ledger.takers(["m1", "m2", "m3"]) == {"m1": {second.action_id}}


async def test_a_set_is_kept_with_every_byte_and_the_last_one_is_known(ledger: SqlLedger) -> None:
    first = KeptSet(revision="a", git="c0ffee", at=NOW, files={"policies/p.yaml": b"\x00\xff policy"})
    second = KeptSet(revision="b", git="", at=NOW + MINUTE, files={"policies/p.yaml": b"x" * 100_000})
    await ledger.keep_set(first)
    await ledger.keep_set(second)

    assert await ledger.kept_set("a") == first
    assert await ledger.kept_set() == second
    assert await ledger.kept_set("c") is None


async def test_a_set_that_comes_into_force_again_is_the_last_one(ledger: SqlLedger) -> None:
    first = KeptSet(revision="a", git="", at=NOW, files={"policies/p.yaml": b"policy"})
    await ledger.keep_set(first)
    await ledger.keep_set(msgspec.structs.replace(first, revision="b", at=NOW + MINUTE))
    again = msgspec.structs.replace(first, at=NOW + 2 * MINUTE)

    await ledger.keep_set(again)

    assert await ledger.kept_set() == again


async def test_members_are_remembered_by_their_group(ledger: SqlLedger) -> None:
    await ledger.save_members(Members(group="g", at=NOW, values=("anna@contoso.example",)))
    newer = Members(group="g", at=NOW + MINUTE, values=())

    await ledger.save_members(newer)

    assert await ledger.members() == {"g": newer}


async def test_an_alarm_keeps_its_beginning_and_gets_its_newest_words(ledger: SqlLedger) -> None:
    await ledger.raise_alarm(Alarm(name="policies", since=NOW, words="p.yaml:1:1: no"))
    await ledger.raise_alarm(Alarm(name="lists", since=NOW + MINUTE, words="group away"))

    await ledger.raise_alarm(Alarm(name="policies", since=NOW + 2 * MINUTE, words="p.yaml:2:1: no"))

    assert [(one.name, one.since, one.words) for one in await ledger.alarms()] == [
        ("policies", NOW, "p.yaml:2:1: no"),
        ("lists", NOW + MINUTE, "group away"),
    ]


async def test_an_alarm_that_ended_begins_anew(ledger: SqlLedger) -> None:
    await ledger.raise_alarm(Alarm(name="policies", since=NOW, words="no"))
    await ledger.clear_alarm("policies", NOW)
    await ledger.clear_alarm("policies", NOW)

    await ledger.raise_alarm(Alarm(name="policies", since=NOW + MINUTE, words="no"))

    assert [one.since for one in await ledger.alarms()] == [NOW + MINUTE]


async def test_decisions_are_read_without_their_words_oldest_first_page_by_page(ledger: SqlLedger) -> None:
    weighed = (Weighed(policy="p", unit=Unit.ACTIONS, count=20, window=timedelta(hours=1), spent=3, asked=1),)
    for number in range(5):
        action = an_action(f"cluster-{number}")
        decision = msgspec.structs.replace(
            a_decision(action, at=NOW + (4 - number) * MINUTE), weighed=weighed, git="c0ffee"
        )
        record = msgspec.structs.replace(a_decided_record(f"cluster-{number}"), decision=decision)
        await ledger.save([record], now=NOW)

    first = await ledger.judged(limit=3)
    rest = await ledger.judged(after=first[-1], limit=3)
    late = await ledger.judged(since=NOW + 3 * MINUTE)

    assert [one.at for one in (*first, *rest)] == [NOW + number * MINUTE for number in range(5)]
    assert [one.at for one in late] == [NOW + 3 * MINUTE, NOW + 4 * MINUTE]
    assert first[0].verb is Verb.APPROVE
    assert first[0].weighed == weighed
    assert first[0].git == "c0ffee"
    assert first[0].action_id == an_action("cluster-4").id


async def test_approvals_are_read_oldest_first(ledger: SqlLedger) -> None:
    some = [
        Approval(policy="p", action_id=name, at=NOW + at * MINUTE, messages=at)
        for name, at in (("b", 2), ("a", 1), ("c", 0))
    ]
    await ledger.save([], approvals=some, now=NOW)

    assert await ledger.approvals(NOW + MINUTE) == (some[1], some[0])


async def test_tenants_do_not_see_what_the_other_keeps(url: str) -> None:
    other = "99999999-2222-3333-4444-555555555555"
    async with open_ledger(url, TENANT, key=KEY) as ours:
        await ours.save([], answers=[an_answer("1")], now=NOW)
        await ours.keep_set(KeptSet(revision="a", git="", at=NOW, files={}))
        await ours.save_members(Members(group="g", at=NOW, values=()))
        await ours.raise_alarm(Alarm(name="policies", since=NOW, words="no"))
        await ours.save([a_decided_record("cluster-1")], now=NOW)

    async with open_ledger(url, other, key=KEY) as theirs:
        assert await theirs.answered([(CLUSTER, *SENDER)], NOW) == {(CLUSTER, *SENDER): Tally()}
        assert await theirs.kept_set() is None
        assert await theirs.members() == {}
        assert await theirs.alarms() == ()
        assert await theirs.judged() == ()
