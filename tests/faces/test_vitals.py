"""How an agent fares, in words."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from agent.adapters.host import SystemClock
from agent.faces.holds import troubles
from agent.faces.vitals import apart, expiry_words, length, passing_words, usage_words
from agent.model.hold import Replica
from agent.model.vitals import Expiry, Passing, Usage
from tests.faces.test_status import laid, run, standing
from tests.makers import NOW

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
PASSING = Passing(began=NOW - 40 * SECOND, took=2 * SECOND, longest=14 * SECOND, of=20, due=NOW + 20 * SECOND)


@pytest.mark.parametrize(
    ("took", "words"), [(0.04, "0.0s"), (9.94, "9.9s"), (10.0, "10s"), (163.9, "2m"), (7_500, "2h 5m")]
)
def test_short_passes_are_told_to_the_tenth_of_a_second(took: float, words: str) -> None:
    assert length(timedelta(seconds=took)) == words


@pytest.mark.parametrize(
    ("left", "words"),
    [(MINUTE, "in 1m"), (timedelta(0), "just now"), (-SECOND, "1s ago"), (-DAY, "1d 0h ago")],
)
def test_a_moment_is_told_by_how_far_away_it_is(left: timedelta, words: str) -> None:
    assert apart(NOW + left, NOW) == words


def test_a_pass_is_told_with_the_longest_of_the_last() -> None:
    first = msgspec.structs.replace(PASSING, of=1, due=NOW)

    assert passing_words(PASSING, NOW) == (
        "last pass began 40s ago and took 2.0s (the longest of 20: 14s), next due in 20s"
    )
    assert passing_words(first, NOW) == "last pass began 40s ago and took 2.0s, next due now"


def test_a_budget_says_until_when_nothing_leaves() -> None:
    usage = Usage(system="graph", used=60, allowed=60, until=NOW + MINUTE)

    assert usage_words(usage, NOW) == (
        "graph: 60 of 60 requests in a minute, none leaves until 2026-11-02 09:01Z (in 1m): it asked for patience"
    )
    assert usage_words(usage, NOW + MINUTE) == "graph: 60 of 60 requests in a minute"


@pytest.mark.parametrize(
    ("expiry", "words"),
    [
        (Expiry(what="it", ends=NOW + DAY), "it ends on 2026-11-03 09:00Z (in 1d 0h)"),
        (Expiry(what="it", ends=NOW), "it ended on 2026-11-02 09:00Z"),
        (Expiry(what="it", why="nobody knows"), "it may end at any moment: nobody knows"),
        (Expiry(what="it", why="renewed", is_lasting=True), "it has no end: renewed"),
    ],
)
def test_a_credential_is_told_with_its_end_or_why_there_is_none(expiry: Expiry, words: str) -> None:
    assert expiry_words(expiry, NOW) == words


def test_what_needs_somebody_is_told_of_agents_that_live_only() -> None:
    ending = (Expiry(what="its secret", ends=NOW + 30 * DAY), Expiry(what="other", ends=NOW + 31 * DAY))
    replica = Replica(
        name="a",
        alive=NOW,
        switch_read=NOW,
        passing=msgspec.structs.replace(PASSING, problems=("graph is away",)),
        usage=(Usage(system="graph", used=1, allowed=60, until=NOW + MINUTE),),
        expiries=ending,
    )

    found = list(troubles(replica, NOW))

    assert [one.split(" ")[1] for one in found] == ["the", "graph:", "its"]
    assert found[0] == "a: the last pass had 1 problem: graph is away"
    assert list(troubles(replica, NOW + timedelta(hours=1))) == []


def test_the_command_tells_how_an_agent_that_lives_fares(tmp_path: Path) -> None:
    path, now = standing(tmp_path), SystemClock().now()
    replica = Replica(
        name="b",
        alive=now,
        switch_read=now,
        passing=msgspec.structs.replace(PASSING, began=now, due=now + 5 * MINUTE),
        usage=(Usage(system="graph", used=12, allowed=60),),
        expiries=(Expiry(what="the agent's identity", why="Azure renews it", is_lasting=True),),
    )
    laid(tmp_path, replica=replica)

    said = " ".join(run("--settings", str(path)).stdout.split())

    assert "took 2.0s (the longest of 20: 14s)" in said
    assert "graph: 12 of 60 requests in a minute" in said
    assert "the agent's identity has no end: Azure renews it" in said
