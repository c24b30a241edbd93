"""(Messages, how many there are to be) -> which go, or what further ones are like."""

from collections.abc import Iterator, Sequence

import msgspec

from agent.judge.flips.links import (
    COPIES,
    COUNTS,
    IN_MAILBOXES,
    RECIPIENTS,
    SET_SIZES,
    Row,
    domain_of,
    is_counted,
    row_with,
)
from agent.model.facts import Facts, Value

ELSEWHERE = "quarantine"
"""Where mail is that is in no mailbox any more."""

MOST_MESSAGES = 2_000
"""No world with more messages than this, or than there were, is tried."""


def spare(rows: Sequence[Row], fact: str, keep: frozenset[int]) -> list[tuple[int, ...]]:
    """Return the messages that may go, each such that the count falls by one, the most ordinary first."""
    alike: dict[object, list[int]] = {}
    for at, row in enumerate(rows):
        alike.setdefault(_ordinary(row), []).append(at)
    rank = {at: (-len(group), -place) for group in alike.values() for place, at in enumerate(group)}
    groups: dict[object, list[int]] = {}
    for at, row in enumerate(rows):
        if not is_counted(row, fact):
            continue
        groups.setdefault(row.get("recipient") if fact == RECIPIENTS else at, []).append(at)
    free = [tuple(group) for group in groups.values() if not keep & set(group)]
    if fact == COPIES:
        return sorted(free, key=lambda group: (is_counted(rows[group[0]], IN_MAILBOXES), rank[group[0]]))
    return sorted(free, key=lambda group: rank[group[0]])


def _ordinary(row: Row) -> object:
    return tuple(
        sorted((name, repr(value)) for name, value in row.items() if name not in ("recipient", "received"))
    )


def pattern(rows: Sequence[Row], fact: str) -> Row:
    """Return a message that further ones are to be like: one that counts, in a mailbox if there is one."""
    counted = [row for row in rows if is_counted(row, fact)]
    if counted:
        return next((row for row in reversed(counted) if is_counted(row, IN_MAILBOXES)), counted[-1])
    counting = COUNTS[fact]
    word = min(counting.words)
    value = rows[-1].get(counting.source)
    return row_with(rows[-1], counting.source, value | {word} if isinstance(value, frozenset) else word)


def uncounted(row: Row, fact: str) -> Row:
    """Return the message as one that does not add to the count."""
    counting = COUNTS.get(fact)
    value = None if counting is None else row.get(counting.source)
    if counting is None or not is_counted(row, fact):
        return row
    if isinstance(value, frozenset):
        return row_with(row, counting.source, value - counting.words)
    return row_with(row, counting.source, ELSEWHERE if ELSEWHERE not in counting.words else "deletedFolder")


def more(row: Row, count: int, taken: set[str]) -> Iterator[Row]:
    """Give further messages like this one, each to somebody else."""
    for address in fresh_addresses(str(row.get("recipient", "")), count, taken):
        yield row if "recipient" not in row else row_with(row, "recipient", address)


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


def resized_set(facts: Facts, fact: str, count: int) -> Facts | None:
    """Return the facts with so many members in the set that is counted, where they are not of messages."""
    name = SET_SIZES.get(fact, "")
    members = facts.values.get(name)
    if not isinstance(members, frozenset) or not members or count > MOST_MESSAGES:
        return None
    some = sorted(members)[:count]
    others = fresh_addresses(min(members), count - len(some), set(some))
    resized: Value = frozenset((*some, *others))
    return msgspec.structs.replace(facts, values={**facts.values, name: resized})
