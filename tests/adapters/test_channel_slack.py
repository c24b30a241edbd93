"""Slack, against one that works: one message a page, kept up to date, and a thread for what happened since."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import msgspec
import pytest

from agent.model.channel import ChannelKind
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.escalation import Notice, Occasion, Posted, Receipt
from agent.ports.escalation import Channels
from tests.adapters.hostile import item, notice
from tests.adapters.slacks import SAMPLES, Message, MockSlack, broken_limits
from tests.adapters.wires import BOT_TOKEN, ENVIRON, Vendor, answering, channel, channels, later, posted
from tests.clock import ManualClock

HERE = channel(ChannelKind.SLACK)
PAGE = notice()


@dataclass
class Scene:
    slack: MockSlack
    channels: Channels
    clock: ManualClock

    def __post_init__(self) -> None:
        self.earlier: list[Posted] = []

    async def send(self, notice: Notice) -> Receipt:
        receipt = await self.channels.send(HERE, notice, self.earlier)
        self.earlier.append(posted(notice, receipt))
        return receipt


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    slack, clock = MockSlack(BOT_TOKEN), ManualClock()
    async with channels(slack.transport, clock=clock) as opened:
        yield Scene(slack, opened, clock)


def numbered(message: Message) -> list[str]:
    """Return the texts of the message's items."""
    texts = [block["text"]["text"] for block in message.blocks]
    return [text for text in texts if re.match(r"\d+\. ", text)]


async def test_a_page_is_one_message(scene: Scene) -> None:
    receipt = await scene.send(PAGE)

    (message,) = scene.slack.heads
    assert receipt.ref == f"C0123456789:{message.ts}"
    assert receipt.words == "posted to Slack: that is not yet that it was read"
    assert message.text == "3 actions of incident 42 wait for people"


async def test_an_update_changes_the_message_and_adds_none(scene: Scene) -> None:
    first = await scene.send(PAGE)

    receipt = await scene.send(later(PAGE, occasion=Occasion.UPDATE, title="2 actions are left"))

    (message,) = scene.slack.messages.values()
    assert message.versions == 2
    assert message.text == "2 actions are left"
    assert receipt.ref == first.ref


@pytest.mark.parametrize(
    ("occasion", "is_broadcast", "versions"),
    [
        (Occasion.REPEAT, False, 1),
        (Occasion.PAGE, True, 1),
        (Occasion.WORSE, True, 2),
        (Occasion.LAST_CHANCE, True, 2),
        (Occasion.RESOLVED, False, 2),
    ],
)
async def test_what_comes_later_goes_into_the_thread(
    scene: Scene, occasion: Occasion, is_broadcast: bool, versions: int
) -> None:
    await scene.send(PAGE)

    receipt = await scene.send(later(PAGE, occasion=occasion, title="later"))

    (head,), (reply,) = scene.slack.heads, scene.slack.replies
    assert reply.thread == head.ts
    assert reply.is_broadcast == is_broadcast
    assert head.versions == versions
    assert receipt.ref == f"C0123456789:{reply.ts}:{head.ts}"


async def test_a_thread_stays_the_same_however_much_comes(scene: Scene) -> None:
    for occasion in (
        Occasion.PAGE,
        Occasion.REPEAT,
        Occasion.UPDATE,
        Occasion.WORSE,
        Occasion.REPEAT,
        Occasion.RESOLVED,
    ):
        await scene.send(later(PAGE, occasion=occasion, id=f"n-{len(scene.earlier)}"))

    (head,) = scene.slack.heads
    assert {reply.thread for reply in scene.slack.replies} == {head.ts}
    assert len(scene.slack.replies) == 4


async def test_another_page_is_another_message(scene: Scene) -> None:
    await scene.send(PAGE)

    await scene.send(later(PAGE, page_id="page-2"))

    assert len(scene.slack.heads) == 2


async def test_what_belongs_to_no_page_is_a_message_of_its_own(scene: Scene) -> None:
    for number in range(2):
        await scene.send(later(PAGE, id=f"n-{number}", page_id="", occasion=Occasion.ALARM))

    assert len(scene.slack.heads) == 2


async def test_the_end_without_a_message_before_is_a_message(scene: Scene) -> None:
    await scene.send(later(PAGE, occasion=Occasion.RESOLVED))

    assert len(scene.slack.heads) == 1


async def test_a_message_that_was_deleted_is_posted_anew_and_leads_from_then_on(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.slack.messages.clear()

    await scene.send(later(PAGE, occasion=Occasion.WORSE))
    await scene.send(later(PAGE, occasion=Occasion.REPEAT))

    (head,), (reply,) = scene.slack.heads, scene.slack.replies
    assert reply.thread == head.ts


async def test_an_update_of_a_message_that_was_deleted_is_told_to_nobody(scene: Scene) -> None:
    await scene.send(PAGE)
    scene.slack.messages.clear()

    receipt = await scene.send(later(PAGE, occasion=Occasion.UPDATE))

    assert scene.slack.messages == {}
    assert receipt.words.startswith("not sent: the message of the page was deleted")


@pytest.mark.parametrize("occasion", [Occasion.UPDATE, Occasion.RESOLVED])
async def test_a_message_that_cannot_be_changed_any_more_gets_a_reply(
    scene: Scene, occasion: Occasion
) -> None:
    await scene.send(PAGE)
    scene.slack.broken["chat.update"] = "edit_window_closed"

    await scene.send(later(PAGE, occasion=occasion))

    assert len(scene.slack.replies) == 1


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        ("channel_not_found", "invite the app to the channel"),
        ("not_in_channel", "invite the app to the channel"),
        ("missing_scope", "chat:write"),
        ("token_revoked", "replace the token"),
        ("is_archived", "name another"),
        ("something_new", "something_new"),
    ],
)
async def test_slacks_no_comes_with_how_to_mend_it(scene: Scene, error: str, mend: str) -> None:
    scene.slack.broken["chat.postMessage"] = error

    with pytest.raises(Refused, match=rf"^channel `here`: chat.postMessage: {error}.*{mend}|{mend}$"):
        await scene.send(PAGE)


@pytest.mark.parametrize("error", ["ratelimited", "internal_error", "fatal_error", "service_unavailable"])
async def test_an_error_that_passes_is_unavailable(scene: Scene, error: str) -> None:
    scene.slack.broken["chat.postMessage"] = error

    with pytest.raises(Unavailable, match=error):
        await scene.send(PAGE)


async def test_a_wrong_token_is_refused() -> None:
    async with channels(MockSlack("xoxb-other").transport) as opened:
        with pytest.raises(Refused, match=r"invalid_auth: replace the token"):
            await opened.send(HERE, PAGE, ())


@pytest.mark.parametrize(
    "body",
    [
        {"ok": True},
        {"ok": True, "channel": "C1"},
        {"ok": True, "channel": "C:1", "ts": "1.2"},
        {"ok": True, "channel": "C1", "ts": "x"},
    ],
)
async def test_success_without_a_message_is_malformed(body: dict[str, object]) -> None:
    async with channels(Vendor(answering(httpx.Response(200, json=body)))) as opened:
        with pytest.raises(Malformed, match=r"the answer names no message"):
            await opened.send(HERE, PAGE, ())


async def test_a_channel_without_an_id_is_refused(scene: Scene) -> None:
    with pytest.raises(Refused, match=r"set `to`"):
        await scene.channels.send(channel(ChannelKind.SLACK, to=()), PAGE, ())


async def test_messages_go_out_one_a_second(scene: Scene) -> None:
    began = scene.clock.now()

    for number in range(4):
        await scene.send(later(PAGE, page_id=f"page-{number}"))

    assert scene.clock.now() - began == timedelta(seconds=3)


async def test_another_address_of_slack_is_used_where_it_is_given() -> None:
    vendor = Vendor(answering(httpx.Response(200, json={"ok": True, "channel": "C1", "ts": "1.2"})))
    async with channels(vendor, environ=ENVIRON) as opened:
        await opened.send(channel(ChannelKind.SLACK, url="https://slack-gov.example/api/"), PAGE, ())

    assert str(vendor.requests[0].url) == "https://slack-gov.example/api/chat.postMessage"


@pytest.mark.parametrize("text", ["", "x" * 5_000, "<" * 5_000, "\u202e" * 3_000, "😀" * 3_000, "a." * 2_000])
@pytest.mark.parametrize("count", [0, 1, 20])
async def test_a_message_keeps_every_limit_at_every_size(scene: Scene, text: str, count: int) -> None:
    """The workspace checks each message against Slack's schema and limits."""
    huge = notice(text, items=count, total=10_000 if count == 20 else count)

    await scene.send(huge)

    (message,) = scene.slack.heads
    words = json.dumps(message.blocks)
    assert ("not shown here" in words) == (count == 20)
    assert "https://security.microsoft.com" in words


async def test_what_does_not_fit_is_counted(scene: Scene) -> None:
    huge = notice("<" * 5_000, items=20, total=10_000)

    await scene.send(huge)

    (message,) = scene.slack.heads
    items = numbered(message)
    assert 10 <= len(items) < 20
    assert f"and {10_000 - len(items):,} more actions not shown here" in json.dumps(message.blocks)


async def test_a_long_subject_pushes_no_other_action_out_of_sight(scene: Scene) -> None:
    plain = notice(items=20)
    crowded = msgspec.structs.replace(plain, items=(item("<" * 5_000), *plain.items[1:]))

    await scene.send(crowded)

    (message,) = scene.slack.heads
    items = numbered(message)
    assert len(items) == 20


def test_the_judge_of_messages_finds_every_limit_that_messages_here_can_break() -> None:
    cases = json.loads((SAMPLES / "blockkit-invalid-cases.json").read_text())["cases"]
    known = {case["constraint"] for case in cases}
    plain = {"type": "plain_text", "text": "x"}

    for constraint, block in (
        ("section.text.max_length", {"type": "section", "text": plain | {"text": "x" * 3_001}}),
        ("header.text.max_length", {"type": "header", "text": plain | {"text": "x" * 151}}),
        ("text.min_length", {"type": "section", "text": plain | {"text": ""}}),
    ):
        assert constraint in known
        assert constraint in broken_limits([block])
    assert broken_limits([{"type": "section", "text": plain | {"text": "x" * 3_000}}] * 5) == ["sum"]
    assert broken_limits([{"type": "section", "text": plain | {"text": "x" * 3_000}}]) == []
