"""The audit's entries, written in the very transaction of what they tell of.

Who changes something tells the book; the book is closed right before the transaction is committed. The head of the
chain is locked meanwhile, so that two processes that write under one replica's name follow each other. It is
locked last of all, so that nobody who has it waits for anything else.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from agent.adapters.ledger.restore_tables import restores
from agent.adapters.ledger.tables import audit_entries, audit_heads, audit_values, decisions, effects
from agent.audit import chain
from agent.audit.entries import agent, of_beginning
from agent.audit.key import Key
from agent.model.audit import Entry, Event, Head
from agent.model.enactment import WOULD_BE, EffectKind, Pair
from agent.model.errors import LedgerError

LOCK = 0x6169_7261_7564_6974
"""PostgreSQL's advisory lock while a chain begins: `airaudit`, so that two do not begin at once."""

SALT = 16
"""Bytes of a salt."""

AGAIN = "~"
"""What stands between a replica's name and the moment of the last restore in the name of its chain; no name has it."""


class Keeper(msgspec.Struct, frozen=True, kw_only=True):
    """Who keeps the audit: whose chain it is, by which key, and who is at work. `salt` gives new random bytes.

    `later` is the name of the replica's chain where that is not its own: its first one was closed when the ledger was
    restored. `has_departures` is whether the ledger knows of targets by their marks alone.
    """

    key: Key
    tenant_id: str
    replica: str
    later: str = ""
    has_departures: bool = False
    salt: Callable[[], bytes] = lambda: secrets.token_bytes(SALT)

    @property
    def chain(self) -> str:
        """The name of the chain that is continued."""
        return self.later or self.replica

    def chain_of(self, name: str) -> str:
        """Return which chain is called so: by the replica's name its own, and with `~` after it the one that was closed."""
        if name == self.replica:
            return self.chain
        return self.replica if name == f"{self.replica}{AGAIN}" else name

    def name_of(self, chain: str) -> str:
        """Return what a chain is called by this replica."""
        if chain == self.chain:
            return self.replica
        return f"{chain}{AGAIN}" if chain == self.replica else chain

    @property
    def author(self) -> str:
        """Who does what no policy and no person does."""
        return agent(self.replica)


class Book:
    """What one transaction has to tell."""

    def __init__(self, keeper: Keeper) -> None:
        self.author = keeper.author
        self._keeper = keeper
        self._values_key = keeper.key.of_values(keeper.tenant_id)
        self._entries: list[Entry] = []

    def tell(self, *entries: Entry) -> None:
        """Have these entries written before the transaction is committed."""
        self._entries.extend(entries)

    def binding(self, content: bytes) -> str:
        """Return what binds an entry to what another table holds."""
        return chain.binding(self._values_key, content)

    def mark(self, kind: EffectKind, target: Pair) -> str:
        """Return what a target is known by where it must not be named."""
        return chain.mark(self._values_key, kind, target)

    @property
    def has_departures(self) -> bool:
        """Whether the ledger knows of targets by their marks alone."""
        return self._keeper.has_departures

    def close(self, connection: Connection) -> None:
        """Write what was told.

        Raises:
            LedgerError: the chain cannot be continued.
        """
        if self._entries:
            append(connection, self._keeper, self._entries)


def append(connection: Connection, keeper: Keeper, entries: Sequence[Entry]) -> None:
    """Continue the chain with these entries."""
    head = _locked(connection, keeper)
    if head is None:
        head, entries = _begun(connection, keeper, entries)
    chain_key, values_key = (
        keeper.key.of_chain(keeper.tenant_id, keeper.chain),
        keeper.key.of_values(keeper.tenant_id),
    )
    number, mac = head.number, head.mac
    links: list[dict[str, Any]] = []
    values: list[dict[str, Any]] = []
    for entry in entries:
        number += 1
        place = {"tenant_id": keeper.tenant_id, "replica": keeper.chain, "number": number, "at": entry.at}
        salts = {name: keeper.salt() for name in entry.personal}
        digests = {
            name: chain.value_digest(values_key, salts[name], name, value)
            for name, value in entry.personal.items()
        }
        body = chain.body(entry, digests)
        mac = chain.mac(chain_key, mac, number, body)
        links.append(
            place | {"event": str(entry.event), "action_id": entry.action_id, "body": body, "mac": mac}
        )
        values += [
            place | {"name": name, "salt": salts[name], "value": value}
            for name, value in entry.personal.items()
        ]
    try:
        connection.execute(insert(audit_entries), links)
        if values:
            connection.execute(insert(audit_values), values)
    except IntegrityError as error:
        raise LedgerError(
            f"ledger: the audit of `{keeper.chain}` cannot be continued after {head.number}: somebody changed it: "
            "run `air-agent audit verify`"
        ) from error
    connection.execute(
        update(audit_heads)
        .where(audit_heads.c.tenant_id == keeper.tenant_id, audit_heads.c.replica == keeper.chain)
        .values(number=number, mac=mac)
    )


def require_key(connection: Connection, keeper: Keeper) -> None:
    """Raise LedgerError where the audit was written with another key."""
    query = (
        select(audit_entries.c.replica, audit_entries.c.body, audit_entries.c.mac)
        .where(audit_entries.c.tenant_id == keeper.tenant_id, audit_entries.c.number == 1)
        .order_by(audit_entries.c.replica != keeper.chain)
        .limit(1)
    )
    first = connection.execute(query).first()
    if first is None:
        return
    chain_key = keeper.key.of_chain(keeper.tenant_id, first.replica)
    if chain.mac(chain_key, chain.genesis(chain_key), 1, first.body) != first.mac:
        raise LedgerError(
            f"ledger: `audit.key` is not the key that the audit of `{first.replica}` was written with: "
            "give that one, or run `air-agent audit verify` with it if nobody changed it"
        )


def chain_of(connection: Connection, tenant_id: str, replica: str) -> str:
    """Return the name of the chain that this replica continues.

    After a restore it is one of that restore: whatever was written to the replica's own since the backup, and is lost, a
    chain of the same name would be a fork of it.
    """
    query = select(func.max(restores.c.at)).where(restores.c.tenant_id == tenant_id)
    last = connection.scalar(query)
    return replica if last is None else f"{replica}{AGAIN}{last:%Y%m%dT%H%M%SZ}"


def is_begun(connection: Connection, tenant_id: str) -> bool:
    """Whether this tenant's ledger has an audit."""
    query = select(audit_heads.c.number).where(audit_heads.c.tenant_id == tenant_id).limit(1)
    return connection.execute(query).first() is not None


def tell_settings(connection: Connection, tenant_id: str, book: Book, entry: Entry, replica: str) -> None:
    """Have the settings told, unless they are those that this replica told of last."""
    query = (
        select(audit_entries.c.body)
        .where(
            audit_entries.c.tenant_id == tenant_id,
            audit_entries.c.replica == replica,
            audit_entries.c.event == str(Event.SETTINGS),
        )
        .order_by(audit_entries.c.number.desc())
        .limit(1)
    )
    last = connection.scalar(query)
    if last is None or chain.read_body(last).detail != entry.detail:
        book.tell(entry)


def decision_content(row: Mapping[str, Any], at: object) -> bytes:
    """Return everything of a decision's row, to be bound. `at` is its moment as it is stored."""
    names = ("action_id", "number", "verb", "guard", "shadow_verb", "grounds", "revision", "body")
    return msgspec.json.encode([at, *(row[name] for name in names)])


def answer_content(row: Mapping[str, Any]) -> bytes:
    """Return everything of an answer's row that it is counted by, to be bound."""
    return msgspec.json.encode([row[name] for name in ("action_id", "number", "object_id", "verb", "body")])


def effect_content(row: Mapping[str, Any]) -> bytes:
    """Return everything that was intended of an effect's row, to be bound."""
    names = ("id", "action_id", "incident_id", "kind", "senders_copy", "undoes", "targets", "before")
    return msgspec.json.encode([row[name] for name in names])


def _locked(connection: Connection, keeper: Keeper) -> Head | None:
    query = select(audit_heads.c.number, audit_heads.c.mac, audit_heads.c.closed).where(
        audit_heads.c.tenant_id == keeper.tenant_id, audit_heads.c.replica == keeper.chain
    )
    found = connection.execute(query.with_for_update()).first()
    if found is not None and found.closed is not None:
        raise LedgerError(
            f"ledger: it was restored from a backup while `{keeper.replica}` had it open: start that one again"
        )
    return None if found is None else Head(replica=keeper.chain, number=found.number, mac=found.mac)


def _begun(connection: Connection, keeper: Keeper, entries: Sequence[Entry]) -> tuple[Head, Sequence[Entry]]:
    """Begin a chain; the first of a ledger tells what was decided and sent before there was one."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        if (meanwhile := _locked(connection, keeper)) is not None:
            return meanwhile, entries
    is_first = not is_begun(connection, keeper.tenant_id)
    mac = chain.genesis(keeper.key.of_chain(keeper.tenant_id, keeper.chain))
    row = {"tenant_id": keeper.tenant_id, "replica": keeper.chain, "number": 0, "mac": mac, "shipped": 0}
    connection.execute(insert(audit_heads), row)
    head = Head(replica=keeper.chain, number=0, mac=mac)
    return head, (_beginning(connection, keeper, entries), *entries) if is_first else entries


def _beginning(connection: Connection, keeper: Keeper, entries: Sequence[Entry]) -> Entry:
    """Return the first entry of a ledger's audit. What these entries tell of stands in the tables already."""
    decided = connection.scalar(
        select(func.count()).select_from(decisions).where(decisions.c.tenant_id == keeper.tenant_id)
    )
    called = connection.scalar(
        select(func.coalesce(func.sum(effects.c.attempts), 0)).where(effects.c.tenant_id == keeper.tenant_id)
    )
    planned = connection.scalar(
        select(func.count())
        .select_from(effects)
        .where(effects.c.tenant_id == keeper.tenant_id, effects.c.went.not_in(sorted(WOULD_BE)))
    )
    return of_beginning(
        entries[0].at,
        keeper.author,
        decisions=int(decided or 0) - sum(entry.event is Event.DECISION for entry in entries),
        calls=int(called or 0) - sum(entry.event is Event.CALL for entry in entries),
        effects=int(planned or 0) - sum(entry.event in {Event.INTENT, Event.UNDO} for entry in entries),
    )
