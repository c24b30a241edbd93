"""The two channels for trying out: lines on the console, and JSON lines in a file."""

import asyncio
import contextlib
import io
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from agent.adapters.channels.bounds import Bounds
from agent.adapters.channels.console import Console
from agent.adapters.channels.lines import Lines
from agent.model.channel import ChannelKind
from agent.model.errors import AgentError, Refused, Unavailable
from agent.model.escalation import Occasion, Receipt
from tests.adapters.hostile import notice
from tests.adapters.wires import Vendor, channel, channels, later

CONSOLE = channel(ChannelKind.CONSOLE)


async def test_the_console_shows_a_page_as_people_read_it() -> None:
    console = io.StringIO()

    async with channels(None, console=console) as opened:
        receipt = await opened.send(CONSOLE, notice(items=1, total=3), ())

    assert console.getvalue() == (
        "[here] People are needed: 3 actions\n"
        "│ 3 actions of incident 42 wait for people\n"
        "│ No policy settles them.\n"
        "│ Targets: 12\n"
        "│ Decide before: 2026-08-25 12:00 UTC (in 5 days)\n"
        "│ Chain: secops, step 1\n"
        "│ Urgency: high\n"
        "│ 1. soft delete of a mail cluster: answer: approve or reject, 12 targets, "
        "before 2026-08-25 12:00 UTC (in 5 days), incident 40\n"
        "│    12 messages, subject “invoice”\n"
        "│    no policy settles it\n"
        "│ and 2 more actions not shown here: follow the link for all of them\n"
        "│ Open: https://security.microsoft.com/incidents/42?tid=00000000-0000-0000-0000-000000000000\n"
    )
    assert receipt.words == "written to standard error"


async def test_the_console_says_where_another_channel_failed_and_that_it_is_a_test() -> None:
    console = io.StringIO()

    async with channels(None, console=console) as opened:
        await opened.send(CONSOLE, later(notice(), occasion=Occasion.TEST, instead_of="teams-secops"), ())

    assert "[here] TEST: nothing is asked: 3 actions\n" in console.getvalue()
    assert "│ Instead of: teams-secops, which failed\n" in console.getvalue()


async def test_a_console_without_the_letters_gets_their_escapes() -> None:
    raw = io.BytesIO()
    console = io.TextIOWrapper(raw, encoding="ascii")

    async with channels(None, console=console) as opened:  # type: ignore[arg-type]
        await opened.send(CONSOLE, notice("ß"), ())

    assert b"\\xdf" in raw.getvalue()


async def test_a_console_that_is_closed_is_unavailable() -> None:
    console = io.StringIO()
    console.close()

    async with channels(None, console=console) as opened:
        with pytest.raises(Unavailable, match="cannot be written to"):
            await opened.send(CONSOLE, notice(), ())


async def test_a_console_that_nobody_reads_keeps_the_agent_from_nothing() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"." * 65_536)
    os.set_blocking(writing, True)

    with os.fdopen(writing, "w") as stream:
        console = Console(stream, patience=0.05)
        with pytest.raises(Unavailable, match="takes no more text"):
            await console.send(CONSOLE, notice(), ())
        with pytest.raises(Unavailable, match="still takes the text before this one"):
            await console.send(CONSOLE, notice(), ())
        receipt = await _once_it_is_read(console, reading)

    assert receipt.words == "written to standard error"


async def _once_it_is_read(console: Console, reading: int) -> Receipt:
    """Read what stands in the pipe until the console takes a notice again."""
    os.set_blocking(reading, False)
    while True:
        with contextlib.suppress(BlockingIOError):
            while os.read(reading, 1 << 20):
                pass
        await asyncio.sleep(0)
        with contextlib.suppress(Unavailable):
            receipt = await console.send(CONSOLE, notice(), ())
            os.close(reading)
            return receipt


async def test_no_link_chooses_what_is_written_to(tmp_path: Path) -> None:
    other, link = tmp_path / "ledger.db", tmp_path / "lines.jsonl"
    other.write_bytes(b"SQLite format 3")
    link.symlink_to(other)

    with pytest.raises(Refused, match="leads over a link: name the file itself"):
        await Lines(Bounds(files=tmp_path)).send(channel(ChannelKind.FILE, path=str(link)), notice(), ())

    assert other.read_bytes() == b"SQLite format 3"


async def test_a_disk_that_is_gone_keeps_the_agent_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_back = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda _: is_back.wait())
    here, wire = (
        channel(ChannelKind.FILE, path=str(tmp_path / "lines.jsonl")),
        Lines(Bounds(files=tmp_path), patience=0.05),
    )

    for _ in range(50):
        with pytest.raises(Unavailable, match="takes no line: look at the disk"):
            await wire.send(here, notice(), ())
    threads = [one for one in threading.enumerate() if one.name == "file"]
    is_back.set()
    for one in threads:
        one.join()
    await asyncio.sleep(0)
    receipt = await wire.send(here, notice(), ())

    assert len(threads) == 1
    assert receipt.words == "written to the file"


async def test_the_file_gets_one_line_a_notice_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    here = channel(ChannelKind.FILE, path=str(path))

    async with channels(None, files=tmp_path) as opened:
        await opened.send(here, notice(), ())
        await opened.send(here, notice("a\nb\u2028c"), ())

    lines = path.read_text().split("\n")
    assert [json.loads(line)["title"] for line in lines[:2]] == [
        "3 actions of incident 42 wait for people",
        "a\\u000ab\\u2028c",
    ]
    assert lines[2:] == [""]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()

    async with channels(None, files=tmp_path) as opened:
        for path, words in (
            (tmp_path / "no" / "folder", "no such file"),
            (tmp_path / "folder", "is a directory"),
            (tmp_path / "pipe", "no such device|is not a file"),
            (Path("/dev/null"), "lies outside of"),
            (Path("nul\x00"), "is no path"),
        ):
            with pytest.raises((Refused, Unavailable), match=words):
                await opened.send(channel(ChannelKind.FILE, path=str(path)), notice(), ())


async def test_nothing_is_heard_where_nothing_can_be_acknowledged() -> None:
    async with channels(None) as opened:
        assert await opened.heard(CONSOLE, ()) == ()


async def test_every_kind_of_channel_has_its_wire() -> None:
    async with channels(Vendor()) as opened:
        for kind in ChannelKind:
            with contextlib.suppress(AgentError):
                await opened.send(channel(kind), notice(), ())
