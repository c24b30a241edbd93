"""What pages, reports and promotions ask of the ledger, beside what the loop asks: all of it reading."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from agent.model.enactment import Record, State
from agent.model.facts import Facts
from agent.model.history import Decided, Delivered, Place, Stretch, Wanted
from agent.model.pending import PendingAction
from agent.model.ruled import Ruled


class Archive(Protocol):
    """One tenant's past and present, in the order in which people look at it.

    Raises LedgerError where the ledger cannot be used.
    """

    async def stamp(self) -> str:
        """Return a text that becomes another with every change of a record, and with all that the audit is told.

        Cheap: it may be asked every second. Changes by processes whose clocks differ by some minutes are seen too.
        """
        ...

    async def standing(
        self, states: Sequence[State], *, ended: Sequence[State] = (), since: datetime | None = None
    ) -> Mapping[str, int]:
        """Return the version of every record in these states, by its id; in `ended` ones only if changed since then."""
        ...

    async def history(
        self, wanted: Wanted, *, before: Place | None = None, limit: int = 100
    ) -> Sequence[Decided]:
        """Return decisions, whoever made them, newest first; those before a place only, where one is named."""
        ...

    async def course(
        self,
        since: datetime,
        *,
        until: datetime | None = None,
        after: Place | None = None,
        limit: int = 1000,
    ) -> Sequence[Decided]:
        """Return decisions from `since` on, oldest first, those that follow a place only; `until` is excluded."""
        ...

    async def by_action(
        self, *, since: datetime | None = None, after: str = "", limit: int = 1000
    ) -> Stretch:
        """Return the history action by action, beginning after an action's id, and what is known of their proposals.

        All of it is as of one moment, and no action is cut in two. Where `since` is named actions of which nothing happened from
        then on are passed over; they count towards `limit`, so there may be none, and more to come.
        """
        ...

    async def moved(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return which of these actions, of unknown kind, go on under another id, now that it is known of what kind they are."""
        ...

    async def length(self) -> int:
        """Return how many decisions the history has."""
        ...

    async def actions(self, action_ids: Sequence[str]) -> Mapping[str, PendingAction]:
        """Return pending actions as they were last read, by their id; what is not there is left out."""
        ...

    async def short(self, action_ids: Sequence[str]) -> Mapping[str, Record]:
        """Return records by their action, whose decisions have neither facts nor findings; unknown ones are left out."""
        ...

    async def delivered(self, since: datetime) -> Sequence[Delivered]:
        """Return how every channel that was ever used took what people were to be told, by its name."""
        ...

    async def reasons(
        self, numbered: Sequence[tuple[str, int]], *, would: bool = False
    ) -> Mapping[tuple[str, int], str]:
        """Return why it was decided so, by action and number; what is not there is left out.

        With `would`, why it would have been decided as it would have had observing policies counted, where they had an
        opinion.
        """
        ...

    async def facts(self, numbered: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Facts]:
        """Return what was known when it was decided, by action and number; what is not there is left out.

        An imported proposal has number 0, and is found where it is the only one of its action.
        """
        ...

    async def ruled(self, action_id: str, *, limit: int = 100) -> Sequence[Ruled]:
        """Return an action's decisions without their facts, newest first; as quick as the page of an action has to be."""
        ...
