"""The commands by exit code and text."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from agent.faces.cli.app import app
from agent.faces.cli.failures import Commands
from agent.model.errors import (
    AgentError,
    Conflict,
    LedgerError,
    Malformed,
    PolicyError,
    Problem,
    Refused,
    SettingsError,
    Unavailable,
)
from agent.simulator.names import EXECUTIVES

ROOT = Path(__file__).parent.parent.parent

POLICY = """\
policy: small-clusters
description: Soft-delete small clusters.
owner: mail-security@contoso.example
for: [softDeleteCluster]
match:
  cluster.mailboxCount: {atMost: 200}
decide: approve
"""


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner(env={"COLUMNS": "160"} | environ).invoke(app, list(arguments))


def python(
    *arguments: str, cwd: Path = ROOT, stdin: int | None = subprocess.DEVNULL
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "agent", *arguments],
        cwd=cwd,
        env={name: text for name, text in os.environ.items() if not name.startswith("AIR_AGENT_")},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# Errors and exit codes


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("x is wrong"), 2),
        (PolicyError([Problem(file="p.yaml", line=1, column=2, message="x is wrong")]), 2),
        (LedgerError("x is wrong"), 2),
        (Refused("x is wrong"), 2),
        (Unavailable("x is wrong"), 3),
        (Malformed("x is wrong"), 1),
        (Conflict("x is wrong"), 1),
    ],
)
def test_an_error_becomes_words_and_an_exit_code(error: AgentError, code: int) -> None:
    failing = typer.Typer(cls=Commands)

    @failing.command()
    def fail() -> None:
        raise error

    @failing.command()
    def other() -> None:
        """Make it a group."""

    done = CliRunner().invoke(failing, ["fail"])

    assert done.exit_code == code
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("x is wrong\n")


def test_every_problem_of_the_settings_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("tenant: {id: abc}\nmod: enforce\nlog: {level: loud}")

    done = run("run", "--settings", str(path))

    assert done.exit_code == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"error: {path}:") for line in lines)


@pytest.mark.parametrize("arguments", [["nope"], ["show"], ["pending", "--nope"], ["demo", "--seconds", "1"]])
def test_wrong_use_ends_with_two(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_without_settings_the_tenant_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    done = run("pending")

    assert done.exit_code == 2
    assert (
        "`tenant.id` is missing, and there is no settings file here: name one with `--settings`"
        in done.stderr
    )


def test_the_usual_settings_file_is_found_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "air-agent.yaml").write_text("tenant: {id: abc}")

    done = run("pending")

    assert "air-agent.yaml:1:14: `tenant.id`: `abc` is not a GUID" in done.stderr


@pytest.mark.parametrize("has_file", [True, False])
def test_run_says_where_the_log_goes_if_it_goes_elsewhere(tmp_path: Path, has_file: bool) -> None:
    path, log = tmp_path / "air-agent.yaml", tmp_path / "agent.log"
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "small-clusters.yaml").write_text(POLICY)
    path.write_text(
        "tenant: {id: 72f988bf-0000-4000-8000-00000000c0de}\n"
        "graph: {cloud: simulator, url: 'http://127.0.0.1:1'}\n"
        "auth: {kind: clientSecret, client_id: 72f988bf-0000-4000-8000-00000000c0de}\n"
        + (f"log: {{file: {log}}}\n" if has_file else "")
    )

    ran = subprocess.run(
        [sys.executable, "-m", "agent", "run", "--settings", str(path)],
        env=os.environ | {"AIR_AGENT_CLIENT_SECRET": "x"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (f"the log goes to {log}\n" in ran.stderr) is has_file
    assert ran.stdout == ""


def test_a_graph_that_is_away_ends_once_with_three(tmp_path: Path) -> None:
    path = tmp_path / "air-agent.yaml"
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "small-clusters.yaml").write_text(POLICY)
    path.write_text(
        "tenant: {id: 72f988bf-0000-4000-8000-00000000c0de}\n"
        "graph: {cloud: simulator, url: 'http://127.0.0.1:1'}\n"
        "auth: {kind: clientSecret, client_id: 72f988bf-0000-4000-8000-00000000c0de}\n"
        f"log: {{file: {tmp_path / 'agent.log'}}}\n"
    )

    done = python("once", "--settings", str(path), cwd=tmp_path)
    done.communicate()
    refused = done.returncode
    ran = subprocess.run(
        [sys.executable, "-m", "agent", "once", "--settings", str(path)],
        env=os.environ | {"AIR_AGENT_CLIENT_SECRET": "x"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused == 2
    assert ran.returncode == 3, ran.stderr
    assert ran.stderr.startswith("error: ")
    assert "Traceback" not in ran.stderr


def test_help_is_quick_because_it_loads_nothing_heavy() -> None:
    code = (
        "import sys; from agent.faces.cli.app import app; from typer.testing import CliRunner;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "print([name for name in ('sqlalchemy', 'msgraph', 'azure', 'httpx', 'uvicorn', 'structlog', 're2')"
        " if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


# Policies


def test_policies_that_load_are_counted(tmp_path: Path) -> None:
    (tmp_path / "small-clusters.yaml").write_text(POLICY)

    done = run("policy", "check", str(tmp_path))

    assert done.exit_code == 0
    assert f"1 policy in {tmp_path} loads, there are no cases: revision " in done.stdout


def test_every_problem_of_the_policies_is_told_at_its_place_and_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "small-clusters.yaml").write_text(
        POLICY.replace("decide: approve", "decide: aprove\nowmer: x")
    )

    done = run("policy", "check", str(tmp_path))

    assert done.exit_code == 1
    assert f"{tmp_path}/small-clusters.yaml:7:9: " in done.stdout
    assert f"{tmp_path}/small-clusters.yaml:8:1: " in done.stdout
    assert f"2 errors in {tmp_path}" in done.stdout


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ("approve", "1 case holds"),
        ("reject", "expected reject, decided approve"),
        ("aprove", "did you mean `approve`"),
    ],
)
def test_the_cases_beside_a_policy_are_run(tmp_path: Path, decision: str, words: str) -> None:
    (tmp_path / "small-clusters.yaml").write_text(POLICY)
    (tmp_path / "small-clusters.cases.yaml").write_text(
        f"""
policy: small-clusters
cases:
  - case: a small one
    kind: softDeleteCluster
    facts: {{evidence.verdict: malicious, cluster.by: url, cluster.mailboxCount: 3}}
    decision: {decision}
    policies: [small-clusters]
"""
    )

    done = run("policy", "check", str(tmp_path))

    assert words in done.stdout
    assert done.exit_code == (0 if decision == "approve" else 1)


def test_policy_check_as_json(tmp_path: Path) -> None:
    (tmp_path / "small-clusters.yaml").write_text(POLICY.replace("approve", "aprove"))

    done = run("policy", "check", str(tmp_path), "--json")

    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert set(found) == {"path", "policies", "chains", "channels", "cases", "revision", "problems"}
    assert (found["problems"][0]["line"], found["problems"][0]["column"]) == (7, 9)


def test_one_file_is_checked_with_the_lists_beside_it_and_without_the_faults_of_others(
    tmp_path: Path,
) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "vip.yaml").write_text("list: vip\nentries: [ceo@contoso.example]\n")
    with_list = POLICY.replace("decide:", "unless:\n  - recipients: {anyIn: $vip}\ndecide:")
    (tmp_path / "small-clusters.yaml").write_text(with_list)
    (tmp_path / "other.yaml").write_text("policy: [")

    good = run("policy", "check", str(tmp_path / "small-clusters.yaml"))
    bad = run("policy", "check", str(tmp_path / "other.yaml"))

    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert "no problem in" in good.stdout
    assert "1 error in" in bad.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("small-clusters.txt", "is neither a policy nor what lies beside"),
        ("passwd", "is neither a policy nor what lies beside"),
    ],
)
def test_a_file_that_is_no_policy_is_not_without_problems(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "small-clusters.yaml").write_text(POLICY)
    (tmp_path / name).write_text("a: [")

    done = run("policy", "check", str(tmp_path / name))

    assert done.exit_code == 1
    assert words in done.stdout
    assert "1 error in" in done.stdout


@pytest.mark.parametrize("name", ["notes.txt", "lists/vip.yaml", "p.cases.yaml"])
def test_a_folder_without_a_policy_is_a_finding(tmp_path: Path, name: str) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / name).write_text("list: vip\nentries: [ceo@contoso.example]\n")

    done = run("policy", "check", str(tmp_path))

    assert done.exit_code == 1
    assert "there is no policy" in done.stdout


def test_a_list_is_checked_from_within_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "vip.yaml").write_text("list: vip\nentries: [ceo@contoso.example]\nownr: x\n")
    (tmp_path / "small-clusters.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path / "lists")

    done = run("policy", "check", "vip.yaml")

    assert done.exit_code == 1
    assert "unknown key `ownr`: did you mean `owner`?" in done.stdout


def test_a_named_pipe_among_the_policies_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "small-clusters.yaml").write_text(POLICY)
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "away.yaml").symlink_to(tmp_path / "nowhere")

    done = run("policy", "check", str(tmp_path))

    assert done.exit_code == 1
    assert f"{tmp_path}/pipe.yaml:1:1: error does-not-load: is not a file: move it out" in done.stdout
    assert f"{tmp_path}/folder.yaml:1:1: error does-not-load: is not a file" in done.stdout
    assert f"{tmp_path}/away.yaml:1:1: error does-not-load: cannot be read" in done.stdout


def test_policies_of_a_mounted_config_map_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "..2026_08_20").mkdir()
    (tmp_path / "..2026_08_20" / "small-clusters.yaml").write_text(POLICY)
    (tmp_path / "..data").symlink_to("..2026_08_20")
    (tmp_path / "small-clusters.yaml").symlink_to("..data/small-clusters.yaml")

    done = run("policy", "check", str(tmp_path))

    assert done.exit_code == 0, done.stdout
    assert "1 policy in" in done.stdout


@pytest.mark.parametrize("command", ["once", "run"])
@pytest.mark.parametrize("policies", [None, "policy: ["])
def test_policies_that_do_not_load_stop_the_start_before_graph_is_asked(
    tmp_path: Path, command: str, policies: str | None
) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    file = tmp_path / "air-agent.yaml"
    file.write_text(
        "tenant: {id: 11111111-2222-3333-4444-555555555555}\n"
        "graph: {cloud: simulator, url: 'http://127.0.0.1:9'}\n"
        "auth: {kind: clientSecret, client_id: 11111111-2222-3333-4444-555555555555}\n"
        "ledger: {url: 'sqlite:///data/ledger.db'}\n"
        "policies: {directory: mine}\n"
    )
    if policies is not None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "p.yaml").write_text(policies)

    done = run(command, "--settings", str(file), AIR_AGENT_CLIENT_SECRET="not-a-secret")

    assert done.exit_code == 2
    assert f"error: {tmp_path}/mine" in done.stderr
    assert not (tmp_path / "data" / "ledger.db").exists()


# Standard output


@pytest.mark.parametrize("unbuffered", [{}, {"PYTHONUNBUFFERED": "1"}])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_behind_standard_output_is_one_line(
    tmp_path: Path, options: list[str], unbuffered: dict[str, str]
) -> None:
    (tmp_path / "small-clusters.yaml").write_text(POLICY)

    environ = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "agent", "policy", "check", str(tmp_path), *options],
            cwd=ROOT,
            env=environ | unbuffered,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr == "error: standard output cannot be written to: no space left on device\n"


@pytest.mark.parametrize("options", ["", " --json"])
def test_a_closed_standard_output_is_one_line(tmp_path: Path, options: str) -> None:
    (tmp_path / "small-clusters.yaml").write_text(POLICY)

    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            f'exec "$0" -m agent policy check "$1"{options} >&-',
            sys.executable,
            str(tmp_path),
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == "error: standard output is closed: leave it open, or send it to a file\n"


def test_a_folder_of_policies_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    done = run("policy", "check", str(tmp_path / "none"))

    assert done.exit_code == 2
    assert "is not there: name the folder" in done.stderr


# The simulator alone


def test_the_simulator_says_where_it_is_ready_and_stops_when_asked() -> None:
    process = python("simulate", "--seed", "3", "--rate", "60", "--epoch", "2026-08-20T12:00:00Z")
    assert process.stdout is not None
    line = process.stdout.readline()
    url = line.removeprefix("ready ").strip()
    status = httpx.get(f"{url}/simulator/status", trust_env=False).json()

    process.send_signal(signal.SIGINT)
    rest, recipe = process.communicate(timeout=20)

    assert line.startswith("ready http://127.0.0.1:")
    assert status["seed"] == 3
    assert rest == ""
    assert process.returncode == 0
    assert f'url: "{url}"' in recipe
    assert 'epoch: "2026-08-20T12:00:00Z"' in recipe
    assert "`source: {group: ID}`" in recipe
    assert f"  {EXECUTIVES}  two executives" in recipe


@pytest.mark.parametrize("most", [None, 100_000])
def test_the_recipe_of_the_simulator_is_settings_that_load(tmp_path: Path, most: int | None) -> None:
    from datetime import UTC, datetime

    from agent.faces.cli.simulating import Told
    from agent.settings.loading import load

    told = Told(
        tenants=("72f988bf-0000-4000-8000-00000000c0de",),
        rate=60.0,
        epoch=datetime(2026, 8, 20, 12, tzinfo=UTC),
        requests_per_minute=most,
    ).recipe(8080)
    (tmp_path / "s.yaml").write_text(
        "".join(f"{line}\n" for line in told.splitlines() if line.startswith("  "))
    )

    settings = load(tmp_path / "s.yaml", {"AIR_AGENT_CLIENT_SECRET": "s"})

    assert settings.clock.rate == 60
    assert settings.graph.requests_per_minute == (most or 60)


def test_the_simulator_ends_when_whoever_started_it_is_gone() -> None:
    process = python("simulate", "--until-stdin-closes", stdin=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()

    process.stdin.close()

    assert process.wait(timeout=20) == 0
    process.stdout.close()
    if process.stderr is not None:
        process.stderr.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--position", "never close"], "did you mean `never closes`?"),
        (["--epoch", "now"], "`--epoch now` is not a moment with its zone"),
    ],
)
def test_wrong_options_of_the_simulator_are_told(options: list[str], words: str) -> None:
    done = run("simulate", *options)

    assert done.exit_code == 2
    assert words in done.stderr


def test_a_port_that_is_taken_is_told() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = python("simulate", "--port", str(taken.getsockname()[1]))
        _, said = process.communicate(timeout=20)

    assert process.returncode == 2
    assert "address already in use: choose another, or 0 for any free one" in said


def test_a_signal_while_stopping_only_waits() -> None:
    """A second Ctrl-C must not break what the first one lets finish."""
    code = (
        "import asyncio, os, signal\n"
        "from agent.faces.cli.stopping import stop_on_signals\n"
        "async def main():\n"
        "    stop = asyncio.Event()\n"
        "    stop_on_signals(stop)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    await stop.wait()\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    for _ in range(100):\n"
        "        await asyncio.sleep(0)\n"
        "    print('finished')\n"
        "asyncio.run(main())\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "finished\n")
