"""Doing something with messages wherever they lie: `analyzedEmails/remediate`."""

import re
from urllib.parse import unquote

from agent.adapters.graph import calls
from agent.adapters.graph.asking import Asking
from agent.adapters.graph.client import Client
from agent.adapters.graph.pages import page_of
from agent.adapters.graph.sdk import RemediationAction
from agent.adapters.microsoft.answers import Answer, first_line
from agent.model.enactment import Effect, EffectKind, Outcome, Went
from agent.ports.defender import Departing

_BULK_ID = re.compile(r'"bulkId"\s*:\s*\[\s*"([^"]{1,100})"')

_ACTIONS = {
    EffectKind.SOFT_DELETE: RemediationAction.SoftDelete,
    EffectKind.MOVE_TO_INBOX: RemediationAction.MoveToInbox,
    EffectKind.MOVE_TO_JUNK: RemediationAction.MoveToJunk,
    EffectKind.MOVE_TO_DELETED_ITEMS: RemediationAction.MoveToDeletedItems,
}


class Remediation:
    """Sends remediations of mail. One leaves at most once for each call made here: whoever counts departures repeats it."""

    def __init__(self, client: Client, asking: Asking) -> None:
        self._client = client
        self._asking = asking

    async def look(self) -> None:
        """Ask for any one record."""
        await self._client.read(calls.READ_MAIL, self._asking.any_analyzed_email, page_of)

    async def send(self, effect: Effect, *, name: str, description: str, departing: Departing) -> Outcome:
        """Ask for the effect on all of its copies. `name` is what the Action center will show.

        Raises:
            Unavailable: definitely not applied.
        """
        if not effect.targets:
            return Outcome(went=Went.REFUSED, detail="there is no message in this effect")
        return await self._client.write(
            calls.REMEDIATE,
            lambda: self._asking.remediate(
                effect.targets,
                _ACTIONS[effect.kind],
                senders_copy=effect.senders_copy,
                name=name,
                description=description,
            ),
            departing=departing,
            may_repeat=False,
            done=_accepted,
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
