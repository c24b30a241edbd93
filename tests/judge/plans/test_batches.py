"""Calls stay within Microsoft's limits on large remediations, whatever is to be deleted."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.plans.batches import MOST_AT_ONCE, MOST_FOR_ONE, batches
from agent.model.enactment import Pair


def is_let_through(batch: tuple[Pair, ...]) -> bool:
    """Whether the documented limits let this call through, in their own words."""
    recipients = Counter(recipient for _, recipient in batch)
    return len(recipients) >= 0.4 * len(batch) or max(recipients.values()) <= 1000


def to(recipient: str, count: int, first: int = 0) -> list[Pair]:
    return [(f"m{first + number}", recipient) for number in range(count)]


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 9))
def test_every_message_goes_once_in_its_order_and_no_call_is_too_large(people: list[int], size: int) -> None:
    targets = [(f"m{place}", f"p{person}") for place, person in enumerate(people)]

    calls = list(batches(targets, size))

    assert [target for call in calls for target in call] == targets
    assert all(1 <= len(call) <= size for call in calls)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 1500)), max_size=4))
def test_every_call_is_let_through(runs: list[tuple[int, int]]) -> None:
    targets = [
        target
        for place, (person, count) in enumerate(runs)
        for target in to(f"p{person}", count, place * 9999)
    ]

    assert all(is_let_through(call) for call in batches(targets, MOST_AT_ONCE))


@pytest.mark.parametrize(
    ("count", "sizes"), [(MOST_FOR_ONE, [MOST_FOR_ONE]), (MOST_FOR_ONE + 1, [MOST_FOR_ONE, 1])]
)
def test_one_person_has_a_thousand_messages_in_a_call_at_most(count: int, sizes: list[int]) -> None:
    assert [len(call) for call in batches(to("anna", count), 10_000)] == sizes


def test_a_call_has_fifty_thousand_messages_at_most_whatever_is_set() -> None:
    targets = [(f"m{number}", f"p{number}") for number in range(MOST_AT_ONCE + 1)]

    assert [len(call) for call in batches(targets, 1_000_000)] == [MOST_AT_ONCE, 1]


def test_nothing_to_delete_is_no_call() -> None:
    assert list(batches([], 100)) == []


def test_a_call_of_no_message_is_refused() -> None:
    with pytest.raises(ValueError, match="one message at least"):
        list(batches(to("anna", 1), 0))
