"""Access tokens for one API: fetched, checked against the tenant, kept until they near their end."""

import asyncio
import base64
import binascii
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    ServiceRequestError,
    ServiceResponseError,
)
from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator

from agent.adapters.in_time import in_time
from agent.model.errors import Refused, Unavailable

SPARE_SECONDS = 300.0
"""How long before its end a token is renewed."""

PATIENCE_SECONDS = 60.0
"""How long a login may take, its own retries included."""

_TRANSIENT = frozenset({"AADSTS90006", "AADSTS90012", "AADSTS90024", "AADSTS90033"})
"""Codes that Entra ID describes as passing. Source: the page of Microsoft Entra error codes."""

_MENDS = {
    "AADSTS50057": "enable the account that logs in",
    "AADSTS50076": "the login wants a second factor: log in again, or use an app registration",
    "AADSTS53003": "conditional access blocks the app: exclude it, or allow this address",
    "AADSTS70021": "add a federated credential for this workload to the app registration",
    "AADSTS700016": "check the client id, and that the app is registered in this tenant",
    "AADSTS700024": "the federated token is stale or this machine's clock is wrong: check both",
    "AADSTS700027": "register this certificate with the app registration",
    "AADSTS700211": "correct the issuer of the app registration's federated credential",
    "AADSTS700213": "correct the subject of the app registration's federated credential",
    "AADSTS7000112": "enable the app in this tenant",
    "AADSTS7000215": "the client secret is wrong: give the secret's value, not its id",
    "AADSTS7000222": "the client secret has expired: make a new one",
    "AADSTS90002": "no such tenant in this cloud: check the tenant id and the cloud",
    "AADSTS900023": "check the tenant id",
}


class WrongTenant(Refused):
    """The login works, and is of another tenant than the settings say."""


class AsyncCredential(Protocol):
    """A credential that is awaited."""

    async def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> AccessToken:
        """Return a token for the scopes."""
        ...


class SyncCredential(Protocol):
    """A credential that blocks, such as those of azure-identity."""

    def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> AccessToken:
        """Return a token for the scopes."""
        ...


Credential = AsyncCredential | SyncCredential


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says of itself. Not verified here: the API does that, we only look for a wrong setting."""

    tid: str = ""
    roles: tuple[str, ...] = ()
    scp: str = ""
    oid: str = ""
    appid: str = ""

    @property
    def own(self) -> frozenset[str]:
        """Return by which ids Entra ID knows who the token stands for, lower case: its object's, and the app's."""
        return frozenset(one.lower() for one in (self.oid, self.appid) if one)

    @property
    def is_delegated(self) -> bool:
        """Whether it stands for a person, who is signed in, rather than for the app."""
        return bool(self.scp) and not self.roles

    @property
    def grants(self) -> frozenset[str]:
        """Return the permissions in it."""
        return frozenset(self.scp.split()) if self.is_delegated else frozenset(self.roles)


def wall_clock() -> float:
    """Return the time in seconds since 1970: a token's end is real time, whatever clock the agent runs on."""
    return datetime.now(UTC).timestamp()  # noqa: TID251  the agent's clock may be scaled, a token's is not


class Tokens(AccessTokenProvider):
    """Gives one token for one host of one tenant; the SDK asks for it by its own interface.

    The credential is made anew for each token. Its own cache would hand back a token that has just
    been turned away, and a federated token is to be read from its file each time.
    """

    def __init__(
        self,
        credential: Callable[[], Credential],
        *,
        url: str,
        scope: str,
        tenant_id: str,
        wall: Callable[[], float] = wall_clock,
    ) -> None:
        self._credential = credential
        self._url = url
        self._scope = scope
        self._tenant_id = tenant_id
        self._wall = wall
        self._turn = asyncio.Lock()
        self._token = ""
        self._renew_at = 0.0
        self._ends_at = 0.0
        self.generation = 0
        """Counts tokens, so that of many callers that were turned away only the first renews."""
        self.claims = Claims()

    async def get_authorization_token(
        self,
        uri: str,
        additional_authentication_context: dict[str, Any] = {},  # noqa: ARG002, B006  the SDK's signature
    ) -> str:
        """Return a token for this URL; nothing but the configured API gets one.

        Raises:
            Refused: the login says no, or the token is another tenant's, or the URL another host's.
            Unavailable: the login cannot be reached.
        """
        asked, own = urlsplit(uri), urlsplit(self._url)
        if (asked.scheme, asked.netloc) != (own.scheme, own.netloc):
            raise Refused(f"login: no token is given to another host than `{own.netloc}`")
        return await self.ready()

    async def ready(self) -> str:
        """Return a token that is not near its end.

        Raises:
            Refused: the login says no, or the token is another tenant's.
            Unavailable: the login cannot be reached.
        """
        if self._wall() < self._renew_at:
            return self._token
        async with self._turn:
            if self._wall() >= self._renew_at:
                await self._renew_early()
        return self._token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        """Return the SDK's own check of hosts, for the same one host."""
        return AllowedHostsValidator([urlsplit(self._url).hostname or ""])

    async def renew(self, generation: int, claims: str | None = None) -> None:
        """Fetch a token that differs from the one of `generation`, which the API turned away.

        Args:
            generation: what it was when the request was made.
            claims: the challenge that came with the refusal.
        """
        async with self._turn:
            if generation == self.generation:
                await self._fetch(claims)

    async def _renew_early(self) -> None:
        """Fetch a new token; where the login is away and the old one still holds, keep that."""
        try:
            await self._fetch(None)
        except Unavailable:
            if self._wall() >= self._ends_at:
                raise

    async def _fetch(self, claims: str | None) -> None:
        token = await self._ask(claims)
        found = read_claims(token.token)
        if found.tid.lower() != self._tenant_id.lower():
            raise WrongTenant(
                f"login: the token is for tenant `{found.tid}`, the settings say `{self._tenant_id}`: "
                "correct the tenant id, or log in to the right tenant"
            )
        now = self._wall()
        lifetime = max(0.0, token.expires_on - now)
        self._token, self.claims = token.token, found
        self._ends_at = now + lifetime
        self._renew_at = now + max(lifetime - SPARE_SECONDS, lifetime / 2)
        self.generation += 1

    async def _ask(self, claims: str | None) -> AccessToken:
        options = {"claims": claims} if claims else {}
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                credential = self._credential()
                if inspect.iscoroutinefunction(credential.get_token):
                    pending: Awaitable[AccessToken] = credential.get_token(self._scope, **options)
                    return await pending
                # A login that hangs must not keep the process from ending: azure-identity waits for minutes.
                return await in_time(partial(_blocking, credential, self._scope, options), PATIENCE_SECONDS)
        except ClientAuthenticationError as error:
            raise refusal(error) from error
        except AzureError as error:
            raise Unavailable("login: cannot be reached: check the network and the cloud") from error
        except (FileNotFoundError, PermissionError) as error:
            raise Refused(
                f"login: `{error.filename}` cannot be read: {error.strerror}: mount the file"
            ) from error
        except OSError as error:
            raise Unavailable("login: no answer in time: check the network and the cloud") from error


def _blocking(credential: Any, scope: str, options: dict[str, str]) -> AccessToken:
    try:
        token: AccessToken = credential.get_token(scope, **options)
        return token
    finally:
        close = getattr(credential, "close", None)
        if close is not None:
            close()


def _is_of_the_network(error: BaseException) -> bool:
    """Whether azure-identity wrapped a failure of the network, as it does with whatever comes up in a login."""
    seen: BaseException | None = error.__cause__ or error.__context__
    while seen is not None:
        if isinstance(seen, ServiceRequestError | ServiceResponseError | ConnectionError | TimeoutError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def refusal(
    error: ClientAuthenticationError,
    mends: Mapping[str, str] = _MENDS,
    *,
    about: str = "login",
    otherwise: str = "check the kind of credential in the settings, and for azureCli run `az login`",
) -> Refused | Unavailable:
    """Return what a login's no means. The login's own text stays out: it may quote what it was sent.

    Args:
        error: the no.
        mends: what to do, by Entra ID's codes.
        about: with which word the message begins.
        otherwise: what to do where the no has no code.
    """
    found = coded(str(error), mends, about=about)
    if found is not None:
        return found
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 500:
        return Unavailable(f"{about}: answered {status}")
    if _is_of_the_network(error):
        return Unavailable(f"{about}: cannot be reached: check the network, DNS, the proxy and the cloud")
    return Refused(f"{about}: this credential cannot be used here ({type(error).__name__}): {otherwise}")


def coded(text: str, mends: Mapping[str, str], *, about: str) -> Refused | Unavailable | None:
    """Return what a no with one of Entra ID's codes means; None where it has none. Nothing else of it is told."""
    found = re.search(r"AADSTS\d{4,8}", text)
    if found is None:
        return None
    code = found.group()
    if code in _TRANSIENT:
        return Unavailable(f"{about}: {code}: the login service is away for a moment")
    mend = mends.get(code, "look the code up at https://login.microsoftonline.com/error")
    return Refused(f"{about}: {code}: {mend}")


def read_claims(token: str) -> Claims:
    """Return what the token says of itself.

    Raises:
        Refused: it is not a token of Entra ID.
    """
    try:
        middle = token.split(".")[1]
        raw = base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))
        return msgspec.json.decode(raw, type=Claims)
    except (IndexError, binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise Refused(
            "login: the token cannot be read, so its tenant is not known: check the kind of credential"
        ) from error
