"""Reading what AIR wrote down, through advanced hunting: page by page, oldest first."""

from datetime import UTC, datetime, timedelta
from typing import Any

from agent.adapters.graph import calls
from agent.adapters.graph.asking import Asking
from agent.adapters.graph.client import Client
from agent.adapters.graph.hunting import rows_of
from agent.adapters.graph.investigations import TABLE, actions_of, in_order, query, written_at
from agent.adapters.graph.mailbag import HUNTING
from agent.adapters.microsoft.answers import Answer, whole
from agent.adapters.microsoft.caller import BadRequest, Oversized
from agent.model.air import AirAction, AirRows
from agent.ports.host import Clock

SIZES = (100, 10, 1)
"""Rows of one answer, and how many are asked for where an answer is larger than is taken."""

MOST_PAGES = 200
"""Pages of one look; what follows is read with the next, since rows come oldest first."""

AGAIN = timedelta(hours=1)
"""How long nothing is asked for after Graph said that there is no such table."""

NAMED = 5
"""Problems that are told one by one."""

UNGRANTED = f"AIR's own rows are not read: grant {HUNTING} to the app registration"
NO_TABLE = f"AIR's own rows are not read: there is no table `{TABLE}`: connect Microsoft 365 to Defender for Cloud Apps"
OPEN = "what the evidence leaves open stays `unknown`"


class AirLog:
    """AIR's records of its investigations, as hunting has them."""

    def __init__(self, client: Client, asking: Asking, clock: Clock) -> None:
        self._client = client
        self._asking = asking
        self._clock = clock
        self._from = datetime.min.replace(tzinfo=UTC)

    async def since(self, since: datetime) -> AirRows:
        """Return every action that was written down at or after this moment, oldest first."""
        if HUNTING not in self._client.grants:
            return AirRows(why=f"{UNGRANTED}; {OPEN}")
        if self._clock.now() < self._from:
            return AirRows(why=f"{NO_TABLE}; {OPEN}")
        try:
            return await self._walk(since)
        except BadRequest as error:
            if TABLE.lower() not in str(error).lower():
                raise
            self._from = self._clock.now() + AGAIN
            return AirRows(why=f"{NO_TABLE}; {OPEN}")

    async def _walk(self, since: datetime) -> AirRows:
        found: dict[tuple[str, datetime], AirAction] = {}
        problems: dict[str, None] = {}
        for _ in range(MOST_PAGES):
            rows, size = await self._page(since)
            told: list[str] = []
            for row in rows:
                found.update({(one.id, one.at): one for one in actions_of(row, told)})
            problems.update(dict.fromkeys(told))
            if len(rows) < size:
                break
            last = max((at for at in map(written_at, rows) if at is not None), default=None)
            # Where a whole page is of one moment, others of that moment cannot be told from those that were read.
            step = since + timedelta(microseconds=1)
            if last is None or last <= since:
                problems[f"{size} rows or more of AIR's are of one moment: not all of them are read"] = None
            since = max(last or step, step)
        return AirRows(actions=in_order(found.values()), unreadable=_told(list(problems)))

    async def _page(self, since: datetime) -> tuple[list[dict[str, Any]], int]:
        """Return the oldest rows, and how many were asked for."""
        *larger, least = SIZES
        for size in larger:
            try:
                return await self._rows(since, size), size
            except Oversized:
                continue
        return await self._rows(since, least), least

    async def _rows(self, since: datetime, size: int) -> list[dict[str, Any]]:
        asked = query(since, size)
        return await self._client.read(calls.HUNT, lambda: self._asking.hunt(asked), _whole)


def _whole(answer: Answer) -> list[dict[str, Any]]:
    return rows_of(whole(answer))


def _told(problems: list[str]) -> tuple[str, ...]:
    more = len(problems) - NAMED
    return (*problems[:NAMED], *((f"and {more} more such records of AIR's",) if more > 0 else ()))
