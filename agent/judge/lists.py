"""List files: named values beside the policies, which conditions name as `$name`.

A list has no type of its own: its entries are read as what the fact asks for that they are compared with.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from agent.judge.literals import Wrong, line, nearest
from agent.judge.strict_yaml import Mapping_, Node, Scalar, Sequence, shown

KEYS = frozenset({"list", "description", "entries"})
MOST_SHOWN = 80

V = TypeVar("V")


class ListFile(msgspec.Struct, frozen=True, kw_only=True):
    """One list file, its entries as they were written."""

    name: str
    file: str
    data: bytes
    entries: tuple[Node, ...]


def list_file(file: str, data: bytes, root: Node) -> ListFile:
    """Return the list that the file holds.

    Raises:
        Wrong: the file is not a list.
    """
    if not isinstance(root, Mapping_):
        raise Wrong(root.mark, "a list file has the keys `list`, `description` and `entries`")
    for key, _ in root.entries:
        if key.text not in KEYS:
            raise Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, KEYS)}")
    named, entries = root.get("list"), root.get("entries")
    if named is None:
        raise Wrong(root.mark, "`list` is missing: it names the list")
    if not isinstance(entries, Sequence):
        raise Wrong(
            (entries or root).mark, "`entries` is missing, or is not a list: write `entries: []` for none"
        )
    description = root.get("description")
    if description is not None:
        line(description, "a description")
    name = line(named, "a name")
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise Wrong(named.mark, f"`{shown(name)}` is not a name: use letters, digits, `-` and `_`")
    return ListFile(name=name, file=file, data=data, entries=entries.items)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A value in a list, and the file it stands in."""

    node: Node
    file: str


class Shelf:
    """The lists there are, and which of them have been named."""

    def __init__(self, lists: Mapping[str, ListFile]) -> None:
        self.lists = lists
        self.named: set[str] = set()

    def nodes(self, node: Node, file: str) -> tuple[Listed, ...]:
        """Return the values that an operand stands for, with references to lists replaced by their entries."""
        if isinstance(node, Sequence):
            if not node.items:
                raise Wrong(node.mark, "an empty list: name at least one value")
            inner = next((item for item in node.items if isinstance(item, Sequence)), None)
            if inner is not None:
                raise Wrong(inner.mark, "a list within a list: name its values one by one")
            return tuple(listed for item in node.items for listed in self.nodes(item, file))
        name = reference(node)
        if name is None:
            return (Listed(node=node, file=file),)
        found = self.lists.get(name)
        if found is None:
            near = nearest(f"${name}", {f"${known}" for known in self.lists})
            raise Wrong(node.mark, f"unknown list `${shown(name)}`{near}")
        self.named.add(name)
        return tuple(Listed(node=entry, file=found.file) for entry in found.entries)

    def read(
        self, node: Node, file: str, one: Callable[[Node], V], report: Callable[[Wrong], None]
    ) -> tuple[V, ...]:
        """Return every value read by `one`; what cannot be read is reported at its own place and left out."""
        values = []
        for listed in self.nodes(node, file):
            try:
                values.append(one(listed.node))
            except Wrong as wrong:
                report(Wrong(wrong.mark, wrong.message, wrong.file or listed.file))
        return tuple(values)


def reference(node: Node) -> str | None:
    """Return the name of the list that a scalar refers to; `$$` begins a text with a dollar sign."""
    if isinstance(node, Scalar) and node.text.startswith("$") and not node.text.startswith("$$"):
        return node.text[1:]
    return None


def wording(node: Node) -> str:
    """Return an operand as its author wrote it, on one line and not long."""
    match node:
        case Scalar():
            return shown(node.text.removeprefix("$") if node.text.startswith("$$") else node.text, MOST_SHOWN)
        case Sequence():
            words: list[str] = []
            for at, item in enumerate(node.items):
                word = wording(item)
                if at and len(", ".join([*words, word])) > MOST_SHOWN:
                    return f"{', '.join(words)} and {len(node.items) - at} more"
                words.append(word)
            return ", ".join(words)
        case Mapping_():
            return "{" + ", ".join(f"{key.text}: {wording(value)}" for key, value in node.entries) + "}"
