"""Settings of many tenants -> a roster of real worlds and desks, and whose they are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import beside
from agent.adapters.ledger.place import AT_ONCE, Place, open_place
from agent.compose import (
    ReporterOf,
    open_ledger_as_it_is,
    open_ledger_for_reading,
    open_own_ledger,
    open_world,
    replica_of,
    shelf_of,
)
from agent.connecting import clock_of
from agent.model.errors import SettingsError
from agent.model.tenancy import Share, Tenancy
from agent.ports.fleet import Alone, Shares
from agent.ports.world import Desk, World
from agent.settings.guards import rails_of
from agent.settings.roster import Fleet
from agent.settings.subjects import Process, Settings

Read = Callable[[Fleet | None], Fleet]
"""Reads the settings of every tenant anew; given what was read before, and not from the loop: it waits for a disk."""


class SettingsRoster:
    """Fulfils Roster by settings files.

    `place` is where all ledgers lie, None where each lies in a file of its own. `tell` is told in words what of the
    process's own settings has changed: that waits for a restart.
    """

    def __init__(
        self,
        first: Fleet,
        place: Place | None,
        read: Read,
        reporter_of: Callable[[Settings], ReporterOf],
        tell: Callable[[str], None],
    ) -> None:
        self._process, self._told, self._place = first.process, first.process, place
        self._read, self._reporter_of, self._tell = read, reporter_of, tell
        self._known: Fleet | None = None
        self._settings: dict[tuple[str, str], Settings] = {}
        """By name and digest: those of the last look and of the one before, by which a tenant may still be opened."""

    async def look(self) -> Sequence[Tenancy]:
        """Read the settings again and return every tenant."""
        found = await asyncio.to_thread(self._read, self._known)
        before = {} if self._known is None else _by_digest(self._known)
        self._known = found
        self._settings = before | _by_digest(found)
        self._compare(found.process)
        return [
            Tenancy(
                name=one.name,
                tenant_id="" if one.settings is None else one.settings.tenant.id.lower(),
                digest=one.digest,
                problem=one.problem,
            )
            for one in found.tenants
        ]

    def open(self, tenancy: Tenancy, share: Share | None) -> AbstractAsyncContextManager[World]:
        """Give the world of a tenant."""
        settings = self._of(tenancy)
        reporter = self._reporter_of(settings)
        if self._place is None:  # a file that nobody else has
            return open_world(settings, reporter=reporter)
        return open_world(settings, reporter=reporter, place=self._place, share=share)

    @asynccontextmanager
    async def desk(self, tenancy: Tenancy, share: Share | None) -> AsyncIterator[Desk]:
        """Give the ledger of a tenant: where it lies in a file of its own, only if that is there already."""
        settings = self._of(tenancy)
        if self._place is None:
            async with open_desk(settings) as desk:
                yield desk
            return
        async with open_own_ledger(settings, replica_of(settings), self._place, share) as ledger:
            yield _desk(settings, ledger)

    def _of(self, tenancy: Tenancy) -> Settings:
        found = self._settings.get((tenancy.name, tenancy.digest))
        if found is None:
            why = tenancy.problem or "they have changed meanwhile"
            raise SettingsError(f"the settings of `{tenancy.name}` cannot be used: {why}")
        return found

    def _compare(self, process: Process) -> None:
        """Say once which settings of the process differ from those that it was started with."""
        if process == self._told:
            return
        self._told = process
        names = [
            name
            for name in process.__struct_fields__
            if getattr(process, name) != getattr(self._process, name)
        ]
        if names:
            self._tell(", ".join(f"`{name}`" for name in names))


def _by_digest(found: Fleet) -> dict[tuple[str, str], Settings]:
    return {(one.name, one.digest): one.settings for one in found.tenants if one.settings is not None}


def _desk(settings: Settings, ledger: SqlLedger) -> Desk:
    return Desk(
        tenant_id=settings.tenant.id,
        clock=clock_of(settings),
        ledger=ledger,
        shelf=shelf_of(settings),
        rails=rails_of(settings.guards),
        escalating=settings.escalating(),
        replica=replica_of(settings),
    )


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Give what a person's answer is judged by and written to, while an agent runs or not; nothing logs in.

    Raises:
        LedgerError: there is no ledger yet, or it cannot be written to.
    """
    async with open_ledger_as_it_is(settings) as ledger:
        yield _desk(settings, ledger)


@asynccontextmanager
async def open_fleet(
    found: Fleet, read: Read, reporter_of: Callable[[Settings], ReporterOf], tell: Callable[[str], None]
) -> AsyncIterator[tuple[SettingsRoster, Shares]]:
    """Give the roster of these tenants, and what says which of them are this process's.

    With files for ledgers, all are; with PostgreSQL all ledgers lie in one place, and the tenants are shared with
    whoever else works there.

    Raises:
        LedgerError: the place cannot be opened.
    """
    url = found.process.ledger.address().reveal()
    async with AsyncExitStack() as stack:
        place = None
        if beside(url, "audit.jsonl") is None:
            place = await stack.enter_async_context(open_place(url, at_once=AT_ONCE))
        yield SettingsRoster(found, place, read, reporter_of, tell), Alone(replica_of(found.process))


Opening = Callable[[Settings], AbstractAsyncContextManager[SqlLedger]]
"""Opens the ledger of one of many tenants."""


@asynccontextmanager
async def open_ledgers(found: Fleet, *, read_only: bool) -> AsyncIterator[Opening]:
    """Give what opens the ledgers of these tenants as they are: to look, or to write into while an agent runs or not.

    Raises:
        LedgerError: where all lie in one place, that cannot be opened.
    """
    url = found.process.ledger.address().reveal()
    if beside(url, "audit.jsonl") is not None:
        yield open_ledger_for_reading if read_only else open_ledger_as_it_is
        return
    async with open_place(url, read_only=read_only, as_it_is=True, at_once=AT_ONCE) as place:
        yield lambda settings: open_own_ledger(settings, replica_of(settings), place, None)
