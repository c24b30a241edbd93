"""The lists beside the policies, as conditions name them: what `$name` stands for, until when, and how fresh."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import msgspec

from agent.judge.list_kinds import DATE, FED_DEVICES, KINDS, Asked, ListKind, fits, is_meant
from agent.judge.lists import Found, ListFile, reference
from agent.judge.literals import Wrong, nearest
from agent.judge.operand import expiries
from agent.judge.operators import OPERATORS
from agent.judge.strict_yaml import Node, Scalar, Sequence, shown
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS, refreshed
from agent.model.facts import FactType
from agent.model.policy import Fresh, ListType, PolicyList


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A value in a list or in a condition, the file it stands in, and until when it counts."""

    node: Node
    file: str
    expires: datetime | None = None


class Broken(Wrong):
    """A list that is named is there and cannot be read: told at its own place, and nowhere else."""


class Shelf:
    """The lists there are, which of them have been named, and the names of those that cannot be read."""

    def __init__(self, lists: Mapping[str, ListFile], broken: frozenset[str] = frozenset()) -> None:
        self.lists = lists
        self.broken = broken
        self.named: set[str] = set()
        self._added = {one.noun.adds_to: one.name for one in lists.values() if one.noun.adds_to is not None}

    @property
    def fed(self) -> tuple[str, ...]:
        """Return the names of the lists that are fed from elsewhere."""
        return tuple(name for name, one in self.lists.items() if one.is_fed)

    def read(
        self,
        node: Node,
        file: str,
        asked: Asked,
        one: Callable[[Node], object],
        report: Callable[[Wrong], None],
    ) -> Found:
        """Return every value read by `one`; what cannot be read is reported at its own place and left out.

        A list that stands alone is read once for all that ask the same of it: how it is read, `asked` says.
        """
        if reference(node) is None:
            return self._read(node, file, asked, one, report)
        known = self.list_at(node).found
        if asked not in known:
            wrong: list[Wrong] = []
            found = self._read(node, file, asked, one, wrong.append)
            for each in wrong:
                report(each)
            if wrong:
                return found
            known[asked] = found
        return known[asked]

    def _read(
        self,
        node: Node,
        file: str,
        asked: Asked,
        one: Callable[[Node], object],
        report: Callable[[Wrong], None],
    ) -> Found:
        ends: list[tuple[object, datetime | None]] = []
        for listed in self.nodes(node, file, asked):
            try:
                if asked.kind == DATE and listed.expires is not None:
                    raise Wrong(listed.node.mark, "a date is over when it is over: leave `expires` out")
                ends.append((one(listed.node), listed.expires))
            except Wrong as wrong:
                report(Wrong(wrong.mark, wrong.message, wrong.file or listed.file))
        own = dict.fromkeys(value for value, _ in ends)
        fed = {noun.name: self.lists[noun.name].compared(asked) for noun in self._fed_among(node)}
        members = next(iter(fed.values())) if len(fed) == 1 else frozenset[object]().union(*fed.values())
        return Found(
            own=tuple(own),
            members=members,
            fresh=tuple(
                Fresh(
                    fact=refreshed(name),
                    within=feed.stale,
                    values=values if values.isdisjoint(own) else values.difference(own),
                )
                for name, values in fed.items()
                if (feed := self.lists[name].noun.feed) is not None
            ),
            expiries=expiries((value, None if value in members else end) for value, end in ends),
        )

    def _fed_among(self, node: Node) -> Iterable[PolicyList]:
        """Give the lists that are fed, of those that an operand names, each once."""
        items = node.items if isinstance(node, Sequence) else (node,)
        named = (name for name in map(reference, items) if name is not None)
        names = dict.fromkeys(each for name in named for each in self._whole(name))
        return (self.lists[name].noun for name in names if self.lists[name].noun.feed is not None)

    def _whole(self, name: str) -> tuple[str, ...]:
        """Return the list of this name, and the one that adds to it."""
        return (name, self._added[name]) if name in self._added else (name,)

    def nodes(self, node: Node, file: str, asked: Asked) -> tuple[Listed, ...]:
        """Return the values that an operand names, with references to lists replaced by their entries."""
        if isinstance(node, Sequence):
            if not node.items:
                raise Wrong(node.mark, "an empty list: name at least one value")
            inner = next((item for item in node.items if isinstance(item, Sequence)), None)
            if inner is not None:
                raise Wrong(inner.mark, "a list within a list: name its values one by one")
            return tuple(listed for item in node.items for listed in self.nodes(item, file, asked))
        if reference(node) is None:
            return (Listed(node=node, file=file),)
        name = self.list_at(node).name
        return tuple(one for each in self._whole(name) for one in _entries(self.lists[each], asked, node))

    def list_at(self, node: Node) -> ListFile:
        """Return the list that the reference names. Raises Wrong where there is none of that name."""
        name = reference(node) or ""
        found = self.lists.get(name)
        if found is None and name in self.broken:
            raise Broken(node.mark, f"the list `${shown(name)}` cannot be read")
        if found is None:
            near = nearest(f"${name}", {f"${known}" for known in self.lists})
            raise Wrong(node.mark, f"unknown list `${shown(name)}`{near}")
        self.named.update(self._whole(name))
        return found


def _entries(found: ListFile, asked: Asked, node: Node) -> Iterable[Listed]:
    """Return what a list has for the place that names it. Raises Wrong where that is nothing that belongs there."""
    _check_type(found, asked, node)
    entries = [entry for entry in found.entries if _is_meant(found.noun.type, asked, entry.node)]
    if found.entries and not entries:
        lacking = "addresses" if asked.kind == FactType.ADDRESS else "object ids"
        raise Wrong(node.mark, f"`${found.name}` has no {lacking} to compare `{asked.fact}` with")
    return (Listed(node=entry.node, file=found.file, expires=entry.about.expires) for entry in entries)


def _check_type(found: ListFile, asked: Asked, node: Node) -> None:
    if found.noun.type is None:
        return
    kind = KINDS[found.noun.type]
    if not fits(kind, asked):
        hint = _hint(kind, asked)
        raise Wrong(node.mark, f"`${found.name}` has {found.noun.type.value}, {asked.words}{hint}")
    if found.is_fed and found.noun.type is ListType.DEVICES and asked.fact not in FED_DEVICES:
        fitting = " or ".join(f"`{name}`" for name in sorted(FED_DEVICES))
        raise Wrong(node.mark, f"a group does not say what `{asked.fact}` of its devices is: test {fitting}")


def _hint(kind: ListKind, asked: Asked) -> str:
    """Return what to do about a list of another type, that can be done with the fact; nothing where nothing can."""
    fact = FACTS.get(asked.fact) or MESSAGE_FACTS.get(asked.fact)
    if not kind.operator:
        return f": {kind.hint}" if kind.hint else ""
    if fact is not None and fact.type in OPERATORS[kind.operator].types:
        return f": use `{kind.operator}`"
    of_domains = FACTS.get(f"{asked.fact}.domains")
    if FactType.DOMAIN in kind.goes_with and of_domains is not None:
        return f": test `{of_domains.name}` instead"
    return ""


def _is_meant(of: ListType | None, asked: Asked, node: Node) -> bool:
    if of is None or not isinstance(node, Scalar):
        return True
    return is_meant(of, asked, node.text)
