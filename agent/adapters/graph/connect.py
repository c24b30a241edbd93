"""Opens Graph for one tenant: one client, which a defender and an enactor share, closed in the end.

What is slow to import (the SDK, a third of a second) is imported when Graph is opened, so that commands
that never open it start at once.
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import httpx

from agent.adapters.graph.clouds import Cloud
from agent.ports import Clock, Defender, Directory, Enactor

if TYPE_CHECKING:
    from agent.adapters.graph.client import Client
    from agent.adapters.graph.tokens import Credential, Tokens

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
_CHATTY = ("httpx", "httpcore", "azure", "msal")


@dataclass(frozen=True, slots=True)
class Graph:
    """Graph, opened."""

    defender: Defender
    enactor: Enactor
    directory: Directory
    grants: frozenset[str]
    """The permissions in the token at the time of opening."""
    is_delegated: bool
    """Whether a person is signed in rather than the app: then nothing may be enforced."""


@asynccontextmanager
async def open_graph(
    *,
    clock: Clock,
    cloud: Cloud,
    tenant_id: str,
    credential: "Callable[[], Credential]",
    requests_per_minute: int = 60,
    analyzed_emails_per_action: int = 30,
    page_size: int = 50,
    transport: httpx.AsyncBaseTransport | None = None,
    around: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] | None = None,
    wall: Callable[[], float] | None = None,
    lots: Random | None = None,
) -> AsyncIterator[Graph]:
    """Open Graph, logged in and in the right tenant.

    Args:
        clock: what waiting and the request budget go by.
        cloud: from `clouds`.
        tenant_id: the tenant's id (a GUID); the token must be of it.
        credential: makes a credential; called for each token.
        requests_per_minute: the budget; Microsoft publishes 150 for an app in a tenant.
        analyzed_emails_per_action: messages of one action that may be looked up one by one.
        page_size: `$top`; smaller ones are tried where Graph refuses it.
        transport: sends the requests; real connections where none is given.
        around: wraps what sends, and sees whole bodies, inflated; for recordings.
        wall: the real time in seconds since 1970, for the ends of tokens.
        lots: where chance comes from, for the spread of waits.

    Raises:
        Refused: the login says no, or the token is another tenant's.
        Unavailable: the login cannot be reached.
    """
    from agent.adapters.graph.budget import Budget  # noqa: PLC0415  slow
    from agent.adapters.graph.client import Client  # noqa: PLC0415  slow
    from agent.adapters.graph.tokens import Tokens, wall_clock  # noqa: PLC0415  slow

    for name in _CHATTY:
        # Their INFO and DEBUG lines hold whole addresses.
        logging.getLogger(name).setLevel(logging.WARNING)
    tokens = Tokens(credential, cloud=cloud, tenant_id=tenant_id, wall=wall or wall_clock)
    async with _http(cloud, transport, around) as http:
        await tokens.get_authorization_token(cloud.graph)
        client = Client(
            http,
            cloud=cloud,
            tokens=tokens,
            budget=Budget(clock, requests_per_minute),
            clock=clock,
            lots=lots or Random(),  # noqa: S311  spreads waits, guards nothing
        )
        yield _graph(client, cloud, tokens, clock, analyzed_emails_per_action, page_size)


def _http(
    cloud: Cloud,
    transport: httpx.AsyncBaseTransport | None,
    around: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] | None,
) -> httpx.AsyncClient:
    from agent.adapters.graph.transport import Transport, direct  # noqa: PLC0415  slow

    sending: httpx.AsyncBaseTransport = Transport(transport if transport is not None else direct(cloud.graph))
    return httpx.AsyncClient(
        transport=around(sending) if around is not None else sending,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": "air-agent"},
        follow_redirects=False,
        trust_env=False,
    )


def _graph(
    client: "Client", cloud: Cloud, tokens: "Tokens", clock: Clock, per_action: int, page_size: int
) -> Graph:
    from agent.adapters.graph.airlog import AirLog  # noqa: PLC0415  slow
    from agent.adapters.graph.asking import Asking  # noqa: PLC0415  slow
    from agent.adapters.graph.defender import GraphDefender  # noqa: PLC0415  slow
    from agent.adapters.graph.directory import GraphDirectory  # noqa: PLC0415  slow
    from agent.adapters.graph.enactor import GraphEnactor  # noqa: PLC0415  slow
    from agent.adapters.graph.mailbag import Mailbag  # noqa: PLC0415  slow

    asking = Asking(client.graph, client.base_url)
    has_analyzed_emails = cloud.has_analyzed_emails
    mailbag = Mailbag(client, asking, clock, has_analyzed_emails=has_analyzed_emails, per_action=per_action)
    return Graph(
        defender=GraphDefender(client, asking, mailbag, AirLog(client, asking, clock), page_size=page_size),
        enactor=GraphEnactor(client, asking, has_analyzed_emails=has_analyzed_emails),
        directory=GraphDirectory(client, asking),
        grants=tokens.claims.grants,
        is_delegated=tokens.claims.is_delegated,
    )
