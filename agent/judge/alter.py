"""(Facts, an edit) -> the facts of the world in which that were so.

Some facts are worked out from others: `recipients` from each message's `recipient`, a domain from an address,
`cluster.mailboxCount` from where the messages are. A world in which only one of them is different does not
exist. So **what agrees before an edit agrees after it**: where a fact is what it would be worked out as, it is
worked out anew; where it is not, because a situation was written by hand without its messages, it stands on
its own. The links are those by which `gather` makes the facts.

Held besides, wherever they held before: no more copies in mailboxes than copies, no more recipients than
copies, and, while all messages are known, no more messages than Defender counted copies of.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import cast
from urllib.parse import urlsplit

import msgspec

from agent.judge.fold import folded
from agent.judge.seen import fact_of
from agent.judge.vocabulary import Scope
from agent.model.defender import MAILBOX_LOCATIONS
from agent.model.facts import Facts, Value

MOST_MESSAGES = 2_000
"""No world with more messages than this, or than there were, is tried."""

Row = Mapping[str, Value]

COPIES = "cluster.copyCount"
IN_MAILBOXES = "cluster.mailboxCount"
COUNTED = "cluster.emailCount"
RECIPIENTS = "recipients.count"
SIZES = frozenset({COPIES, IN_MAILBOXES, RECIPIENTS})
"""Counts of messages: they change only with the messages themselves, where those are known."""


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """A fact has another value, or none; of the action, or of the messages at `rows`, a value for each."""

    scope: Scope
    fact: str
    values: tuple[Value | None, ...]
    rows: tuple[int, ...] = ()


class Resize(msgspec.Struct, frozen=True, kw_only=True):
    """There are fewer or more messages, so that a count of them is this."""

    fact: str
    count: int


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """It is judged at another moment."""

    at: datetime


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All messages are known, or some are not; where none is, there is one of which nothing is known yet."""

    is_complete: bool


Edit = Put | Resize | Judged | Known


def domain_of(value: Value | None) -> str | None:
    """Return the domain of an address."""
    if not isinstance(value, str) or "@" not in value:
        return None
    return value.rpartition("@")[2].lower() or None


def host_of(value: Value | None) -> str | None:
    """Return the host of a URL."""
    try:
        return urlsplit(value).hostname if isinstance(value, str) else None
    except ValueError:
        return None


def in_mailbox(value: Value | None) -> bool | None:
    """Whether a place is a folder that can be deleted from."""
    return None if value is None else value in MAILBOX_LOCATIONS


def itself(value: Value | None) -> Value | None:
    """Return the value."""
    return value


View = Callable[[Value | None], Value | None]

OF_ROW: Mapping[str, tuple[str, View]] = {
    "recipient.domain": ("recipient", domain_of),
    "sender.domain": ("sender.address", domain_of),
    "sender.mailFromDomain": ("sender.mailFrom", domain_of),
    "inMailbox": ("location", in_mailbox),
}
"""Facts of a message that are worked out from another of its facts."""

OF_ACTION: Mapping[str, tuple[str, View]] = {
    "message.senderDomain": ("message.sender", domain_of),
    "url.host": ("url.value", host_of),
}
"""Facts of the action that are worked out from another of its facts."""

OVER_ROWS: Mapping[str, tuple[str, View]] = {
    "recipients": ("recipient", itself),
    "recipients.domains": ("recipient", domain_of),
    "senders": ("sender.address", itself),
    "senders.domains": ("sender.address", domain_of),
    "subjects": ("subject", itself),
    "locations": ("location", itself),
    "directions": ("direction", itself),
    "threats": ("threats", itself),
}
"""Sets over all messages, with the fact of each message that they collect."""

OVER_SETS: Mapping[str, str] = {"recipients.domains": "recipients", "senders.domains": "senders"}
"""Domains of addresses, where there are no messages to work them out from."""


_SOURCES = {*OVER_SETS.values(), *SIZES, COUNTED, *(source for source, _ in OF_ACTION.values())}


def altered(facts: Facts, edit: Edit, keep: frozenset[int] = frozenset()) -> Facts | None:
    """Return the facts after the edit, with everything that agreed before agreeing again; None where it cannot be.

    `keep` are messages that no shrinking may take.
    """
    changed = _edited(facts, edit, keep)
    if changed is None or _stands_alone(edit):
        return changed
    agreeing = [name for name, value in worked_out(facts) if agrees(name, facts.values.get(name), value)]
    values = dict(changed.values)
    for name, value in worked_out(changed):
        if name not in agreeing or (value is None and isinstance(edit, Put) and edit.fact == name):
            continue
        if value is not None:
            values[name] = value
        elif name in values:
            del values[name]
    return _within_bounds(facts, msgspec.structs.replace(changed, values=values), edit)


def _stands_alone(edit: Edit) -> bool:
    """Whether no other fact can change with it."""
    match edit:
        case Judged():
            return True
        case Put(scope=Scope.ACTION, fact=fact):
            return fact not in _SOURCES
        case _:
            return False


def agrees(name: str, value: Value | None, worked: Value | None, scope: Scope = Scope.ACTION) -> bool:
    """Whether the fact is what it would be worked out as."""
    if value is None or worked is None:
        return value is worked
    kind = fact_of(name, scope).type
    return folded(kind, value) == folded(kind, worked)


def worked_out(facts: Facts) -> Iterator[tuple[str, Value | None]]:
    """Give every fact of the action that others determine, with what it would be; None for unknown."""
    for name, (source, view) in OF_ACTION.items():
        yield name, view(facts.values.get(source))
    rows = facts.messages or ()
    if rows:
        for name, (source, view) in OVER_ROWS.items():
            yield name, _collected(rows, source, view)
        yield from _sizes(rows, is_complete=facts.messages_complete)
        return
    for name, source in OVER_SETS.items():
        known = facts.values.get(source)
        yield name, _domains(known) if isinstance(known, frozenset) else None
    recipients = facts.values.get("recipients")
    if isinstance(recipients, frozenset) and RECIPIENTS in facts.values and facts.messages_complete:
        yield RECIPIENTS, len(recipients)


def _collected(rows: Sequence[Row], source: str, view: View) -> frozenset[str] | None:
    found: set[str] = set()
    for row in rows:
        value = view(row.get(source))
        if value is None and source == "threats":
            continue
        if value is None:
            return None
        found |= value if isinstance(value, frozenset) else {str(value)}
    has_any = bool(found) or any(source in row for row in rows)
    return frozenset(found) if has_any else None


def _sizes(rows: Sequence[Row], *, is_complete: bool) -> Iterator[tuple[str, Value | None]]:
    recipients = _collected(rows, "recipient", itself)
    places = [row.get("location") for row in rows]
    yield RECIPIENTS, len(recipients) if is_complete and recipients is not None else None
    yield COPIES, len(rows) if is_complete else None
    in_mailboxes = sum(place in MAILBOX_LOCATIONS for place in places)
    yield IN_MAILBOXES, in_mailboxes if is_complete and None not in places else None


def _domains(addresses: frozenset[str]) -> frozenset[str]:
    return frozenset(domain for domain in map(domain_of, addresses) if domain)


def _edited(facts: Facts, edit: Edit, keep: frozenset[int]) -> Facts | None:
    """Return the facts with the edit alone, nothing worked out anew but within single messages."""
    match edit:
        case Judged(at=at):
            return msgspec.structs.replace(facts, now=at)
        case Known(is_complete=is_complete):
            return msgspec.structs.replace(
                facts,
                messages_complete=is_complete,
                messages=facts.messages or (({},) if is_complete else None),
            )
        case Put(scope=Scope.ACTION, fact=name, values=(value,)):
            return msgspec.structs.replace(facts, values=_with(facts.values, name, value))
        case Put(fact=name, rows=places, values=values):
            rows = list(facts.messages or ())
            for place, value in zip(places, values, strict=True):
                rows[place] = _row_with(rows[place], name, value)
            return msgspec.structs.replace(facts, messages=tuple(rows))
        case Resize():
            return _resized(facts, edit, keep)


def _with(values: Row, name: str, value: Value | None) -> dict[str, Value]:
    others = {each: known for each, known in values.items() if each != name}
    return others if value is None else {**others, name: value}


def _row_with(row: Row, name: str, value: Value | None) -> Row:
    """Return the message with another value, and what is worked out from it."""
    changed = _with(row, name, value)
    for target, (source, view) in OF_ROW.items():
        if source == name and agrees(target, row.get(target), view(row.get(source)), Scope.MESSAGE):
            changed = _with(changed, target, view(value))
    return changed


def _resized(facts: Facts, edit: Resize, keep: frozenset[int]) -> Facts | None:
    rows = facts.messages or ()
    if not rows:
        return _resized_set(facts, edit.count)
    left = kept(facts, edit, keep)
    if left is None:
        return None
    if len(left) < len(rows):
        return msgspec.structs.replace(facts, messages=tuple(rows[at] for at in left))
    missing = edit.count - cast("int", facts.values.get(edit.fact, 0))
    if missing > 0 and len(rows) + missing > MOST_MESSAGES:
        return None
    taken = {str(row.get("recipient")) for row in rows}
    return msgspec.structs.replace(facts, messages=(*rows, *_more(rows[_pattern(rows)], missing, taken)))


def kept(facts: Facts, edit: Resize, keep: frozenset[int]) -> tuple[int, ...] | None:
    """Return which messages are left where there are to be fewer: all where there are to be more; None if too few can go.

    Those go first that stand for themselves least: whose facts, the recipient and the moment aside, others have too.
    """
    rows = facts.messages or ()
    surplus = cast("int", facts.values.get(edit.fact, 0)) - edit.count
    if surplus <= 0:
        return tuple(range(len(rows)))
    gone: set[int] = set()
    for each in _spare(rows, edit.fact, keep):
        if surplus <= 0:
            break
        gone |= set(each)
        surplus -= 1
    return tuple(at for at in range(len(rows)) if at not in gone) if surplus <= 0 else None


def _spare(rows: Sequence[Row], fact: str, keep: frozenset[int]) -> list[tuple[int, ...]]:
    """Return the messages that may go, each such that the count falls by one, the most ordinary first."""
    alike: dict[object, list[int]] = {}
    for at, row in enumerate(rows):
        alike.setdefault(_ordinary(row), []).append(at)
    rank = {at: (-len(group), -place) for group in alike.values() for place, at in enumerate(group)}
    groups: dict[object, list[int]] = {}
    for at, row in enumerate(rows):
        if fact == IN_MAILBOXES and row.get("location") not in MAILBOX_LOCATIONS:
            continue
        groups.setdefault(row.get("recipient") if fact == RECIPIENTS else at, []).append(at)
    free = [tuple(group) for group in groups.values() if not keep & set(group)]
    if fact == COPIES:
        return sorted(free, key=lambda group: (_is_in_mailbox(rows[group[0]]), rank[group[0]]))
    return sorted(free, key=lambda group: rank[group[0]])


def _ordinary(row: Row) -> object:
    return tuple(
        sorted((name, repr(value)) for name, value in row.items() if name not in ("recipient", "received"))
    )


def _is_in_mailbox(row: Row) -> bool:
    return row.get("location") in MAILBOX_LOCATIONS


def _pattern(rows: Sequence[Row]) -> int:
    """Return the message that further ones are like: the last that is in a mailbox, else the last."""
    return next((at for at in reversed(range(len(rows))) if _is_in_mailbox(rows[at])), len(rows) - 1)


def _more(row: Row, count: int, taken: set[str]) -> Iterator[Row]:
    """Give further messages like this one, each to somebody else."""
    for address in fresh_addresses(str(row.get("recipient", "")), count, taken):
        yield row if "recipient" not in row else _row_with(row, "recipient", address)


def fresh_addresses(like: str, count: int, taken: set[str]) -> Iterator[str]:
    """Give so many addresses in the same domain that nobody has yet."""
    domain = domain_of(like) or "contoso.example"
    number = 0
    while count > 0:
        number += 1
        address = f"somebody-{number}@{domain}"
        if address not in taken:
            count -= 1
            yield address


def _resized_set(facts: Facts, count: int) -> Facts | None:
    """Return the facts with so many recipients, where there are no messages to speak of."""
    recipients = facts.values.get("recipients")
    if not isinstance(recipients, frozenset) or not recipients or count > MOST_MESSAGES:
        return None
    some = sorted(recipients)[:count]
    more = fresh_addresses(some[0] if some else "", count - len(some), set(some))
    members: Value = frozenset((*some, *more))
    return msgspec.structs.replace(facts, values={**facts.values, "recipients": members})


def _within_bounds(before: Facts, after: Facts, edit: Edit) -> Facts | None:
    """Return the facts with the smaller of two counts still not above the larger; None where that cannot be."""
    values = dict(after.values)
    for small, large in ((IN_MAILBOXES, COPIES), (RECIPIENTS, COPIES)):
        if _is_above(before.values, small, large) or not _is_above(values, small, large):
            continue
        if before.messages:
            return None
        is_small = getattr(edit, "fact", "") == small
        values[large if is_small else small] = values[small if is_small else large]
    copies = len(after.messages or ())
    counted = values.get(COUNTED)
    if before.messages and isinstance(counted, int) and after.messages_complete and counted > copies:
        was = before.values.get(COUNTED)
        if isinstance(was, int) and was <= len(before.messages):
            if getattr(edit, "fact", "") == COUNTED:
                return None
            values[COUNTED] = copies
    return msgspec.structs.replace(after, values=values)


def _is_above(values: Row, small: str, large: str) -> bool:
    few, many = values.get(small), values.get(large)
    return isinstance(few, int) and isinstance(many, int) and few > many
