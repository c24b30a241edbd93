"""What people decided is kept with what ends and with what they answer, and looked at again when more is told of it."""

from datetime import datetime, timedelta

import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.judge.naming import places_of
from agent.loop.hindsight import OlderEndings, look_again
from agent.model.air import AirAction
from agent.model.decision import Verb
from agent.model.enactment import State
from agent.model.pending import LIFETIME
from agent.model.truth import Certainty, Source, Truth, Unknown
from tests.judge.plans.scenes import forwarding
from tests.loop.conftest import APPROVE, Bench
from tests.loop.questions import TWO, a_question, reply
from tests.makers import (
    NOW,
    a_cluster,
    a_copy,
    a_message,
    a_user,
    an_air_action,
    an_alert,
    an_incident,
)
from tests.persons import EVE, FAY

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
A, R = Verb.APPROVE, Verb.REJECT
ESCALATE = APPROVE.replace("decide: approve", "decide: escalate")


async def shows(bench: Bench, status: str, *, wait: timedelta = 10 * MINUTE) -> None:
    """Let time go by; then Defender shows the only action so, and the agent looks."""
    bench.clock.advance(wait)
    updated = bench.clock.now() - MINUTE
    cluster = a_cluster(status=status)
    bench.defender.show(an_incident(an_alert(cluster, updated=updated), updated=updated))
    await bench.run_pass()


async def proposed(bench: Bench, policy: str = ESCALATE) -> None:
    bench.with_policies(policy=policy)
    bench.defender.show(an_incident(an_alert(a_cluster())))
    bench.defender.deliver(a_copy(1), a_copy(2), a_copy(3))
    await bench.run_pass()


async def only(bench: Bench) -> Truth:
    """Return the truth of the only action's only proposal."""
    record = await bench.only()
    (found,) = (await bench.world.ledger.truths([record.action.id]))[record.action.id]
    assert found.first_seen == record.action.first_seen
    return found


async def none(bench: Bench) -> bool:
    return not await bench.world.ledger.truths([one.action.id for one in await bench.records()])


def summed(one: Truth) -> tuple[object, ...]:
    return (one.verb, one.unknown, one.source, one.certainty, one.by)


async def a_row(
    bench: Bench, approval: str = "Approved", by: str | None = "Ann", *, at: datetime | None = None
) -> AirAction:
    """Return a row of AIR's that names somebody who decided the only action."""
    places = places_of((await bench.only()).action)
    return an_air_action(
        *places, kind=None, status="Completed", approval=approval, by=by, at=at or bench.clock.now()
    )


DECLINED = (R, None, Source.EVIDENCE, Certainty.LIKELY, ())
UNTOLD = (None, Unknown.UNTOLD, Source.EVIDENCE, Certainty.UNKNOWN, ())


async def test_what_awaits_approval_has_no_truth_yet(bench: Bench) -> None:
    await proposed(bench)

    assert await none(bench)


@pytest.mark.parametrize(
    ("status", "wait", "found"),
    [
        ("declined", HOUR, DECLINED),
        ("remediated", HOUR, UNTOLD),
        ("unremediated", HOUR, (None, Unknown.CANCELLED, *UNTOLD[2:])),
        ("declined", LIFETIME - HOUR - 61 * MINUTE, DECLINED),
        ("declined", LIFETIME - HOUR - 60 * MINUTE, (None, Unknown.LATE, *UNTOLD[2:])),
    ],
)
async def test_what_ends_elsewhere_is_written_with_its_ending(
    bench: Bench, status: str, wait: timedelta, found: tuple[object, ...]
) -> None:
    await proposed(bench)

    await shows(bench, status, wait=wait)

    assert summed(await only(bench)) == found
    assert (await only(bench)).at == bench.clock.now() - MINUTE


async def test_a_week_that_ends_is_nobody_s_no_and_ends_at_its_deadline(bench: Bench) -> None:
    await proposed(bench)

    bench.clock.advance(LIFETIME)
    await bench.run_pass()

    found = await only(bench)
    assert await bench.states() == [State.EXPIRED]
    assert (found.unknown, found.at) == (Unknown.EXPIRED, (await bench.only()).action.deadline)


async def test_our_own_deletion_that_closes_it_is_nobody_s_yes(bench: Bench) -> None:
    await proposed(bench, APPROVE)

    await shows(bench, "remediated")

    assert bench.enactor.removed.total() == 3
    assert (await only(bench)).unknown is Unknown.NOBODY


async def test_our_own_deletion_for_another_action_is_nobody_s_yes(bench: Bench) -> None:
    single = ESCALATE.replace("softDeleteCluster", "softDeleteMessage").replace("small-malicious", "single")
    single = single.replace("  cluster.mailboxCount: {atMost: 200}\n", "")
    await proposed(bench, APPROVE)
    bench.with_policies(approve=APPROVE, single=single)
    bench.defender.show(an_incident(an_alert(a_message(), id="m", incident_id="9"), id="9"))
    await bench.run_pass()

    gone = an_alert(a_message(status="remediated"), id="m", incident_id="9", updated=NOW + MINUTE)
    bench.defender.show(an_incident(gone, id="9", updated=NOW + MINUTE))
    bench.clock.advance(2 * MINUTE)
    await bench.run_pass()

    (record,) = await bench.world.ledger.of_incident("9")
    (found,) = (await bench.world.ledger.truths([record.action.id]))[record.action.id]
    assert record.state is State.SUPERSEDED
    assert found.unknown is Unknown.NOBODY


async def test_a_row_that_came_before_the_ending_is_told_with_it(bench: Bench) -> None:
    await proposed(bench)
    bench.defender.write_down(await a_row(bench))

    await shows(bench, "remediated")

    assert summed(await only(bench)) == (A, None, Source.AIR, Certainty.LIKELY, ("Ann",))
    assert (await only(bench)).at == NOW


@pytest.mark.parametrize(
    ("status", "approval", "found"),
    [
        ("remediated", "Approved", (A, None, Source.AIR, Certainty.LIKELY, ("Ann",))),
        ("declined", "Declined", (R, None, Source.AIR, Certainty.CERTAIN, ("Ann",))),
        ("declined", "Approved", (None, Unknown.CONTRADICTED, Source.AIR, Certainty.UNKNOWN, ("Ann",))),
        ("unremediated", "Approved", (None, Unknown.CANCELLED, *UNTOLD[2:])),
        ("remediated", "Pending", UNTOLD),
    ],
)
async def test_a_row_that_comes_late_is_looked_at_when_it_comes(
    bench: Bench, status: str, approval: str, found: tuple[object, ...]
) -> None:
    await proposed(bench)
    bench.clock.advance(HOUR)
    row = await a_row(bench, approval)
    await shows(bench, status)

    bench.defender.write_down(row)
    bench.clock.advance(HOUR)
    await bench.run_pass()

    assert summed(await only(bench)) == found


async def test_a_row_about_what_expired_says_what_people_had_decided_in_its_week(bench: Bench) -> None:
    await proposed(bench)
    bench.clock.advance(HOUR)
    row = await a_row(bench)
    bench.clock.advance(LIFETIME)
    await bench.run_pass()

    assert (await only(bench)).unknown is Unknown.EXPIRED
    await bench.world.ledger.save_air_actions([row])
    await look_again(bench.world, [row])

    assert summed(await only(bench)) == (A, None, Source.AIR, Certainty.LIKELY, ("Ann",))


async def test_an_account_is_found_by_another_name_than_its_own(bench: Bench) -> None:
    bench.with_policies(policy=ESCALATE)
    bench.defender.write_down(an_air_action())
    bench.defender.show(an_incident(an_alert(a_user())))
    await bench.run_pass()
    bench.clock.advance(HOUR)
    gone = an_alert(a_user(status="remediated"), updated=bench.clock.now())
    bench.defender.show(an_incident(gone, updated=bench.clock.now()))
    await bench.run_pass()
    record = next(one for one in await bench.records() if one.action.kind == "disableUser")

    late = an_air_action(
        "user:carla@contoso.example", number="b", status="Completed", approval="Approved", by="Ann", at=bench.clock.now(),
    )  # fmt: skip
    bench.defender.write_down(late)
    bench.clock.advance(HOUR)
    await bench.run_pass()

    (found,) = (await bench.world.ledger.truths([record.action.id]))[record.action.id]
    assert summed(found) == (A, None, Source.AIR, Certainty.LIKELY, ("Ann",))


async def test_without_news_nothing_is_looked_at_again(bench: Bench) -> None:
    await proposed(bench)
    await shows(bench, "remediated")
    row = await a_row(bench)
    await bench.world.ledger.save_air_actions([row])

    assert await look_again(bench.world, []) == 0
    assert await look_again(bench.world, [await a_row(bench, by=None)]) == 0
    assert summed(await only(bench)) == UNTOLD
    assert await look_again(bench.world, [row]) == 1
    assert await look_again(bench.world, [row]) == 0


async def test_a_row_about_what_is_still_open_waits_for_its_ending(bench: Bench) -> None:
    await proposed(bench)
    await shows(bench, "remediated")
    await shows(bench, "pendingApproval")
    row = await a_row(bench)
    await bench.world.ledger.save_air_actions([row])

    assert await look_again(bench.world, [row]) == 0
    assert (await only(bench)).unknown is Unknown.NOBODY


async def test_what_awaits_approval_again_is_open_again(bench: Bench) -> None:
    await proposed(bench)
    await shows(bench, "declined")

    await shows(bench, "pendingApproval")
    again = await only(bench)
    await shows(bench, "declined")

    assert (again.verb, again.unknown) == (None, Unknown.NOBODY)
    assert summed(await only(bench)) == DECLINED


async def test_what_is_proposed_anew_after_its_week_has_a_truth_of_its_own(bench: Bench) -> None:
    await proposed(bench)
    await shows(bench, "declined")
    bench.clock.advance(LIFETIME)
    now = bench.clock.now()
    again = an_alert(a_cluster(created=now), id="alert-2", created=now, updated=now)
    bench.defender.show(an_incident(again, updated=now))
    await bench.run_pass()

    gone = an_alert(
        a_cluster(created=now, status="remediated"), id="alert-2", created=now, updated=now + MINUTE
    )
    bench.defender.show(an_incident(gone, updated=now + MINUTE))
    bench.clock.advance(2 * MINUTE)
    await bench.run_pass()

    record = await bench.only()
    found = (await bench.world.ledger.truths([record.action.id]))[record.action.id]
    assert [summed(one) for one in found] == [DECLINED, UNTOLD]


async def test_an_answer_that_is_enough_is_written_with_it(bench: Bench) -> None:
    a_question(bench, chain=TWO)
    await bench.run_pass()

    await reply(bench, EVE)
    assert await none(bench)
    bench.clock.advance(MINUTE)
    await reply(bench, FAY)

    before = await only(bench)
    await bench.run_pass()
    assert summed(before) == (A, None, Source.ANSWER, Certainty.CERTAIN, ("Eve", "Fay"))
    assert before.at == NOW + MINUTE
    assert await only(bench) == before


@pytest.mark.parametrize(
    ("verb", "status", "unknown"),
    [
        (A, "remediated", None),
        (A, "declined", Unknown.CONTRADICTED),
        (R, "declined", None),
        (R, "remediated", None),
    ],
)
async def test_what_was_answered_here_stands_unless_people_in_defender_said_otherwise(
    bench: Bench, verb: Verb, status: str, unknown: Unknown | None
) -> None:
    a_question(bench)
    await bench.run_pass()
    await reply(bench, EVE, verb)
    await bench.run_pass()

    await shows(bench, status)

    found = await only(bench)
    assert (found.verb, found.unknown) == (verb if unknown is None else None, unknown)
    assert (found.source, found.at) == (Source.ANSWER, NOW)


async def test_what_was_answered_here_and_closed_there_before_it_was_judged_is_the_answer(
    bench: Bench,
) -> None:
    a_question(bench)
    await bench.run_pass()
    await reply(bench, EVE)

    await shows(bench, "remediated")

    assert await bench.states() == [State.SUPERSEDED]
    assert summed(await only(bench)) == (A, None, Source.ANSWER, Certainty.CERTAIN, ("Eve",))


async def test_a_late_row_against_an_answer_is_a_contradiction_for_good(bench: Bench) -> None:
    a_question(bench)
    await bench.run_pass()
    await reply(bench, EVE, R)
    await shows(bench, "remediated")
    row = await a_row(bench)
    await bench.world.ledger.save_air_actions([row])

    await look_again(bench.world, [row])

    found = await only(bench)
    assert (found.unknown, found.by) == (Unknown.CONTRADICTED, ("Eve", "Ann"))
    await shows(bench, "declined")
    assert await only(bench) == found


async def test_an_answer_of_somebody_who_is_no_approver_any_more_is_taken_back(bench: Bench) -> None:
    a_question(bench)
    await bench.run_pass()
    await reply(bench, EVE)
    bench.directory.roles.clear()

    await bench.run_pass()

    found = await only(bench)
    assert (await bench.only()).discounted
    assert (found.verb, found.unknown) == (None, Unknown.NOBODY)


async def forgotten(bench: Bench) -> None:
    """Leave the ledger as an older version would have left it: without any truth."""
    from sqlalchemy import delete

    from agent.adapters.ledger.report_tables import truths

    ledger = bench.world.ledger
    assert isinstance(ledger, SqlLedger)
    await ledger._write(
        lambda connection, tenant_id: (
            connection.execute(delete(truths).where(truths.c.tenant_id == tenant_id)) and None
        )
    )


async def test_what_ended_before_truths_were_kept_is_worked_out_once(bench: Bench) -> None:
    await proposed(bench)
    await shows(bench, "remediated")
    before = await only(bench)
    await bench.world.ledger.save_air_actions([await a_row(bench, at=bench.clock.now() - MINUTE)])
    await forgotten(bench)

    older = OlderEndings()
    await bench.world.ledger.mark_truths(NOW - LIFETIME)
    await older.go(bench.world)

    assert older.is_done
    assert summed(before) == UNTOLD
    assert summed(await only(bench)) == (A, None, Source.AIR, Certainty.LIKELY, ("Ann",))
    assert await bench.world.ledger.truths_until() == bench.clock.now()


async def test_older_answers_endings_and_our_own_deletions_are_told_apart(bench: Bench) -> None:
    a_question(bench)
    await bench.run_pass()
    await reply(bench, EVE)
    await bench.run_pass()
    message = an_alert(a_message(), id="m", incident_id="9")
    bench.defender.show(an_incident(message, id="9"))
    await bench.run_pass()
    gone = an_alert(a_message(status="remediated"), id="m", incident_id="9", updated=NOW + MINUTE)
    bench.defender.show(an_incident(gone, id="9", updated=NOW + MINUTE))
    await shows(bench, "remediated")
    ids = [one.action.id for one in await bench.records()]
    known = await bench.world.ledger.truths(ids)
    assert {one[0].unknown for one in known.values()} == {None, Unknown.NOBODY}
    await forgotten(bench)

    await bench.world.ledger.mark_truths(NOW - LIFETIME)
    await OlderEndings().go(bench.world)

    found = await bench.world.ledger.truths(ids)
    assert {name: summed(one[0]) for name, one in found.items()} == {
        name: summed(one[0]) for name, one in known.items()
    }


async def test_older_endings_are_gone_through_some_at_a_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.with_policies(policy=ESCALATE)
    for status in ("pendingApproval", "declined"):
        for number in range(1, 6):
            cluster = a_cluster(query=f'Urls:"{number}"', first=number * 10, messages=1, status=status)
            alert = an_alert(cluster, id=f"a{number}", incident_id=str(number), updated=bench.clock.now())
            bench.defender.show(an_incident(alert, id=str(number), updated=bench.clock.now()))
        await bench.run_pass()
        bench.clock.advance(MINUTE)
    ids = [one.action.id for one in await bench.records()]
    await forgotten(bench)
    monkeypatch.setattr("agent.loop.hindsight.AT_ONCE", 2)
    monkeypatch.setattr("agent.loop.hindsight.MOST_PAGES", 1)
    await bench.world.ledger.mark_truths(NOW - LIFETIME)
    older = OlderEndings()

    counts = []
    while not older.is_done:
        await older.go(bench.world)
        counts.append(len(await bench.world.ledger.truths(ids)))

    assert counts == [2, 4, 5]


async def test_of_two_rules_of_one_mailbox_a_row_is_taken_for_neither(bench: Bench) -> None:
    """AIR's rows name the mailbox alone: Ann's no was to one of them, and nothing says to which."""
    policy = ESCALATE.replace("softDeleteCluster", "disableForwarding")
    bench.with_policies(policy=policy.replace("  cluster.mailboxCount: {atMost: 200}\n", ""))

    def show(*rules: str, status: str = "pendingApproval") -> None:
        updated = bench.clock.now()
        for rule in rules:
            evidence = forwarding(configuration_id=rule, remediation_status=status).evidence
            assert evidence is not None
            alert = an_alert(evidence, id=f"alert-{rule}", updated=updated)
            bench.defender.show(an_incident(alert, id=rule, updated=updated))

    show("rule-1", "rule-2")
    await bench.run_pass()
    records = await bench.records()
    bench.clock.advance(10 * MINUTE)
    row = an_air_action(*places_of(records[0].action), kind=None, status="Completed", approval="Declined", by="Ann", at=bench.clock.now())  # fmt: skip
    await bench.world.ledger.save_air_actions([row])
    bench.clock.advance(10 * MINUTE)
    show("rule-1", status="declined")
    await bench.run_pass()

    truths = await bench.world.ledger.truths([one.action.id for one in await bench.records()])
    assert len(records) == 2
    assert [summed(one) for found in truths.values() for one in found] == [DECLINED]
