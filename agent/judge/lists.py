"""List files: named values beside the policies, which conditions name as `$name`.

A list says what its entries are with `type`; one that does not has them read as what the fact asks for that
they are compared with. Its values stand in the file under `entries`, each bare or as
`{value: …, reason: …, expires: …}`, or are the members of an Entra group, named by `source`. What those are
lies beside as one more file, which no disk has: so that the same files are always the same lists.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import msgspec

from agent.judge.list_kinds import KINDS, Asked, compared
from agent.judge.literals import GUID, Wrong, duration, guid, line, moment, nearest, word, yes_no
from agent.judge.parts import Parts, Report, name
from agent.judge.strict_yaml import Mapping_, Node, Scalar, Sequence, shown
from agent.model.mark import Mark
from agent.model.policy import Expiry, Feed, Fresh, ListEntry, ListType, PolicyList

KEYS = frozenset(
    {"list", "description", "owner", "type", "review", "perTenant", "entries", "source", "refresh", "stale"}
)
ABOUT = frozenset({"reason", "owner", "ticket", "expires"})
"""What is said of an entry beside its value. No fact has such a name, nor the name `value`."""

FED = (ListType.ADDRESSES, ListType.USERS, ListType.DEVICES)
"""Types that the members of a group can have."""

USUAL_REFRESH = timedelta(hours=1)
USUAL_STALE = timedelta(hours=24)
MEMBERS = ".members"
MOST_SHOWN = 80


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it was written, and what is said of it."""

    node: Node
    about: ListEntry


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The values that an operand stands for, as `Test` has them."""

    own: tuple[object, ...]
    """Those that stand in the condition, or in a list's file."""
    members: frozenset[object] = frozenset()
    """Those of groups."""
    fresh: tuple[Fresh, ...] = ()
    expiries: tuple[Expiry, ...] = ()

    @property
    def operand(self) -> frozenset[object]:
        """All of them; what many policies take from one group is there once."""
        return frozenset(self.own) | self.members if self.own else self.members


class ListFile(msgspec.Struct, frozen=True, kw_only=True):
    """One list file, its entries as they were written."""

    data: bytes
    entries: tuple[Entry, ...]
    noun: PolicyList
    is_fed: bool
    """Whether it names a `source`, be that right or wrong."""
    found: dict[Asked, Found] = msgspec.field(default_factory=dict)
    """What it stands for, by what is asked for: worked out once for all policies."""
    _compared: dict[str, frozenset[object]] = msgspec.field(default_factory=dict)

    def compared(self, asked: Asked) -> frozenset[object]:
        """Return its members as facts of this kind are compared with them, worked out once for all policies."""
        of = self.noun.type
        if of is None:
            return frozenset()
        if asked.kind not in self._compared:
            self._compared[asked.kind] = compared(of, asked, self.noun.members or ())
        return self._compared[asked.kind]

    @property
    def name(self) -> str:
        """What conditions call it, without the dollar sign."""
        return self.noun.name

    @property
    def file(self) -> str:
        """Where it lies."""
        return self.noun.file


def members_file(file: str) -> str:
    """Return the path under which the members of a list that is fed lie beside it."""
    return f"{file.rpartition('.')[0]}{MEMBERS}"


def members_data(members: tuple[str, ...]) -> bytes:
    """Return what is in the file of members: the same bytes for the same members."""
    return msgspec.json.encode(sorted(set(members)))


def group_key(one: PolicyList) -> str:
    """Return under what the members of the list's group are remembered: its people and its devices apart."""
    group = one.feed.group if one.feed is not None else ""
    return f"{group} devices" if one.type is ListType.DEVICES else group


def companions(lists: Iterable[PolicyList], known: Mapping[str, tuple[str, ...]]) -> Mapping[str, bytes]:
    """Return the files of members that lie beside these lists, of those groups that are known.

    A list of addresses has the addresses of people only, and not their object ids.
    """
    found: dict[str, bytes] = {}
    for one in lists:
        members = known.get(group_key(one)) if one.feed is not None else None
        if members is not None:
            is_wanted = one.type is not ListType.ADDRESSES
            kept = tuple(each for each in members if is_wanted or GUID.fullmatch(each) is None)
            found[members_file(one.file)] = members_data(kept)
    return found


def members_of(data: bytes) -> tuple[str, ...]:
    """Return the members that the file holds.

    Raises:
        Wrong: it is no such file.
    """
    try:
        return msgspec.json.decode(data, type=tuple[str, ...])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Wrong(Mark(1, 1), "members are a JSON array of texts") from None


def list_file(file: str, data: bytes, root: Node, members: bytes | None, report: Report) -> ListFile:
    """Return the list that the file holds; what is wrong with a part of it is reported, and reading goes on.

    Raises:
        Wrong: the file is not a list, or has no name.
    """
    if not isinstance(root, Mapping_):
        raise Wrong(root.mark, "a list file has the keys `list`, `description` and `entries`")
    for key, _ in root.entries:
        if key.text not in KEYS:
            raise Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, KEYS)}")
    parts = _Parts(root, report)
    named = root.get("list")
    if named is None:
        raise Wrong(root.mark, "`list` is missing: it names the list")
    of = parts.read("type", lambda node: ListType(word(node, "a type of list", set(ListType))))
    feed = parts.read("source", lambda source: _feed(source, parts, of))
    entries = parts.entries(of)
    return ListFile(
        data=data,
        entries=entries,
        is_fed="source" in parts.given,
        noun=PolicyList(
            name=name(named),
            description=parts.read("description", lambda node: line(node, "a description")) or "",
            owner=parts.read("owner", lambda node: line(node, "an owner")) or "",
            type=of,
            review=parts.read("review", moment),
            per_tenant=parts.read("perTenant", yes_no) or False,
            entries=tuple(entry.about for entry in entries),
            feed=feed,
            members=None if feed is None or members is None else members_of(members),
            file=file,
            mark=root.mark,
        ),
    )


class _Parts(Parts):
    """The parts of a list file."""

    def entries(self, of: ListType | None) -> tuple[Entry, ...]:
        """Return the entries that are what the type says; the others are reported."""
        if "source" in self.given:
            if "entries" in self.given:
                raise Wrong(
                    self.given["entries"].mark, "a list has `entries` or a `source`: leave one of them out"
                )
            return ()
        for key in ("refresh", "stale"):
            if key in self.given:
                raise Wrong(self.given[key].mark, f"`{key}` belongs to a list with a `source`: leave it out")
        entries = self.given.get("entries")
        if not isinstance(entries, Sequence):
            raise Wrong(
                (entries or self.root).mark,
                "`entries` is missing, or is not a list: write `entries: []` for none",
            )
        found: list[Entry] = []
        for item in entries.items:
            try:
                found.append(_entry(item, of))
            except Wrong as wrong:
                self.report(wrong)
        return tuple(found)


def _entry(node: Node, of: ListType | None) -> Entry:
    value, about = node, dict[str, Node]()
    if isinstance(node, Mapping_) and {"value", *ABOUT} & {key.text for key, _ in node.entries}:
        value, about = _apart(node)
    if isinstance(value, Sequence):
        raise Wrong(value.mark, "a list within a list: write its values one by one")
    if of is not None:
        KINDS[of].read(unescaped(value))
    if of is ListType.DATES and "expires" in about:
        raise Wrong(about["expires"].mark, "a date is over when it is over: leave `expires` out")
    return Entry(
        node=value,
        about=ListEntry(
            wording=wording(value),
            mark=value.mark,
            value=_single(value),
            reason=line(about["reason"], "a reason") if "reason" in about else "",
            owner=line(about["owner"], "an owner") if "owner" in about else "",
            ticket=line(about["ticket"], "a ticket") if "ticket" in about else "",
            expires=moment(about["expires"]) if "expires" in about else None,
        ),
    )


def _single(value: Node) -> str:
    """Return the value of an entry that is one text."""
    one = unescaped(value)
    return one.text if isinstance(one, Scalar) else ""


def _apart(node: Mapping_) -> tuple[Node, dict[str, Node]]:
    """Return the value of an entry, and what is said of it."""
    about: dict[str, Node] = {}
    known = {"value", *ABOUT}
    for key, part in node.entries:
        if key.text not in known:
            raise Wrong(
                key.mark,
                f"unknown key `{shown(key.text)}`{nearest(key.text, known)}",
            )
        about[key.text] = part
    value = about.pop("value", None)
    if value is None:
        raise Wrong(node.mark, "`value` is missing: what is the rest said of?")
    return value, about


def _feed(source: Node, parts: _Parts, of: ListType | None) -> Feed:
    """Return whence the list is fed. Raises Wrong where it cannot be."""
    if of not in FED and (of is not None or "type" not in parts.given):
        types = ", ".join(f"`{each}`" for each in FED)
        where = parts.given.get("type", source)
        parts.report(Wrong(where.mark, f"the members of a group are {types}: say which with `type`"))
    refresh = parts.read("refresh", duration) or USUAL_REFRESH
    stale = parts.read("stale", duration) or max(USUAL_STALE, refresh)
    if stale < refresh:
        where = parts.given.get("stale", source)
        parts.report(
            Wrong(where.mark, "`stale` is shorter than `refresh`: in between, nothing on the list is known")
        )
    if not isinstance(source, Mapping_) or [key.text for key, _ in source.entries] != ["group"]:
        raise Wrong(source.mark, "write `source: {group: …}` with the object id of a group in Entra")
    return Feed(group=guid(source.entries[0][1], "the object id of a group"), refresh=refresh, stale=stale)


def reference(node: Node) -> str | None:
    """Return the name of the list that a scalar refers to; `$$` begins a text with a dollar sign."""
    if isinstance(node, Scalar) and node.text.startswith("$") and not node.text.startswith("$$"):
        return node.text[1:]
    return None


def unescaped(node: Node) -> Node:
    """Return the scalar with `$$` at its start as `$`. Raises Wrong where it refers to a list."""
    if isinstance(node, Scalar) and node.text.startswith("$$"):
        return Scalar(text=node.text[1:], is_plain=node.is_plain, mark=node.mark)
    if reference(node) is not None:
        raise Wrong(node.mark, f"a list cannot stand here: write `$${wording(node)[1:]}` for a text with `$`")
    return node


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
