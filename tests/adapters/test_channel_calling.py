"""What an answer means to whoever sends, how long is waited, and that no secret is ever told."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.calling import Answer, Call, hidden
from agent.adapters.channels.pace import Limit, Pace
from agent.adapters.channels.secrets import secret_of
from agent.model.channel import Channel, ChannelKind, SecretPlace
from agent.model.errors import AgentError, Malformed, Refused, Unavailable
from agent.model.escalation import Occasion, Receipt
from tests.adapters.hostile import notice
from tests.adapters.loopback import plain, server
from tests.adapters.wires import (
    API_TOKEN,
    ENVIRON,
    SECRETS,
    TEAMS_URL,
    Answering,
    Vendor,
    answering,
    channel,
    channels,
    in_seconds,
    later,
    posted,
)
from tests.clock import ManualClock

KINDS = (ChannelKind.PAGER_DUTY, ChannelKind.TEAMS, ChannelKind.SLACK, ChannelKind.WEBHOOK)
HOOK = channel(ChannelKind.WEBHOOK)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
async def test_an_answer_that_may_be_another_tomorrow_is_unavailable(kind: ChannelKind, status: int) -> None:
    async with channels(Vendor(answering(httpx.Response(status)))) as opened:
        with pytest.raises(Unavailable, match=rf"^channel `here`: (chat.postMessage: )?{status}"):
            await opened.send(channel(kind), notice(), ())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422])
async def test_a_no_is_refused(kind: ChannelKind, status: int) -> None:
    async with channels(Vendor(answering(httpx.Response(status)))) as opened:
        with pytest.raises(Refused, match=rf"{status}"):
            await opened.send(channel(kind), notice(), ())


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("x"),
        httpx.ConnectTimeout("x"),
        httpx.ReadTimeout("x"),
        httpx.ReadError("x"),
        httpx.RemoteProtocolError("x"),
        ConnectionResetError("x"),
        TimeoutError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_network_that_fails_is_unavailable(kind: ChannelKind, error: Exception) -> None:
    async with channels(Vendor(answering(error))) as opened:
        with pytest.raises(Unavailable):
            await opened.send(channel(kind), notice(), ())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("Tue, 01 Sep 2026 12:01:30 GMT", 90.0),
        ("86400", 600.0),
        ("soon", 30.0),
        ("-3", 30.0),
        (None, 30.0),
    ],
)
async def test_429_is_waited_out_for_as_long_as_is_asked_and_no_longer_than_ten_minutes(
    header: str | None, seconds: float
) -> None:
    clock = ManualClock()
    vendor = Vendor(answering(httpx.Response(429, headers={"Retry-After": header} if header else {})))
    async with channels(vendor, clock=clock) as opened:
        with pytest.raises(Unavailable) as away:
            await opened.send(HOOK, notice(), ())

    assert away.value.until == in_seconds(clock, seconds)


async def test_whoever_comes_before_the_wait_is_over_is_turned_away_here() -> None:
    clock = ManualClock()
    vendor = Vendor(answering(httpx.Response(429, headers={"Retry-After": "60"}), httpx.Response(204)))
    async with channels(vendor, clock=clock) as opened:
        with pytest.raises(Unavailable):
            await opened.send(HOOK, notice(), ())
        with pytest.raises(Unavailable, match=r"its rate is spent until 12:01:00 UTC"):
            await opened.send(HOOK, notice(), ())
        clock.advance(timedelta(seconds=60))
        await opened.send(HOOK, notice(), ())

    assert len(vendor.requests) == 2


async def test_503_with_a_wait_is_waited_out_and_without_one_names_none() -> None:
    clock = ManualClock()
    vendor = Vendor(answering(httpx.Response(503), httpx.Response(503, headers={"Retry-After": "5"})))
    async with channels(vendor, clock=clock) as opened:
        with pytest.raises(Unavailable) as first:
            await opened.send(HOOK, notice(), ())
        with pytest.raises(Unavailable) as second:
            await opened.send(HOOK, notice(), ())

    assert first.value.until is None
    assert second.value.until == in_seconds(clock, 5)


@pytest.mark.parametrize("kind", [ChannelKind.PAGER_DUTY, ChannelKind.SLACK])
@pytest.mark.parametrize(
    "body", [b"", b"<html>proxy</html>", b"[]", b"null", b"{}", b'{"ok":"yes"}', b"\xff\xfe", b"[" * 100_000]
)
async def test_an_answer_in_another_shape_is_malformed(kind: ChannelKind, body: bytes) -> None:
    async with channels(Vendor(answering(httpx.Response(200, content=body)))) as opened:
        with pytest.raises(
            Malformed, match=r"the answer is not (JSON|in the documented shape): check what answers"
        ):
            await opened.send(channel(kind), notice(), ())


@pytest.mark.parametrize("kind", [ChannelKind.TEAMS, ChannelKind.WEBHOOK])
async def test_a_body_that_nothing_is_read_from_may_be_anything(kind: ChannelKind) -> None:
    async with channels(Vendor(answering(httpx.Response(202, content=b"\xff accepted")))) as opened:
        receipt = await opened.send(channel(kind), notice(), ())

    assert "taken by" in receipt.words


async def test_an_answer_without_end_is_cut_off() -> None:
    class Endless(httpx.AsyncByteStream):
        given = 0

        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                Endless.given += 1
                yield b"x" * 65_536

    async with channels(Vendor(lambda request: httpx.Response(200, stream=Endless()))) as opened:
        with pytest.raises(Malformed, match=r"larger than 1024 KiB"):
            await opened.send(HOOK, notice(), ())

    assert Endless.given == 17


async def test_a_compressed_answer_is_not_opened() -> None:
    async with channels(
        Vendor(lambda request: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=_Bytes()))
    ) as opened:
        with pytest.raises(Malformed, match=r"compressed, which was not asked for"):
            await opened.send(HOOK, notice(), ())


class _Bytes(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"\x1f\x8b"


async def test_an_answer_that_trickles_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.adapters.channels.calling.DEADLINE_SECONDS", 0.05)

    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.005)

    async with server(trickle) as heard, channels(None, hosts=["127.0.0.1"]) as opened:
        hook = channel(ChannelKind.WEBHOOK, url=f"http://127.0.0.1:{heard.port}/")
        with pytest.raises(Unavailable, match=r"no answer in time"):
            await opened.send(hook, notice(), ())


async def test_an_answer_that_breaks_off_is_unavailable() -> None:
    async def break_off(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.close()

    async with server(break_off) as heard, channels(None, hosts=["127.0.0.1"]) as opened:
        hook = channel(ChannelKind.WEBHOOK, url=f"http://127.0.0.1:{heard.port}/")
        with pytest.raises(Unavailable, match=r"the connection broke"):
            await opened.send(hook, notice(), ())


async def test_a_server_that_talks_nonsense_is_unavailable() -> None:
    async def nonsense(writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
        await writer.drain()

    async with server(nonsense) as heard, channels(None, hosts=["127.0.0.1"]) as opened:
        hook = channel(ChannelKind.WEBHOOK, url=f"http://127.0.0.1:{heard.port}/")
        with pytest.raises(Unavailable, match=r"the connection broke"):
            await opened.send(hook, notice(), ())


async def test_connections_are_closed_in_the_end() -> None:
    vendor = Vendor()

    async with channels(vendor):
        assert not vendor.is_closed

    assert vendor.is_closed


async def test_a_rate_lets_through_waits_and_turns_away() -> None:
    clock = ManualClock()
    pace, limits = Pace(clock), (Limit(2, timedelta(seconds=1)), Limit(5, timedelta(seconds=60)))
    began = clock.now()

    for _ in range(5):
        await pace.spend("key", limits, "here")
    waited = clock.now() - began
    with pytest.raises(Unavailable) as away:
        await pace.spend("key", limits, "here")
    await pace.spend("another key", limits, "here")

    assert waited == timedelta(seconds=2)
    assert away.value.until == began + timedelta(seconds=60)


async def test_calls_at_the_same_time_keep_the_rate_together() -> None:
    clock = ManualClock()
    began = clock.now()
    pace, limits = Pace(clock), (Limit(1, timedelta(seconds=1)),)

    await asyncio.gather(*(pace.spend("key", limits, "here") for _ in range(6)))

    assert [moment - began for moment in clock.waits] == [timedelta(seconds=n) for n in range(1, 6)]


# -- secrets --


def _place(**place: str) -> Channel:
    return channel(ChannelKind.PAGER_DUTY, secret=SecretPlace(**place))


def test_a_secret_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    environ = {"KEY": "first"}
    bounds = Bounds(environ=environ, secrets=(tmp_path,))

    path.write_text("one\n")
    of_file, of_environ = _place(file=str(path)), _place(env="KEY")
    before = secret_of(of_file, of_file.secret, bounds), secret_of(of_environ, of_environ.secret, bounds)
    path.write_text("  two \n")
    environ["KEY"] = "second"
    after = secret_of(of_file, of_file.secret, bounds), secret_of(of_environ, of_environ.secret, bounds)

    assert before == ("one", "first")
    assert after == ("two", "second")


def test_a_secret_that_is_missing_names_its_place() -> None:
    here = _place(env="NOT_THERE")

    with pytest.raises(Refused, match=r"^channel `here`: the variable NOT_THERE is empty or not there"):
        secret_of(here, here.secret, Bounds())
    with pytest.raises(Refused, match=r"it names no secret: set `secret` in `channels/here.yaml`"):
        secret_of(here, None, Bounds())


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"two words", b"two\nlines", b"nul\x00", "ß".encode(), b"\xff\xfe"]
)
def test_a_file_that_holds_no_secret_is_refused_without_its_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    here = _place(file=str(path))

    with pytest.raises(Refused) as refused:
        secret_of(here, here.secret, Bounds(secrets=(tmp_path,)))

    assert f"the file {path}" in str(refused.value)
    assert "two" not in str(refused.value).replace("more than one word", "")
    assert refused.value.__cause__ is None


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "huge").write_text("x" * 20_000)
    for path, words in (
        (tmp_path / "not-there", "no such file"),
        (tmp_path / "folder", "is a directory|is not a file"),
        (tmp_path / "pipe", "is not a file"),
        (Path("/dev/zero"), "lies outside of"),
        (tmp_path / "huge", "larger than 16 KiB"),
        (Path("nul\x00"), "cannot be read"),
    ):
        here = _place(file=str(path))
        with pytest.raises(Refused, match=words):
            secret_of(here, here.secret, Bounds(secrets=(tmp_path,)))


def test_neither_the_process_nor_the_audit_s_key_is_a_channel_s_secret(tmp_path: Path) -> None:
    """Whoever writes channels would have them sent wherever they want."""
    (tmp_path / "audit.key").write_text("key")
    (tmp_path / "link").symlink_to("/proc/self/environ")
    for path in (
        "/proc/self/environ",
        "/tmp/../proc/self/cmdline",
        tmp_path / "link",
        tmp_path / "audit.key",
    ):
        here = _place(file=str(path))
        with pytest.raises(Refused, match="is no channel's: it tells of this process, or is the audit's key"):
            secret_of(here, here.secret, Bounds(secrets=(Path("/"),)), is_one_word=False)


def test_a_password_may_be_more_than_one_word() -> None:
    here = _place(env="PASSWORD")

    assert (
        secret_of(here, here.secret, Bounds(environ={"PASSWORD": " pass word ß "}), is_one_word=False)
        == "pass word ß"
    )


def test_neither_calls_nor_answers_show_what_is_in_them() -> None:
    call = Call(
        start="here", url=TEAMS_URL, secrets=(API_TOKEN,), counted=(TEAMS_URL,), limits=(), body=b"secret"
    )
    answer = Answer(status=200, headers=httpx.Headers({"set-cookie": "secret"}), body=b"secret")

    assert "secret" not in f"{call!r} {call} {answer!r} {answer}"
    assert not any(secret in f"{call!r}{call.pace_key}" for secret in SECRETS)


def test_somebody_elses_message_is_one_short_line_without_secrets() -> None:
    assert hidden(f"key {API_TOKEN} is\nwrong", (API_TOKEN,)) == "key *** is wrong"
    assert hidden("see https://evil.example/?sig=abcdefghijk", ()) == "see https://evil.example/***"
    assert hidden("\x1b[31mred\u202e", ()) == "\\u001b[31mred\\u202e"
    assert len(hidden("x" * 10_000, ())) < 180


@pytest.mark.parametrize("kind", KINDS)
async def test_no_log_line_and_no_error_tells_a_secret(
    kind: ChannelKind, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong, and however much of our requests the other side repeats."""
    caplog.set_level(logging.DEBUG)
    told: list[str] = []

    def repeated(request: httpx.Request) -> str:
        return " ".join((str(request.url), request.content.decode(), *request.headers.values()))

    echoes: list[Answering] = [
        *(
            lambda request, status=status: httpx.Response(
                status, json={"message": repeated(request), "error": str(request.url)}
            )
            for status in (400, 429, 503)
        ),
        *(
            lambda request, status=status: httpx.Response(status, text=repeated(request))
            for status in (400, 200)
        ),
        lambda request: httpx.Response(302, headers={"location": str(request.url)}),
        lambda request: httpx.Response(
            200, json={"ok": False, "error": repeated(request), "status": repeated(request)}
        ),
        lambda request: httpx.Response(200, json={"ok": repeated(request), "status": 7}),
        answering(httpx.ConnectError(TEAMS_URL)),
        answering(httpx.ReadTimeout(" ".join(SECRETS))),
    ]
    for echo in echoes:
        clock = ManualClock()
        async with channels(Vendor(echo), clock=clock) as opened:
            for occasion in (Occasion.PAGE, Occasion.UPDATE, Occasion.RESOLVED):
                earlier = posted(notice(), Receipt(ref="C1:1.2"))
                try:
                    receipt = await opened.send(channel(kind), later(notice(), occasion=occasion), [earlier])
                    told.append(repr(receipt))
                except AgentError as error:
                    told += [str(error), repr(error)]
            try:
                told.append(repr(await opened.heard(channel(kind), [posted(notice())])))
            except AgentError as error:
                told.append(str(error))
            told += [repr(channel(kind)), repr(opened)]

    told.append(caplog.text)

    assert [secret for secret in SECRETS for words in told if secret in words] == []


async def test_even_the_libraries_own_log_lines_tell_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Over a real connection, with everything logged that httpx and httpcore have to say."""
    for logger in (
        "",
        "httpx",
        "httpcore",
    ):  # Graph's connection keeps these silent, where it was opened before
        caplog.set_level(logging.DEBUG, logger=logger)
    async with server(plain("500 Failed", b"x")) as heard:
        path = TEAMS_URL.partition(":443")[2]
        environ = ENVIRON | {"TEAMS_URL": f"http://127.0.0.1:{heard.port}{path}"}
        url = f"http://127.0.0.1:{heard.port}"
        async with channels(None, hosts=["127.0.0.1"], environ=environ) as opened:
            for kind, more in (
                (ChannelKind.TEAMS, {}),
                (ChannelKind.SLACK, {"url": url}),
                (ChannelKind.PAGER_DUTY, {"url": url, "api_url": url}),
                (ChannelKind.WEBHOOK, {"url": url}),
            ):
                with pytest.raises(Unavailable) as away:
                    await opened.send(channel(kind, **more), notice(), ())
                whole = "".join(traceback.format_exception(away.value))
                assert [secret for secret in SECRETS if secret in whole] == []

    assert len(heard.heads) == 4
    assert any(record.name.startswith("httpcore") for record in caplog.records)
    assert [secret for secret in SECRETS if secret in caplog.text] == []


def test_where_a_secret_lies_is_shown_and_nothing_else() -> None:
    here: Channel = channel(ChannelKind.TEAMS)

    assert "TEAMS_URL" in repr(here)
    assert not any(secret in repr(here) for secret in SECRETS)


@pytest.mark.parametrize("body", [b"[]", b"7", b"\xff", b"<html>no</html>", b'{"message": 7}'])
async def test_an_error_without_a_message_is_told_by_its_status(body: bytes) -> None:
    async with channels(Vendor(answering(httpx.Response(400, content=body)))) as opened:
        with pytest.raises(Refused, match=r"^channel `here`: 400$"):
            await opened.send(HOOK, notice(), ())


@pytest.mark.parametrize(
    "url", ["https://xn--80ak6aa92e.com/x", "https://HOOKS.Contoso.Example/", "https://[2606:4700::ABCD]/"]
)
async def test_a_host_is_sent_to_as_it_was_checked(url: str) -> None:
    vendor = Vendor()

    async with channels(vendor) as opened:
        await opened.send(channel(ChannelKind.WEBHOOK, url=url), notice(), ())

    assert len(vendor.requests) == 1


async def test_a_url_that_its_two_readers_read_differently_is_not_sent_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.adapters.channels.calling.check_url", lambda *_: "another.example")
    vendor = Vendor()

    async with channels(vendor) as opened:
        with pytest.raises(Refused, match="can be read in two ways"):
            await opened.send(HOOK, notice(), ())

    assert vendor.requests == []
