"""The keys that a tenant's tokens are signed with, as Entra ID publishes them: where they lie is read from its metadata.

Entra ID rolls its keys over without notice, and publishes a new one before it signs with it. So keys are kept for an
hour, and a key that is not known is looked for once more, though not again within five minutes: the name of a key stands
in a token, which anybody can write. A name is looked up and nothing else; addresses of keys that a token gives, or a key
within it, are never used.

Source: Microsoft's pages on access tokens ("Validate tokens") and on signing key rollover.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import PyJWTError

from agent.adapters.microsoft.answers import first_line
from agent.adapters.microsoft.clouds import Cloud
from agent.adapters.microsoft.connection import CONNECT_SECONDS, READ_SECONDS
from agent.adapters.microsoft.json import parse
from agent.adapters.microsoft.tokens import wall_clock
from agent.adapters.microsoft.transport import Transport, direct
from agent.model.errors import Malformed, Refused, Unavailable

KEPT_SECONDS = 3600.0
"""For how long keys are used without looking again."""

APART_SECONDS = 300.0
"""How far apart two looks are at least, whatever keys are asked for."""

LEAST_BITS = 2048
"""Of a key; shorter ones are not used, whoever publishes them."""

MOST_KEYS = 100


class Metadata(msgspec.Struct, frozen=True):
    """The part of the tenant's OpenID metadata that is used. All of its addresses are of the login itself."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""


class Key(msgspec.Struct, frozen=True):
    """One published key; `issuer` is the tenant that it signs for, where that is said."""

    kty: str
    kid: str = ""
    use: str = "sig"
    n: str = ""
    e: str = ""
    issuer: str = ""


class SigningKeys:
    """The keys of one tenant, fetched when they are needed. One of these lives as long as the process."""

    def __init__(
        self,
        cloud: Cloud,
        tenant_id: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        wall: Callable[[], float] = wall_clock,
    ) -> None:
        self._authority = cloud.authority
        self._tenant_id = tenant_id.lower()
        self._transport = transport
        self._wall = wall
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._metadata: Metadata | None = None
        self._fetched = float("-inf")
        self._fetching = asyncio.Lock()

    @property
    def issuer(self) -> str:
        """Who issues the tenant's tokens of version 2.0."""
        return f"{self._authority}/{self._tenant_id}/v2.0"

    async def key(self, key_id: str) -> RSAPublicKey:
        """Return the key of this name.

        Raises:
            Refused: the tenant publishes no such key.
            Unavailable: its keys cannot be fetched.
            Malformed: what is published cannot be used.
        """
        is_new = key_id not in self._keys and self._age() >= APART_SECONDS
        if is_new or self._is_stale():
            await self._fetch()
        if key_id not in self._keys:
            raise Refused(
                f"sign-in: the token is signed with a key that tenant {self._tenant_id} does not publish: "
                "check `tenant.id` and `graph.cloud`, and sign in again"
            )
        return self._keys[key_id]

    async def metadata(self) -> Metadata:
        """Return what the tenant publishes of itself.

        Raises:
            Refused: there is no such tenant.
            Unavailable: it cannot be fetched.
            Malformed: what is published cannot be used.
        """
        if self._metadata is None or self._is_stale():
            return await self._fetch()
        return self._metadata

    def _age(self) -> float:
        return self._wall() - self._fetched

    def _is_stale(self) -> bool:
        return not 0 <= self._age() < KEPT_SECONDS

    async def _fetch(self) -> Metadata:
        """Fetch what is published, once for all who wait for it."""
        before = self._fetched
        async with self._fetching:
            if self._metadata is not None and self._fetched != before:
                return self._metadata
            return await self._fetch_anew()

    async def _fetch_anew(self) -> Metadata:
        """Keep every key that is published now; to another host than the login nothing is sent."""
        inner = Transport(self._transport if self._transport is not None else direct(self._authority))
        async with httpx.AsyncClient(
            transport=inner,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            headers={"User-Agent": "air-agent"},
            follow_redirects=False,
            trust_env=False,
        ) as http:
            metadata: Metadata = _taken(
                await self._read(http, f"{self.issuer}/.well-known/openid-configuration"), Metadata
            )
            if metadata.issuer != self.issuer:
                raise Malformed(
                    f"sign-in: the metadata is of `{first_line(metadata.issuer)}`, not of `{self.issuer}`"
                )
            self._check_host("the keys lie", metadata.jwks_uri)
            for address in (metadata.authorization_endpoint, metadata.token_endpoint):
                if address:
                    self._check_host("people sign in", address)
            self._keys = self._usable(await self._read(http, metadata.jwks_uri))
            self._metadata, self._fetched = metadata, self._wall()
            return metadata

    def _check_host(self, what: str, address: str) -> None:
        where, own = urlsplit(address), urlsplit(self._authority)
        if (where.scheme, where.netloc) != (own.scheme, own.netloc):
            raise Malformed(
                f"sign-in: the metadata says that {what} at `{first_line(where.netloc)}`: not followed"
            )

    async def _read(self, http: httpx.AsyncClient, url: str) -> Any:
        try:
            answer = await http.get(url)
        except httpx.HTTPError as error:
            raise Unavailable(
                "sign-in: the tenant's signing keys cannot be fetched: check the network and the proxy"
            ) from error
        if answer.status_code == httpx.codes.OK:
            return parse(answer.content)
        if answer.status_code in {400, 404}:
            raise Refused(
                f"sign-in: `{self._authority}` knows no tenant {self._tenant_id}: "
                "check `tenant.id` and `graph.cloud`"
            )
        raise Unavailable(f"sign-in: the tenant's signing keys cannot be fetched: {answer.status_code}")

    def _usable(self, document: Any) -> Mapping[str, RSAPublicKey]:
        listed = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(listed, list) or len(listed) > MOST_KEYS:
            raise Malformed("sign-in: what is published is no list of keys")
        named = (_taken(one, Key) for one in listed)
        found = {one.kid: _public(one) for one in named if one.kid and self._signs(one)}
        return {kid: key for kid, key in found.items() if key is not None and key.key_size >= LEAST_BITS}

    def _signs(self, key: Key) -> bool:
        """Whether it signs tokens of this tenant: the keys of others may be published beside it."""
        issuer = key.issuer.replace("{tenantid}", self._tenant_id)
        return key.kty == "RSA" and key.use == "sig" and issuer in {"", self.issuer}


def _public(key: Key) -> RSAPublicKey | None:
    """Return the key; None where it cannot be read: one that is broken leaves the others as good as they are."""
    try:
        found = RSAAlgorithm.from_jwk({"kty": "RSA", "n": key.n, "e": key.e})
    except (PyJWTError, ValueError):
        return None
    return found if isinstance(found, RSAPublicKey) else None


def _taken(record: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(record, kind)
    except msgspec.ValidationError as error:
        raise Malformed("sign-in: what the login publishes of the tenant cannot be read") from error
