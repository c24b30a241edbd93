"""(Messages, how many there are to be) -> which go, or what further ones are like."""

from collections.abc import Iterator, Sequence

import msgspec

from agent.judge.links import COPIES, IN_MAILBOXES, RECIPIENTS, Row, domain_of, row_with
from agent.model.defender import MAILBOX_LOCATIONS
from agent.model.facts import Facts, Value

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


def pattern(rows: Sequence[Row]) -> int:
    """Return the message that further ones are like: the last that is in a mailbox, else the last."""
    return next((at for at in reversed(range(len(rows))) if _is_in_mailbox(rows[at])), len(rows) - 1)


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


def resized_set(facts: Facts, count: int) -> Facts | None:
    """Return the facts with so many recipients, where there are no messages to speak of."""
    recipients = facts.values.get("recipients")
    if not isinstance(recipients, frozenset) or not recipients or count > MOST_MESSAGES:
        return None
    some = sorted(recipients)[:count]
    others = fresh_addresses(some[0] if some else "", count - len(some), set(some))
    members: Value = frozenset((*some, *others))
    return msgspec.structs.replace(facts, values={**facts.values, "recipients": members})
