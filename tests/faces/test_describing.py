"""`policy facts` and `policy schema` by exit code and text."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.faces.cli.app import app
from agent.judge.document import fact_pages
from agent.judge.lint.rules import RULES
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS
from agent.model.document import Document
from agent.model.pending import MAIL_KINDS, ActionKind

SCHEMAS = Path(__file__).parents[2] / "policies" / "schema"


def run(*arguments: str, columns: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, ["policy", *arguments])


@pytest.mark.parametrize("of", Document)
def test_the_schema_is_printed_as_it_lies_beside_the_policies(of: Document) -> None:
    done = run("schema", of.value)

    assert done.exit_code == 0
    assert done.stdout == (SCHEMAS / f"{of}.schema.json").read_text()


def test_without_a_word_it_is_the_schema_of_policies() -> None:
    assert run("schema").stdout == run("schema", "policy").stdout
    assert run("schema", "nothing").exit_code == 2


@pytest.mark.parametrize("columns", [80, 160])
@pytest.mark.parametrize("kind", [None, *ActionKind])
def test_every_fact_of_the_kind_is_told_whole_within_the_width(kind: ActionKind | None, columns: int) -> None:
    done = run("facts", *([] if kind is None else [kind.value]), columns=columns)

    rows = done.stdout.splitlines()
    told = {row.split("│")[1].strip() for row in rows if row.startswith("│")}
    assert done.exit_code == 0
    assert {page.name for page in fact_pages(kind)} <= told
    assert all(len(row) <= columns for row in rows[:-1])
    assert rows[-1].startswith(f"{len(fact_pages(kind))} facts of ")


def test_a_row_says_unit_words_source_and_when_it_is_unknown() -> None:
    told = " ".join(run("facts", "softDeleteCluster", columns=240).stdout.split())

    assert "│ number: copies │" in told
    assert "copies still in a mailbox now" in told
    assert "malicious, noThreatsFound, suspicious" in told
    assert "never unknown" in told
    assert "often unknown: nobody has been assigned" in told
    assert "often unknown: no row of AIR's about the cluster was read" in told


def test_one_fact_is_told_with_all_its_words_and_operators() -> None:
    done = run("facts", "evidence.type", columns=160)

    assert "mailClusterEvidence" in done.stdout
    assert "teamsMessageEvidence" in done.stdout
    assert "notIn: is none of these; takes a list, or `$name`" in done.stdout


def test_a_name_that_the_action_and_a_message_have_is_told_twice() -> None:
    done = run("facts", "threats", columns=160)

    assert "threats found in any message" in done.stdout
    assert "`ThreatTypes`" in done.stdout


def test_what_is_neither_a_kind_nor_a_fact_is_wrong_use() -> None:
    done = run("facts", "evidence.verdikt")

    assert done.exit_code == 2
    assert "neither a kind of pending action nor a fact: did you mean `evidence.verdict`?" in done.stderr


def test_facts_as_json_have_all_there_is_to_know() -> None:
    found = json.loads(run("facts", "softDeleteCluster", "--json").stdout)
    by_name = {(one["scope"], one["name"]): one for one in found["facts"]}

    assert by_name["action", "cluster.mailboxCount"] == {
        "name": "cluster.mailboxCount",
        "type": "number",
        "words": None,
        "kinds": ["softDeleteCluster"],
        "scope": "action",
        "source": "copies still in a mailbox now",
        "unit": "copies",
        "known": "usually",
        "unknown_when": "no message was looked up, or the place or sender of one is not known",
        "since": 1,
        "operators": ["equals", "in", "notIn", "atMost", "atLeast", "above", "below", "between", "exists"],
    }
    assert found["table"] >= 2
    assert by_name["message", "threats"]["words"] == ["malware", "none", "phish", "spam"]
    assert (
        json.loads(run("facts", "--format", "json").stdout)["facts"]
        == json.loads(run("facts", "--json").stdout)["facts"]
    )


def test_facts_as_markdown_are_one_table() -> None:
    rows = run("facts", "--format", "markdown").stdout.splitlines()

    assert rows[:2] == ["| fact | type | of | what it is | unknown when |", "| --- | --- | --- | --- | --- |"]
    assert len(rows) == 2 + len(FACTS) + len(MESSAGE_FACTS)
    assert run("facts", "--json", "--format", "markdown").exit_code == 2


def test_a_fact_of_a_list_says_that_there_has_to_be_the_list() -> None:
    done = run("facts", "list.nosuch.refreshed")

    assert "a list `nosuch`: a policy that asks of one that is not there does not load" in " ".join(
        done.stdout.split()
    )
    assert "needs" not in run("facts", "incident.id").stdout


@pytest.mark.parametrize("columns", [80, 160])
def test_every_rule_is_listed_with_its_code_and_how_to_mend_it(columns: int) -> None:
    done = run("check", "--rules", columns=columns)

    cells = {row.split("│")[1].strip() for row in done.stdout.splitlines() if row.startswith("│")}
    assert done.exit_code == 0
    assert {rule.code.value for rule in RULES.values()} <= cells
    assert all(len(row) <= columns for row in done.stdout.splitlines())


def test_rules_as_json_are_the_rows_of_their_table() -> None:
    found = json.loads(run("check", "--rules", "--json").stdout)

    assert [one["code"] for one in found["rules"]] == [code.value for code in RULES]
    assert set(found["rules"][0]) == {"code", "severity", "finds", "why", "mend"}
    assert run("check", "--rules", "--format", "sarif").exit_code == 2


def test_facts_of_messages_are_facts_of_both_mail_kinds() -> None:
    """The schema of conditions on messages is one for all kinds that have any."""
    assert all(fact.kinds == MAIL_KINDS for fact in MESSAGE_FACTS.values())
