"""YAML read strictly, to nodes that know their place: one document, plain mappings, sequences and scalars.

Policies decide over mail of many people, so that nothing in them may mean something else than it looks
like: no anchors, aliases, tags, merge keys or duplicate keys, no tabs, no characters that cannot be seen.
Scalars stay the text their author wrote; `scalars` types them by YAML 1.2 words. The tree is built from
the stream of events, so that neither depth nor size can exhaust anything.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import cast

import msgspec
import yaml

from agent.judge.quote import visible
from agent.model.errors import PolicyError, Problem
from agent.model.mark import Mark

MOST_BYTES = 1 << 20
DEEPEST = 100
LONGEST_SCALAR = 10_000
MOST_KEYS = 1_000
"""Keys of one mapping: there are not as many facts, and each unknown one is looked up for a near word."""
TOO_DEEP = f"nested deeper than {DEEPEST} levels"

_LINE_BREAKERS = frozenset("\x85\u2028\u2029")
"""YAML 1.1 ends a line at these, editors do not: lines would be counted differently."""


class Scalar(msgspec.Struct, frozen=True, kw_only=True):
    """A scalar as written. `is_plain` is False where it was quoted or a block, and thus is text."""

    text: str
    is_plain: bool
    mark: Mark


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """A sequence of nodes."""

    items: tuple["Node", ...]
    mark: Mark


class Mapping_(msgspec.Struct, frozen=True, kw_only=True):  # noqa: N801 - a YAML mapping; Python's has the name
    """A mapping from scalar keys to nodes, in the order of the file; no key comes twice."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    mark: Mark

    def get(self, key: str) -> "Node | None":
        """Return the node under the key, or None."""
        return next((node for name, node in self.entries if name.text == key), None)


Node = Scalar | Sequence | Mapping_


def read(file: str, data: bytes) -> Node:
    """Return the one document of a file.

    Raises:
        PolicyError: with one problem: the first thing that is not strict YAML.
    """
    text = _text(file, data)
    try:
        return _Builder(file).build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
        why = error.problem or error.context or ""
        # The C reader looks ahead, and newer ones have a limit of their own there.
        told = TOO_DEEP if "nesting depth" in why else f"not YAML: {why}"
        raise PolicyError([problem(file, where, told)]) from error
    except yaml.YAMLError as error:
        raise PolicyError([problem(file, Mark(1, 1), "not YAML")]) from error


def problem(file: str, mark: Mark, message: str) -> Problem:
    """Return a problem at a place."""
    return Problem(file=file, line=mark.line, column=mark.column, message=message)


def _text(file: str, data: bytes) -> str:
    """Return the text of the file, once every character in it has been seen to be harmless."""
    if len(data) > MOST_BYTES:
        raise PolicyError(
            [problem(file, Mark(1, 1), f"the file is larger than {MOST_BYTES:,} bytes: split it")]
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", errors="replace")
        raise PolicyError([problem(file, _place(before), "not UTF-8: save the file as UTF-8")]) from error
    for at, character in enumerate(text):
        if " " <= character <= "~" or character == "\n":
            continue
        wrong = _wrong(character, text[at + 1 : at + 2])
        if wrong:
            raise PolicyError([problem(file, _place(text[:at]), wrong)])
    return text


def _place(before: str) -> Mark:
    line = before.count("\n") + 1
    return Mark(line, len(before) - (before.rfind("\n") + 1) + 1)


def _wrong(character: str, after: str) -> str:
    """Return what is wrong with a character that is not plain ASCII, or nothing."""
    if character == "\ufeff":
        return "a byte order mark: save the file as UTF-8 without it"
    if character == "\t":
        return "a tab: write spaces"
    if character == "\r":
        return "" if after == "\n" else "a carriage return without a line feed: save the file with line feeds"
    invisible = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn")
    if invisible or character in _LINE_BREAKERS:
        return f"the character U+{ord(character):04X}, which cannot be seen: take it out"
    return ""


class _Open:
    """A mapping or sequence that is still being read."""

    def __init__(self, mark: Mark, *, is_mapping: bool) -> None:
        self.mark = mark
        self.is_mapping = is_mapping
        self.items: list[Node] = []
        self.entries: dict[str, tuple[Scalar, Node]] = {}
        self.key: Scalar | None = None


class _Builder:
    """Builds the tree from events, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file

    def build(self, text: str) -> Node:
        stack: list[_Open] = []
        root: Node | None = None
        for event in _events(text):
            start = event.start_mark
            mark = Mark(start.line + 1, start.column + 1) if start else Mark(1, 1)
            done: Node | None = None
            match event:
                case yaml.DocumentStartEvent():
                    self._check_document(event, mark, is_first=root is None)
                case yaml.ScalarEvent():
                    self._check_plain(event, mark)
                    done = self._scalar(event, mark)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._check_plain(event, mark)
                    if len(stack) == DEEPEST:
                        self._wrong(mark, TOO_DEEP)
                    stack.append(_Open(mark, is_mapping=isinstance(event, yaml.MappingStartEvent)))
                case yaml.MappingEndEvent():
                    closed = stack.pop()
                    done = Mapping_(entries=tuple(closed.entries.values()), mark=closed.mark)
                case yaml.SequenceEndEvent():
                    closed = stack.pop()
                    done = Sequence(items=tuple(closed.items), mark=closed.mark)
                case yaml.AliasEvent():
                    self._wrong(mark, f"the alias `*{event.anchor}`: write the value out, or use a list file")
                case _:
                    pass
            if done is None:
                continue
            if stack:
                self._put(stack[-1], done)
            else:
                root = done
        if root is None:
            self._wrong(Mark(1, 1), "the file is empty")
        return cast("Node", root)

    def _put(self, parent: _Open, node: Node) -> None:
        if not parent.is_mapping:
            parent.items.append(node)
            return
        if parent.key is not None:
            parent.entries[parent.key.text] = (parent.key, node)
            parent.key = None
            return
        if not isinstance(node, Scalar):
            self._wrong(node.mark, "a key that is not text")
            return
        if node.text == "<<" and node.is_plain:
            self._wrong(node.mark, "a merge key: write the entries out")
        if node.text in parent.entries:
            first = parent.entries[node.text][0].mark
            self._wrong(node.mark, f"the key `{shown(node.text)}` is there already, on line {first.line}")
        if len(parent.entries) == MOST_KEYS:
            self._wrong(node.mark, f"a mapping of more than {MOST_KEYS:,} keys: split it")
        parent.key = node

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark) -> Scalar:
        text = event.value
        if len(text) > LONGEST_SCALAR:
            self._wrong(mark, f"longer than {LONGEST_SCALAR:,} characters")
        return Scalar(text=text, is_plain=event.implicit[0], mark=mark)

    def _check_document(self, event: yaml.DocumentStartEvent, mark: Mark, *, is_first: bool) -> None:
        if event.version or event.tags:
            self._wrong(mark, "a directive: take the line that begins with `%` out")
        if not is_first:
            self._wrong(mark, "a second document: write each policy to its own file")

    def _check_plain(self, event: yaml.NodeEvent, mark: Mark) -> None:
        if event.anchor is not None:
            self._wrong(mark, f"the anchor `&{event.anchor}`: write the value out, or use a list file")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._wrong(mark, f"the tag `{shown(str(tag))}`: take it out")

    def _wrong(self, mark: Mark, message: str) -> None:
        raise PolicyError([problem(self.file, mark, message)])


def _events(text: str) -> Iterator[yaml.Event]:
    return yaml.parse(text, Loader=LOADER)


LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C reader where PyYAML was built with it: ten times as fast, the same events."""


def shown(text: str, most: int = 60) -> str:
    """Return an author's text as it may stand in a message: one line, everything visible, not long."""
    return visible(text if len(text) <= most else text[: most - 1] + "…")


def keys(node: Mapping_) -> Mapping[str, Node]:
    """Return the entries by their key's text."""
    return {key.text: value for key, value in node.entries}
