"""One call of one channel: sent once, answered within a bounded time and size, and told without any secret.

The transport is used without httpx's client around it: that one writes whole URLs into the log, and the URL of a
workflow is a secret. It also leaves out redirects, cookies, logins from `.netrc` and proxies of the environment.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

import httpx
import msgspec

from agent.adapters.channels.addresses import check_url
from agent.adapters.channels.pace import Limit, Pace
from agent.adapters.patience import retry_after
from agent.model.errors import Malformed, Refused, Unavailable
from agent.ports.host import Clock
from agent.scrub.secrets import HIDDEN, without_secrets
from agent.scrub.visible import visible

DEADLINE_SECONDS = 30.0
"""How long one call may take from the look-up of the name to the last byte of the answer, whatever trickles in."""

CONNECT_SECONDS = 10.0

LARGEST_ANSWER = 1024 * 1024
"""Bytes of an answer. A page of 25 of PagerDuty's incidents is about 100 KB."""

USUAL_WAIT = timedelta(seconds=30)
"""After 429 without a word on how long: what PagerDuty advises."""

SAID = 160
"""Characters of somebody else's message that are shown."""

T = TypeVar("T")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `start` is what its messages begin with; `secrets` are hidden wherever they turn up.

    `counted` is what the limits are counted for, and may be secret: only a digest of it is kept.
    """

    start: str
    method: str = "POST"
    url: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    secrets: tuple[str, ...] = ()
    counted: tuple[str, ...]
    limits: tuple[Limit, ...]

    def __repr__(self) -> str:
        return f"Call({self.start!r})"

    @property
    def pace_key(self) -> str:
        """What its limits are counted for."""
        return hashlib.sha256("\0".join(self.counted).encode()).hexdigest()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, read whole."""

    status: int
    headers: httpx.Headers
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status})"


class Caller:
    """Makes the calls of all channels.

    Args:
        transport: sends a request; the guard is below it.
        hosts: hosts inside that are allowed, lower case.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, clock: Clock, hosts: frozenset[str]) -> None:
        self._transport = transport
        self._clock = clock
        self._hosts = hosts
        self._pace = Pace(clock)

    @property
    def clock(self) -> Clock:
        """The time."""
        return self._clock

    @property
    def hosts(self) -> frozenset[str]:
        """Hosts inside that are allowed."""
        return self._hosts

    async def call(self, call: Call) -> Answer:
        """Make one call, and return an answer of success (2xx).

        Raises:
            Unavailable: no answer, or one that says to come again (408, 425, 429, 5xx).
            Refused: the URL leads inside, or the answer says no; a redirect is one, too.
            Malformed: the answer is larger than any that is documented, or in an unknown encoding.
        """
        host = check_url(call.url, self._hosts, call.start)
        await self._pace.spend(call.pace_key, call.limits, call.start)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                answer = await self._sent(call, host)
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise Unavailable(f"{call.start}: {_lost(error)}") from error
        except httpx.InvalidURL:
            # Without the cause, which repeats parts of the URL.
            raise Refused(f"{call.start}: its URL cannot be read") from None
        except Refused as error:
            raise Refused(f"{call.start}: {str(error).removeprefix('channels: ')}") from None
        self._judge(call, answer)
        return answer

    async def _sent(self, call: Call, host: str) -> Answer:
        request = httpx.Request(
            call.method,
            call.url,
            headers={"User-Agent": "air-agent", "Accept-Encoding": "identity", **call.headers},
            content=call.body,
            extensions={"timeout": httpx.Timeout(DEADLINE_SECONDS, connect=CONNECT_SECONDS).as_dict()},
        )
        if request.url.raw_host.decode().lower() != host:
            raise Refused(f"{call.start}: the host of its URL can be read in two ways: write it plainly")
        response = await self._transport.handle_async_request(request)
        try:
            body = await self._read(call, response)
        finally:
            await response.aclose()
        return Answer(status=response.status_code, headers=response.headers, body=body)

    async def _read(self, call: Call, response: httpx.Response) -> bytes:
        encoding = response.headers.get("content-encoding", "").strip().lower()
        if encoding not in {"", "identity"}:
            raise Malformed(
                f"{call.start}: the answer is compressed, which was not asked for: check the proxy"
            )
        read = bytearray()
        if not isinstance(response.stream, httpx.AsyncByteStream):
            raise TypeError("the body of an answer must be readable asynchronously")
        async for part in response.stream:
            read += part
            if len(read) > LARGEST_ANSWER:
                raise Malformed(f"{call.start}: the answer is larger than {LARGEST_ANSWER // 1024} KiB")
        return bytes(read)

    def _judge(self, call: Call, answer: Answer) -> None:
        """Raise what an answer means that is none of success."""
        status = answer.status
        if 200 <= status < 300:
            return
        words = f"{call.start}: {status}{said(answer, call.secrets)}"
        if 300 <= status < 400:
            raise Refused(f"{words}: a redirect, which is never followed: write where it leads")
        if status in {408, 425, 429} or status >= 500:
            raise self.again(call, answer, words)
        raise Refused(words)

    def again(self, call: Call, answer: Answer, words: str) -> Unavailable:
        """Return what says to come again, not before the moment that the answer asks for."""
        now = self._clock.now()
        wait = retry_after(answer.headers.get("retry-after"), now)
        if wait is None and answer.status != 429:
            return Unavailable(words)
        until = self._pace.park(call.pace_key, now + (wait or USUAL_WAIT))
        return Unavailable(f"{words}: asks for patience until {until:%H:%M:%S} UTC", until=until)


def decoded(call: Call, answer: Answer, kind: type[T]) -> T:
    """Return what the body of an answer says.

    Raises:
        Malformed: it is not in the shape that is documented.
    """
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # Without the cause: a message of it may repeat the body.
        what = (
            "is not in the documented shape" if isinstance(error, msgspec.ValidationError) else "is not JSON"
        )
        raise Malformed(f"{call.start}: the answer {what}: check what answers at this address") from None


def said(answer: Answer, secrets: tuple[str, ...]) -> str:
    """Return what the other side said of an error, in brackets; empty where it said nothing."""
    words = hidden(_message(answer.body), secrets)
    return f" ({words})" if words else ""


def hidden(text: str, secrets: tuple[str, ...]) -> str:
    """Return somebody else's message on one short line, without the secrets, and without what looks like one."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return visible(re.sub(r"\s+", " ", without_secrets(text[: SAID * 20])).strip(), SAID)


def _message(body: bytes) -> str:
    """Return the message in the body of an error: fields that vendors use for one, else nothing.

    A body that is no JSON is a gateway's page, and says less than its status.
    """
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    error = found.get("error")
    inner: dict[str, Any] = error if isinstance(error, dict) else found
    parts = [inner.get("code"), inner.get("status"), inner.get("message"), error]
    errors = inner.get("errors")
    parts += errors[:3] if isinstance(errors, list) else []
    return ": ".join(part for part in parts if isinstance(part, str) and part)


def _lost(error: Exception) -> str:
    match error:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return "no connection: check the network and the name of the host; no proxy is used here"
        case httpx.TimeoutException() | TimeoutError():
            return "no answer in time"
        case _:
            return "the connection broke before the whole answer came"


def start_of(name: str) -> str:
    """Return what the messages of a channel begin with."""
    return f"channel `{visible(name, 64)}`"
