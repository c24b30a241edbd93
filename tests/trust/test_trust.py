"""The engine decides as a second program, written from the language's description alone, decides."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.judge.compile import compile_set
from agent.judge.operators import OPERATORS
from agent.judge.parse import parse_set
from agent.model.decision import Verb
from tests.trust import making, naive
from tests.trust.comparing import by_engine, difference, differences, judge_of
from tests.trust.making import KINDS, TEAM

NAIVE = Path(naive.__file__)


def test_five_thousand_decisions_from_a_seed_are_the_same() -> None:
    assert [found for found in differences(2026, 4_000) if found is not None] == []


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.data())
def test_a_thousand_decisions_that_hypothesis_looks_for_are_the_same(data: st.DataObject) -> None:
    pick = making.drawn(data)
    policies = making.documents(pick)
    judge = judge_of(policies)

    found = [
        difference(judge, policies, kind, making.situation(pick, kind)) for kind in (*KINDS, *KINDS, KINDS[0])
    ]

    assert found == [None] * 5


def test_what_is_compared_is_worth_comparing() -> None:
    """Every operator, every decision and every rule of combination comes up, or agreement would mean little."""
    pick = making.seeded(Random(7))
    verbs: Counter[str] = Counter()
    written = ""
    undecided = 0
    for _ in range(150):
        policies = making.documents(pick)
        judge = judge_of(policies)
        written += str(policies)
        for kind in KINDS * 5:
            decision = by_engine(judge, kind, making.situation(pick, kind))
            verbs[decision.verb if decision.policies else "none matched"] += 1
            undecided += decision.reason.startswith("undecided")

    assert [
        name
        for name in (*OPERATORS, "oneOf", "moment", "share", "$team", "$people", "$pairs", TEAM)
        if f"'{name}'" not in written
    ] == []
    assert all(verbs[word] > 50 for word in (*Verb, "none matched"))
    assert undecided > 50


@pytest.mark.parametrize("seed", range(20))
def test_the_order_and_the_names_of_files_never_matter(seed: int) -> None:
    chance = Random(seed)
    pick = making.seeded(chance)
    policies = making.documents(pick)
    names = [f"z{number}" for number in range(len(policies))]
    chance.shuffle(names)
    files = list(making.files(policies, names=names).items())
    chance.shuffle(files)
    one, other = judge_of(policies), compile_set(parse_set(dict(files)))

    for kind in KINDS * 10:
        facts = making.situation(pick, kind)
        first, second = by_engine(one, kind, facts), by_engine(other, kind, facts)
        assert (first.verb, first.policies, first.reason) == (second.verb, second.policies, second.reason)


def test_the_second_program_is_short_and_shares_nothing_with_the_first_but_the_table_of_types() -> None:
    text = NAIVE.read_text()

    assert len(text.splitlines()) < 200
    assert [line for line in text.splitlines() if "agent." in line] == [
        "from agent.judge.vocabulary import FACTS, MESSAGE_FACTS",
        "from agent.model.facts import Facts",
    ]
