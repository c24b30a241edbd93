"""Probes are answered on a real socket, whatever becomes of the agent's loop, and tell nothing that anybody may not know."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from agent.faces.probes.app import app_of
from agent.faces.probes.server import AT_ONCE, WITHIN, serving
from agent.model.errors import SettingsError
from agent.model.health import Check, Health

PATIENCE = 60.0
"""Seconds that a slow machine may take."""

WELL = Health(ok=True, tenants=1, checks=(Check(name="loop", ok=True, words="it went round 0 s ago"),))
ILL = Health(
    ok=False,
    tenants=300,
    checks=(Check(name="passes", ok=False, words="300 of 300 tenants: …", restart_mends=True, failing=300),),
)


@pytest.fixture
def url() -> Iterator[str]:
    app = app_of(lambda: WELL, lambda: ILL, [Route("/metrics", lambda _request: PlainTextResponse("a 1\n"))])
    with serving("127.0.0.1:0", app) as port:
        yield f"http://127.0.0.1:{port}"


def test_the_code_says_whether_and_the_body_says_why(url: str) -> None:
    alive, ready, metrics = (httpx.get(f"{url}{path}") for path in ("/healthz", "/readyz", "/metrics"))

    assert (alive.status_code, alive.json()["ok"]) == (200, True)
    assert alive.json()["checks"][0]["words"] == "it went round 0 s ago"
    assert (ready.status_code, ready.json()["ok"]) == (503, False)
    assert ready.json()["checks"][0] == {
        "name": "passes",
        "ok": False,
        "words": "300 of 300 tenants: …",
        "restart_mends": True,
        "failing": 300,
    }
    assert metrics.text == "a 1\n"
    assert alive.headers["cache-control"] == "no-store"
    assert alive.headers["content-type"] == "application/json"
    assert "server" not in alive.headers


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("HEAD", "/healthz", 200),
        ("HEAD", "/readyz", 503),
        ("POST", "/healthz", 405),
        ("DELETE", "/readyz", 405),
        ("GET", "/", 404),
        ("GET", "/healthz/", 404),
        ("GET", "/healthz/../status", 404),
    ],
)
def test_nothing_else_is_answered(url: str, method: str, path: str, code: int) -> None:
    answer = httpx.request(method, f"{url}{path}", follow_redirects=False)

    assert answer.status_code == code
    assert method != "HEAD" or answer.content == b""


def test_a_body_is_not_read(url: str) -> None:
    assert httpx.request("GET", f"{url}/healthz", content=b"x" * 100).status_code == 413


async def test_a_loop_that_is_blocked_keeps_no_probe_waiting(url: str) -> None:
    with ThreadPoolExecutor(1) as asking:
        answer = asking.submit(httpx.get, f"{url}/healthz")

        code = answer.result(PATIENCE).status_code  # the agent's loop stands still until it is there

    assert code == 200


@contextmanager
def holding(url: str, count: int, said: bytes = b"", by: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """Hold this many connections, each of which has said so much and has been let in."""
    port = int(url.rpartition(":")[2])
    held = [socket.create_connection(("127.0.0.1", port), PATIENCE, (by, 0)) for _ in range(count)]
    try:
        for one in held:
            one.sendall(said)
        yield held
    finally:
        for one in held:
            one.close()


@pytest.mark.parametrize(
    "said", [b"", b"GET /healthz HTTP/1.1\r\nHost: ", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"]
)
@pytest.mark.parametrize("count", [AT_ONCE - 1, AT_ONCE, 4 * AT_ONCE])
def test_whoever_holds_connections_keeps_no_probe_from_its_answer(url: str, count: int, said: bytes) -> None:
    """Not with silent ones, nor with requests that are begun, nor with those that were answered and are kept."""
    with holding(url, count, said):
        codes = {httpx.get(f"{url}/healthz").status_code for _ in range(3)}

    assert codes == {200}


def test_one_more_takes_the_place_of_the_first_of_whoever_holds_most(url: str) -> None:
    with holding(url, 1) as one, holding(url, AT_ONCE - 1, by="127.0.0.2") as many:
        assert httpx.get(f"{url}/healthz").status_code == 200
        many[0].settimeout(PATIENCE)
        assert many[0].recv(1) == b""
        for still in (one[0], many[1]):
            still.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert still.recv(12) == b"HTTP/1.1 503"


def test_who_says_nothing_is_cut_off_within_seconds(url: str) -> None:
    with holding(url, 1) as silent:
        silent[0].settimeout(PATIENCE)
        began = time.monotonic()

        assert silent[0].recv(1) == b""

    assert time.monotonic() - began < WITHIN + 3


def test_who_asks_in_parts_but_in_time_is_answered(url: str) -> None:
    with holding(url, 1, b"GET /healthz HTTP/1.1\r\n") as slow:
        slow[0].sendall(b"Host: a\r\n\r\n")

        assert slow[0].recv(12) == b"HTTP/1.1 200"


def test_what_cannot_listen_stops_the_start_and_says_which_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(SettingsError) as told, serving(place, app_of(lambda: WELL, lambda: WELL)):
            pass

    assert str(told.value) == (
        f"`health.listen: {place}`: address already in use: does another agent answer there? stop it, or "
        "choose another port"
    )


def test_a_check_that_fails_is_an_answer_too() -> None:
    def broken() -> Health:
        raise RuntimeError("a bug")

    with serving("127.0.0.1:0", app_of(broken, lambda: WELL)) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/healthz")

        assert answer.status_code == 500
        assert "bug" not in answer.text
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
