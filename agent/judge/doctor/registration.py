"""The exact app registration that the agent needs: its permissions, and the sign-in with its app roles.

Permissions are granted to the agent's enterprise application itself (an app role assignment), which is the same for an app
registration and for a managed identity. The sign-in is an app registration of its own: whoever steals what the agent logs
in with can sign nobody in, and the other way round.

Mail.Send is not granted: in Entra ID it would be for every mailbox of the tenant, and grants add up. Exchange Online's RBAC
for Applications gives it for the mailboxes that channels send from, and for no other.
"""

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from agent.judge.doctor.needs import Need, Side, Weight, needs
from agent.model.checkup import Features

OPENID = (
    ("openid", "37f7f235-527c-4136-accd-4a02d197296e"),
    ("profile", "14dad69e-099b-42c9-810b-d002981feec1"),
    ("email", "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0"),
)
"""Delegated permissions of Graph that the sign-in asks for. Source: Microsoft's permissions reference."""

SCOPE = "answer"
"""The scope of the sign-in's own API: without one a token does not say that it stands for a person."""

CLAIM = "auth_time"
"""The optional claim of ID tokens by which it is known how old a sign-in is."""

APP, READS, ACTS, SIGNS_IN = "air-agent", "air-agent read", "air-agent act", "air-agent sign-in"


class AppRole(msgspec.Struct, frozen=True, kw_only=True):
    """One app role of the sign-in: what tokens say, and what it lets people do."""

    value: str
    id: str
    """Its id where it is made by us; one that is there already keeps its own."""
    words: str


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """One login of the agent, and what it is granted."""

    name: str
    variable: str
    """How the variables of the scripts begin that say which login it is."""
    client_id: str
    """Empty where the settings do not say."""
    words: str
    granted: tuple[Need, ...]
    optional: tuple[Need, ...]


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """The app registration that people sign in to."""

    name: str
    client_id: str
    redirect: str
    """Where the browser comes back to; empty where the pages have no address yet."""
    roles: tuple[AppRole, ...]
    scope: str
    """The id of the scope, where it is made by us."""


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a tenant has to be told for one agent."""

    tenant_id: str
    tenant: str
    """What people call it; empty where nobody said."""
    mode: str
    graph: str
    """Graph's address in this cloud, without a slash at its end."""
    agents: tuple[Agent, ...]
    sign_in: SignIn
    senders: tuple[str, ...]
    """Mailboxes that may be sent from, by Exchange Online."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a registration is made of, as the settings and the policies say."""

    tenant_id: str
    tenant: str
    mode: str
    graph: str
    features: Features
    client_id: str
    sign_in_id: str
    redirect: str
    reader: str
    operator: str
    approvers: tuple[str, ...]


def registration(wanted: Wanted, *, apart: bool) -> Registration:
    """Return the registration; with `apart`, as two logins, of which one can change nothing."""
    return Registration(
        tenant_id=wanted.tenant_id,
        tenant=wanted.tenant,
        mode=wanted.mode,
        graph=wanted.graph,
        agents=_apart(wanted) if apart else (_one(wanted),),
        sign_in=_sign_in(wanted),
        senders=wanted.features.senders,
    )


def _one(wanted: Wanted) -> Agent:
    return _agent(
        APP,
        "AGENT",
        wanted.client_id,
        f"the agent's login, for `mode: {wanted.mode}`",
        needs(wanted.features),
    )


def _apart(wanted: Wanted) -> tuple[Agent, ...]:
    """Return the login that only reads, and the one that acts, which reads what it acts on too."""
    observing = msgspec.structs.replace(wanted.features, enforces=False)
    enforcing = msgspec.structs.replace(wanted.features, enforces=True)
    reading = tuple(one for one in needs(observing) if one.side is Side.READ)
    is_acting = wanted.features.enforces
    return (
        _agent(
            READS,
            "READ",
            "" if is_acting else wanted.client_id,
            "`auth.client_id` in `mode: observe`, and for `doctor`, `backfill` and `record` elsewhere: changes nothing",
            reading,
        ),
        _agent(
            ACTS,
            "ACT",
            wanted.client_id if is_acting else "",
            "`auth.client_id` in `mode: enforce`: reads, and carries out what is approved",
            needs(enforcing),
        ),
    )


def _agent(name: str, variable: str, client_id: str, words: str, wanted: Sequence[Need]) -> Agent:
    return Agent(
        name=name,
        variable=variable,
        client_id=client_id,
        words=words,
        granted=tuple(one for one in wanted if one.weight is not Weight.OPTIONAL),
        optional=tuple(one for one in wanted if one.weight is Weight.OPTIONAL),
    )


def _sign_in(wanted: Wanted) -> SignIn:
    words = {
        wanted.reader: "sees everything on the pages",
        wanted.operator: "also holds and releases",
    } | dict.fromkeys(wanted.approvers, "answers what a chain asks, and sees everything")
    return SignIn(
        name=SIGNS_IN,
        client_id=wanted.sign_in_id,
        redirect=wanted.redirect,
        roles=tuple(
            AppRole(value=value, id=_id(wanted.tenant_id, "role", value), words=said)
            for value, said in words.items()
        ),
        scope=_id(wanted.tenant_id, "scope", SCOPE),
    )


def _id(*parts: str) -> str:
    """Return a GUID that is the same each time: a script that runs again makes nothing twice."""
    found = sha256("\0".join(parts).encode()).hexdigest()
    return f"{found[:8]}-{found[8:12]}-4{found[13:16]}-8{found[17:20]}-{found[20:32]}"
