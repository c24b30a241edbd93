"""A window of the past in numbers: each action once, by the last decision that it had."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.sum_up import STEPS, Lengths, Stand, Summary, Summing, lengths, nth, stand_of
from agent.model.decision import Verb
from agent.model.history import Decided, Decider, Ending
from agent.model.pending import ActionKind
from tests.judge.decided import HOUR, WEEK, A, E, R, a_row, by_people, over
from tests.makers import NOW

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def summed(*rows: Decided, since: float = -1, until: float = 47) -> Summary:
    summing = Summing(NOW + since * HOUR, NOW + until * HOUR)
    for row in rows:
        summing.look(row)
    return summing.found()


def there(counts: Any) -> dict[Any, int]:
    """Return the counts that are not zero."""
    return {key: count for key, count in counts.items() if count}


@pytest.mark.parametrize(
    ("row", "stand"),
    [
        (a_row(), Stand.POLICIES),
        (a_row(verb=R), Stand.POLICIES),
        (a_row(verb=E), Stand.ASKED),
        (by_people(R), Stand.PEOPLE),
        (a_row(verb=E, by=Decider.GUARD, guard="size"), Stand.GUARD),
        (over(), Stand.ELSEWHERE),
        (over(by=Decider.NOBODY), Stand.NOBODY),
    ],
)
def test_how_an_action_stands(row: Decided, stand: Stand) -> None:
    assert stand_of(row) is stand


def test_each_action_counts_once_by_its_last_decision() -> None:
    found = summed(a_row(verb=E), by_people(A), a_row(action_id="b"), a_row(30, action_id="c", verb=R))

    assert found.actions == 3
    assert there(found.stands) == {Stand.POLICIES: 2, Stand.PEOPLE: 1}
    assert found.verbs == {Stand.POLICIES: {A: 1, R: 1}, Stand.PEOPLE: {A: 1, R: 0}}
    assert [(one.day.day, there(one.stands)) for one in found.days] == [
        (2, {Stand.POLICIES: 1, Stand.PEOPLE: 1}),
        (3, {Stand.POLICIES: 1}),
        (4, {}),
    ]


def test_what_is_proposed_anew_after_its_week_counts_again() -> None:
    anew = a_row(169, first_seen=NOW + WEEK, deadline=NOW + 2 * WEEK)

    assert summed(a_row(), anew).stands[Stand.POLICIES] == 2


def test_what_had_its_last_decision_before_the_window_is_not_in_it() -> None:
    assert summed(a_row(-2), since=-1).actions == 0
    assert summed(a_row(-1), since=-1).actions == 1


def test_kinds_stand_by_how_many_they_are() -> None:
    found = summed(
        a_row(kind=ActionKind.BLOCK_URL),
        a_row(action_id="b", kind=ActionKind.UNKNOWN),
        a_row(action_id="c", kind=ActionKind.UNKNOWN),
    )

    assert list(found.kinds) == [ActionKind.UNKNOWN, ActionKind.BLOCK_URL]


def test_how_soon_counts_from_when_it_was_first_seen_and_only_what_is_decided() -> None:
    found = summed(a_row(1), over(hours=3, action_id="b"), a_row(2, action_id="c", verb=E))

    assert {stand: (took.count, took.median) for stand, took in found.until_decided.items()} == {
        Stand.POLICIES: (1, HOUR),
        Stand.PEOPLE: (0, None),
        Stand.ELSEWHERE: (1, 3 * HOUR),
    }


def test_people_are_asked_from_the_first_time_and_answer_with_their_last() -> None:
    answered = by_people(A, 9, answered=NOW + 8 * HOUR)

    held = a_row(1, verb=E, by=Decider.GUARD, guard="size")
    asked_before = summed(held, a_row(2, verb=E), answered, since=5)
    asked_anew = summed(a_row(1, verb=E), over("remediated", 2), a_row(6, verb=E), answered)
    never_asked = summed(answered)
    ahead = summed(a_row(8.5, verb=E), answered)

    assert [one.until_answered.median for one in (asked_before, asked_anew, never_asked, ahead)] == [
        7 * HOUR, 2 * HOUR, None, timedelta(0)
    ]  # fmt: skip


def test_a_guard_counts_each_action_that_it_held_once_also_where_people_answered_since() -> None:
    def held(hours: float, guard: str, action: str) -> Decided:
        return a_row(hours, verb=E, by=Decider.GUARD, guard=guard, action_id=action)

    found = summed(
        held(-2, "before", "z"), held(0, "size", "a"), held(1, "size", "a"), by_people(A, 2), held(3, "size", "b"),
        held(4, "hours", "b"),
    )  # fmt: skip

    assert (found.guards, list(found.guards)) == ({"size": 2, "hours": 1}, ["size", "hours"])


@pytest.mark.parametrize(
    ("hours", "in_time", "last_day"), [(143, 1, 0), (144, 1, 1), (167.9, 1, 1), (168, 0, 0)]
)
def test_what_was_decided_before_its_week_was_over_is_told_by_how_much_before(
    hours: float, in_time: int, last_day: int
) -> None:
    found = summed(a_row(hours), until=200)

    assert (found.expired, found.in_time, found.last_day) == (0, in_time, last_day)


def test_an_expiry_is_counted_and_a_question_that_lapsed_is_none() -> None:
    found = summed(
        over("pendingApproval", 1, by=Decider.NOBODY, ended=Ending.EXPIRED),
        a_row(1, action_id="b", verb=R, by=Decider.NOBODY, policies=()),
    )

    assert (found.expired, found.stands[Stand.NOBODY], found.in_time) == (1, 2, 0)


@pytest.mark.parametrize(
    ("took", "step"),
    [
        (0 * SECOND, 0),
        (59 * SECOND, 0),
        (MINUTE, 1),
        (HOUR, 4),
        (timedelta(days=3), 8),
        (timedelta(days=400), 8),
    ],
)
def test_a_length_falls_into_one_step(took: timedelta, step: int) -> None:
    counts = lengths([took]).counts

    assert [place for place, count in enumerate(counts) if count] == [step]
    assert len(counts) == len(STEPS)


def test_of_nothing_there_is_no_middle() -> None:
    assert lengths([]) == Lengths(count=0, median=None, ninetieth=None, counts=(0,) * len(STEPS))


@given(st.lists(st.integers(0, 10**6), min_size=1), st.integers(1, 100))
def test_so_many_in_a_hundred_do_not_pass_it_and_no_smaller_one_does(
    seconds: list[int], percent: int
) -> None:
    ordered = sorted(number * SECOND for number in seconds)

    found = nth(ordered, percent)

    assert found is not None
    assert sum(one <= found for one in ordered) * 100 >= percent * len(ordered)
    assert sum(one < found for one in ordered) * 100 < percent * len(ordered)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(-5, 40), st.sampled_from((A, R, E))), max_size=12)
)
def test_every_way_of_counting_makes_up_all_actions(told: list[tuple[str, int, Verb]]) -> None:
    rows = [
        a_row(hours, action_id=action, verb=verb)
        for action, hours, verb in sorted(told, key=lambda one: one[1])
    ]

    found = summed(*(msgspec.structs.replace(row, number=place) for place, row in enumerate(rows)))

    days = sum(sum(one.stands.values()) for one in found.days)
    kinds = sum(sum(one.values()) for one in found.kinds.values())
    assert sum(found.stands.values()) == days == kinds == found.actions


def test_what_was_judged_only_afterwards_is_no_decision_of_that_time() -> None:
    imported = [msgspec.structs.replace(one, is_imported=True) for one in (a_row(), over())]

    assert summed(*imported).actions == 0
    assert summed(*imported, a_row()).actions == 1
