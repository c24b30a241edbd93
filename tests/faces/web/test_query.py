"""What the address of a list asks for, and what is said where that means nothing."""

import re
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import URL
from starlette.requests import Request

from agent.faces.web.query import Choice, Field, Leaf, Query, leaf, query_of
from agent.faces.web.refusing import NotUnderstood
from agent.settings.durations import duration
from tests.adapters.hostile import HOSTILE

FIELDS = (
    Field("kind", "Kind", (Choice("softDeleteMessage", "one message"), Choice("blockUrl", "URL"))),
    Field("within", "Deadline within", reads=duration),
    Field("q", "Search"),
)
COLUMNS = ("deadline", "size")


def ask(address: str) -> Query:
    url = URL(address)
    scope: dict[str, object] = {
        "type": "http",
        "path": url.path,
        "query_string": url.query.encode(),
        "headers": [],
        "app": None,
    }
    return query_of(Request(scope), FIELDS, COLUMNS, sort="deadline", also=("chosen",))


def test_an_address_that_says_nothing_asks_for_the_beginning_in_the_usual_order() -> None:
    asked = ask("/pending")

    assert (asked.given, asked.sort, asked.is_descending, asked.page, asked.size) == (
        {},
        "deadline",
        False,
        1,
        100,
    )
    assert asked.link() == "/pending"


def test_a_filter_that_is_left_empty_narrows_nothing() -> None:
    assert ask("/pending?kind=&q=+&page=&size=&sort=").given == {}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("?kind=softDeleteMesage", "`kind`: there is no softDeleteMesage: did you mean `softDeleteMessage`?"),
        ("?kind=SOFTDELETEMESSAGE", "did you mean `softDeleteMessage`?"),
        ("?kind=x", "`kind`: there is no x: there is softDeleteMessage, blockUrl"),
        ("?knd=blockUrl", "the address has no filter knd: did you mean `kind`?"),
        ("?kind=blockUrl&kind=blockUrl", "`kind` stands in the address twice"),
        ("?within=soon", "`within`: soon is not a duration"),
        ("?sort=sise", "`sort`: cannot be sorted by sise: did you mean `size`?"),
        ("?sort=-", "`sort`: cannot be sorted by"),
        ("?size=7", "`size`: 7 is none that can be chosen: 25, 50, 100, 250, 500"),
        ("?page=-1", '`page`: "-1" is no page'),
        ("?page=0", "`page`: 0 is no page"),
        ("?page=1.5", "`page`: 1.5 is no page"),
        ("?page=²", "`page`: "),
        ("?page=99999999999999999999", "is no page"),
        ("?q=" + "a" * 201, "`q` has 201 characters"),
        ("?kind=%00", '`kind`: there is no "\\u0000"'),
    ],
)
def test_what_means_nothing_is_refused_in_words(address: str, words: str) -> None:
    with pytest.raises(NotUnderstood, match=re.escape(words)) as refused:
        ask(f"/pending{address}")

    assert refused.value.status_code == 400
    assert refused.value.detail.isprintable()


@pytest.mark.parametrize("text", ["a" * 200, "\0", "  x "])
def test_any_text_can_be_searched_for(text: str) -> None:
    assert ask(str(URL("/pending").include_query_params(q=text))).value("q") == text.strip()


def test_a_link_keeps_everything_but_what_it_changes_and_begins_at_the_first_page() -> None:
    asked = ask("/pending.json?kind=blockUrl&sort=-size&size=25&page=3")

    assert asked.link(q="a b&c") == "/pending?kind=blockUrl&sort=-size&size=25&q=a+b%26c"
    assert asked.link(kind="") == "/pending?sort=-size&size=25"
    assert asked.link(page=4, ending=".csv") == "/pending.csv?kind=blockUrl&sort=-size&size=25&page=4"
    assert ask(asked.here()) == ask("/pending?kind=blockUrl&sort=-size&size=25&page=3")


def test_a_column_sorts_one_way_and_then_the_other() -> None:
    asked = ask("/pending?q=x")

    assert (asked.sorted_by("deadline"), asked.aria_sort("deadline")) == (
        "/pending?q=x&sort=-deadline",
        "ascending",
    )
    assert (asked.sorted_by("size"), asked.aria_sort("size")) == ("/pending?q=x&sort=size", "none")
    assert ask("/pending?sort=-deadline").aria_sort("deadline") == "descending"


@given(st.integers(0, 350), st.integers(1, 10**8))
def test_a_page_beyond_the_end_is_the_last_one(count: int, page: int) -> None:
    shown: Leaf[int] = leaf(range(count), ask(f"/pending?page={page}&size=25"), of=400)

    assert shown.page == min(page, shown.pages)
    assert (shown.first, shown.last) == ((shown.page - 1) * 25 + bool(count), min(shown.page * 25, count))
    assert list(shown.items) == list(range(count))[(shown.page - 1) * 25 :][:25]


@pytest.mark.parametrize("text", HOSTILE)
def test_an_attackers_words_in_an_address_stay_one_value(text: str) -> None:
    asked = ask(f"/pending?q={quote_plus(text[:200], errors='surrogatepass')}")

    assert ask(asked.link()).given == asked.given
    assert set(asked.given) <= {"q"}
