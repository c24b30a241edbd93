"""When a chain's steps and repeats are taken: from the page's opening, squeezed together where its week is short.

Each step keeps its distance from the one before it, counted from when that was taken: what quiet hours, a storm or an
outage put off does not make the next people be woken at the same moment. As long as nothing is put off, that is the
same as counting from the opening.
"""

from datetime import datetime, timedelta

import msgspec

from agent.model.chain import Chain, Urgency
from agent.model.escalation import Acknowledgement, Page

SHARE = 0.9
"""How much of the time before the last chance a squeezed chain takes: its last repeat comes before that, not with it."""

NONE = timedelta(0)


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One step or repeat: how long after the opening it comes, and how loud it is."""

    offset: timedelta
    urgency: Urgency
    step: int
    """From 1."""
    repeat: int = 0
    """From 1; 0 where it is no repeat."""


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """A point that was not taken yet, and the moment at which it is due."""

    point: Point
    at: datetime


def points(chain: Chain) -> tuple[Point, ...]:
    """Return the chain's steps and repeats, in their order."""
    steps = [
        Point(offset=max(step.after, chain.wait), urgency=step.urgency, step=number)
        for number, step in enumerate(chain.steps, 1)
    ]
    if chain.repeat is None:
        return tuple(steps)
    last, every = steps[-1], chain.repeat.every
    repeats = [
        Point(offset=last.offset + every * number, urgency=last.urgency, step=last.step, repeat=number)
        for number in range(1, chain.repeat.times + 1)
    ]
    return (*steps, *repeats)


def coming(chain: Chain, page: Page, last_chance: datetime) -> tuple[Coming, ...]:
    """Return what is still to be taken, each when it is due if all before it are taken when they are due.

    Args:
        chain: the chain.
        page: the page as it stands.
        last_chance: the earliest last chance that people were not told of yet.
    """
    all_of_it = points(chain)
    done = min(page.step, len(chain.steps)) + page.repeats
    left = all_of_it[done:]
    if not left:
        return ()
    at, offset = _anchor(page), all_of_it[done - 1].offset if done else NONE
    squeezed = _squeeze(page, all_of_it[-1].offset, offset, at, last_chance)
    found = []
    for number, point in enumerate(left):
        is_hurried = page.is_hurried and not number and not point.repeat
        at += NONE if is_hurried else squeezed * (point.offset - offset)
        offset = point.offset
        found.append(Coming(point=point, at=_after_pause(page, at)))
    return tuple(found)


def _squeeze(page: Page, whole: timedelta, done: timedelta, anchor: datetime, last_chance: datetime) -> float:
    """Return the one factor by which all distances shrink; it shrinks further only where something was put off."""
    pause = page.acknowledged
    room = last_chance - anchor - (pause_of(pause, page) if pause is not None else NONE)
    return min(_fit(last_chance - page.opened, whole), _fit(room, whole - done))


def _fit(room: timedelta, needed: timedelta) -> float:
    """Return the factor with which so much time fits into the room before the last chance."""
    if needed < room:
        return 1.0
    return max(room, NONE) * SHARE / needed if needed else 0.0


def _anchor(page: Page) -> datetime:
    """Return from when the next distance counts: when people were last paged, and what was paused since."""
    since = page.opened if page.paged_at is None else page.paged_at
    return since + timedelta(seconds=page.paused)


def _after_pause(page: Page, at: datetime) -> datetime:
    """Return the moment as the newest acknowledgement puts it off: its time does not count."""
    pause = page.acknowledged
    if pause is None:
        return at
    return at + pause_of(pause, page) if at > pause.at else max(at, pause.until)


def pause_of(pause: Acknowledgement, page: Page) -> timedelta:
    """Return for how long an acknowledgement has paused the chain since people were last paged, once it is over."""
    since = page.opened if page.paged_at is None else page.paged_at
    return max(NONE, pause.until - max(pause.at, since))


def is_acknowledged(page: Page, now: datetime) -> bool:
    """Whether an acknowledgement pauses the chain at this moment."""
    return page.acknowledged is not None and now < page.acknowledged.until
