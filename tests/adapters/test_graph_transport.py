"""Bytes on a real loopback: when a write departs, and which bodies are whole."""

import asyncio
import gzip
import ssl
import zlib
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from kiota_http.middleware import REQUEST_OPTIONS_KEY

from agent.adapters.microsoft.transport import (
    Departure,
    TooLarge,
    Transport,
    Truncated,
    carrying,
    direct,
)
from tests.adapters.graphs import Departures, Server, http, serving

JSON = b'{"value": []}'


async def post(
    server: Server | int, departing: Departures, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.Response:
    port = server if isinstance(server, int) else server.port
    url = f"http://127.0.0.1:{port}/v1.0/x"
    async with httpx.AsyncClient(transport=Transport(transport or direct(url)), timeout=5) as client:
        options = {Departure.get_key(): Departure(departing)}
        request = client.build_request(
            "POST", url, content=b"body", extensions={REQUEST_OPTIONS_KEY: options}
        )
        return await client.send(request)


async def get(server: Server, *, body_limit: int = 1_000_000) -> httpx.Response:
    url = f"http://127.0.0.1:{server.port}/"
    async with httpx.AsyncClient(
        transport=Transport(direct(url), body_limit=body_limit), timeout=5
    ) as client:
        return await client.get(url)


def answering(raw: bytes, *, then_close: bool = False) -> AbstractAsyncContextManager[Server]:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        if then_close:
            writer.close()

    return serving(answer)


async def _silent(request: bytes, writer: asyncio.StreamWriter) -> None:
    """Answer nothing."""


async def test_departing_is_awaited_once_and_before_the_first_byte() -> None:
    seen: list[int] = []

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http(JSON))

    async with serving(answer) as server:

        async def departing() -> None:
            await asyncio.sleep(0.01)
            seen.append(len(server.received))

        url = f"http://127.0.0.1:{server.port}/"
        async with httpx.AsyncClient(transport=Transport(direct(url))) as client:
            for _ in range(2):
                options = {Departure.get_key(): Departure(departing)}
                request = client.build_request(
                    "POST", url, content=b"b", extensions={REQUEST_OPTIONS_KEY: options}
                )
                await client.send(request)

        assert seen == [0, 1]
        assert len(server.received) == 2
        assert server.connections == 1


async def test_a_refused_connection_never_departs() -> None:
    async with serving(_silent) as server:
        port = server.port
    departing = Departures()

    with pytest.raises(httpx.ConnectError):
        await post(port, departing)

    assert departing.count == 0


async def test_nothing_is_sent_if_departing_raises() -> None:
    class Objection(Exception):
        pass

    departing = Departures(error=Objection("not intended"))
    async with serving(_silent) as server:
        with pytest.raises(Objection, match="not intended"):
            await post(server, departing)
        await asyncio.sleep(0.01)

        assert server.received == []
    assert departing.count == 1


@pytest.mark.parametrize("body", [None, b"", b"body"])
async def test_nothing_that_could_be_applied_leaves_before_departing(body: bytes | None) -> None:
    """Of a request without a body, the headers are all that there is."""
    seen: list[int] = []
    arrived = bytearray()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.extend(await reader.readuntil(b"\r\n\r\n"))
        writer.write(http(JSON))
        writer.close()

    async def departing() -> None:
        await asyncio.sleep(0.02)
        seen.append(len(arrived))

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with httpx.AsyncClient(transport=Transport(direct(url)), timeout=5) as client:
            extensions = carrying(Departure(departing))
            await client.send(client.build_request("POST", url, content=body, extensions=extensions))

    assert len(seen) == 1
    assert bool(seen[0]) is bool(body)


async def test_a_request_without_a_body_is_not_sent_if_departing_raises() -> None:
    departing = Departures(error=ValueError("not intended"))
    async with serving(_silent) as server:
        url = f"http://127.0.0.1:{server.port}/"
        async with httpx.AsyncClient(transport=Transport(direct(url)), timeout=5) as client:
            request = client.build_request("POST", url, extensions=carrying(Departure(departing)))
            with pytest.raises(ValueError, match="not intended"):
                await client.send(request)
        await asyncio.sleep(0.01)

        assert server.received == []
    assert departing.count == 1


async def test_a_reset_after_departing_is_told_from_one_before() -> None:
    departing = Departures()

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with serving(answer) as server:
        with pytest.raises(httpx.TransportError):
            await post(server, departing)

        assert len(server.received) == 1
    assert departing.count == 1


async def test_a_tunnel_through_a_proxy_is_no_departure() -> None:
    departing = Departures()

    async def refuse(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b"", status="502 Bad Gateway"))

    async with serving(refuse) as server:
        proxied = httpx.AsyncHTTPTransport(proxy=f"http://127.0.0.1:{server.port}")
        async with httpx.AsyncClient(transport=Transport(proxied)) as client:
            options = {Departure.get_key(): Departure(departing)}
            request = client.build_request(
                "POST",
                "https://graph.microsoft.com/",
                content=b"b",
                extensions={REQUEST_OPTIONS_KEY: options},
            )
            with pytest.raises(httpx.ProxyError):
                await client.send(request)

        assert server.received[0].startswith(b"CONNECT graph.microsoft.com:443")
    assert departing.count == 0


async def test_a_transport_in_this_process_departs_before_it_is_asked() -> None:
    departing = Departures()
    counts: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        counts.append(departing.count)
        return httpx.Response(200)

    await post(9, departing, httpx.MockTransport(answer))

    assert counts == [1]


async def test_the_environments_proxy_is_used_and_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "")
    monkeypatch.setenv("NO_PROXY", "")

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http(JSON))

    async with serving(answer) as server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("no_proxy", "inside.example")
        async with httpx.AsyncClient(transport=direct("http://outside.example")) as client:
            found = await client.get("http://outside.example/x")

        assert found.status_code == 200
        assert server.received[0].startswith(b"GET http://outside.example/x")
        assert "HTTPProxy" not in repr(direct("http://inside.example")._pool)
        assert "HTTPProxy" not in repr(direct("http://127.0.0.1:8080")._pool)
        assert "HTTPProxy" in repr(direct("http://outside.example")._pool)


async def test_every_request_has_an_id_of_its_own_and_offers_gzip_only() -> None:
    async with answering(http(JSON)) as server:
        await get(server)
        await get(server)

        lines = [
            [
                line
                for line in request.lower().split(b"\r\n")
                if line.startswith((b"client-request-id", b"accept-enc"))
            ]
            for request in server.received
        ]
    assert lines[0][0] != lines[1][0] or lines[0][1] != lines[1][1]
    assert all(b"accept-encoding: gzip" in pair for pair in lines)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip"])
async def test_a_compressed_body_is_inflated(encoding: str) -> None:
    raw = http(gzip.compress(JSON * 1000), f"Content-Encoding: {encoding}")
    async with answering(raw) as server:
        found = await get(server)

    assert found.content == JSON * 1000


@pytest.mark.parametrize("kept", [0.5, 0.99])
async def test_a_compressed_body_cut_off_within_clean_framing_is_no_answer(kept: float) -> None:
    whole = gzip.compress(JSON * 1000)
    async with answering(http(whole[: int(len(whole) * kept)], "Content-Encoding: gzip")) as server:
        with pytest.raises(Truncated):
            await get(server)


async def test_a_compressed_body_cut_off_before_its_first_byte_of_text_is_no_answer() -> None:
    async with answering(http(gzip.compress(JSON)[:11], "Content-Encoding: gzip")) as server:
        with pytest.raises(Truncated):
            await get(server)


async def test_damaged_compression_is_no_answer() -> None:
    async with answering(http(b"\x1f\x8b\x08garbage and more", "Content-Encoding: gzip")) as server:
        with pytest.raises(Truncated):
            await get(server)


async def test_an_encoding_that_was_not_offered_is_no_answer() -> None:
    async with answering(http(zlib.compress(JSON), "Content-Encoding: br")) as server:
        with pytest.raises(httpx.DecodingError):
            await get(server)


async def test_an_empty_body_is_whole_whatever_its_encoding() -> None:
    async with answering(http(b"", "Content-Encoding: gzip", status="202 Accepted")) as server:
        found = await get(server)

    assert (found.status_code, found.content) == (202, b"")


async def test_a_short_body_is_no_answer() -> None:
    async with answering(http(JSON, length=100), then_close=True) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await get(server)


@pytest.mark.parametrize(("size", "fits"), [(100_000, True), (100_001, False)])
@pytest.mark.parametrize("packed", [True, False])
async def test_a_body_may_be_as_large_as_the_limit_and_no_larger(size: int, fits: bool, packed: bool) -> None:
    body = b"a" * size
    raw = http(gzip.compress(body), "Content-Encoding: gzip") if packed else http(body)
    async with answering(raw) as server:
        if fits:
            assert len((await get(server, body_limit=100_000)).content) == size
        else:
            with pytest.raises(TooLarge):
                await get(server, body_limit=100_000)


async def test_the_roots_of_trust_are_read_once_for_all_connections() -> None:
    one, other = direct("https://graph.microsoft.com"), direct("https://api.securitycenter.microsoft.com")

    trusted = one._pool._ssl_context
    assert trusted is not None
    assert trusted is other._pool._ssl_context
    assert trusted.verify_mode is ssl.CERT_REQUIRED
