"""Going through the history, action by action, to compare and to report.

A part at a time is read, so that others get their turn at the ledger, and no more than a part is kept however long the
history is.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import groupby
from operator import attrgetter

from agent.judge.report.compare import Both, comparisons
from agent.judge.report.counting import Counting
from agent.judge.report.grouping import chosen
from agent.model.history import Stretch
from agent.model.report import Asked, Compared, Report, Standing
from agent.ports.archive import Archive

AT_ONCE = 800
"""Actions read at a time: some tens of milliseconds."""


async def make_report(
    archive: Archive,
    asked: Asked,
    *,
    progress: Callable[[int, int], None] | None = None,
    each: Callable[[Compared], None] | None = None,
    at_once: int = AT_ONCE,
) -> Report:
    """Return what is asked for, from the whole history.

    Args:
        archive: whose history it is.
        asked: what it is about.
        progress: told now and then how many decisions were gone through, and of how many.
        each: told of every life that is reported, by the action's id, and of each action oldest first.
        at_once: actions read at a time; the report is the same whatever it is.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    counting = Counting(asked)
    async for one in compared(archive, asked, counting=counting, progress=progress, at_once=at_once):
        if each is not None:
            each(one)
    return counting.report()


async def compared(
    archive: Archive,
    asked: Asked,
    *,
    standing: Standing | None = None,
    counting: Counting | None = None,
    progress: Callable[[int, int], None] | None = None,
    at_once: int = AT_ONCE,
) -> AsyncIterator[Compared]:
    """Give every life that such a report counts, or those that stand so, in the same order.

    `counting` counts all of them on the way, so that whoever writes them one by one has the report in the end too.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    of = await archive.length() if progress is not None else 0
    done = 0
    async for part in _parts(archive, asked, at_once):
        for both in _lives(part):
            one = chosen(both, asked) if counting is None else counting.take(both)
            if one is not None and (standing is None or one.standing is standing):
                yield one
        done += part.passed
        if progress is not None:
            progress(min(done, of) if part.last is not None else of, of)


async def _parts(archive: Archive, asked: Asked, at_once: int) -> AsyncIterator[Stretch]:
    after: str | None = ""
    while after is not None:
        part = await archive.by_action(since=asked.since, after=after, limit=at_once)
        yield part
        after = part.last


def _lives(part: Stretch) -> Iterator[Both]:
    for action_id, rows in groupby(part.decided, key=attrgetter("action_id")):
        known = part.truths.get(action_id, ())
        yield from comparisons(rows, known, is_moved=action_id in part.moved)
