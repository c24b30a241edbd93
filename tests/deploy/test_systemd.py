"""The systemd units are what systemd takes, are hardened as far as it can tell, and leave the agent what it needs."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings.fields import fields
from tests.deploy.sandbox import members

UNITS = Path(__file__).parent.parent.parent / "deploy" / "systemd"
SERVICES = ("air-agent.service", "air-agent-serve.service")
DROPINS = sorted((UNITS / "dropins").glob("*.conf"))
EXPOSURE = 11
"""In tenths: what these have; up to 20 `systemd-analyze security` calls OK."""


def lines(name: str, key: str) -> list[str]:
    """Return each value of a key in a unit."""
    return re.findall(rf"^{key}=(.*)$", (UNITS / name).read_text(encoding="utf-8"), re.M)


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def laid(folder: Path, *dropins: Path) -> Path:
    """Return units that start a command which is there, with drop-ins on them."""
    command = folder / "air-agent"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    for name in SERVICES:
        (folder / name).write_text(
            (UNITS / name).read_text().replace("/opt/air-agent/bin/air-agent", str(command))
        )
        for dropin in dropins:
            (folder / f"{name}.d").mkdir(exist_ok=True)
            shutil.copy(dropin, folder / f"{name}.d" / dropin.name)
    return folder


@pytest.mark.parametrize(
    "dropins", [(), *((one,) for one in DROPINS)], ids=lambda found: "-".join(one.stem for one in found)
)
def test_systemd_takes_the_units(tmp_path: Path, dropins: tuple[Path, ...]) -> None:
    folder = laid(tmp_path, *dropins)

    done = analyzed("verify", "--man=no", "--recursive-errors=no", *(str(folder / name) for name in SERVICES))

    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_would_not_take_a_word_that_it_does_not_know(tmp_path: Path) -> None:
    folder = laid(tmp_path)
    unit = folder / SERVICES[0]
    unit.write_text(unit.read_text().replace("ProtectClock=yes", "ProtectClocks=yes"))

    done = analyzed("verify", "--man=no", "--recursive-errors=no", str(unit))

    assert "ProtectClocks" in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_the_units_are_hardened(name: str) -> None:
    done = analyzed("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", str(UNITS / name))

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "lost", ["CapabilityBoundingSet=", "SystemCallFilter=@system-service", "NoNewPrivileges=yes"]
)
def test_hardening_that_is_lost_is_noticed(tmp_path: Path, lost: str) -> None:
    unit = tmp_path / SERVICES[0]
    unit.write_text((UNITS / SERVICES[0]).read_text().replace(f"{lost}\n", ""))

    assert (
        analyzed("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", str(unit)).returncode
        != 0
    )


def test_both_units_are_hardened_alike() -> None:
    def hardening(name: str) -> str:
        return re.search(r"^ProtectSystem=.*?^DevicePolicy=.*?$", (UNITS / name).read_text(), re.M | re.S)[0]  # type: ignore[index]

    assert hardening(SERVICES[0]) == hardening(SERVICES[1])


@pytest.mark.parametrize("path", [UNITS / name for name in SERVICES] + DROPINS, ids=lambda path: path.name)
def test_each_secret_is_handed_over_to_a_setting_that_there_is(path: Path) -> None:
    known = {one.env for one in fields()}
    text = path.read_text()

    given = dict(re.findall(r"^Environment=(AIR_AGENT_\w+)=%d/(\S+)$", text, re.M))
    assert set(given) <= known
    assert set(given.values()) == {
        one.partition(":")[0] for one in re.findall(r"^LoadCredential=(.+)$", text, re.M)
    }
    assert not re.findall(r"^(SetCredential|Environment)=.*(secret|password|key)=\S", text, re.M | re.I)


def test_the_pages_have_no_login_to_graph() -> None:
    assert "AIR_AGENT_AUTH" not in (UNITS / "air-agent-serve.service").read_text()


def test_the_agent_tells_when_it_is_ready_and_that_it_is_alive() -> None:
    assert lines("air-agent.service", "Type") == ["notify"]
    assert lines("air-agent.service", "WatchdogSec") == ["90"]
    assert lines("air-agent.service", "ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert int(lines("air-agent.service", "TimeoutStopSec")[0]) >= 150


CONFINED = """
import asyncio, ctypes, faulthandler, mmap, re, signal, socket, sqlite3, ssl, sys, threading
import re2, z3, psycopg, msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
import agent.compose, agent.adapters.graph.sdk, agent.faces.web.app
faulthandler.enable()
assert re2.search("a+b", "xaab")
solver, number = z3.Solver(), z3.Int("number")
solver.add(number > 3)
assert solver.check() == z3.sat
assert ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda it: it + 1)(3) == 4
rsa.generate_private_key(65537, 2048)
ssl.create_default_context()
socket.getaddrinfo("localhost", 443)
sqlite3.connect(sys.argv[1]).execute("pragma journal_mode=wal").fetchall()

async def serve():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    await asyncio.open_connection(*server.sockets[0].getsockname())
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, print)
    await asyncio.to_thread(threading.get_native_id)

asyncio.run(serve())

def refused(what):
    try:
        what()
    except PermissionError:
        return True
    return False

assert refused(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC))
assert refused(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
print("all of it")
"""


def allowed() -> set[str]:
    """Return the system calls that both units allow, by systemd's own lists."""
    granted, denied = lines("air-agent.service", "SystemCallFilter")
    assert denied.startswith("~")
    return {each for group in granted.split() for each in members(group)} - {
        each for group in denied[1:].split() for each in members(group)
    }


def test_the_agent_has_every_system_call_socket_and_page_that_it_needs(tmp_path: Path) -> None:
    """Confined as the units confine it, but for what needs systemd: name spaces and mounts."""
    (families,) = lines("air-agent.service", "RestrictAddressFamilies")
    numbers = ",".join(str(int(getattr(socket, one))) for one in families.split())

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.deploy.sandbox",
            ",".join(sorted(allowed())),
            numbers,
            sys.executable,
            "-c",
            CONFINED,
            str(tmp_path / "ledger.db"),
        ],
        cwd=Path.cwd(),
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path.cwd()), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )

    assert (done.returncode, done.stdout) == (0, "all of it\n"), done.stderr[-3000:]
