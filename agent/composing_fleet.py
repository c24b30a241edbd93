"""Settings of many tenants -> a roster of real worlds and desks, and whose they are."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from agent.adapters.ledger import shares
from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.place import AT_ONCE, Place, is_file, open_place
from agent.compose import (
    ReporterOf,
    open_ledger_as_it_is,
    open_ledger_for_reading,
    open_world,
)
from agent.connecting import clock_of, installed, replica_of
from agent.model.errors import SettingsError
from agent.model.tenancy import Share, Tenancy
from agent.ports.fleet import Alone, Shares
from agent.ports.telemetry import Telemetries
from agent.ports.world import Desk, World
from agent.settings.guards import rails_of
from agent.settings.roster import FleetSettings
from agent.settings.subjects import Process, Settings
from agent.shelves import shelf_of
from agent.sights import Sights

Read = Callable[[FleetSettings | None], FleetSettings]
"""Reads the settings of every tenant anew; given what was read before, and not from the loop: it waits for a disk."""


class SettingsRoster:
    """Fulfils Roster by settings files.

    `tell` is told in words what of the process's own settings has changed: that waits for a restart. `place` is where the
    ledgers of all tenants are; None where each has one of its own. `telemetries` are this process's, where it is measured.
    """

    def __init__(
        self,
        first: FleetSettings,
        read: Read,
        reporter_of: Callable[[Settings], ReporterOf],
        tell: Callable[[str], None],
        place: Place | None = None,
        telemetries: Telemetries | None = None,
    ) -> None:
        self._telemetries = telemetries
        self._sights = Sights()
        self._read, self._reporter_of, self._tell, self._place = read, reporter_of, tell, place
        self._process, self._told, self._is_many = first.process, first.process, first.is_many
        self._known: FleetSettings | None = None
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
        settings, place = self._of(tenancy), self._place
        return open_world(
            settings,
            reporter=self._reporter_of(settings),
            telemetries=self._telemetries,
            place=place,
            share=None if place is None else share,
            name=tenancy.name if self._is_many else "",
            sights=self._sights,
        )

    def desk(self, tenancy: Tenancy, share: Share | None) -> AbstractAsyncContextManager[Desk]:
        """Give the ledger of a tenant, where it is there already."""
        place = self._place
        return open_desk(self._of(tenancy), place, None if place is None else share)

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


def _by_digest(found: FleetSettings) -> dict[tuple[str, str], Settings]:
    return {(one.name, one.digest): one.settings for one in found.tenants if one.settings is not None}


@asynccontextmanager
async def open_desk(
    settings: Settings, place: Place | None = None, share: Share | None = None
) -> AsyncIterator[Desk]:
    """Give what a person's answer is judged by and written to, while an agent runs or not; nothing logs in.

    `place` is the ledger's, where it is open already; with a `share`, nothing is written once the tenant is another's.

    Raises:
        LedgerError: there is no ledger yet, or it cannot be written to.
    """
    async with open_ledger_as_it_is(settings, place, share) as ledger:
        yield Desk(
            tenant_id=settings.tenant.id,
            clock=clock_of(settings),
            ledger=ledger,
            shelf=shelf_of(settings),
            rails=rails_of(settings.guards),
            escalating=settings.escalating(),
            enforces_observers=settings.policies.enforces_observers,
            replica=replica_of(settings),
        )


@asynccontextmanager
async def open_shares(process: Process) -> AsyncIterator[tuple[Shares, Place | None]]:
    """Give what says which tenants are this process's, and the place that all their ledgers are in.

    With files for ledgers, every tenant is this process's, and each has a place of its own.

    Raises:
        LedgerError: the place cannot be used.
        SettingsError: another agent that runs on it is called the same.
    """
    url, replica = process.ledger.address().reveal(), replica_of(process)
    if is_file(url):
        yield Alone(replica), None
        return
    async with (
        open_place(url, at_once=AT_ONCE) as place,
        shares.open_shares(url, replica, instance=secrets.token_hex(8), version=installed()) as ours,
    ):
        yield ours, place


Opening = Callable[[Settings], AbstractAsyncContextManager[SqlLedger]]
"""Opens the ledger of one of many tenants."""


@asynccontextmanager
async def open_ledgers(found: FleetSettings, *, read_only: bool) -> AsyncIterator[Opening]:
    """Give what opens the ledgers of these tenants as they are: to look, or to write into while an agent runs or not.

    Raises:
        LedgerError: where all lie in one place, that cannot be opened.
    """
    url = found.process.ledger.address().reveal()
    opened = open_ledger_for_reading if read_only else open_ledger_as_it_is
    if is_file(url):
        yield opened
        return
    async with open_place(url, read_only=read_only, as_it_is=True, at_once=AT_ONCE) as place:
        yield partial(opened, place=place)
