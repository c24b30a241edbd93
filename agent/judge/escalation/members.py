"""What is on a page: which actions joined, grew or ended since people were last told."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from agent.judge.escalation.items import WEEK_ENDED
from agent.model.escalation import Item, Member, Need

replace = msgspec.structs.replace


class Change(StrEnum):
    """What became of a page since people were last told."""

    NONE = "none"
    FEWER = "fewer"
    """Something needs nobody any more."""
    WORSE = "worse"
    """Something joined, grew, went wrong, or has far less time."""


def joined(item: Item, now: datetime) -> Member:
    """Return what a page remembers of an action that comes on it."""
    return Member(
        action_id=item.action_id, joined=now, deadline=item.deadline, need=item.need, amount=item.amount
    )


def seen(
    members: Sequence[Member], items: Mapping[str, Item], ended: Mapping[str, str], now: datetime
) -> tuple[Member, ...]:
    """Return the members as they are now: some ended, some came back, some are new."""
    known = {member.action_id for member in members}
    before = [_seen(member, items.get(member.action_id), ended, now) for member in members]
    new = [joined(item, now) for item in items.values() if item.action_id not in known]
    return (*before, *(one for one in new if one.action_id not in ended and now < one.deadline))


def _seen(member: Member, item: Item | None, ended: Mapping[str, str], now: datetime) -> Member:
    words = ended.get(member.action_id, "")
    deadline = member.deadline if item is None else item.deadline
    is_over = bool(words) or now >= deadline
    if member.ended:
        return member if is_over or item is None else _back(member, item, now)
    if is_over:
        return replace(member, ended=words or WEEK_ENDED, is_told=not member.is_told)
    return member if item is None or member.is_told else _as_now(member, item)


def _back(member: Member, item: Item, now: datetime) -> Member:
    """Return a member that needs people again, as one that comes anew; its last chance comes only once."""
    return replace(joined(item, now), is_warned=member.is_warned, has_lapsed=member.has_lapsed)


def _as_now(member: Member, item: Item) -> Member:
    return replace(member, deadline=item.deadline, need=item.need, amount=item.amount)


def told(members: Sequence[Member], items: Mapping[str, Item]) -> tuple[Member, ...]:
    """Return the members as people know them from now on."""
    found = []
    for member in members:
        item = items.get(member.action_id)
        now_known = member if member.ended or item is None else _as_now(member, item)
        found.append(replace(now_known, is_told=True))
    return tuple(found)


def change_of(members: Sequence[Member], items: Mapping[str, Item], told_at: datetime) -> Change:
    """Return what became of them since people were last told, at that moment."""
    if any(ways_worse(member, items.get(member.action_id), told_at) for member in members):
        return Change.WORSE
    return Change.FEWER if any(member.ended and not member.is_told for member in members) else Change.NONE


def ways_worse(member: Member, item: Item | None, told_at: datetime) -> tuple[str, ...]:
    """Return in which ways an action that needs people is worse than people know, each in one word."""
    if member.ended or item is None:
        return ()
    if not member.is_told:
        return ("joined",)
    nearer = item.deadline < member.deadline and _is_half(item.deadline - told_at, member.deadline - told_at)
    ways = {
        "grew": item.amount > member.amount,
        "went wrong": item.need is Need.LOOK and member.need is not Need.LOOK,
        "has far less time": nearer,
    }
    return tuple(way for way, holds in ways.items() if holds)


def _is_half(left: timedelta, before: timedelta) -> bool:
    return left * 2 <= before
