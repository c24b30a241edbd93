"""What is written to incidents and alerts for people: comments, tags, and what an alert was concluded to be.

Each is repeated here after answers that say that nothing was done: it destroys nothing.
"""

from collections.abc import Callable, Sequence

from kiota_abstractions.request_information import RequestInformation

from agent.adapters.graph import calls
from agent.adapters.graph.asking import Asking
from agent.adapters.graph.client import Client
from agent.adapters.graph.ids import is_alert_id, is_incident_id
from agent.adapters.microsoft.answers import Call, answered_in_full, first_line
from agent.model.decision import Classification
from agent.model.enactment import Outcome, Went
from agent.ports.defender import Departing


class Notes:
    """Writes notes. Each raises Unavailable where it was definitely not applied."""

    def __init__(self, client: Client, asking: Asking) -> None:
        self._client = client
        self._asking = asking

    async def comment(self, incident_id: str, text: str, *, departing: Departing) -> Outcome:
        """Add one comment to the incident."""
        if not is_incident_id(incident_id):
            return _no_such("an incident", incident_id)
        return await self._write(calls.COMMENT, lambda: self._asking.comment(incident_id, text), departing)

    async def tag(self, incident_id: str, tags: Sequence[str], *, departing: Departing) -> Outcome:
        """Replace the incident's custom tags, all of them."""
        if not is_incident_id(incident_id):
            return _no_such("an incident", incident_id)
        return await self._write(calls.TAG, lambda: self._asking.tag(incident_id, tags), departing)

    async def comment_alert(self, alert_id: str, text: str, *, departing: Departing) -> Outcome:
        """Add one comment to the alert."""
        if not is_alert_id(alert_id):
            return _no_such("an alert", alert_id)
        return await self._write(
            calls.COMMENT_ALERT, lambda: self._asking.comment_alert(alert_id, text), departing
        )

    async def classify_alert(
        self, alert_id: str, classification: Classification, *, departing: Departing
    ) -> Outcome:
        """Give the alert this classification and determination, both."""
        if not is_alert_id(alert_id):
            return _no_such("an alert", alert_id)
        return await self._write(
            calls.CLASSIFY_ALERT, lambda: self._asking.classify_alert(alert_id, classification), departing
        )

    async def _write(
        self, call: Call, ask: Callable[[], RequestInformation], departing: Departing
    ) -> Outcome:
        return await self._client.write(
            call, ask, departing=departing, may_repeat=True, done=answered_in_full
        )


def _no_such(what: str, text: str) -> Outcome:
    return Outcome(went=Went.REFUSED, detail=f"`{first_line(text)}` is not {what}'s id")
