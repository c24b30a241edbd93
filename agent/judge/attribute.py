"""(A pending action, AIR's own rows) -> what a person decided about it in Defender, and who.

Evidence says how an action stands, never who decided it, and `remediated` is a person's yes as well as Defender's own
closing. Only AIR's own rows name the person, and where they name nobody, nobody is made up.

UNCONFIRMED: how `ActionApproval` spells a yes and a no, and that `ApprovedBy` is empty where nobody was asked. A word that
is not here says nothing. The Action center writes `Automation` where Defender decided by itself: should a row do so, or name
anything else that is no person, or nothing that can be seen, it names nobody. Source: [MAPI] [SENQ] [AAR].
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from agent.judge.naming import ACTION_TYPES, is_about
from agent.model.air import AirAction, AirReading
from agent.model.decision import Verb
from agent.model.pending import PendingAction

APPROVALS = {"approved": Verb.APPROVE, "declined": Verb.REJECT, "rejected": Verb.REJECT}
"""How a row says what a person decided, folded."""

NO_PERSON = frozenset({
    "automation", "automated", "automatic", "auto", "system", "service", "none", "null", "na", "nobody", "unknown",
    "microsoft", "microsoftdefender", "defender", "airinvestigation",
})  # fmt: skip
"""What may stand where a person is named and is none, folded to its letters and digits."""


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What people decided in Defender, as AIR's own rows say. Names and comments are others' words."""

    verb: Verb | None
    """None where rows contradict each other."""
    by: tuple[str, ...]
    at: datetime
    """When it was first written down."""
    comment: str = ""


def attribute(
    action: PendingAction, rows: Iterable[AirAction], since: datetime, until: datetime
) -> Word | None:
    """Return what people decided about an action between two moments; None where no row names anybody.

    Args:
        action: what it is about.
        rows: those that may be about it.
        since: when it was first seen: what was decided before that was another proposal.
        until: its deadline.
    """
    about = [row for row in rows if is_about(row, action) and _may_be(row, action)]
    said = [one for row in about for one in _said(row) if since <= one.at < until]
    if not said:
        return None
    first = min(said, key=lambda one: (one.at, one.by))
    verbs = {one.verb for one in said}
    return Word(
        verb=first.verb if len(verbs) == 1 else None,
        by=tuple(sorted({name for one in said for name in one.by})),
        at=first.at,
        comment=first.comment,
    )


def names_somebody(row: AirAction) -> bool:
    """Whether a row says that a person decided, and what."""
    return next(_said(row), None) is not None


def _may_be(row: AirAction, action: PendingAction) -> bool:
    """Whether the row may be of this kind: it is of no other that is known."""
    kind = ACTION_TYPES.get("".join((row.action_type or "").split()).casefold())
    return kind is None or kind is action.kind


def _said(row: AirAction) -> Iterator[Word]:
    """Give each reading of a row that names a person and what they decided."""
    readings: tuple[AirAction | AirReading, ...] = (*row.earlier, row)
    for reading in readings:
        verb = APPROVALS.get("".join((reading.approval or "").split()).casefold())
        name = reading.approved_by or ""
        if verb is not None and _is_person(name):
            yield Word(verb=verb, by=(name,), at=reading.at, comment=reading.approver_comment or "")


def _is_person(name: str) -> bool:
    bare = "".join(letter for letter in name if letter.isalnum()).casefold()
    return bool(bare) and bare not in NO_PERSON
