"""What becomes of a notice that a channel did not take, and which notices nobody needs any more.

A notice is tried again, later and later, for as long as patience lasts; then another channel carries the same. How
long that is follows from how loud it is. What ends a page is tried for a day: nothing else can end it in its place.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from agent.judge.escalation.notices import moved_on
from agent.model.chain import Chain, Urgency
from agent.model.escalation import Delivery, Notice, Occasion, Page, Posted, Told

FIRST = timedelta(seconds=30)
"""How long after the first failure it is tried again; each further wait is twice as long."""

LONGEST = timedelta(minutes=10)
"""The longest of these waits."""

PATIENCE = timedelta(minutes=15)
"""For how long a notice is tried before another channel carries it."""

LOUD_PATIENCE = timedelta(minutes=3)
"""The same for one of high urgency."""

ENDING_PATIENCE = timedelta(days=1)
"""The same for one that says that a page is over."""

FOR_OTHERS = frozenset(
    {
        Occasion.PAGE,
        Occasion.REPEAT,
        Occasion.WORSE,
        Occasion.LAST_CHANCE,
        Occasion.DIGEST,
        Occasion.SUMMARY,
        Occasion.ALARM,
    }
)
"""What other people are told in place of those who cannot be reached. Nobody has to be woken by anything else."""

APART = frozenset({Occasion.DIGEST, Occasion.RESOLVED, Occasion.SUMMARY, Occasion.TEST})
"""What is never put together with others, however quiet it is."""

CHANGES = frozenset({Occasion.UPDATE})
"""What a newer one says too."""


def wait(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts in a row that failed, from 1."""
    doubled: int = 2 ** min(attempts - 1, 10)
    return min(FIRST * doubled, LONGEST)


def patience(notice: Notice) -> timedelta:
    """Return for how long a notice is tried, from its first attempt on."""
    if notice.occasion is Occasion.RESOLVED:
        return ENDING_PATIENCE
    return LOUD_PATIENCE if notice.urgency is Urgency.HIGH else PATIENCE


def is_collected(notice: Notice) -> bool:
    """Whether the notice waits for others of low urgency, to be told with them."""
    return notice.urgency is Urgency.LOW and notice.occasion not in APART


def next_try(posted: Posted, now: datetime, until: datetime | None) -> datetime | None:
    """Return when to try a notice again that was just tried in vain; None where patience is over by then.

    Args:
        posted: counts the attempt that failed.
        now: when it failed.
        until: before which the channel does not want to be asked; None where it named no moment.
    """
    at = max(now + wait(posted.attempts), until or now)
    return at if at - (posted.tried_at or now) <= patience(posted.notice) else None


def stand_in(chain: Chain | None, posted: Posted, event: Iterable[Posted]) -> Posted | None:
    """Return the same notice for another channel of its step, or of the chain where it is of none.

    After the last step it is those of the last chance. None where all of them carry it already. Its id follows from
    the notice's, so that it comes into being once however often it is asked for.

    Args:
        chain: its chain as it is now; None where that is gone.
        posted: the notice that a channel did not take.
        event: everything that was posted for the same event.
    """
    notice = posted.notice
    if chain is None or notice.occasion not in FOR_OTHERS:
        return None
    carry = {one.notice.channel for one in event if one.notice.event == notice.event} | {notice.channel}
    for name in _candidates(chain, notice.step):
        if name not in carry:
            return Posted(notice=moved_on(notice, name))
    return None


def _candidates(chain: Chain, step: int) -> Sequence[str]:
    if not 0 < step <= len(chain.steps):
        return chain.channels
    is_last = step == len(chain.steps)
    return (*chain.steps[step - 1].notify, *(chain.last_chance.notify if is_last else ()))


def taken(thread: Iterable[Posted], channel: str) -> list[Posted]:
    """Return what the channel has taken of these, in their order."""
    return [one for one in thread if one.notice.channel == channel and one.delivery is Delivery.SENT]


def joined(page: Page, notice: Notice, now: datetime) -> Page:
    """Return the page with the channel of a stand-in among those that were told: it hears how it goes on."""
    others = tuple(one for one in page.told if one.channel != notice.channel)
    fresh = Told(channel=notice.channel, generation=page.generation, at=now)
    return msgspec.structs.replace(page, told=(*others, fresh))


def heir(chain: Chain | None, page: Page | None, notice: Notice) -> Page | None:
    """Return the page as it is once nobody can be reached by this notice; None where nobody else will hear in its place.

    It is the page itself where a later step was taken already, or where it is over; else its next step is taken at
    once. Repeats tell the same people again, so that there is nothing to hasten after the last step.
    """
    if chain is None or page is None:
        return None
    if page.closed is not None or page.step > notice.step:
        return page
    if notice.step >= len(chain.steps):
        return None
    return msgspec.structs.replace(page, is_hurried=True)


def overtaken(before: Sequence[Posted], fresh: Sequence[Posted]) -> tuple[list[str], list[Posted]]:
    """Return the ids of notices that nobody needs any more, and which of the fresh ones are needed.

    Where a page is over, what still waits of it is never sent, and a channel that took nothing of it is not told that
    it is over. One that may have taken something is. Of several changes that wait, the newest says it all.

    Args:
        before: everything that was posted of one page.
        fresh: what is about to be posted of it.
    """
    dropped: list[str] = []
    needed: list[Posted] = []
    for one in fresh:
        here = [was for was in before if was.notice.channel == one.notice.channel]
        waiting = [was for was in here if was.delivery is Delivery.WAITING]
        match one.notice.occasion:
            case Occasion.RESOLVED:
                dropped += [was.notice.id for was in waiting if was.notice.occasion is not Occasion.RESOLVED]
                if any(was.attempts or was.delivery is Delivery.SENT for was in here):
                    needed.append(one)
            case Occasion.UPDATE:
                dropped += [was.notice.id for was in waiting if was.notice.occasion in CHANGES]
                needed.append(one)
            case _:
                needed.append(one)
    return list(dict.fromkeys(dropped)), needed
