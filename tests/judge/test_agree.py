"""Agreement is counted where both sides are known, and what is left out is counted too."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.agree import Agreeing, Agreement, Left, Match, Said
from agent.judge.attribute import Word
from agent.model.decision import Verb
from agent.model.history import Decided, Decider, Ending
from tests.judge.decided import HOUR, WEEK, A, E, R, a_row, by_people, over
from tests.makers import NOW


def a_word(verb: Verb | None, row: Decided) -> Said:
    return {(row.action_id, row.at): Word(verb=verb, by=("ann",), at=row.at)}


def compared(*rows: Decided, said: Said | None = None, since: float = 0) -> Agreement:
    agreeing = Agreeing(NOW + since * HOUR)
    for row in rows:
        agreeing.look(row, said or {})
    return agreeing.found()


@pytest.mark.parametrize(
    ("thought", "did", "cell"),
    [(A, A, "both_approved"), (R, R, "both_rejected"), (A, R, "looser"), (R, A, "stricter")],
)
def test_what_policies_thought_is_held_against_what_people_answered(
    thought: Verb, did: Verb, cell: str
) -> None:
    found = compared(a_row(verb=thought), by_people(did))

    assert found.decided.match == Match(**{cell: 1})
    assert found.policies == {"p": Match(**{cell: 1})}
    assert found.decided.looser == (("a",) if cell == "looser" else ())
    assert (found.decided.match.agreed, found.decided.match.of) == (int(thought is did), 1)


def test_what_a_guard_held_was_an_approval() -> None:
    held = a_row(verb=E, by=Decider.GUARD, guard="size")

    assert compared(held, by_people(A)).decided.match == Match(both_approved=1)


def test_an_approval_by_people_that_a_guard_holds_is_still_theirs() -> None:
    held = by_people(E, guard="kill switch")
    held = msgspec.structs.replace(held, by=Decider.GUARD)

    assert compared(a_row(verb=R), held).decided.match == Match(stricter=1)


def test_what_was_left_to_people_is_no_opinion_and_what_observers_would_have_is_compared_apart() -> None:
    asked = a_row(verb=E, shadow=A, shadow_policies=("observing",))

    found = compared(asked, by_people(R))

    assert (found.decided.match, found.decided.left) == (Match(), {Left.NO_OPINION: 1})
    assert (found.shadow.match, found.shadow.left) == (Match(looser=1), {})
    assert found.policies == {"observing": Match(looser=1)}


def test_a_policy_that_decided_is_told_by_what_was_decided() -> None:
    both = a_row(verb=A, shadow=R, shadow_policies=("p", "q"))

    assert compared(both, by_people(A)).policies == {"p": Match(both_approved=1), "q": Match(stricter=1)}


def test_an_observer_that_would_leave_it_to_people_has_no_opinion() -> None:
    found = compared(a_row(verb=A, shadow=E, shadow_policies=("q",)), by_people(A))

    assert (found.shadow.left, set(found.policies)) == ({Left.NO_OPINION: 1}, {"p"})


@pytest.mark.parametrize(
    ("row", "word", "cell"),
    [
        (over("declined"), None, "looser"),
        (over("declined"), R, "looser"),
        (over("remediated"), A, "both_approved"),
        (over("remediated"), R, "looser"),
        (over("declined", hours=166.99), None, "looser"),
    ],
)
def test_what_people_did_in_defender_counts_where_it_is_known(
    row: Decided, word: Verb | None, cell: str
) -> None:
    said = {} if word is None else a_word(word, row)

    assert compared(a_row(), row, said=said).decided.match == Match(**{cell: 1})


@pytest.mark.parametrize(
    ("row", "said", "left"),
    [
        (over("remediated"), {}, Left.UNTOLD),
        (over("running"), {}, Left.UNTOLD),
        (over("declined", hours=167), {}, Left.LATE),
        (over("declined"), a_word(A, over("declined")), Left.CONTRADICTED),
        (over("remediated"), a_word(None, over("remediated")), Left.CONTRADICTED),
        (over(by=Decider.NOBODY, ended=Ending.EXPIRED), {}, Left.EXPIRED),
        (a_row(2, verb=R, by=Decider.NOBODY), {}, Left.NOBODY),
        (a_row(2), {}, Left.NOBODY),
    ],
)
def test_unknown_is_neither_agreement_nor_its_opposite(row: Decided, said: Said, left: Left) -> None:
    found = compared(a_row(), row, said=said)

    assert (found.decided.match.of, found.decided.left, found.policies) == (0, {left: 1}, {})


def test_what_awaits_approval_again_is_open_again_and_may_be_decided_by_people_then() -> None:
    again = (a_row(), over("remediated"), a_row(3, verb=R))

    assert compared(*again).decided.left == {Left.NOBODY: 1}
    assert compared(*again, over("declined", hours=5)).decided.match == Match(both_rejected=1)


def test_only_the_first_time_that_people_decide_counts_and_what_was_thought_before_it() -> None:
    found = compared(a_row(), a_row(1, verb=R), by_people(R), a_row(3, verb=A), by_people(A, hours=4))

    assert (found.actions, found.decided.match) == (1, Match(both_rejected=1))


def test_people_who_decide_what_was_never_judged_meet_no_opinion() -> None:
    assert compared(over("declined")).decided.left == {Left.NO_OPINION: 1}


def test_what_is_proposed_anew_after_its_week_is_another_action() -> None:
    later = {"first_seen": NOW + WEEK, "deadline": NOW + 2 * WEEK}

    found = compared(a_row(), by_people(A), over("declined", hours=169, **later))

    assert (found.actions, found.decided.match.of, found.decided.left) == (2, 1, {Left.NO_OPINION: 1})


def test_what_people_decided_before_the_window_is_of_an_earlier_one_and_what_was_thought_before_it_is_not() -> (
    None
):
    rows = (a_row(), by_people(R))

    assert compared(*rows, a_row(4), since=3).actions == 0
    assert compared(*rows, since=1).decided.match == Match(looser=1)
    assert compared(a_row(), since=1).actions == 0


ROWS = st.builds(
    lambda action, hours, kind, verb, shadow: msgspec.structs.replace(
        {
            "policies": a_row(hours, verb=verb, shadow=shadow, shadow_policies=("q",) if shadow else ()),
            "guard": a_row(hours, verb=E, by=Decider.GUARD, guard="size"),
            "people": by_people(verb if verb is not E else A, hours),
            "declined": over("declined", hours),
            "remediated": over("remediated", hours),
            "expired": over("pendingApproval", hours, by=Decider.NOBODY, ended=Ending.EXPIRED),
        }[kind],
        action_id=action,
    ),
    st.sampled_from("abc"),
    st.integers(0, 167),
    st.sampled_from(("policies", "guard", "people", "declined", "remediated", "expired")),
    st.sampled_from((A, R, E)),
    st.sampled_from((None, A, R, E)),
)


@given(st.lists(ROWS, max_size=12), st.integers(0, 100))
def test_each_side_and_what_is_left_out_of_it_make_up_all_actions(rows: list[Decided], since: int) -> None:
    found = compared(*sorted(rows, key=lambda row: row.at), since=since)

    for side in (found.decided, found.shadow):
        assert side.match.of + sum(side.left.values()) == found.actions
        assert len(side.looser) == side.match.looser
