"""What a policy approved is overturned, and it falls back to observing: once, everywhere, until somebody ends that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from agent.adapters.ledger.codec import write_decision
from agent.loop import overturning
from agent.loop.overturning import LOOKS
from agent.loop.passing import Memory, one_pass
from agent.loop.policies import InForce
from agent.loop.replaying import replay
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.loop.undoing import Act, prepare, take_back
from agent.model.decision import Verb
from agent.model.enactment import Confirmation, Record, State
from agent.model.errors import Unavailable
from agent.model.fallback import Fallback
from agent.ports.world import World
from agent.simulator import tenant
from agent.simulator.mail import INBOX
from tests.fakes import FakeShelf
from tests.ledgers import open_ledger
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident
from tests.simulated import a_simulated, noon

M, DAY = timedelta(minutes=1), timedelta(days=1)
POLICY = "small-malicious"
ANNA = Act(by="anna on soc-1", reason="it was a newsletter")


def seen(bench: Bench, number: int = 1, *, messages: int = 2) -> None:
    """Show one incident with one cluster of its own messages, all in the inbox."""
    first = 10 * number
    evidence = a_cluster(query=f"q{number}", first=first, messages=messages, created=bench.clock.now() - M)
    alert = an_alert(evidence, id=f"alert-{number}", created=bench.clock.now() - M, updated=bench.clock.now())
    bench.defender.show(an_incident(alert, id=str(number), updated=bench.clock.now()))
    bench.defender.deliver(*(a_copy(n) for n in range(first, first + messages)))


async def confirmed(bench: Bench, *numbers: int) -> list[Record]:
    """Return the records of clusters that were deleted, and seen to be gone."""
    for number in numbers or (1,):
        seen(bench, number)
    await bench.run_pass()
    bench.clock.advance(6 * M)
    await bench.run_pass()
    records = await bench.records()
    assert {record.state for record in records} == {State.CONFIRMED}
    return records


def move_back(bench: Bench, number: int = 1, place: str = "inbox_folder") -> None:
    bench.defender.deliver(a_copy(10 * number, location=place))


async def undo(bench: Bench, record: Record) -> None:
    world = replace(bench.world, replica="agent.undo")
    (planned,) = await prepare(world, [record])
    await take_back(world, bench.enactor, record.action.id, planned, ANNA, asyncio.Event())


async def fallbacks(bench: Bench) -> list[Fallback]:
    return list(await bench.world.ledger.fallbacks(is_standing=False))


async def alarms(bench: Bench) -> dict[str, str]:
    return {one.name: one.words for one in await bench.world.ledger.alarms()}


async def test_an_undo_has_the_policy_fall_back_at_once(bench: Bench) -> None:
    (record,) = await confirmed(bench)

    await undo(bench, record)

    (one,) = await fallbacks(bench)
    assert (one.policy, one.action_id, one.ended) == (POLICY, record.action.id, None)
    assert one.words == f"a person took back what it had done for action {record.action.id}"
    assert record.decision is not None
    assert one.revision == record.decision.revision


async def test_what_fell_back_observes_and_says_since_when_and_why(bench: Bench) -> None:
    (record,) = await confirmed(bench)
    await undo(bench, record)
    seen(bench, 2)

    await bench.run_pass()

    other = next(one for one in await bench.records() if one.action.id != record.action.id)
    assert other.state is State.ESCALATED
    assert other.decision is not None
    assert other.decision.reason.endswith(
        f"`{POLICY}` fell back to observe since 2026-11-02 09:06Z, because a person took back what it had done for"
        f" action {record.action.id}"
    )
    assert other.decision.shadow is not None
    assert other.decision.shadow.verb is Verb.APPROVE
    assert [finding.observes for finding in other.decision.findings] == [True]


async def test_an_alarm_stands_until_somebody_lets_it_count_again(bench: Bench) -> None:
    (record,) = await confirmed(bench)
    await undo(bench, record)
    await bench.run_pass()
    during = await alarms(bench)

    await bench.world.ledger.end_fallback(POLICY, "anna", "mended", bench.clock.now())
    await bench.run_pass()

    assert during == {
        f"fallback {POLICY}": f"policy {POLICY} fell back to observe: a person took back what it had done for action "
        f"{record.action.id}: see `air-agent show {record.action.id}`, mend the policy and promote it again, or "
        f'`air-agent policy reinstate {POLICY} --reason "why"`'
    }
    assert await alarms(bench) == {}


async def test_a_second_undo_is_no_second_fallback(bench: Bench) -> None:
    first, second = await confirmed(bench, 1, 2)

    await undo(bench, first)
    bench.clock.advance(M)
    await undo(bench, second)

    assert len(await fallbacks(bench)) == 1


async def test_what_came_before_its_end_counts_no_second_time_and_what_comes_after_does(bench: Bench) -> None:
    first, second = await confirmed(bench, 1, 2)
    await undo(bench, first)
    bench.clock.advance(M)
    await bench.world.ledger.end_fallback(POLICY, "anna", "it is right", bench.clock.now())

    await undo(bench, second)
    known = await fallbacks(bench)
    bench.clock.advance(M)
    seen(bench, 3)
    await bench.run_pass()
    third = next(one for one in await bench.records() if one.state is State.SENT)
    await undo(bench, third)

    assert [one.ended is None for one in known] == [False]
    assert [one.action_id for one in await fallbacks(bench)] == [first.action.id, third.action.id]


async def test_what_waits_unsent_is_judged_anew_and_does_not_leave(bench: Bench) -> None:
    (record,) = await confirmed(bench)
    policies = await load(bench.world)
    seen(bench, 2)
    bench.enactor.unreachable = [Unavailable("graph: connection refused")]
    memory = Memory()
    await one_pass(bench.world, policies, asyncio.Event(), PassReport(began=NOW), memory)
    waiting = next(one for one in await bench.records() if one.state is State.INTENDED)
    await undo(bench, record)
    sent = bench.enactor.applied.total()

    await one_pass(bench.world, policies, asyncio.Event(), PassReport(began=NOW), memory)

    (after,) = (await bench.world.ledger.load([waiting.action.id])).values()
    assert after.state is State.ESCALATED
    assert bench.enactor.applied.total() == sent


# Moved back


@pytest.mark.parametrize("place", ["inbox_folder", "junkFolder", "deletedFolder"])
async def test_a_copy_that_lies_in_a_mailbox_again_has_the_policy_fall_back(bench: Bench, place: str) -> None:
    (record,) = await confirmed(bench)
    move_back(bench, place=place)
    bench.clock.advance(LOOKS[0])

    await bench.run_pass()

    (one,) = await fallbacks(bench)
    assert one.words == (
        f"1 copy of what it had deleted for action {record.action.id} lies in a mailbox again, and no undo of the"
        " agent put that back"
    )
    assert list(await alarms(bench)) == [f"fallback {POLICY}"]


@pytest.mark.parametrize(
    ("moved", "looked", "falls"),
    [
        (timedelta(0), LOOKS[0] - 7 * M, False),
        (timedelta(0), LOOKS[0], True),
        (2 * LOOKS[0], 2 * LOOKS[0] + M, False),
        (2 * LOOKS[0], LOOKS[1], True),
        (LOOKS[1], LOOKS[2], True),
        (LOOKS[2], LOOKS[3], True),
        (LOOKS[3], LOOKS[4], True),
        (LOOKS[4], LOOKS[4] + 2 * DAY, False),
    ],
)
async def test_it_is_looked_at_five_times_within_fourteen_days(
    bench: Bench, moved: timedelta, looked: timedelta, falls: bool
) -> None:
    await confirmed(bench)
    bench.clock.advance(moved)
    await bench.run_pass()
    move_back(bench)
    bench.clock.advance(looked - moved)

    await bench.run_pass()

    assert bool(await fallbacks(bench)) is falls


async def test_what_is_elsewhere_or_somebody_elses_copy_does_not_count(bench: Bench) -> None:
    await confirmed(bench)
    bench.defender.deliver(a_copy(10, location="quarantine"), a_copy(10, recipient="ben@contoso.example"))
    bench.clock.advance(LOOKS[0])

    await bench.run_pass()

    assert await fallbacks(bench) == []


async def test_what_never_was_seen_to_be_gone_was_not_moved_back(bench: Bench) -> None:
    bench.enactor.removes_mail = False
    seen(bench)
    await bench.run_pass()
    bench.clock.advance(LOOKS[0] + M)

    await bench.run_pass()

    assert await fallbacks(bench) == []


async def proposed_anew(bench: Bench) -> Record:
    """Let the same thing be proposed again, after its week."""
    now = bench.clock.now()
    evidence = a_cluster(query="q1", first=10, messages=2, created=now)
    alert = an_alert(evidence, id="alert-anew", created=now, updated=now)
    bench.defender.show(an_incident(alert, id="anew", updated=now))
    await bench.run_pass()
    return await bench.only()


async def test_what_is_moved_back_and_proposed_anew_after_its_week_is_a_person_s_and_counts_against_the_policy(
    bench: Bench,
) -> None:
    await confirmed(bench)
    bench.clock.advance(8 * DAY)
    await bench.run_pass()
    move_back(bench)

    record = await proposed_anew(bench)
    none_yet = await fallbacks(bench)
    bench.clock.advance(6 * DAY)
    await bench.run_pass()

    assert none_yet == []
    assert record.life == 1
    assert record.state is State.HANDED_OFF
    assert record.plan is not None
    assert record.plan.why == (
        "1 copy was sent in an earlier week and is in mailboxes: a deletion is never sent twice, so a person has to look"
    )
    assert set(bench.enactor.removed.values()) == {1}
    (one,) = await fallbacks(bench)
    assert one.words == (
        f"1 copy of what it had deleted for action {record.action.id} lies in a mailbox again, and no undo of the agent put"
        " that back"
    )


async def test_what_was_never_seen_to_be_gone_and_is_proposed_anew_counts_against_nobody(
    bench: Bench,
) -> None:
    await confirmed(bench)
    (record,) = await bench.records()
    never = msgspec.structs.replace(record, confirmation=Confirmation())
    await bench.world.ledger.save([never], now=bench.clock.now())
    bench.clock.advance(8 * DAY)
    move_back(bench)

    await proposed_anew(bench)
    bench.clock.advance(6 * DAY)
    await bench.run_pass()

    assert await fallbacks(bench) == []


async def test_what_our_own_undo_put_back_is_that_undo_and_no_more(bench: Bench) -> None:
    (record,) = await confirmed(bench)
    await undo(bench, record)
    bench.clock.advance(M)
    await bench.world.ledger.end_fallback(POLICY, "anna", "once is enough", bench.clock.now())
    bench.clock.advance(LOOKS[1])

    await bench.run_pass()

    assert len(await fallbacks(bench)) == 1


async def test_all_that_is_due_is_looked_at_with_one_question(bench: Bench) -> None:
    await confirmed(bench, *range(1, 9))
    bench.clock.advance(LOOKS[0])
    before = bench.defender.asked["mail"]

    await bench.run_pass()

    assert bench.defender.asked["mail"] == before + 1


async def test_what_is_more_than_fits_is_looked_at_the_next_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without hunting each message costs a request."""
    monkeypatch.setattr(overturning, "MOST_ASKED", 3)
    bench.defender.can_hunt = False
    for number in (1, 2, 3):
        seen(bench, number)
        await bench.run_pass()
        bench.clock.advance(6 * M)
    await bench.run_pass()
    move_back(bench, 3)
    bench.clock.advance(LOOKS[0])

    await bench.run_pass()
    first = await fallbacks(bench)
    await bench.run_pass()
    second = await fallbacks(bench)
    await bench.run_pass()

    assert (first, second) == ([], [])
    assert len(await fallbacks(bench)) == 1


async def test_while_defender_is_away_nothing_is_taken_for_looked_at(bench: Bench) -> None:
    await confirmed(bench)
    move_back(bench)
    bench.clock.advance(LOOKS[0])
    bench.defender.down = True
    with pytest.raises(Unavailable):
        await bench.run_pass()
    bench.defender.down = False
    bench.clock.advance(2 * LOOKS[0])

    await bench.run_pass()

    assert len(await fallbacks(bench)) == 1


# Several agents, restarts, and the record


@asynccontextmanager
async def two(folder: Path) -> AsyncIterator[tuple[Bench, World]]:
    """Give an agent, and another one of the same tenant and ledger."""
    url = f"sqlite:///{folder / 'data' / 'ledger.db'}"
    async with open_ledger(url, TENANT, replica="a") as one, open_ledger(url, TENANT, replica="b") as other:
        bench = Bench(one)
        yield bench, replace(bench.world, ledger=other, replica="b")


async def step(world: World, policies: InForce, memory: Memory) -> None:
    await one_pass(world, policies, asyncio.Event(), PassReport(began=world.clock.now()), memory)


async def test_every_replica_goes_by_it_with_its_next_step(tmp_path: Path) -> None:
    async with two(tmp_path) as (bench, other):
        theirs, memory = await load(other), Memory()
        await start(other, theirs)
        (record,) = await confirmed(bench)
        await undo(bench, record)
        seen(bench, 2)

        has_news = await memory.falling.has_news(other, theirs)
        await step(other, theirs, memory)

        states = {one.action.id: one.state for one in await bench.records()}
        assert has_news
        assert sorted(states.values()) == [State.ESCALATED, State.UNDONE]
        assert theirs.judge.policy(POLICY).fallen is not None


async def test_two_that_see_it_at_once_write_it_down_once(tmp_path: Path) -> None:
    async with two(tmp_path) as (bench, other):
        (record,) = await confirmed(bench)
        move_back(bench)
        bench.clock.advance(LOOKS[0])
        mine, theirs = await load(bench.world), await load(other)

        await asyncio.gather(step(bench.world, mine, Memory()), step(other, theirs, Memory()))
        bench.clock.advance(LOOKS[1])
        await asyncio.gather(step(bench.world, mine, Memory()), step(other, theirs, Memory()))

        assert [one.action_id for one in await fallbacks(bench)] == [record.action.id]


async def test_it_survives_a_restart_and_another_text_of_the_policy(bench: Bench) -> None:
    (record,) = await confirmed(bench)
    await undo(bench, record)
    bench.with_policies(approve=APPROVE.replace("200", "100"))
    seen(bench, 2)

    await bench.run_pass()

    policies = await load(bench.world)
    assert policies.judge.policy(POLICY).fallen is not None
    assert State.ESCALATED in await bench.states()


async def test_once_it_counts_again_what_waits_is_approved(bench: Bench) -> None:
    (record,) = await confirmed(bench)
    await undo(bench, record)
    seen(bench, 2)
    await bench.run_pass()
    revision = (await load(bench.world)).judge.revision
    bench.clock.advance(M)
    await bench.world.ledger.end_fallback(POLICY, "anna", "mended", bench.clock.now())

    await bench.run_pass()

    assert sorted(await bench.states()) == [State.SENT, State.UNDONE]
    assert (await load(bench.world)).judge.revision != revision


async def test_decisions_before_during_and_after_it_are_made_again_byte_by_byte(bench: Bench) -> None:
    (record,) = await confirmed(bench)
    await undo(bench, record)
    seen(bench, 2)
    await bench.run_pass()
    bench.clock.advance(M)
    await bench.world.ledger.end_fallback(POLICY, "anna", "mended", bench.clock.now())
    await bench.run_pass()

    found = [
        one
        for each in await bench.records()
        for one in await replay(bench.world.ledger, each, write_decision)
    ]

    assert [one for one in found if not one.is_same] == []
    assert len({one.recorded.revision for one in found}) == 2
    assert {one.recorded.verb for one in found} == {Verb.APPROVE, Verb.ESCALATE}


# In front of a tenant that behaves


async def test_in_the_simulator_an_undo_and_messages_moved_back_are_one_fallback(tmp_path: Path) -> None:
    burst = tenant.burst(3, noon(), actions=3, messages_each=3)
    async with a_simulated(burst, tmp_path, shelf=FakeShelf(approve=APPROVE)) as simulated:
        await simulated.live(timedelta(hours=1), every=timedelta(minutes=20))
        records = list((await simulated.records()).values())
        assert {record.state for record in records} == {State.CONFIRMED}
        world = simulated.world
        assert world.enactor is not None
        (planned,) = await prepare(world, records[:1])
        await take_back(world, world.enactor, records[0].action.id, planned, ANNA, asyncio.Event())
        for copy in simulated.app.state.post.all():
            copy.move(INBOX, "Admin action", simulated.clock.now())
        await simulated.live(timedelta(days=1), every=timedelta(hours=2))

        found = await world.ledger.fallbacks(is_standing=False)

        assert [one.action_id for one in found] == [records[0].action.id]
        assert simulated.policies.judge.policy(POLICY).fallen is not None


async def test_in_the_simulator_a_message_that_somebody_moves_back_is_found(tmp_path: Path) -> None:
    burst = tenant.burst(3, noon(), actions=2, messages_each=3)
    async with a_simulated(burst, tmp_path, shelf=FakeShelf(approve=APPROVE)) as simulated:
        await simulated.live(timedelta(hours=2), every=timedelta(minutes=20))
        before = await simulated.world.ledger.fallbacks()
        next(simulated.app.state.post.all()).move(INBOX, "Admin action", simulated.clock.now())
        asked = simulated.asked("hunting")
        await simulated.live(timedelta(days=1), every=timedelta(hours=2))

        found = await simulated.world.ledger.fallbacks()

        assert before == ()
        assert [one.policy for one in found] == [POLICY]
        assert "lies in a mailbox again" in found[0].words
        assert simulated.asked("hunting") > asked
