"""Strict YAML: sections of plain values, each with its place. Everything that YAML could do beyond that is refused.

The scalar's own text decides what it is, so that `no`, `0123` and `1:30` are what was written. Anchors,
aliases and tags would let one line change another, or make an object.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
import yaml

LARGEST = 256 * 1024
"""Bytes; a settings file has two thousand."""
DEEPEST = 3


class Place(msgspec.Struct, frozen=True, order=True):
    """Where something stands in the file; both count from 1."""

    line: int
    column: int


class Scalar(msgspec.Struct, frozen=True):
    """A value as it was written."""

    text: str
    place: Place
    is_plain: bool
    """Whether it stands without quotes, so that an empty one or `null` says that there is no value."""


class Section(msgspec.Struct, frozen=True):
    """Keys with their places and what stands under them."""

    entries: "tuple[tuple[Scalar, Scalar | Section], ...]"
    place: Place


class Faulty(Exception):
    """The file is not YAML of the kind that is read here."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


def tree(content: bytes) -> Section:
    """Return what the file says, untyped.

    Raises:
        Faulty: it says something that is not read here; the first such place.
    """
    if len(content) > LARGEST:
        raise Faulty(Place(1, 1), f"is {len(content)} bytes long: a settings file has at most {LARGEST}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Faulty(Place(line, 1), "is not UTF-8: save the file as UTF-8") from None
    try:
        _check(yaml.parse(text, Loader=yaml.SafeLoader))
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        raise Faulty(place, f"is not YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise Faulty(Place(line, 1), "holds a control character: YAML takes none") from None
    if node is None:
        return Section((), Place(1, 1))
    found = _taken(node)
    if isinstance(found, Scalar):
        raise Faulty(found.place, "is not a settings file: it begins with a section, such as `tenant:`")
    return found


def _check(events: Iterable[Any]) -> None:
    depth = 0
    documents = 0
    for event in events:
        place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise Faulty(place, "a second document begins here: a settings file is one document")
        if isinstance(event, yaml.AliasEvent):
            raise Faulty(place, f"`*{event.anchor}` is an alias: write the value itself")
        if getattr(event, "anchor", None):
            raise Faulty(place, f"`&{event.anchor}` is an anchor: write the value where it is needed")
        if getattr(event, "tag", None):
            raise Faulty(place, f"`{event.tag}` is a tag: write the value without it")
        if isinstance(event, yaml.SequenceStartEvent):
            raise Faulty(
                place,
                "a list stands here, and no setting takes one: write one value, or several as one text with commas between",
            )
        depth += isinstance(event, yaml.CollectionStartEvent)
        if depth >= DEEPEST:
            raise Faulty(place, "is nested too deeply: settings are `section:` and below it `name: value`")
        depth -= isinstance(event, yaml.CollectionEndEvent)


def _taken(node: Any) -> Scalar | Section:
    place = Place(node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        entries = []
        for key, value in node.value:
            name = _taken(key)
            if isinstance(name, Section):
                raise Faulty(name.place, "a section stands where a name belongs")
            entries.append((name, _taken(value)))
        return Section(tuple(entries), place)
    return Scalar(node.value, place, node.style is None)
