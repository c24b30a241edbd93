"""`pending`, `history` and `show` over a real ledger."""

import json
import re
import sqlite3
import unicodedata
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from agent.faces.cli.app import app
from agent.model.decision import Ruling, Verb
from agent.model.enactment import Plan, State, Way
from tests.faces.records import HOSTILE, a_decision, a_record, a_settings_file
from tests.judge.writing import policy_file
from tests.makers import NOW, a_cluster, a_message


def run(*arguments: str, columns: int = 160) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, list(arguments))


def as_json(*arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def flat(text: str) -> str:
    """Return the words of a table, its borders and folds aside."""
    return " ".join(re.sub(r"[│╭╮╰╯├┤┬┴┼─]", " ", text).split())


@pytest.fixture
def settings(tmp_path: Path) -> str:
    return str(
        a_settings_file(
            tmp_path,
            a_record(
                State.ESCALATED, Verb.ESCALATE, evidence=a_cluster(query="one"), reason="no policy matched"
            ),
            a_record(
                State.REJECTED,
                Verb.REJECT,
                evidence=a_cluster(query="two"),
                reason="reject by `partners`",
                at=NOW - timedelta(days=3),
                plan=Plan(way=Way.ADVISORY, why="Defender has no call that rejects"),
            ),
            a_record(State.CONFIRMED, evidence=a_cluster(query="three")),
        )
    )


def test_pending_shows_what_is_open_and_leaves_out_what_is_closed(settings: str) -> None:
    found = as_json("pending", "--settings", settings)

    assert sorted(one["state"] for one in found["pending"]) == ["escalated", "rejected"]


def test_pending_shows_the_earliest_deadline_first(tmp_path: Path) -> None:
    later = a_record(State.ESCALATED, evidence=a_cluster(query="later", created=NOW - timedelta(hours=1)))
    sooner = a_record(State.ESCALATED, evidence=a_cluster(query="sooner"))
    sooner = msgspec.structs.replace(
        sooner, action=msgspec.structs.replace(sooner.action, deadline=NOW + timedelta(hours=1))
    )

    found = as_json("pending", "--settings", str(a_settings_file(tmp_path, later, sooner)))

    assert [one["id"] for one in found["pending"]] == [sooner.action.id, later.action.id]


def test_json_has_stable_names_and_moments_in_utc(settings: str) -> None:
    found = as_json("pending", "--settings", settings)

    assert set(found) == {"now", "pending", "holds"}
    assert set(found["pending"][0]) == {
        "id",
        "state",
        "kind",
        "kind_source",
        "investigation",
        "investigation_url",
        "what",
        "incident",
        "incident_url",
        "decision",
        "policy",
        "reason",
        "would_have",
        "enactment",
        "confirmation",
        "deadline",
        "remaining_seconds",
        "needs_people",
    }
    assert datetime.fromisoformat(found["pending"][0]["deadline"]).tzinfo == UTC
    assert found["now"].endswith("Z")


@pytest.mark.parametrize("columns", [100, 120, 139, 140, 160, 200])
def test_the_table_fits_any_terminal_and_loses_nothing(settings: str, columns: int) -> None:
    done = run("pending", "--settings", settings, columns=columns)

    assert done.exit_code == 0
    assert max(len(line) for line in done.stdout.splitlines()) <= columns
    words = flat(done.stdout)
    for part in ("no policy matched", "escalate", "2 open, 2 of them wait for a person"):
        assert part in words
    assert "…" not in words


def test_an_empty_ledger_says_that_nothing_is_open(tmp_path: Path) -> None:
    done = run("pending", "--settings", str(a_settings_file(tmp_path)))

    assert (done.exit_code, done.stdout) == (0, "nothing is open\n")


@pytest.mark.parametrize("command", [["pending"], ["history"], ["show", "ID"]])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_attackers_text_does_nothing_on_the_terminal(
    tmp_path: Path, command: Sequence[str], options: Sequence[str]
) -> None:
    evidence = msgspec.structs.replace(a_message(), subject=HOSTILE)
    record = a_record(State.ESCALATED, Verb.ESCALATE, evidence=evidence, reason=f"because of {HOSTILE}")
    settings = a_settings_file(tmp_path, record)
    arguments = [record.action.id if one == "ID" else one for one in command]

    done = run(*arguments, "--settings", str(settings), *options)

    assert done.exit_code == 0
    assert "Invoice" in done.stdout
    acting = {letter for letter in done.stdout if unicodedata.category(letter) in {"Cc", "Cf", "Cs"}}
    assert acting <= {"\n"}
    if not options:
        assert "[boldred]" in flat(done.stdout).replace(" ", "")


def test_history_shows_decisions_newest_first(settings: str) -> None:
    found = as_json("history", "--settings", settings)

    moments = [one["at"] for one in found["decisions"]]
    assert len(moments) == 3
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    ("options", "verbs"),
    [
        (["--decision", "reject"], {"reject"}),
        (["--decision", "approve"], {"approve"}),
        (["--policy", "small-clusters"], {"approve", "reject", "escalate"}),
        (["--policy", "nobody"], set()),
        (["--since", (NOW - timedelta(days=1)).isoformat()], {"approve", "escalate"}),
        (["--since", (NOW + timedelta(days=1)).isoformat()], set()),
    ],
)
def test_history_is_narrowed_by_time_policy_and_decision(
    settings: str, options: list[str], verbs: set[str]
) -> None:
    found = as_json("history", "--settings", settings, *options)

    assert {one["decision"] for one in found["decisions"]} == verbs


def test_the_limit_counts_what_is_shown(settings: str) -> None:
    found = as_json("history", "--settings", settings, "--limit", "1", "--decision", "reject")

    assert [one["decision"] for one in found["decisions"]] == ["reject"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since", "yesterday"], "`--since yesterday` is not a duration such as `2d`"),
        (["--decision", "aprove"], "`--decision aprove` is not one of `approve`, `reject`, `escalate`"),
    ],
)
def test_a_wrong_filter_is_wrong_use(settings: str, options: list[str], words: str) -> None:
    done = run("history", "--settings", settings, *options)

    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.output


def test_show_tells_facts_findings_decision_plan_and_links_in_words(tmp_path: Path) -> None:
    record = a_record(State.SENT)
    settings = a_settings_file(tmp_path, record, effects=record.plan.effects if record.plan else ())

    done = run("show", record.action.id[:8], "--settings", str(settings))

    assert done.exit_code == 0
    for part in (
        "soft delete of a mail cluster",
        "approve by small-clusters",
        "policies r1, agent 0.1.0",
        "small-clusters (approve, priority 0): matched",
        "yes  `cluster.mailboxCount` is 3, at most 200  (line 7, column 3)",
        "partners (reject, priority 0, observing): could not be decided",
        "unknown  `auth.dmarc` is unknown  (line 9, column 5)",
        "a@contoso.example, b@contoso.example",
        "copies of messages looked up: 1, all of them",
        "effect-",
        "https://security.microsoft.com/action-center/pending",
    ):
        assert part in done.stdout, part


@pytest.mark.parametrize(
    ("ahead", "words"), [(None, ""), (timedelta(0), ", now"), (timedelta(hours=100_000), ", in ")]
)
def test_show_tells_when_what_is_held_is_judged_anew(
    tmp_path: Path, ahead: timedelta | None, words: str
) -> None:
    due = None if ahead is None else NOW + ahead
    record = a_record(State.HELD, Verb.ESCALATE, guard="actions_per_hour", due=due)
    path = a_settings_file(tmp_path, record)

    shown = run("show", record.action.id, "--settings", str(path)).stdout

    (line,) = [one for one in shown.splitlines() if one.startswith("looked at again")] or [""]
    assert bool(line) is (due is not None)
    assert words in line


def test_show_tells_earlier_decisions(tmp_path: Path) -> None:
    record = a_record(State.SENT)
    earlier = a_decision(
        record.action, Verb.ESCALATE, at=NOW - timedelta(hours=1), reason="it was larger then"
    )
    path = a_settings_file(tmp_path, msgspec.structs.replace(record, decision=earlier))
    a_settings_file(tmp_path, msgspec.structs.replace(record, version=1))

    found = as_json("show", record.action.id, "--settings", str(path))

    assert found["decision"]["verb"] == "approve"
    assert [one["reason"] for one in found["earlier"]] == ["it was larger then"]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("ffffffff", "nothing is known of `ffffffff`"),
        ("abc", "`abc` is too short"),
        ("\x1b[31mabcd", "nothing is known of `\\u001b[31mabcd`"),
    ],
)
def test_an_id_that_names_nothing_is_a_finding(settings: str, action: str, words: str) -> None:
    done = run("show", action, "--settings", settings)

    assert done.exit_code == 1
    assert words in done.stderr


def test_an_id_that_begins_several_names_them(tmp_path: Path) -> None:
    by_start: dict[str, list[str]] = {}
    records = [a_record(State.ESCALATED, evidence=a_cluster(query=f"q{number}")) for number in range(600)]
    for record in records:
        by_start.setdefault(record.action.id[:4], []).append(record.action.id)
    start, ids = next((start, ids) for start, ids in by_start.items() if len(ids) > 1)
    settings = a_settings_file(tmp_path, *records)

    done = run("show", start, "--settings", str(settings))

    assert done.exit_code == 1
    assert all(one in done.stderr for one in ids)


def test_a_ledger_that_is_not_there_is_a_matter_of_configuration(tmp_path: Path) -> None:
    path = tmp_path / "air-agent.yaml"
    path.write_text("tenant: {id: 11111111-2222-3333-4444-555555555555}\n")

    done = run("pending", "--settings", str(path))

    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.output


@pytest.mark.parametrize("change", ["due = 'garbage'", "state = 'bogus'", "action = x'00'"])
@pytest.mark.parametrize("command", [["pending"], ["pending", "--json"], ["history"], ["show"]])
def test_a_ledger_with_garbage_in_it_is_told_in_one_line(
    tmp_path: Path, command: list[str], change: str
) -> None:
    record = a_record(State.ESCALATED, Verb.ESCALATE)
    settings = a_settings_file(tmp_path, record)
    with closing(sqlite3.connect(tmp_path / "air-agent-data" / "ledger.db")) as database:
        database.execute(f"UPDATE records SET {change}")
        database.commit()
    wanted = [record.action.id] if command == ["show"] else []

    done = run(*command, *wanted, "--settings", str(settings))

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ledger")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["pending"], ["history"], ["show", "ID"], ["replay", "ID"], ["policy", "explain", "ID"]]
)
def test_what_only_reads_the_ledger_needs_no_login(tmp_path: Path, arguments: list[str]) -> None:
    record = a_record()
    path = a_settings_file(tmp_path, record)
    login = "auth: {kind: clientSecret, client_id: 11111111-2222-3333-4444-555555555555}\n"
    path.write_text(path.read_text() + login)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "p.yaml").write_bytes(policy_file())

    done = run(*(record.action.id if one == "ID" else one for one in arguments), "--settings", str(path))

    assert "client_secret" not in done.stderr
    assert done.exit_code in {0, 1}
    assert done.stdout


def test_what_observing_policies_would_have_done_is_told_with_its_targets_and_its_guard(
    tmp_path: Path,
) -> None:
    record = a_record(State.ESCALATED, Verb.ESCALATE)
    assert record.decision is not None
    shadow = Ruling(verb=Verb.APPROVE, policies=("watching",), reason="`evidence.verdict` is malicious")
    decision = msgspec.structs.replace(
        record.decision, shadow=shadow, shadow_guard="actions_per_hour", targets=12
    )
    path = str(a_settings_file(tmp_path, msgspec.structs.replace(record, decision=decision)))
    words = (
        "with observing policies, watching would have approved it (12 targets), and `actions_per_hour` would have "
        "held that"
    )

    (waiting,) = as_json("pending", "--settings", path)["pending"]
    (past,) = as_json("history", "--settings", path)["decisions"]

    assert waiting["would_have"] == past["would_have"] == words
    assert (past["shadow"], past["shadow_guard"], past["targets"]) == ("approve", "actions_per_hour", 12)
    for command in (["pending"], ["history"], ["show", record.action.id]):
        assert words in flat(run(*command, "--settings", path, columns=400).stdout)
