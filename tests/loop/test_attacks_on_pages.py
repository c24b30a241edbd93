"""Ways in which people on call could hear nothing, too late, or what is not so, each tried for real."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.judge.escalation import gathered, items
from agent.judge.escalation.climb import Climbed
from agent.loop import climbing, informing, records
from agent.loop.outbox import Outbox
from agent.model.alarm import Alarm
from agent.model.chain import Chain, Fallback
from agent.model.enactment import Record, State
from agent.model.errors import Conflict, Unavailable
from agent.model.escalation import Item, Notice, Occasion, Page
from agent.model.hold import KILL_SWITCH, Hold
from tests.loop.conftest import APPROVE, Bench
from tests.loop.on_call import CHAIN, HOUR, MINUTE, OnCall, files
from tests.loop.questions import a_question, reply
from tests.makers import NOW

PAGE, RESOLVED = Occasion.PAGE, Occasion.RESOLVED


@pytest.fixture
def call(bench: Bench) -> OnCall:
    assert isinstance(bench.world.ledger, SqlLedger)
    return OnCall(bench, bench.world.ledger)


async def asked(bench: Bench) -> OnCall:
    """Let people be asked about what the usual policy leaves to them, and be told of it."""
    a_question(bench)
    await bench.run_pass()
    assert isinstance(bench.world.ledger, SqlLedger)
    call = OnCall(bench, bench.world.ledger)
    call.world = replace(bench.world, pages=call.pages, channels=call.channels)
    await call.live(2 * MINUTE)
    assert call.occasions("console") == [PAGE]
    return call


async def test_a_look_while_it_is_judged_anew_ends_no_page_and_wakes_nobody_again(call: OnCall) -> None:
    (record,) = await call.ask("a")
    await call.live(20 * MINUTE)
    await call.change(record, state=State.SEEN, due=call.clock.now())
    await call.look()

    await call.change(record, state=State.ESCALATED)
    await call.live(5 * MINUTE)

    assert (call.occasions("teams"), call.occasions("pager")) == ([PAGE], [PAGE])


async def test_a_last_chance_that_comes_while_it_is_judged_anew_is_not_lost(call: OnCall) -> None:
    call.with_files(**files(CHAIN.replace("decide: escalate", "decide: handOff")))
    (record,) = await call.ask("a")
    await call.live(2 * MINUTE)
    await call.change(record, state=State.SEEN, due=call.clock.now())
    call.clock.advance(record.action.deadline - 24 * HOUR - call.clock.now())

    await call.look()

    (found,) = await call.bench.records()
    assert found.lapse is not None
    assert found.lapse.decide == Fallback.HAND_OFF


async def test_a_word_that_does_not_say_how_it_stands_ends_no_page(call: OnCall) -> None:
    (record,) = await call.ask("a")
    await call.live(2 * MINUTE)
    unclear = tuple(
        msgspec.structs.replace(one, remediation_status="unknownFutureValue")
        for one in record.action.sightings
    )
    await call.change(record, action=msgspec.structs.replace(record.action, sightings=unclear))

    await call.live(20 * MINUTE)

    assert (call.occasions("teams"), call.occasions("pager")) == ([PAGE], [PAGE])


async def test_the_end_names_who_approved_it_and_not_the_policy_that_asked(bench: Bench) -> None:
    call = await asked(bench)
    await reply(bench)
    await call.live(MINUTE)
    between = call.occasions("console")

    await bench.run_pass()
    await call.live(MINUTE)

    assert between == [PAGE]
    assert call.occasions("console") == [PAGE, RESOLVED]
    assert "1 action: Eve approved it" in call.channels.on("console")[-1].words


async def test_an_answer_that_cannot_be_carried_out_leaves_the_page_open(bench: Bench) -> None:
    call = await asked(bench)
    await reply(bench)
    bench.directory.error = Unavailable("graph: 503")
    await bench.run_pass()

    await call.live(3 * HOUR)

    assert await bench.states() == [State.ANSWERED]
    assert RESOLVED not in call.occasions("console")
    assert len(await call.pages.open()) == 1


async def test_an_approval_that_a_hold_keeps_asks_nobody_anew(bench: Bench) -> None:
    call = await asked(bench)
    await bench.world.ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="drill"))
    await reply(bench)
    await call.live(MINUTE)
    await bench.run_pass()

    await call.live(20 * MINUTE)

    assert await bench.states() == [State.HELD]
    assert call.occasions("console") == [PAGE, RESOLVED]
    (ended,) = (one for one in call.channels.on("console") if one.occasion is RESOLVED)
    assert "approved it; it is held by hold until that ends" in ended.words


async def test_a_clock_that_was_ahead_for_two_days_keeps_nobody_from_hearing(call: OnCall) -> None:
    call.with_rules(pages_per_hour=2)
    await call.ask("old", incident="old")
    await call.live(2 * MINUTE)
    call.clock.advance(48 * HOUR)
    for number in range(3):
        await call.ask(f"ahead-{number}", incident=f"ahead-{number}")
    await call.live(3 * MINUTE)
    call.clock.advance(-48 * HOUR)
    before = len(call.channels.told)

    await call.ask("b", incident="b")
    for _ in range(30):
        await call.look()
        call.clock.advance(5 * MINUTE)

    told = call.channels.told[before:]
    pages = {one.title.partition(":")[0] for one in told if one.is_page}
    assert {"Incident b", "Incident old"} <= pages
    assert any(one.occasion is Occasion.SUMMARY for one in told)


async def test_an_alarm_of_a_clock_that_was_ahead_is_told(call: OnCall) -> None:
    call.clock.advance(48 * HOUR)
    await call.ledger.raise_alarm(Alarm(name="audit", since=call.clock.now(), words="the disk is full"))
    call.clock.advance(-48 * HOUR)

    await call.live(MINUTE)

    assert call.occasions("teams") == [Occasion.ALARM]


async def test_an_action_that_cannot_be_worked_out_keeps_no_other_from_being_told(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def item_of(record: Record, now: datetime) -> Item | None:
        if record.action.key == "bad":
            raise ValueError("a bug")
        return items.item_of(record, now)

    monkeypatch.setattr(records, "item_of", item_of)
    (bad,) = await call.ask("bad", incident="bad")
    await call.ask("good", incident="good")

    await call.live(5 * MINUTE)
    alarms = await call.ledger.alarms()
    await call.change(bad, state=State.SUPERSEDED)
    await call.live(MINUTE)

    assert [one.title.partition(":")[0] for one in call.channels.told if one.occasion is PAGE] == [
        "Incident good"
    ]
    assert [(one.name, one.words.partition(",")[0]) for one in alarms] == [
        ("paging", "0 pages and 1 action cannot be worked out")
    ]
    assert await call.alarms() == []


async def test_what_policies_inform_of_keeps_nobody_from_being_heard(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inform(chain: Chain, record: Record, now: datetime, **more: Any) -> tuple[Notice, ...]:
        if record.action.key == "bad":
            raise ValueError("a bug")
        return gathered.inform(chain, record, now, **more)

    monkeypatch.setattr(informing, "inform", inform)
    call.with_files(**files(CHAIN, approve=f"{APPROVE}inform: secops\n"))
    call.channels.hearing = {"teams"}
    both = [call.a_record(key, incident=key, inform=("secops",)) for key in ("bad", "good")]
    await call.ledger.save(both, now=call.clock.now())

    await call.live(3 * HOUR)

    assert call.channels.polled["teams"] > 1
    informed = [one for one in call.channels.told if one.occasion is Occasion.INFORM]
    assert ["good" in one.title for one in informed] == [True]


async def test_an_alarm_that_another_replica_has_told_keeps_no_other_from_being_told(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Outbox.put

    async def taken(outbox: Outbox, page: Page, notices: Sequence[Notice], chain: Chain) -> None:
        if page.group == "alarm:audit":
            raise Conflict("a new page is in the ledger already: read it again")
        await put(outbox, page, notices, chain)

    monkeypatch.setattr(Outbox, "put", taken)
    for name in ("audit", "graph"):
        await call.ledger.raise_alarm(Alarm(name=name, since=call.clock.now(), words="it stands"))

    await call.live(5 * MINUTE)

    assert [one.title for one in call.channels.on("teams")] == ["The agent needs somebody: alarm graph"]


async def test_the_alarm_of_a_page_that_cannot_be_worked_out_ends_with_what_was_to_be_on_it(
    call: OnCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def climb(chain: Chain, page: Page, *_: object, **__: object) -> Climbed:
        raise ValueError("a bug")

    monkeypatch.setattr(climbing, "climb", climb)
    (record,) = await call.ask("a")
    await call.look()
    before = await call.alarms()

    await call.change(record, state=State.SUPERSEDED)
    await call.look()

    assert before == ["paging"]
    assert await call.alarms() == []
