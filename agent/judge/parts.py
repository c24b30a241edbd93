"""The parts of a mapping that an author wrote, each read on its own, so that one wrong part does not hide another."""

from collections.abc import Callable, Collection
from typing import TypeVar

from agent.judge.literals import Wrong, line, nearest
from agent.judge.strict_yaml import Mapping_, Node, Sequence, keys, shown
from agent.model.mark import Mark

V = TypeVar("V")
Report = Callable[[Wrong], None]

LONGEST_NAME = 100


class Parts:
    """The parts of one mapping, by their keys; what is wrong with one is reported, and reading goes on."""

    def __init__(self, root: Mapping_, report: Report) -> None:
        self.root = root
        self.given = keys(root)
        self.report = report

    def close(self, known: Collection[str]) -> None:
        """Report every key that is not among these."""
        for key, _ in self.root.entries:
            if key.text not in known:
                self.report(Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, known)}"))

    def read(self, key: str, reading: Callable[[Node], V]) -> V | None:
        """Return what stands under the key; None where nothing does, or what does is wrong."""
        node = self.given.get(key)
        if node is None:
            return None
        try:
            return reading(node)
        except Wrong as wrong:
            self.report(wrong)
            return None

    def needed(self, key: str, mend: str, reading: Callable[[Node], V]) -> V | None:
        """Return what stands under the key, which has to be there; None where it is not, or is wrong."""
        if key not in self.given:
            self.report(Wrong(self.root.mark, f"`{key}` is missing: {mend}"))
        return self.read(key, reading)

    def mark_of(self, key: str) -> Mark:
        """Return where the value under the key stands; where the mapping begins, if it is left out."""
        return self.given.get(key, self.root).mark


def inside(node: Node, known: Collection[str], example: str, report: Report) -> Parts:
    """Return the parts of a mapping with these keys only.

    Raises:
        Wrong: it is no mapping.
    """
    if not isinstance(node, Mapping_):
        raise Wrong(node.mark, f"write `{example}`")
    parts = Parts(node, report)
    parts.close(known)
    return parts


def items(node: Node, example: str, most: int) -> tuple[Node, ...]:
    """Return what is in a list that has something in it.

    Raises:
        Wrong: it is no list, is empty or is longer than `most`.
    """
    if not isinstance(node, Sequence):
        raise Wrong(node.mark, f"a list is asked for: write `{example}`")
    if not node.items:
        raise Wrong(node.mark, f"this is empty: write `{example}`")
    if len(node.items) > most:
        raise Wrong(node.items[most].mark, f"there are more than {most} here: leave some out")
    return node.items


def name(node: Node) -> str:
    """Return a name by which other files can mean this one."""
    written = line(node, "a name")
    if not written.replace("-", "").replace("_", "").isalnum() or not written.isascii():
        raise Wrong(node.mark, f"`{shown(written)}` is not a name: use letters, digits, `-` and `_`")
    if len(written) > LONGEST_NAME:
        raise Wrong(node.mark, f"a name has at most {LONGEST_NAME} characters")
    return written
