"""Telling people on call: what is on pages and in the outbox, and the channels that carry it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from agent.model.channel import Channel
from agent.model.enactment import State
from agent.model.escalation import Heard, Notice, Page, Posted, Receipt


class Pages(Protocol):
    """The pages and the outbox of one ledger. Every write is durable when its call returns.

    Raises LedgerError where the ledger cannot be used.
    """

    async def standing(self, states: Sequence[State], now: datetime) -> Mapping[str, int]:
        """Return the version of every record in these states whose week is not over, by its action."""
        ...

    async def open(self) -> tuple[Page, ...]:
        """Return the pages that are not closed, oldest first."""
        ...

    async def page(self, page_id: str) -> Page | None:
        """Return a page, closed or not; None where there is none."""
        ...

    async def of_action(self, action_id: str) -> tuple[Page, ...]:
        """Return every page that ever had this action on it, newest first."""
        ...

    async def save(
        self, pages: Sequence[Page], notices: Sequence[Posted] = (), *, overtaken: Sequence[str] = ()
    ) -> None:
        """Write pages and put notices into the outbox, in one transaction, or nothing.

        A page of version 0 is new; any other must be of the version it was read with. Saving adds one to it. A notice
        whose id is in the outbox already stays as it is there. `overtaken` names notices that become `dropped` where
        they are still waiting.

        Raises:
            Conflict: a page was changed meanwhile.
        """
        ...

    async def due(self, now: datetime, limit: int, *, apart_from: Sequence[str] = ()) -> tuple[Posted, ...]:
        """Return notices that wait to be sent and whose time has come, the loudest and oldest first.

        Those of the channels `apart_from` are left out.
        """
        ...

    async def collected(self, channel: str) -> tuple[Posted, ...]:
        """Return notices of low urgency that wait for this channel, due or not, oldest first."""
        ...

    async def waiting(self) -> int:
        """Return how many notices wait to be sent, due or not."""
        ...

    async def posted(self, *page_ids: str) -> tuple[Posted, ...]:
        """Return every notice of these pages, of each the oldest first; of what belongs to no page, those of its key."""
        ...

    async def settle(self, posted: Posted, now: datetime) -> bool:
        """Write how a notice's delivery stands, and tell the audit of one that was sent or given up.

        What was sent is written whatever it was before. Anything else is written only where the notice still waits,
        so that what was overtaken meanwhile stays dropped. Return whether it was written.
        """
        ...

    async def loud_since(self, since: datetime) -> Mapping[str, datetime]:
        """Return the moments at which people were paged at or after `since`, by the event."""
        ...

    async def next_due(self) -> datetime | None:
        """Return the earliest `due` of any page and any notice that waits; None where nothing does."""
        ...


class Channels(Protocol):
    """Every channel there is, whatever carries it. Raises Unavailable, Refused or Malformed, and nothing else."""

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:
        """Tell one notice, once. `earlier` are those of the same page that this channel has taken, oldest first.

        Unavailable says that it may be tried again; Refused, that it would be refused again, and needs a person.
        """
        ...

    def hears(self, channel: Channel) -> bool:
        """Whether acknowledgements can be read back from this channel."""
        ...

    async def heard(self, channel: Channel, posted: Sequence[Posted]) -> tuple[Heard, ...]:
        """Return what this channel knows of acknowledgements of what was posted to it, the newest of each key."""
        ...
