"""The report of a day or a week as it is sent: its figures for everybody, and the whole of it with a mail."""

from agent.adapters.ledger.ledger import SqlLedger
from agent.compose import ReporterOf
from agent.judge.derive import derived
from agent.judge.scheduled import by_hand
from agent.model.chain import Urgency
from agent.model.escalation import Attached, Notice, Occasion
from agent.model.report import Asked
from agent.model.schedule import Period, Schedule
from agent.ports.reporting import Reporter
from agent.settings.subjects import Settings


def reporter_of(settings: Settings) -> ReporterOf:
    """Return what makes reports of a ledger, as it is asked for by whoever sends them."""

    def of(ledger: SqlLedger) -> Reporter:
        async def make(schedule: Schedule, period: Period) -> Notice:
            return await _made(settings, ledger, schedule, period)

        return make

    return of


async def _made(settings: Settings, ledger: SqlLedger, schedule: Schedule, period: Period) -> Notice:
    from agent.faces.report.figures import in_short  # noqa: PLC0415  what draws a report is slow to import, and rarely needed
    from agent.faces.report.making import PAGE, made  # noqa: PLC0415  the same

    asked = Asked(
        tenant_id=settings.tenant.id,
        tenant_name=settings.tenant.name or "",
        since=period.since,
        until=period.until,
        enough=schedule.enough,
    )
    again = by_hand(period)
    found = await made(ledger, ledger.archive, asked, PAGE, again=again)
    event = derived("report", period.name)
    whose = settings.tenant.name or settings.tenant.id
    return Notice(
        id=derived(event, schedule.channel),
        page_id="",
        key=f"report:{period.name}",
        channel=schedule.channel,
        chain="",
        event=event,
        occasion=Occasion.REPORT,
        urgency=Urgency.NORMAL,
        at=period.due,
        title=f"{whose}, {period.name}: what policies would have done, and what people did",
        words=f"From {found.outline.window}. All of it: {again}",
        figures=in_short(found.report),
        link=f"{settings.web_url()}/overview" if settings.web.url is not None else None,
        attached=Attached(name=f"air-agent-report-{period.name}.html", subtype="html", text=found.page),
    )
