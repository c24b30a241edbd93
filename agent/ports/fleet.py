"""Many tenants in one process: who they are, and which of them are this replica's to work on."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from math import inf
from time import monotonic
from typing import Protocol

from agent.model.tenancy import Holder, Share, Tenancy
from agent.ports.world import Desk, Fence, World, open_fence


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

    def desk(self, tenancy: Tenancy, share: Share | None) -> AbstractAsyncContextManager[Desk]:
        """Give the ledger of a tenant and what belongs to it, without a login: to write down why its world is not open.

        Raises:
            SettingsError, LedgerError: it cannot be opened as it is set.
        """
        ...


class Shares(Protocol):
    """Which tenants are this replica's."""

    @property
    def every(self) -> float:
        """After how many seconds they are to be renewed: what is free is taken then, and not each time is written."""
        ...

    @property
    def ending(self) -> float:
        """How many seconds before the end of a share its tenant is to be brought to an end, if it was not renewed."""
        ...

    def now(self) -> float:
        """Return the moment, in the seconds by which shares end."""
        ...

    async def renew(self, tenant_ids: Sequence[str]) -> Mapping[str, Share]:
        """Keep those of these tenants that are ours, take free ones up to a fair part, and return all that are ours.

        One that is missing in what is returned is ours no more: nothing may be done in it. One whose token is another
        than before changed hands meanwhile: whatever was begun by the old one is over. None is taken from us only
        because another replica has too few: the share says that it is asked back.

        Raises:
            LedgerError: it cannot be asked; what is ours stays so until its share ends.
            SettingsError: another process has this replica's name: this one must end.
        """
        ...

    def fence(self, share: Share) -> Fence:
        """Return what says whether the tenant is still ours by this share, however often that was renewed meanwhile."""
        ...

    async def let_go(self, tenant_ids: Sequence[str]) -> None:
        """Let others take these tenants at once; those that are not ours stay whose they are."""
        ...

    async def holders(self, tenant_ids: Sequence[str]) -> Mapping[str, Holder]:
        """Return which of these tenants other replicas have, by the tenant; those that nobody has are left out.

        Raises:
            LedgerError: it cannot be asked.
        """
        ...


class Alone:
    """Fulfils Shares where there is no other replica: every tenant is ours, for ever."""

    every = 5.0
    ending = 0.0

    def __init__(self, replica: str) -> None:
        self._replica = replica

    def now(self) -> float:
        """Return the moment; no share ends by it."""
        return monotonic()

    async def renew(self, tenant_ids: Sequence[str]) -> Mapping[str, Share]:
        """Return a share of each that has no end."""
        return {one: Share(tenant_id=one, replica=self._replica, token=0, until=inf) for one in tenant_ids}

    def fence(self, share: Share) -> Fence:  # noqa: ARG002  what the port asks
        """Return what lets everything leave."""
        return open_fence

    async def let_go(self, tenant_ids: Sequence[str]) -> None:
        """Nobody else could take them."""

    async def holders(self, tenant_ids: Sequence[str]) -> Mapping[str, Holder]:  # noqa: ARG002  what the port asks
        """Return nothing: there is no other replica."""
        return {}
