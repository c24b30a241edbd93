"""JSON text -> the same JSON text with every value replaced that is not known to name nobody.

Read token by token rather than as a whole, so that what is broken stays broken in the same place: a body that was
cut off, or has a key twice, is what the one who looks for the bug needs to see. Every token of it is replaced
by the same rules. What is no JSON at all becomes a page, or words, that say nothing.
"""

import json
import re
from typing import NamedTuple

from agent.scrub import names
from agent.scrub.links import Links
from agent.scrub.queries import fields, is_moment, of_cluster, of_hunting
from agent.scrub.shapes import Shapes
from agent.scrub.titles import is_title
from agent.scrub.words import LISTS, is_published

PAGE = b"<!DOCTYPE html><html><head><title>replaced</title></head><body>replaced</body></html>"
"""Stands for any HTML."""

CONTEXT = "https://graph.microsoft.com/v1.0/$metadata"
"""Stands for any `@odata.context`: it may name things, and nobody goes by it."""

_TOKENS = re.compile(
    r"""(?P<space>[ \t\r\n]+)|(?P<mark>[{}\[\]:,])|(?P<text>"[^"\\]*(?:\\.[^"\\]*)*")"""
    r"""|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[\s,\]}:]|$)|(?P<word>(?:true|false|null)(?=[\s,\]}:]|$))"""
    r"""|(?P<cut>"(?:[^"\\]|\\.)*\\?)|(?P<other>[^\s{}\[\]:,"]+|.)""",
    re.DOTALL | re.ASCII,
)
NAMELESS = "?"
"""The name of a value whose own name is not known."""

_DEEPEST = 4
"""JSON within text within JSON: so many times it is looked into."""

_LONGEST_COUNT = 15
_QUERIES = frozenset({"query", "clusterquery", "querytext"})
_LINKS = frozenset({"odata.nextlink", "odata.deltalink"})


class Place(NamedTuple):
    """Where a value stands: the name it has, in lower case, and how deep in texts."""

    name: str
    depth: int


class Documents:
    """Replaces what bodies say."""

    def __init__(self, shapes: Shapes, links: Links) -> None:
        self._shapes = shapes
        self._links = links
        self._seen: dict[tuple[Place, str], str] = {}

    def body(self, body: bytes) -> bytes:
        """Return the body of an answer."""
        if not body.strip():
            return body
        mark = "\ufeff" if body.startswith(b"\xef\xbb\xbf") else ""
        text = body.decode("utf-8-sig", errors="replace")
        match text.lstrip()[:1]:
            case "<":
                return PAGE
            case "{" | "[" | '"':
                return (mark + self._json(text, Place("", 0))).encode()
            case _:
                return (mark + self._shapes.like(text)).encode()

    def asked(self, body: bytes) -> bytes:
        """Return the body of a request: a hunting query keeps the agent's own wording."""
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            return self.body(body)
        if not isinstance(found, dict) or not all(isinstance(one, str | None) for one in found.values()):
            return self.body(body)
        shown = {
            (key if names.is_name(key) else self._shapes.like(key)): self._asked(key, value)
            for key, value in found.items()
        }
        return json.dumps(shown).encode()

    def _asked(self, key: str, value: str | None) -> str | None:
        if value is None:
            return None
        return of_hunting(value, self._shapes) if key.lower() == "query" else self._shapes.like(value)

    def _json(self, text: str, at: Place) -> str:
        parts: list[str] = []
        open_: list[tuple[str, str]] = []
        kind, name, expects_key = "", at.name, False
        for found in _TOKENS.finditer(text):
            piece = found[0]
            match found.lastgroup:
                case "space" | "word":
                    parts.append(piece)
                case "mark":
                    parts.append(piece)
                    if piece in "{[":
                        open_.append((kind, name))
                        kind = piece
                    elif piece in "}]" and open_:
                        kind, name = open_.pop()
                    expects_key = kind == "{" and piece in "{,"
                case "text" if expects_key:
                    key = _decoded(piece)
                    name = key.lower() if names.is_name(key) else NAMELESS
                    parts.append(json.dumps(key if name != NAMELESS else self._shapes.like(key)))
                case _:
                    parts.append(self._piece(piece, found.lastgroup or "", Place(name, at.depth)))
        return "".join(parts)

    def _piece(self, piece: str, kind: str, at: Place) -> str:
        found = self._seen.get((at, piece))
        if found is None:
            match kind:
                case "text":
                    found = json.dumps(self.value(_decoded(piece), at))
                case "number":
                    found = piece if _is_count(at.name, piece) else self._shapes.number(piece)
                case "cut":
                    found = json.dumps(self._shapes.like(piece[1:]))[:-1]
                case _:
                    found = "?"
            self._seen[at, piece] = found
        return found

    def value(self, text: str, at: Place) -> str:
        """Return a text that stands there: as it is where that is known to name nobody, else another."""
        name = at.name
        if is_published(name, text) or is_title(name, text) or is_moment(name, text) or _is_count(name, text):
            return text
        if name == "name" and text.lower() in names.COLUMNS_KNOWN:
            return text
        before, _, annotation = name.rpartition("@")
        if annotation in _LINKS or before in _LINKS:
            return self._links.link(text)
        if annotation == "odata.context":
            return CONTEXT
        if annotation == "odata.type":
            return self._type(text)
        if name in _QUERIES:
            return of_cluster(text, self._shapes)
        if name == "clusterby":
            return fields(text, self._shapes)
        if name in LISTS and "," in text and text.lstrip()[:1] not in "[{":
            return ",".join(self._listed(name, part) for part in text.split(","))
        return self._inner(text, at) or self._shapes.like(text)

    def _listed(self, name: str, part: str) -> str:
        return part if is_published(name, part.strip()) else self._shapes.like(part)

    def _type(self, text: str) -> str:
        found = names.TYPED.fullmatch(text)
        if found is None:
            return self._shapes.like(text)
        if names.is_type(found[2]):
            return text
        made_up = self._shapes.token(f"type {found[2]}")
        return f"{found[1]}{made_up}{found[3]}"

    def _inner(self, text: str, at: Place) -> str | None:
        """Return the JSON that a text is, replaced within; None where it is none, or lies too deep."""
        if text.lstrip()[:1] not in {"{", "["} or at.depth >= _DEEPEST:
            return None
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return None
        return self._json(text, Place(at.name, at.depth + 1))


def _decoded(piece: str) -> str:
    """Return what a text of JSON says; what is no text of JSON, such as one with a wrong escape, as it stands."""
    try:
        found = json.loads(piece, strict=False)
    except ValueError:
        return piece[1:-1]
    return str(found)


def _is_count(name: str, text: str) -> bool:
    return (
        (name in names.COUNTS or name.endswith("@odata.count"))
        and len(text) <= _LONGEST_COUNT
        and text.removeprefix("-").replace(".", "", 1).isascii()
        and text.removeprefix("-").replace(".", "", 1).isdigit()
    )
