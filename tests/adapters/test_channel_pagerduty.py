"""PagerDuty, against one that works: who is woken, what is resolved, and whose acknowledgement is heard."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import msgspec
import pytest

from agent.model.chain import Urgency
from agent.model.channel import Channel, ChannelKind
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.escalation import Notice, Occasion, Posted, Receipt
from agent.ports.escalation import Channels
from tests.adapters.hostile import item, notice
from tests.adapters.pagerduty import Entry, Incident, MockPagerDuty, check_event
from tests.adapters.wires import (
    API_TOKEN,
    ENVIRON,
    ROUTING_KEY,
    Vendor,
    answering,
    channel,
    channels,
    later,
    posted,
)
from tests.clock import ManualClock

HERE = channel(ChannelKind.PAGER_DUTY)
PAGE = notice()


@dataclass
class Scene:
    clock: ManualClock
    pager: MockPagerDuty
    channels: Channels

    def told(self, *notices: Notice) -> list[Posted]:
        return [posted(each, Receipt(ref=each.key)) for each in notices]

    async def send(self, notice: Notice, *earlier: Notice, to: Channel = HERE) -> Receipt:
        return await self.channels.send(to, notice, self.told(*earlier))


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = ManualClock()
    pager = MockPagerDuty(clock, routing_key=ROUTING_KEY, token=API_TOKEN)
    async with channels(pager.transport, clock=clock) as opened:
        yield Scene(clock, pager, opened)


async def test_a_page_opens_an_alert_under_the_key_of_the_notice(scene: Scene) -> None:
    receipt = await scene.send(PAGE)

    assert scene.pager.woken == ["page-1:1"]
    assert receipt.ref == "page-1:1"
    assert receipt.words == "taken by PagerDuty: that is not yet that anybody was paged"


async def test_the_same_page_sent_twice_wakes_once(scene: Scene) -> None:
    await scene.send(PAGE)

    await scene.send(PAGE)

    assert scene.pager.woken == ["page-1:1"]


async def test_a_new_generation_wakes_although_the_old_one_was_acknowledged_and_resolves_it(
    scene: Scene,
) -> None:
    await scene.send(PAGE)
    scene.pager.acknowledge("page-1:1", "Lee")

    await scene.send(later(PAGE, key="page-1:2", occasion=Occasion.WORSE), PAGE)

    assert scene.pager.woken == ["page-1:1", "page-1:2"]
    assert [event["event_action"] for event in scene.pager.events] == ["trigger", "trigger", "resolve"]
    assert scene.pager.of("page-1:1").status == "resolved"
    assert scene.pager.of("page-1:2").status == "triggered"


async def test_a_page_under_a_key_that_is_open_says_that_it_wakes_nobody(scene: Scene) -> None:
    await scene.send(PAGE)

    receipt = await scene.send(later(PAGE, step=2), PAGE)

    assert scene.pager.woken == ["page-1:1"]
    assert "it wakes nobody" in receipt.words


async def test_an_update_of_an_open_alert_is_a_line_in_its_log(scene: Scene) -> None:
    await scene.send(PAGE)

    receipt = await scene.send(later(PAGE, occasion=Occasion.UPDATE), PAGE)

    assert scene.pager.woken == ["page-1:1"]
    assert len(scene.pager.of("page-1:1").log) == 2
    assert receipt.words == "added to the log of the open alert: it wakes nobody"


async def test_an_update_after_somebody_resolved_the_alert_wakes_nobody(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.pager.resolve("page-1:1", "Lee")

    receipt = await scene.send(later(PAGE, occasion=Occasion.UPDATE), PAGE)

    assert scene.pager.woken == ["page-1:1"]
    assert receipt.words.startswith("not sent: the alert is not open")


async def test_an_update_without_a_token_to_read_with_is_not_sent_and_says_so(scene: Scene) -> None:
    blind = channel(ChannelKind.PAGER_DUTY, api_token=None)
    await scene.send(PAGE, to=blind)

    receipt = await scene.send(later(PAGE, occasion=Occasion.UPDATE), PAGE, to=blind)

    assert len(scene.pager.events) == 1
    assert receipt.words.startswith("not sent: without `apiToken`")


async def test_the_end_resolves_every_key_that_was_opened(scene: Scene) -> None:
    second, update = later(PAGE, key="page-1:2"), later(PAGE, key="page-1:9", occasion=Occasion.UPDATE)
    await scene.send(PAGE)
    await scene.send(second)

    receipt = await scene.send(later(PAGE, key="page-1:2", occasion=Occasion.RESOLVED), PAGE, second, update)

    assert [event["dedup_key"] for event in scene.pager.events[2:]] == ["page-1:1", "page-1:2"]
    assert {each.status for each in scene.pager.incidents} == {"resolved"}
    assert receipt.words == "resolved in PagerDuty, if it was still open there"


async def test_the_end_of_what_was_never_opened_is_harmless(scene: Scene) -> None:
    await scene.send(later(PAGE, occasion=Occasion.RESOLVED))

    assert scene.pager.incidents == []


async def test_a_page_was_taken_although_the_older_alert_cannot_be_resolved() -> None:
    vendor = Vendor(answering(httpx.Response(202, json={"status": "success"}), httpx.Response(503)))
    async with channels(vendor) as opened:
        receipt = await opened.send(HERE, later(PAGE, key="page-1:2"), [posted(PAGE)])

    assert receipt.ref == "page-1:2"
    assert "older alerts of the page stay open for now: channel `here`: 503" in receipt.words


@pytest.mark.parametrize(
    ("occasion", "urgency", "severity"),
    [
        (Occasion.PAGE, Urgency.LOW, "info"),
        (Occasion.PAGE, Urgency.NORMAL, "warning"),
        (Occasion.PAGE, Urgency.HIGH, "critical"),
        (Occasion.LAST_CHANCE, Urgency.LOW, "critical"),
    ],
)
async def test_urgency_becomes_severity(
    scene: Scene, occasion: Occasion, urgency: Urgency, severity: str
) -> None:
    await scene.send(later(PAGE, occasion=occasion, urgency=urgency))

    assert scene.pager.events[0]["payload"]["severity"] == severity


async def test_a_test_says_that_it_has_to_be_resolved_there(scene: Scene) -> None:
    receipt = await scene.send(later(PAGE, occasion=Occasion.TEST, page_id="", total=0, items=()))

    assert receipt.words.endswith("resolve it there once it was seen")
    assert scene.pager.events[0]["payload"]["class"] == "test"


@pytest.mark.parametrize("length", [255, 256, 5_000])
async def test_a_long_key_is_kept_to_what_it_may_be_and_stays_the_same(scene: Scene, length: int) -> None:
    long = later(PAGE, key="k" * length)
    await scene.send(long)
    (event,) = scene.pager.events
    scene.pager.acknowledge(event["dedup_key"], "Lee")

    heard = await scene.channels.heard(HERE, scene.told(long))

    assert len(event["dedup_key"]) <= 255
    assert [each.key for each in heard] == [long.key]


@pytest.mark.parametrize("shows_keys", [False, True])
async def test_whoever_acknowledged_is_heard_by_name_and_moment(scene: Scene, shows_keys: bool) -> None:
    scene.pager.shows_keys = shows_keys
    await scene.send(PAGE)
    scene.clock.advance(timedelta(minutes=3))
    scene.pager.acknowledge("page-1:1", "Earline Greenholt")

    (heard,) = await scene.channels.heard(HERE, scene.told(PAGE))

    assert heard.key == "page-1:1"
    assert heard.by == "Earline Greenholt"
    assert heard.at == scene.clock.now()
    assert heard.is_acknowledged


async def test_the_last_of_several_who_acknowledged_is_heard(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.pager.acknowledge("page-1:1", "First")
    scene.clock.advance(timedelta(minutes=1))
    scene.pager.acknowledge("page-1:1", "Second")

    (heard,) = await scene.channels.heard(HERE, scene.told(PAGE))

    assert heard.by == "Second"


async def test_an_acknowledgement_that_only_the_log_tells_of_is_heard(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.pager.acknowledge("page-1:1", "Lee")
    scene.pager.of("page-1:1").acknowledgements.clear()

    (heard,) = await scene.channels.heard(HERE, scene.told(PAGE))

    assert (heard.by, heard.at) == ("Lee", scene.clock.now())


async def test_an_acknowledgement_that_nothing_tells_of_is_somebodys(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.pager.acknowledge("page-1:1", "Lee")
    incident = scene.pager.of("page-1:1")
    incident.acknowledgements.clear()
    incident.log.clear()

    (heard,) = await scene.channels.heard(HERE, scene.told(PAGE))

    assert heard.by == "somebody"


async def test_nothing_is_heard_of_a_page_that_nobody_acknowledged(scene: Scene) -> None:
    await scene.send(PAGE)
    await scene.send(later(PAGE, key="page-1:1"), PAGE)

    assert await scene.channels.heard(HERE, scene.told(PAGE)) == ()


async def test_an_acknowledgement_that_ran_out_is_taken_back(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.clock.advance(timedelta(minutes=1))
    scene.pager.acknowledge("page-1:1", "Lee")
    scene.clock.advance(timedelta(minutes=30))
    scene.pager.unacknowledge("page-1:1")

    (heard,) = await scene.channels.heard(HERE, scene.told(PAGE))

    assert not heard.is_acknowledged
    assert heard.at == scene.clock.now()


async def test_an_acknowledgement_ends_where_the_incident_was_given_to_somebody_else(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.clock.advance(timedelta(minutes=1))
    scene.pager.acknowledge("page-1:1", "Lee")
    scene.clock.advance(timedelta(minutes=1))
    scene.pager.reassign("page-1:1", "Lee")

    (heard,) = await scene.channels.heard(HERE, scene.told(PAGE))

    assert not heard.is_acknowledged
    assert heard.at == scene.clock.now()


async def test_acknowledged_taken_back_and_acknowledged_again_is_acknowledged(scene: Scene) -> None:
    await scene.send(PAGE)
    for by in ("First", "Second"):
        scene.clock.advance(timedelta(minutes=1))
        scene.pager.acknowledge("page-1:1", by)
        if by == "First":
            scene.pager.unacknowledge("page-1:1")

    (heard,) = await scene.channels.heard(HERE, scene.told(PAGE))

    assert heard.is_acknowledged
    assert heard.by == "Second"


async def test_whoever_resolves_in_pagerduty_is_not_heard(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.pager.acknowledge("page-1:1", "Lee")
    scene.pager.resolve("page-1:1", "Lee")

    assert await scene.channels.heard(HERE, scene.told(PAGE)) == ()


async def test_each_generation_is_heard_by_its_own_key(scene: Scene) -> None:
    second = later(PAGE, key="page-1:2")
    await scene.send(PAGE)
    await scene.send(second)
    scene.pager.acknowledge("page-1:2", "Lee")

    heard = await scene.channels.heard(HERE, scene.told(PAGE, second))

    assert [each.key for each in heard] == ["page-1:2"]


@pytest.mark.parametrize("shows_keys", [False, True])
async def test_somebody_elses_incident_is_never_ours(scene: Scene, shows_keys: bool) -> None:
    """A server that passes over `incident_key` gives every incident there is."""
    scene.pager.filters = False
    scene.pager.shows_keys = shows_keys
    await scene.send(later(PAGE, key="of-others"))
    scene.pager.acknowledge("of-others", "Lee")

    assert await scene.channels.heard(HERE, scene.told(PAGE)) == ()


async def test_whose_alert_an_incident_has_is_asked_once(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.pager.acknowledge("page-1:1", "Lee")

    for _ in range(3):
        await scene.channels.heard(HERE, scene.told(PAGE))

    assert scene.pager.calls.count("alerts") == 1
    assert scene.pager.calls.count("incidents") == 3


async def test_a_long_log_is_read_page_by_page(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.clock.advance(timedelta(minutes=1))
    scene.pager.acknowledge("page-1:1", "Lee")
    scene.pager.unacknowledge("page-1:1")
    incident = scene.pager.of("page-1:1")
    incident.log[:0] = [Entry("trigger_log_entry", scene.clock.now(), "Events API")] * 150

    (heard,) = await scene.channels.heard(HERE, scene.told(PAGE))

    assert not heard.is_acknowledged
    assert scene.pager.calls.count("log_entries") == 2


async def test_only_a_channel_with_a_token_hears(scene: Scene) -> None:
    blind = channel(ChannelKind.PAGER_DUTY, api_token=None)

    assert scene.channels.hears(HERE)
    assert not scene.channels.hears(blind)
    assert not scene.channels.hears(channel(ChannelKind.SLACK))
    assert await scene.channels.heard(blind, scene.told(PAGE)) == ()


async def test_a_wrong_token_is_refused_without_being_repeated(scene: Scene) -> None:
    async with channels(scene.pager.transport, environ=ENVIRON | {"API_TOKEN": "wrong-token"}) as opened:
        with pytest.raises(Refused, match=r"401 \(You cannot be authenticated") as refused:
            await opened.heard(HERE, [posted(PAGE)])

    assert "wrong-token" not in str(refused.value)


async def test_a_wrong_routing_key_is_refused_in_pagerdutys_words(scene: Scene) -> None:
    async with channels(scene.pager.transport, environ=ENVIRON | {"ROUTING_KEY": "f" * 32}) as opened:
        with pytest.raises(Refused, match=r"400 .*Invalid routing key") as refused:
            await opened.send(HERE, PAGE, ())

    assert "f" * 32 not in str(refused.value)


async def test_a_hundred_and_fifty_events_are_spread_so_that_none_is_turned_away(scene: Scene) -> None:
    turned_away = 0
    for number in range(150):
        try:
            await scene.send(later(PAGE, key=f"page-{number}:1"))
        except Unavailable as away:
            turned_away += 1
            scene.clock.advance((away.until or scene.clock.now()) - scene.clock.now())
            await scene.send(later(PAGE, key=f"page-{number}:1"))

    assert turned_away == 1
    assert scene.pager.throttled == 0
    assert len(scene.pager.woken) == 150


async def test_a_throttle_that_others_used_up_is_waited_out(scene: Scene) -> None:
    scene.pager.per_minute = 0

    with pytest.raises(Unavailable, match=r"429 .*Requests too fast") as away:
        await scene.send(PAGE)

    assert away.value.until == scene.clock.now() + timedelta(seconds=30)
    assert scene.pager.throttled == 1


async def test_an_answer_that_names_another_alert_is_malformed() -> None:
    vendor = Vendor(answering(httpx.Response(202, json={"status": "success", "dedup_key": "other"})))
    async with channels(vendor) as opened:
        with pytest.raises(Malformed, match=r"names another alert"):
            await opened.send(HERE, PAGE, ())


async def test_202_without_success_is_malformed() -> None:
    vendor = Vendor(answering(httpx.Response(202, json={"status": "nope", "message": "no"})))
    async with channels(vendor) as opened:
        with pytest.raises(Malformed, match=r"202 without success \(no\)"):
            await opened.send(HERE, PAGE, ())


def test_a_wrong_severity_a_long_key_and_a_foreign_field_are_not_let_pass() -> None:
    """The judge of the other tests judges."""
    good = {
        "routing_key": ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": "k",
        "payload": {"summary": "s", "source": "s", "severity": "info"},
    }
    check_event(good, 100)

    for wrong in (
        good | {"dedup_key": "k" * 256},
        good | {"extra": 1},
        good | {"payload": {"summary": "s", "source": "s", "severity": "high"}},
        good | {"payload": {"summary": "s" * 1_025, "source": "s", "severity": "info"}},
        {key: value for key, value in good.items() if key != "payload"},
    ):
        with pytest.raises(AssertionError):
            check_event(wrong, 100)
    with pytest.raises(AssertionError):
        check_event(good, 512 * 1024 + 1)


async def test_twenty_of_ten_thousand_actions_fit_and_the_rest_is_told(scene: Scene) -> None:
    huge = notice("x" * 5_000, items=20, total=10_000)
    huge = msgspec.structs.replace(huge, items=tuple(item("\u202e" * 5_000, number=n) for n in range(20)))

    await scene.send(huge)

    (event,) = scene.pager.events
    details = event["payload"]["custom_details"]
    assert details["not shown"].startswith("and 9,980 more actions not shown here")
    assert sum(1 for key in details if key[:2].isdigit()) == 20
    assert len(event["payload"]["summary"]) <= 1024


async def test_an_incident_without_a_usable_id_is_malformed() -> None:
    at = "2026-09-01T12:00:00Z"
    incident = {"id": "", "status": "acknowledged", "created_at": at, "incident_key": None}
    async with channels(Vendor(answering(httpx.Response(200, json={"incidents": [incident]})))) as opened:
        with pytest.raises(Malformed, match="no usable id"):
            await opened.heard(HERE, [posted(PAGE)])


async def test_only_so_many_incidents_are_remembered(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.adapters.channels.acknowledgements.MOST_REMEMBERED", 1)
    second = later(PAGE, key="page-1:2")
    await scene.send(PAGE)
    await scene.send(second)
    for key in ("page-1:1", "page-1:2"):
        scene.pager.acknowledge(key, "Lee")

    heard = await scene.channels.heard(HERE, scene.told(PAGE, second))

    assert [each.key for each in heard] == ["page-1:1", "page-1:2"]
    assert scene.pager.calls.count("alerts") == 2


async def test_an_alert_that_was_triggered_again_and_never_acknowledged_is_not_heard(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.clock.advance(timedelta(minutes=1))
    scene.pager.reassign("page-1:1", "Lee")

    assert await scene.channels.heard(HERE, scene.told(PAGE)) == ()


async def test_a_log_without_end_is_read_for_three_pages(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.clock.advance(timedelta(minutes=1))
    scene.pager.reassign("page-1:1", "Lee")
    incident = scene.pager.of("page-1:1")
    incident.log[:0] = [Entry("trigger_log_entry", scene.clock.now(), "Events API")] * 500

    assert await scene.channels.heard(HERE, scene.told(PAGE)) == ()
    assert scene.pager.calls.count("log_entries") == 3


async def test_of_more_keys_than_may_be_asked_for_at_once_each_has_its_turn(scene: Scene) -> None:
    many = [later(PAGE, key=f"page-{number}:1") for number in range(700)]
    scene.pager.incidents = [
        Incident(f"Q{number:05}", each.key, scene.clock.now(), updated=scene.clock.now())
        for number, each in enumerate(many)
    ]
    scene.pager.shows_keys = True
    for each in many:
        scene.pager.acknowledge(each.key, "Lee")
    heard: list[set[str]] = []

    for _ in range(3):
        heard.append({each.key for each in await scene.channels.heard(HERE, scene.told(*many))})
        scene.clock.advance(timedelta(minutes=1))

    assert all(0 < len(keys) < 700 for keys in heard)
    assert len(set.union(*heard)) == 700


async def test_a_pager_that_is_away_is_told_and_not_taken_for_silence(scene: Scene) -> None:
    async with channels(Vendor(answering(httpx.Response(503)))) as opened:
        with pytest.raises(Unavailable, match="503"):
            await opened.heard(HERE, [posted(PAGE)])
