"""(What is recorded, everything that was just seen) -> the records that change.

A pending action whose kind becomes known gets another id, since the kind is part of it. So its record is closed and says
under which id it goes on; when it was first seen, and by when it must be decided, goes on with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from agent.judge.recognise import join
from agent.judge.track import track
from agent.model.enactment import CLOSED, Record, State
from agent.model.pending import ActionKind, KindSource, PendingAction, action_id


def unnamed_id(action: PendingAction) -> str | None:
    """Return the id it had before a row named its kind; None where the evidence says the kind."""
    if action.kind_source is not KindSource.HUNTING:
        return None
    return action_id(action.tenant_id, ActionKind.UNKNOWN, action.key)


def advance(seen: Sequence[PendingAction], known: Mapping[str, Record], now: datetime) -> dict[str, Record]:
    """Return the records that change, by their ids; `known` are those there are of everything seen and of `unnamed_id`."""
    changed: dict[str, Record] = {}
    for action in seen:
        before = changed.get(action.id) or known.get(action.id)
        after = track(before, action if before is not None else _going_on(action, known), now)
        if after is not None and after is not before:
            changed[action.id] = after
    for old, actions in _left_behind(seen, known).items():
        record = changed.get(old) or known[old]
        if record.state not in CLOSED:
            changed[old] = _superseded(record, actions)
    return changed


def _going_on(action: PendingAction, known: Mapping[str, Record]) -> PendingAction:
    """Return an action that is not recorded yet as it goes on from the record of the time before its kind was known."""
    old = known.get(unnamed_id(action) or "")
    if old is None or action.first_seen >= old.action.deadline:
        return action
    before = replace(old.action, kind=action.kind, kind_source=action.kind_source, proposal=action.proposal)
    return join(before, action)


def _left_behind(
    seen: Iterable[PendingAction], known: Mapping[str, Record]
) -> Mapping[str, tuple[PendingAction, ...]]:
    """Return which recorded ids are of unknown kind no more, and what is in their place."""
    shown = {action.id for action in seen}
    found: dict[str, tuple[PendingAction, ...]] = {}
    for action in seen:
        old = unnamed_id(action)
        if old is not None and action.is_pending and old in known and old not in shown:
            found[old] = (*found.get(old, ()), action)
    return found


def _superseded(record: Record, actions: Sequence[PendingAction]) -> Record:
    places = dict.fromkeys(f"as action {action.id} (`{action.kind}`)" for action in actions)
    why = f"AIR's own rows say what is proposed: it goes on {' and '.join(places)}"
    return replace(record, state=State.SUPERSEDED, due=None, why=why, is_noted=True)
