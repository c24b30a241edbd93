"""`backfill` as a person uses it: right after the installation, beside an agent, broken off and run again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.adapters.host import SystemClock
from agent.faces.cli.app import app
from agent.faces.cli.logs import configure
from agent.settings.subjects import Log
from agent.simulator import names, tenant
from agent.simulator.app import Simulator, build
from agent.simulator.clock import RealClock
from agent.simulator.happenings import person_approves, person_rejects
from agent.simulator.switches import Switches, every_position
from tests.faces.test_recording import served

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[None]:
    """Set logging back to what no test of this file left it at."""
    yield
    configure(Log(), SystemClock().now)


def a_tenant(switches: Switches | None = None) -> Simulator:
    """Return a tenant in which people have decided four clusters within the last days."""
    began = SystemClock().now() - timedelta(days=3)
    state = tenant.burst(3, began, actions=4, messages_each=2)
    for number, alert_id in enumerate(list(state.alerts)):
        act = person_approves if number % 2 else person_rejects
        state.plan(began + timedelta(hours=2 + number), act(alert_id, 0))
    return build(state, switches, None, RealClock(SystemClock().now()))


@contextmanager
def installed(folder: Path, switches: Switches | None = None, *, budget: int = 140) -> Iterator[Path]:
    """Give the settings of an agent that was just installed."""
    with served(a_tenant(switches)) as url:
        file = folder / "air-agent.yaml"
        file.write_text(
            f"""\
tenant: {{id: {names.TENANT_ID}}}
graph: {{cloud: simulator, url: "{url}", requests_per_minute: {budget}}}
auth: {{kind: clientSecret, client_id: {names.CLIENT_ID}}}
policies: {{directory: {ROOT / "policies"}}}
ledger: {{url: "sqlite:///{folder}/ledger/ledger.db"}}
"""
        )
        yield file


def backfill(file: Path, *words: str) -> Result:
    arguments = ["backfill", "--settings", str(file), *words]
    return CliRunner().invoke(app, arguments, env={"AIR_AGENT_CLIENT_SECRET": names.CLIENT_SECRET})


def test_the_first_import_says_what_people_decided_and_what_to_do_next(tmp_path: Path) -> None:
    with installed(tmp_path) as file:
        result = backfill(file, "--since", "5d")

    assert result.exit_code == 0, result.output
    assert "4 proposals are in the history, judged as of when first seen:" in result.stdout
    assert "2  people approved" in result.stdout
    assert "2  people rejected" in result.stdout
    assert result.stdout.splitlines()[-1] == "now: air-agent report --since 5d"
    assert result.stderr.startswith("0% to ")
    assert "100% to " in result.stderr


def test_a_dry_run_finds_the_same_and_makes_no_ledger(tmp_path: Path) -> None:
    with installed(tmp_path) as file:
        result = backfill(file, "--since", "5d", "--dry-run")

        assert result.exit_code == 0, result.output
        assert "4 proposals would be in the history" in result.stdout
        assert "now: air-agent report" not in result.stdout
        assert not (tmp_path / "ledger").exists()


def test_for_machines_it_is_one_document(tmp_path: Path) -> None:
    with installed(tmp_path) as file:
        first = json.loads(backfill(file, "--since", "5d", "--json").stdout)
        again = json.loads(backfill(file, "--since", "5d", "--json").stdout)
        dry = json.loads(backfill(file, "--since", "5d", "--json", "--dry-run").stdout)

    counts = ("incidents", "proposals", "approved", "rejected", "unknown", "left", "problems", "missing")
    assert [first[name] for name in counts] == [4, 4, 2, 2, {}, {}, [], []]
    assert [again[name] for name in counts] == [first[name] for name in counts]
    assert [dry[name] for name in counts] == [first[name] for name in counts]
    assert (first["resumed"], first["is_dry"], dry["is_dry"]) == (None, False, True)


def test_without_hunting_it_says_what_to_grant(tmp_path: Path) -> None:
    with installed(tmp_path, every_position()["no hunting"]) as file:
        result = backfill(file, "--since", "5d")

    assert result.exit_code == 0, result.output
    assert "2 proposals are in the history" in result.stdout
    assert "2  were remediated, and nothing shows that people were ever asked" in result.stdout
    assert "grant ThreatHunting.Read.All: without it" in result.stdout


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("31d", "`--since 31d` is further back than Graph reaches: hunting knows the last 30d: write 30d"),
        ("2030-01-01", "`--since 2030-01-01` is no time ago"),
        ("0d", "`--since 0d` is no time ago"),
        ("often", "`--since often` is not a duration"),
    ],
)
def test_how_far_back_has_to_make_sense(since: str, words: str, tmp_path: Path) -> None:
    with installed(tmp_path) as file:
        result = backfill(file, "--since", since)

    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "ledger").exists()


def test_graph_that_cannot_be_reached_ends_it(tmp_path: Path) -> None:
    with installed(tmp_path) as file:
        pass

    result = backfill(file, "--since", "5d")

    assert result.exit_code == 3
    assert "run it again, and it goes on from there" in " ".join(result.stderr.split())


def test_after_ctrl_c_it_goes_on_where_it_was(tmp_path: Path) -> None:
    with installed(tmp_path, budget=8) as file:
        arguments = ["backfill", "--settings", str(file), "--since", "20d"]
        environment = os.environ | {"AIR_AGENT_CLIENT_SECRET": names.CLIENT_SECRET, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "agent", *arguments],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert process.stderr is not None
        first = process.stderr.readline()
        # The budget of a minute is spent after some days: it waits for the next one.
        wait_until_read(tmp_path / "ledger" / "ledger.db")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
        file.write_text(file.read_text().replace("requests_per_minute: 8", "requests_per_minute: 140"))
        again = backfill(file, "--since", "20d")

    assert first.startswith("0% to ")
    assert process.returncode == 130
    assert "is kept: run it again, and it goes on from there" in " ".join(said.split())
    assert again.exit_code == 0, again.output
    assert again.stdout.startswith("taken up where an earlier one was broken off, at ")
    assert "4 proposals are in the history" in again.stdout


def wait_until_read(ledger: Path) -> None:
    """Return once something of an import has been kept."""
    import sqlite3
    import time

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as looking:
                if looking.execute("SELECT count(*) FROM imports").fetchone()[0]:
                    return
        except sqlite3.OperationalError:
            pass  # it or its tables are not made yet
        time.sleep(0.05)
    raise AssertionError("nothing was kept")
