"""Teams: a card that it shows, within the size that it takes, to nothing but a workflow."""

import json
from datetime import timedelta

import httpx
import msgspec
import pytest

from agent.adapters.channels.teams import card
from agent.model.channel import ChannelKind, SecretPlace
from agent.model.errors import Refused, Unavailable
from agent.model.escalation import Occasion
from tests.adapters.cards import card_of, check_card, elements
from tests.adapters.hostile import item, notice
from tests.adapters.wires import ENVIRON, TEAMS_URL, Vendor, answering, channel, channels, later
from tests.clock import ManualClock

HERE = channel(ChannelKind.TEAMS)
PAGE = notice()


async def test_a_page_is_a_card_with_the_link() -> None:
    vendor = Vendor(answering(httpx.Response(202)))

    async with channels(vendor) as opened:
        receipt = await opened.send(HERE, PAGE, ())

    (request,) = vendor.requests
    shown = card_of(request.content)
    assert str(request.url) == TEAMS_URL.replace(":443", "")
    assert shown["actions"][0]["title"] == "Open"
    assert shown["actions"][0]["url"] == PAGE.link
    assert "People are needed: 3 actions" in json.dumps(shown)
    assert receipt.words == "taken by the workflow: that is not yet that Teams has posted the card"


@pytest.mark.parametrize(
    "text", ["", "x" * 5_000, "<" * 5_000, '"' * 5_000, "日" * 5_000, "😀" * 5_000, "\x00" * 5_000]
)
@pytest.mark.parametrize("count", [0, 1, 20])
async def test_a_card_keeps_the_schema_and_the_size_at_every_size(text: str, count: int) -> None:
    vendor = Vendor(answering(httpx.Response(202)))
    huge = notice(text, occasion=Occasion.LAST_CHANCE, items=count, total=10_000 if count == 20 else count)

    async with channels(vendor) as opened:
        await opened.send(HERE, huge, ())

    shown = card_of(vendor.requests[0].content)
    assert ("not shown here" in json.dumps(shown)) == (count == 20)
    assert shown["actions"][0]["url"] == PAGE.link


async def test_all_twenty_items_of_an_ordinary_page_are_shown() -> None:
    vendor = Vendor(answering(httpx.Response(202)))
    many = notice(items=20, total=20)
    long = msgspec.structs.replace(
        many, items=tuple(item(number=n, incident_url="https://x.example/1") for n in range(20))
    )

    async with channels(vendor) as opened:
        await opened.send(HERE, long, ())

    shown = card_of(vendor.requests[0].content)
    assert len([part for part in shown["body"] if part["type"] == "Container"]) == 20
    assert len(vendor.requests[0].content) > 10_000


async def test_links_to_several_incidents_are_buttons_up_to_six() -> None:
    vendor = Vendor(answering(httpx.Response(202)))
    items = tuple(
        item(number=n, incident_url=f"https://security.microsoft.com/incidents/{n}") for n in range(20)
    )

    async with channels(vendor) as opened:
        await opened.send(HERE, msgspec.structs.replace(PAGE, items=items), ())

    shown = card_of(vendor.requests[0].content)
    assert [action["title"] for action in shown["actions"]] == [
        "Open", "Incident 40", "Incident 41", "Incident 42", "Incident 43", "Incident 44"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://contoso.webhook.office.com/webhookb2/x", "connectors of Office 365 are retired"),
        ("https://evil.example/workflows/x?sig=y", "not one of a workflow of Teams"),
        ("https://logic.azure.com.evil.example/x", "not one of a workflow of Teams"),
        ("https://evil-logic.azure.com/x", "not one of a workflow of Teams"),
        ("http://prod-1.westeurope.logic.azure.com/x", "does not begin with `https://`"),
        ("https://169.254.169.254/x", "leads"),
        ("not-a-url", "cannot be read|names no host"),
    ],
)
async def test_nothing_is_posted_to_what_is_no_workflow(url: str, words: str) -> None:
    vendor = Vendor()
    async with channels(vendor, environ=ENVIRON | {"TEAMS_URL": url}) as opened:
        with pytest.raises(Refused, match=words):
            await opened.send(HERE, PAGE, ())

    assert vendor.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://prod-12.westeurope.logic.azure.com:443/workflows/x?sig=y",
        "https://default.x.environment.api.powerplatform.com/x?sig=y",
        "https://teams-relay.intranet.example/x",
    ],
)
async def test_workflows_and_hosts_that_the_setting_names_are_posted_to(url: str) -> None:
    vendor = Vendor()

    async with channels(
        vendor, environ=ENVIRON | {"TEAMS_URL": url}, hosts=["teams-relay.intranet.example"]
    ) as opened:
        await opened.send(HERE, PAGE, ())

    assert len(vendor.requests) == 1


async def test_no_more_than_three_cards_a_second_and_none_past_the_hours_limit() -> None:
    clock, vendor = ManualClock(), Vendor(answering(httpx.Response(202)))
    began, taken = clock.now(), 0

    async with channels(vendor, clock=clock) as opened:
        for _ in range(120):
            try:
                await opened.send(HERE, PAGE, ())
                taken += 1
            except Unavailable as away:
                until = away.until or began
                if until - began > timedelta(minutes=30):
                    break
                clock.advance(until - clock.now())
                await opened.send(HERE, PAGE, ())
                taken += 1

    assert taken == len(vendor.requests) == 95


async def test_each_workflow_has_its_own_rate() -> None:
    clock, vendor = ManualClock(), Vendor(answering(httpx.Response(202)))
    environ = {"A": TEAMS_URL, "B": TEAMS_URL.replace("workflows/1a", "workflows/2b")}
    began = clock.now()

    async with channels(vendor, clock=clock, environ=environ) as opened:
        for name in ("A", "B") * 3:
            here = channel(ChannelKind.TEAMS, secret=SecretPlace(env=name))
            await opened.send(here, PAGE, ())

    assert clock.now() == began


async def test_429_is_tried_again_and_never_final() -> None:
    async with channels(Vendor(answering(httpx.Response(429)))) as opened:
        with pytest.raises(Unavailable, match="429"):
            await opened.send(HERE, PAGE, ())


def test_a_notice_without_link_words_and_items_is_a_card_too() -> None:
    bare = later(PAGE, link=None, words="", items=(), total=0, deadline=None, chain="", amount=0)

    check_card(card(bare, ()))


def test_the_judge_of_cards_refuses_what_teams_would_not_show() -> None:
    good = card(PAGE, PAGE.items)
    check_card(good)

    for wrong in (
        good | {"actions": [{"type": "Action.Http", "title": "x", "url": "https://x.example"}]},
        good | {"actions": [{"type": "Action.OpenUrl", "title": "x"}]},
        good | {"body": [{"type": "Marquee", "text": "x"}]},
        good | {"version": "1.6"},
    ):
        with pytest.raises(AssertionError):
            check_card(wrong)
    assert {part["type"] for part in elements(good)} >= {
        "AdaptiveCard",
        "RichTextBlock",
        "TextRun",
        "Container",
    }
