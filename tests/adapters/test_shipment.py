"""Lines are on the disk before they count as shipped, and what fails says where and why."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest

from agent.adapters import shipment as shipment_module
from agent.adapters.shipment import REMEMBERED, Shipment
from agent.audit.lines import read_anchors, read_lines
from agent.audit.witness import anchors, shipped
from agent.model.audit import Head, Link
from agent.model.errors import Unavailable
from tests.audit.chains import KEY, NOW, TENANT, Books, an_entry


@pytest.fixture
def links() -> list[Link]:
    books = Books()
    books.tell(*(an_entry(count=number) for number in range(4)))
    return books.chains["a"]


def shipment(folder: Path, *, anchors: Path | None = None, syslog: str = "") -> Shipment:
    return Shipment(TENANT, KEY, file=folder / "audit.jsonl", anchors=anchors, syslog=syslog)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def head(number: int = 4) -> Head:
    return Head(replica="a", number=number, mac=bytes(32))


def read(path: Path) -> list[int]:
    with path.open("rb") as lines:
        return [link.number for _, link in read_lines(lines)]


async def test_entries_are_added_in_a_file_that_nobody_else_reads(tmp_path: Path, links: list[Link]) -> None:
    sink = shipment(tmp_path)

    await sink.ship(links[:2])
    await sink.ship(links[2:])

    file = tmp_path / "audit.jsonl"
    with file.open("rb") as lines:
        copy = shipped("it", KEY, TENANT, read_lines(lines))
    assert (copy.faults, copy.spans) == ((), {"a": [(1, 4)]})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_line_that_was_cut_off_is_ended_and_comes_again_whole(
    tmp_path: Path, links: list[Link]
) -> None:
    sink, file = shipment(tmp_path), tmp_path / "audit.jsonl"
    await sink.ship(links[:2])
    os.truncate(file, file.stat().st_size - 30)

    await sink.ship(links[:3])

    assert read(file) == [1, 1, 2, 3]


async def test_a_file_that_was_rotated_away_is_begun_anew(tmp_path: Path, links: list[Link]) -> None:
    sink, file = shipment(tmp_path), tmp_path / "audit.jsonl"
    await sink.ship(links[:2])
    file.rename(tmp_path / "audit.jsonl.1")

    await sink.ship(links[2:])

    assert (read(tmp_path / "audit.jsonl.1"), read(file)) == ([1, 2], [3, 4])


async def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, links: list[Link]) -> None:
    with pytest.raises(Unavailable) as caught:
        await shipment(tmp_path / "nowhere").ship(links)

    assert str(caught.value) == (
        f"`audit.file`: `{tmp_path}/nowhere/audit.jsonl` cannot be written: no such file or directory"
    )


async def test_heads_are_anchored_sealed(tmp_path: Path) -> None:
    place = tmp_path / "anchors"
    sink = shipment(tmp_path, anchors=place)

    await sink.anchor(head(4), NOW)
    await sink.anchor(head(9), NOW)

    with place.open("rb") as lines:
        copy = anchors("them", KEY, TENANT, read_anchors(lines))
    assert (copy.faults, copy.chains["a"].last) == ([], 9)


async def test_without_a_second_place_nothing_is_anchored(tmp_path: Path) -> None:
    await shipment(tmp_path).anchor(head(), NOW)

    assert names_in(tmp_path) == []


async def test_heads_are_told_to_syslog_in_a_line_that_can_be_checked(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)

        await shipment(tmp_path, syslog=f"127.0.0.1:{server.getsockname()[1]}").anchor(head(), NOW)

        told = server.recv(4096)
    assert told.startswith(b"<86>air-agent-audit: {")
    copy = anchors("it", KEY, TENANT, read_anchors([told + b"\n"]))
    assert (copy.faults, copy.chains["a"].last) == ([], 4)


async def test_heads_are_told_to_a_socket_of_this_machine(tmp_path: Path) -> None:
    place = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(place))
        server.settimeout(5)

        await shipment(tmp_path, syslog=str(place)).anchor(head(), NOW)

        assert b'"number":4' in server.recv(4096)


@pytest.mark.parametrize(
    ("place", "why"),
    [("/nowhere/log", "no such file or directory"), ("host:port", "is not `host:port`")],
)
async def test_a_syslog_that_cannot_be_told_is_named(tmp_path: Path, place: str, why: str) -> None:
    with pytest.raises(Unavailable) as caught:
        await shipment(tmp_path, syslog=place).anchor(head(), NOW)

    assert str(caught.value) == f"`audit.syslog`: `{place}` cannot be told: {why}"


async def test_a_mount_that_hangs_is_not_waited_for_for_ever(tmp_path: Path, links: list[Link]) -> None:
    """A named pipe that nobody reads hangs as a dead mount does."""
    os.mkfifo(tmp_path / "audit.jsonl")
    with os.fdopen(os.open(tmp_path / "audit.jsonl", os.O_RDWR | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        sink = Shipment(TENANT, KEY, file=tmp_path / "audit.jsonl", anchors=None, syslog="", patience=0.05)
        many = links * 200

        with pytest.raises(Unavailable, match=r"no answer in 0\.05 seconds: check the mount"):
            await sink.ship(many)
        with pytest.raises(Unavailable, match="the last write still hangs"):
            await sink.ship(many)

        while sink._turns["audit.file"].locked():
            pipe.read(1 << 16)
            await asyncio.sleep(0)


@pytest.mark.parametrize("is_new_process", [False, True])
async def test_a_ledger_that_was_set_back_ships_nothing_under_numbers_that_are_taken(
    tmp_path: Path, links: list[Link], is_new_process: bool
) -> None:
    """What it has forgotten has left, and its next call would leave a second time; opened anew it has forgotten it still."""
    await shipment(tmp_path).ship(links)
    other = Books()
    other.tell(an_entry(count=0), an_entry(count=1), an_entry(count=7))
    (*same, another) = other.chains["a"]
    if is_new_process:
        shipment_module._shipped.clear()
        with (tmp_path / "audit.jsonl").open("ab") as file:
            file.write(b"no entry\n")

    sink = shipment(tmp_path)
    await sink.ship(same)
    with pytest.raises(Unavailable, match="the ledger was set back: another entry 3 of `a` was shipped"):
        await sink.ship([another])

    lines = (tmp_path / "audit.jsonl").read_bytes().split(b"\n")
    assert sum(b'"replica"' in one for one in lines) == 6


async def test_only_the_last_entries_are_remembered(tmp_path: Path) -> None:
    books = Books()
    books.tell(*(an_entry(count=number) for number in range(REMEMBERED + 1)))
    other = Books()
    other.tell(an_entry(count=-1))

    await shipment(tmp_path).ship(books.chains["a"])
    await shipment(tmp_path).ship(other.chains["a"])

    assert read(tmp_path / "audit.jsonl")[-1] == 1
