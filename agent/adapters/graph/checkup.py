"""Harmless reads by which it is seen what works here: each asks for next to nothing, and changes nothing.

Whether the unified audit log is on, no call of Graph says. What shows is whether `CloudAppEvents` has rows: it is fed from
that log by the Microsoft 365 connector of Defender for Cloud Apps. That an empty table means that one of both is off, and
how soon it fills after they were turned on, is UNCONFIRMED.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from agent.adapters.graph import calls, hunting, investigations
from agent.adapters.graph.asking import Asking
from agent.adapters.graph.client import Client
from agent.adapters.graph.pages import page_of
from agent.adapters.graph.plain import reading
from agent.adapters.graph.remediation import Remediation
from agent.adapters.graph.wire import records_of
from agent.adapters.microsoft.answers import Answer, whole
from agent.adapters.microsoft.caller import BadRequest
from agent.model.checkup import Read

NOBODY = "00000000-0000-0000-0000-000000000000"
"""The id of a message that nobody has."""

FEW = 10
"""Incidents that are read: enough to see words."""

_RECENT = "CloudAppEvents | where Timestamp > ago(7d) | project Timestamp | take 1"


class GraphCheckup:
    """Raises Unavailable, Refused or Malformed where an answer says so, and nothing else."""

    def __init__(self, client: Client, asking: Asking, remediation: Remediation) -> None:
        self._client = client
        self._asking = asking
        self._remediation = remediation

    async def incidents(self, since: datetime) -> Read:
        """Return what the first few incidents show that were updated at or after this moment."""
        try:
            return await self._incidents(since, FEW)
        except BadRequest:
            return await self._incidents(since, None)  # some tenants refuse `$top`

    async def mail(self) -> None:
        """Ask for one record of `analyzedEmails`, whichever it is: a licence is missing where that is forbidden."""
        await self._remediation.look()

    async def hunts_mail(self, *, clicks: bool) -> None:
        """Ask hunting for a message that nobody has; with its clicks, which have a table of their own."""
        await self._hunt(hunting.query([NOBODY], clicks=clicks))

    async def hunts_audit(self) -> bool:
        """Whether hunting has anything of the last week that came from the unified audit log.

        Raises:
            BadRequest: there is no such table.
        """
        return bool(await self._hunt(_RECENT))

    async def hunts_air(self, since: datetime) -> bool:
        """Whether hunting has anything that AIR wrote down since then."""
        return bool(await self._hunt(investigations.query(since, 1)))

    async def searches_audit(self) -> int:
        """Return how many searches of the audit there are; none is begun."""
        url = f"{self._client.base_url}/security/auditLog/queries"
        records, _ = await self._client.read(calls.LIST_SEARCHES, lambda: reading(url), page_of)
        return len(records)

    async def _incidents(self, since: datetime, top: int | None) -> Read:
        return await self._client.read(
            calls.LIST_INCIDENTS, lambda: self._asking.incidents(since, None, top), _read
        )

    async def _hunt(self, query: str) -> list[dict[str, Any]]:
        return await self._client.read(
            calls.HUNT, lambda: self._asking.hunt(query), lambda answer: hunting.rows_of(whole(answer))
        )


def _read(answer: Answer) -> Read:
    records, _ = records_of(answer.body)
    incidents = [one for one in records if isinstance(one, dict)]
    alerts = [alert for one in incidents for alert in _listed(one, "alerts")]
    evidence = [each for one in alerts for each in _listed(one, "evidence")]
    return Read(
        incidents=len(incidents),
        tenants=frozenset(one.lower() for one in _texts([*incidents, *alerts], "tenantId")),
        statuses=frozenset(_texts(evidence, "remediationStatus")),
        is_whole=answer.status != 206,
    )


def _listed(record: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = record.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _texts(records: list[dict[str, Any]], name: str) -> Iterator[str]:
    for one in records:
        found = one.get(name)
        if isinstance(found, str) and found:
            yield found
