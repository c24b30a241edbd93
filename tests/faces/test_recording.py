"""`record` and `simulate --replay`, over a Graph in which everything that could name somebody is marked."""

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typer.testing import CliRunner, Result

from agent.adapters.host import SystemClock
from agent.adapters.recordings import read
from agent.faces.cli.app import app
from agent.faces.cli.logs import configure
from agent.judge.situations import parse_situation
from agent.model.recording import Exchange, Recording
from agent.scrub.links import PLACE
from agent.settings.subjects import Log
from agent.simulator import elsewhere, mailings, names
from agent.simulator.app import Simulator, build
from agent.simulator.clock import RealClock
from agent.simulator.faults import Fault, Faults, Reset, RetryAfter, Rule, What
from agent.simulator.making import Maker
from agent.simulator.replay import Replay
from agent.simulator.serve import Server
from agent.simulator.state import State
from agent.simulator.switches import USUAL_ROLES
from tests.loop.test_recorded import clicked
from tests.scrub.planting import SECRET, Planted, Planter, traces

ROOT = Path(__file__).parent.parent.parent
LISTS = "/v1.0/security/incidents"
HUNTS = "/v1.0/security/runHuntingQuery"


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[None]:
    """Set logging back to what no test of this file left it at."""
    yield
    configure(Log(), SystemClock().now)


def a_tenant() -> State:
    """Return a tenant with something of every kind, and little of each."""
    now = SystemClock().now()
    state, maker = State(7, now), Maker(7, now)
    bundles = [
        *mailings.several_in_one(maker),
        *mailings.singles(maker),
        *mailings.hostile(maker),
        *mailings.important_people(maker),
        *elsewhere.mailboxes(maker),
        *elsewhere.devices_and_users(maker),
        *elsewhere.unclear(maker),
        *elsewhere.unheard(maker),
        *elsewhere.quiet(maker),
    ]
    bundles.append(clicked(maker))
    bundles += elsewhere.merged(maker, winner=bundles[0].incident["id"])
    for bundle in bundles:
        state.admit(bundle, now)
    return state


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve in a thread of this process, on a free port; gives the address."""
    ports: Queue[int] = Queue()
    server = Server(app, port=0, on_ready=ports.put)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{ports.get(timeout=10)}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def simulating(state: State, faults: Faults | None = None) -> Simulator:
    return build(state, faults=faults, clock=RealClock(state.started), client_secret=SECRET)


def settings(folder: Path, url: str, tenant: str = names.TENANT_ID, *, logs: bool = True) -> str:
    path = folder / "air-agent.yaml"
    path.write_text(
        f"tenant: {{id: {tenant}}}\n"
        f"graph: {{cloud: simulator, url: '{url}', requests_per_minute: 10000, page_size: 20}}\n"
        f"auth: {{kind: clientSecret, client_id: {names.CLIENT_ID}}}\n"
        f"policies: {{directory: {ROOT / 'policies'}, treat_as: enforce}}\n"
        + (f"log: {{file: {folder / 'agent.log'}}}\n" if logs else "")
    )
    return str(path)


def run(*arguments: str, secret: str = SECRET) -> Result:
    runner = CliRunner(env={"COLUMNS": "200", "AIR_AGENT_CLIENT_SECRET": secret})
    return runner.invoke(app, list(arguments))


@dataclass
class Made:
    """One recording, and how it came about."""

    folder: Path
    said: Result
    planter: Planter
    beside: list[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a recording of a tenant in which everything is planted, made by the command."""
    folder = tmp_path_factory.mktemp("recording")
    planter = Planter()
    with served(Planted(simulating(a_tenant()), planter)) as url:
        said = run("record", "--settings", settings(folder, url), "--out", str(folder / "zrec"))
    return Made(folder / "zrec", said, planter, sorted(one.name for one in folder.iterdir()))


def test_without_a_terminal_one_line_says_what_is_being_read(made: Made) -> None:
    assert made.said.stderr.startswith(
        "reading every incident updated in the last 10d: this takes as long as"
    )
    assert made.said.stderr.count("\n") == 1


# Nothing gets out


def test_nothing_planted_is_found_in_a_recording(made: Made) -> None:
    assert made.said.exit_code == 0, made.said.output
    assert len(made.planter.planted) > 400

    assert (
        traces(
            made.folder,
            SECRET,
            names.TENANT_ID,
            names.CLIENT_ID,
            "eyj",
            "bearer",
            "oauth2",
            "client_secret",
            "127.0.0.1",
        )
        == []
    )


def test_what_is_planted_would_be_found(made: Made, tmp_path: Path) -> None:
    """The search itself is tried: each form that it looks into, with what it is to find."""
    copy = tmp_path / "copy"
    shutil.copytree(made.folder, copy)
    planted = next(text for text in made.planter.planted.values() if "zqx" in text)
    body = next(iter((copy / "bodies").iterdir()))
    good = body.read_bytes()
    forms = (
        planted.upper().encode(),
        json.dumps({"a": json.dumps({"b": planted.replace("z", "\\u007a")})}).encode(),
        base64.b64encode(f"x{planted}".encode()),
        planted.encode().hex().encode(),
        planted.replace("z", "%7A").encode(),
        planted.encode("utf-16-le"),
    )

    for form in forms:
        body.write_bytes(good + b" " + form)
        assert traces(copy), form
    body.write_bytes(good)
    assert traces(copy) == []


def test_nothing_original_is_found_either(made: Made) -> None:
    """Not the planted texts but those they were planted on: whatever is long enough to be nobody else's."""
    originals = [
        text
        for text in made.planter.planted
        if len(text) > 10 and not text.startswith(("#microsoft", "http://127"))
    ]

    assert len(originals) > 300
    data = b"\n".join(path.read_bytes() for path in made.folder.rglob("*") if path.is_file()).decode().lower()
    assert [text for text in originals if text.lower() in data] == []


def test_what_is_printed_names_nobody_either(made: Made) -> None:
    assert not [mark for mark in ("zqx", "c0ffee", "77778888") if mark in made.said.output.lower()]


# What is in it


def test_it_says_what_was_saved_and_replaced_and_asks_to_look_through_it(made: Made) -> None:
    said = made.said.output

    assert re.search(
        r"recorded every incident updated in the last 10d: \d exchanges, \d\d incidents, \d\d pending", said
    )
    assert "replaced by made-up ones: addresses " in said
    assert re.search(r"replayed here: \d\d pending actions, decided as in the tenant", said)
    assert "look through it before you give it away" in said
    assert f"simulate --replay {made.folder}" in said


def test_it_is_whole_and_for_this_user_only(made: Made) -> None:
    assert {one.name for one in made.folder.iterdir()} == {
        *("README.txt", "manifest.json", "exchanges.jsonl", "bodies", "situations")
    }
    assert {stat.S_IMODE(one.stat().st_mode) for one in made.folder.rglob("*")} == {0o600, 0o700}


def test_neither_the_ledger_nor_the_log_was_touched(made: Made) -> None:
    assert made.beside == ["air-agent.yaml", "zrec"]


def test_the_manifest_counts_what_there_is(made: Made) -> None:
    recording = read(made.folder)
    manifest = recording.manifest

    assert manifest.exchanges == len(recording.exchanges) == sum(manifest.statuses.values())
    assert manifest.ending is None
    assert set(manifest.grants) == USUAL_ROLES - names.ENDPOINT_ROLES
    assert manifest.replayed == manifest.decisions
    assert sum(manifest.decisions.values()) == sum(manifest.actions.values()) >= 30
    assert len(list((made.folder / "situations").iterdir())) == manifest.situations
    assert {
        "addresses",
        "domains",
        "guids",
        "hashes",
        "ip addresses",
        "texts",
        "urls",
    } <= manifest.replaced.keys()


def test_a_page_leads_to_the_next_at_a_place_that_is_nobodys(made: Made) -> None:
    bodies = b"".join(one.body for one in read(made.folder).exchanges)

    assert PLACE.encode() in bodies
    assert b"$skiptoken=token1" in bodies


def test_every_situation_reads_back_and_can_be_decided_by(made: Made) -> None:
    found = [
        parse_situation(path.name, path.read_bytes())
        for path in sorted((made.folder / "situations").iterdir())
    ]

    assert len({one.kind for one in found}) >= 6
    assert {one.tenant for one in found} == {read(made.folder).manifest.tenant}
    assert any(one.facts.messages for one in found)


def test_as_json_it_is_the_manifest(tmp_path: Path) -> None:
    with served(simulating(a_small_tenant())) as url:
        done = run("record", "--settings", settings(tmp_path, url), "--out", str(tmp_path / "rec"), "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["exchanges"] == len(read(tmp_path / "rec").exchanges)


def test_it_says_how_many_are_decided_otherwise_where_policies_go_by_what_was_replaced(
    tmp_path: Path,
) -> None:
    with served(simulating(a_tenant())) as url:
        done = run("record", "--settings", settings(tmp_path, url), "--out", str(tmp_path / "rec"))

    found = re.search(
        r"replayed here: (\d+) of (\d+) pending actions decided as in the tenant; policies that go by",
        done.output,
    )
    assert found is not None, done.output
    assert 0 < int(found[2]) - int(found[1]) < 8


# It replays


def test_an_agent_finds_the_recorded_tenant_in_the_replay(made: Made, tmp_path: Path) -> None:
    recording = read(made.folder)
    replay = Replay(recording, SystemClock(rate=1.0, epoch=recording.manifest.at))

    with served(replay) as url:
        path = settings(tmp_path, url, recording.manifest.tenant, logs=False)
        once = run("once", "--settings", path, "--json", secret=names.CLIENT_SECRET)
        pending = run("pending", "--settings", path, "--json")

    assert once.exit_code == 0, once.output
    told = json.loads(once.stdout)
    assert told["incidents"] == recording.manifest.incidents
    assert told["decided"] == sum(recording.manifest.actions.values())
    assert {one["id"] for one in json.loads(pending.stdout)["pending"]} >= {
        path.stem for path in (made.folder / "situations").iterdir()
    }


def test_simulate_replays_from_the_moment_of_the_recording_and_prints_the_settings(
    made: Made, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "agent",
            "simulate",
            "--replay",
            str(made.folder),
            "--json",
            "--until-stdin-closes",
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    said = process.communicate(input="", timeout=20)[1]

    manifest = read(made.folder).manifest
    assert ready["tenant"] == manifest.tenant
    assert f"tenant: {{id: {manifest.tenant}}}" in said
    assert "it only observes: a recording takes no writes" in said
    found = re.search(r'clock: {rate: 0.5, epoch: "(.*)"}', said)
    assert found is not None
    clock = SystemClock(rate=0.5, epoch=SystemClock().now().fromisoformat(found[1]))
    assert 0 <= (clock.now() - manifest.at).total_seconds() < 60
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--rate", "1"), "`--rate 1` is real time, which the recording is not in"),
        (("--seed", "7"), "takes none of `--seed`, `--faults`, `--until`, `--tenants` and `--position`"),
        (("--faults", "3"), "takes none of `--seed`, `--faults`, `--until`, `--tenants` and `--position`"),
        (
            ("--position", "no hunting"),
            "takes none of `--seed`, `--faults`, `--until`, `--tenants` and `--position`",
        ),
    ],
)
def test_simulate_says_what_does_not_go_with_a_recording(
    made: Made, arguments: tuple[str, ...], words: str
) -> None:
    done = run("simulate", "--replay", str(made.folder), *arguments)

    assert done.exit_code == 2
    assert words in done.stderr


def test_simulate_says_where_there_is_no_recording(tmp_path: Path) -> None:
    done = run("simulate", "--replay", str(tmp_path))

    assert done.exit_code == 2
    assert "is not a recording: `manifest.json` is missing" in done.stderr


# A part of it


def a_small_tenant() -> State:
    now = SystemClock().now()
    state, maker = State(7, now), Maker(7, now)
    for bundle in (*mailings.singles(maker), *elsewhere.merged(maker, winner="1001")):
        state.admit(bundle, now)
    return state


def test_one_incident_is_recorded_alone_and_replays(tmp_path: Path) -> None:
    with served(simulating(a_small_tenant())) as url:
        path = settings(tmp_path, url)
        done = run("record", "--settings", path, "--out", str(tmp_path / "rec"), "--incident", "1003")
    recording = read(tmp_path / "rec")

    assert done.exit_code == 0, done.output
    assert "recorded one incident: " in done.output
    assert (recording.manifest.incidents, recording.manifest.actions) == (1, {"softDeleteMessage": 1})
    assert recording.manifest.replayed == recording.manifest.decisions
    assert listings(recording) == []


def test_an_incident_that_was_merged_is_followed_to_the_one_it_is_in(tmp_path: Path) -> None:
    with served(simulating(a_small_tenant())) as url:
        path = settings(tmp_path, url)
        done = run("record", "--settings", path, "--out", str(tmp_path / "rec"), "--incident", "1010")

    assert done.exit_code == 0, done.output
    assert [one.status for one in read(tmp_path / "rec").exchanges][:2] == [200, 200]
    assert read(tmp_path / "rec").manifest.actions == {"softDeleteMessage": 1}


def test_an_incident_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    with served(simulating(a_small_tenant())) as url:
        path = settings(tmp_path, url)
        done = run("record", "--settings", path, "--out", str(tmp_path / "rec"), "--incident", "77")

    assert done.exit_code == 2
    assert "incident 77: Graph shows none of this id to this app" in done.stderr
    assert left(tmp_path) == []


def listings(recording: Recording) -> list[Exchange]:
    """Return the exchanges in which incidents were listed, in their order."""
    return [one for one in recording.exchanges if one.target.startswith(f"{LISTS}?")]


def test_no_more_incidents_than_asked_for(tmp_path: Path) -> None:
    with served(simulating(a_small_tenant())) as url:
        path = settings(tmp_path, url)
        done = run(
            "record", "--settings", path, "--out", str(tmp_path / "rec"), "--limit", "4", "--since", "3d"
        )
    recording = read(tmp_path / "rec")

    assert "recorded at most 4 incidents updated in the last 3d: " in done.output
    assert recording.manifest.incidents == 4
    first = listings(recording)[0]
    assert len(json.loads(first.body)["value"]) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "soon"), "`--since soon` is not a duration"),
        (("--since", "3d", "--incident", "1"), "`--since` and `--incident` do not go together"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    path = settings(tmp_path, "http://127.0.0.1:9")

    done = run("record", "--settings", path, "--out", str(tmp_path / "rec"), *arguments)

    assert done.exit_code == 2
    assert words in done.stderr


def test_a_folder_with_something_in_it_is_refused_before_graph_is_asked(tmp_path: Path) -> None:
    (tmp_path / "rec").mkdir()
    (tmp_path / "rec" / "mine").write_text("mine")

    done = run(
        "record", "--settings", settings(tmp_path, "http://127.0.0.1:9"), "--out", str(tmp_path / "rec")
    )

    assert done.exit_code == 2
    assert "is not empty: name a folder that is not there yet" in done.stderr
    assert (tmp_path / "rec" / "mine").read_text() == "mine"


# When things go wrong


def left(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir() if one.name != "air-agent.yaml"]


def test_a_graph_that_is_away_ends_with_three_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        path = settings(tmp_path, f"http://127.0.0.1:{closed.getsockname()[1]}")
        done = run("record", "--settings", path, "--out", str(tmp_path / "rec"))

    assert done.exit_code == 3
    assert "start it" in done.stderr
    assert left(tmp_path) == []


class Gone:
    """The login works, and whatever else is asked breaks the connection."""

    def __init__(self, app: Simulator) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1.0/"):
            raise Reset
        await self._app(scope, receive, send)


def test_a_graph_that_never_answers_ends_with_three_and_leaves_nothing(tmp_path: Path) -> None:
    with served(Gone(simulating(a_small_tenant()))) as url:
        path = fast(settings(tmp_path, url))
        done = run("record", "--settings", path, "--out", str(tmp_path / "rec"))

    assert done.exit_code == 3, done.output
    assert "graph: run hunting query: the connection broke" in done.stderr
    assert left(tmp_path) == []


def fast(path: str) -> str:
    """Make waits short: a minute of the settings' clock is a fiftieth of a second."""
    now = SystemClock().now().isoformat()
    with Path(path).open("a") as file:
        file.write(f"clock: {{rate: 3000, epoch: '{now}'}}\n")
    return path


def test_a_graph_that_fails_is_recorded_as_it_failed_and_said_not_to_be_whole(tmp_path: Path) -> None:
    rule = Rule(fault=Fault(what=What.REFUSE, status=503), path=LISTS, on=None)
    with served(Planted(simulating(a_small_tenant(), Faults(rules=[rule])), Planter())) as url:
        path = fast(settings(tmp_path, url))
        done = run("record", "--settings", path, "--out", str(tmp_path / "rec"))
    recording = read(tmp_path / "rec")

    assert done.exit_code == 3
    assert "it is NOT whole: Graph was away, or asked for patience, before everything was read" in done.stdout
    assert recording.manifest.ending is not None
    assert recording.manifest.ending.kind == "unavailable"
    assert {one.status for one in listings(recording)} == {503}
    assert {one.target for one in recording.exchanges if one.status != 503} == {HUNTS}
    assert "not whole: Graph was away" in (tmp_path / "rec" / "README.txt").read_text()
    assert traces(tmp_path / "rec", SECRET) == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(what=What.REFUSE, status=429, retry_after=RetryAfter.SECONDS),
        Fault(what=What.HTML),
    ],
    ids=lambda fault: fault.what,
)
def test_faults_are_recorded_without_anything_planted(fault: Fault, tmp_path: Path) -> None:
    faults = Faults(rules=[Rule(fault=fault, path=LISTS)])
    with served(Planted(simulating(a_small_tenant(), faults), Planter())) as url:
        path = fast(settings(tmp_path, url))
        done = run("record", "--settings", path, "--out", str(tmp_path / "rec"))

    assert done.exit_code == 0, done.output
    failed, *others = listings(read(tmp_path / "rec"))
    assert failed.status == (fault.status or 200)
    assert b'"value"' not in failed.body
    assert [one.status for one in others] == [200]
    assert b'"value"' in others[0].body
    assert traces(tmp_path / "rec", SECRET) == []


class CutOff:
    """Cuts the first page in half: as if it were the whole, or short of the length that it announces."""

    def __init__(self, inner: ASGIApp, *, is_announced: bool) -> None:
        self._inner = inner
        self._is_announced = is_announced
        self._has_cut = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != LISTS or self._has_cut:
            await self._inner(scope, receive, send)
            return
        self._has_cut = True
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self._inner(scope, receive, keep)
        start, body = kept[0], b"".join(one.get("body", b"") for one in kept[1:])
        half = body[: len(body) // 2]
        length = len(body) if self._is_announced else len(half)
        headers = [one for one in start["headers"] if one[0] != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(length).encode())]})
        await send({"type": "http.response.body", "body": half})


@pytest.mark.parametrize(("is_announced", "status"), [(False, 200), (True, 0)])
def test_half_a_body_is_recorded_without_anything_planted(
    is_announced: bool, status: int, tmp_path: Path
) -> None:
    inner = Planted(simulating(a_small_tenant()), Planter())
    with served(CutOff(inner, is_announced=is_announced)) as url:
        path = fast(settings(tmp_path, url))
        done = run("record", "--settings", path, "--out", str(tmp_path / "rec"))
    half, *_ = listings(read(tmp_path / "rec"))

    assert done.exit_code == 0, done.output
    assert half.status == status
    assert is_announced is (half.body == b"")
    assert traces(tmp_path / "rec", SECRET) == []


class Stuck:
    """Answers until incidents were listed, and then leaves whoever hunts without an answer for a long time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._has_listed = False
        self.is_stuck = threading.Event()
        self.is_over = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == HUNTS and self._has_listed:
            self.is_stuck.set()
            while not self.is_over.is_set():  # noqa: ASYNC110  set by another thread
                await asyncio.sleep(0.02)
        await self._app(scope, receive, send)
        self._has_listed |= path == LISTS


def test_ctrl_c_keeps_what_there_is_and_says_that_it_is_not_whole(tmp_path: Path) -> None:
    stuck = Stuck(simulating(a_small_tenant()))
    with served(stuck) as url:
        path = settings(tmp_path, url)
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "record", "--settings", path, "--out", str(tmp_path / "rec")],
            cwd=ROOT,
            env=os.environ | {"AIR_AGENT_CLIENT_SECRET": SECRET},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert stuck.is_stuck.wait(20)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=20)
        stuck.is_over.set()

    assert process.returncode == 130, errors
    assert "it is NOT whole: stopped by hand before everything was read" in said
    assert "recorded every incident updated in the last 10d: 2 exchanges, 12 incidents" in said
    recording = read(tmp_path / "rec")
    assert [one.target.partition("?")[0] for one in recording.exchanges] == [HUNTS, LISTS]
    manifest = recording.manifest
    assert manifest.ending is not None
    assert manifest.ending.kind == "stopped"
    assert "Traceback" not in errors
