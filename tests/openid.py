"""An OpenID provider of our own that behaves as Entra ID does: a real server on this machine, or in this process.

It is strict where Entra ID is: the redirect URI has to be registered, the verifier has to fit the challenge, a code works
once, the client secret has to be right. Its tokens are made with joserfc, and the product checks them with PyJWT.

    provider = Provider(back="http://127.0.0.1:8420/sign-in/back")
    async with provider.serving():            # real HTTP on loopback
        openid = provider.open_id()           # what the product signs in with

Who can sign in, their roles, which authentication contexts they fulfil, and what goes wrong are plain attributes that a
test changes at any time.
"""

import asyncio
import base64
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

import httpx
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from agent.adapters.microsoft.clouds import Cloud
from agent.adapters.microsoft.open_id import OpenId
from agent.adapters.microsoft.tokens import wall_clock

TENANT = "11111111-2222-4333-8444-555555555555"
CLIENT = "a1ea9e27-0000-4000-8000-00000000a9e7"
SECRET = "the-client-secret"
HERE = "http://127.0.0.1:9010"
"""Its address where nothing is served: it is in this process then."""

KEY = RSAKey.generate_key(2048, {"kid": "provider-1", "use": "sig"})
_COOKIE = "provider"


@dataclass
class Account:
    """Somebody who has an account."""

    name: str
    oid: str
    address: str
    roles: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    """What they can prove, where it is asked for."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims that are different for them; None leaves one out."""


def accounts() -> dict[str, Account]:
    """Return the usual people: a reader, two approvers of whom one has a security key, and an operator."""
    people = (
        Account("Rita Reader", _oid(1), "rita@contoso.example", ("Reader",)),
        Account("Eve Approver", _oid(2), "eve@contoso.example", ("Reader", "SecOps.Approver"), ("c1",)),
        Account("Fay Approver", _oid(3), "fay@contoso.example", ("Reader", "SecOps.Approver")),
        Account("Otto Operator", _oid(4), "otto@contoso.example", ("Operator",)),
        Account("Nina Nobody", _oid(5), "nina@contoso.example"),
    )
    return {one.name.split()[0].lower(): one for one in people}


def _oid(number: int) -> str:
    return f"0b1ec700-0000-4000-8000-00000000000{number}"


@dataclass
class _Code:
    """A code that was given out, and what for."""

    account: Account
    asked: dict[str, str]
    auth_time: int
    acrs: tuple[str, ...]


@dataclass
class Provider:
    """One tenant's login."""

    back: str
    tenant: str = TENANT
    people: dict[str, Account] = field(default_factory=accounts)
    says_auth_time: bool = True
    """Whether the app registration has the optional claim."""
    error: str = ""
    """One of Entra ID's codes: everybody is sent back with it."""
    token_error: str = ""
    """One of Entra ID's codes: the token endpoint answers with it."""
    wall: Callable[[], float] = wall_clock
    url: str = HERE
    asked: list[dict[str, str]] = field(default_factory=list)
    """What it was asked at its authorization endpoint."""
    exchanged: list[dict[str, str]] = field(default_factory=list)
    """What it was asked at its token endpoint."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims that are different for everybody; None leaves one out."""
    _codes: dict[str, _Code] = field(default_factory=dict)
    _signed_in: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Who is signed in here at which browser, and since when."""

    @property
    def issuer(self) -> str:
        return f"{self.url}/{self.tenant}/v2.0"

    def app(self) -> Starlette:
        base = f"/{self.tenant}"
        return Starlette(
            routes=[
                Route(f"{base}/v2.0/.well-known/openid-configuration", self._metadata),
                Route(f"{base}/discovery/v2.0/keys", self._keys),
                Route(f"{base}/oauth2/v2.0/authorize", self._authorize, methods=["GET", "POST"]),
                Route(f"{base}/oauth2/v2.0/token", self._token, methods=["POST"]),
            ]
        )

    def cloud(self) -> Cloud:
        return Cloud("local", self.url, self.url, True)

    def transport(self) -> httpx.ASGITransport:
        """Return what requests are sent to it by, where nothing is served."""
        return httpx.ASGITransport(self.app())

    def open_id(self, *, secret: str = SECRET) -> OpenId:
        """Return what the product signs in with."""
        return OpenId(
            self.cloud(),
            self.tenant,
            client_id=CLIENT,
            client_secret=secret,
            back=self.back,
            transport=self.transport() if self.url == HERE else None,
            wall=self.wall,
        )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Give its address while it is served on a port of this machine."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            config = uvicorn.Config(self.app(), lifespan="off", log_config=None, access_log=False)
            server = uvicorn.Server(config)
            task = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                yield self.url
            finally:
                server.should_exit = True
                await task

    async def _metadata(self, _request: Request) -> Response:
        base = f"{self.url}/{self.tenant}"
        return JSONResponse(
            {
                "issuer": self.issuer,
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )

    async def _keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [{**KEY.as_dict(private=False), "issuer": self.issuer}]})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        wrong = self._wrong(asked)
        if wrong:
            return HTMLResponse(f"<h1>{wrong}</h1>", 400)
        if request.method == "GET":
            self.asked.append(asked)
        if self.error:
            return self._back(asked, error="access_denied", error_description=f"{self.error}: no.")
        known = self._signed_in.get(request.cookies.get(_COOKIE, ""))
        if request.method == "GET":
            if known is None or self._is_asked_anew(asked, known[1]):
                return HTMLResponse(self._page())
            return self._given(asked, *known)
        chosen = dict([part.split("=", 1) for part in (await request.body()).decode().split("&")])["who"]
        if chosen == "nobody":
            return self._back(asked, error="access_denied", error_description="AADSTS65004: declined.")
        mark, now = token_urlsafe(16), int(self.wall())
        self._signed_in[mark] = (chosen, now)
        answer = self._given(asked, chosen, now)
        answer.set_cookie(_COOKIE, mark, httponly=True, samesite="lax")
        return answer

    def _wrong(self, asked: dict[str, str]) -> str:
        """Return what is wrong with a request; Entra ID says it on a page of its own, and sends nobody back."""
        required = {
            "client_id": CLIENT,
            "redirect_uri": self.back,
            "response_type": "code",
            "response_mode": "query",
            "code_challenge_method": "S256",
        }
        wrong = [name for name, value in required.items() if asked.get(name) != value]
        missing = [name for name in ("state", "nonce", "code_challenge") if not asked.get(name)]
        if "openid" not in asked.get("scope", "").split():
            missing.append("scope")
        return f"AADSTS900144: {', '.join(wrong + missing)}" if wrong or missing else ""

    def _is_asked_anew(self, asked: dict[str, str], auth_time: int) -> bool:
        too_old = "max_age" in asked and self.wall() >= auth_time + int(asked["max_age"])
        return asked.get("prompt", "") in {"login", "select_account"} or too_old

    def _page(self) -> str:
        buttons = "".join(
            f'<p><button name="who" value="{key}">{one.name}</button></p>' for key, one in self.people.items()
        )
        decline = '<p><button name="who" value="nobody">Cancel</button></p>'
        return f'<!doctype html><title>Sign in</title><h1>Pick an account</h1><form method="post">{buttons}{decline}</form>'

    def _given(self, asked: dict[str, str], who: str, auth_time: int) -> Response:
        account = self.people[who]
        wanted = json.loads(asked.get("claims", "{}")).get("id_token", {}).get("acrs", {}).get("value")
        if wanted is not None and wanted not in account.contexts:
            return self._back(asked, error="access_denied", error_description="AADSTS53003: blocked.")
        code = token_urlsafe(24)
        self._codes[code] = _Code(account, asked, auth_time, () if wanted is None else (wanted,))
        return self._back(asked, code=code)

    def _back(self, asked: dict[str, str], **said: str) -> Response:
        query = urlencode({**said, "state": asked["state"], "session_state": "x"})
        return RedirectResponse(f"{self.back}?{query}", 302)

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.exchanged.append(form)
        if self.token_error:
            return _no(self.token_error)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return _no("AADSTS7000215", "invalid_client")
        given = self._codes.pop(form.get("code", ""), None)
        if given is None:
            return _no("AADSTS54005")
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            proof.decode().rstrip("=") != given.asked["code_challenge"]
            or form.get("redirect_uri") != self.back
        ):
            return _no("AADSTS501481")
        claims = self._claims(given)
        token = jwt.encode({"alg": "RS256", "kid": "provider-1", "typ": "JWT"}, claims, KEY)
        return JSONResponse(
            {"token_type": "Bearer", "expires_in": 3600, "access_token": "x", "id_token": token}
        )

    def _claims(self, given: _Code) -> dict[str, Any]:
        now = int(self.wall())
        usual = {
            "aud": CLIENT,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + 3900,
            "name": given.account.name,
            "nonce": given.asked["nonce"],
            "oid": given.account.oid,
            "preferred_username": given.account.address,
            "roles": list(given.account.roles) or None,
            "sub": "s",
            "tid": self.tenant,
            "uti": "u",
            "ver": "2.0",
            "acrs": list(given.acrs) or None,
            "auth_time": given.auth_time if self.says_auth_time else None,
        }
        said = usual | given.account.claims | self.claims
        return {name: value for name, value in said.items() if value is not None}


def _no(code: str, error: str = "invalid_grant") -> Response:
    return JSONResponse({"error": error, "error_description": f"{code}: no. Trace ID: x"}, 400)
