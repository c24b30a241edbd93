"""What is remembered of what people decided, and of what others wrote down of it: a part of the ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from agent.model.air import AirAction
from agent.model.audit_search import AuditSearch
from agent.model.history import Decided, Place
from agent.model.pending import ActionKind, PendingAction
from agent.model.truth import Truth, Unknown


class Told(Protocol):
    """What is known of people's decisions, for one tenant. Raises LedgerError where it cannot be used."""

    async def truths(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Truth, ...]]:
        """Return what is known to have become of these actions' proposals, oldest first; the others are left out."""
        ...

    async def past(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Decided, ...]]:
        """Return every decision and every ending of these actions, oldest first; actions without are left out."""
        ...

    async def by_people(
        self, since: datetime, *, after: Place | None = None, limit: int = 1000
    ) -> tuple[Decided, ...]:
        """Return decisions of people and endings from `since` on, oldest first, those that follow a place only."""
        ...

    async def ended(
        self, kinds: Sequence[ActionKind], since: datetime, *, after: str = "", limit: int = 1000
    ) -> tuple[str, ...]:
        """Return actions of these kinds with a truth of `since` or later, by their ids, those that follow `after`."""
        ...

    async def untold(self, why: Sequence[Unknown], since: datetime, until: datetime) -> datetime | None:
        """Return when the first proposal began that ended from `since` to `until` and is unknown for such a reason; None for none."""
        ...

    async def truths_until(self) -> datetime | None:
        """Return up to where older endings were gone through for their truths; None before that was begun."""
        ...

    async def mark_truths(self, until: datetime) -> None:
        """Remember up to where older endings were gone through."""
        ...

    async def arrivals(self, within: timedelta) -> tuple[datetime, ...]:
        """Return when news of incidents were saved, from so long before the last ones on, oldest first, each moment once.

        An incident counts when it was last news: how often it was before is not kept.
        """
        ...

    async def proposed(
        self, kinds: Sequence[ActionKind], since: datetime, until: datetime
    ) -> tuple[PendingAction, ...]:
        """Return the actions of these kinds whose week has something in common with this time."""
        ...

    async def save_air_actions(self, actions: Sequence[AirAction]) -> None:
        """Remember how these actions of investigations stand, in place of what is remembered of them."""
        ...

    async def air_actions(self, places: Sequence[str]) -> tuple[AirAction, ...]:
        """Return what is remembered of actions in these places (`AirAction.places`), in a fixed order."""
        ...

    async def air_read_until(self) -> datetime | None:
        """Return when the newest of all these actions was written down; None where there are none."""
        ...

    async def save_audit_actions(self, actions: Sequence[AirAction]) -> None:
        """Remember what the audit's records say of these actions of investigations, in place of what is remembered of them."""
        ...

    async def audit_actions(self, places: Sequence[str]) -> tuple[AirAction, ...]:
        """Return what the audit's records say of actions in these places (`AirAction.places`), in a fixed order."""
        ...

    async def searches(self, since: datetime) -> tuple[AuditSearch, ...]:
        """Return the searches of the audit that were asked for at or after `since`, newest first."""
        ...

    async def save_search(self, search: AuditSearch, before: AuditSearch | None) -> None:
        """Write how a search stands; `before` is how it stood, None where it is new.

        Raises:
            Conflict: it stands otherwise by now: another agent was quicker.
        """
        ...
