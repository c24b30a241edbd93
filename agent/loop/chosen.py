"""Defender with some incidents only: what the loop does with those, and nothing else."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from agent.loop.poll import surviving
from agent.model.defender import Incident, Mail
from agent.ports import Page, World


class Chosen:
    """Shows these incidents, or those they were merged into, however long ago they changed. Fulfils ports.Defender.

    `missing` has those that Graph does not show.
    """

    def __init__(self, world: World, incident_ids: Sequence[str]) -> None:
        self._world = world
        self._ids = tuple(dict.fromkeys(incident_ids))
        self.missing: list[str] = []

    @property
    def can_hunt(self) -> bool:
        """Whether advanced hunting is granted."""
        return self._world.defender.can_hunt

    @property
    def resolves(self) -> int:
        """How many messages of one action can be looked up within the request budget."""
        return self._world.defender.resolves

    async def incidents_since(self, since: datetime) -> AsyncIterator[Page]:  # noqa: ARG002  they are named
        """Give each chosen incident as it is now."""
        for incident_id in self._ids:
            incident = await surviving(self._world, incident_id)
            if incident is None:
                self.missing.append(incident_id)
            else:
                yield Page(incidents=(incident,))

    def alerts_since(self, since: datetime) -> AsyncIterator[Page]:
        """Give every alert last updated at or after `since`, page by page."""
        return self._world.defender.alerts_since(since)

    async def incident(self, incident_id: str) -> Incident | None:
        """Return the incident as it is now."""
        return await self._world.defender.incident(incident_id)

    async def mail(self, network_message_ids: Sequence[str]) -> Mail:
        """Return every copy of these messages and where it is now."""
        return await self._world.defender.mail(network_message_ids)
