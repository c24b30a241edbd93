"""Channels cannot be turned inside: by no spelling of an address, no name, no second look-up and no redirect."""

import asyncio
import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters import trust
from agent.adapters.channels.addresses import check_addresses, check_url, is_outside
from agent.adapters.channels.calling import Call, Caller
from agent.adapters.channels.guard import Backend, Guarded, look_up
from agent.adapters.channels.pace import Limit
from agent.model.channel import ChannelKind
from agent.model.errors import Refused, Unavailable
from tests.adapters.hostile import notice
from tests.adapters.loopback import certificate, plain, server
from tests.adapters.wires import channel, channels
from tests.clock import ManualClock

INSIDE = (
    "127.0.0.1", "127.0.0.53", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.255", "192.168.0.1", "169.254.169.254", "169.254.170.2", "169.254.0.1", "100.64.0.1", "100.127.255.255",
    "100.100.100.200", "168.63.129.16", "192.0.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1",
    "fe80::1", "febf::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fdff::1", "fec0::1", "ff02::1", "ff0e::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::127.0.0.1", "::a00:1",
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::a83f:8110", "64:ff9b:1::1",
    "2002:7f00:1::", "2002:a9fe:a9fe::", "2002:808:808::", "2001:0:7f00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1", "3fff::1", "5f00::1", "100::1", "2606:4700::5efe:127.0.0.1", "2606:4700::200:5efe:10.0.0.1",
    "2001:10::1", "2001:2::1", "4000::1", "::ffff:0:127.0.0.1",
)  # fmt: skip
OUTSIDE = (
    "8.8.8.8", "1.1.1.1", "11.0.0.1", "9.255.255.255", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
    "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.1", "192.167.255.255", "192.169.0.1",
    "223.255.255.255", "2606:4700::1111", "2a00:1450:4001:801::200e", "::ffff:8.8.8.8", "64:ff9b::808:808",
)  # fmt: skip
START = "channel `here`"


@pytest.mark.parametrize("text", INSIDE)
def test_an_address_inside_is_refused(text: str) -> None:
    assert not is_outside(ip_address(text))

    host = f"[{text}]" if ":" in text else text
    with pytest.raises(Refused, match=r"leads"):
        check_url(f"https://{host}/x", frozenset(), START)


@pytest.mark.parametrize("text", OUTSIDE)
def test_an_address_outside_may_be_asked(text: str) -> None:
    assert is_outside(ip_address(text))


@given(st.ip_addresses(v=4))
def test_no_spelling_of_an_address_by_which_it_is_carried_passes_where_it_does_not(
    address: IPv4Address,
) -> None:
    mapped = IPv6Address(int(IPv6Address("::ffff:0:0")) | int(address))
    translated = IPv6Address(int(IPv6Address("64:ff9b::")) | int(address))

    assert is_outside(mapped) == is_outside(translated) == is_outside(address)
    assert not is_outside(IPv6Address(int(address)))
    assert not is_outside(IPv6Address((0x2002 << 112) | (int(address) << 80)))


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.1/",
        "https://127.0.1/", "https://017700000001/", "https://0x7f.1/", "https://127.0.0.1./", "https://0/", "https://0x/",
        "https://2852039166/", "https://0xa9fea9fe/", "https://0xa9.0xfe.0xa9.0xfe/", "https://169.254.43518/",
        "https://0251.0376.0251.0376/", "https://00000177.1/", "https://127.000.000.001/",
    ],
)  # fmt: skip
def test_an_address_in_disguise_is_refused_however_it_is_spelt(url: str) -> None:
    with pytest.raises(Refused, match=r"in disguise"):
        check_url(url, frozenset(), START)


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/", "https://LOCALHOST/", "https://localhost:8443/", "https://app.localhost/", "https://ledger/",
        "https://metadata.google.internal/", "https://printer.local/", "https://host.localdomain/",
    ],
)  # fmt: skip
def test_a_name_that_is_near_is_refused(url: str) -> None:
    with pytest.raises(
        Refused, match=r"leads inside: if that is meant, add it to the setting `escalation.hosts`"
    ):
        check_url(url, frozenset(), START)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.contoso.example/", "ftp://hooks.contoso.example/", "file:///etc/passwd", "gopher://x.example/",
        "//hooks.contoso.example/", "hooks.contoso.example", "", "https://", "https:///x", "https://:443/",
        "https://user:pass@hooks.contoso.example/", "https://user@hooks.contoso.example/", "https://@contoso.example/",
        "https://hooks.contoso.example@169.254.169.254/", "https://169.254.169.254#@hooks.contoso.example/",
        "https://hooks.contoso.example\\@169.254.169.254/", "https://169.254.169.254\\.contoso.example/",
        "https://hooks.contoso.example/\nx", "https://hooks.contoso.example /", "https://hooks.contoso.example/#x",
        "https://ho\u200boks.contoso.example/", "https://１２７.0.0.1/", "https://hooks。contoso。example/",
        "https://①②⑦.0.0.1/", "https://[::1/", "https://[fe80::1%25eth0]/", "https://[::1]x/", "https://%31%32%37.0.0.1/",
        "https://localhost./", "https://hooks.contoso.example./", "https://hooks..contoso.example/", "https://-x.example/",
        "https://hooks.contoso.example:0/", "https://hooks.contoso.example:99999/", "https://hooks.contoso.example:x/",
        "https://" + "a" * 64 + ".example/", "https://" + "a." * 200 + "example/", "https://contoso.example/" + "a" * 3_000,
    ],
)  # fmt: skip
def test_a_url_that_is_no_plain_https_url_of_a_name_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        check_url(url, frozenset(), START)

    assert str(refused.value).startswith(START)
    assert "pass" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.contoso.example/x?y=z", "https://hooks.contoso.example:8443/", "https://8.8.8.8/",
        "https://[2606:4700::1111]/", "https://HOOKS.Contoso.Example/", "https://xn--80ak6aa92e.com/",
        "https://prod-12.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=y",
        "https://default12.ab.environment.api.powerplatform.com:443/x", "https://my_host.example/",
    ],
)  # fmt: skip
def test_a_plain_https_url_of_a_name_outside_passes(url: str) -> None:
    assert check_url(url, frozenset(), START)


def test_a_host_inside_passes_only_where_the_setting_names_exactly_it() -> None:
    hosts = frozenset({"alerts.intranet", "10.0.0.5", "::1"})

    for url in (
        "http://alerts.intranet/",
        "https://alerts.intranet/",
        "http://10.0.0.5:8080/",
        "http://[::1]/",
    ):
        check_url(url, hosts, START)

    for url in (
        "http://x.alerts.intranet/",
        "http://alerts.intranet.evil.example/",
        "https://10.0.0.6/",
        "http://8.8.8.8/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.5]/",
        "https://167772165/",
    ):
        with pytest.raises(Refused):
            check_url(url, hosts, START)


def test_an_allowed_name_may_be_inside_but_never_lead_to_what_answers_secrets() -> None:
    hosts = frozenset({"alerts.intranet", "169.254.169.254"})
    check_addresses("alerts.intranet", (IPv4Address("10.0.0.5"), IPv4Address("127.0.0.1")), hosts, START)

    for text in (
        "169.254.169.254",
        "168.63.129.16",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
    ):
        with pytest.raises(Refused, match=r"answers secrets"):
            check_addresses("alerts.intranet", (ip_address(text),), hosts, START)
    check_addresses("169.254.169.254", (IPv4Address("169.254.169.254"),), hosts, START)


class Sockets(httpcore.AsyncNetworkBackend):
    """Remembers where a socket was opened to, and opens none; `dead` addresses do not answer."""

    def __init__(self, dead: Sequence[str] = ()) -> None:
        self.dead = dead
        self.opened: list[tuple[str, int]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.opened.append((host, port))
        if host in self.dead:
            raise httpcore.ConnectError("dead")
        return httpcore.AsyncMockStream([])

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing is tried again here")


class Names:
    """Answers look-ups one after the other, and counts them."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def test_a_name_is_looked_up_once_and_connected_to_at_the_address_that_was_checked() -> None:
    """Who answers the second look-up with another address gets nothing: there is none."""
    names, sockets = Names(["93.184.216.34"], ["127.0.0.1"]), Sockets()

    await Backend(frozenset(), names, sockets).connect_tcp("rebind.example", 443)

    assert names.asked == ["rebind.example"]
    assert sockets.opened == [("93.184.216.34", 443)]


async def test_the_next_connection_looks_up_and_checks_anew() -> None:
    names, sockets = Names(["93.184.216.34"], ["127.0.0.1"]), Sockets()
    backend = Backend(frozenset(), names, sockets)
    await backend.connect_tcp("rebind.example", 443)

    with pytest.raises(Refused, match=r"`rebind.example` leads inside"):
        await backend.connect_tcp("rebind.example", 443)

    assert len(sockets.opened) == 1


@pytest.mark.parametrize("text", INSIDE)
async def test_a_name_of_which_one_address_is_inside_is_refused_whole(text: str) -> None:
    sockets = Sockets()

    with pytest.raises(Refused):
        await Backend(frozenset(), Names(["8.8.8.8", text]), sockets).connect_tcp("mixed.example", 443)

    assert sockets.opened == []


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    sockets = Sockets(dead=["8.8.8.8"])

    await Backend(frozenset(), Names(["8.8.8.8", "1.1.1.1"]), sockets).connect_tcp("two.example", 443)

    assert [host for host, _ in sockets.opened] == ["8.8.8.8", "1.1.1.1"]


async def test_no_more_than_four_addresses_are_tried() -> None:
    many = [f"8.8.8.{number}" for number in range(20)]
    sockets = Sockets(dead=many)

    with pytest.raises(httpcore.ConnectError):
        await Backend(frozenset(), Names(many), sockets).connect_tcp("many.example", 443)

    assert len(sockets.opened) == 4


async def test_a_name_without_an_address_and_one_that_cannot_be_looked_up_are_no_connection() -> None:
    async def fails(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    for names in (Names([]), Names(["not an address"]), fails):
        with pytest.raises(httpcore.ConnectError):
            await Backend(frozenset(), names, Sockets()).connect_tcp("none.example", 443)


async def test_a_look_up_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.adapters.channels.guard.LOOK_UP_SECONDS", 0.01)

    async def hangs(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(httpcore.ConnectTimeout):
        await Backend(frozenset(), hangs, Sockets()).connect_tcp("slow.example", 443)


async def test_sockets_in_the_file_system_are_inside() -> None:
    with pytest.raises(Refused):
        await Backend(frozenset()).connect_unix_socket("/run/docker.sock")


async def test_this_machines_own_look_up_gives_addresses() -> None:
    assert "127.0.0.1" in await look_up("127.0.0.1", 80)


@pytest.fixture
def fresh_trust() -> Iterator[None]:
    """Have the roots of trust read anew, and again afterwards: a process reads them once."""
    trust.roots.cache_clear()
    yield
    trust.roots.cache_clear()


@pytest.mark.usefixtures("fresh_trust")
async def test_tls_is_made_for_the_name_although_the_socket_goes_to_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted, context = certificate(tmp_path, "hooks.contoso.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    hosts = frozenset({"hooks.contoso.example", "other.contoso.example"})
    guarded = Guarded(Backend(hosts, Names(["127.0.0.1"])))

    async with server(plain("200 OK"), context) as heard:
        request = httpx.Request("POST", f"https://hooks.contoso.example:{heard.port}/x", content=b"{}")
        answer = await guarded.handle_async_request(request)
        with pytest.raises(httpx.ConnectError):
            await guarded.handle_async_request(
                httpx.Request("GET", f"https://other.contoso.example:{heard.port}/x")
            )
        await answer.aclose()
        await guarded.aclose()

    assert answer.status_code == 200
    assert heard.names[0] == "hooks.contoso.example"
    assert f"Host: hooks.contoso.example:{heard.port}" in heard.heads[0]
    assert len(heard.heads) == 1, "the certificate is of another name: nothing may have been sent"


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
async def test_a_redirect_is_refused_and_never_followed(status: str) -> None:
    async with (
        server(plain("200 OK")) as inside,
        server(plain(status, b"", f"Location: http://127.0.0.1:{inside.port}/admin")) as heard,
        channels(None, hosts=["127.0.0.1"]) as opened,
    ):
        hook = channel(ChannelKind.WEBHOOK, url=f"http://127.0.0.1:{heard.port}/x")
        with pytest.raises(Refused, match=rf"{status[:3]}: a redirect, which is never followed"):
            await opened.send(hook, notice(), ())

    assert len(heard.heads) == 1
    assert inside.heads == []


async def test_what_the_setting_does_not_name_is_not_even_connected_to() -> None:
    async with server(plain("200 OK")) as heard, channels(None) as opened:
        for url in (f"https://127.0.0.1:{heard.port}/", f"https://localhost:{heard.port}/"):
            with pytest.raises(Refused, match=r"channel `here`: .*leads inside"):
                await opened.send(channel(ChannelKind.WEBHOOK, url=url), notice(), ())

    assert heard.connections == 0


async def test_a_name_that_leads_inside_is_refused_in_the_channels_name() -> None:
    guarded = Guarded(Backend(frozenset(), Names(["10.0.0.1"])))
    caller = Caller(guarded, ManualClock(), frozenset())
    limits = (Limit(1, timedelta(seconds=1)),)

    with pytest.raises(Refused, match=r"^channel `here`: `hooks.example` leads inside"):
        await caller.call(Call(start=START, url="https://hooks.example/", counted=("x",), limits=limits))


async def test_proxies_of_the_environment_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(plain("200 OK")) as proxy, server(plain("200 OK")) as heard:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with channels(None, hosts=["127.0.0.1"]) as opened:
            await opened.send(
                channel(ChannelKind.WEBHOOK, url=f"http://127.0.0.1:{heard.port}/"), notice(), ()
            )

    assert proxy.connections == 0
    assert heard.connections == 1


async def test_a_connection_is_used_again_for_the_same_host() -> None:
    async with server(plain("200 OK")) as heard, channels(None, hosts=["127.0.0.1"]) as opened:
        for _ in range(3):
            await opened.send(
                channel(ChannelKind.WEBHOOK, url=f"http://127.0.0.1:{heard.port}/"), notice(), ()
            )

    assert heard.connections == 1
    assert len(heard.heads) == 3


async def test_a_port_where_nobody_listens_is_no_connection() -> None:
    async with server(plain("200 OK")) as heard:
        port = heard.port

    async with channels(None, hosts=["127.0.0.1"]) as opened:
        with pytest.raises(Unavailable, match=r"no connection: check the network"):
            await opened.send(channel(ChannelKind.WEBHOOK, url=f"http://127.0.0.1:{port}/"), notice(), ())


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (httpcore.ConnectTimeout(), httpx.ConnectTimeout),
        (httpcore.PoolTimeout(), httpx.ConnectTimeout),
        (httpcore.ReadTimeout(), httpx.ReadTimeout),
        (httpcore.WriteTimeout(), httpx.ReadTimeout),
        (httpcore.ConnectError(), httpx.ConnectError),
        (httpcore.ReadError(), httpx.RemoteProtocolError),
        (httpcore.RemoteProtocolError(), httpx.RemoteProtocolError),
        (httpcore.UnsupportedProtocol(), httpx.RemoteProtocolError),
    ],
    ids=lambda one: getattr(one, "__name__", type(one).__name__),
)
async def test_every_failure_is_told_in_httpxs_words(failure: Exception, told: type[Exception]) -> None:
    async def fails(host: str, port: int) -> Sequence[str]:
        raise failure

    guarded = Guarded(Backend(frozenset(), fails))

    with pytest.raises(told):
        await guarded.handle_async_request(httpx.Request("GET", "https://hooks.example/"))


async def test_waiting_is_the_inner_backends() -> None:
    with pytest.raises(AssertionError, match="nothing is tried again"):
        await Backend(frozenset(), Names([]), Sockets()).sleep(1.0)


@pytest.mark.parametrize(
    "url", ["https://hooks.example:443x/", "https://hooks%2eexample/", "https://[v1.x]/"]
)
async def test_a_url_that_two_readers_read_differently_is_refused(url: str) -> None:
    async with channels(None) as opened:
        with pytest.raises(Refused):
            await opened.send(channel(ChannelKind.WEBHOOK, url=url), notice(), ())


async def test_a_resolver_that_is_gone_takes_no_thread_from_anything_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_back = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_back.wait() and [])
    asked = [asyncio.create_task(look_up("pager.example", 443)) for _ in range(100)]

    try:
        did = await asyncio.wait_for(asyncio.to_thread(lambda: "something else"), 5)
    finally:
        is_back.set()
        await asyncio.gather(*asked)

    assert did == "something else"
