"""How the agent is known to Microsoft: its request budgets, and until when its credentials can be used.

When a client secret ends only Entra ID knows: `GET /applications(appId='…')` with its `passwordCredentials`, for which
`Application.Read.All` is the least application permission. Which of an app registration's secrets is ours is told by its
`hint`, the first three characters. Where several begin alike, the one that ends next counts: better a warning too early.
A secret may have no hint (null): it may be ours where no other begins as ours does.

Source: Microsoft's pages "Get application" and "passwordCredential resource type".
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from agent.adapters.graph import calls
from agent.adapters.graph.client import Client
from agent.adapters.graph.ids import literal, segment
from agent.adapters.graph.plain import reading
from agent.adapters.microsoft.answers import Answer
from agent.adapters.microsoft.caller import NotFound
from agent.adapters.microsoft.json import parse
from agent.adapters.microsoft.proofs import Certificate, ClientSecret, Lasting, Proof, Unknown
from agent.model.errors import Malformed, Refused
from agent.model.vitals import Expiry, Usage
from agent.ports.host import Clock


class Password(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One client secret as the app registration has it."""

    hint: str | None = None
    end_date_time: datetime | None = None


class Registration(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An app registration's client secrets."""

    app_id: str
    password_credentials: tuple[Password, ...] = ()


class GraphLogin:
    """Fulfils ports.Login."""

    def __init__(
        self, client: Client, clock: Clock, proofs: Sequence[Proof], budgets: Sequence[Callable[[], Usage]]
    ) -> None:
        self._client = client
        self._clock = clock
        self._proofs = proofs
        self._budgets = budgets

    def usage(self) -> tuple[Usage, ...]:
        """Return how much of each request budget was used in the last minute."""
        return tuple(budget() for budget in self._budgets)

    async def expiries(self) -> tuple[Expiry, ...]:
        """Return until when each credential can be used; where that may not be read, why."""
        return tuple([await self._expiry(proof) for proof in self._proofs])

    async def _expiry(self, proof: Proof) -> Expiry:
        try:
            match proof:
                case ClientSecret():
                    return Expiry(what=proof.what, ends=await self._secret_ends(proof))
                case Certificate():
                    return Expiry(what=proof.what, ends=await asyncio.to_thread(proof.ends))
                case Lasting():
                    return Expiry(what=proof.what, why=proof.why, is_lasting=True)
                case Unknown():
                    return Expiry(what=proof.what, why=proof.why)
        except (Refused, Malformed) as error:
            return Expiry(what=proof.what, why=str(error))

    async def _secret_ends(self, secret: ClientSecret) -> datetime:
        needed = calls.READ_REGISTRATION.permission
        if needed not in self._client.grants:
            raise Refused(f"only Entra ID knows: grant {needed} to the agent's app registration")
        url = f"{self._client.base_url}/applications(appId={literal(segment(secret.client_id))})"
        query = {"$select": "appId,passwordCredentials"}
        try:
            found = await self._client.read(
                calls.READ_REGISTRATION, lambda: reading(url, query), _registration
            )
        except NotFound as error:
            raise Refused(
                f"the app registration {secret.client_id} is of another tenant, which alone knows"
            ) from error
        if found.app_id.lower() != secret.client_id.lower():
            raise Malformed(f"{calls.READ_REGISTRATION}: another one came than was asked for")
        ends = _ends(found.password_credentials, secret.hint) or _ends(found.password_credentials, None)
        if not ends:
            raise Refused(
                f"none of the client secrets of the app registration {secret.client_id} begins as this one"
            )
        # Of those that begin alike, one that has ended is not the one that is in use.
        return min([end for end in ends if end > self._clock.now()] or ends)


def _ends(secrets: Sequence[Password], hint: str | None) -> list[datetime]:
    return [one.end_date_time for one in secrets if one.hint == hint and one.end_date_time is not None]


def _registration(answer: Answer) -> Registration:
    try:
        return msgspec.convert(parse(answer.body), Registration)
    except msgspec.ValidationError as error:
        raise Malformed(f"{calls.READ_REGISTRATION}: a record cannot be read: {error}") from error
