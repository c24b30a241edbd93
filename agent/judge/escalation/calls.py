"""Whether people are to be paged at a moment, and when they are next: by the chain, a last chance, or what became worse."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from agent.judge.escalation import members
from agent.judge.escalation.members import Change
from agent.judge.escalation.notices import Sight, louder, quieter
from agent.judge.escalation.quiet import may_tell, telling_from
from agent.judge.escalation.storm import room_from
from agent.judge.escalation.timetable import Coming, coming, is_acknowledged
from agent.model.chain import Chain, Urgency
from agent.model.escalation import Member, Occasion, Page

GATHERED = timedelta(minutes=5)
"""How long changes are gathered after people were told something, so that they are told together."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """That people are to be paged: why, how loud, through which channels, and how far up the chain that is."""

    occasion: Occasion
    urgency: Urgency
    channels: tuple[str, ...]
    step: int
    repeats: int


def last_chance(member: Member, sight: Sight) -> datetime:
    """Return when the last chance of an action comes."""
    item = sight.items.get(member.action_id)
    return (member.deadline if item is None else item.deadline) - sight.chain.last_chance.before


def _first_chance(page: Page, sight: Sight) -> datetime | None:
    """Return the earliest last chance that people were not told of; None where they were told of all."""
    return min(
        (last_chance(member, sight) for member in page.open_members if not member.is_warned), default=None
    )


def call_for(page: Page, sight: Sight) -> Call | None:
    """Return with what people are to be paged at this moment; None where with nothing."""
    first = _first_chance(page, sight)
    if first is not None and first <= sight.now:
        return last_call(page, sight.chain)
    if is_worsening(page, sight):
        at = _worse_from(page, sight, acknowledged=is_acknowledged(page, sight.now))
        if at <= sight.now and may_tell(sight.chain.hours, page.urgency, sight.now):
            return Call(
                occasion=Occasion.WORSE,
                urgency=page.urgency,
                channels=tuple(told.channel for told in page.told),
                step=page.step,
                repeats=page.repeats,
            )
        return None
    return _of_steps(page, sight)


def last_call(page: Page, chain: Chain) -> Call:
    """Return the call of the last chance: whoever was not reached yet, and the last people."""
    steps = chain.steps[page.step :] or chain.steps[-1:]
    last = chain.last_chance.notify or chain.steps[-1].notify
    named = [name for step in steps for name in step.notify] if page.step < len(chain.steps) else []
    return Call(
        occasion=Occasion.LAST_CHANCE,
        urgency=Urgency.HIGH,
        channels=tuple(dict.fromkeys((*named, *last))),
        step=len(chain.steps),
        repeats=page.repeats,
    )


def _of_steps(page: Page, sight: Sight) -> Call | None:
    """Return the call of the step or repeat that is due and may be told at this hour.

    One that is put off by quiet hours does not hold up a louder one after it: then both are taken.
    """
    if is_acknowledged(page, sight.now):
        return None
    left = _coming(page, sight)
    due = [one for one in left if one.at <= sight.now]
    taken = next(
        (n for n, one in enumerate(due) if may_tell(sight.chain.hours, one.point.urgency, sight.now)), None
    )
    if taken is None:
        return None
    last = max(n for n, one in enumerate(due) if one.at <= due[taken].at)
    return _taking(page, sight.chain, due[: last + 1])


def _taking(page: Page, chain: Chain, taken: Sequence[Coming]) -> Call:
    steps = [chain.steps[one.point.step - 1] for one in taken]
    is_repeat = all(one.point.repeat for one in taken)
    return Call(
        occasion=Occasion.REPEAT if is_repeat else Occasion.PAGE,
        urgency=louder(*(step.urgency for step in steps)),
        channels=tuple(dict.fromkeys(name for step in steps for name in step.notify)),
        step=taken[-1].point.step,
        repeats=max(page.repeats, *(one.point.repeat for one in taken)),
    )


def _coming(page: Page, sight: Sight) -> tuple[Coming, ...]:
    """Return the steps and repeats that are still to come: none once people were told of every last chance."""
    first = _first_chance(page, sight)
    return () if first is None else coming(sight.chain, page, first)


# What became worse


def is_worsening(page: Page, sight: Sight) -> bool:
    """Whether it has become worse where nothing else will soon tell: acknowledged, or at the chain's end."""
    return _is_worse(page, sight) and (is_acknowledged(page, sight.now) or not _coming(page, sight))


def _is_worse(page: Page, sight: Sight) -> bool:
    return change_of(page, sight) is Change.WORSE


def change_of(page: Page, sight: Sight) -> Change:
    """Return what became of the page since people were last told; nothing where they were told nothing yet."""
    if page.told_at is None:
        return Change.NONE
    return members.change_of(page.members, sight.items, page.told_at)


def _worse_from(page: Page, sight: Sight, *, acknowledged: bool) -> datetime:
    """Return from when on people are paged because it became worse: not again and again at the chain's end."""
    gathered = (page.told_at or page.opened) + GATHERED
    return gathered if acknowledged else max(gathered, (page.paged_at or page.opened) + sight.chain.quiet)


def change_from(page: Page, sight: Sight) -> datetime:
    """Return from when on people may be told quietly of what has changed."""
    gathered = (page.told_at or page.opened) + GATHERED
    return telling_from(sight.chain.hours, quietly(page), max(gathered, sight.now))


def quietly(page: Page) -> Urgency:
    """Return how loud it is told what changed: normal at most."""
    return quieter(page.urgency, Urgency.NORMAL)


# When something is next to be done


def room_for(sight: Sight) -> datetime:
    """Return from when on the storm limit leaves room."""
    return room_from(sight.paged, sight.rules, sight.now)


def due_of(page: Page, sight: Sight) -> datetime:
    """Return the next moment at which a look does something by itself."""
    return min((*_of_members(page, sight), *_of_chain(page, sight), *_of_changes(page, sight)))


def _of_members(page: Page, sight: Sight) -> Iterator[datetime]:
    for member in page.open_members:
        item = sight.items.get(member.action_id)
        yield member.deadline if item is None else item.deadline
        if not member.has_lapsed:
            yield last_chance(member, sight)


def _of_chain(page: Page, sight: Sight) -> Iterator[datetime]:
    first = _first_chance(page, sight)
    if first is not None:
        yield max(first, room_for(sight)) if page.is_stormy else first
    for one in _coming(page, sight):
        yield _call_at(one.at, one.point.urgency, page, sight)


def _of_changes(page: Page, sight: Sight) -> Iterator[datetime]:
    change = change_of(page, sight)
    if change is Change.NONE:
        return
    quiet = change_from(page, sight)
    if change is Change.FEWER:
        yield quiet
        return
    pause = page.acknowledged
    until = sight.now if pause is None else max(pause.until, sight.now)
    if is_acknowledged(page, sight.now):
        at = _call_at(_worse_from(page, sight, acknowledged=True), page.urgency, page, sight)
        if at < until:
            yield at
    if _coming(page, sight):
        yield telling_from(sight.chain.hours, quietly(page), max(quiet, until))
    else:
        yield _call_at(max(_worse_from(page, sight, acknowledged=False), until), page.urgency, page, sight)


def _call_at(at: datetime, urgency: Urgency, page: Page, sight: Sight) -> datetime:
    """Return when people are to be paged with what is due then; what is held back already waits for room too."""
    first = telling_from(sight.chain.hours, urgency, max(at, sight.now))
    if urgency is Urgency.LOW or not page.is_stormy:
        return first
    return telling_from(sight.chain.hours, urgency, max(first, room_for(sight)))
