"""People on call are told what needs them, once, in time, and whatever becomes of the process that tells them."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace as replace_struct

from agent.adapters.ledger.ledger import SqlLedger
from agent.judge.escalation.climb import Climbed, climb
from agent.judge.escalation.lapse import lapsed
from agent.loop import climbing, hearing
from agent.loop import run as loop
from agent.loop.lookout import Lookout
from agent.loop.paging import Paging
from agent.loop.report import PassReport
from agent.loop.run import load
from agent.model.alarm import Alarm
from agent.model.audit import Event
from agent.model.chain import Chain
from agent.model.channel import Channel, Outside, Part
from agent.model.enactment import State
from agent.model.errors import Conflict, LedgerError, PolicyError, Refused, Unavailable
from agent.model.escalation import Delivery, Occasion, Page
from agent.model.hold import Hold
from tests.escalations import a_chain, a_channel
from tests.fakes import FakeShelf
from tests.loop.conftest import APPROVE, Bench
from tests.loop.on_call import CHAIN, HOUR, MINUTE, WAIT, OnCall, files

SECOND = timedelta(seconds=1)
PAGE, REPEAT, WORSE, UPDATE, RESOLVED = (
    Occasion.PAGE,
    Occasion.REPEAT,
    Occasion.WORSE,
    Occasion.UPDATE,
    Occasion.RESOLVED,
)


@pytest.fixture
def call(bench: Bench) -> OnCall:
    assert isinstance(bench.world.ledger, SqlLedger)
    return OnCall(bench, bench.world.ledger)


# From a record to a page


async def test_an_action_that_needs_people_is_told_once_its_first_wait_is_over(call: OnCall) -> None:
    await call.ask("a")
    await call.look()
    call.clock.advance(WAIT - SECOND)
    await call.look()
    assert call.channels.told == []

    call.clock.advance(SECOND)
    await call.look()

    (notice,) = call.channels.told
    assert (notice.channel, notice.occasion, notice.total) == ("teams", PAGE, 1)
    page = await call.only_page()
    assert (page.group, page.step, notice.page_id) == ("incident:1", 1, page.id)


async def test_actions_of_one_incident_share_a_page_and_those_of_another_do_not(call: OnCall) -> None:
    await call.ask("a", "b", "c")
    await call.ask("d", incident="2")

    await call.live(WAIT)

    assert sorted(one.total for one in call.channels.told) == [1, 3]


async def test_what_settles_within_the_first_wait_is_told_to_nobody(call: OnCall) -> None:
    (record,) = await call.ask("a")
    await call.look()
    await call.change(record, state=State.SUPERSEDED)

    await call.live(HOUR)

    assert call.channels.told == []
    assert await call.pages.open() == ()


async def test_the_chain_is_climbed_step_by_step_and_repeated(call: OnCall) -> None:
    await call.ask("a")

    await call.live(timedelta(hours=11))

    assert call.occasions("teams") == [PAGE]
    assert call.occasions("pager") == [PAGE]
    assert call.occasions("lead") == [PAGE, REPEAT, REPEAT]
    assert call.channels.twice() == []


async def test_once_it_is_decided_everybody_who_was_told_hears_that_and_why(call: OnCall) -> None:
    (record,) = await call.ask("a")
    await call.live(20 * MINUTE)
    await call.change(record, state=State.SUPERSEDED, why="somebody approved it in Defender")

    await call.live(MINUTE)

    assert call.occasions("teams") == [PAGE, RESOLVED]
    assert call.occasions("pager") == [PAGE, RESOLVED]
    assert call.occasions("lead") == []
    assert "somebody approved it in Defender" in call.channels.on("pager")[-1].words
    assert await call.pages.open() == ()
    assert call.channels.earlier[call.channels.on("pager")[-1].id] == (call.channels.on("pager")[0].id,)


async def test_two_people_who_are_told_through_different_chains_get_pages_of_their_own(call: OnCall) -> None:
    other = "chain: nights\ndescription: At night.\nowner: soc@contoso.example\nsteps: [{notify: [lead]}]\n"
    call.with_files(**files(CHAIN, other))
    call.with_rules(chain="secops")
    at_night = call.a_record("b", escalation="nights")
    await call.ask("a")
    await call.ledger.save([at_night], now=call.clock.now())

    await call.live(WAIT)

    assert sorted((one.channel, one.chain) for one in call.channels.told) == [
        ("lead", "nights"),
        ("teams", "secops"),
    ]


async def test_an_action_that_moves_to_another_chain_leaves_its_page(call: OnCall) -> None:
    (record,) = await call.ask("a")
    await call.live(WAIT)
    renamed = CHAIN.replace("chain: secops", "chain: days")
    call.with_files(**files(renamed))

    await call.live(2 * MINUTE)

    assert call.occasions("teams") == [PAGE, RESOLVED, PAGE]
    assert "it is told on another page now" in call.channels.on("teams")[1].words
    page = await call.only_page()
    assert (page.chain, [one.action_id for one in page.open_members]) == ("days", [record.action.id])


async def test_where_there_is_no_chain_an_alarm_says_how_many_wait(call: OnCall) -> None:
    call.with_files(approve=APPROVE)
    await call.ask("a", "b")
    await call.look()
    assert await call.alarms() == ["escalation"]
    (alarm,) = await call.ledger.alarms()
    assert alarm.words.startswith(
        "2 actions wait for people, and nobody is told: there is no chain for them: "
    )

    call.with_files(**files())
    await call.live(WAIT)

    assert await call.alarms() == []
    assert len(call.channels.told) == 1


async def test_a_page_of_which_every_chain_is_gone_stays_open(call: OnCall) -> None:
    await call.ask("a")
    await call.live(WAIT)
    call.with_files(approve=APPROVE)

    await call.look()

    assert len(await call.pages.open()) == 1


async def test_while_observing_nobody_is_told_anything(call: OnCall) -> None:
    call.world = replace(call.world, channels=None)
    await call.ask("a")
    policies = await load(call.world)

    async with Paging.going(call.world, policies, Lookout(call.world)) as paging:
        assert paging is None

    assert await call.pages.open() == ()


# Acknowledgements


async def test_an_acknowledgement_pauses_the_chain_and_answers_nothing(call: OnCall) -> None:
    call.channels.hearing.add("pager")
    await call.ask("a")
    await call.live(16 * MINUTE)
    call.channels.acknowledge(call.channels.on("pager")[0].key)
    await call.live(2 * HOUR, most=MINUTE)
    assert call.occasions("lead") == []
    page = await call.only_page()
    assert page.acknowledged is not None
    assert page.acknowledged.by == "anna"

    await call.live(2 * HOUR, most=MINUTE)

    assert call.occasions("lead") == [PAGE]
    assert [one.state for one in await call.ledger.listed()] == [State.ESCALATED]


async def test_one_that_is_taken_back_ends_the_pause(call: OnCall) -> None:
    call.channels.hearing.add("pager")
    await call.ask("a")
    await call.live(16 * MINUTE)
    key = call.channels.on("pager")[0].key
    call.channels.acknowledge(key)
    await call.live(5 * MINUTE, most=MINUTE)
    call.channels.take_back(key)

    await call.live(2 * HOUR, most=MINUTE)

    assert call.occasions("lead") == [PAGE]


async def test_a_channel_is_asked_every_half_minute_and_only_where_it_was_told(call: OnCall) -> None:
    call.channels.hearing |= {"pager", "lead"}
    await call.ask("a")
    await call.live(15 * MINUTE)
    before = call.channels.polled["pager"]

    for _ in range(20):
        call.clock.advance(3 * SECOND)
        await call.look()

    assert call.channels.polled["pager"] - before == 2
    assert call.channels.polled["lead"] == call.channels.polled["teams"] == 0


@pytest.mark.parametrize("error", [Unavailable("503"), Refused("401"), RuntimeError("a bug")])
async def test_a_channel_that_cannot_be_asked_keeps_nobody_from_being_told(
    call: OnCall, error: Exception
) -> None:
    call.channels.hearing.add("pager")
    call.channels.deaf = error
    await call.ask("a")

    await call.live(3 * HOUR)

    assert call.occasions("lead") == [PAGE]


async def test_a_channel_that_is_slow_to_tell_what_it_heard_is_given_up(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "PATIENCE", 0.0)
    call.channels.hearing.add("teams")
    await call.ask("a")

    await call.live(2 * MINUTE)

    paging = await call.paging()
    assert "did not answer" in paging.hearing.failures["teams"]


async def test_a_stop_lets_go_of_a_channel_that_is_being_asked(call: OnCall) -> None:
    call.channels.hearing.add("teams")
    await call.ask("a")
    await call.live(WAIT)
    paging = await call.paging()
    page = await call.only_page()
    paging.hearing.asked.clear()
    paging.hearing.begin([a_channel("teams")], [page], call.clock.now())
    paging.hearing.begin([a_channel("teams")], [page], call.clock.now() + MINUTE)

    await paging.hearing.stop()

    assert paging.hearing.under_way == {}


# The last chance


@pytest.mark.parametrize(("fallback", "is_due"), [("escalate", False), ("handOff", True), ("reject", True)])
async def test_a_last_chance_that_comes_is_written_on_the_record(
    call: OnCall, fallback: str, is_due: bool
) -> None:
    call.with_files(**files(CHAIN.replace("decide: escalate", f"decide: {fallback}")))
    (record,) = await call.ask("a")

    await call.live(timedelta(days=6) + MINUTE, most=timedelta(hours=6))

    (found,) = await call.ledger.listed()
    assert record.decision is not None
    assert found.lapse is not None
    assert (found.lapse.chain, found.lapse.decide, found.lapse.grounds) == (
        "secops",
        fallback,
        record.decision.grounds,
    )
    assert (found.due is not None) is is_due
    assert call.occasions("lead")[-1] is Occasion.LAST_CHANCE
    assert call.channels.twice() == []


async def test_a_lapse_is_written_once_on_the_same_grounds(call: OnCall) -> None:
    await call.ask("a")
    await call.live(timedelta(days=6) + MINUTE, most=timedelta(hours=6))
    (before,) = await call.ledger.listed()

    call.restart()
    await call.live(HOUR)

    assert await call.ledger.listed() == (before,)


async def test_a_page_waits_for_a_lapse_that_could_not_be_written(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call.ask("a")
    await call.live(timedelta(days=5, hours=23), most=timedelta(hours=6))
    original, failures = call.ledger.save, [Conflict("changed meanwhile")]

    async def conflicting(*given: Any, **named: Any) -> None:
        if failures:
            raise failures.pop()
        await original(*given, **named)

    monkeypatch.setattr(call.ledger, "save", conflicting)
    call.clock.advance(HOUR)
    await call.look()
    assert Occasion.LAST_CHANCE not in call.occasions("lead")

    call.clock.advance(2 * SECOND)
    await call.look()

    assert call.occasions("lead")[-1] is Occasion.LAST_CHANCE
    assert (await call.ledger.listed())[0].lapse is not None


async def test_when_the_week_is_over_the_page_is_and_none_is_opened_anew(call: OnCall) -> None:
    await call.ask("a")

    await call.live(timedelta(days=7) + 2 * HOUR, most=timedelta(hours=6))

    assert await call.pages.open() == ()
    assert call.occasions("lead")[-1] is RESOLVED
    assert len(await call.pages.of_action((await call.ledger.listed())[0].action.id)) == 1


# Alarms and what policies inform of


async def raise_alarm(call: OnCall, name: str = "anchor") -> None:
    alarm = Alarm(name=name, since=call.clock.now(), words="the second place cannot be reached")
    await call.ledger.raise_alarm(alarm)


async def test_an_alarm_is_told_to_the_first_step_once_and_so_is_its_end(call: OnCall) -> None:
    await raise_alarm(call)
    await call.live(HOUR)
    call.restart()
    await call.live(HOUR)
    assert call.occasions("teams") == [Occasion.ALARM]

    await call.ledger.clear_alarm("anchor", call.clock.now())
    await call.live(HOUR)

    assert call.occasions("teams") == [Occasion.ALARM, RESOLVED]
    assert call.occasions("pager") == []
    assert await call.pages.open() == ()


async def test_an_alarm_that_ends_at_once_is_told_to_nobody(call: OnCall) -> None:
    await raise_alarm(call)
    await call.look()
    await call.ledger.clear_alarm("anchor", call.clock.now())

    await call.live(HOUR)

    assert call.channels.told == []


async def test_an_alarm_that_comes_and_goes_is_told_once_an_hour(call: OnCall) -> None:
    for _ in range(6):
        await raise_alarm(call)
        await call.live(5 * MINUTE)
        await call.ledger.clear_alarm("anchor", call.clock.now())
        await call.live(5 * MINUTE)

    assert call.occasions("teams") == [Occasion.ALARM, RESOLVED]


async def test_a_channel_that_fails_is_told_through_the_others(call: OnCall) -> None:
    call.channels.errors["teams"] = Refused("401")
    await call.ask("a")

    await call.live(5 * MINUTE)

    alarm = next(one for one in call.channels.told if one.occasion is Occasion.ALARM)
    assert alarm.channel != "teams"
    assert "channel teams" in alarm.title


async def test_the_alarm_of_a_channel_that_was_taken_away_ends(call: OnCall) -> None:
    await raise_alarm(call, "channel gone")

    await call.look()

    assert await call.alarms() == []


async def test_what_policies_inform_of_is_told_once_and_quietly(call: OnCall) -> None:
    informing = APPROVE.replace("decide: approve", "decide: approve\ninform: secops")
    call.with_files(**files(CHAIN, approve=informing))
    records = [call.a_record(key, state=State.CONFIRMED, inform=("secops", "gone")) for key in ("a", "b")]
    await call.ledger.save(records, now=call.clock.now())
    await call.look()
    assert call.channels.told == []

    await call.live(HOUR)
    call.restart()
    await call.live(2 * HOUR)

    assert [(one.channel, one.occasion) for one in call.channels.told] == [("teams", Occasion.DIGEST)]


async def test_a_decision_that_was_replaced_is_not_told(call: OnCall) -> None:
    informing = APPROVE.replace("decide: approve", "decide: approve\ninform: secops")
    call.with_files(**files(CHAIN, approve=informing))
    record = call.a_record("a", state=State.CONFIRMED, inform=("secops",))
    await call.ledger.save([record], now=call.clock.now())
    assert record.decision is not None
    newer = replace_struct(record.decision, grounds="other", inform=())
    await call.change(record, decision=newer)

    await call.live(2 * HOUR)

    assert call.channels.told == []


@pytest.mark.parametrize("error", [Conflict("told meanwhile"), LedgerError("ledger: database is locked")])
async def test_a_decision_that_cannot_be_told_now_is_told_at_a_later_look(
    call: OnCall, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    informing = APPROVE.replace("decide: approve", "decide: approve\ninform: secops")
    call.with_files(**files(CHAIN, approve=informing))
    record = call.a_record("a", state=State.CONFIRMED, inform=("secops",))
    await call.ledger.save([record], now=call.clock.now())
    original, failures = call.pages.save, [error]

    async def failing(*given: Any, **named: Any) -> None:
        if failures:
            raise failures.pop()
        await original(*given, **named)

    monkeypatch.setattr(call.pages, "save", failing)
    with suppress(LedgerError):
        await call.look()
    assert failures == []

    await call.live(2 * HOUR)

    assert [one.channel for one in call.channels.told] == ["teams"]


# Whatever goes wrong


async def test_a_page_that_cannot_be_worked_out_keeps_no_other_from_being_told(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(chain: Chain, page: Page, *given: Any, **named: Any) -> Climbed:
        if page.group == "incident:1":
            raise RuntimeError("a bug")
        return climb(chain, page, *given, **named)

    await call.ask("a", incident="1")
    await call.ask("b", incident="2")
    with monkeypatch.context() as patched:
        patched.setattr(climbing, "climb", broken)
        await call.live(5 * MINUTE)
        assert [one.items[0].incident_id for one in call.channels.on("teams") if one.items] == ["2"]
        assert await call.alarms() == ["paging"]

    await call.live(5 * MINUTE)

    assert {one.items[0].incident_id for one in call.channels.on("teams") if one.items} == {"1", "2"}
    assert await call.alarms() == []


async def test_a_ledger_that_is_away_is_complained_of_once_and_then_looked_at_again(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call.ask("a")
    paging = await call.paging()

    async def away(*_: object) -> Any:
        raise LedgerError("ledger: locked")

    async def bug(*_: object) -> Any:
        raise RuntimeError("a bug")

    for failing in (away, away, bug):
        with monkeypatch.context() as patched:
            patched.setattr(call.ledger.pages, "standing", failing)
            await paging.try_to_look()
    assert paging.complained == "internal error: a bug"
    assert await call.alarms() == ["paging"]

    await paging.try_to_look()
    await call.live(WAIT)

    assert paging.complained == ""
    assert await call.alarms() == []
    assert len(call.channels.told) == 1


async def test_where_not_even_the_alarm_can_be_written_the_next_look_is_made(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call.ask("a")
    paging = await call.paging()

    async def away(*_: object) -> Any:
        raise LedgerError("ledger: locked")

    async def overtaken(*_: object) -> Any:
        raise Conflict("a page was changed meanwhile")

    with monkeypatch.context() as patched:
        patched.setattr(call.ledger, "raise_alarm", away)
        patched.setattr(call.ledger.pages, "standing", away)
        await paging.try_to_look()
        assert paging.complained == "ledger: locked"
        patched.setattr(call.ledger.pages, "standing", overtaken)
        await paging.try_to_look()
    assert paging.complained == ""

    await call.live(WAIT)

    assert await call.alarms() == []
    assert len(call.channels.told) == 1


async def test_pages_that_another_replica_changed_are_read_again(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call.ask("a", incident="1")
    await call.ask("b", incident="2")
    original, failures = call.pages.save, [Conflict("one"), Conflict("two")]

    async def conflicting(*given: Any, **named: Any) -> None:
        if failures:
            raise failures.pop()
        await original(*given, **named)

    monkeypatch.setattr(call.ledger.pages, "save", conflicting)
    for _ in range(3):
        await call.look()
        call.clock.advance(2 * SECOND)

    await call.live(5 * MINUTE)

    assert len(call.occasions("teams")) == 2
    assert call.channels.twice() == []


async def test_of_two_replicas_one_pages_and_the_other_takes_over(call: OnCall) -> None:
    other = OnCall(call.bench, call.ledger)
    other.world = replace(call.world, replica="other", channels=other.channels)
    await call.ask("a")
    for _ in range(4):
        await call.look()
        await other.look()
        call.clock.advance(30 * SECOND)
    assert (len(call.channels.told), len(other.channels.told)) == (1, 0)

    call.clock.advance(20 * MINUTE)
    await other.look()

    assert [one.channel for one in other.channels.told] == ["pager"]
    await call.look()
    assert len(call.channels.told) == 1


async def test_a_replica_that_is_stopped_lets_the_other_take_over_at_once(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    paging = await call.paging()
    await paging.look()

    await paging.let_go()

    other = replace(call.world, replica="other")
    assert await paging.lease.keep(other)

    async def away(*_: object) -> None:
        raise LedgerError("ledger: locked")

    monkeypatch.setattr(call.ledger, "let_go", away)
    await paging.let_go()


@pytest.mark.parametrize("at", range(0, 130, 20))
async def test_a_restart_anywhere_in_a_wait_loses_nothing_and_tells_nothing_twice(
    call: OnCall, at: int
) -> None:
    await call.ask("a")
    await call.live(at * MINUTE)
    call.restart()

    await call.live(timedelta(hours=3) - at * MINUTE)

    assert [call.occasions(name) for name in ("teams", "pager", "lead", "mail")] == [[PAGE]] * 4
    assert call.channels.twice() == []


# The process


async def test_it_pages_beside_the_passes_while_graph_is_away_and_while_a_hold_stands(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.loop.paging.REST", 0.0)
    monkeypatch.setattr("agent.loop.posting.REST", 0.0)
    await call.ask("a", state=State.UNVERIFIED)
    await call.ledger.hold(Hold(name="hold", since=call.clock.now(), by="anna", reason="odd verdicts"))
    call.bench.defender.down = True
    stop, passes = asyncio.Event(), []

    def stop_once_told(report: PassReport) -> None:
        passes.append(report)
        if call.channels.told or len(passes) > 100:
            stop.set()

    await loop.run(call.world, stop=stop, on_pass=stop_once_told)

    assert call.occasions("teams")[0] is PAGE
    assert await call.ledger.lease("escalation", "other", call.clock.now(), call.clock.now() + HOUR)


async def test_one_pass_pages_too_though_graph_is_away(call: OnCall) -> None:
    await call.ask("a", state=State.UNVERIFIED)
    call.bench.defender.down = True
    with pytest.raises(Unavailable):
        await loop.once(call.world)
    call.clock.advance(WAIT)

    with pytest.raises(Unavailable):
        await loop.once(call.world)

    assert call.occasions("teams") == [PAGE]


# Storms


async def test_two_thousand_escalations_in_ten_minutes_page_within_the_limit_and_none_is_lost(
    call: OnCall,
) -> None:
    limit, began = 10, call.clock.now()
    for minute in range(10):
        records = [
            call.a_record(f"{minute}-{number}", incident=f"{minute}-{number}") for number in range(200)
        ]
        await call.ledger.save(records, now=call.clock.now())
        await call.look()
        call.clock.advance(MINUTE)
    await call.live(2 * HOUR, most=20 * MINUTE)

    loud = await call.pages.loud_since(began)
    moments = sorted(loud.values())
    assert len(moments) >= 2 * limit
    assert all(later - first >= HOUR for first, later in zip(moments, moments[limit:], strict=False))
    pages = [page for page in await call.pages.open() if page.group != "storm"]
    assert len(pages) == 2_000
    assert sum(page.is_stormy or bool(page.told) for page in pages) == 2_000
    summaries = [one for one in call.channels.told if one.occasion is Occasion.SUMMARY]
    assert sorted({one.total for one in summaries}) == [190, 1_980, 1_990]
    assert len({one.event for one in summaries}) == 3
    assert call.channels.twice() == []


async def test_a_storm_is_over_once_nothing_is_held_back(call: OnCall) -> None:
    call.with_rules(pages_per_hour=1)
    records = [(await call.ask(str(number), incident=str(number)))[0] for number in range(3)]
    await call.live(2 * MINUTE)
    assert "storm" in [page.group for page in await call.pages.open()]
    for record in records:
        await call.change(record, state=State.SUPERSEDED)
    await call.look()
    call.restart()

    await call.live(2 * HOUR)

    assert await call.pages.open() == ()
    assert len([one for one in call.channels.told if one.occasion is Occasion.SUMMARY]) == 1


# The audit


async def test_what_people_were_told_stands_in_an_audit_that_verifies(call: OnCall) -> None:
    call.channels.errors["pager"] = Refused("401")
    await call.ask("a")
    await call.live(3 * HOUR)

    links = await call.ledger.trail.unshipped("agent", 10_000)

    notices = [link for link in links if link.event == Event.NOTICE]
    posted = [one for page in await call.pages.open() for one in await call.pages.posted(page.id)]
    assert len(notices) == sum(one.delivery in {Delivery.SENT, Delivery.GIVEN_UP} for one in posted)


async def test_what_a_person_has_to_decide_in_defender_lapses_on_the_page_alone(call: OnCall) -> None:
    (record,) = await call.ask("a", state=State.HANDED_OFF)

    await call.live(timedelta(days=6) + MINUTE, most=timedelta(hours=6))

    assert (await call.ledger.listed())[0].lapse is None
    assert (await call.only_page()).has_lapsed
    assert lapsed(record, a_chain(), call.clock.now()) is None


async def test_on_other_grounds_it_may_lapse_again(call: OnCall) -> None:
    now, record = call.clock.now(), call.a_record("a")
    once = lapsed(record, a_chain(), now)
    assert once is not None
    assert lapsed(once, a_chain(), now) is None
    assert once.decision is not None

    other = replace_struct(once, decision=replace_struct(once.decision, grounds="other"))

    assert lapsed(other, a_chain(), now) is not None


async def test_a_ledger_that_fails_within_a_page_ends_the_look(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call.ask("a")
    await call.look()
    call.clock.advance(WAIT)

    async def away(*_: object, **__: object) -> None:
        raise LedgerError("ledger: locked")

    paging = await call.paging()
    with monkeypatch.context() as patched:
        patched.setattr(call.ledger.pages, "save", away)
        with pytest.raises(LedgerError):
            await paging.look()
    await call.live(MINUTE)

    assert len(call.channels.told) == 1


@pytest.mark.parametrize("occasion", [Occasion.SUMMARY, Occasion.ALARM])
async def test_a_summary_or_an_alarm_that_could_not_be_written_comes_at_the_next_look(
    call: OnCall, monkeypatch: pytest.MonkeyPatch, occasion: Occasion
) -> None:
    call.with_rules(pages_per_hour=1)
    for number in range(3):
        await call.ask(str(number), incident=str(number))
    await raise_alarm(call)
    original, failures = call.pages.save, [Conflict("another replica")]

    async def conflicting(pages: Any, posted: Any = (), **named: Any) -> None:
        if failures and any(one.notice.occasion is occasion for one in posted):
            raise failures.pop()
        await original(pages, posted, **named)

    monkeypatch.setattr(call.ledger.pages, "save", conflicting)

    await call.live(3 * MINUTE, most=MINUTE)

    assert failures == []
    assert call.occasions("teams").count(occasion) == 1


# While observing


async def test_where_it_is_asked_for_chains_climb_while_observing_and_say_that_nothing_is_carried_out(
    call: OnCall,
) -> None:
    await call.ask("a")
    call.world = replace(call.world, enactor=None)

    await call.live(20 * MINUTE)

    first, second = call.channels.told
    assert [one.channel for one in (first, second)] == ["teams", "pager"]
    assert first.title.startswith("Only observing: Incident 1: ")
    assert first.words.startswith("The agent only observes: it carries nothing out, whatever is answered.")


async def test_who_enforces_says_nothing_of_observing(call: OnCall) -> None:
    await call.ask("a")

    await call.live(WAIT)

    (notice,) = call.channels.told
    assert "bserv" not in f"{notice.title} {notice.words}"


class _Shelf(FakeShelf):
    def __init__(self, written: Mapping[str, bytes]) -> None:
        super().__init__()
        self._written = written

    def files(self) -> Mapping[str, bytes]:
        return self._written


async def test_policies_do_not_load_with_a_channel_that_names_what_it_may_not(call: OnCall) -> None:
    def outside(channel: Channel) -> tuple[Outside, ...]:
        return (Outside(part=Part.PATH, words=f"`{channel.path}` lies outside"),) if channel.path else ()

    written = {
        **call.world.shelf.files(),
        "policies/channels/odd.yaml": b"channel: odd\ndescription: One.\nowner: a@b.example\nkind: file\npath: ../HOLD\n",
    }
    world = replace(call.world, shelf=_Shelf(written), outside=outside)

    with pytest.raises(PolicyError) as told:
        await load(world)

    (problem,) = told.value.problems
    assert str(problem).startswith("policies/channels/odd.yaml:5:7: `../HOLD` lies outside")
