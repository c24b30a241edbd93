"""What lint calls impossible is impossible: whatever turned out so, for any facts, is called possible."""

from hypothesis import given, settings
from msgspec.structs import replace

from agent.judge.lint.possible import Literal, possible
from agent.judge.truth import Here, holds
from agent.judge.vocabulary import FACTS
from agent.model.facts import Facts, Value
from agent.model.policy import Policy
from tests.judge.test_agreement import facts, policies
from tests.judge.writing import NOW


def whole(name: str, value: Value) -> bool:
    return not FACTS[name].is_count or (isinstance(value, int) and value >= 0)


@settings(max_examples=150, deadline=None)
@given(policies(), facts())
def test_what_turned_out_so_is_possible(some: list[Policy], seen: Facts) -> None:
    given = {name: value for name, value in seen.values.items() if whole(name, value)}
    seen = replace(seen, values={"action.firstSeen": NOW, **given})
    here = Here(facts=seen, values=seen.values)

    told = [
        Literal(condition, answer)
        for policy in some
        for condition in (*policy.match.conditions, *policy.unless)
        if (answer := holds(condition, here)) is not None
    ]

    assert possible(told, seen.now)
