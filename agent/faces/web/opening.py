"""Settings -> a site that can be shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agent.adapters.host import SystemClock
from agent.compose import open_ledger_as_it_is
from agent.connecting import clock_of
from agent.faces.web.in_force import Known
from agent.faces.web.retrospect import Looking
from agent.faces.web.site import Site
from agent.faces.web.way_in import check, door_of
from agent.ports.world import Desk
from agent.settings.guards import rails_of
from agent.settings.subjects import Settings
from agent.shelves import shelf_of


@asynccontextmanager
async def open_site(settings: Settings) -> AsyncIterator[Site]:
    """Give the site over the ledger that is there, whether an agent runs on it or not; nothing logs in to Graph.

    Raises:
        SettingsError: nobody could sign in.
        LedgerError: there is no ledger yet, or it cannot be written to.
    """
    check(settings)
    wall = SystemClock()
    async with open_ledger_as_it_is(settings) as ledger:
        desk = Desk(
            tenant_id=settings.tenant.id,
            clock=clock_of(settings),
            ledger=ledger,
            shelf=shelf_of(settings),
            rails=rails_of(settings.guards),
            escalating=settings.escalating(),
            enforces_observers=settings.policies.enforces_observers,
        )
        yield Site(
            settings=settings,
            desk=desk,
            pages=ledger.pages,
            archive=ledger.archive,
            trail=ledger.trail,
            sessions=ledger.sessions,
            policies=Known(desk=desk),
            door=door_of(settings, ledger.trail.key, wall),
            wall=wall,
            looking=Looking(enough=settings.report.enough),
        )
