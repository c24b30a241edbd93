"""The OData that Graph documents for these resources, and a refusal of everything else."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.simulator.moments import ticks
from agent.simulator.words import (
    CLASSIFICATIONS,
    DETERMINATIONS,
    INCIDENT_STATUSES,
    SERVICE_SOURCES,
    SEVERITIES,
    STATUSES,
)

Test = Callable[[Mapping[str, Any]], bool]


class BadRequest(Exception):
    """The request is not one that Graph documents: it is answered with 400."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a property's literals look like: `words` are an enumeration's, None elsewhere."""

    name: str
    words: frozenset[str] | None = None


TEXT = Kind("text")
MOMENT = Kind("moment")


@dataclass(frozen=True, slots=True)
class Resource:
    """What may be asked of one collection. Source: its page in Microsoft's documentation."""

    name: str
    options: frozenset[str]
    filterable: Mapping[str, Kind]


_SHARED = {
    "assignedTo": TEXT,
    "classification": Kind("word", CLASSIFICATIONS),
    "createdDateTime": MOMENT,
    "determination": Kind("word", DETERMINATIONS),
    "lastUpdateDateTime": MOMENT,
    "severity": Kind("word", SEVERITIES),
}
INCIDENTS = Resource(
    "incidents",
    frozenset({"$count", "$filter", "$skip", "$top", "$expand"}),
    {**_SHARED, "status": Kind("word", INCIDENT_STATUSES)},
)
ALERTS = Resource(
    "alerts_v2",
    frozenset({"$count", "$filter", "$skip", "$top"}),
    {**_SHARED, "serviceSource": Kind("word", SERVICE_SOURCES), "status": Kind("word", STATUSES)},
)
ANALYZED_EMAILS = Resource(
    "collaboration/analyzedEmails",
    frozenset({"$count", "$filter", "$top"}),
    {"networkMessageId": TEXT, "recipientEmailAddress": TEXT},
)

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^\s'()]+))")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a filter."""

    text: str
    quoted: bool


def filtered(words: str | None, resource: Resource) -> Test:
    """Return whether a thing passes `property operator literal (and …)*`.

    Raises:
        BadRequest: the filter is of another form, or names what the resource does not filter by.
    """
    if words is None:
        return lambda _thing: True
    tests = _comparisons(_tokens(words), resource)
    return lambda thing: all(test(thing) for test in tests)


def literals(words: str | None, resource: Resource) -> Mapping[str, str]:
    """Return the value that each property must equal, of a filter with nothing but `eq` on text.

    Raises:
        BadRequest: the filter says anything else.
    """
    if words is None:
        return {}
    filtered(words, resource)
    tokens = _tokens(words)
    if any(tokens[at + 1].text != "eq" for at in range(0, len(tokens), 4)):
        raise BadRequest("only `eq` is supported here")
    return {tokens[at].text: tokens[at + 2].text for at in range(0, len(tokens), 4)}


def _tokens(words: str) -> list[Token]:
    tokens, at, end = [], 0, len(words.rstrip())
    while at < end:
        match = _TOKEN.match(words, at)
        if match is None:
            raise BadRequest(f"invalid filter clause at position {at}")
        quoted, bare = match.groups()
        tokens.append(Token(quoted.replace("''", "'"), True) if bare is None else Token(bare, False))
        at = match.end()
    return tokens


def _comparisons(tokens: list[Token], resource: Resource) -> list[Test]:
    if len(tokens) % 4 != 3:
        raise BadRequest("invalid filter clause: `property operator literal` expected")
    tests = []
    for at in range(0, len(tokens), 4):
        if at and (tokens[at - 1].quoted or tokens[at - 1].text != "and"):
            raise BadRequest(f"`{tokens[at - 1].text}` is not supported in this filter")
        tests.append(_comparison(tokens[at], tokens[at + 1], tokens[at + 2], resource))
    return tests


def _comparison(name: Token, operator: Token, literal: Token, resource: Resource) -> Test:
    kind = None if name.quoted else resource.filterable.get(name.text)
    if kind is None:
        raise BadRequest(f"`{name.text}` is not a property that `{resource.name}` can be filtered by")
    compare = None if operator.quoted else _COMPARE.get(operator.text)
    if compare is None or (kind is not MOMENT and operator.text not in {"eq", "ne"}):
        raise BadRequest(f"operator `{operator.text}` is not supported on `{name.text}`")
    value = _value(literal, kind, name.text)
    if kind is MOMENT:
        return lambda thing: compare(ticks(thing[name.text]), value)
    return lambda thing: compare(thing.get(name.text), value)


def _value(literal: Token, kind: Kind, name: str) -> str | int | None:
    if kind is MOMENT:
        if literal.quoted:
            raise BadRequest(f"a date is not quoted in a comparison with `{name}`")
        try:
            return ticks(literal.text)
        except ValueError as error:
            raise BadRequest(str(error)) from error
    if not literal.quoted:
        if literal.text == "null" and kind is TEXT:
            return None
        raise BadRequest(f"`{literal.text}` must be quoted in a comparison with `{name}`")
    if kind.words is not None and literal.text not in kind.words:
        raise BadRequest(f"`{literal.text}` is not a value of `{name}`")
    return literal.text


def number(options: Mapping[str, str], name: str, *, least: int) -> int | None:
    """Return the whole number an option gives; None where it is not given.

    Raises:
        BadRequest: it is no such number.
    """
    words = options.get(name)
    if words is None:
        return None
    if not (words.isascii() and words.isdigit()) or int(words) < least:
        raise BadRequest(f"`{words}` is not a valid value of `{name}`")
    return int(words)


def checked(options: Mapping[str, str], resource: Resource, extra: frozenset[str]) -> None:
    """Refuse system options that the resource does not document.

    Raises:
        BadRequest: there is one.
    """
    for name in options:
        if name.startswith("$") and name not in resource.options | extra:
            raise BadRequest(f"query option `{name}` is not supported on `{resource.name}`")
