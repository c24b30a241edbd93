"""Notices of low urgency that wait for one channel -> the one that is sent in their place, at most once an hour."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from agent.judge.quote import counted
from agent.model.chain import Urgency
from agent.model.escalation import MOST_ITEMS, Item, Notice, Occasion, Posted

APART = frozenset({Occasion.DIGEST, Occasion.RESOLVED, Occasion.SUMMARY, Occasion.TEST})
"""What is never put together with others."""

TITLES = 5
"""How many of the matters a digest names."""


def is_collected(posted: Posted) -> bool:
    """Whether the notice goes into a digest."""
    return posted.notice.urgency is Urgency.LOW and posted.notice.occasion not in APART


def digest(collected: Sequence[Posted], now: datetime) -> Posted | None:
    """Return what says all of these at once; None where there is nothing to put together.

    All of them wait for one channel, under one chain, the oldest first. Its id follows from theirs.
    """
    if len(collected) < 2:
        return None
    notices = [one.notice for one in collected]
    first = notices[0]
    ids = "\x1f".join(sorted(one.id for one in notices))
    name = sha256(ids.encode()).hexdigest()[:32]
    total = sum(one.total for one in notices)
    notice = Notice(
        id=name,
        page_id="",
        key=f"digest:{name}",
        channel=first.channel,
        chain=first.chain,
        event=f"digest:{name}",
        occasion=Occasion.DIGEST,
        urgency=Urgency.LOW,
        at=now,
        title=f"{counted(len(notices), 'matter', 'matters')} of low urgency within the last hour",
        words=_words(notices),
        items=most_urgent(item for one in notices for item in one.items),
        total=total,
        amount=sum(one.amount for one in notices),
        deadline=min((one.deadline for one in notices if one.deadline is not None), default=None),
    )
    return Posted(notice=notice, due=now)


def most_urgent(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return as many of the items as one notice carries, each once, the earliest deadline first."""
    newest = {item.action_id: item for item in items}
    return tuple(sorted(newest.values(), key=lambda one: (one.deadline, one.action_id))[:MOST_ITEMS])


def _words(notices: Sequence[Notice]) -> str:
    titles = [one.title for one in notices[:TITLES]]
    more = len(notices) - len(titles)
    return "; ".join([*titles, *([f"and {more:,} more"] if more else [])])
