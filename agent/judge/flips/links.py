"""Which facts are worked out from which, as `gather` works them out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from agent.judge import copies
from agent.judge.copies import PLACES, THREATS
from agent.judge.fold import folded
from agent.judge.seen import fact_of
from agent.judge.vocabulary import Scope
from agent.model.defender import MAILBOX_LOCATIONS
from agent.model.facts import Facts, Value

Row = Mapping[str, Value]

COPIES = "cluster.copyCount"
IN_MAILBOXES = "cluster.mailboxCount"
COUNTED = "cluster.emailCount"
RECIPIENTS = "recipients.count"


class Counting(msgspec.Struct, frozen=True):
    """A count of messages: of those in which the fact is, or has among it, one of these words."""

    source: str
    words: frozenset[str]


COUNTS: Mapping[str, Counting] = {
    IN_MAILBOXES: Counting("location", MAILBOX_LOCATIONS),
    **{name: Counting("location", frozenset({place})) for name, place in PLACES.items()},
    **{name: Counting("threats", frozenset({threat})) for name, threat in THREATS.items()},
}

SIZES = frozenset({COPIES, RECIPIENTS, *COUNTS})
"""Counts of messages: they change only with the messages themselves, where those are known."""

SET_SIZES: Mapping[str, str] = {RECIPIENTS: "recipients", "clicks.users": "clicks.accounts"}
"""How many members a set has, where there are no messages to count them in, or it is of no fact of theirs."""

BOUNDS: tuple[tuple[str, str], ...] = (
    (RECIPIENTS, COPIES),
    *((name, COPIES) for name in COUNTS),
    ("clicks.allowed", "clicks.count"),
    ("clicks.users", "clicks.count"),
    ("reports.count", "incident.alertCount"),
)
"""Counts of which the first is never above the second."""


def domain_of(value: Value | None) -> str | None:
    """Return the domain of an address."""
    return copies.domain_of(value) if isinstance(value, str) else None


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


WORKED_OUT = frozenset({*OF_ACTION, *OVER_ROWS, *SIZES, *SET_SIZES})

FROM: Mapping[str, frozenset[str]] = {
    **{source: frozenset({name}) for name, (source, _) in OF_ACTION.items()},
    "recipient": frozenset({"recipients", "recipients.domains", RECIPIENTS}),
    "sender.address": frozenset({"senders", "senders.domains"}),
    "location": frozenset({"locations", IN_MAILBOXES, *PLACES}),
    "subject": frozenset({"subjects"}),
    "direction": frozenset({"directions"}),
    "threats": frozenset({"threats", *THREATS}),
    "clicks.accounts": frozenset({"clicks.users"}),
    "recipients": frozenset({"recipients.domains", RECIPIENTS}),
    "senders": frozenset({"senders.domains"}),
    **{name: frozenset({name}) for pair in (*BOUNDS, (COUNTED,)) for name in pair},
}
"""What may have to be worked out anew where a fact changes."""


def agrees(name: str, value: Value | None, worked: Value | None, scope: Scope = Scope.ACTION) -> bool:
    """Whether the fact is what it would be worked out as."""
    if value is None or worked is None or value == worked:
        return value == worked
    kind = fact_of(name, scope).type
    return folded(kind, value) == folded(kind, worked)


def worked_out(facts: Facts, names: frozenset[str] = WORKED_OUT) -> Iterator[tuple[str, Value | None]]:
    """Give those of these facts that others determine, with what they would be; None for unknown."""
    for name, (source, view) in OF_ACTION.items():
        if name in names:
            yield name, view(facts.values.get(source))
    rows = facts.messages or ()
    if not rows:
        yield from _of_sets(facts, names)
        return
    for name, (source, view) in OVER_ROWS.items():
        if name in names:
            yield name, _collected(rows, source, view)
    yield from _set_size("clicks.users", facts, names)
    if facts.messages_complete:
        yield from _sizes(rows, names)
    else:
        yield from ((name, None) for name in SIZES & names)


def _of_sets(facts: Facts, names: frozenset[str]) -> Iterator[tuple[str, Value | None]]:
    for name, source in OVER_SETS.items():
        known = facts.values.get(source)
        if name in names:
            yield name, _domains(known) if isinstance(known, frozenset) else None
    for name in SET_SIZES:
        yield from _set_size(name, facts, names)


def _set_size(name: str, facts: Facts, names: frozenset[str]) -> Iterator[tuple[str, Value | None]]:
    members = facts.values.get(SET_SIZES[name])
    if name in names and name in facts.values and facts.messages_complete and isinstance(members, frozenset):
        yield name, len(members)


def _collected(rows: Sequence[Row], source: str, view: View) -> frozenset[str] | None:
    """Return what the messages have together; None where one lacks it, for which there may be no threats."""
    values = [row[source] for row in rows if source in row]
    if not values or (len(values) < len(rows) and source != "threats"):
        return None
    found: set[str] = set()
    for value in map(view, dict.fromkeys(values)):
        if value is None:
            return None
        found |= value if isinstance(value, frozenset) else {str(value)}
    return frozenset(found)


def _sizes(rows: Sequence[Row], names: frozenset[str]) -> Iterator[tuple[str, Value | None]]:
    if RECIPIENTS in names:
        recipients = _collected(rows, "recipient", itself)
        yield RECIPIENTS, None if recipients is None else len(recipients)
    if COPIES in names:
        yield COPIES, len(rows)
    for name, counting in COUNTS.items():
        if name in names:
            is_known = all(counting.source in row for row in rows)
            yield name, sum(is_counted(row, name) for row in rows) if is_known else None


def is_counted(row: Row, name: str) -> bool:
    """Whether the message adds to the count."""
    counting = COUNTS.get(name)
    if counting is None:
        return True
    value = row.get(counting.source)
    return bool(value & counting.words) if isinstance(value, frozenset) else value in counting.words


def _domains(addresses: frozenset[str]) -> frozenset[str]:
    return frozenset(domain for domain in map(domain_of, addresses) if domain)


def changed(values: Row, name: str, value: Value | None) -> dict[str, Value]:
    """Return the facts with another value of this one, or without it."""
    others = {each: known for each, known in values.items() if each != name}
    return others if value is None else {**others, name: value}


def row_with(row: Row, name: str, value: Value | None) -> Row:
    """Return the message with another value, and what is worked out from it."""
    after = changed(row, name, value)
    for target, (source, view) in OF_ROW.items():
        if source == name and agrees(target, row.get(target), view(row.get(source)), Scope.MESSAGE):
            after = changed(after, target, view(value))
    return after
