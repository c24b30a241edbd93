"""Many tenants in one process: who they are, and which of them are this replica's to work on."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from agent.model.tenancy import Share, Tenancy
from agent.ports.world import World


class Roster(Protocol):
    """The tenants that are looked after, as they are set at the moment."""

    async def look(self) -> Sequence[Tenancy]:
        """Return every tenant, by name; one whose settings cannot be used is among them, and says why.

        Raises:
            SettingsError: it cannot be said who the tenants are.
        """
        ...

    def open(self, tenancy: Tenancy, share: Share | None) -> AbstractAsyncContextManager[World]:
        """Give the world of a tenant, by the settings that it was looked at with.

        Args:
            tenancy: from the last look.
            share: by which it is this replica's; every write to its ledger is refused once it is another's. None
                where no other replica can have it.

        Raises:
            SettingsError, PolicyError, LedgerError, Refused, Unavailable: it cannot be opened as it is set.
        """
        ...


class Shares(Protocol):
    """Which tenants are this replica's."""

    async def renew(self, tenant_ids: Sequence[str]) -> Mapping[str, Share]:
        """Keep those of these tenants that are ours, take free ones up to a fair part, and return all that are ours.

        One that is missing in what is returned is ours no more: nothing may be done in it.

        Raises:
            LedgerError: it cannot be asked; what is ours stays so until its share ends.
        """
        ...

    async def let_go(self, tenant_ids: Sequence[str]) -> None:
        """Let others take these tenants at once; those that are not ours stay whose they are."""
        ...
