"""How far a host can be reached: over real TLS on this machine where it matters, else at the transport."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Event

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.adapters.host import SystemClock
from agent.adapters.in_time import in_time
from agent.adapters.microsoft import reach as reaching
from agent.adapters.microsoft.reach import look_up, reach, trouble_of
from agent.model.checkup import Reach, Trouble
from tests.adapters.loopback import plain, server
from tests.certificates import ENDS, write_pair

NOW = SystemClock().now
DATE = "Date: Tue, 01 Sep 2026 12:00:00 GMT"


async def one_address(_host: str, _port: int) -> int:
    return 1


def trusting(*certificates: Path) -> httpx.AsyncHTTPTransport:
    context = ssl.create_default_context()
    for one in certificates:
        context.load_verify_locations(one)
    return httpx.AsyncHTTPTransport(verify=context)


@asynccontextmanager
async def served(folder: Path, ends: datetime = ENDS) -> AsyncIterator[tuple[int, Path]]:
    certificate, key = write_pair(folder, ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with server(plain("200 OK", b"{}", DATE), context) as heard:
        yield heard.port, certificate


async def reached(url: str, transport: httpx.AsyncBaseTransport | None = None) -> Reach:
    return await reach(url, "the login", NOW, look_up=one_address, transport=transport)


async def test_a_host_that_answers_says_its_time_and_shows_its_certificate(tmp_path: Path) -> None:
    async with served(tmp_path) as (port, certificate):
        found = await reached(f"https://127.0.0.1:{port}/x", trusting(certificate))

    assert found.trouble is Trouble.NONE
    assert found.date == datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
    assert found.peer is not None
    assert (found.peer.issuer, found.peer.ends) == ("localhost", ENDS)
    assert found.asked is not None
    assert found.answered is not None
    assert found.asked <= found.answered


async def test_a_certificate_of_another_host_is_told_with_its_issuer(tmp_path: Path) -> None:
    async with served(tmp_path) as (port, certificate):
        named = await reached(f"https://nowhere.localhost:{port}/", _to_loopback(port, certificate))

    assert named.trouble is Trouble.HOST_NAME


def _to_loopback(port: int, certificate: Path) -> httpx.AsyncBaseTransport:
    """Connect to this machine whatever the host is called, and check its certificate by that name."""

    class Renamed(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self._inner = trusting(certificate)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.extensions["sni_hostname"] = request.url.host
            request.url = request.url.copy_with(host="127.0.0.1")
            return await self._inner.handle_async_request(request)

        async def aclose(self) -> None:
            await self._inner.aclose()

    return Renamed()


async def test_an_issuer_that_is_not_trusted_is_named_without_being_trusted(tmp_path: Path) -> None:
    async with served(tmp_path) as (port, _):
        found = await reached(f"https://127.0.0.1:{port}/", trusting())

    assert found.trouble is Trouble.UNTRUSTED
    assert found.detail == "issued by localhost"
    assert found.date is None


async def test_a_certificate_that_has_ended_is_told_as_ended(tmp_path: Path) -> None:
    async with served(tmp_path, NOW() - timedelta(days=1)) as (port, certificate):
        found = await reached(f"https://127.0.0.1:{port}/", trusting(certificate))

    assert found.trouble is Trouble.EXPIRED


async def test_a_certificate_that_begins_later_is_told_as_such(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW() + timedelta(days=1))
        .not_valid_after(NOW() + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    both = tmp_path / "both.pem"
    both.write_bytes(
        built.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    async with server(plain("200 OK"), context) as heard:
        found = await reached(f"https://127.0.0.1:{heard.port}/", trusting(both))

    assert found.trouble is Trouble.NOT_YET


async def test_a_server_that_speaks_no_tls_is_told_apart() -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        found = await reached(f"https://127.0.0.1:{port}/")

    assert found.trouble is Trouble.TLS


async def test_a_port_where_nobody_listens_is_no_connection() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        found = await reached(f"http://127.0.0.1:{port}/")

    assert found.trouble is Trouble.CONNECTION
    assert found.is_plain


async def test_a_name_that_nobody_knows_is_told_before_anything_is_sent() -> None:
    async def unknown(_host: str, _port: int) -> int:
        raise socket.gaierror(-2, "Name or service not known")

    found = await reach("https://login.example/", "the login", NOW, look_up=unknown)

    assert (found.trouble, found.host) == (Trouble.NAME, "login.example")


async def test_this_machine_has_a_name_and_what_is_no_name_has_none() -> None:
    assert await look_up("127.0.0.1", 80) == 1
    with pytest.raises((OSError, UnicodeError)):
        await look_up("." * 300, 80)


async def test_behind_a_proxy_names_are_its_own_to_look_up_and_its_login_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reaching, "getproxies", lambda: {"https": "http://me:secret@proxy.example:8080"})
    monkeypatch.setattr(reaching, "proxy_bypass", lambda _host: False)

    def refused(_request: httpx.Request) -> httpx.Response:
        raise httpx.ProxyError("407 Proxy Authentication Required")

    found = await reach("https://graph.example/", "Graph", NOW, transport=httpx.MockTransport(refused))

    assert found.trouble is Trouble.PROXY
    assert found.proxy == "http://proxy.example:8080"
    assert found.detail == "407 Proxy Authentication Required"


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (httpx.ReadTimeout("slow"), Trouble.TIMEOUT),
        (httpx.ConnectTimeout("slow"), Trouble.TIMEOUT),
        (TimeoutError(), Trouble.TIMEOUT),
        (httpx.RemoteProtocolError("broken"), Trouble.BROKEN),
        (httpx.ConnectError("no"), Trouble.CONNECTION),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), Trouble.TLS),
        (httpx.ProxyError("<html>secret</html>"), Trouble.PROXY),
    ],
)
def test_each_failure_has_its_word_and_no_text_of_somebody_else(error: Exception, trouble: Trouble) -> None:
    found, detail = trouble_of(error)

    assert found is trouble
    assert "secret" not in detail


@pytest.mark.parametrize("header", ["yesterday", "Tue, 01 Sep 2026 12:00:00", ""])
async def test_a_date_that_is_none_says_nothing_of_the_clock(header: str) -> None:
    answer = httpx.MockTransport(lambda _: httpx.Response(200, headers={"date": header}))

    found = await reached("http://127.0.0.1:8000/", answer)

    assert found.date is None
    assert found.trouble is Trouble.NONE


async def test_work_that_hangs_is_not_waited_for() -> None:

    ends = Event()

    with pytest.raises(TimeoutError):
        await in_time(ends.wait, 0.01)
    ends.set()


async def test_work_in_time_hands_on_what_it_comes_to_and_what_it_raises() -> None:

    def broken() -> int:
        raise OSError(5, "oh")

    assert await in_time(lambda: 3, 1) == 3
    with pytest.raises(OSError, match="oh"):
        await in_time(broken, 1)
