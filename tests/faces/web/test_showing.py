"""How sentences of ours are written on a page."""

import pytest

from agent.faces.web.showing import ticked


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
