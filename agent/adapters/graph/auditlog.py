"""Searching the audit for what AIR wrote down: a search is begun, runs for minutes, and is read when it has succeeded.

A tenant may begin 200 searches in 24 hours, so that who searches has to be sparing. Nothing in the tenant changes by one.

UNCONFIRMED: how `recordTypeFilters` spells the types (the schema's spelling is used, the page has another), whether searches
can be filtered by their names (they are gone through), and what `auditData` of AIR holds: its type declares no property. It
is read as AIR's own rows in hunting are, by the Management Activity API's schema of AIR; what is not there says nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kiota_abstractions.method import Method

from agent.adapters.graph import calls
from agent.adapters.graph.asking import moment
from agent.adapters.graph.client import Client
from agent.adapters.graph.ids import segment
from agent.adapters.graph.investigations import actions_of, in_order
from agent.adapters.graph.pages import onward, page_of
from agent.adapters.graph.plain import reading, writing
from agent.adapters.microsoft.answers import Answer, whole
from agent.adapters.microsoft.caller import NotFound
from agent.adapters.microsoft.json import parse
from agent.model.air import AirAction
from agent.model.audit_search import AuditFound, Searching
from agent.model.enactment import Outcome, Went
from agent.model.errors import Malformed, Refused

RECORD_TYPES = ("AirInvestigation", "AirManualInvestigation", "AirAdminActionInvestigation")
"""Record types 64, 86 and 89. Source: the schema of Graph, and the Management Activity API's."""

OVER = {"succeeded": Searching.SUCCEEDED, "failed": Searching.FAILED, "cancelled": Searching.FAILED}
"""Words of a search's `status`; every other one means that it is under way."""

MOST_SEARCHES = 20
"""Pages of searches that are gone through for a name."""

MOST_PAGES = 200
"""Pages of records that are read of one search."""

NAMED = 5
"""Problems that are told one by one."""


class GraphAuditLog:
    """The audit as Graph has it searched. Fulfils ports.AuditLog."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._url = f"{client.base_url}/security/auditLog/queries"

    def missing(self) -> str:
        """Return why the audit cannot be searched; empty where it can."""
        permission = calls.SEARCH_AUDIT.permission
        if permission in self._client.grants:
            return ""
        return f"the audit is not searched: grant {permission} to the app registration"

    async def search(self, name: str, since: datetime, until: datetime) -> str | None:
        """Begin a search, and return its id; None where nobody knows whether it began."""
        body = {
            "displayName": name,
            "filterStartDateTime": moment(since),
            "filterEndDateTime": moment(until),
            "recordTypeFilters": list(RECORD_TYPES),
        }
        begun: list[str] = []

        def done(answer: Answer) -> Outcome:
            begun.append(_id_of(_object(answer)))
            return Outcome(went=Went.DONE)

        outcome = await self._client.write(
            calls.SEARCH_AUDIT,
            lambda: writing(Method.POST, self._url, body),
            departing=_departing,
            may_repeat=True,
            done=done,
        )
        if outcome.went is Went.REFUSED:
            raise Refused(outcome.detail)
        return begun[0] if begun else None

    async def find(self, name: str) -> str | None:
        """Return the id of a search of this name; None where there is none."""
        seen: set[str] = set()
        link: str | None = self._url
        while link is not None:
            here = link
            records, link = await self._client.read(
                calls.LIST_SEARCHES,
                lambda: reading(here),  # noqa: B023  asked before the next page
                page_of,
            )
            for one in records:
                if one.get("displayName") == name:
                    return _id_of(one)
            if link is not None:
                link = onward(self._client, calls.LIST_SEARCHES, link, seen, most=MOST_SEARCHES)
        return None

    async def how_far(self, query_id: str) -> Searching:
        """Return how far a search has come; one that is not there any more has failed."""
        url = f"{self._url}/{segment(query_id)}"
        try:
            found = await self._client.read(calls.READ_SEARCH, lambda: reading(url), _object)
        except NotFound:
            return Searching.FAILED
        return OVER.get(str(found.get("status")), Searching.UNDER_WAY)

    async def found(self, query_id: str) -> AuditFound:
        """Return what a search that succeeded has found, as far as it is of AIR and can be read."""
        actions: dict[tuple[str, datetime], AirAction] = {}
        problems: list[str] = []
        count = pages = 0
        seen: set[str] = set()
        link: str | None = f"{self._url}/{segment(query_id)}/records"
        while link is not None and pages < MOST_PAGES:
            here = link
            records, link = await self._client.read(
                calls.LIST_RECORDS,
                lambda: reading(here),  # noqa: B023  asked before the next page
                page_of,
            )
            pages += 1
            count += len(records)
            for record in filter(_is_of_air, records):
                actions.update({(one.id, one.at): one for one in actions_of(_row(record), problems)})
            if link is not None:
                link = onward(self._client, calls.LIST_RECORDS, link, seen, most=MOST_PAGES)
        if link is not None:
            problems.insert(0, f"only {count:,} records of an audit search are read: there are more")
        return AuditFound(actions=in_order(actions.values()), records=count, unreadable=_told(problems))


async def _departing() -> None:
    """Let it leave: nothing in the tenant changes by it."""


def _object(answer: Answer) -> Mapping[str, Any]:
    found = parse(whole(answer))
    if not isinstance(found, dict):
        raise Malformed("the answer is not a JSON object")
    return found


def _id_of(search: Mapping[str, Any]) -> str:
    found = search.get("id")
    if not isinstance(found, str) or not found:
        raise Malformed("a search has no `id`")
    return found


def _is_of_air(record: Mapping[str, Any]) -> bool:
    """Whether a record is of AIR; one that does not say what it is of may be."""
    kind = record.get("auditLogRecordType")
    return kind is None or str(kind).casefold() in {name.casefold() for name in RECORD_TYPES}


def _row(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record as a row of hunting has it."""
    return {"timestamp": record.get("createdDateTime"), "record": record.get("auditData")}


def _told(problems: list[str]) -> tuple[str, ...]:
    more = len(problems) - NAMED
    return (*problems[:NAMED], *((f"and {more} more such records of the audit",) if more > 0 else ()))
