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


DOCUMENTS = ("README.md", "deploy/README.md", "deploy/sign-in.md", "deploy/runbooks.md", "deploy/channels.md")
LINKS = sorted(
    (name, link)
    for name in DOCUMENTS
    for link in set(re.findall(r"\]\(((?!https?:)[^) ]+)\)", (ROOT / name).read_text(encoding="utf-8")))
)


def anchors(path: Path) -> set[str]:
    """Return what the headings of a document are called in links, as GitHub and most others make it."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^a-z0-9 _-]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize(("name", "link"), LINKS)
def test_every_link_leads_somewhere(name: str, link: str) -> None:
    place, _, anchor = link.partition("#")
    target = (ROOT / name).parent / place if place else ROOT / name

    assert target.exists()
    assert not anchor or anchor in anchors(target)


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
