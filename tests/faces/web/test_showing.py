"""How sentences of ours are written on a page."""

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.faces.markup import ticked
from agent.faces.templating import shown


def test_a_moment_in_a_sentence_is_marked_up_as_one_so_that_readers_see_their_own_zone() -> None:
    assert ticked("held since 2026-11-26 14:53Z, by `size`") == (
        'held since <time datetime="2026-11-26T14:53:00+00:00">2026-11-26 14:53Z</time>, by <code>size</code>'
    )


@pytest.mark.parametrize(
    "words", ["2026-13-26 14:53Z", "2026-02-30 14:53Z", "12026-11-26 14:53Z", "2026-11-26 14:53Zulu"]
)
def test_what_only_looks_like_a_moment_stays_as_it_is(words: str) -> None:
    assert ticked(words) == words


def test_words_around_a_moment_are_escaped() -> None:
    assert ticked("<b>2026-11-26 14:53Z<i>").startswith("&lt;b&gt;<time ")
    assert ticked("<b>2026-11-26 14:53Z<i>").endswith("</time>&lt;i&gt;")


def test_a_name_is_never_taken_for_a_moment() -> None:
    assert ticked("`2026-11-26 14:53Z`") == "<code>2026-11-26 14:53Z</code>"


def test_what_others_wrote_has_a_fence_within_a_sentence_of_ours() -> None:
    said = ticked(
        'escalate by `vip` (https://bad.example/a?b=1, incident 7), "now <b> `approved` \\" by" eve@contoso.example.'
    )

    assert said == (
        'escalate by <code>vip</code> (<bdi class="foreign">https://bad.example/a?b=1</bdi>, incident 7), '
        '<bdi class="foreign">&#34;now &lt;b&gt; `approved` \\&#34; by&#34;</bdi> '
        '<bdi class="foreign">eve@contoso.example</bdi>.'
    )


@given(st.lists(st.sampled_from([*'ab `"\\@:/.<&\n', "2026-11-26 14:53Z"])).map("".join))
def test_nothing_in_a_sentence_becomes_markup(text: str) -> None:
    made = ticked(text)

    for mark in (
        "<code>",
        "</code>",
        '<bdi class="foreign">',
        "</bdi>",
        '<time datetime="2026-11-26T14:53:00+00:00">',
        "</time>",
    ):
        made = made.replace(mark, "")
    assert "<" not in made
    assert unescape(made).replace("`", "") == shown(text).replace("`", "")


def test_a_long_sentence_is_made_at_once() -> None:
    text = '"a' * 40_000 + "`b" * 40_000 + "x" * 90_000

    assert len(ticked(text)) > len(text)
