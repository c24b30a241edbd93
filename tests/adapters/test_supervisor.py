"""The supervisor of services is told over its socket, and nothing waits for it."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.adapters.supervisor import Supervisor


class Manager:
    """Listens as systemd does."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self.socket.recv(65536).decode())
            except BlockingIOError:
                return found


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "notify")


@pytest.fixture
def manager(place: str) -> Iterator[Manager]:
    made = Manager(place)
    yield made
    made.socket.close()


def test_what_is_told_arrives_line_by_line(manager: Manager, place: str) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": place})

    assert supervisor.is_there
    assert supervisor.tell(READY="1", STATUS="working: the last pass\nended 4 s ago")
    assert manager.heard() == ["READY=1\nSTATUS=working: the last pass ended 4 s ago"]


def test_an_address_in_the_abstract_namespace_is_one() -> None:
    name = f"air-agent-test-{os.getpid()}"
    manager = Manager(f"\0{name}")

    assert Supervisor({"NOTIFY_SOCKET": f"@{name}"}).tell(STOPPING="1")

    assert manager.heard() == ["STOPPING=1"]
    manager.socket.close()


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_without_a_socket_nobody_is_told(environ: dict[str, str]) -> None:
    supervisor = Supervisor({**environ, "WATCHDOG_USEC": "1000000"})

    assert not supervisor.is_there
    assert supervisor.watches_for is None
    assert not supervisor.tell(READY="1")


def test_one_that_has_gone_or_listens_no_more_keeps_nobody_waiting(manager: Manager, place: str) -> None:
    full = Supervisor({"NOTIFY_SOCKET": place})

    taken = [full.tell(STATUS="x" * 1000) for _ in range(2000)]

    assert taken[0]
    assert not taken[-1]
    assert not Supervisor({"NOTIFY_SOCKET": f"{place}-gone"}).tell(READY="1")


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({"WATCHDOG_USEC": "90000000"}, 90.0),
        ({"WATCHDOG_USEC": "90000000", "WATCHDOG_PID": str(os.getpid())}, 90.0),
        ({"WATCHDOG_USEC": "90000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_it_says_how_long_it_watches_for(more: dict[str, str], seconds: float | None) -> None:
    assert Supervisor({"NOTIFY_SOCKET": "/run/notify", **more}).watches_for == seconds
