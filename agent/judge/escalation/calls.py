"""Whether people are to be paged at a moment, and when they are next: by the chain, a last chance, or what became worse."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from agent.judge.escalation import members
from agent.judge.escalation.members import Change
from agent.judge.escalation.notices import Sight, louder, quieter
from agent.judge.escalation.quiet import is_quiet, may_tell, quiet_until, telling_from
from agent.judge.escalation.storm import room_from
from agent.judge.escalation.timetable import Coming, coming, is_acknowledged
from agent.model.chain import Chain, Urgency
from agent.model.escalation import Member, Occasion, Page

GATHERED = timedelta(minutes=5)
"""How long changes are gathered after people were told something, so that they are told together."""

replace = msgspec.structs.replace


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """That people are to be paged: why, how loud, through which channels, and how far up the chain that is."""

    occasion: Occasion
    urgency: Urgency
    channels: tuple[str, ...]
    step: int
    repeats: int


def last_chance(member: Member, sight: Sight) -> datetime:
    """Return when the last chance of an action comes."""
    return _deadline(member, sight) - sight.chain.last_chance.before


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


def is_to_be_updated(page: Page, sight: Sight) -> bool:
    """Whether people are to be told quietly, at this moment, of what has changed."""
    if change_of(page, sight) is Change.NONE or is_worsening(page, sight):
        return False
    return change_from(page, sight) <= sight.now


def is_held_back(call: Call, sight: Sight) -> bool:
    """Whether the storm limit leaves no room for this call at this moment; what is of low urgency needs none."""
    return call.urgency is not Urgency.LOW and room_for(sight) > sight.now


def room_for(sight: Sight) -> datetime:
    """Return from when on the storm limit leaves room."""
    return room_from(sight.paged, sight.rules, sight.now)


# When something is next to be done


def due_of(page: Page, sight: Sight) -> datetime:
    """Return the next moment at which a look does something by itself.

    Every moment at which it could is tried out, so that it cannot differ from what a look does then.
    """
    moments = sorted({one for one in _moments(page, sight) if one > sight.now})
    return next(one for one in moments if _does_something(page, replace(sight, now=one)))


def _does_something(page: Page, sight: Sight) -> bool:
    for member in page.open_members:
        if _deadline(member, sight) <= sight.now:
            return True
        if not member.has_lapsed and last_chance(member, sight) <= sight.now:
            return True
    call = call_for(page, sight)
    if call is not None and (not is_held_back(call, sight) or not page.is_stormy):
        return True
    return is_to_be_updated(page, sight)


def _moments(page: Page, sight: Sight) -> Iterator[datetime]:
    """Give every moment at which something can be due, and the end of the quiet hours that it may fall into."""
    hours = sight.chain.hours
    for moment in (sight.now, *_bare_moments(page, sight)):
        yield moment
        if hours is not None and moment >= sight.now and is_quiet(hours, moment):
            yield quiet_until(hours, moment)


def _bare_moments(page: Page, sight: Sight) -> Iterator[datetime]:
    for member in page.open_members:
        yield _deadline(member, sight)
        yield last_chance(member, sight)
    yield room_for(sight)
    for one in _coming(page, sight):
        yield one.at
    if page.acknowledged is not None:
        yield page.acknowledged.until
    if change_of(page, sight) is not Change.NONE:
        for acknowledged in (True, False):
            yield _worse_from(page, sight, acknowledged=acknowledged)


def _deadline(member: Member, sight: Sight) -> datetime:
    item = sight.items.get(member.action_id)
    return member.deadline if item is None else item.deadline
