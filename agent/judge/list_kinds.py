"""What the entries of a list can be: the one table of the types, how an entry is read, and what it goes with."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from agent.judge import fold
from agent.judge.literals import GUID, Wrong, iso_date, line, literal, network, text
from agent.judge.strict_yaml import Mapping_, Node, Scalar, shown
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS, WORDS
from agent.model.facts import FactType, Value
from agent.model.policy import ListType

T = FactType

NETWORK = "network"
DATE = "date"
ROW = "entries of several members"

SINGLE_TEXTS = frozenset({T.TEXT, T.WORD, T.ADDRESS, T.DOMAIN, T.IP})
"""Facts that an entry with several members can name."""

USER_IDS = frozenset({"user.azureAdUserId"})
DEVICES = frozenset({"device.name", "device.hostName", "device.azureAdDeviceId", "device.id"})
FED_DEVICES = frozenset({"device.hostName", "device.azureAdDeviceId"})
"""What Entra knows of a device too: not its name in DNS, nor its id in Defender for Endpoint."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a place in a condition asks for: the kind of value, the fact it is compared with, and in words."""

    kind: str
    fact: str = ""
    words: str


class ListKind(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what an entry is, how it is read, and with what it can be compared.

    `goes_with` are kinds of value; where `facts` names some for a kind, it is with those only.
    """

    entry: str
    read: Callable[[Node], object]
    goes_with: frozenset[str]
    facts: Mapping[str, frozenset[str]] = {}
    operator: str = ""
    """The operator that compares it with what it would not go with otherwise, where that has the type for it."""
    hint: str = ""
    """What to do about it where a list of this type stands elsewhere."""


def fits(kind: ListKind, asked: Asked) -> bool:
    """Whether entries of this type can be compared with what is asked for."""
    only = kind.facts.get(asked.kind)
    return asked.kind in kind.goes_with and (only is None or asked.fact in only)


def is_meant(of: ListType, asked: Asked, written: str) -> bool:
    """Whether the entry can be what is asked for: of users, ids are one thing and addresses another."""
    return of is not ListType.USERS or (GUID.fullmatch(written) is not None) is (asked.kind == T.TEXT)


def compared(of: ListType, asked: Asked, members: Iterable[str]) -> frozenset[object]:
    """Return the members of a group as facts are compared with them; those that are something else are left out."""
    form = fold.address if asked.kind == T.ADDRESS else fold.text
    return frozenset(form(each) for each in members if is_meant(of, asked, each))


def _address(node: Node) -> object:
    return literal(node, T.ADDRESS, None)


def _user(node: Node) -> object:
    written = text(node, "an address or an object id")
    return written.lower() if GUID.fullmatch(written) else literal(node, T.ADDRESS, None)


def _device(node: Node) -> object:
    written = line(node, "the name or id of a device")
    if any(character.isspace() for character in written):
        raise Wrong(
            node.mark, f"`{shown(written)}` is not a device: write its name or id, which have no spaces"
        )
    return fold.text(written)


def _row(node: Node) -> object:
    """Return an entry of several members, each read as the fact of its name."""
    if not isinstance(node, Mapping_) or not node.entries:
        raise Wrong(
            node.mark, "an entry of several members is asked for: `{sender.domain: …, auth.dmarc: …}`"
        )
    return tuple(_part(key, value) for key, value in node.entries)


def _part(key: Scalar, node: Node) -> tuple[str, Value]:
    fact = MESSAGE_FACTS.get(key.text) or FACTS.get(key.text)
    if fact is None or fact.type not in SINGLE_TEXTS:
        raise Wrong(key.mark, f"`{shown(key.text)}` is not a fact that has one text")
    return fact.name, literal(node, fact.type, WORDS.get(fact.name))


KINDS: Mapping[ListType, ListKind] = {
    ListType.ADDRESSES: ListKind(
        entry="`name@contoso.example`",
        read=_address,
        goes_with=frozenset({T.ADDRESS}),
    ),
    ListType.DOMAINS: ListKind(
        entry="`contoso.example`",
        read=lambda node: literal(node, T.DOMAIN, None),
        goes_with=frozenset({T.DOMAIN}),
        operator="domainIn",
    ),
    ListType.NETWORKS: ListKind(
        entry="`192.0.2.0/24`, or one address",
        read=network,
        goes_with=frozenset({NETWORK}),
        operator="cidr",
    ),
    ListType.USERS: ListKind(
        entry="an address, or the object id of a user in Entra",
        read=_user,
        goes_with=frozenset({T.ADDRESS, T.TEXT}),
        facts={T.TEXT: USER_IDS},
    ),
    ListType.DEVICES: ListKind(
        entry="the name of a device, or one of its ids",
        read=_device,
        goes_with=frozenset({T.TEXT}),
        facts={T.TEXT: DEVICES},
    ),
    ListType.TEXTS: ListKind(
        entry="any text",
        read=lambda node: literal(node, T.TEXT, None),
        goes_with=frozenset({T.TEXT, T.WORD}),
    ),
    ListType.DATES: ListKind(
        entry="`2026-12-25`",
        read=iso_date,
        goes_with=frozenset({DATE}),
        hint="use it as `dates` of `moment`",
    ),
    ListType.ROWS: ListKind(
        entry="a mapping of facts, such as `{sender.domain: news.example, auth.dmarc: pass}`",
        read=_row,
        goes_with=frozenset({ROW}),
        hint="use `oneOf`",
    ),
}
