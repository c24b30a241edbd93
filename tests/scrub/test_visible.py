"""Text that attackers write is shown, and does nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scrub.visible import visible


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b[31mred", r"\u001b[2J\u001b[31mred"),
        ("\x9b31m", r"\u009b31m"),
        ("a\rb", r"a\u000db"),
        ("a\nb\tc", r"a\u000ab\u0009c"),
        ("\x07\x08\x7f\x00", r"\u0007\u0008\u007f\u0000"),
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        ("\u2066a\u2069", r"\u2066a\u2069"),
        ("\u200e\u200f\u061c", r"\u200e\u200f\u061c"),
        ("pay\u200bpal", r"pay\u200bpal"),
        ("\ufeff", r"\ufeff"),
        ("one\u2028two\u2029three\x85four", r"one\u2028two\u2029three\u0085four"),
        ("\ud800", r"\ud800"),
        ("a\U000e0041", r"a\U000e0041"),
        ("a\ufe0f", r"a\ufe0f"),
        ("\ue000", r"\ue000"),
        ("\u3164", r"\u3164"),
        ("\x1b]8;;http://evil\x07click", r"\u001b]8;;http://evil\u0007click"),
    ],
)
def test_a_character_that_acts_is_shown_as_its_escape(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "Re: invoice 7",
        "Réunion à 9 h",
        "会議のお知らせ",
        "счёт",
        "CONTOSO\\ann",
        "[bold]not markup[/]",
        "👍",
    ],
)
def test_ordinary_text_is_shown_as_it_is(plain: str) -> None:
    assert visible(plain) == plain


def test_marks_stacked_on_a_letter_stop_at_two() -> None:
    assert visible("a" + "\u0301" * 3) == "a\u0301\u0301\\u0301"


def test_text_of_exactly_the_limit_is_whole_and_one_more_is_cut_with_the_count() -> None:
    assert visible("a" * 80) == "a" * 80
    assert visible("a" * 81) == "a" * 80 + "…(+1)"


def test_an_escape_is_never_cut_in_half() -> None:
    assert visible("ab\x1bcd", limit=7) == "ab…(+3)"
    assert visible("ab\x1bcd", limit=8) == "ab\\u001b…(+2)"


@given(st.text(st.characters(), max_size=200), st.integers(1, 120))
def test_whatever_comes_in_one_harmless_line_comes_out(text: str, limit: int) -> None:
    shown = visible(text, limit)

    assert not any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for letter in shown)
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= limit + len("…(+200)")
    shown.encode("utf-8")


@given(st.text(max_size=60))
def test_what_is_shown_once_is_shown_the_same_again(text: str) -> None:
    once = visible(text, 1000)

    assert visible(once, 1000) == once
