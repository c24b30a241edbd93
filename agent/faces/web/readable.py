"""Records as far as they can be read: one that is damaged, or was written by another version, hides no other."""

from collections.abc import Mapping, Sequence

from agent.model.enactment import Record
from agent.model.errors import LedgerError
from agent.ports.ledger import Ledger

UNREADABLE = (LedgerError, TypeError, ValueError, LookupError, OverflowError)
"""What is raised where an entry is not what it should be."""


async def readable(ledger: Ledger, action_ids: Sequence[str]) -> tuple[Mapping[str, Record], frozenset[str]]:
    """Return the records of these actions, and which of them are there and cannot be read.

    Where some cannot, each half is read by itself, and so on: a few damaged ones among thousands are found at once.

    Raises:
        LedgerError: the ledger itself cannot be used.
    """
    try:
        return await ledger.load(action_ids), frozenset()
    except UNREADABLE:
        await ledger.cursor()
    if len(action_ids) == 1:
        return {}, frozenset(action_ids)
    middle = len(action_ids) // 2
    found, damaged = await readable(ledger, action_ids[:middle])
    others, also = await readable(ledger, action_ids[middle:])
    return {**found, **others}, damaged | also
