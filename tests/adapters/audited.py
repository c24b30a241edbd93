"""Ledgers with something in their audit, and everything that somebody could do to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Table, delete, insert, select, type_coerce, update
from sqlalchemy.engine import Connection
from sqlalchemy.types import LargeBinary, NullType, Text

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.tables import audit_entries, audit_heads, audit_values, decisions, effects
from agent.audit import chain
from agent.audit.key import Key
from agent.audit.lines import line, read_lines
from agent.audit.witness import Copy, shipped
from agent.model.alarm import Alarm
from agent.model.enactment import (
    Confirmation,
    Effect,
    EffectSeen,
    Outcome,
    PendingSeen,
    Record,
    State,
    Went,
)
from agent.model.hold import Hold
from agent.model.policy import KeptSet
from agent.model.rails import Leave
from tests.adapters.records import KEY, MINUTE, NOW, TENANT, a_decided_record, an_effect, saved
from tests.ledgers import open_ledger

OTHER_KEY = Key("fedcba9876543210fedcba9876543210")


async def act(ledger: SqlLedger, key: str, replica: str, minute: int = 0) -> tuple[Record, Effect]:
    """Take one action from its decision to its confirmation."""
    now = NOW + minute * MINUTE
    record = a_decided_record(key)
    effect = an_effect(record, targets=((f"message-{key}", f"{key}@contoso.example"),))
    await ledger.save([record], effects=[effect], now=now)
    token = await ledger.lease("1", replica, now, now + MINUTE) or 0
    leave = Leave(replica=replica, incident_id="1", token=token, until=now)
    await ledger.depart(effect.id, now, leave)
    await ledger.settle(effect.id, Outcome(went=Went.DONE, detail=f"202 for {key}", bulk_id="b"), now)
    seen = Confirmation(effect=EffectSeen.CONFIRMED, pending=PendingSeen.CLOSED, words="it is gone")
    after = replace(saved(record), state=State.CONFIRMED, confirmation=seen)
    await ledger.save([after], now=now)
    await ledger.let_go("1", token)
    return record, effect


async def fill(url: str) -> None:
    """Let two replicas work one after the other, and a person hold and release."""
    async with open_ledger(url, TENANT, key=KEY, replica="a") as one:
        await act(one, "anna", "a")
        await one.hold(Hold(name="hold", since=NOW, by="olga", reason="too much at once"))
        await one.release("hold", "olga", "looked at", NOW)
        await one.raise_alarm(Alarm(name="policies", since=NOW, words="policies/vip.yaml:3:1: unknown fact"))
        await one.clear_alarm("policies", NOW)
        await act(one, "bert", "a", 1)
    async with open_ledger(url, TENANT, key=KEY, replica="b") as other:
        await other.keep_set(
            KeptSet(revision="r1", git="abc", at=NOW, files={"policies/a.yaml": b"policy: a"})
        )
        await act(other, "carl", "b", 2)
        await act(other, "dora", "b", 3)


def copy_of(connection: Connection) -> Copy:
    """Return everything as it would have been shipped."""
    from agent.adapters.ledger.told import SqlTold

    told = SqlTold(connection, TENANT)
    lines = [line(TENANT, link) + b"\n" for replica in told.replicas() for link in told.links(replica)]
    return shipped("the shipped file", KEY, TENANT, read_lines(lines))


@dataclass(frozen=True)
class Tampering:
    """What was done, and which entry is the first bad one: of which replica and of which number; None for none."""

    words: str
    replica: str | None
    number: int | None


Tamper = Callable[["Tamperer"], Tampering]


class Tamperer:
    """Somebody who can write to the database, on a seed."""

    def __init__(self, connection: Connection, lots: Random) -> None:
        self.connection = connection
        self.lots = lots
        self.entries = self._all(audit_entries)
        self.values = self._all(audit_values)

    def tamper(self) -> Tampering:
        """Do one thing out of all."""
        return self.lots.choice(TAMPERINGS)(self)

    def an_entry(self) -> dict[str, Any]:
        return self.lots.choice(self.entries)

    def last(self, replica: str) -> int:
        return int(max(row["number"] for row in self.entries if row["replica"] == replica))

    def change(self, table: Table, row: dict[str, Any], **values: Any) -> None:
        """Write these columns of a row, as they are."""
        key = [column == row[column.name] for column in table.primary_key.columns]
        raw = {name: type_coerce(value, _kind(value)) for name, value in values.items()}
        done = self.connection.execute(update(table).where(*key).values(raw))
        assert done.rowcount == 1

    def remove(self, table: Table, row: dict[str, Any]) -> None:
        key = [column == row[column.name] for column in table.primary_key.columns]
        assert self.connection.execute(delete(table).where(*key)).rowcount == 1

    def add(self, table: Table, row: dict[str, Any]) -> None:
        raw = {name: type_coerce(value, _kind(value)) for name, value in row.items()}
        self.connection.execute(insert(table).values(raw))

    def head(self, replica: str) -> dict[str, Any]:
        (found,) = [row for row in self._all(audit_heads) if row["replica"] == replica]
        return found

    def _all(self, table: Table) -> list[dict[str, Any]]:
        columns = [type_coerce(column, NullType()).label(column.name) for column in table.c]
        order = list(table.primary_key.columns)
        return [dict(row) for row in self.connection.execute(select(*columns).order_by(*order)).mappings()]


def _kind(value: Any) -> Any:
    return LargeBinary() if isinstance(value, bytes) else Text() if isinstance(value, str) else NullType()


def altered(value: Any, lots: Random) -> Any:
    """Return the value with one byte, character or unit of it otherwise."""
    if value is None:
        return "x"
    if isinstance(value, int):
        return value + lots.choice((-1, 1, 1_000_000, -(10**15)))
    place = lots.randrange(len(value)) if value else 0
    if isinstance(value, bytes):
        return value[:place] + bytes([value[place] ^ (1 << lots.randrange(8))]) + value[place + 1 :]
    other = lots.choice([letter for letter in "abcxyz019 Ä" if letter != value[place : place + 1]])
    return value[:place] + other + value[place + 1 :]


def edit_entry(who: Tamperer) -> Tampering:
    row = who.an_entry()
    column = who.lots.choice(("at", "event", "action_id", "body", "mac"))
    who.change(audit_entries, row, **{column: altered(row[column], who.lots)})
    return Tampering(f"{column} edited", row["replica"], row["number"])


def renumber_entry(who: Tamperer) -> Tampering:
    row = who.an_entry()
    number = who.lots.choice((0, -5, 10_000 + who.lots.randrange(1000), 2**62))
    who.change(audit_entries, row, number=number)
    return Tampering(f"number became {number}", row["replica"], number if number < 1 else row["number"])


def move_entry(who: Tamperer) -> Tampering:
    row = who.an_entry()
    column = who.lots.choice(("replica", "tenant_id"))
    who.change(audit_entries, row, **{column: altered(row[column], who.lots) + "-"})
    return Tampering(f"{column} edited", row["replica"], row["number"])


def delete_entry(who: Tamperer) -> Tampering:
    row = who.an_entry()
    who.remove(audit_entries, row)
    return Tampering("deleted", row["replica"], row["number"])


def swap_entries(who: Tamperer) -> Tampering:
    one = who.an_entry()
    other = who.lots.choice([row for row in who.entries if row["number"] != one["number"]])
    told = ("at", "event", "action_id", "body", "mac")
    who.change(audit_entries, one, **{name: other[name] for name in told})
    who.change(audit_entries, other, **{name: one[name] for name in told})
    first = min(one, other, key=lambda row: (row["replica"], row["number"]))
    return Tampering("two swapped", first["replica"], first["number"])


def insert_entry(who: Tamperer) -> Tampering:
    """Make room in the middle, and put another entry there."""
    row = who.an_entry()
    later = [
        one for one in who.entries if one["replica"] == row["replica"] and one["number"] >= row["number"]
    ]
    for one in reversed(later):
        who.change(audit_entries, one, number=one["number"] + 1)
    who.add(audit_entries, row | {"body": who.an_entry()["body"].replace(b"approve", b"reject")})
    if _differs(who, row):
        return Tampering("one inserted", row["replica"], row["number"])
    return Tampering("one inserted, the same", row["replica"], row["number"] + 1)


def _differs(who: Tamperer, row: dict[str, Any]) -> bool:
    place = (audit_entries.c.replica == row["replica"], audit_entries.c.number == row["number"])
    return bool(who.connection.scalar(select(audit_entries.c.body).where(*place)) != row["body"])


def duplicate_entry(who: Tamperer) -> Tampering:
    row = who.an_entry()
    number = who.last(row["replica"]) + 1
    who.add(audit_entries, row | {"number": number})
    who.change(audit_heads, who.head(row["replica"]), number=number, mac=row["mac"])
    return Tampering("one repeated at the end", row["replica"], number)


def cut_tail(who: Tamperer) -> Tampering:
    row = who.an_entry()
    _cut(who, row)
    return Tampering("tail cut off", row["replica"], row["number"])


def cut_tail_and_head(who: Tamperer) -> Tampering:
    """Cut the tail off with everything that tells of it inside the ledger."""
    row = who.an_entry()
    _cut(who, row)
    before = [
        one for one in who.entries if one["replica"] == row["replica"] and one["number"] == row["number"] - 1
    ]
    if before:
        shipped_ = min(who.head(row["replica"])["shipped"], row["number"] - 1)
        who.change(
            audit_heads,
            who.head(row["replica"]),
            number=row["number"] - 1,
            mac=before[0]["mac"],
            shipped=shipped_,
        )
    else:
        who.remove(audit_heads, who.head(row["replica"]))
    return Tampering("tail and head cut off", row["replica"], row["number"])


def _cut(who: Tamperer, row: dict[str, Any]) -> None:
    for table, rows in ((audit_entries, who.entries), (audit_values, who.values)):
        for one in rows:
            if one["replica"] == row["replica"] and one["number"] >= row["number"]:
                who.remove(table, one)


def rewrite(who: Tamperer, key: Key) -> dict[str, Any]:
    """Write a chain anew from one entry on, head and all, with this key; return that entry's row."""
    row = who.an_entry()
    replica = row["replica"]
    mine = [one for one in who.entries if one["replica"] == replica and one["number"] >= row["number"]]
    before = [one for one in who.entries if one["replica"] == replica and one["number"] == row["number"] - 1]
    chain_key = key.of_chain(TENANT, replica)
    mac = before[0]["mac"] if before else chain.genesis(chain_key)
    for one in mine:
        body = one["body"]
        if one is mine[0]:
            body = body.replace(b'"reason":""', b'"reason":"all is well"')
        mac = chain.mac(chain_key, mac, one["number"], body)
        who.change(audit_entries, one, body=body, mac=mac)
    who.change(audit_heads, who.head(replica), mac=mac)
    return row


def rewrite_without_the_key(who: Tamperer) -> Tampering:
    row = rewrite(who, OTHER_KEY)
    return Tampering("written anew without the key", row["replica"], row["number"])


def rewrite_with_the_key(who: Tamperer) -> Tampering:
    row = rewrite(who, KEY)
    return Tampering("written anew with the key", row["replica"], row["number"])


def edit_value(who: Tamperer) -> Tampering:
    row = who.lots.choice(who.values)
    column = who.lots.choice(("salt", "value", "name", "at"))
    who.change(audit_values, row, **{column: altered(row[column], who.lots)})
    return Tampering(f"a value's {column} edited", row["replica"], row["number"])


def delete_value(who: Tamperer) -> Tampering:
    row = who.lots.choice(who.values)
    who.remove(audit_values, row)
    return Tampering("a value deleted", row["replica"], row["number"])


def move_value(who: Tamperer) -> Tampering:
    row = who.lots.choice(who.values)
    number = who.lots.choice((10_000, 0, -1))
    who.change(audit_values, row, number=number)
    return Tampering(f"a value moved to {number}", row["replica"], number if number < 1 else row["number"])


def edit_head(who: Tamperer) -> Tampering:
    replica = who.an_entry()["replica"]
    head = who.head(replica)
    column, value = who.lots.choice(
        (
            ("number", head["number"] - 1),
            ("number", head["number"] + 1),
            ("mac", altered(head["mac"], who.lots)),
            ("shipped", head["number"] + 1),
            ("shipped", -1),
        )
    )
    who.change(audit_heads, head, **{column: value})
    is_longer = column == "number" and value > head["number"]
    return Tampering(f"head's {column} edited", replica, head["number"] + is_longer)


def delete_head(who: Tamperer) -> Tampering:
    replica = who.an_entry()["replica"]
    who.remove(audit_heads, who.head(replica))
    return Tampering("head deleted", replica, who.last(replica))


def add_chain(who: Tamperer) -> Tampering:
    """Make up a replica that never was."""
    row = who.an_entry()
    who.add(audit_entries, row | {"replica": "ghost", "number": 1})
    return Tampering("a chain made up", "ghost", 1)


TAMPERINGS: Sequence[Tamper] = (
    edit_entry,
    edit_entry,
    edit_entry,
    renumber_entry,
    move_entry,
    delete_entry,
    swap_entries,
    insert_entry,
    duplicate_entry,
    cut_tail,
    cut_tail_and_head,
    rewrite_without_the_key,
    rewrite_with_the_key,
    edit_value,
    delete_value,
    move_value,
    edit_head,
    delete_head,
    add_chain,
)


def edit_decision(who: Tamperer) -> str:
    row = who.lots.choice(who._all(decisions))
    column = who.lots.choice(("verb", "body", "grounds", "revision", "at"))
    who.change(decisions, row, **{column: altered(row[column], who.lots)})
    return f"decision {row['number']} of `{row['action_id']}` was changed since it was made"


def delete_decision(who: Tamperer) -> str:
    row = who.lots.choice(who._all(decisions))
    who.remove(decisions, row)
    return f"decision {row['number']} of `{row['action_id']}` is gone from the ledger"


def add_decision(who: Tamperer) -> str:
    row = who.lots.choice(who._all(decisions))
    who.add(decisions, row | {"number": 7})
    return "1 decisions have no entry, and 0 had none when the audit began"


def edit_effect(who: Tamperer) -> str:
    row = who.lots.choice(who._all(effects))
    column, value, words = who.lots.choice(
        (
            (
                "went",
                "unknown",
                f"effect `{row['id']}` of action `{row['action_id']}` is `unknown` in the ledger, and `done` by its entries",
            ),
            (
                "targets",
                altered(row["targets"], who.lots),
                f"effect `{row['id']}` of action `{row['action_id']}` was changed since it was intended",
            ),
            (
                "attempts",
                0,
                f"effect `{row['id']}` of action `{row['action_id']}` was sent 0 times, and not 1",
            ),
            ("attempts", 2, "1 calls have no entry, and 0 had none when the audit began"),
        )
    )
    who.change(effects, row, **{column: value})
    return words


AROUND: Sequence[Callable[[Tamperer], str]] = (edit_decision, delete_decision, add_decision, edit_effect)
