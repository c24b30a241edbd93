"""An agent that dies at any await of an enactment loses nothing and does nothing twice, under faults as well."""

import pytest

from tests.durability.crashes import UNDO, die_everywhere, points
from tests.durability.scenes import KINDS

MOST = 12
"""Points of each kind that are tried here; `python -m tests.durability crashes` tries all of them."""

TAKEN_OVER = 4
"""Likewise, of two kinds; `crashes --taken-over` tries all points of all."""


@pytest.mark.parametrize("kind", [*KINDS, UNDO])
async def test_dying_anywhere_in_an_enactment_applies_it_once_or_leaves_it_to_a_person(kind: str) -> None:
    found = await die_everywhere(kind, seed=1, most=MOST)

    assert found.problems == []
    assert found.points == MOST


@pytest.mark.parametrize("kind", ["cluster", "reject"])
async def test_who_takes_a_tenant_over_right_after_its_agent_died_repeats_nothing(kind: str) -> None:
    found = await die_everywhere(kind, seed=1, most=TAKEN_OVER, is_taken_over=True)

    assert found.problems == []
    assert found.points == TAKEN_OVER


def test_every_point_can_be_tried_before_and_after() -> None:
    tried = points("rule", 1, ["ledger.load", "ledger.depart"])

    assert [(point.at, point.after) for point in tried] == [(1, False), (1, True), (2, False), (2, True)]


def test_where_some_are_tried_half_are_around_calls_that_change_the_world() -> None:
    calls = ["ledger.load"] * 50 + ["ledger.depart"] * 50

    tried = points("rule", 3, calls, most=10)

    assert len({(point.at, point.after) for point in tried}) == 10
    assert sum(point.at is not None and point.at > 50 for point in tried) == 5
