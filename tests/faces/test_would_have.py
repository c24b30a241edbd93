"""What observing policies would have done, in words: who, what, how much, and what would have held it."""

import msgspec
import pytest

from agent.faces.would_have import would_have, would_have_then
from agent.model.decision import Ruling, Verb
from tests.judge.decided import a_row
from tests.judge.test_track import a_decision
from tests.makers import an_action

DECISION = a_decision(an_action(), Verb.ESCALATE)


@pytest.mark.parametrize(
    ("verb", "policies", "targets", "guard", "words"),
    [
        (Verb.APPROVE, ("p",), 1, None, "p would have approved it (1 target)"),
        (Verb.APPROVE, ("p", "q"), 1200, None, "p, q would have approved it (1,200 targets)"),
        (Verb.APPROVE, ("p",), None, None, "p would have approved it"),
        (
            Verb.APPROVE,
            ("p",),
            2,
            "size",
            "p would have approved it (2 targets), and `size` would have held that",
        ),
        (Verb.REJECT, ("p",), None, None, "p would have rejected it"),
        (Verb.ESCALATE, (), None, None, "no policy would have left it to people"),
    ],
)
def test_it_is_told_alike_of_a_decision_and_of_a_line_of_the_history(
    verb: Verb, policies: tuple[str, ...], targets: int | None, guard: str | None, words: str
) -> None:
    shadow = Ruling(verb=verb, policies=policies, reason="")
    decision = msgspec.structs.replace(DECISION, shadow=shadow, targets=targets, shadow_guard=guard)
    row = a_row(shadow=verb, shadow_policies=policies, targets=targets, shadow_guard=guard)

    assert would_have(decision) == would_have_then(row) == f"with observing policies, {words}"


def test_where_they_had_no_opinion_nothing_is_told() -> None:
    assert (would_have(DECISION), would_have(None), would_have_then(a_row())) == ("", "", "")
