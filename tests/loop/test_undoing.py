"""Taking back what was done, over fakes that work and a real ledger."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from agent.loop.perform import recover
from agent.loop.undoing import Act, Taken, prepare, take_back
from agent.model.decision import Verb
from agent.model.enactment import Effect, EffectKind, EffectSeen, Outcome, Record, State, Went
from agent.model.errors import Conflict, Held, Unavailable
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from agent.model.rails import Leave
from agent.model.restored import Gap, Restored
from agent.ports.world import World
from tests.loop.conftest import Bench
from tests.makers import NOW, a_cluster, a_copy, a_message, an_alert, an_incident, message_id

M = timedelta(minutes=1)
ANNA = Act(by="anna on soc-1", reason="it was a newsletter")
JUNKED = 2
"""The number of the message that lay in junk email."""


def seen(bench: Bench, *, messages: int = 3, status: str = "pendingApproval", minutes: int = -10) -> None:
    """Show one incident with one cluster; one of its messages lies in junk email."""
    updated = NOW + minutes * M
    alert = an_alert(a_cluster(messages=messages, status=status), updated=updated)
    bench.defender.show(an_incident(alert, updated=updated))
    places = {JUNKED: "junkFolder"}
    known = {pair[0] for pair in bench.defender.copies}
    bench.defender.deliver(
        *(
            a_copy(n, location=places.get(n, "inbox_folder"))
            for n in range(1, messages + 1)
            if message_id(n) not in known
        )
    )


async def sent(bench: Bench, *, messages: int = 3) -> Record:
    """Return the record of a cluster that was deleted."""
    seen(bench, messages=messages)
    await bench.run_pass()
    return await bench.only()


def by_hand(bench: Bench) -> World:
    return replace(bench.world, replica="agent.undo")


async def reinstate(bench: Bench) -> None:
    """Let the policy count again that fell back with the undo."""
    assert await bench.world.ledger.end_fallback("small-malicious", "anna", "mended", bench.clock.now())


async def undo(bench: Bench, record: Record, *, world: World | None = None) -> Taken:
    world = world or by_hand(bench)
    (planned,) = await prepare(world, [record])
    return await take_back(world, bench.enactor, record.action.id, planned, ANNA, asyncio.Event())


def place(bench: Bench, number: int) -> str | None:
    return bench.defender.copies[message_id(number), "anna@contoso.example"].location


def put(bench: Bench, number: int, location: str) -> None:
    bench.defender.deliver(a_copy(number, location=location))


def inverses(bench: Bench) -> dict[EffectKind, int]:
    counts: dict[EffectKind, int] = {}
    for (kind, _), count in bench.enactor.applied.items():
        counts[kind] = counts.get(kind, 0) + count
    return counts


async def test_every_copy_goes_back_to_the_folder_it_lay_in_and_who_did_it_is_kept(bench: Bench) -> None:
    record = await sent(bench)
    assert [place(bench, n) for n in (1, 2, 3)] == ["others"] * 3
    bench.clock.advance(10 * M)

    taken = await undo(bench, record)

    after = await bench.only()
    assert [place(bench, n) for n in (1, 2, 3)] == ["inbox_folder", "junkFolder", "inbox_folder"]
    assert taken.record == after
    assert (taken.stopped, after.state) == (None, State.UNDONE)
    assert after.undone is not None
    assert (after.undone.by, after.undone.reason, after.undone.at) == (*_said(ANNA), NOW + 10 * M)
    assert after.undone.words == "restored 2 copies to the inbox, 1 copy to junk email"
    own, *back = await bench.world.ledger.effects(record.action.id)
    assert [(one.undoes, one.went, one.sent_by) for one in back] == [(own.id, Went.DONE, "agent.undo")] * 2


def _said(act: Act) -> tuple[str, str]:
    return act.by, act.reason


async def test_what_was_undone_is_looked_back_at_and_told_in_the_incident_once(bench: Bench) -> None:
    record = await sent(bench)
    await undo(bench, record)

    await bench.run_pass()
    bench.clock.advance(5 * M)
    await bench.run_pass()
    bench.clock.advance(timedelta(days=1))
    await bench.run_pass()

    after = await bench.only()
    assert after.undone is not None
    assert (after.state, after.due, after.undone.seen) == (State.UNDONE, None, EffectSeen.CONFIRMED)
    texts = [text for _, text in bench.enactor.comments]
    assert len(texts) == 2
    assert "undone softDeleteCluster: small-malicious" in texts[1]
    assert "by anna on soc-1: it was a newsletter. restored 2 copies to the inbox" in texts[1]
    assert bench.enactor.tags["1"] == ()


async def test_the_agent_never_deletes_again_what_was_undone(bench: Bench) -> None:
    record = await sent(bench)
    await undo(bench, record)

    for minutes in (5, 30, 120, 24 * 60):
        bench.clock.advance(minutes * M)
        await bench.run_pass()

    assert await bench.states() == [State.UNDONE]
    assert inverses(bench)[EffectKind.SOFT_DELETE] == 3


async def test_what_was_undone_and_grew_is_a_question_for_people(bench: Bench) -> None:
    record = await sent(bench)
    await undo(bench, record)
    await reinstate(bench)
    bench.clock.advance(M)
    seen(bench, messages=4, minutes=1)

    await bench.run_pass()

    after = await bench.only()
    assert after.decision is not None
    assert (after.state, after.decision.guard, after.decision.verb) == (State.HELD, "undone", Verb.ESCALATE)
    assert inverses(bench)[EffectKind.SOFT_DELETE] == 3


async def test_what_was_undone_and_is_proposed_anew_is_a_question_for_people(bench: Bench) -> None:
    record = await sent(bench)
    await undo(bench, record)
    await reinstate(bench)
    bench.clock.advance(timedelta(days=8))
    evidence = a_cluster(created=bench.clock.now() - M)
    alert = an_alert(evidence, id="alert-2", created=bench.clock.now() - M, updated=bench.clock.now())
    bench.defender.show(an_incident(alert, updated=bench.clock.now()))

    await bench.run_pass()

    after = await bench.only()
    assert after.decision is not None
    assert (after.state, after.decision.guard, after.undone) == (State.HELD, "undone", None)
    assert inverses(bench)[EffectKind.SOFT_DELETE] == 3


async def test_an_undo_happens_once(bench: Bench) -> None:
    record = await sent(bench)
    await undo(bench, record)

    again = await undo(bench, await bench.only())

    assert again.record.state is State.UNDONE
    assert inverses(bench)[EffectKind.MOVE_TO_INBOX] == 2


async def test_mail_that_somebody_moved_or_that_is_elsewhere_is_told_and_left_out(bench: Bench) -> None:
    record = await sent(bench)
    put(bench, 1, "deletedFolder")
    put(bench, 3, "quarantine")

    taken = await undo(bench, record)

    assert [place(bench, n) for n in (1, 2, 3)] == ["deletedFolder", "junkFolder", "quarantine"]
    assert taken.record.state is State.SENT
    assert taken.record.undone is not None
    assert taken.record.undone.left == (
        "1: somebody has put it elsewhere since (`deletedFolder`), and there it stays",
        "1: it is not where our deletion put it (`quarantine`): find it in Explorer",
    )


async def test_what_is_in_place_already_does_not_keep_the_rest_from_being_undone(bench: Bench) -> None:
    record = await sent(bench)
    put(bench, 1, "inbox_folder")

    taken = await undo(bench, record)

    assert taken.record.state is State.UNDONE
    assert taken.record.undone is not None
    assert taken.record.undone.words.endswith("; 1 in place without us")


async def test_what_is_not_taken_back_is_followed_once_the_rest_was_seen_to_be_back(bench: Bench) -> None:
    record = await sent(bench)
    put(bench, 3, "quarantine")
    await undo(bench, record)

    bench.clock.advance(5 * M)
    await bench.run_pass()

    after = await bench.only()
    assert after.undone is not None
    assert after.undone.seen is EffectSeen.CONFIRMED
    assert (after.state, after.confirmation.words) == (State.CONFIRMED, "the copy has left the mailbox")


async def test_a_hold_stops_an_undo_and_what_was_not_sent_is_let_go(bench: Bench) -> None:
    record = await sent(bench)
    await bench.world.ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="ben", reason="stop all"))

    taken = await undo(bench, record)
    held = await bench.world.ledger.effects(record.action.id)
    await bench.world.ledger.release(KILL_SWITCH, "ben", "go on", NOW)
    again = await undo(bench, await bench.only())

    assert isinstance(taken.stopped, Held)
    assert taken.record.state is State.SENT
    assert {one.went for one in held if one.undoes is not None} == {Went.DROPPED}
    assert taken.record.undone is not None
    assert taken.record.undone.left == (
        "2 copies to the inbox, 1 copy to junk email: not tried: undo it again",
    )
    assert again.record.state is State.UNDONE


async def test_the_brake_stops_the_agent_and_not_the_person_who_takes_back(bench: Bench) -> None:
    record = await sent(bench)
    await bench.world.ledger.hold(Hold(name=BRAKE, since=NOW, by="the agent", reason="too many"))

    taken = await undo(bench, record)

    assert (taken.stopped, taken.record.state) == (None, State.UNDONE)


async def test_graph_being_away_stops_an_undo_that_can_be_asked_for_again(bench: Bench) -> None:
    record = await sent(bench)
    bench.enactor.next_outcomes = [Outcome(went=Went.DONE), Unavailable("graph: 503")]

    taken = await undo(bench, record)
    again = await undo(bench, await bench.only())

    assert str(taken.stopped) == "graph: 503"
    assert taken.record.state is State.SENT
    assert again.record.state is State.UNDONE
    assert again.record.undone is not None
    assert again.record.undone.words == "restored 1 copy to junk email; 2 taken back before"
    assert inverses(bench)[EffectKind.MOVE_TO_INBOX] == 2


async def test_graph_being_away_at_first_changes_nothing(bench: Bench) -> None:
    record = await sent(bench)
    (planned,) = await prepare(by_hand(bench), [record])
    bench.defender.down = True

    with pytest.raises(Unavailable):
        await take_back(by_hand(bench), bench.enactor, record.action.id, planned, ANNA, asyncio.Event())

    assert await bench.only() == record


async def test_asked_to_stop_it_begins_no_further_call(bench: Bench) -> None:
    record = await sent(bench)
    world, stop = by_hand(bench), asyncio.Event()
    (planned,) = await prepare(world, [record])
    stop.set()

    taken = await take_back(world, bench.enactor, record.action.id, planned, ANNA, stop)

    assert str(taken.stopped) == "it was asked to stop"
    assert EffectKind.MOVE_TO_INBOX not in inverses(bench)


async def test_an_outcome_that_nobody_knows_is_read_back_and_never_asked_for_again(bench: Bench) -> None:
    record = await sent(bench)
    bench.enactor.next_outcomes = ["lost"]

    taken = await undo(bench, record)
    bench.clock.advance(5 * M)
    await bench.run_pass()

    assert taken.record.state is State.SENT
    assert taken.record.undone is not None
    assert "whether 2 copies to the inbox came back is not known" in taken.record.undone.words
    after = await bench.only()
    assert after.state is State.UNDONE
    assert inverses(bench)[EffectKind.MOVE_TO_INBOX] == 2


async def test_an_unknown_outcome_that_did_nothing_is_a_persons_at_the_last_look(bench: Bench) -> None:
    record = await sent(bench)
    bench.enactor.next_outcomes = [Outcome(went=Went.UNKNOWN, detail="504")]
    await undo(bench, record)

    again = await undo(bench, await bench.only())
    for minutes in (5, 25, 90, 600, 600):
        bench.clock.advance(minutes * M)
        await bench.run_pass()

    assert again.record.undone is not None
    assert again.record.undone.left == (
        "2: whether it was put back before is not known: it is looked at again, and never asked for again",
    )
    after = await bench.only()
    assert after.state is State.SENT
    assert after.due is None
    assert (
        after.why == "undone, but 2 of 3 are not back where they were at the last look: a person has to see"
    )
    assert inverses(bench) == {EffectKind.SOFT_DELETE: 3, EffectKind.MOVE_TO_JUNK: 1}


async def test_an_undo_asked_for_again_notices_what_arrived_meanwhile(bench: Bench) -> None:
    record = await sent(bench)
    bench.enactor.next_outcomes = ["lost", "lost"]
    await undo(bench, record)

    again = await undo(bench, await bench.only())

    assert again.record.state is State.UNDONE
    assert again.record.undone is not None
    assert again.record.undone.words == "3 taken back before"


async def test_an_undo_that_died_under_way_is_read_back_and_the_rest_can_be_undone(bench: Bench) -> None:
    record = await sent(bench)
    world = by_hand(bench)
    (planned,) = await prepare(world, [record])
    now = bench.clock.now()
    await world.ledger.save([await bench.only()], effects=planned.effects, now=now)
    token = await world.ledger.lease("1", world.replica, now, now + 10 * M)
    leave = Leave(replica=world.replica, incident_id="1", token=token or 0, until=now + 10 * M)
    await world.ledger.depart(planned.effects[0].id, now, leave)
    bench.clock.advance(11 * M)

    taken = await undo(bench, await bench.only())

    assert await recover(bench.world) == 0
    assert taken.record.state is State.SENT
    assert taken.record.undone is not None
    assert taken.record.undone.words == "restored 1 copy to junk email"
    assert taken.record.undone.left[0].startswith("2: whether it was put back before is not known")
    assert EffectKind.MOVE_TO_INBOX not in inverses(bench)


async def test_the_agent_sends_no_inverse_by_itself(bench: Bench) -> None:
    record = await sent(bench)
    world = by_hand(bench)
    (planned,) = await prepare(world, [record])
    intended = msgspec.structs.replace(await bench.only(), state=State.INTENDED)
    await world.ledger.save([intended], effects=planned.effects, now=bench.clock.now())

    await bench.run_pass()

    assert inverses(bench) == {EffectKind.SOFT_DELETE: 3}


async def test_an_undo_waits_for_the_agent_at_work_and_gives_up_in_the_end(bench: Bench) -> None:
    record = await sent(bench)
    far = bench.clock.now() + timedelta(hours=1)
    token = await bench.world.ledger.lease("1", "agent", bench.clock.now(), far)

    with pytest.raises(Conflict, match="another agent is at work in incident `1`"):
        await undo(bench, record)
    await bench.world.ledger.let_go("1", token or 0)
    taken = await undo(bench, record)

    assert taken.record.state is State.UNDONE


async def test_an_undo_that_lost_its_lease_stops_and_says_so(bench: Bench) -> None:
    record = await sent(bench)
    world = by_hand(bench)
    (planned,) = await prepare(world, [record])
    enact = bench.enactor.enact

    async def stolen(effect: Effect, *, name: str, departing: object) -> Outcome:
        later = bench.clock.now() + timedelta(hours=1)
        assert await bench.world.ledger.lease("1", "agent", later, later + M) is not None
        return await enact(effect, name=name, departing=departing)  # type: ignore[arg-type]

    bench.enactor.enact = stolen  # type: ignore[method-assign]
    taken = await take_back(world, bench.enactor, record.action.id, planned, ANNA, asyncio.Event())

    assert isinstance(taken.stopped, Conflict)
    assert taken.record.state is State.SENT
    assert EffectKind.MOVE_TO_INBOX not in inverses(bench)


async def test_what_became_possible_after_the_question_is_not_done(bench: Bench) -> None:
    record = await sent(bench)
    put(bench, 1, "quarantine")
    world = by_hand(bench)
    (planned,) = await prepare(world, [record])
    put(bench, 1, "others")

    taken = await take_back(world, bench.enactor, record.action.id, planned, ANNA, asyncio.Event())

    assert place(bench, 1) == "others"
    assert taken.record.undone is not None
    assert taken.record.undone.left == ("1: it can only be taken back since you were asked: undo it again",)


async def test_nothing_sent_is_nothing_to_take_back(bench: Bench) -> None:
    bench.observing()
    record = await sent(bench)
    bench.enforcing()

    taken = await undo(bench, record)

    assert taken.record == record
    assert await bench.only() == record


async def test_what_was_planned_and_not_sent_yet_never_will_be(bench: Bench) -> None:
    bench.world = replace(bench.world, pace=msgspec.structs.replace(bench.world.pace, targets_per_call=1))
    bench.enactor.next_outcomes = [Outcome(went=Went.DONE), Unavailable("away")]
    record = await sent(bench)
    assert record.state is State.INTENDED

    taken = await undo(bench, record)
    await bench.run_pass()

    assert taken.record.state is State.UNDONE
    assert inverses(bench) == {EffectKind.SOFT_DELETE: 1, EffectKind.MOVE_TO_INBOX: 1}
    assert await bench.states() == [State.UNDONE]


async def test_a_missing_permission_is_said_and_nothing_is_tried(bench: Bench) -> None:
    record = await sent(bench)
    bench.enactor.lacks = {EffectKind.MOVE_TO_INBOX: "grant SecurityAnalyzedMessage.ReadWrite.All"}

    (planned,) = await prepare(by_hand(bench), [record])

    assert planned.left == {"grant SecurityAnalyzedMessage.ReadWrite.All": 2}
    assert planned.count == 1


async def test_look_back_of_what_cannot_be_read_says_so(bench: Bench) -> None:
    record = await sent(bench)
    await undo(bench, record)
    bench.defender.copies.clear()
    bench.clock.advance(5 * M)

    report = await bench.run_pass()

    after = await bench.only()
    assert after.undone is not None
    assert after.undone.seen is EffectSeen.UNVERIFIED
    assert any("what was taken back could not all be looked at" in one for one in report.problems)


async def test_one_message_of_one_recipient_is_taken_back_too(bench: Bench) -> None:
    bench.with_policies(
        approve="""
policy: messages
description: Soft-delete single messages.
owner: soc@contoso.example
for: [softDeleteMessage]
mode: enforce
match:
  evidence.verdict: malicious
decide: approve
"""
    )
    bench.defender.show(an_incident(an_alert(a_message())))
    bench.defender.deliver(a_copy(1))
    await bench.run_pass()

    taken = await undo(bench, await bench.only())

    assert taken.record.state is State.UNDONE
    assert place(bench, 1) == "inbox_folder"


@pytest.mark.parametrize(("conflicts", "is_undone"), [(2, True), (6, False)])
async def test_another_agent_that_writes_the_same_record_is_waited_for_but_not_for_ever(
    bench: Bench, conflicts: int, is_undone: bool
) -> None:
    record = await sent(bench)
    save, left = bench.world.ledger.save, conflicts

    async def contested(records: list[Record], **more: Any) -> None:
        nonlocal left
        if left:
            left -= 1
            raise Conflict("a record was changed meanwhile")
        await save(records, **more)

    bench.world.ledger.save = contested  # type: ignore[method-assign,assignment]
    if is_undone:
        assert (await undo(bench, record)).record.state is State.UNDONE
        return
    with pytest.raises(Conflict):
        await undo(bench, record)
    assert EffectKind.MOVE_TO_INBOX not in inverses(bench)


async def test_an_action_that_is_not_in_the_ledger_is_told(bench: Bench) -> None:
    record = await sent(bench)
    (planned,) = await prepare(by_hand(bench), [record])

    with pytest.raises(Conflict, match="nothing is known of `ffff`"):
        await take_back(by_hand(bench), bench.enactor, "ffff", planned, ANNA, asyncio.Event())


async def test_a_world_that_only_reads_can_be_asked_what_an_undo_comes_to(bench: Bench) -> None:
    record = await sent(bench)
    bench.observing()

    (planned,) = await prepare(bench.world, [record])

    assert planned.count == 3


async def test_what_left_before_a_restore_is_told_beside_what_can_be_taken_back(bench: Bench) -> None:
    record = await sent(bench)
    gap = Gap(at=bench.clock.now(), backup_at=bench.clock.now(), is_known=True)
    world = replace(by_hand(bench), restored=Restored(gaps=(gap,), departed={record.action.id: 2}))

    (planned,) = await prepare(world, [record])
    (other,) = await prepare(by_hand(bench), [record])

    assert planned.effects == other.effects
    assert [count for words, count in planned.left.items() if "after the backup" in words] == [2]
    assert not any("after the backup" in words for words in other.left)
