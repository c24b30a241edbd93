"""`air-agent report` over a ledger with weeks behind it."""

import asyncio
import csv
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from typer.testing import CliRunner, Result

from agent.adapters.ledger.ledger import SqlLedger
from agent.faces.cli.app import app
from agent.faces.report.dispatch import reporter_of
from agent.faces.report.looser import usable
from agent.judge.scheduled import due
from agent.model.enactment import State
from agent.model.escalation import Notice
from agent.model.schedule import Schedule, Sent
from agent.settings.loading import load
from tests.faces.records import HOSTILE, a_record
from tests.histories import lived_through
from tests.ledgers import open_ledger
from tests.makers import NOW, TENANT, a_cluster

WINDOW = ("--since", "2026-10-03", "--until", "2026-11-02")
HALVES = ("2026-10-03/2026-10-17", "2026-10-17/2026-10-31")
FORMATS = ("terminal", "html", "md", "csv", "json", "junit")
OTHER = "99999999-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the settings of an agent whose ledger has thirty days behind it, one label of them an attacker's."""
    folder: Path = tmp_path_factory.mktemp("report")
    url = f"sqlite:///{folder / 'data' / 'ledger.db'}"

    async def live() -> None:
        async with open_ledger(url, TENANT) as ledger:
            await lived_through(ledger, 220, days=30)
            records = await ledger.listed()
            await ledger.save([_labelled(one) for one in records], now=NOW)

    asyncio.run(live())
    path = folder / "settings.yaml"
    path.write_text(f"tenant: {{id: {TENANT}, name: Contoso}}\nledger: {{url: '{url}'}}\n")
    return path


def _labelled(record: Any) -> Any:
    label = f"=cmd|' /C calc'!A0 {HOSTILE}"
    return msgspec.structs.replace(record, action=msgspec.structs.replace(record.action, label=label))


def run(settings: Path, *arguments: str) -> Result:
    runner = CliRunner(env={"COLUMNS": "120"})
    return runner.invoke(app, ["report", "--settings", str(settings), *arguments])


def report(settings: Path, how: str, *arguments: str) -> str:
    done = run(settings, *WINDOW, "--format", how, *arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def sheet(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize("how", FORMATS)
def test_the_same_ledger_and_window_give_the_same_bytes(settings: Path, how: str) -> None:
    assert report(settings, how) == report(settings, how)


@pytest.mark.parametrize("how", ["md", "json"])
def test_what_falls_after_the_window_changes_nothing(settings: Path, tmp_path: Path, how: str) -> None:
    early = ("--since", "2026-10-06", "--until", "2026-10-20")

    before = run(settings, *early, "--format", how).stdout
    later = _grown(settings, tmp_path)
    assert (
        run(later, *WINDOW[:2], "--until", "2026-11-03", "--json").stdout
        != run(settings, *WINDOW[:2], "--until", "2026-11-03", "--json").stdout
    )

    assert run(later, *early, "--format", how).stdout == before


def _grown(settings: Path, folder: Path) -> Path:
    """Return the settings of a copy of the ledger in which more has happened since."""
    data = settings.parent / "data"
    shutil.copytree(data, folder / "data")
    url = f"sqlite:///{folder / 'data' / 'ledger.db'}"

    async def live() -> None:
        async with open_ledger(url, TENANT) as ledger:
            some = [
                a_record(State.ESCALATED, evidence=a_cluster(query=f"later {number}")) for number in range(9)
            ]
            await ledger.save(some, now=NOW)

    asyncio.run(live())
    path = folder / "settings.yaml"
    path.write_text(settings.read_text().replace(str(data), str(folder / "data")))
    return path


def test_csv_and_json_have_every_action_and_agree_with_the_numbers(settings: Path) -> None:
    rows, document = sheet(report(settings, "csv")), json.loads(report(settings, "json"))
    tally = document["report"]["total"]["tally"]

    assert document["format"] == 1
    assert len(rows) == len(document["actions"]) == document["report"]["actions"]
    assert [one["action_id"] for one in rows] == [one["action_id"] for one in document["actions"]]
    for standing in ("agreed", "looser", "undecided"):
        assert sum(one["standing"] == standing for one in rows) == tally[standing]
    assert list(document["actions"][0]) == list(rows[0])


def test_looser_ones_say_what_they_were_why_and_who(settings: Path) -> None:
    looser = [one for one in json.loads(report(settings, "json"))["actions"] if one["standing"] == "looser"]

    assert looser
    for one in looser:
        assert one["people"] == "reject"
        assert one["verb"] == "approve"
        assert one["incident_url"] == f"https://security.microsoft.com/incidents/{one['incident_id']}"
        assert one["why"]
        assert one["what"].startswith("=cmd")


def test_why_is_what_observing_policies_thought_where_they_would_have_approved(settings: Path) -> None:
    looser = [one for one in json.loads(report(settings, "json"))["actions"] if one["standing"] == "looser"]

    assert {one["why"] for one in looser if one["policies"] == ["observing"]} == {"it would"}


def test_no_cell_is_a_formula_and_no_letter_of_any_format_acts(settings: Path) -> None:
    rows = sheet(report(settings, "csv"))

    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert any(row["what"].startswith("'=cmd") for row in rows)
    for how in FORMATS:
        text = report(settings, how)
        assert not {"\x1b", "\u202e", "\x9b", "\x7f", "\u2066"} & set(text), how
    assert report(settings, "json").isascii()


def test_junit_has_a_suite_for_each_policy_and_a_failure_for_each_looser_action(settings: Path) -> None:
    root = ET.fromstring(report(settings, "junit"))
    rows = [one for one in sheet(report(settings, "csv")) if one["standing"] == "looser"]

    named = [name for one in rows for name in one["policies"].split(", ")]
    for suite in root:
        failures = suite.findall("testcase/failure")
        assert len(failures) == named.count(suite.attrib["name"]) == int(suite.attrib["failures"])
        assert len(suite.findall("testcase")) == int(suite.attrib["tests"])
        assert len(suite.findall("testcase/skipped")) == int(suite.attrib["skipped"])
    assert int(root.attrib["failures"]) == len(named)
    assert sum(int(suite.attrib["tests"]) for suite in root) == int(root.attrib["tests"])


def test_a_policy_with_nothing_looser_has_one_test_that_is_skipped_where_it_is_too_few(
    settings: Path,
) -> None:
    root = ET.fromstring(report(settings, "junit", "--policy", "newsletters"))

    suite = next(one for one in root if one.attrib["name"] == "newsletters")
    if int(suite.attrib["failures"]) == 0:
        assert len(suite.findall("testcase")) == 1


def test_a_policy_that_was_asked_for_and_decided_nothing_is_skipped_and_not_silently_fine(
    settings: Path,
) -> None:
    (suite,) = ET.fromstring(report(settings, "junit", "--policy", "newsletter"))

    assert (suite.attrib["name"], suite.attrib["tests"], suite.attrib["skipped"]) == ("newsletter", "1", "1")


def test_only_what_a_policy_took_part_in_is_told(settings: Path) -> None:
    rows = sheet(report(settings, "csv", "--policy", "newsletters"))

    assert rows
    assert all("newsletters" in one["policies"].split(", ") for one in rows)


def test_looser_ones_end_with_one_where_none_or_fewer_are_allowed(settings: Path) -> None:
    count = sum(one["standing"] == "looser" for one in sheet(report(settings, "csv")))
    assert count > 1

    for how in ("terminal", "csv"):
        assert run(settings, *WINDOW, "--format", how, "--fail-on-looser").exit_code == 1
    assert run(settings, *WINDOW, "--max-looser", str(count)).exit_code == 0
    refused = run(settings, *WINDOW, "--max-looser", str(count - 1))
    assert refused.exit_code == 1
    assert f"{count} actions are looser, at most {count - 1} may be" in refused.stderr


@pytest.mark.parametrize(("name", "begins"), [("r.html", "<!DOCTYPE html>"), ("r.md", "# What"), ("r.csv", "\ufeff"), ("r.json", "{"), ("r.xml", "<?xml"), ("r.txt", "report of Contoso")])  # fmt: skip
def test_a_file_is_laid_out_as_its_name_ends_and_is_for_whoever_made_it(
    settings: Path, tmp_path: Path, name: str, begins: str
) -> None:
    done = run(settings, *WINDOW, "--output", str(tmp_path / name))

    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    assert (tmp_path / name).read_text("utf-8").startswith(begins)
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_a_file_that_cannot_be_written_is_said_and_leaves_nothing(settings: Path, tmp_path: Path) -> None:
    (tmp_path / "r.html").mkdir()

    done = run(settings, *WINDOW, "--output", str(tmp_path / "r.html"))

    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["r.html"]


def test_a_device_or_a_pipe_is_no_file_and_stays(settings: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    done = run(settings, *WINDOW, "--output", str(tmp_path / "pipe"))

    assert done.exit_code == 2
    assert "it is no file: leave it out to print" in done.stderr
    assert [(one.name, one.is_fifo()) for one in tmp_path.iterdir()] == [("pipe", True)]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--since", "soon"), "`--since soon` is not a duration"),
        (("--until", "2026-13-01"), "`--until 2026-13-01` is not a duration"),
        (("--since", "2026-10-02", "--until", "2026-10-01"), "nothing lies between"),
        (("--policy", "a`b\x1b[31m"), "`--policy a`b\\u001b[31m` is not the name of a policy"),
        (("--format", "pdf"), "is not one of `terminal`"),
        (("--format", "md", "--json"), "ask for two formats"),
        (("--tenant", "Fabrikam"), "is not the tenant's id"),
        (("--diff", "2026-W54", "2026-W40"), "is not a week that there is"),
        (("--diff", "2026-W40", "2026-W41", "--format", "junit"), "has no tests"),
        (("--diff", "2026-W40", "2026-W41", "--since", "30d"), "leave `--since` and `--until` out"),
        ((*WINDOW, "--diff", "feedbeef", "2026-W40"), "these did: 0123456789ab"),
    ],
)
def test_what_cannot_be_asked_for_says_why(settings: Path, arguments: tuple[str, ...], why: str) -> None:
    done = run(settings, *arguments)

    assert done.exit_code == 2
    assert why in done.stderr


def test_the_tenant_may_be_named_and_another_one_of_the_ledger_asked_about(settings: Path) -> None:
    named = run(settings, *WINDOW, "--tenant", "contoso")
    other = run(settings, *WINDOW, "--tenant", OTHER)

    assert named.exit_code == other.exit_code == 0
    assert "report of Contoso" in named.stdout
    assert "nothing was decided in this window" in other.stdout


def test_the_command_that_is_told_gives_the_same_again(settings: Path) -> None:
    first = report(settings, "terminal", "--policy", "newsletters")

    again = first.splitlines()[-1].removeprefix("the same again: air-agent report ").split()

    assert run(settings, *again).stdout == first


@pytest.mark.parametrize("how", ["terminal", "csv"])
def test_two_periods_stand_beside_each_other(settings: Path, how: str) -> None:
    done = run(settings, "--diff", *HALVES, "--format", how)

    assert done.exit_code == 0, done.output
    assert "no difference can be said" in done.stdout or "in B" in done.stdout
    assert done.stdout == run(settings, "--diff", *HALVES, "--format", how).stdout


def test_a_period_beside_itself_differs_in_nothing(settings: Path) -> None:
    found = json.loads(run(settings, "--diff", "2026-W42", "2026-W42", "--json").stdout)

    assert found["a"] == found["b"]
    assert {one["difference"] for one in found["difference"]["measures"]} <= {"0", "", "+0.0 points"}


def test_a_revision_is_named_by_how_it_begins(settings: Path) -> None:
    done = run(settings, *WINDOW, "--diff", "0123", "2026-W42", "--json")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["a"]["revisions"] == ["0123456789ab"]


async def test_what_is_sent_has_the_figures_for_everybody_and_the_page_with_it(settings: Path) -> None:
    loaded = load(settings, {}, needs=frozenset())
    schedule = Schedule(every=Sent.WEEKLY, hour=8, zone="UTC", channel="mail", enough=5)

    async def made(ledger: SqlLedger) -> Notice:
        return await reporter_of(loaded)(ledger)(schedule, due(schedule, NOW))

    async with open_ledger(loaded.ledger.url, TENANT, read_only=True) as ledger:
        first, second = await made(ledger), await made(ledger)

    assert first == second
    assert first.title.startswith("Contoso, 2026-W44")
    assert dict(first.figures).keys() >= {"Compared", "Agreement", "Looser"}
    assert first.attached is not None
    assert first.attached.name == "air-agent-report-2026-W44.html"
    assert first.attached.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("url", "is_usable"),
    [
        ("https://security.microsoft.com/incidents/42?tid=1", True),
        ("http://security.microsoft.com/incidents/42", False),
        ("javascript:alert(1)", False),
        ("https://eve@evil.example/", False),
        ("https://", False),
        ("https://[", False),
        ("https://evil.example/\n", False),
        ("https://exämple.example/", False),
        (None, False),
        ("", False),
    ],
)
def test_only_a_link_to_a_page_over_tls_is_one(url: str | None, is_usable: bool) -> None:
    assert (usable(url) is not None) is is_usable
