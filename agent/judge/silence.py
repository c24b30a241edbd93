"""When no news is bad news: a source that has gone silent, gives empty answers, or cannot be read.

A permission that was narrowed, a filter that matches nothing any more, or a Defender that fails quietly all look like a calm
day. Three things tell them apart from one:

* The newest incident is always asked for again (`overlap`), and an answer without it is not an honest one: `is_blank`.
  It may be gone for good only when Defender forgets it, after months.
* News of incidents come with a rhythm of nights and weekends. The longest pause in the two weeks before the last ones is
  what is usual: not a mean, which every Saturday would exceed. Twice as long is not (`silence`). A source that has not been
  heard for a whole week, or hardly ever, has no rhythm yet, and nothing is said of it.
* What cannot be read to its end says nothing at all, and after an hour people have to know: `unread`.

Every threshold lies well within the week that a pending action lives.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from agent.judge.quote import moment, span

WINDOW = timedelta(days=14)
"""How far back before the last news pauses are looked at: two weekends."""

SPAN = timedelta(days=7)
"""How long a source must have been heard within that: each day of the week."""

LEAST = 10
"""In how many hours at least it must have been heard within that to say that it always was."""

FACTOR = 2
"""How many times the longest pause one may last. With news by chance, one an hour in the mean, it would be passed once in
several years; a pause of one and a half times once in a year."""

SHORTEST, LONGEST = timedelta(hours=6), timedelta(days=4)
"""Within which the threshold lies: shorter pauses happen; longer ones leave too little of a pending action's week."""

USUAL = timedelta(days=3)
"""The longest pause of a source that is said to be heard always: a weekend, and a day."""

BLANK = timedelta(hours=1)
"""How long answers must have lacked what they had before."""

POLLS = 3
"""How many of them at least."""

KEPT = timedelta(days=60)
"""How old the newest incident may be while its absence says something: Defender keeps incidents for 180 days."""

UNREAD = timedelta(hours=1)
"""How long Defender may not have been read to the end. It asks for patience of minutes."""

CHECK = (
    "check that the agent's permissions and its access to incidents were not narrowed, that the portal shows newer "
    "incidents than this, and the health of Microsoft Defender XDR in the admin center"
)


def longest_pause(seen: Sequence[datetime]) -> timedelta | None:
    """Return the longest pause that is usual; None where a source has no rhythm yet, or is not always heard.

    Args:
        seen: when news were saved, oldest first, each moment once.
    """
    recent = [one for one in seen if seen[-1] - one <= WINDOW]
    hours = {one.replace(minute=0, second=0, microsecond=0) for one in recent}
    if len(hours) < LEAST or recent[-1] - recent[0] < SPAN:
        return None
    longest = max(after - before for before, after in pairwise(recent))
    return longest if longest <= USUAL else None


def threshold(longest: timedelta) -> timedelta:
    """Return how long nothing may come where the longest usual pause is this one."""
    return min(max(FACTOR * longest, SHORTEST), LONGEST)


def silence(seen: Sequence[datetime], now: datetime) -> str:
    """Return in words that news have not come for longer than is usual; empty where they have, or nothing is usual.

    Args:
        seen: when news of incidents were saved, oldest first, each moment once, from `WINDOW` before the last one on.
        now: when Defender was last read to the end without any.
    """
    longest = longest_pause(seen)
    if longest is None or now - seen[-1] <= threshold(longest):
        return ""
    usual = f"in the two weeks before they never stayed away for longer than {span(longest)}"
    return f"no news of incidents have come since {moment(seen[-1])}, and {usual}: {CHECK}"


def is_blank(cursor: datetime | None, shown: int, now: datetime) -> bool:
    """Whether an answer lacks what it must have: at least the newest incident that was seen, asked for again.

    Args:
        cursor: the newest incident's last update, before this poll; None where there never was one.
        shown: how many incidents the whole answer has.
        now: when it was asked.
    """
    return cursor is not None and shown == 0 and now - cursor <= KEPT


def blank(since: datetime, polls: int, cursor: datetime, now: datetime) -> str:
    """Return in words that answers are empty that cannot be; empty as long as that may be a moment's weakness.

    Args:
        since: when the first such answer came.
        polls: how many came in a row.
        cursor: the newest incident's last update.
        now: when the last one came.
    """
    if polls < POLLS or now - since < BLANK:
        return ""
    return (
        f"Defender answers without any incident since {moment(since)}, not even the one of {moment(cursor)} that it had "
        f"shown before: {CHECK}"
    )


def unread(since: datetime, now: datetime, why: str) -> str:
    """Return in words that Defender has not been read to the end for long; empty where that is not so yet.

    Args:
        since: when it was last, or when the agent began.
        now: the moment.
        why: what was last wrong, in words; may be empty.
    """
    if now - since <= UNREAD:
        return ""
    said = f": {why}" if why else ""
    return f"Defender has not been read to the end since {moment(since)}: what it proposes meanwhile is not seen{said}"
