"""(A proposal that was imported before, the same one judged again) -> which of the two stands.

What was judged before stands, so that the same import made twice leaves the same rows. It gives way where other policies judge
now, or where more is known of its mail or its kind, as after a permission was granted.
"""

from collections.abc import Iterable

import msgspec

from agent.model.imported import Imported
from agent.model.pending import ActionKind, PendingAction, are_one_proposal
from agent.model.truth import Truth


def overlap(one: PendingAction, other: PendingAction) -> bool:
    """Whether two readings of the same action are of one proposal."""
    return are_one_proposal(one.first_seen, one.deadline, other.first_seen, other.deadline)


def known_before(one: Imported, known: Iterable[Imported]) -> Imported | None:
    """Return what was imported of the same life; None where nothing was."""
    return next((other for other in known if overlap(one.action, other.action)), None)


def gives_way(known: Imported, judged: Imported) -> bool:
    """Whether what was imported is to be replaced by what was judged now."""
    if known.decision.revision != judged.decision.revision:
        return True
    return _knows(judged) > _knows(known)


def _knows(one: Imported) -> tuple[bool, bool]:
    facts = one.decision.facts
    return (one.action.kind is not ActionKind.UNKNOWN, facts.messages is not None and facts.messages_complete)


def of_life(truth: Truth, known: Imported) -> Truth:
    """Return a truth as one of what was imported before, which may have been first seen at another moment."""
    return msgspec.structs.replace(truth, first_seen=known.action.first_seen)
