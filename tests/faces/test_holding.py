"""`hold` and `release`, and what the other commands say while something holds."""

import asyncio
import json
import os
import pwd
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.adapters.host import SystemClock
from agent.faces.cli.app import app
from agent.faces.cli.person import person
from agent.model.enactment import State
from agent.model.hold import Hold, Replica
from tests.faces.records import HOSTILE, a_record, a_settings_file
from tests.ledgers import open_ledger
from tests.makers import NOW, TENANT

ME = f"{pwd.getpwuid(os.getuid()).pw_name} on {socket.gethostname()}"
OF_A = Hold(name="file:a", since=NOW, by="the file /srv/HOLD of a", reason="drill")


def run(folder: Path, *arguments: str) -> Result:
    settings = ("--settings", str(folder / "air-agent.yaml"))
    env = {"COLUMNS": "160", "SUDO_UID": None}
    return CliRunner(env=env).invoke(app, [*arguments[:1], *settings, *arguments[1:]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    a_settings_file(tmp_path, a_record(State.HELD))
    return tmp_path


def ledger_of(folder: Path, *lay: Hold, replica: Replica | None = None) -> tuple[Hold, ...]:
    async def look() -> tuple[Hold, ...]:
        async with open_ledger(f"sqlite:///{folder}/air-agent-data/ledger.db", TENANT) as ledger:
            for one in lay:
                await ledger.hold(one)
            if replica is not None:
                await ledger.beat(replica)
            return await ledger.holds()

    return asyncio.run(look())


def test_a_hold_says_who_laid_it_and_why_and_what_ends_it(folder: Path) -> None:
    done = run(folder, "hold", "odd verdicts\n since noon")

    assert done.exit_code == 0
    assert done.stdout == (
        "held: nothing is carried out from now on, by any agent on this ledger, until `air-agent release`\n"
    )
    (hold,) = ledger_of(folder)
    assert (hold.name, hold.by, hold.reason) == ("hold", ME, "odd verdicts since noon")
    assert abs(hold.since - SystemClock().now()) < timedelta(minutes=1)


def test_a_second_hold_leaves_the_first_ones_moment_and_takes_a_better_reason_of_the_same_person(
    folder: Path,
) -> None:
    run(folder, "hold", "first")
    (before,) = ledger_of(folder)

    done = run(folder, "hold", "second")
    again = run(folder, "hold", "second")

    assert (done.exit_code, again.exit_code) == (0, 0)
    assert done.stdout.endswith(f", by {ME}: first; the reason is now: second\n")
    assert again.stdout.endswith(f", by {ME}: second\n")
    (after,) = ledger_of(folder)
    assert (after.since, after.reason) == (before.since, "second")


def test_somebody_elses_hold_stays_as_it_is(folder: Path) -> None:
    ledger_of(folder, Hold(name="hold", since=NOW, by="anna on ops", reason=f"hers {HOSTILE}"))

    done = run(folder, "hold", "mine")

    assert done.exit_code == 0
    assert done.stdout.startswith("held already, since 2026-11-02 09:00Z, by anna on ops: hers ")
    assert "\x1b" not in done.stdout
    assert len(ledger_of(folder)) == 1


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_hold_without_a_reason_is_refused(folder: Path, reason: str) -> None:
    done = run(folder, "hold", reason)

    assert done.exit_code == 2
    assert done.stderr.startswith("error: the reason is empty: ")
    assert ledger_of(folder) == ()


def test_a_release_ends_the_hold(folder: Path) -> None:
    run(folder, "hold", "odd verdicts")

    done = run(folder, "release", "--reason", "looked through")

    assert done.exit_code == 0
    assert done.stdout.startswith("released: `hold`, laid ")
    assert done.stdout.endswith(f" by {ME}: odd verdicts\n")
    assert ledger_of(folder) == ()


def test_to_release_what_does_not_hold_is_fine_where_nothing_holds(folder: Path) -> None:
    done = run(folder, "release", "brake")

    assert done.exit_code == 0
    assert done.stdout == "`brake` is not on: there is nothing to release\n"


def test_a_release_that_leaves_another_hold_says_what_ends_that_one(folder: Path) -> None:
    ledger_of(folder, Hold(name="brake", since=NOW, by="the agent", reason="too many"))
    run(folder, "hold", "odd verdicts")

    done = run(folder, "release")

    assert done.exit_code == 1
    assert "still held: nothing is carried out, since 2026-11-02 09:00Z (" in done.stdout
    assert "by the agent: too many; `air-agent release brake` ends it\n" in done.stdout
    assert [one.name for one in ledger_of(folder)] == ["brake"]
    assert run(folder, "release", "brake").exit_code == 0


def test_a_files_hold_is_not_released_while_its_agent_reads_the_file(folder: Path) -> None:
    now = SystemClock().now()
    ledger_of(folder, OF_A, replica=Replica(name="a", alive=now - timedelta(minutes=14)))

    for name in ("hold", "file:a"):
        done = run(folder, "release", name)

        assert done.exit_code == 1
        assert "removing the file /srv/HOLD of a ends it" in done.stdout
    assert ledger_of(folder) == (OF_A,)


def test_a_files_hold_is_released_where_its_agent_is_gone(folder: Path) -> None:
    ledger_of(folder, OF_A, replica=Replica(name="a", alive=SystemClock().now() - timedelta(minutes=16)))

    done = run(folder, "release", "file:a")

    assert done.exit_code == 0
    assert ledger_of(folder) == ()


def test_a_file_of_which_no_agent_has_told_yet_is_told_of(folder: Path) -> None:
    (folder / "air-agent-data" / "HOLD").write_text("drill\n")

    done = run(folder, "release")
    standing = json.loads(run(folder, "status", "--json").stdout)

    assert done.exit_code == 1
    assert ": drill; removing the file " in done.stdout
    assert [one["reason"] for one in standing["holds"]] == ["drill"]


def test_a_name_that_no_hold_has_is_a_wrong_use(folder: Path) -> None:
    ledger_of(folder, OF_A)

    done = run(folder, "release", "brakes")

    assert done.exit_code == 2
    assert done.stderr == "error: there is no hold `brakes`: name one that stands: `file:a`\n"


def test_json_tells_what_changed_and_what_holds(folder: Path) -> None:
    laid = json.loads(run(folder, "hold", "x", "--json").stdout)
    again = json.loads(run(folder, "hold", "x", "--json").stdout)
    released = json.loads(run(folder, "release", "--json").stdout)

    assert set(laid) == {"has_changed", "words", "holds"}
    assert [one["has_changed"] for one in (laid, again, released)] == [True, False, True]
    assert [len(one["holds"]) for one in (laid, again, released)] == [1, 1, 0]
    assert laid["holds"][0]["by"] == ME


@pytest.mark.parametrize("command", [("hold", "x"), ("release",)])
def test_no_ledger_is_made_by_mistake(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A hold in a ledger that no agent reads would hold nothing."""
    (tmp_path / "air-agent.yaml").write_text(f"tenant: {{id: {TENANT}}}\n")

    done = run(tmp_path, *command)

    assert done.exit_code == 2
    assert "start the agent once, which creates it" in done.stderr
    assert not (tmp_path / "air-agent-data").exists()


def test_who_is_root_by_sudo_is_told_with_who_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", "987654")

    assert person() == f"user 987654 as root on {socket.gethostname()}"


@pytest.mark.parametrize("behind", ["", "0", "x", "-1", "9" * 40])
def test_what_sudo_does_not_say_is_not_made_up(monkeypatch: pytest.MonkeyPatch, behind: str) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", behind)

    said = person()

    assert said in {f"root on {socket.gethostname()}", f"user {behind} as root on {socket.gethostname()}"}


@pytest.mark.parametrize("command", [("pending",), ("worklist",), ("show", "ID")])
def test_what_is_open_says_first_of_all_that_everything_is_held(
    folder: Path, command: tuple[str, ...]
) -> None:
    identity = json.loads(run(folder, "pending", "--json").stdout)["pending"][0]["id"]
    asked = tuple(identity if one == "ID" else one for one in command)
    before = run(folder, *asked).stdout

    run(folder, "hold", f"odd verdicts {HOSTILE}")
    done = run(folder, *asked)

    assert "held: nothing is carried out" not in before
    assert done.stdout.startswith("held: nothing is carried out, since ")
    assert "`air-agent release` ends it" in done.stdout.splitlines()[0]
    assert "\x1b" not in done.stdout
    assert len(json.loads(run(folder, *asked, "--json").stdout)["holds"]) == 1
