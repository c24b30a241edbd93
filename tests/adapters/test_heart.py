"""A sign of life is one plain GET, through the guard, and its token is told to nobody."""

from collections.abc import Callable

import httpx
import pytest

from agent.adapters.channels.guard import Backend, Guarded
from agent.adapters.channels.heartbeat import open_heart
from agent.model.errors import AgentError, Malformed, Refused, Unavailable
from tests.adapters.loopback import plain, server
from tests.adapters.wires import Vendor, answering
from tests.clock import ManualClock

TOKEN = "5c1c93a2-7d1e-4a6c-9f0e-1c2d3e4f5a6b"
URL = f"https://hc-ping.com/{TOKEN}"


async def beaten(answer: Callable[[httpx.Request], httpx.Response], url: str = URL) -> list[httpx.Request]:
    """Beat once, and return what was asked."""
    vendor = Vendor(answer)
    async with open_heart(url, clock=ManualClock(), hosts=frozenset(), transport=vendor) as heart:
        await heart.beat()
    return vendor.requests


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_it_is_a_plain_get_that_tells_nothing_else(status: int) -> None:
    (asked,) = await beaten(answering(httpx.Response(status, text="OK")))

    assert (asked.method, str(asked.url), asked.content) == ("GET", URL, b"")
    assert set(asked.headers) == {"host", "user-agent", "accept-encoding"}
    assert asked.headers["user-agent"] == "air-agent"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(503, text=f"no room for {TOKEN}"), Unavailable),
        (httpx.Response(404, json={"message": f"no check {URL} here"}), Refused),
        (httpx.Response(302, headers={"location": f"https://elsewhere.example/{TOKEN}"}), Refused),
        (httpx.Response(200, headers={"content-encoding": "gzip"}, content=b""), Malformed),
        (httpx.ConnectError(f"cannot reach {URL}"), Unavailable),
    ],
)
async def test_what_is_not_taken_is_told_without_the_token(
    answer: httpx.Response | Exception, error: type[AgentError]
) -> None:
    def answered(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(error) as told:
        await beaten(answered)

    assert str(told.value).startswith("heartbeat: ")
    assert TOKEN not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        f"https://watch.contoso.example/ping?key={TOKEN}",
        f"https://watch.contoso.example/{TOKEN}/fail",
    ],
)
async def test_a_token_is_hidden_wherever_in_the_url_it_stands(url: str) -> None:
    with pytest.raises(Refused) as told:
        await beaten(answering(httpx.Response(404, text=f"unknown key {TOKEN}")), url)

    assert TOKEN not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        f"http://hc-ping.com/{TOKEN}",
        f"https://127.0.0.1/{TOKEN}",
        "ftp://x/y",
        f"https://a:b@c.example/{TOKEN}",
    ],
)
async def test_an_address_inside_or_in_the_clear_is_refused(url: str) -> None:
    with pytest.raises(Refused) as told:
        await beaten(answering(httpx.Response(200)), url)

    assert TOKEN not in str(told.value)


async def test_a_name_that_leads_inside_is_refused_unless_its_host_is_allowed() -> None:
    async def inside(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with server(plain("200 OK", b"OK")) as heard:
        url = f"http://watch.intranet.example:{heard.port}/{TOKEN}"
        for hosts, is_allowed in ((frozenset[str](), False), (frozenset({"watch.intranet.example"}), True)):
            guarded = Guarded(Backend(hosts, inside))
            async with open_heart(url, clock=ManualClock(), hosts=hosts, transport=guarded) as heart:
                if is_allowed:
                    await heart.beat()
                else:
                    with pytest.raises(Refused):
                        await heart.beat()

    assert [head.splitlines()[0] for head in heard.heads] == [f"GET /{TOKEN} HTTP/1.1"]
