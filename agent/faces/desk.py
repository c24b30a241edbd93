"""What a person answers at, whichever face they look at: the ledger that is there, and the policies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agent.compose import open_ledger_as_it_is
from agent.connecting import clock_of
from agent.ports.world import Desk
from agent.settings.guards import rails_of
from agent.settings.subjects import Settings, TreatAs
from agent.shelves import shelf_of


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Give what a person's answer is judged by and written to, while an agent runs or not; nothing logs in.

    Raises:
        LedgerError: there is no ledger yet, or it cannot be written to.
    """
    async with open_ledger_as_it_is(settings) as ledger:
        yield Desk(
            tenant_id=settings.tenant.id,
            clock=clock_of(settings),
            ledger=ledger,
            shelf=shelf_of(settings),
            rails=rails_of(settings.guards),
            escalating=settings.escalating(),
            enforces_observers=settings.policies.treat_as is TreatAs.ENFORCE,
        )
