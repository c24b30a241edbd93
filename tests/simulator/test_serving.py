"""The simulator as a server: a port of its own, connections that really break, a stop that returns."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from queue import Queue

import httpx
import pytest

from agent.adapters.host import SystemClock
from agent.simulator.app import Simulator, build
from agent.simulator.clock import RealClock
from agent.simulator.faults import Fault, Faults, Rule, What
from agent.simulator.names import TENANT_ID
from agent.simulator.serve import HOST, Server, _listener
from agent.simulator.tenant import burst
from tests.clock import ManualClock
from tests.simulator.worlds import INCIDENTS, NOW, tenant

PROGRAM = """
from datetime import datetime
from agent.simulator.serve import run
from agent.simulator.switches import Switches
run(0, 5, 60.0, datetime.fromisoformat("2026-09-01T08:00:00+00:00"), Switches(), on_ready=lambda port: print(port, flush=True))
print("stopped", flush=True)
"""


@contextmanager
def served(app: Simulator) -> Iterator[httpx.Client]:
    """Serve in a thread of this process, on a free port."""
    ports: Queue[int] = Queue()
    server = Server(app, port=0, on_ready=ports.put)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        token = app.identity.token(NOW)
        with httpx.Client(
            base_url=f"http://{HOST}:{ports.get(timeout=10)}", headers={"Authorization": f"Bearer {token}"}
        ) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def sour(what: What) -> Simulator:
    rule = Rule(fault=Fault(what=what), path=INCIDENTS)
    return build(tenant(3), faults=Faults(rules=[rule]), clock=ManualClock(NOW))


def test_a_process_tells_its_port_serves_and_stops_when_asked() -> None:
    child = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None

    port = int(child.stdout.readline())
    status = httpx.get(f"http://{HOST}:{port}/simulator/status").json()
    child.send_signal(signal.SIGTERM)
    rest, _ = child.communicate(timeout=10)

    assert status["seed"] == 5
    assert status["incidents"] > 60
    assert (child.returncode, rest) == (0, "stopped\n")


@pytest.mark.parametrize("what", [What.RESET_BEFORE, What.RESET_AFTER])
def test_a_reset_breaks_the_connection_without_an_answer_and_the_next_request_is_served(what: What) -> None:
    with served(sour(what)) as client:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.get(INCIDENTS)

        assert client.get(INCIDENTS).status_code == 200


def test_a_truncated_body_breaks_within_the_body() -> None:
    with served(sour(What.TRUNCATE)) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(INCIDENTS)

        assert client.get(INCIDENTS).status_code == 200


def test_answers_of_two_parts_do_not_wait_for_each_other() -> None:
    """asyncio turns Nagle's algorithm off only for sockets that name their protocol."""
    with _listener(0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_links_lead_back_to_the_same_port() -> None:
    app = build(burst(1, NOW, actions=60), clock=ManualClock(NOW))

    with served(app) as client:
        first = client.get(INCIDENTS).json()
        second = client.get(first["@odata.nextLink"]).json()

    assert len(first["value"]) + len(second["value"]) == 60


def test_the_simulators_own_paths_tell_what_was_asked_of_graph() -> None:
    app = build(tenant(1), clock=ManualClock(NOW))
    pair = next(app.state.post.all()).pair

    with served(app) as client:
        client.get(INCIDENTS, params={"$top": "50"})
        client.post(f"/{TENANT_ID}/oauth2/v2.0/token", content=b"grant_type=x")
        client.post(
            "/v1.0/security/collaboration/analyzedEmails/remediate",
            json={
                "displayName": "x",
                "description": "",
                "severity": "low",
                "action": "softDelete",
                "remediateSendersCopy": False,
                "analyzedEmails": [{"networkMessageId": pair[0], "recipientEmailAddress": pair[1]}],
            },
        )
        requests = client.get("/simulator/requests").json()["requests"]
        counts = client.get("/simulator/status").json()["requests"]

    assert [(one["kind"], one["status"]) for one in requests] == [
        ("incidents", 200),
        ("token", 400),
        ("remediate", 202),
    ]
    assert requests[0]["query"] == "%24top=50"
    assert requests[2]["pairs"] == [list(pair)]
    assert counts == {"incidents": 1, "token": 1, "remediate": 1}


async def test_the_simulators_own_paths_answer_nobody_but_this_machine() -> None:
    app = build(tenant(1), clock=ManualClock(NOW))

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=("203.0.113.9", 1)), base_url="http://simulator"
    ) as far:
        answers = [await far.get(f"/simulator/{path}") for path in ("status", "requests")]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_scaled_time_runs_from_its_epoch() -> None:
    epoch = datetime(2020, 1, 1, tzinfo=UTC)
    slow, quick = RealClock(epoch), RealClock(epoch, 2.0)

    before, doubled, after = slow.now(), quick.now(), slow.now()

    assert epoch + (before - epoch) * 2 <= doubled <= epoch + (after - epoch) * 2 + timedelta(milliseconds=1)


@pytest.mark.parametrize(("began", "until", "gained"), [(20, 10, 590), (20, 20, 0), (20, -10, 1180)])
def test_fast_time_runs_as_real_time_from_a_moment_on_and_alike_in_every_process(
    began: int, until: int, gained: int
) -> None:
    """So many seconds ago it began, and ran fast until so many seconds ago; it stays ahead by what it has gained."""
    real = SystemClock()
    now = real.now()
    epoch, end = now - timedelta(seconds=began), now - timedelta(seconds=until)
    pair = (RealClock(epoch, 60, end), SystemClock(rate=60, epoch=epoch, until=end))

    ahead = [(clock.now() - real.now()).total_seconds() for clock in pair]

    passed = (real.now() - now).total_seconds()
    assert all(gained - 1e-3 <= one <= gained + 60 * passed + 1e-3 for one in ahead)


async def test_a_wait_on_a_clock_that_has_become_real_takes_real_time() -> None:
    real = SystemClock()
    now = real.now()
    clock = SystemClock(rate=600, epoch=now - timedelta(hours=1), until=now - timedelta(minutes=1))
    wanted = clock.now() + timedelta(milliseconds=30)

    await clock.sleep_until(wanted)

    assert clock.now() >= wanted
    assert real.now() - now >= timedelta(milliseconds=30)
