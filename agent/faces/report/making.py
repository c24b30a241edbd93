"""A report from the ledger: its numbers, what it says, and its charts, in one pass through the history."""

from collections.abc import Callable

import msgspec

from agent.faces.charts import Chart
from agent.faces.report.drawn import charts
from agent.faces.report.looser import Newest, looked_up
from agent.faces.report.outline import Outline, outlined
from agent.faces.report.page import page
from agent.judge.parse import parse_set
from agent.loop.comparing import make_report
from agent.model.errors import PolicyError
from agent.model.report import Asked, Report
from agent.ports.archive import Archive
from agent.ports.ledger import Ledger

Progress = Callable[[int, int], None]


class Most(msgspec.Struct, frozen=True):
    """How many of the looser ones, and how many rows of each table, are shown; None for all."""

    looser: int | None
    rows: int | None


PAGE = Most(looser=500, rows=200)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A report, and what it says."""

    report: Report
    outline: Outline

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Its charts."""
        return charts(self.report)

    @property
    def page(self) -> str:
        """All of it as one file of HTML."""
        return page(self.outline, self.charts)


async def made(
    ledger: Ledger,
    archive: Archive,
    asked: Asked,
    most: Most,
    *,
    again: str,
    progress: Progress | None = None,
) -> Made:
    """Return the report that is asked for.

    Args:
        ledger: where sets of policies are kept.
        archive: whose history it is.
        asked: what it is about.
        most: how much of it is shown.
        again: the command that gives the same once more.
        progress: told now and then how many decisions were gone through, and of how many.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    newest = Newest(most.looser)
    report = await make_report(archive, asked, progress=progress, each=newest.take)
    outline = outlined(
        report,
        await looked_up(archive, newest.found(), asked.lens),
        again=again,
        rows=most.rows,
        observing=await observing(ledger, report),
    )
    return Made(report=report, outline=outline)


async def observing(ledger: Ledger, report: Report) -> frozenset[str] | None:
    """Return the policies that only observed in the last set that decided in the window; None where that is not known."""
    if not report.revisions:
        return None
    kept = await ledger.kept_set(report.revisions[-1])
    if kept is None:
        return None
    try:
        found = parse_set(kept.files, is_past=True)
    except PolicyError:
        # An older set that this version does not read any more says nothing of how its policies stood.
        return None
    return frozenset(
        one.name for one in found.policies if not one.enforces_somewhere(enforces_observers=False)
    )
