"""200 times `kill -9` on each database: nothing is lost, nothing is done twice, and ledger, audit and simulator agree."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.durability.crashes import a_folder
from tests.durability.pairs import pause_at_departure
from tests.durability.processes import Stage
from tests.postgresql import Postgres

CYCLES = 200
PAIRED = 40

PER_CYCLE = 1 / 4
"""Targets that something is done to, at the least: on a busy machine agents die earlier, and less arrives meanwhile."""


def durability(*words: str) -> tuple[dict[str, Any], list[str]]:
    """Run the command in a process that has no thread, and return its row and its problems."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.durability", *words, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ran.stdout, ran.stderr
    told = json.loads(ran.stdout)
    return told["rows"][0], told["problems"]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_an_agent_that_is_killed_200_times_loses_nothing_and_does_nothing_twice(
    database: str, request: pytest.FixtureRequest
) -> None:
    ledger = database
    if database == "postgresql":
        running: Postgres = request.getfixturevalue("postgres")
        ledger = running.new(template="empty_ledger")

    row, problems = durability("kills", "--cycles", str(CYCLES), "--ledger", ledger)

    assert problems == []
    assert (row["kills"], row["doubled"], row["lost"]) == (CYCLES, 0, 0)
    assert row["applied"] > CYCLES * PER_CYCLE
    assert row["calls under way"] > 0


def test_two_agents_of_which_one_is_killed_or_paused_do_nothing_twice(postgres: Postgres) -> None:
    ledger = postgres.new(template="empty_ledger")

    row, problems = durability("pairs", "--cycles", str(PAIRED), "--ledger", ledger)

    assert problems == []
    assert (row["kills"] + row["pauses"], row["doubled"], row["lost"]) == (PAIRED, 0, 0)
    assert row["applied"] > PAIRED * PER_CYCLE


def test_an_agent_paused_before_a_call_was_written_down_sends_nothing_once_its_lease_is_over(
    postgres: Postgres,
) -> None:
    with a_folder() as folder, Stage(folder, postgres.new(template="empty_ledger"), 1) as stage:
        found = pause_at_departure(stage, after=False)

    assert found.pair.problems == []
    assert found.pair.reckoning.applied == 6
    assert found.writes_after == found.writes_before


def test_an_agent_paused_right_after_it_sends_that_call_alone_and_nobody_else_does(
    postgres: Postgres,
) -> None:
    """Between the mark and the wire nothing can be taken back: so the other agent must not send it either."""
    with a_folder() as folder, Stage(folder, postgres.new(template="empty_ledger"), 1) as stage:
        found = pause_at_departure(stage, after=True)

    assert found.pair.problems == []
    assert found.pair.reckoning.applied == 6
    assert found.writes_after == found.writes_before + 1
