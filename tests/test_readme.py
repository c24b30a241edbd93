"""The README says what is so."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.faces.cli.app import app
from agent.judge.document import operator_rows
from agent.judge.note import TAGS
from agent.model.enactment import State
from agent.model.pending import ActionKind

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


ROWS = {tuple(cells(line)) for line in README.splitlines() if line.startswith("| ")}


def test_every_operator_is_documented_as_the_table_says() -> None:
    first = {row[0] for row in ROWS}

    for row in operator_rows():
        assert f"`{row[0].strip('`')}`" in first, row


def test_every_kind_and_every_tag_is_named() -> None:
    for word in (*ActionKind, *TAGS):
        assert f"`{word}`" in README


def test_the_states_that_people_meet_are_explained() -> None:
    for state in State:
        assert f"`{state}`" in README, state


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(((?:agent|deploy|policies)/[^)]+)\)", README))))
def test_every_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"^\| `air-agent ([a-z]+(?: [a-z]+)?)", README, re.M)))
)
def test_every_command_in_the_table_has_its_help(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"])

    assert done.exit_code == 0, done.output
    assert "Usage" in done.stdout


def test_both_lines_to_type_are_there_as_the_gate_runs_them() -> None:
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    install = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/air-agent demo"
    tests = ".venv/bin/pip install '.[test]' && .venv/bin/python -m pytest -n auto --dist worksteal"

    assert install in README
    assert tests in README
    assert tests in gate
