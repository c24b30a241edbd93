"""Opens Graph for one tenant: one client, which all that read and write share, closed in the end.

What is slow to import (the SDK, a third of a second) is imported when Graph is opened, so that commands
that never open it start at once.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import httpx

from agent.adapters.microsoft.clouds import Cloud
from agent.adapters.microsoft.machines import Machines, NoMachines
from agent.ports.defender import AuditLog, Defender, Directory, Enactor, Login, Targets
from agent.ports.host import Clock
from agent.ports.telemetry import SILENT, Telemetry

if TYPE_CHECKING:
    from agent.adapters.graph.checkup import GraphCheckup
    from agent.adapters.graph.client import Client
    from agent.adapters.microsoft.connection import Around
    from agent.adapters.microsoft.proofs import Proof
    from agent.adapters.microsoft.tokens import Claims, Credential, Tokens

_CHATTY = ("httpx", "httpcore", "azure", "msal")


@dataclass(frozen=True, slots=True)
class Graph:
    """Graph, opened."""

    defender: Defender
    enactor: Enactor
    targets: Targets
    directory: Directory
    look: Callable[[], Awaitable[None]]
    """Finds out by harmless reads what the enactor can do here; an outage is no error."""
    grants: frozenset[str]
    """The permissions in the token at the time of opening."""
    is_delegated: bool
    """Whether a person is signed in rather than the app: then nothing may be enforced."""
    send_mail: Callable[[str, bytes], Awaitable[None]]
    """Sends one whole message from a mailbox; raises Unavailable or Refused. Nothing is asked before the first."""
    audit_log: AuditLog
    login: Login
    """How the agent is known, and how much it asks."""
    own: frozenset[str]
    """By which ids Entra ID knows this agent, lower case: nothing is ever done to itself."""
    allow: Callable[[int], None]
    """Lets at most so many requests leave in a minute from now on."""
    claims: "Claims"
    """What the token said of itself at the time of opening."""
    checkup: "GraphCheckup"
    """Harmless reads by which it is seen what works."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """How much is read at once."""

    per_action: int
    page_size: int


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
    machines: Machines | None = None,
    sign_in: str | None = None,
    proofs: "Sequence[Proof]" = (),
    transport: httpx.AsyncBaseTransport | None = None,
    around: "Around | None" = None,
    wall: Callable[[], float] | None = None,
    lots: Random | None = None,
    telemetry: Telemetry = SILENT,
) -> AsyncIterator[Graph]:
    """Open Graph, logged in and in the right tenant.

    Args:
        clock: what waiting and the request budget go by.
        cloud: from `clouds`.
        tenant_id: the tenant's GUID; the token must be of it.
        credential: makes a credential; called for each token.
        requests_per_minute: the budget; Microsoft publishes 150 for an app in a tenant.
        analyzed_emails_per_action: messages of one action that may be looked up one by one.
        page_size: `$top`; smaller ones are tried where Graph refuses it.
        machines: Defender for Endpoint, opened; not used where none is given.
        sign_in: the client id of the app registration that people sign in to, whose app roles are looked up.
        proofs: what it, and the sign-in, prove themselves with.
        transport: sends the requests; real connections where none is given.
        around: wraps what sends, and sees whole bodies, inflated; for recordings.
        wall: the real time in seconds since 1970, for the ends of tokens.
        lots: where chance comes from, for the spread of waits.
        telemetry: is told of every attempt at a request.

    Raises:
        Refused: the login says no, or the token is another tenant's.
        Unavailable: the login cannot be reached.
    """
    from agent.adapters.microsoft.connection import open_http  # noqa: PLC0415  slow
    from agent.adapters.microsoft.tokens import Tokens, wall_clock  # noqa: PLC0415  slow

    _quieten()
    wall = wall or wall_clock
    tokens = Tokens(credential, url=cloud.graph, scope=cloud.scope, tenant_id=tenant_id, wall=wall)
    async with open_http(cloud.graph, tenant_id, transport, around) as http:
        await tokens.ready()
        client = _client(http, cloud, tokens, clock, requests_per_minute, lots, telemetry)
        reading = _Reading(analyzed_emails_per_action, page_size)
        yield _graph(client, clock, machines or NoMachines(), reading, sign_in, proofs)


def _client(
    http: httpx.AsyncClient,
    cloud: Cloud,
    tokens: "Tokens",
    clock: Clock,
    requests_per_minute: int,
    lots: Random | None,
    telemetry: Telemetry,
) -> "Client":
    from agent.adapters.graph.client import Client  # noqa: PLC0415  slow
    from agent.adapters.microsoft.budget import Budget  # noqa: PLC0415  slow

    return Client(
        http,
        cloud=cloud,
        tokens=tokens,
        budget=Budget(clock, requests_per_minute),
        clock=clock,
        lots=lots or Random(),  # noqa: S311  spreads waits, guards nothing
        telemetry=telemetry,
    )


def _quieten() -> None:
    """Keep those silent whose INFO and DEBUG lines hold whole addresses."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _graph(
    client: "Client",
    clock: Clock,
    machines: Machines,
    reading: "_Reading",
    sign_in: str | None,
    proofs: "Sequence[Proof]",
) -> Graph:
    from agent.adapters.graph.abilities import abilities  # noqa: PLC0415  slow
    from agent.adapters.graph.airlog import AirLog  # noqa: PLC0415  slow
    from agent.adapters.graph.asking import Asking  # noqa: PLC0415  slow
    from agent.adapters.graph.auditlog import GraphAuditLog  # noqa: PLC0415  slow
    from agent.adapters.graph.checkup import GraphCheckup  # noqa: PLC0415  slow
    from agent.adapters.graph.defender import GraphDefender  # noqa: PLC0415  slow
    from agent.adapters.graph.directory import GraphDirectory  # noqa: PLC0415  slow
    from agent.adapters.graph.enactor import GraphEnactor  # noqa: PLC0415  slow
    from agent.adapters.graph.identities import Identities  # noqa: PLC0415  slow
    from agent.adapters.graph.login import GraphLogin  # noqa: PLC0415  slow
    from agent.adapters.graph.mailbag import Mailbag  # noqa: PLC0415  slow
    from agent.adapters.graph.mailing import GraphMailing  # noqa: PLC0415  slow
    from agent.adapters.graph.notes import Notes  # noqa: PLC0415  slow
    from agent.adapters.graph.remediation import Remediation  # noqa: PLC0415  slow
    from agent.adapters.graph.rules import InboxRules  # noqa: PLC0415  slow
    from agent.adapters.graph.targets import GraphTargets  # noqa: PLC0415  slow
    from agent.adapters.graph.users import Users  # noqa: PLC0415  slow

    asking = Asking(client.graph, client.base_url)
    has_analyzed_emails = client.cloud.has_analyzed_emails
    mailbag = Mailbag(
        client, asking, clock, has_analyzed_emails=has_analyzed_emails, per_action=reading.per_action
    )
    remediation, identities, users = Remediation(client, asking), Identities(client), Users(client)
    rules = InboxRules(client, users, clock)
    enactor = GraphEnactor(
        remediation=remediation,
        rules=rules,
        users=users,
        identities=identities,
        machines=machines,
        notes=Notes(client, asking),
        abilities=abilities(client, clock, remediation, identities, machines),
    )
    return Graph(
        defender=GraphDefender(
            client, asking, mailbag, AirLog(client, asking, clock), page_size=reading.page_size
        ),
        enactor=enactor,
        targets=GraphTargets(users, rules, identities, machines),
        directory=GraphDirectory(client, sign_in),
        look=enactor.look,
        grants=client.grants,
        is_delegated=client.is_delegated,
        send_mail=GraphMailing(client, clock).send,
        audit_log=GraphAuditLog(client),
        login=GraphLogin(client, clock, proofs, [client.usage, *machines.budgets]),
        own=client.own,
        allow=client.allow,
        claims=client.claims,
        checkup=GraphCheckup(client, asking, remediation),
    )
