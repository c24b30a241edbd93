"""What was sent by the form means what its sender saw, or nothing."""

import pytest

from agent.faces.questions import targets
from agent.faces.web.sent import MOST_BOXES, Sent, Unfit, chosen_of, of_draft, pairs_of, verb_of
from agent.judge.answering import LONGEST
from agent.model.decision import Verb
from agent.model.session import Draft
from tests.persons import PAIRS, an_offer

LISTED = targets(an_offer(*PAIRS).effects)


def sent(verb: str = "approve", **more: object) -> Sent:
    return Sent(**({"verb": verb, "reason": "it is phishing"} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        (sent(), None),
        (sent(which="only", ticked=("2",)), (2,)),
        (sent(which="only", named="1-2"), (1, 2)),
        (sent(which="only", ticked=("3",), named="user1@contoso.example"), (2, 3)),
        (sent(which="except", ticked=("2",)), (1, 3)),
        (sent(which="only", ticked=("1", "2", "3")), None),
        (sent("reject"), None),
        (sent("reject", which="only", ticked=("2",)), None),
    ],
)
def test_the_button_says_which_targets_are_meant(given: Sent, numbers: tuple[int, ...] | None) -> None:
    assert chosen_of(given, LISTED) == numbers


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (sent(ticked=("2",)), "you chose 1 of 3 targets, and pressed the button for all of it"),
        (sent(named="1"), "you chose 1 of 3 targets, and pressed the button for all of it"),
        (sent(which="only"), "you chose no target"),
        (sent(which="except"), "you chose no target"),
        (sent(which="except", named="1-3"), "nothing is left of 3 targets: reject it instead"),
        (sent(which="some", ticked=("2",)), "it is not clear which targets are meant"),
        (sent(which="only", ticked=("4",)), "a target was chosen that is not in the list"),
        (sent(which="only", ticked=("0",)), "a target was chosen that is not in the list"),
        (sent(which="only", ticked=("1\u0661",)), "a target was chosen that is not in the list"),
        (sent(which="only", ticked=("-1",)), "a target was chosen that is not in the list"),
        (sent(which="only", ticked=("1234567",)), "a target was chosen that is not in the list"),
        (sent(which="only", named="who@nowhere.example"), "line 1 (who@nowhere.example) names none of the 3 targets"),
    ],
)  # fmt: skip
def test_a_choice_that_is_not_clear_is_refused(given: Sent, words: str) -> None:
    with pytest.raises(Unfit) as refused:
        chosen_of(given, LISTED)

    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (sent("escalate"), "either approve or reject"),
        (sent(""), "either approve or reject"),
        (sent(reason=""), "say why"),
        (sent(reason="x" * (LONGEST + 1)), "the reason has 1,001 characters"),
    ],
)
def test_what_is_no_answer_is_refused(given: Sent, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        verb_of(given)


def test_the_longest_reason_is_taken() -> None:
    assert verb_of(sent(reason="x" * LONGEST)) is Verb.APPROVE
    assert verb_of(sent("reject")) is Verb.REJECT


def test_numbers_are_turned_into_the_targets_that_have_them() -> None:
    assert pairs_of(None, LISTED) is None
    assert pairs_of((1, 3), LISTED) == (PAIRS[0], PAIRS[2])


@pytest.mark.parametrize(
    ("count", "ticked", "named"),
    [(MOST_BOXES, ("1", "2", "7"), ""), (MOST_BOXES + 1, (), "1\n2\n7")],
)
def test_a_draft_is_filled_in_as_it_can_be_sent_again(
    count: int, ticked: tuple[str, ...], named: str
) -> None:
    draft = Draft(action_id="a", verb="approve", reason="why", digest="d", chosen=(1, 2, 7))

    assert of_draft(draft, count) == Sent(
        verb="approve", reason="why", digest="d", which="only", ticked=ticked, named=named
    )


def test_a_draft_of_everything_chooses_nothing() -> None:
    draft = Draft(action_id="a", verb="reject", reason="why", digest="d")

    assert of_draft(draft, 3) == Sent(verb="reject", reason="why", digest="d")
