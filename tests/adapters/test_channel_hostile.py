"""Nothing that an attacker writes becomes a link, a mention, a button, a heading or a line of ours, on any channel."""

import io
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.adapters.channels.console import lines
from agent.adapters.channels.data import data_of
from agent.adapters.channels.layout import HEADLINES, foreign, headline, usable
from agent.adapters.channels.pagerduty import trigger
from agent.adapters.channels.slack import message
from agent.adapters.channels.teams import body
from agent.adapters.channels.webhook import body as webhook_body
from agent.model.channel import ChannelKind
from agent.model.escalation import Occasion
from tests.adapters.cards import card_of, elements
from tests.adapters.hostile import HOSTILE, notice, notices
from tests.adapters.pagerduty import check_event
from tests.adapters.slacks import check_message
from tests.adapters.wires import ROUTING_KEY, Vendor, channel, channels

LINK = "https://security.microsoft.com/incidents/42?tid=00000000-0000-0000-0000-000000000000"
CONSOLE = channel(ChannelKind.CONSOLE)

LINKIFIED = re.compile(
    r"""[a-z][a-z0-9+.-]*:(?=[^\s\]\d:”])           # a scheme, with or without slashes
      | [^\s.\[]\.[^\s.\]]                          # a dot within a word: what may be a host
      | [.\uff0e\u3002\uff61](?<=[^\s\[].)(?=[a-z]) # one of its other spellings
      | @\w                                         # an address, or a name to be told
      | \\\\\w                                      # a path to another machine
      | (?<![\[\w])www\b\.                          # what begins like a host
    """,
    re.VERBOSE | re.IGNORECASE,
)
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def is_harmless(text: str) -> bool:
    """Whether a text of somebody else's is one line on which nothing can be pressed and nothing is hidden."""
    return UNSEEN.search(text) is None and LINKIFIED.search(text) is None


def test_there_are_more_than_two_hundred_of_them() -> None:
    assert len(HOSTILE) > 300


@pytest.mark.parametrize("limit", [20, 80, 300, 900])
def test_every_one_of_them_is_harmless_and_short(limit: int) -> None:
    for text in HOSTILE:
        shown = foreign(text, limit)

        assert is_harmless(shown), (text[:60], shown[:120])
        assert len(shown) <= 2 * limit + 12


@settings(max_examples=60)
@given(st.text(max_size=400), st.integers(min_value=8, max_value=300))
def test_any_text_is_harmless_and_short(text: str, limit: int) -> None:
    shown = foreign(text, limit)

    assert is_harmless(shown)
    assert len(shown) <= 2 * limit + 12


@given(st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=5))
def test_what_is_put_together_of_them_is_harmless(texts: list[str]) -> None:
    assert is_harmless(foreign("".join(text[:40] for text in texts), 300))


def test_what_was_cut_says_so_and_how_much() -> None:
    assert foreign("x" * 100, 10) == "x" * 10 + "…(+90)"
    assert foreign("x" * 10, 10) == "x" * 10


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("invoice from Ann", "invoice from Ann"),
        ("Rechnung für Müller, 日本語, שלום", "Rechnung für Müller, 日本語, שלום"),
        ("Re: invoice", "Re: invoice"),
        ("at 12:00, done.", "at 12:00, done."),
        ("https://evil.com/a.b", "https[:]//evil[.]com/a[.]b"),
        ("ann@evil.com", "ann[@]evil[.]com"),
        ("evil\t.com", "evil\\u0009[.]com"),
        ("\\\\evil\\share", "[\\\\]evil\\share"),
    ],
)
def test_ordinary_text_stays_readable(text: str, shown: str) -> None:
    assert foreign(text, 80) == shown


def test_a_headline_is_never_of_anybody_else() -> None:
    for text, hostile in notices():
        assert headline(hostile) == "People are needed: 3 actions", text


def test_every_occasion_has_a_headline() -> None:
    assert set(HEADLINES) == set(Occasion)


def test_only_plain_links_of_the_web_are_links() -> None:
    assert usable(LINK) == LINK
    assert usable("http://127.0.0.1:8080/incidents/42") is not None

    hostile = [text for text in HOSTILE if usable(text) is not None]

    assert hostile == ["https://evil.example/path", "http://[::1]/"], (
        "as a link of its own, never within a text"
    )
    for text in (
        None,
        "",
        "http://evil.example/",
        "https://a@b.example/",
        "https://x.example/ y",
        "https://[x/",
        "https:///x",
    ):
        assert usable(text) is None


def _texts(part: Any) -> list[str]:
    if isinstance(part, str):
        return [part]
    if isinstance(part, Mapping):
        return [text for key, value in part.items() for text in (str(key), *_texts(value))]
    if isinstance(part, list | tuple):
        return [text for each in part for text in _texts(each)]
    return []


def _urls(text: str | None) -> set[str]:
    """Return the URLs that may stand as links in a notice with this text in place of both."""
    return {LINK} | ({text} if text is not None and usable(text) is not None else set())


# -- console --


def test_on_the_console_no_text_begins_a_line_or_hides_in_one() -> None:
    expected = [len(lines(CONSOLE, notice()))]
    for text, hostile in notices():
        shown = lines(CONSOLE, hostile)

        assert all(line.startswith("│ ") for line in shown[1:])
        assert not any(UNSEEN.search(line) for line in shown), text[:60]
        assert len(shown) <= expected[0]
        for line in shown[1:]:
            words, _, url = line.removeprefix("│ ").partition(": ")
            is_link = url in _urls(text) and (words == "Open" or words.startswith("Incident "))
            assert is_link or is_harmless(line), (text[:60], line[:120])


async def test_on_the_console_everything_can_be_written() -> None:
    console = io.StringIO()
    async with channels(None, console=console) as opened:
        for _, hostile in notices():
            await opened.send(CONSOLE, hostile, ())

    console.getvalue().encode()


# -- PagerDuty --


def test_in_pagerduty_only_our_links_are_links_and_every_event_is_taken() -> None:
    for text, hostile in notices():
        event: dict[str, Any] = json.loads(json.dumps(trigger(hostile)))
        check_event(event | {"routing_key": ROUTING_KEY}, len(json.dumps(event)))

        assert {link["href"] for link in event.get("links", [])} <= _urls(text)
        assert event.get("client_url", LINK) in _urls(text)
        for shown in [*_texts(event["payload"]["custom_details"]), event["payload"]["summary"]]:
            numbered = re.sub(r"^\d\d\. ", "", shown)
            assert is_harmless(numbered), (text[:60], shown[:120])


# -- Slack --


def test_in_slack_nothing_is_markup_but_our_own_link() -> None:
    for number, (text, hostile) in enumerate(notices()):
        built = json.loads(json.dumps(message(hostile).body))
        if number % 20 == 0:
            # The published schema takes its time; texts of the others differ in nothing that it sees.
            check_message(built)
        *plain, last = [block["text"] for block in built["blocks"]]
        is_linked = last["type"] == "mrkdwn"

        for shown in plain if is_linked else [*plain, last]:
            assert shown["type"] == "plain_text"
            assert shown["emoji"] is False
            assert re.search(r"[<>]|&(?!(amp|lt|gt);)", shown["text"]) is None, text[:60]
            assert all(is_harmless(line) for line in shown["text"].split("\n")), (
                text[:60],
                shown["text"][:200],
            )
        if is_linked:
            found = re.findall(r"<([^<>|]*)\|([^<>|]*)>", last["text"])
            assert {url.replace("&amp;", "&") for url, _ in found} <= _urls(text)
            assert all(re.fullmatch(r"Open|Incident [A-Za-z0-9_-]+", words) for _, words in found)
            assert re.sub(r"<[^<>|]*\|[^<>|]*>", "", last["text"]).strip(" ·") == ""
        assert re.search(r"[<>]|&(?!(amp|lt|gt);)", built["text"]) is None
        assert built["blocks"][0]["text"]["text"] == "People are needed: 3 actions"


# -- Teams --


def test_in_teams_every_foreign_text_is_a_run_without_markdown_and_only_our_links_are_buttons() -> None:
    for number, (text, hostile) in enumerate(notices()):
        card = card_of(body(hostile), is_checked=number % 40 == 0)
        kinds = {part["type"] for part in elements(card)}

        assert kinds <= {"AdaptiveCard", "RichTextBlock", "TextRun", "Container", "Action.OpenUrl"}
        assert not any("selectAction" in part for part in elements(card))
        assert "entities" not in card["msteams"]
        for run in (part for part in elements(card) if part["type"] == "TextRun"):
            shown = run["text"]
            assert re.search(r"[<>]|\{\{|[$@]\{(?! )", shown) is None, (text[:60], shown[:120])
            assert is_harmless(re.sub(r"^\d+\. $", "", shown)), (text[:60], shown[:120])
        assert {action["url"] for action in card["actions"]} <= _urls(text)
        assert all(
            re.fullmatch(r"Open|Incident [A-Za-z0-9_-]+", action["title"]) for action in card["actions"]
        )


# -- webhook and file --


def test_in_data_a_text_is_the_value_of_its_own_field_and_shows_what_is_hidden() -> None:
    fields, of_item = set(data_of(notice(), ())), set(json.loads(webhook_body(notice()))["data"]["items"][0])
    for text, hostile in notices():
        built = json.loads(webhook_body(hostile))

        assert set(built) == {"type", "timestamp", "data"}
        assert set(built["data"]) == fields
        assert all(set(each) == of_item for each in built["data"]["items"])
        assert built["type"] == "airAgent.page"
        assert not any(UNSEEN.search(value) for value in _texts(built)), text[:60]
        assert built["data"]["link"] is None or built["data"]["link"] in _urls(text)


async def test_no_text_gets_into_a_header_or_an_address() -> None:
    vendor = Vendor(
        lambda request: httpx.Response(
            200, json={"ok": True, "status": "success", "channel": "C1", "ts": "1.2"}
        )
    )
    kinds = (ChannelKind.PAGER_DUTY, ChannelKind.SLACK, ChannelKind.TEAMS, ChannelKind.WEBHOOK)
    plain: dict[ChannelKind, tuple[str, list[str]]] = {}
    for text in ("", "a\r\nX-Evil: b", "\ud800", "https://evil.example/", "x" * 5_000):
        for kind in kinds:
            async with channels(vendor) as opened:
                await opened.send(channel(kind), notice(text), ())
            request = vendor.requests[-1]
            found = str(request.url), sorted(request.headers)
            assert plain.setdefault(kind, found) == found
