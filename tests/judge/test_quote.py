"""Values are shown whole, visible and short, and never as somebody else's words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.quote import MOST, members, quote, shorten, span
from agent.model.facts import Value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (12_000, "12000"),
        (2.5, "2.5"),
        ("malicious", "malicious"),
        ("a@b.example", "a@b.example"),
        ("", '""'),
        ("two words", '"two words"'),
        ('a "b"', '"a \\"b\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("x\x1b[2J", '"x\\u001B[2J"'),
        ("tick `", '"tick `"'),
        (datetime(2026, 8, 24, 11, tzinfo=timezone(timedelta(hours=2))), "2026-08-24 09:00:00Z"),
        (datetime(2026, 8, 24, 9, tzinfo=UTC), "2026-08-24 09:00:00Z"),
        (frozenset({"b", "a"}), "a, b"),
        (frozenset(), "empty"),
    ],
)
def test_values(value: Value, shown: str) -> None:
    assert quote(value) == shown


def test_eighty_characters_are_shown_and_more_are_cut_in_the_middle() -> None:
    assert shorten("x" * MOST) == "x" * MOST
    cut = shorten("a" * 100 + "b" * 100)
    assert len(cut) == MOST
    assert cut.startswith("aaa")
    assert cut.endswith("bbb")
    assert "…" in cut


def test_of_many_members_the_first_are_shown() -> None:
    assert members(frozenset("abcd")) == "a, b, c and 1 more"


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_whatever_the_text_it_is_printable_and_one_token(text: str) -> None:
    shown = quote(text)

    assert shown.isprintable()
    assert len(shown) <= 12 * MOST
    if " " in shown:
        assert shown.startswith('"')
        assert shown.endswith('"')


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(0), "0m"),
        (timedelta(seconds=1), "1m"),
        (timedelta(minutes=119), "119m"),
        (timedelta(hours=2), "2h"),
        (timedelta(hours=24), "24h"),
        (timedelta(hours=24, microseconds=1), "25h"),
        (timedelta(hours=71), "71h"),
        (timedelta(days=3), "3 days"),
        (timedelta(days=3, seconds=1), "4 days"),
    ],
)
def test_a_length_of_time_is_never_told_shorter_than_it_is(length: timedelta, shown: str) -> None:
    assert span(length) == shown
