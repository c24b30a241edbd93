"""Signing a person in to the pages by OpenID Connect: Entra ID's authorization code flow, with PKCE.

Authlib writes the requests; they are sent as everything to Microsoft is: whole bodies only, no redirect followed, no
host but the login. (Its own client for httpx is deprecated there in favour of httpx2: its parts below that are used.)
The answer comes back by `response_mode=query`: a form from another site would arrive without our cookies.

The ID token comes straight from the token endpoint, in exchange for the code, the verifier and the client secret, and is
checked all the same as if anybody could have sent it; `claims` says what, and here it is for this client alone, of the
newest version, and for this one sign-in (its nonce).

When a person proved who they are says `auth_time`, an optional claim that the app registration has to ask for. That Entra
ID gives it when `max_age` is asked for, and that it keeps to `max_age`, is UNCONFIRMED in its documentation (its own
library MSAL expects both): without the claim a sign-in never counts as recent, and one that was asked for to be recent is
refused, and says what to switch on. `prompt=login` alone proves nothing: whoever holds the browser can take it out.

Source: Microsoft's pages "OAuth 2.0 authorization code flow", "ID token claims reference", "Optional claims reference",
"Developer guide to Conditional Access authentication context"; OpenID Connect Core 1.0; RFC 7636 and 9207.
"""

from collections.abc import Callable
from hmac import compare_digest
from typing import Any

import httpx
import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from agent.adapters.microsoft import claims
from agent.adapters.microsoft.clouds import Cloud
from agent.adapters.microsoft.connection import CONNECT_SECONDS, READ_SECONDS
from agent.adapters.microsoft.json import parse
from agent.adapters.microsoft.sign_in_codes import PAGES
from agent.adapters.microsoft.signing_keys import SigningKeys
from agent.adapters.microsoft.tokens import coded, wall_clock
from agent.adapters.microsoft.transport import Transport, direct
from agent.model.answer import Person
from agent.model.errors import Malformed, Refused, Unavailable

SCOPE = "openid profile email"
"""Who they are, and nothing that could be done as them."""

LARGEST = 256 * 1024
"""Bytes of what the token endpoint answers."""

_DECLINED = "sign-in: it was declined, or broken off: sign in again"
_AWAY = "sign-in: the login cannot be reached: check the network, the proxy and the cloud"


class IdClaims(claims.Claims, frozen=True, kw_only=True):
    """What an ID token claims besides."""

    aud: str
    nonce: str
    acrs: tuple[str, ...] | str = ()
    auth_time: float | None = None


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in is asked for with. `state`, `nonce` and `verifier` are secrets of this one sign-in."""

    state: str
    nonce: str
    verifier: str
    again: bool = False
    """Whether they have to prove anew who they are."""
    choose: bool = False
    """Whether they choose an account, although one is signed in at Microsoft."""
    context: str | None = None
    """The authentication context that the sign-in has to fulfil."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in, and how strongly."""

    person: Person
    contexts: tuple[str, ...]
    """The authentication contexts that are fulfilled."""
    proved: float | None
    """When they proved who they are, in seconds since 1970; None where that is not known."""


class OpenId:
    """The sign-in of one tenant. One of these lives as long as the process."""

    def __init__(
        self,
        cloud: Cloud,
        tenant_id: str,
        *,
        client_id: str,
        client_secret: str,
        back: str,
        transport: httpx.AsyncBaseTransport | None = None,
        wall: Callable[[], float] = wall_clock,
    ) -> None:
        """Nothing is fetched yet.

        Args:
            cloud: whose login.
            tenant_id: the only tenant whose people count.
            client_id: the app registration that people sign in to.
            client_secret: its secret.
            back: its redirect URI.
            transport: sends the requests; real connections where none is given.
            wall: the real time in seconds since 1970.
        """
        self._tenant_id = tenant_id.lower()
        self._client_id = client_id.lower()
        self._client_secret = client_secret
        self._back = back
        self._authority = cloud.authority
        self._transport = transport
        self._wall = wall
        self._keys = SigningKeys(cloud, tenant_id, transport=transport, wall=wall)

    async def address(self, asking: Asking, *, max_age: float, hint: str = "") -> str:
        """Return where a browser is sent to sign in.

        Args:
            asking: what it is asked for with.
            max_age: for how many seconds a proof counts; asked for only where one has to count.
            hint: the address of whoever is signed in already.

        Raises:
            Refused, Unavailable, Malformed: the login cannot be used.
        """
        metadata = await self._keys.metadata()
        if not metadata.authorization_endpoint or not metadata.token_endpoint:
            raise Malformed("sign-in: the metadata does not say where people sign in")
        more: dict[str, str] = {}
        if asking.again or asking.context is not None:
            more |= {"max_age": str(int(max_age))} | ({"login_hint": hint} if hint else {})
        if asking.again or asking.choose:
            more["prompt"] = "login" if asking.again else "select_account"
        if asking.context is not None:
            wanted = {"id_token": {"acrs": {"essential": True, "value": asking.context}}}
            more["claims"] = msgspec.json.encode(wanted).decode()
        return str(
            prepare_grant_uri(
                metadata.authorization_endpoint,
                client_id=self._client_id,
                response_type="code",
                redirect_uri=self._back,
                scope=SCOPE,
                state=asking.state,
                response_mode="query",
                nonce=asking.nonce,
                code_challenge=create_s256_code_challenge(asking.verifier),
                code_challenge_method="S256",
                **more,
            )
        )

    async def check_issuer(self, told: str) -> None:
        """Raise Refused where an answer says that it is of another login than ours."""
        if told not in {"", self._keys.issuer}:
            raise Refused("sign-in: the answer is of another login than this tenant's: sign in again")

    async def signed_in(self, asking: Asking, code: str, *, max_age: float) -> SignedIn:
        """Return who it is that was sent back with this code.

        Raises:
            Refused: they are not signed in, and what to do.
            Unavailable, Malformed: the login cannot be used.
        """
        found = await claims.proven(
            await self._exchanged(code, asking.verifier),
            self._keys,
            IdClaims,
            tenant_id=self._tenant_id,
            audiences=(self._client_id,),
            issuers={"2.0": self._keys.issuer},
            now=self._wall(),
        )
        if not compare_digest(found.nonce.encode(), asking.nonce.encode()):
            raise Refused(claims.UNFIT)
        contexts = tuple(found.acrs.split()) if isinstance(found.acrs, str) else found.acrs
        if asking.context is not None and asking.context not in contexts:
            raise Refused(
                f"sign-in: it does not fulfil the authentication context `{asking.context}` (`web.step_up`): "
                "an administrator looks at the conditional access policies for it"
            )
        proved = self._proved(found)
        if asking.again or asking.context is not None:
            self._check_recent(proved, max_age)
        return SignedIn(person=claims.person(found), contexts=contexts, proved=proved)

    def _proved(self, found: IdClaims) -> float | None:
        """Return when they proved who they are. What Entra ID may do about that is believed here alone."""
        return None if found.auth_time is None else min(found.auth_time, self._wall())

    def _check_recent(self, proved: float | None, max_age: float) -> None:
        if proved is None:
            raise Refused(
                "sign-in: Entra ID does not say when you proved who you are: an administrator adds the optional "
                "claim `auth_time` to ID tokens (App registrations, Token configuration)"
            )
        if self._wall() >= proved + max_age:
            raise Refused(
                "sign-in: Entra ID did not ask you anew who you are: sign in again, with your password or your key"
            )

    async def _exchanged(self, code: str, verifier: str) -> str:
        """Return the ID token that is given for the code."""
        metadata = await self._keys.metadata()
        form = prepare_token_request(
            "authorization_code",
            redirect_uri=self._back,
            code=code,
            code_verifier=verifier,
            client_id=self._client_id,
            client_secret=self._client_secret,
            scope=SCOPE,
        )
        answer = await self._sent(metadata.token_endpoint, form)
        if answer.status_code >= 500 or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise Unavailable(f"sign-in: the login answered {answer.status_code}: try again in a moment")
        document = parse(answer.content)
        told = document if isinstance(document, dict) else {}
        if answer.status_code != httpx.codes.OK:
            raise refused(told.get("error"), told.get("error_description"))
        token = told.get("id_token")
        if not isinstance(token, str):
            raise Malformed("sign-in: the login gave no ID token")
        return token

    async def _sent(self, url: str, form: str) -> httpx.Response:
        sends = self._transport if self._transport is not None else direct(self._authority)
        inner = Transport(sends, body_limit=LARGEST)
        headers = {
            "User-Agent": "air-agent",
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            async with httpx.AsyncClient(
                transport=inner,
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                follow_redirects=False,
                trust_env=False,
            ) as http:
                return await http.post(url, content=form, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(_AWAY) from error


def refused(error: Any, description: Any) -> Refused | Unavailable:
    """Return what the login's no means, in our own words: whoever made a link may have written those it came with."""
    found = coded(str(description)[:2000], PAGES, about="sign-in")
    if found is not None:
        return found
    match error:
        case "access_denied" | "consent_required" | "interaction_required" | "login_required":
            return Refused(_DECLINED)
        case "server_error" | "temporarily_unavailable":
            return Unavailable("sign-in: the login service is away for a moment: try again")
        case _:
            return Refused("sign-in: the login said no, and not why: sign in again")
