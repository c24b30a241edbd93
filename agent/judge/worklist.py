"""Records -> what people have to press in Defender's portal, in the order in which it is best done.

The Action center lets several be decided together only where they share the action type, so that is how they are
grouped. An item is on the list for as long as Defender shows it pending, and leaves it when Defender shows it decided,
by whomever.

Source: [ACT] for the Action center; [ARA], [MAI] and [REM] for the names of its action types.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from agent.judge.exchange import commands
from agent.model.decision import Verb
from agent.model.enactment import PendingSeen, Record, State
from agent.model.pending import ActionKind

TYPES = {
    ActionKind.SOFT_DELETE_MESSAGE: "Soft delete email",
    ActionKind.SOFT_DELETE_CLUSTER: "Soft delete email cluster",
    ActionKind.DISABLE_FORWARDING: "Turn off external mail forwarding",
    ActionKind.REMOVE_DELEGATION: "Remove mailbox delegation",
    ActionKind.QUARANTINE_FILE: "Quarantine file",
    ActionKind.REMOVE_REGISTRY_KEY: "Remove registry key",
    ActionKind.BLOCK_URL: "Block URL (time of click)",
    ActionKind.DISABLE_USER: "Disable user",
    ActionKind.REVOKE_USER_SESSIONS: "Revoke user sessions",
    ActionKind.FORCE_PASSWORD_RESET: "Reset user password",
    ActionKind.UNKNOWN: "Of a type that only the Action center names",
}
"""The Action center's action types. That it spells them just so is UNCONFIRMED."""

DONE_WITHIN = timedelta(days=1)
"""How long something that was decided is still shown as done."""

QUIET = frozenset(
    {
        State.SEEN,
        State.INTENDED,
        State.SENT,
        State.CONFIRMED,
        State.DEDUPLICATED,
        State.ANSWERED,
        State.SUPERSEDED,
        State.EXPIRED,
        State.UNDONE,
    }
)
"""States in which nobody has to do anything."""

BY_PEOPLE = frozenset({State.CONFIRMED, State.SUPERSEDED})
"""States in which something ends that a person decided in Defender."""


class Press(StrEnum):
    """Which button of the Action center it is."""

    APPROVE = "Approve"
    REJECT = "Reject"
    EITHER = "Approve or Reject"
    LOOK = "look first, then Approve or Reject"


PRESSED = {Verb.APPROVE: Press.APPROVE, Verb.REJECT: Press.REJECT, Verb.ESCALATE: Press.EITHER}
"""What carries each decision out."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to decide in the portal. `what` and `why` may be an attacker's words."""

    id: str
    type: str
    what: str
    press: Press
    why: str
    deadline: datetime
    done: datetime | None
    """When Defender was seen to show it decided; None while it is open."""
    how_it_ended: str
    incident_url: str | None
    alert_urls: tuple[str, ...]
    commands: tuple[str, ...]
    """What to run in Exchange Online PowerShell instead of approving."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Items of one action type, which the Action center lets select together; earliest deadline first."""

    type: str
    items: tuple[Item, ...]

    @property
    def deadline(self) -> datetime:
        """The earliest of its items' deadlines."""
        return self.items[0].deadline


def needs_people(record: Record) -> bool:
    """Whether a person has to do something: decide, carry out, reject, or look."""
    if record.state is State.DECIDED:
        return record.decision is not None and record.decision.verb is Verb.REJECT
    return record.state not in QUIET


def worklist(records: Iterable[Record], now: datetime) -> tuple[Group, ...]:
    """Return what is to be pressed in the portal, the group with the earliest deadline first."""
    return to_press(map(item, records), now)


def done(records: Iterable[Record], now: datetime) -> tuple[Group, ...]:
    """Return what people decided in the portal within the last day."""
    return pressed(map(item, records), now)


def to_press(items: Iterable[Item | None], now: datetime) -> tuple[Group, ...]:
    """Return the items that are to be pressed at `now`, grouped; nothing is once the week is over."""
    return _grouped([one for one in items if one is not None and one.done is None and now < one.deadline])


def pressed(items: Iterable[Item | None], now: datetime) -> tuple[Group, ...]:
    """Return the items that people decided within the day before `now`, grouped."""
    return _grouped([one for one in items if one is not None and was_done(one, now)])


def was_done(one: Item, now: datetime) -> bool:
    """Whether people decided it within the day before `now`."""
    return one.done is not None and timedelta(0) <= now - one.done <= DONE_WITHIN


def item(record: Record) -> Item | None:
    """Return what of the record is, or was, to be pressed by a person, whatever the moment; None where nothing is."""
    return _item(record) if _is_to_press(record) or _is_done(record) else None


def _grouped(items: Sequence[Item]) -> tuple[Group, ...]:
    by_type: dict[str, list[Item]] = {}
    for one in sorted(items, key=lambda one: (one.deadline, one.id)):
        by_type.setdefault(one.type, []).append(one)
    groups = [Group(type=name, items=tuple(found)) for name, found in by_type.items()]
    return tuple(sorted(groups, key=lambda group: (group.deadline, group.type)))


def _is_to_press(record: Record) -> bool:
    """Whether it is still pending in Defender, and nobody but a person will end that."""
    if not record.action.is_pending or record.confirmation.pending in {
        PendingSeen.CLOSED,
        PendingSeen.EXPIRED,
    }:
        return False
    return needs_people(record) or record.state is State.UNDONE


def _is_done(record: Record) -> bool:
    """Whether it was decided here for a person to end, and Defender shows that it has ended."""
    seen = record.confirmation
    if record.state not in BY_PEOPLE or seen.pending is not PendingSeen.CLOSED or seen.at is None:
        return False
    return _was_for_people(record)


def _was_for_people(record: Record) -> bool:
    """Whether it was decided here for a person to end, and not by what we sent for it or for its like."""
    if record.decision is None or (record.plan is not None and record.plan.duplicate_of is not None):
        return False
    return record.state is State.SUPERSEDED or record.decision.verb is Verb.REJECT


def _item(record: Record) -> Item:
    action = record.action
    press = _press(record)
    return Item(
        id=action.id,
        type=TYPES[action.kind],
        what=action.label,
        press=press,
        why=why(record),
        deadline=action.deadline,
        done=record.confirmation.at if record.state in BY_PEOPLE else None,
        how_it_ended=(record.why or record.confirmation.words) if record.state in BY_PEOPLE else "",
        incident_url=action.incident.web_url,
        alert_urls=tuple(dict.fromkeys(one.web_url for one in action.sightings if one.web_url)),
        commands=() if press is Press.REJECT else commands(record),
    )


def _press(record: Record) -> Press:
    decision = record.decision
    match record.state:
        case State.UNDONE:
            return Press.REJECT
        case State.HELD | State.LAPSED:
            return Press.EITHER
        case State.UNKNOWN | State.UNVERIFIED | State.CONTRADICTED:
            return Press.LOOK
        case State.ESCALATED if decision is not None and decision.verb is Verb.APPROVE:
            return Press.LOOK
        case _:
            return PRESSED[decision.verb] if decision is not None else Press.EITHER


def why(record: Record) -> str:
    """Say why it is with people: what became of it first, then the plan's reason, then the decision's."""
    decision, plan, undone = record.decision, record.plan, record.undone
    if record.state is State.UNDONE and undone is not None:
        return f"{undone.by} took it back: {undone.reason}"
    parts = [record.why]
    if record.state is State.HANDED_OFF and plan is not None:
        parts.append(plan.why)
    if decision is not None:
        parts.append(decision.reason)
    return "; ".join(dict.fromkeys(part for part in parts if part)) or "it was not judged"
