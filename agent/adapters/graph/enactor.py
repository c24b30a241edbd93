"""Writing to Defender through Graph: remediation of mail, comments and tags of incidents."""

import re
from collections.abc import Sequence
from urllib.parse import unquote

from agent.adapters.graph.answers import PERMISSIONS, Answer, Call, first_line
from agent.adapters.graph.asking import Asking, is_incident_id
from agent.adapters.graph.client import Client
from agent.model.enactment import Effect, Outcome, Went
from agent.ports import Departing

_BULK_ID = re.compile(r'"bulkId"\s*:\s*\[\s*"([^"]{1,100})"')


class GraphEnactor:
    """Writes through Graph. Fulfils ports.Enactor.

    A soft deletion leaves at most once for each call made here: whoever counts departures repeats it. A
    comment or tag is repeated here after answers that say that nothing was done.
    """

    def __init__(self, client: Client, asking: Asking, *, has_analyzed_emails: bool) -> None:
        self._client = client
        self._asking = asking
        self._has_analyzed_emails = has_analyzed_emails

    @property
    def missing(self) -> str:
        """Return why mail cannot be remediated here, naming the permission; empty where it can."""
        if not self._has_analyzed_emails:
            return "this cloud cannot remediate mail through Graph (`analyzedEmails` is in the global cloud only)"
        permission = PERMISSIONS[Call.REMEDIATE]
        if permission in self._client.grants:
            return ""
        return f"{permission} is not granted to the app registration"

    async def soft_delete(self, effect: Effect, *, name: str, departing: Departing) -> Outcome:
        """Ask for the soft deletion of the effect's targets. `name` is what the Action center will show.

        Raises:
            Unavailable: definitely not applied.
        """
        if not self._has_analyzed_emails:
            return Outcome(
                went=Went.REFUSED,
                detail="this cloud cannot remediate mail through Graph: decide in the portal",
            )
        description = f"air-agent: effect {effect.id} of action {effect.action_id}"
        return await self._client.write(
            Call.REMEDIATE,
            lambda: self._asking.soft_delete(effect.targets, name=name, description=description),
            departing=departing,
            may_repeat=False,
            done=_accepted,
        )

    async def comment(self, incident_id: str, text: str, *, departing: Departing) -> Outcome:
        """Add one comment to the incident.

        Raises:
            Unavailable: definitely not applied.
        """
        if not is_incident_id(incident_id):
            return _no_such_id(incident_id)
        return await self._client.write(
            Call.COMMENT,
            lambda: self._asking.comment(incident_id, text),
            departing=departing,
            may_repeat=True,
            done=_answered_in_full,
        )

    async def tag(self, incident_id: str, tags: Sequence[str], *, departing: Departing) -> Outcome:
        """Replace the incident's custom tags, all of them.

        Raises:
            Unavailable: definitely not applied.
        """
        if not is_incident_id(incident_id):
            return _no_such_id(incident_id)
        return await self._client.write(
            Call.TAG,
            lambda: self._asking.tag(incident_id, tags),
            departing=departing,
            may_repeat=True,
            done=_answered_in_full,
        )


def bulk_id(location: str) -> str | None:
    """Return the Action center's id of a remediation from the portal's address that Graph answers with.

    It is the only trace of a remediation: there is no operation in Graph to ask for. Its braces and quotes
    come plain in the documentation, and may come percent-encoded.
    """
    found = _BULK_ID.search(unquote(location))
    return first_line(found.group(1)) if found else None


def _accepted(answer: Answer) -> Outcome:
    """Return what a good answer to `remediate` says: 202, no body, and where people can look it up."""
    found = bulk_id(answer.headers.get("location", ""))
    if answer.status == 202:
        detail = "accepted by Defender" if found else "accepted by Defender, without an id to look it up by"
    else:
        detail = f"answered {answer.status} where 202 is documented"
    return Outcome(went=Went.DONE, detail=detail, bulk_id=found)


def _answered_in_full(answer: Answer) -> Outcome:
    """Return what a good answer to a comment or tag says; an empty 200 is a proxy's, not Graph's."""
    if answer.status != 204 and not answer.body.strip():
        return Outcome(
            went=Went.UNKNOWN, detail=f"answered {answer.status} without the body that is documented"
        )
    return Outcome(went=Went.DONE, detail=f"answered {answer.status}")


def _no_such_id(incident_id: str) -> Outcome:
    return Outcome(went=Went.REFUSED, detail=f"`{first_line(incident_id)}` is not an incident's id")
