"""The generic webhook, held to Standard Webhooks' own vector and read by a receiver that checks it."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from agent.adapters.channels.webhook import key_of, message_id, signature
from agent.model.channel import ChannelKind
from agent.model.errors import Refused, Unavailable
from agent.model.escalation import Occasion
from tests.adapters.hostile import notice
from tests.adapters.wires import ENVIRON, WEBHOOK_SECRET, Vendor, answering, channel, channels, later
from tests.clock import ManualClock

HERE = channel(ChannelKind.WEBHOOK)
PAGE = notice()
VECTOR = json.loads(
    (Path(__file__).parent.parent / "samples" / "channels" / "standard-webhooks.vectors.json").read_text()
)


def verify(request: httpx.Request, secret: str, now: int) -> bool:
    """Say what a receiver says: written from the standard, apart from what signs."""
    identity, seconds = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    if abs(now - int(seconds)) > 300:
        return False
    key = base64.b64decode(secret.split("_", 1)[1])
    wanted = hmac.new(key, f"{identity}.{seconds}.".encode() + request.content, hashlib.sha256).digest()
    given = [each.split(",", 1) for each in request.headers["webhook-signature"].split(" ")]
    return any(mark == "v1" and hmac.compare_digest(base64.b64decode(value), wanted) for mark, value in given)


def test_the_standards_own_vector_comes_out() -> None:
    key = key_of(VECTOR["secret"], "here")

    assert (
        signature(key, VECTOR["msg_id"], VECTOR["timestamp"], VECTOR["payload"].encode())
        == VECTOR["signature"]
    )


async def test_a_receiver_accepts_what_is_posted_and_nothing_that_was_changed() -> None:
    clock, vendor = ManualClock(), Vendor(answering(httpx.Response(204)))

    async with channels(vendor, clock=clock) as opened:
        receipt = await opened.send(HERE, PAGE, ())

    (request,) = vendor.requests
    now = int(clock.now().timestamp())
    assert verify(request, WEBHOOK_SECRET, now)
    assert not verify(request, WEBHOOK_SECRET, now + 301)
    assert not verify(request, "whsec_" + base64.b64encode(b"x" * 32).decode(), now)
    changed = httpx.Request("POST", request.url, headers=request.headers, content=request.content + b" ")
    assert not verify(changed, WEBHOOK_SECRET, now)
    assert receipt.ref == "notice-1"


async def test_every_attempt_has_the_same_id_and_its_own_time() -> None:
    clock, vendor = ManualClock(), Vendor(answering(httpx.Response(503), httpx.Response(200)))

    async with channels(vendor, clock=clock) as opened:
        with pytest.raises(Unavailable):
            await opened.send(HERE, PAGE, ())
        clock.advance(timedelta(minutes=10))
        await opened.send(HERE, PAGE, ())

    first, second = vendor.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "notice-1"
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 600
    assert first.content == second.content


async def test_the_body_says_what_it_is_and_carries_the_notice() -> None:
    vendor = Vendor(answering(httpx.Response(200)))

    async with channels(vendor) as opened:
        await opened.send(HERE, later(PAGE, occasion=Occasion.LAST_CHANCE), ())

    (body,) = vendor.bodies
    assert body["type"] == "airAgent.lastChance"
    assert body["timestamp"] == "2026-08-20T12:00:00Z"
    assert set(body) == {"type", "timestamp", "data"}
    assert body["data"]["key"] == "page-1:1"
    assert body["data"]["link"] == PAGE.link
    assert body["data"]["deadline"] == "2026-08-25T12:00:00Z"
    assert [each["action"] for each in body["data"]["items"]] == ["action-0", "action-1", "action-2"]
    assert body["data"]["items"][0]["need"] == "answer"


@pytest.mark.parametrize(
    "text", ["", "x" * 5_000, '"' * 5_000, "\x00" * 5_000, "😀" * 5_000, "\ud800" * 5_000]
)
async def test_a_body_stays_below_twenty_kilobytes(text: str) -> None:
    vendor = Vendor(answering(httpx.Response(200)))

    async with channels(vendor) as opened:
        await opened.send(HERE, notice(text, items=20, total=10_000), ())

    (request,), (body,) = vendor.requests, vendor.bodies
    assert len(request.content) < 20 * 1024
    assert body["data"]["total"] == 10_000
    assert len(body["data"]["items"]) >= 10


async def test_410_is_a_no_for_good() -> None:
    async with channels(Vendor(answering(httpx.Response(410)))) as opened:
        with pytest.raises(Refused, match="410"):
            await opened.send(HERE, PAGE, ())


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("plain-secret", "does not begin with `whsec_`"),
        ("whsec_not!base64", "not base64"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "not of 24 to 64 bytes"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "not of 24 to 64 bytes"),
        ("whsk_" + base64.b64encode(b"x" * 32).decode(), "does not begin with `whsec_`"),
    ],
)
async def test_a_secret_that_is_none_is_refused_without_being_repeated(secret: str, words: str) -> None:
    vendor = Vendor()
    async with channels(vendor, environ=ENVIRON | {"WEBHOOK_SECRET": secret}) as opened:
        with pytest.raises(Refused, match=words) as refused:
            await opened.send(HERE, PAGE, ())

    assert secret.partition("_")[2] not in str(refused.value) or not secret.partition("_")[2]
    assert vendor.requests == []


@pytest.mark.parametrize("size", [24, 64])
def test_a_key_of_the_shortest_and_longest_length_is_taken(size: int) -> None:
    assert key_of("whsec_" + base64.b64encode(b"x" * size).decode(), "here") == b"x" * size


def test_an_id_that_is_none_becomes_a_digest_that_is_the_same_each_time() -> None:
    strange = later(PAGE, id="a\r\nX-Injected: b")

    assert message_id(PAGE) == "notice-1"
    assert message_id(strange) == message_id(strange)
    assert message_id(strange).isalnum()
