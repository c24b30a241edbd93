"""`status` over a real ledger, before, while and after an agent runs."""

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.adapters.host import SystemClock
from agent.faces.cli.app import app
from agent.loop.falling import alarm_words
from agent.model.alarm import Alarm
from agent.model.decision import Verb
from agent.model.enactment import State
from agent.model.fallback import Fallback
from agent.model.hold import Hold, Replica
from agent.model.policy import KeptSet
from tests.faces.records import HOSTILE, a_record, a_settings_file
from tests.judge.writing import list_file, policy_file
from tests.ledgers import open_ledger
from tests.makers import NOW, TENANT, a_cluster

FILES = {
    "policies/p.yaml": policy_file(),
    "policies/q.yaml": policy_file(name="q", mode="observe"),
    **list_file("vip", "ceo@contoso.example"),
}
A_SET = KeptSet(revision="0123456789ab", git="c0ffee" * 6 + "c0ff+", at=NOW, files=FILES)


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(app, ["status", *arguments])


def standing(
    folder: Path,
    *alarms: Alarm,
    kept: KeptSet | None = A_SET,
    more: Sequence[str] = (),
    silent: timedelta | None = timedelta(0),
) -> Path:
    """Return the settings of an agent that has some records and these alarms, and left its last sign so long ago."""
    path = a_settings_file(
        folder,
        a_record(State.HELD, Verb.ESCALATE, evidence=a_cluster(query="one"), due=NOW + timedelta(hours=1)),
        a_record(State.CONFIRMED, evidence=a_cluster(query="two")),
    )
    path.write_text("\n".join([path.read_text(), *more]))

    async def fill() -> None:
        async with open_ledger(f"sqlite:///{folder}/air-agent-data/ledger.db", TENANT) as ledger:
            if kept is not None:
                await ledger.keep_set(kept)
            await ledger.move_cursor(NOW)
            if silent is not None:
                await ledger.beat(a_replica(SystemClock().now() - silent))
            for alarm in alarms:
                await ledger.raise_alarm(alarm)

    asyncio.run(fill())
    return path


def a_replica(alive: datetime, switch_read: datetime | None = None) -> Replica:
    return Replica(
        name="a",
        alive=alive,
        switch_read=switch_read or alive,
        version="1.2",
        mode="enforce",
        cannot={"softDelete": "grant SecurityAnalyzedMessage.ReadWrite.All"},
    )


def laid(folder: Path, *holds: Hold, replica: Replica | None = None) -> None:
    async def lay() -> None:
        async with open_ledger(f"sqlite:///{folder}/air-agent-data/ledger.db", TENANT) as ledger:
            for one in holds:
                await ledger.hold(one)
            if replica is not None:
                await ledger.beat(replica)

    asyncio.run(lay())


def told(path: Path, code: int = 0) -> Any:
    done = run("--settings", str(path), "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_it_says_what_is_in_force_and_how_far_the_agent_has_come(tmp_path: Path) -> None:
    done = run("--settings", str(standing(tmp_path)))

    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "mode observe"
    assert (
        lines[1]
        == f"kill switch off; to throw it: `air-agent hold REASON`, or make the file {tmp_path}/air-agent-data/HOLD"
    )
    assert lines[2].startswith(
        "policies revision 0123456789ab, git c0ffeec0ffee+, in force since 2026-11-02 09:00Z ("
    )
    assert lines[2].endswith(": 1 enforcing, 1 observing, 1 list, 0 chains")
    assert lines[3].startswith("last alive ")
    assert lines[4].startswith("read up to 2026-11-02 09:00Z (")
    assert lines[5:10] == [
        "last sweep there was none yet",
        "next due 2026-11-02 10:00Z (now)",
        "actions 1 confirmed, 1 held",
        "on call no page is open",
        "alarms none",
    ]
    assert re.fullmatch(
        r"agent a: enforce, alive (just now|\d+s ago), kill switch read (just now|\d+s ago), version 1\.2",
        lines[10],
    )
    assert lines[11:] == ["a hands off softDelete: grant SecurityAnalyzedMessage.ReadWrite.All"]


def test_json_has_stable_names_and_moments_in_utc(tmp_path: Path) -> None:
    found = told(standing(tmp_path))

    assert set(found) == {
        "now",
        "mode",
        "policies",
        "alarms",
        "fallbacks",
        "holds",
        "replicas",
        "alive",
        "is_silent",
        "watermark",
        "swept",
        "next_due",
        "states",
        "telling",
    }
    assert found["policies"] == {
        "revision": "0123456789ab",
        "git": A_SET.git,
        "since": "2026-11-02T09:00:00Z",
        "enforcing": 1,
        "observing": 1,
        "lists": 1,
        "chains": 0,
        "channels": 0,
        "problem": "",
    }
    assert found["states"] == {"confirmed": 1, "held": 1}


def test_observing_policies_that_are_treated_as_enforcing_are_counted_so(tmp_path: Path) -> None:
    simulated = (
        "graph: {cloud: simulator, url: 'http://127.0.0.1:9'}",
        "auth: {kind: clientSecret, client_id: 11111111-2222-3333-4444-555555555555}",
        "policies: {treat_as: enforce}",
    )
    path = standing(tmp_path, more=simulated)

    done = CliRunner(env={"AIR_AGENT_CLIENT_SECRET": "x"}).invoke(
        app, ["status", "--settings", str(path), "--json"]
    )

    found = json.loads(done.stdout)["policies"]
    assert (found["enforcing"], found["observing"]) == (2, 0)


def test_an_alarm_is_told_since_when_and_is_a_finding(tmp_path: Path) -> None:
    alarm = Alarm(name="policies", since=NOW, words=f"p.yaml:1:1: {HOSTILE}; revision x stays in force")
    path = standing(tmp_path, alarm)

    done = run("--settings", str(path))

    assert done.exit_code == 1
    assert "alarms       1 stands" in done.stdout
    assert "alarm: policies, since 2026-11-02 09:00Z (" in done.stdout
    assert "\x1b" not in done.stdout
    assert told(path, code=1)["alarms"][0]["name"] == "policies"


@pytest.mark.parametrize("has_alarm", [False, True])
def test_a_policy_that_fell_back_is_told_once_and_is_a_finding(tmp_path: Path, has_alarm: bool) -> None:
    """An agent that lives says so with an alarm; who took something back may do so while none lives."""
    fallback = Fallback(policy="p", since=NOW, action_id="abc", words="a person took it back", revision="r")
    alarm = Alarm(name="fallback p", since=NOW, words=alarm_words(fallback))
    path = standing(tmp_path, *([alarm] if has_alarm else []))

    async def fall() -> None:
        async with open_ledger(f"sqlite:///{tmp_path}/air-agent-data/ledger.db", TENANT) as ledger:
            await ledger.fall_back([fallback])

    asyncio.run(fall())
    result = run("--settings", str(path))

    assert result.exit_code == 1
    assert (
        result.stdout.count("policy p fell back to observe: a person took it back: see `air-agent show abc`")
        == 1
    )
    assert told(path, code=1)["fallbacks"][0]["policy"] == "p"


def test_what_holds_is_told_with_its_reason_and_its_end_and_is_a_finding(tmp_path: Path) -> None:
    path = standing(tmp_path)
    laid(
        tmp_path,
        Hold(name="hold", since=NOW, by="anna on ops", reason=f"odd verdicts {HOSTILE}"),
        Hold(name="brake", since=NOW, by="the agent", reason="5,000 approvals in an hour"),
        Hold(name="file:a", since=NOW, by="the file /srv/HOLD of a", reason="drill"),
    )

    done = run("--settings", str(path))

    assert done.exit_code == 1
    assert "kill switch  3 holds stand (`brake`, `file:a`, `hold`): nothing is carried out" in done.stdout
    assert ", by anna on ops: odd verdicts " in done.stdout
    assert "; `air-agent release` ends it\n" in done.stdout
    assert "in an hour; `air-agent release brake` ends it\n" in done.stdout
    assert "drill; removing the file /srv/HOLD of a ends it\n" in done.stdout
    assert "\x1b" not in done.stdout
    assert [one["name"] for one in told(path, code=1)["holds"]] == ["brake", "file:a", "hold"]


@pytest.mark.parametrize(
    ("alive", "switch", "words"),
    [
        (0, 0, ", version 1.2"),
        (0, 9, "a does not read the kill switch, and carries nothing out"),
        (16, 25, ", alive 16m ago, seems to have ended"),
    ],
)
def test_an_agent_that_lives_and_has_lost_its_switch_is_told_apart(
    tmp_path: Path, alive: int, switch: int, words: str
) -> None:
    path, now = standing(tmp_path, more=["pace: {poll_every: 10m}"]), SystemClock().now()
    replica = a_replica(now - timedelta(minutes=alive), now - timedelta(minutes=switch))
    laid(tmp_path, replica=replica)

    done = run("--settings", str(path))

    assert words in done.stdout
    assert done.stdout.count("does not read the kill switch") == (alive < switch and alive < 15)


def test_json_says_why_a_set_that_came_later_is_not_in_force(tmp_path: Path) -> None:
    alarm = Alarm(name="policies", since=NOW, words="p.yaml:1:1: wrong; revision x stays in force")
    other = Alarm(name="list vip", since=NOW, words="not granted")

    found = told(standing(tmp_path, other, alarm), code=1)["policies"]

    assert found["problem"] == alarm.words
    assert (found["enforcing"], found["observing"]) == (1, 1)


@pytest.mark.parametrize(
    ("silent", "more", "code"),
    [
        (timedelta(minutes=12), [], 0),
        (timedelta(minutes=14), [], 1),
        (timedelta(minutes=14), ["pace: {poll_every: 5m}"], 0),
        (timedelta(hours=5), ["pace: {poll_every: 5m}"], 1),
        (timedelta(minutes=-5), [], 0),
    ],
)
def test_an_agent_that_left_no_sign_for_some_polls_is_said_to_be_silent(
    tmp_path: Path, silent: timedelta, more: list[str], code: int
) -> None:
    path = standing(tmp_path, silent=silent, more=more)

    done = run("--settings", str(path))

    assert done.exit_code == code
    assert ("no agent has run since " in done.stdout) is (code == 1)
    assert told(path, code=code)["is_silent"] is (code == 1)


def test_what_a_dead_agent_of_an_earlier_version_left_says_when_it_lived(tmp_path: Path) -> None:
    done = run("--settings", str(standing(tmp_path, silent=None)))

    assert done.exit_code == 1
    assert "no agent has run since 2026-11-02 09:00Z (" in done.stdout


def test_a_ledger_on_which_no_agent_has_run_says_so(tmp_path: Path) -> None:
    path = a_settings_file(tmp_path)

    done = run("--settings", str(path))

    assert done.exit_code == 1
    assert "none are in force: no agent has run on this ledger yet" in done.stdout
    assert "nothing was read yet" in done.stdout
    assert "none were seen yet" in done.stdout
    assert "no agent has run on this ledger yet: start one" in done.stdout
    found = told(path, code=1)
    assert (found["policies"], found["alive"], found["is_silent"]) == (None, None, True)


def test_a_set_that_this_version_does_not_load_is_said_to_be_of_another(tmp_path: Path) -> None:
    kept = KeptSet(revision="x", git="", at=NOW, files={"policies/p.yaml": b"policy: ["})

    done = run("--settings", str(standing(tmp_path, kept=kept)))

    assert done.exit_code == 0
    assert (
        "another version of the agent keeps it, and this one does not load it: policies/p.yaml:"
        in done.stdout
    )


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_ledger_that_is_not_there_is_a_matter_of_configuration(tmp_path: Path, options: list[str]) -> None:
    path = tmp_path / "air-agent.yaml"
    path.write_text(f"tenant: {{id: {TENANT}}}\n")

    done = run("--settings", str(path), *options)

    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
