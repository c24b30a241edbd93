"""Which chain an escalation goes to."""

import msgspec
import pytest

from agent.judge.appoint import chain_for
from agent.model.chain import Chain
from tests.adapters.records import a_decision, an_action
from tests.persons import a_chain


def chains(*names: str) -> dict[str, Chain]:
    return {name: msgspec.structs.replace(a_chain(), name=name) for name in names}


@pytest.mark.parametrize(
    ("there", "named", "usual", "taken"),
    [
        ((), "a", "b", None),
        (("a", "b"), "a", "b", "a"),
        (("a", "b"), None, "b", "b"),
        (("a", "b"), "gone", "b", "b"),
        (("a", "b"), "gone", "gone", None),
        (("a",), None, None, "a"),
        (("a",), "gone", "gone", "a"),
        (("a", "default"), None, None, "default"),
        (("a", "b"), None, None, None),
    ],
)
def test_the_chain_that_is_named_comes_first(
    there: tuple[str, ...], named: str | None, usual: str | None, taken: str | None
) -> None:
    decision = msgspec.structs.replace(a_decision(an_action()), escalation=named)

    found = chain_for(chains(*there), decision, usual)

    assert (found.name if found is not None else None) == taken
