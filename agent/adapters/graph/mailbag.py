"""Looking mail up: by hunting where it is granted, one message at a time where it is not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.adapters.graph import analyzed, calls, hunting
from agent.adapters.graph.asking import Asking
from agent.adapters.graph.clicks import TABLE, is_click
from agent.adapters.graph.client import Client
from agent.adapters.graph.copies import Found, Unreadable, sorted_out
from agent.adapters.graph.pages import onward
from agent.adapters.graph.wire import records_of
from agent.adapters.microsoft.answers import Answer, whole
from agent.adapters.microsoft.caller import BadRequest, NotFound, Oversized
from agent.model.defender import Mail, MailMessage
from agent.ports.host import Clock

HUNTING = calls.HUNT.permission
AS_MANY_AS_NEEDED = 1_000_000
MOST_PAGES = 1_000
NOTHING = Found((), ())
CLICKS_AGAIN = timedelta(hours=1)
"""How long clicks are not asked for after Graph said that there is no such table."""


class Mailbag:
    """Resolves messages to their copies: who has one, and where it is now."""

    def __init__(
        self, client: Client, asking: Asking, clock: Clock, *, has_analyzed_emails: bool, per_action: int
    ) -> None:
        self._client = client
        self._asking = asking
        self._clock = clock
        self._has_analyzed_emails = has_analyzed_emails
        self._per_action = per_action
        self._clicks_from = datetime.min.replace(tzinfo=UTC)

    @property
    def can_hunt(self) -> bool:
        """Whether advanced hunting is granted, by the token that is in use."""
        return HUNTING in self._client.grants

    @property
    def resolves(self) -> int:
        """How many messages of one action can be looked up within the request budget."""
        if self.can_hunt:
            return AS_MANY_AS_NEEDED
        return self._per_action if self._has_analyzed_emails else 0

    async def look_up(self, network_message_ids: Sequence[str]) -> Mail:
        """Return every copy of these messages, and which messages nothing is known of."""
        spelled: dict[str, set[str]] = {}
        strange: set[str] = set()
        for one in network_message_ids:
            if hunting.is_message_id(one):
                spelled.setdefault(one.lower(), set()).add(one)
            else:
                strange.add(one)
        copies, missing, whys = await self._resolve(list(spelled))
        if strange:
            whys.append(f"{len(strange)} ids are not ids of messages")
        unresolved = strange.union(*(spelled[one] for one in missing))
        return Mail(messages=tuple(copies), unresolved=frozenset(unresolved), why="; ".join(whys))

    async def _resolve(self, ids: list[str]) -> tuple[list[MailMessage], set[str], list[str]]:
        """Return copies, messages that are unresolved, and why."""
        if not ids:
            return [], set(), []
        if not self.can_hunt and not self._has_analyzed_emails:
            return [], set(ids), ["hunting is not granted, and this cloud has no `analyzedEmails`"]
        copies: list[MailMessage] = []
        missing: set[str] = set()
        whys: list[str] = []
        step = hunting.CHUNK if self.can_hunt else 1
        source = "`EmailEvents`" if self.can_hunt else "`analyzedEmails`"
        chunks = [ids[start : start + step] for start in range(0, len(ids), step)]
        while chunks:
            asked = chunks.pop(0)
            found, why = await self._hunt(asked) if self.can_hunt else (await self._analyzed(asked[0]), "")
            if why and len(asked) > 1:
                # One huge cluster must not make all others unknown that were asked for with it.
                chunks[:0] = [asked[: len(asked) // 2], asked[len(asked) // 2 :]]
                continue
            lost = set(asked) if why else _lost(asked, found)
            missing |= lost
            copies += [copy for copy in found.copies if copy.network_message_id.lower() not in lost]
            whys += [why] if why else sorted({one.why for one in found.unreadable}) if lost else []
        absent = set(ids) - missing - {copy.network_message_id.lower() for copy in copies}
        if absent:
            whys.append(f"no row in {source} for {len(absent)} of {len(ids)} messages")
        return copies, missing | absent, whys

    async def _hunt(self, ids: list[str]) -> tuple[Found, str]:
        """Return the copies of these messages, or none of them and why they are too many for one answer.

        Where it cannot be had with the clicks, it is asked for without them: a licence may lack their table, and
        they must not make mail unknown that is known without them.
        """
        has_clicks = self._clock.now() >= self._clicks_from
        try:
            rows, why = await self._rows(ids, clicks=has_clicks)
        except BadRequest as error:
            if not has_clicks:
                raise
            rows, why = await self._rows(ids, clicks=False)
            has_clicks = False
            if TABLE.lower() in str(error).lower():
                self._clicks_from = self._clock.now() + CLICKS_AGAIN
        if why and has_clicks and len(ids) == 1 and (not rows or any(map(is_click, rows))):
            rows, why = await self._rows(ids, clicks=False)
            has_clicks = False
        return (NOTHING, why) if why else (hunting.copies_of(rows, clicks=has_clicks), "")

    async def _rows(self, ids: list[str], *, clicks: bool) -> tuple[list[dict[str, Any]], str]:
        """Return the rows of one answer; and why they are not all, where they are more than an answer holds."""
        query = hunting.query(ids, clicks=clicks)
        try:
            rows = await self._client.read(calls.HUNT, lambda: self._asking.hunt(query), _rows)
        except Oversized:
            return [], f"the copies of {len(ids)} messages are more than one answer holds"
        if len(rows) >= hunting.MOST_ROWS:
            return rows, f"more than {hunting.MOST_ROWS} copies of {len(ids)} messages"
        return rows, ""

    async def _analyzed(self, message_id: str) -> Found:
        copies: list[MailMessage | Unreadable] = []
        asked = self._clock.now()
        try:
            records, link = await self._client.read(
                calls.READ_MAIL, lambda: self._asking.analyzed_emails(message_id, asked), _records
            )
            seen: set[str] = set()
            while True:
                copies += [analyzed.message_of(record) for record in records]
                if link is None:
                    return sorted_out(copies)
                here = onward(self._client, calls.READ_MAIL, link, seen, most=MOST_PAGES)
                records, link = await self._client.read(
                    calls.READ_MAIL,
                    lambda link=here: self._asking.more_analyzed_emails(link),  # type: ignore[misc]
                    _records,
                )
        except NotFound:
            return NOTHING


def _rows(answer: Answer) -> list[dict[str, Any]]:
    return hunting.rows_of(whole(answer))


def _records(answer: Answer) -> tuple[list[object], str | None]:
    return records_of(whole(answer))


def _lost(asked: list[str], found: Found) -> set[str]:
    """Return the messages of which a row cannot be read: all, where a row does not say which it is of."""
    named = {one.message_id.lower() if one.message_id is not None else None for one in found.unreadable}
    return set(asked) if None in named else set(asked) & named
