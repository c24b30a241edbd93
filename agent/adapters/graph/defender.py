"""Reading Defender through Graph: pages of incidents and alerts, one incident, and where mail is."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from kiota_abstractions.request_information import RequestInformation

from agent.adapters.graph import calls
from agent.adapters.graph.airlog import AirLog
from agent.adapters.graph.asking import Asking
from agent.adapters.graph.client import Client
from agent.adapters.graph.ids import is_incident_id
from agent.adapters.graph.mailbag import Mailbag
from agent.adapters.graph.pages import onward
from agent.adapters.graph.wire import Walked, alerts_page, incidents_page, one_incident
from agent.adapters.microsoft.answers import Answer, Call, first_line, whole
from agent.adapters.microsoft.caller import BadRequest, Failing, NotFound
from agent.model.air import AirRows
from agent.model.defender import Incident, Mail
from agent.model.errors import Malformed
from agent.model.page import Page

MOST_PAGES = 10_000
"""Pages in one walk; half a million incidents is more than any tenant has in eight days."""


class Steps:
    """Page sizes to try, and the one that has worked, kept for the process's life.

    The largest `$top` is not documented, and `$expand=alerts` answers 500 every time on some large
    tenants (elastic/integrations issue 18144): fewer at a time, and at last Graph's own choice.
    """

    def __init__(self, page_size: int) -> None:
        smaller = [20] if page_size > 20 else []
        self._sizes: tuple[int | None, ...] = (page_size, *smaller, None)
        self._works = 0

    def left(self) -> range:
        """Return the steps still to try, the one that worked last first."""
        return range(self._works, len(self._sizes))

    def size(self, step: int) -> int | None:
        """Return the page size of a step; None leaves it to Graph."""
        return self._sizes[step]

    def settle(self, step: int) -> None:
        """Remember that this step works."""
        self._works = step

    def step_down(self) -> None:
        """Begin the next walk with smaller pages."""
        self._works = min(self._works + 1, len(self._sizes) - 1)


class GraphDefender:
    """Defender as Graph shows it. Fulfils ports.Defender."""

    def __init__(
        self, client: Client, asking: Asking, mailbag: Mailbag, airlog: AirLog, *, page_size: int
    ) -> None:
        self._client = client
        self._asking = asking
        self._mailbag = mailbag
        self._airlog = airlog
        self._incident_steps = Steps(page_size)
        self._alert_steps = Steps(page_size)

    @property
    def can_hunt(self) -> bool:
        """Whether advanced hunting is granted."""
        return self._mailbag.can_hunt

    @property
    def resolves(self) -> int:
        """How many messages of one action can be looked up within the request budget."""
        return self._mailbag.resolves

    def incidents_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        """Give every incident last updated at or after `since` and before `until`, with alerts, page by page."""
        return self._walk(
            calls.LIST_INCIDENTS,
            self._incident_steps,
            lambda top: self._asking.incidents(since, until, top),
            self._asking.more_incidents,
            lambda answer: incidents_page(answer.body, is_partial=answer.status == 206),
        )

    def alerts_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        """Give every alert last updated at or after `since` and before `until`, page by page."""
        return self._walk(
            calls.LIST_ALERTS,
            self._alert_steps,
            lambda top: self._asking.alerts(since, until, top),
            self._asking.more_alerts,
            lambda answer: alerts_page(answer.body, is_partial=answer.status == 206),
        )

    async def incident(self, incident_id: str) -> Incident | None:
        """Return the incident as it is now, with alerts; None where there is none.

        Raises:
            Malformed: it came only in part: what is missing could be what matters.
        """
        if not is_incident_id(incident_id):
            raise Malformed(f"graph: `{first_line(incident_id)}` is not an incident's id")
        try:
            return await self._client.read(
                calls.READ_INCIDENT, lambda: self._asking.incident(incident_id), _whole_incident
            )
        except NotFound:
            return None

    async def mail(self, network_message_ids: Sequence[str]) -> Mail:
        """Return every copy of these messages and where it is now."""
        return await self._mailbag.look_up(network_message_ids)

    async def air_actions(self, since: datetime) -> AirRows:
        """Return what AIR wrote down of its actions at or after `since`."""
        return await self._airlog.since(since)

    async def _walk(
        self,
        call: Call,
        steps: Steps,
        first: Callable[[int | None], RequestInformation],
        more: Callable[[str], RequestInformation],
        take: Callable[[Answer], Walked],
    ) -> AsyncIterator[Page]:
        """Follow pages to their end, empty ones too."""
        page, link = await self._first_page(call, steps, first, take)
        yield page
        seen: set[str] = set()
        while link is not None:
            here = onward(self._client, call, link, seen, most=MOST_PAGES)
            try:
                page, link = await self._client.read(call, lambda link=here: more(link), take)  # type: ignore[misc]
            except Failing:
                steps.step_down()
                raise
            yield page

    async def _first_page(
        self,
        call: Call,
        steps: Steps,
        first: Callable[[int | None], RequestInformation],
        take: Callable[[Answer], Walked],
    ) -> Walked:
        """Return the first page, in the largest size that Graph takes."""
        *tries, last = steps.left()
        for step in tries:
            size = steps.size(step)
            try:
                walked = await self._client.read(call, lambda size=size: first(size), take)  # type: ignore[misc]
            except (BadRequest, Failing):
                continue
            steps.settle(step)
            return walked
        walked = await self._client.read(call, lambda: first(steps.size(last)), take)
        steps.settle(last)
        return walked


def _whole_incident(answer: Answer) -> Incident:
    return one_incident(whole(answer))
