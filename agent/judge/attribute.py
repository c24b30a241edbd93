"""(A pending action, AIR's own rows) -> what a person decided about it in Defender, and who.

Evidence says how an action stands, never who decided it, and `remediated` is a person's yes as well as Defender's own
closing. Only AIR's own rows name the person, and where they name nobody, nobody is made up.

Of a mailbox a row does not say which rule it is about. Where several rules of one were proposed at a time, a row is only
taken for one of them if the alerts that it names (`RelatedAlertIds`) are of that one and of no other; if there is a row
for each of them and all say the same, that is taken too, as what it is: said of several.

UNCONFIRMED: that Graph's id of an alert ends with its provider's, which is what `RelatedAlertIds` holds; how `ActionApproval` spells a yes and a no, and that `ApprovedBy` is empty where nobody was asked. A word that
is not here says nothing. The Action center writes `Automation` where Defender decided by itself: should a row do so, or name
anything else that is no person, or nothing that can be seen, it names nobody. Source: [MAPI] [SENQ] [AAR].
"""

from collections.abc import Iterable, Iterator, Sequence
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
    is_of_several: bool = False
    """Whether it was said of several things at a time, and may be of another one's person or moment."""


def attribute(
    action: PendingAction,
    rows: Iterable[AirAction],
    since: datetime,
    until: datetime,
    beside: Sequence[PendingAction] = (),
) -> Word | None:
    """Return what people decided about an action between two moments; None where no row names anybody.

    Args:
        action: what it is about.
        rows: those that may be about it.
        since: when it was first seen: what was decided before that was another proposal.
        until: its deadline.
        beside: others that rows speak of by the same name, and that waited at the same time.
    """
    about = [row for row in rows if is_about(row, action) and _may_be(row, action)]
    own = [row for row in about if _is_of_it(row, action, beside)]
    if own:
        return _word(_within(own, since, until))
    either = [row for row in about if not any(_is_of_it(row, one, (action,)) for one in beside)]
    telling = [row for row in either if _within([row], since, until)]
    if len(telling) <= len(beside):
        return None
    word = _word(_within(telling, since, until))
    if word is None or word.verb is None:
        return None
    return msgspec.structs.replace(word, is_of_several=True)


def _word(said: Sequence[Word]) -> Word | None:
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


def _within(rows: Iterable[AirAction], since: datetime, until: datetime) -> list[Word]:
    return [one for row in rows for one in _said(row) if since <= one.at < until]


def _is_of_it(row: AirAction, action: PendingAction, beside: Sequence[PendingAction]) -> bool:
    """Whether the row is of this one: nothing else has its name, or it names an alert of this one and of no other."""
    if not beside:
        return True
    return _names_alert(row, action) and not any(_names_alert(row, one) for one in beside)


def _names_alert(row: AirAction, action: PendingAction) -> bool:
    shown = [sighting.alert_id.lower() for sighting in action.sightings]
    return any(alert_id.endswith(one.lower()) for one in row.alerts for alert_id in shown)


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
