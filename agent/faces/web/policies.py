"""`/policies`: the set in force, what each policy is for and did lately, and the chains, channels and lists beside them."""

from datetime import datetime, timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from agent.faces.web.addresses import twins
from agent.faces.web.beside_policies import (
    ChainShown,
    ChannelShown,
    ListShown,
    chains,
    channels,
    lists,
)
from agent.faces.web.policy import policy
from agent.faces.web.policy_row import PolicyRow, rows
from agent.faces.web.set_in_force import SetShown, set_in_force
from agent.faces.web.showing import show
from agent.faces.web.site import site_of
from agent.faces.web.tallies import WINDOW


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    now: datetime
    window: timedelta
    """Over how long what policies did is counted."""
    set: SetShown
    is_measured: bool
    """Whether cases have been tried on this set yet."""
    unmeasured: str
    """Why there are no cases to try; empty where there are."""
    policies: tuple[PolicyRow, ...]
    chains: tuple[ChainShown, ...]
    channels: tuple[ChannelShown, ...]
    lists: tuple[ListShown, ...]

    @property
    def enforcing(self) -> int:
        """How many policies decide."""
        return sum(one.enforces for one in self.policies)

    @property
    def failing(self) -> tuple[PolicyRow, ...]:
        """Those of which a case does not hold."""
        return tuple(one for one in self.policies if one.cases is not None and one.cases.failing)


async def policies(request: Request) -> Response:
    """Show the set in force; 503 where there is none that this version could show."""
    site = site_of(request)
    now = site.desk.clock.now()
    shown, in_force = await set_in_force(site)
    if in_force is None:
        empty = Policies(
            now=now,
            window=WINDOW,
            set=shown,
            is_measured=False,
            unmeasured="",
            policies=(),
            chains=(),
            channels=(),
            lists=(),
        )
        return await show(request, "policies.html", empty, status=503)
    measures = await site.measuring.now(site.desk, in_force, site.wall.now())
    page = Policies(
        now=now,
        window=WINDOW,
        set=shown,
        is_measured=measures is not None,
        unmeasured=measures.problem if measures is not None else "",
        policies=await rows(site, in_force.judge.policy_set.policies, measures),
        chains=chains(in_force, site.desk.escalating),
        channels=channels(in_force, await site.desk.ledger.alarms()),
        lists=lists(in_force, site.desk.rails.protected, now),
    )
    return await show(request, "policies.html", page)


ROUTES: tuple[BaseRoute, ...] = (*twins("/policies", policies), *twins("/policies/{name}", policy))
