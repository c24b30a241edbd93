"""What the checks of one look share: the settings, the world around, and what was found so far."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent.adapters.microsoft.machines import Machines, NoMachines
from agent.adapters.microsoft.reach import reach
from agent.adapters.microsoft.tokens import WrongTenant
from agent.adapters.places import room_at
from agent.connecting import clock_of, cloud_of, open_channels_alone, open_endpoint_of, open_graph_of
from agent.faces.doctor.features import features_of
from agent.model.checkup import Features, Reach, Room
from agent.model.errors import PolicyError
from agent.model.policy import PolicySet
from agent.ports.escalation import Channels
from agent.ports.host import Clock
from agent.settings.subjects import AuthKind, Settings
from agent.shelves import require_loads

if TYPE_CHECKING:
    from agent.adapters.graph.connect import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The world around one look, as far as it is asked: each part can be another one."""

    clock: Clock
    reach: Callable[[str, str], Awaitable[Reach]]
    """Says how far the host of a URL can be reached, and what is there."""
    open_graph: "Callable[[Machines], AbstractAsyncContextManager[Graph]]"
    open_endpoint: Callable[[], AbstractAsyncContextManager[Machines]]
    open_channels: Callable[[bool], AbstractAsyncContextManager[Channels]]
    """Opens every kind of channel; with mail through Graph, where that is asked for."""
    room: Callable[[Path, str], Room] = room_at
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


def around(settings: Settings) -> Around:
    """Return the world as it is."""
    clock = clock_of(settings)
    return Around(
        clock=clock,
        reach=lambda url, what: reach(url, what, clock.now),
        open_graph=lambda machines: open_graph_of(settings, clock, machines=machines),
        open_endpoint=partial(open_endpoint_of, settings, clock),
        open_channels=lambda through: open_channels_alone(settings, through_graph=through),
    )


@dataclass(slots=True, kw_only=True)
class Bedside:
    """One look under way. What one check opened, the later ones use; it is closed in the end."""

    settings: Settings
    around: Around
    stack: AsyncExitStack
    sends: bool = False
    """Whether a test is sent through every channel."""
    by: str = "doctor"
    """Who looks, for the audit of such tests."""
    graph: "Graph | None" = None
    machines: Machines = field(default_factory=NoMachines)
    wrong_tenant: WrongTenant | None = None
    """That the login works and is another tenant's; None where it is ours, or is not known yet."""
    _reaches: tuple[Reach, ...] | None = None
    _policies: PolicySet | PolicyError | None = None

    def policies(self) -> PolicySet:
        """Return the policies, read once.

        Raises:
            PolicyError: they do not load.
        """
        if self._policies is None:
            try:
                self._policies = require_loads(self.settings)
            except PolicyError as error:
                self._policies = error
        if isinstance(self._policies, PolicyError):
            raise self._policies
        return self._policies

    def features(self) -> Features:
        """Return what is switched on, without what policies switch on where they do not load."""
        try:
            return features_of(self.settings, self.policies())
        except PolicyError:
            return features_of(self.settings, None)

    async def reaches(self) -> tuple[Reach, ...]:
        """Return how far each of Microsoft's hosts can be reached, asked once and all at the same time."""
        if self._reaches is None:
            asked = hosts(self.settings)
            found = await asyncio.gather(*(self.around.reach(url, what) for url, what in asked))
            self._reaches = tuple(self._needed(one) for one in found)
        return self._reaches

    def _needed(self, one: Reach) -> Reach:
        """Return it with whether the agent itself needs it: a managed identity logs in at the machine that it is of."""
        is_managed = self.settings.auth.kind is AuthKind.MANAGED_IDENTITY
        return msgspec.structs.replace(one, is_needed=not (is_managed and one.what == LOGIN))


LOGIN = "the login"


def hosts(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return what is asked for without a login, of each host that the agent needs, and what is there.

    Source: the metadata of OpenID Connect is public for each tenant, and Graph's service document for everybody. Of
    Defender for Endpoint's host any answer does: it turns away whoever has no token.
    """
    cloud = cloud_of(settings)
    found = [
        (f"{cloud.authority}/{settings.tenant.id}/v2.0/.well-known/openid-configuration", LOGIN),
        (f"{cloud.graph}/v1.0/", "Microsoft Graph"),
    ]
    if settings.endpoint.enabled and cloud.endpoint is not None:
        found.append((f"{cloud.endpoint}/", "Defender for Endpoint"))
    one_each: dict[str, tuple[str, str]] = {}
    for url, what in found:
        host = url.split("/")[2]
        if host in one_each:
            earlier = one_each[host]
            one_each[host] = (earlier[0], f"{earlier[1]}, {what}")
        else:
            one_each[host] = (url, what)
    return tuple(one_each.values())
