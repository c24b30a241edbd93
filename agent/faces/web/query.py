"""What the address of a list asks for: which of it, in which order, how much at a time.

Everything stands in the address, so that a list can be kept, sent and gone back to. What an address says wrongly is told
in words and nothing is shown: a filter that is passed over would show more, or less, than the reader believes.
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request

from agent.faces.web.refusing import NotUnderstood
from agent.judge.quote import quote

T = TypeVar("T")

SIZES = (25, 50, 100, 250, 500)
"""Rows of one page that can be chosen."""

USUAL_SIZE = 100

LONGEST = 200
"""Characters of one value."""

DIGITS = 9
"""Of a page's number: further on there is no list."""

PAGE, SIZE, SORT = "page", "size", "sort"


class Choice(msgspec.Struct, frozen=True):
    """One value that a filter may have, and what it is called."""

    value: str
    label: str


class Field(msgspec.Struct, frozen=True):
    """One thing by which a list is narrowed.

    Where it has `choices`, it takes no other value. `reads` tells whether any other text means something: it raises
    ValueError with words that go on from the value, such as "is not a duration such as `6h`".
    """

    name: str
    label: str
    choices: tuple[Choice, ...] = ()
    reads: Callable[[str], object] = str
    hint: str = ""
    """An example, for the reader who types."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a list, understood."""

    path: str
    """Of the page itself, without `.json` or `.csv`."""
    fields: tuple[Field, ...]
    given: Mapping[str, str]
    """What it is narrowed by, by the filters' names; those that are empty are left out."""
    sort: str
    is_descending: bool
    usual_sort: str
    size: int
    page: int

    def value(self, name: str) -> str:
        """Return what one filter has; empty where the list is not narrowed by it."""
        return self.given.get(name, "")

    @property
    def order(self) -> str:
        """How the order is written in an address."""
        return f"-{self.sort}" if self.is_descending else self.sort

    def link(self, *, ending: str = "", **changes: str | int) -> str:
        """Return the address of the same list with something changed; what is set to nothing is left out.

        A list that is narrowed or sorted otherwise begins at its first page.
        """
        asked: dict[str, str | int] = dict(self.given)
        asked[SORT] = self.order if self.order != self.usual_sort else ""
        asked[SIZE] = self.size if self.size != USUAL_SIZE else ""
        asked.update(changes)
        if asked.get(PAGE) == 1:
            del asked[PAGE]
        told = urlencode({name: value for name, value in asked.items() if value != ""})
        return f"{self.path}{ending}" + (f"?{told}" if told else "")

    def here(self) -> str:
        """Return the address of this very page of the list."""
        return self.link(page=self.page)

    def sorted_by(self, column: str) -> str:
        """Return the address of the list in the order of a column: the other way round where it is in it already."""
        return self.link(sort=f"-{column}" if self.order == column else column)

    def aria_sort(self, column: str) -> str:
        """Return how a column is sorted, in the word of `aria-sort`."""
        if column != self.sort:
            return "none"
        return "descending" if self.is_descending else "ascending"


class Leaf(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list."""

    items: tuple[T, ...]
    page: int
    pages: int
    first: int
    """The number of its first item in the whole list, counted from 1; 0 where it is empty."""
    last: int
    count: int
    """How many the list has as it is narrowed."""
    of: int
    """How many there are at all."""


def query_of(
    request: Request, fields: Sequence[Field], columns: Sequence[str], *, sort: str, also: Sequence[str] = ()
) -> Query:
    """Return what the address asks for.

    Args:
        request: whose address it is.
        fields: by which the list can be narrowed.
        columns: by which it can be sorted.
        sort: how it is sorted where the address does not say; with `-` in front, the largest first.
        also: what else may stand in the address, and is read elsewhere.

    Raises:
        NotUnderstood: it asks for something that there is not, in words.
    """
    asked = _asked(request, {*(one.name for one in fields), PAGE, SIZE, SORT, *also})
    given = {one.name: asked[one.name] for one in fields if asked.get(one.name)}
    for one in fields:
        if one.name in given:
            _check(one, given[one.name])
    order = asked.get(SORT) or sort
    column = order.removeprefix("-")
    if column not in columns:
        raise NotUnderstood(f"`{SORT}`: {_none(column, columns, 'cannot be sorted by')}")
    return Query(
        path=request.url.path.removesuffix(".json").removesuffix(".csv"),
        fields=tuple(fields),
        given=given,
        sort=column,
        is_descending=order.startswith("-"),
        usual_sort=sort,
        size=_size(asked.get(SIZE, "")),
        page=page_of(asked.get(PAGE, "")),
    )


def leaf(found: Sequence[T], query: Query, of: int) -> Leaf[T]:
    """Return the page that is asked for, or the last one where the list has become shorter than that."""
    pages = max(1, -(-len(found) // query.size))
    page = min(query.page, pages)
    start = (page - 1) * query.size
    items = tuple(found[start : start + query.size])
    return Leaf(
        items=items,
        page=page,
        pages=pages,
        first=start + 1 if items else 0,
        last=start + len(items),
        count=len(found),
        of=of,
    )


def _asked(request: Request, known: set[str]) -> Mapping[str, str]:
    asked: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise NotUnderstood(f"the address {_none(name, sorted(known), 'has no filter')}")
        if name in asked:
            raise NotUnderstood(f"`{name}` stands in the address twice: leave one out")
        if len(value) > LONGEST:
            raise NotUnderstood(f"`{name}` has {len(value):,} characters: write {LONGEST} at most")
        asked[name] = value.strip()
    return asked


def _check(field: Field, value: str) -> None:
    if field.choices:
        known = [one.value for one in field.choices]
        if value not in known:
            raise NotUnderstood(f"`{field.name}`: {_none(value, known, 'there is no')}")
        return
    try:
        field.reads(value)
    except ValueError as error:
        raise NotUnderstood(f"`{field.name}`: {quote(value)} {error}") from error


def _none(value: str, known: Sequence[str], words: str) -> str:
    by_spelling = {one.casefold(): one for one in known}
    near = get_close_matches(value.casefold(), by_spelling, 1)
    if near:
        return f"{words} {quote(value)}: did you mean `{by_spelling[near[0]]}`?"
    some = ", ".join(map(quote, known[:12])) + (" and others" if len(known) > 12 else "")
    return f"{words} {quote(value)}: there is {some or 'none at all now'}"


def _size(text: str) -> int:
    if not text:
        return USUAL_SIZE
    if text not in {str(one) for one in SIZES}:
        raise NotUnderstood(
            f"`{SIZE}`: {quote(text)} is none that can be chosen: {', '.join(map(str, SIZES))}"
        )
    return int(text)


def page_of(text: str) -> int:
    """Return the page that is asked for, counted from 1.

    Raises:
        NotUnderstood: it is no such number.
    """
    if not text:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS and int(text)):
        raise NotUnderstood(f"`{PAGE}`: {quote(text)} is no page: they are counted from 1")
    return int(text)
