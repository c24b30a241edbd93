"""(A policy's file, another mode) -> the same file, in which one line says so.

All other bytes stay: comments, quotes, the order of the keys, how lines end. What came of it is read again and held to
what was there before, so that a file that is written in a way nobody thought of is refused and never spoiled.
"""

from typing import Any, NoReturn

import msgspec
import yaml

from agent.judge.enforcing import mode_of, written
from agent.judge.literals import Wrong
from agent.judge.strict_yaml import LOADER, Mapping_, Node, Scalar, Sequence, problem, read
from agent.model.errors import PolicyError
from agent.model.mark import Mark
from agent.model.policy import Mode, Part

KEY = "mode"
AFTER = "for"
"""The key after which the mode is written where a file has none."""

QUOTES = "'\""

BY_HAND = "the agent cannot write it here without touching more than one line: write it yourself"


class _Span(msgspec.Struct, frozen=True):
    """Where a value stands: lines and columns from 0, the end excluded. `is_mapping` tells `{…}` from a word."""

    line: int
    start: int
    end: int
    is_mapping: bool


def with_mode(file: str, data: bytes, mode: Mode, part: Part) -> bytes:
    """Return the file of a policy that loads with this mode in it; the same bytes where it says so already.

    Raises:
        PolicyError: one line cannot say it, with how to write it by hand.
    """
    root = read(file, data)
    if not isinstance(root, Mapping_):
        _refuse(file, root.mark, mode, part)
    if _mode_in(root) == (mode, part):
        return data
    lines = data.decode("utf-8").split("\n")
    if root.get(KEY) is None:
        _insert(file, root, lines, mode, part)
    else:
        _replace(file, root, lines, mode, part)
    after = "\n".join(lines).encode()
    _check(file, root, after, mode, part)
    return after


def content(file: str, data: bytes) -> object:
    """Return what a file says, apart from its mode: comments, quotes and places do not count.

    Raises:
        PolicyError: it is no strict YAML.
    """
    return _plain(read(file, data), is_root=True)


def _mode_in(root: Mapping_) -> tuple[Mode, Part]:
    node = root.get(KEY)
    return (Mode.OBSERVE, Part()) if node is None else mode_of(node)


def _replace(file: str, root: Mapping_, lines: list[str], mode: Mode, part: Part) -> None:
    key = next(key for key, _ in root.entries if key.text == KEY)
    span = _span(lines, key.mark)
    if span is None:
        _refuse(file, key.mark, mode, part)
    line = lines[span.line]
    word = written(mode, part)
    quote = line[span.start] if line[span.start] in QUOTES and not span.is_mapping else ""
    if quote and word == mode.value:
        word = f"{quote}{word}{quote}"
    lines[span.line] = f"{line[: span.start]}{word}{line[span.end :]}"


def _insert(file: str, root: Mapping_, lines: list[str], mode: Mode, part: Part) -> None:
    """Put a line behind those of `for`, or before it where it is the last key."""
    keys = [key for key, _ in root.entries]
    at = next((at for at, key in enumerate(keys) if key.text == AFTER), None)
    if at is None or lines[root.mark.line - 1][root.mark.column - 1 :].startswith("{"):
        _refuse(file, root.mark, mode, part)
    own = keys[at].mark
    place = own.line - 1
    if at + 1 < len(keys):
        place = keys[at + 1].mark.line - 1
        while place - 1 > own.line - 1 and _says_nothing(lines[place - 1]):
            place -= 1
    line = lines[own.line - 1]
    end = "\r" if line.endswith("\r") else ""
    lines.insert(place, f"{' ' * (own.column - 1)}{KEY}: {written(mode, part)}{end}")


def _says_nothing(line: str) -> bool:
    bare = line.strip()
    return not bare or bare.startswith("#")


def _span(lines: list[str], key: Mark) -> _Span | None:
    """Return where the value of the key stands that begins there; None where that is not within one line."""
    depth = 0
    is_next = False
    start: Any = None
    for event in yaml.parse("\n".join(lines), Loader=LOADER):
        if not is_next:
            is_next = isinstance(event, yaml.ScalarEvent) and _place(event) == (key.line, key.column)
            continue
        start = start or event
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth == 0:
            return _within_one_line(start, event)
    return None


def _place(event: yaml.Event) -> tuple[int, int] | None:
    mark = event.start_mark
    return None if mark is None else (mark.line + 1, mark.column + 1)


def _within_one_line(first: Any, last: Any) -> _Span | None:
    start, end = first.start_mark, last.end_mark
    if start.line != end.line or start.column >= end.column:
        return None
    is_mapping = isinstance(first, yaml.MappingStartEvent)
    return _Span(line=start.line, start=start.column, end=end.column, is_mapping=is_mapping)


def _check(file: str, before: Mapping_, after: bytes, mode: Mode, part: Part) -> None:
    """See that what came of it says the same, but for the mode, and that it says that."""
    try:
        root = read(file, after)
        is_right = (
            isinstance(root, Mapping_)
            and _plain(root, is_root=True) == _plain(before, is_root=True)
            and _mode_in(root) == (mode, part)
        )
    except (PolicyError, Wrong):
        is_right = False
    if not is_right:
        _refuse(file, before.mark, mode, part)


def _plain(node: Node, *, is_root: bool = False) -> object:
    match node:
        case Scalar():
            return node.text, node.is_plain
        case Sequence():
            return [_plain(one) for one in node.items]
        case Mapping_():
            return {
                key.text: _plain(value) for key, value in node.entries if not (is_root and key.text == KEY)
            }


def _refuse(file: str, mark: Mark, mode: Mode, part: Part) -> NoReturn:
    raise PolicyError([problem(file, mark, f"write `{KEY}: {written(mode, part)}` here: {BY_HAND}")])
