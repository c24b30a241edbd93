"""`doctor` tries what watches over the process, as the agent itself would: probes, the collector, the dead man's switch."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from agent.faces.doctor.bedside import Bedside
from agent.faces.doctor.examining import STEPS, examine
from agent.faces.probes.app import app_of
from agent.faces.probes.server import serving
from agent.model.checkup import Check, CheckName, Grade, Seen
from agent.model.health import Check as HealthCheck
from agent.model.health import Health
from agent.settings.subjects import Settings
from tests.adapters.collectors import collecting
from tests.doctors import alone, around, settings_in, worst

C = CheckName
FAIL, WARN, PASS = Grade.FAIL, Grade.WARN, Grade.PASS
WELL = Health(ok=True, tenants=1, checks=())
STUCK = HealthCheck(name="loop", ok=False, words="it stands still for 9 m", restart_mends=True)
ILL = Health(ok=False, tenants=1, checks=(STUCK,))


@contextmanager
def answering(status: int = 200, body: bytes = b"OK") -> Iterator[tuple[str, list[str]]]:
    """Give a server on this machine that answers everything so, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def nobody() -> str:
    """Return an address on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


async def seen(folder: Path, text: str, environ: dict[str, str] | None = None) -> Seen:
    return worst(await alone(settings_in(folder, text, environ=environ), C.MONITORING))


async def sending(settings: Settings) -> Check:
    async with AsyncExitStack() as stack:
        bedside = Bedside(settings=settings, around=around(settings), stack=stack, sends=True)
        return Check(name=C.MONITORING, seen=await STEPS[C.MONITORING].look(bedside))


async def test_where_nobody_watches_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    found = await seen(tmp_path, "")

    assert found.grade is PASS
    assert found.words == "neither `health.listen`, `telemetry.endpoint` nor `health.heartbeat` is set"


# -- health.listen --


async def test_a_place_that_is_free_passes_and_is_free_afterwards(tmp_path: Path) -> None:
    place = nobody()

    found = [await seen(tmp_path, f"health: {{listen: '{place}'}}\n") for _ in range(2)]

    assert {one.grade for one in found} == {PASS}
    assert (
        found[0].words == f"health.listen: {place} is free: nobody answers there yet, and `air-agent run` can"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_a_place_where_the_agent_answers_passes(tmp_path: Path, host: str) -> None:
    with serving(f"{host}:0", app_of(lambda: WELL, lambda: WELL)) as port:
        found = await seen(tmp_path, f"health: {{listen: '{host}:{port}'}}\n")

    assert found.grade is PASS
    assert found.words == f"health.listen: an agent answers at {host}:{port}, and is well"


async def test_an_agent_that_is_not_well_fails_with_what_it_says(tmp_path: Path) -> None:
    with serving("127.0.0.1:0", app_of(lambda: ILL, lambda: ILL)) as port:
        found = await seen(tmp_path, f"health: {{listen: '127.0.0.1:{port}'}}\n")

    assert found.grade is FAIL
    assert "and is not well: " in found.words
    assert "loop: it stands still for 9 m" in found.words


@pytest.mark.parametrize("body", [b"hello", b"[]", b'{"ok": true}', b'{"ok": true, "checks": [1]}', b"\xff"])
async def test_a_place_that_another_program_has_fails_and_says_how_to_find_it(
    tmp_path: Path, body: bytes
) -> None:
    with answering(body=body) as (place, _):
        found = await seen(tmp_path, f"health: {{listen: '{place}'}}\n")

    port = place.rpartition(":")[2]
    assert found.grade is FAIL
    assert found.words == f"health.listen: {place} is taken, and what has it is no air-agent"
    assert f"ss -ltnp 'sport = :{port}'" in found.mend


async def test_a_place_that_takes_connections_and_says_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.faces.doctor.monitoring.PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = await seen(tmp_path, f"health: {{listen: '127.0.0.1:{silent.getsockname()[1]}'}}\n")

    assert found.grade is FAIL
    assert "what has it is no air-agent" in found.words


async def test_an_address_of_another_machine_fails(tmp_path: Path) -> None:
    found = await seen(tmp_path, "health: {listen: '192.0.2.1:8421'}\n")

    assert found.grade is FAIL
    assert found.words == "`health.listen: 192.0.2.1:8421`: cannot assign requested address"
    assert found.mend == "health.listen: 127.0.0.1:8421, or another address of this machine"


# -- telemetry.endpoint --


async def test_a_collector_is_sent_a_batch_with_nothing_in_it(tmp_path: Path) -> None:
    with collecting() as collector:
        found = await seen(
            tmp_path,
            f"telemetry: {{endpoint: '{collector.url}'}}\n",
            {"AIR_AGENT_TELEMETRY_HEADERS": "authorization=Bearer s3cret"},
        )

    assert found.grade is PASS
    assert found.words == f"telemetry.endpoint: {collector.url} takes metrics"
    assert collector.paths == ["/v1/metrics"]
    assert collector.raw == [b""]
    assert collector.headers[0]["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    ("status", "words", "mend"),
    [
        (401, "answers 401: it does not take them from us", "correct `telemetry.headers_file`"),
        (403, "answers 403: it does not take them from us", "correct `telemetry.headers_file`"),
        (404, "answers 404: it takes no metrics at /v1/metrics", "switch its receiver for OTLP over HTTP on"),
        (302, "answers 302: it takes no metrics at /v1/metrics", "correct the address"),
        (500, "answers 500", "metrics and traces are lost, and nothing else"),
    ],
)
async def test_a_collector_that_does_not_take_them_is_a_warning(
    tmp_path: Path, status: int, words: str, mend: str
) -> None:
    with collecting() as collector:
        collector.status = status

        found = await seen(tmp_path, f"telemetry: {{endpoint: '{collector.url}'}}\n")

    assert found.grade is WARN
    assert words in found.words
    assert mend in found.mend


async def test_a_collector_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    found = await seen(tmp_path, f"telemetry: {{endpoint: 'http://{nobody()}'}}\n")

    assert found.grade is WARN
    assert "no connection: nobody listens there" in found.words
    assert "start the collector" in found.mend


async def test_a_collector_that_hangs_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.faces.doctor.monitoring.PATIENCE", 0.1)
    with collecting() as collector:
        collector.hangs.set()

        found = await seen(tmp_path, f"telemetry: {{endpoint: '{collector.url}'}}\n")

    assert found.grade is WARN
    assert "no answer in time" in found.words


async def test_without_what_sends_to_a_collector_it_fails_as_the_agent_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "agent.adapters.telemetry.collector", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)

    found = await seen(tmp_path, f"telemetry: {{endpoint: 'http://{nobody()}'}}\n")

    assert found.grade is FAIL
    assert found.mend == "pip install 'air-agent[otlp]'"


# -- health.heartbeat --


async def test_a_heartbeat_is_not_sent_unless_that_is_asked_for(tmp_path: Path) -> None:
    with answering() as (place, asked):
        settings = settings_in(
            tmp_path,
            "health: {hosts: 127.0.0.1}\n",
            environ={"AIR_AGENT_HEALTH_HEARTBEAT": f"http://{place}/t0ken-of-ours"},
        )
        without = worst(await alone(settings, C.MONITORING))
        before = list(asked)
        with_send = worst(await sending(settings))

    assert without.grade is PASS
    assert "`--send` does, which counts as a sign of life" in without.words
    assert before == []
    assert with_send.words == "health.heartbeat: a sign of life was taken"
    assert asked == ["/t0ken-of-ours"]


@pytest.mark.parametrize("status", [404, 500, 302])
async def test_a_heartbeat_that_is_not_taken_fails_without_its_token(tmp_path: Path, status: int) -> None:
    with answering(status) as (place, _):
        settings = settings_in(
            tmp_path,
            "health: {hosts: 127.0.0.1}\n",
            environ={"AIR_AGENT_HEALTH_HEARTBEAT": f"http://{place}/t0ken-of-ours"},
        )
        found = worst(await sending(settings))

    assert found.grade is FAIL
    assert found.words.startswith("health.heartbeat: ")
    assert found.mend
    assert "t0ken" not in f"{found.words}{found.mend}"


@pytest.mark.parametrize(
    "url", ["http://hc.example/t0ken", "https://10.0.0.1/t0ken", "https://u:p@hc.example/t0ken"]
)
async def test_a_heartbeat_that_may_not_be_sent_there_fails_without_being_asked_to(
    tmp_path: Path, url: str
) -> None:
    found = await seen(tmp_path, "", {"AIR_AGENT_HEALTH_HEARTBEAT": url})

    assert found.grade is FAIL
    assert "t0ken" not in f"{found.words}{found.mend}"


# -- of many --


async def test_what_is_the_process_s_is_looked_at_with_one_tenant_alone(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    world = around(settings)

    with_it = [one.name async for one in examine(settings, world=world)]
    without = [one.name async for one in examine(settings, world=world, of_process=False)]

    assert [*without, C.MONITORING] == with_it


def test_a_health_answer_is_what_the_doctor_reads() -> None:
    """The words that it looks for are those of the answer."""
    told = msgspec.to_builtins(ILL)

    assert (told["ok"], told["checks"][0]["ok"], told["checks"][0]["name"]) == (False, False, "loop")
