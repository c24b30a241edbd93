"""How often policies and people agreed, by policy."""

from collections.abc import Mapping
from datetime import timedelta

from agent.faces.web.site import Site
from agent.judge.agree import Match

MONTH = timedelta(days=30)


async def agreement(site: Site, window: timedelta = MONTH) -> Mapping[str, Match]:
    """Return for each policy how what it thought compares with what people then decided, in a window that ends now.

    A policy of which nothing can be said is left out. What it costs is kept for a minute.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    now = site.desk.clock.now()
    found = await site.looking.back(site.desk.ledger, site.archive, window, now, site.wall.now())
    return found.agreement.policies
