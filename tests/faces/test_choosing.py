"""What a person writes to choose targets names those, all of those, and no others."""

from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.faces.choosing import NotNamed, pick, spans
from agent.faces.questions import Target, targets
from agent.model.enactment import EffectKind, Pair
from tests.faces.records import HOSTILE
from tests.persons import an_offer

PAIRS: tuple[Pair, ...] = (
    ("m-1", "ann@contoso.example"),
    ("m-1", "bob@contoso.example"),
    ("m-2", "ann@contoso.example"),
    ("m-3", "cara@fabrikam.example"),
)

SECONDS = 3.0
"""Twenty times of what it takes; looked at one by one, the same takes minutes."""


def listed(*pairs: Pair) -> tuple[Target, ...]:
    return targets(an_offer(*(pairs or PAIRS)).effects)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", set()),
        ("\n  \n# only a remark\n", set()),
        ("1", {1}),
        ("1-3", {1, 2, 3}),
        ("1 - 2", {1, 2}),
        ("1, 3-4", {1, 3, 4}),
        ("1,", {1}),
        ("2\n4\n2", {2, 4}),
        ("m-1", {1, 2}),
        ("ann@contoso.example", {1, 3}),
        ("ANN@Contoso.Example", {1, 3}),
        ("@contoso.example", {1, 2, 3}),
        ("m-2 ann@contoso.example", {3}),
        ("  3  softDelete  m-2  ann@contoso.example", {3}),
        ("softDelete, m-3 cara@fabrikam.example\n1", {1, 4}),
    ],
)
def test_a_line_names_what_it_says(text: str, numbers: set[int]) -> None:
    assert pick(text, listed()) == numbers


@pytest.mark.parametrize(
    "text", ["0", "5", "4-5", "3-2", "1, x", "m-9", "@nowhere.example", "ann", "@", "1 2", "-1"]
)
def test_a_line_that_names_nothing_is_said_with_its_number(text: str) -> None:
    with pytest.raises(NotNamed, match=r"line 2 .* names none of the 4 targets: write numbers"):
        pick(f"1\n{text}", listed())


def test_a_line_that_names_nothing_is_quoted_safely() -> None:
    with pytest.raises(NotNamed) as refused:
        pick(HOSTILE.replace("\n", " "), listed())

    assert not any(letter in str(refused.value) for letter in "\x1b\u202e\x9b\x7f\u2066")


@given(st.sets(st.integers(1, 400)))
def test_numbers_that_are_written_are_read_as_the_same(numbers: set[int]) -> None:
    many = listed(*((f"m-{at:04}", "a@contoso.example") for at in range(400)))

    assert pick(spans(numbers), many) == numbers


def test_stretches_are_written_as_such() -> None:
    assert spans([1, 2, 3, 5, 9, 10]) == "1-3\n5\n9\n10"
    assert spans([]) == ""


@pytest.mark.parametrize(
    "line",
    ["1-20000", ",".join(["1-20000"] * 20), "@contoso.example", "@CONTOSO.example", "a1@contoso.example"],
)
def test_a_text_that_names_the_same_again_and_again_is_read_at_once(line: str) -> None:
    many = listed(*((f"m-{at:05}", f"a{at % 9}@contoso.example") for at in range(20_000)))

    began = thread_time()
    found = pick("\n".join([line] * 20_000), many)

    assert found == pick(line, many)
    assert thread_time() - began < SECONDS


@pytest.mark.parametrize("ends", [range(5_000, 10_000), range(10_000, 5_000, -1)])
def test_stretches_that_overlap_are_read_at_once(ends: range) -> None:
    many = listed(*((f"m-{at:05}", "a@contoso.example") for at in range(10_000)))

    began = thread_time()
    found = pick("\n".join(f"2-{end}" for end in ends), many)

    assert found == set(range(2, max(ends) + 1))
    assert thread_time() - began < SECONDS


def test_a_target_without_a_place_is_named_by_what_it_is() -> None:
    some = targets(an_offer(("user-1", ""), kind=EffectKind.DISABLE_USER).effects)

    assert pick("user-1", some) == {1}
    assert pick("disableUser user-1", some) == {1}
