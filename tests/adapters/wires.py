"""What the tests of channels share: channel files of each kind, posted notices, and vendors that answer as told."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import msgspec

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.connect import open_channels
from agent.model.channel import Channel, ChannelKind, SecretPlace
from agent.model.escalation import Delivery, Notice, Posted, Receipt
from agent.model.mark import Mark
from agent.ports.escalation import Channels
from agent.ports.host import Clock
from tests.clock import ManualClock

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
API_TOKEN = "y_NbAkKc66ryYTWUXYEu"
SIGNATURE = "S3cr3tS1gnatureOfTheWorkflow_-0123456789"
TEAMS_URL = (
    "https://default12.ab.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/1a/"
    f"triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIGNATURE}"
)
BOT_TOKEN = "xoxb-123456789012-abcdefghijklmnop"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRON = {
    "ROUTING_KEY": ROUTING_KEY,
    "API_TOKEN": API_TOKEN,
    "TEAMS_URL": TEAMS_URL,
    "BOT_TOKEN": BOT_TOKEN,
    "WEBHOOK_SECRET": WEBHOOK_SECRET,
}
SECRETS = (
    ROUTING_KEY,
    API_TOKEN,
    SIGNATURE,
    BOT_TOKEN,
    WEBHOOK_SECRET,
    WEBHOOK_SECRET.removeprefix("whsec_"),
)

NO_REF = Receipt()

Answering = Callable[[httpx.Request], httpx.Response]


def channel(kind: ChannelKind, **more: Any) -> Channel:
    """Return a channel of this kind with what it needs."""
    needed: Mapping[ChannelKind, dict[str, Any]] = {
        ChannelKind.PAGER_DUTY: {
            "secret": SecretPlace(env="ROUTING_KEY"),
            "api_token": SecretPlace(env="API_TOKEN"),
        },
        ChannelKind.TEAMS: {"secret": SecretPlace(env="TEAMS_URL")},
        ChannelKind.SLACK: {"secret": SecretPlace(env="BOT_TOKEN"), "to": ("C0123456789",)},
        ChannelKind.WEBHOOK: {
            "secret": SecretPlace(env="WEBHOOK_SECRET"),
            "url": "https://hooks.contoso.example/air-agent",
        },
    }
    given: dict[str, Any] = {
        "name": "here",
        "kind": kind,
        "file": "channels/here.yaml",
        "mark": Mark(line=1, column=1),
        **needed.get(kind, {}),
    }
    return Channel(**(given | more))


def posted(notice: Notice, receipt: Receipt = NO_REF) -> Posted:
    """Return a notice that its channel has taken."""
    return Posted(notice=notice, delivery=Delivery.SENT, sent_at=notice.at, receipt=receipt)


def later(notice: Notice, **changes: Any) -> Notice:
    """Return another notice of the same page."""
    return msgspec.structs.replace(notice, **{"id": f"{notice.id}+", **changes})


class Vendor(httpx.AsyncBaseTransport):
    """Answers every request as told, and remembers what came."""

    def __init__(self, answering: Answering | None = None) -> None:
        self.answering = answering or (lambda request: httpx.Response(202, json={"status": "success"}))
        self.requests: list[httpx.Request] = []
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        return self.answering(request)

    async def aclose(self) -> None:
        self.is_closed = True

    @property
    def bodies(self) -> list[Any]:
        return [msgspec.json.decode(request.content) for request in self.requests]


def answering(*answers: httpx.Response | Exception) -> Answering:
    """Answer one after the other, and the last for ever."""
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    return answer


@asynccontextmanager
async def channels(
    transport: httpx.AsyncBaseTransport | None,
    *,
    clock: Clock | None = None,
    hosts: Sequence[str] = (),
    environ: Mapping[str, str] = ENVIRON,
    files: Path | None = None,
    console: StringIO | None = None,
) -> AsyncIterator[Channels]:
    async with open_channels(
        clock=clock or ManualClock(),
        hosts=frozenset(hosts),
        bounds=Bounds(environ=environ, files=files),
        send_mail=None,
        transport=transport,
        console=console,
    ) as opened:
        yield opened


def in_seconds(clock: Clock, seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)
