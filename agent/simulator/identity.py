"""Tokens for the one application that the tenant knows, and what each is good for."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent.simulator.answers import json
from agent.simulator.kinds import is_of_endpoint
from agent.simulator.moments import text
from agent.simulator.names import (
    APP_NAME,
    CLIENT_ID,
    ENDPOINT_AUDIENCES,
    ENDPOINT_ROLES,
    GRAPH_AUDIENCES,
)
from agent.simulator.state import State

_KEY = b"signs only what this simulator itself reads"


class Unauthorized(Exception):
    """There is no token, or it is not valid any more."""


class Forbidden(Exception):
    """The token lacks every role that would do."""


class Identity:
    """Issues and checks tokens of the client credentials flow."""

    def __init__(self, state: State, client_secret: str) -> None:
        self._state = state
        self._secret = client_secret

    async def issue(self, request: Request, now: datetime) -> Response:
        """Answer a request for a token, or refuse it as Entra ID does."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if request.path_params["tenant"] != self._state.tenant_id:
            return _refusal(400, "invalid_request", 90002, "the tenant was not found", now)
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", 70003, "the grant type is not supported", now)
        if form.get("client_id") != CLIENT_ID:
            return _refusal(400, "unauthorized_client", 700016, "the application was not found", now)
        if not hmac.compare_digest(form.get("client_secret", ""), self._secret):
            return _refusal(401, "invalid_client", 7000215, "invalid client secret provided", now)
        if not form.get("scope", "").endswith("/.default"):
            return _refusal(400, "invalid_scope", 70011, "the scope is not valid", now)
        lifetime = int(self._state.switches.token_lifetime.total_seconds())
        body = {
            "token_type": "Bearer",
            "expires_in": lifetime - 1,
            "ext_expires_in": lifetime - 1,
            "access_token": self.token(now, audience=form["scope"].removesuffix("/.default")),
        }
        return json(msgspec.json.encode(body))

    def token(self, now: datetime, *, audience: str = "https://graph.microsoft.com") -> str:
        """Return a token in the form of a JWT; its signature is ours and means nothing elsewhere."""
        switches = self._state.switches
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self._state.tenant_id}/",
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + switches.token_lifetime).timestamp()),
            "appid": CLIENT_ID,
            "app_displayname": APP_NAME,
            "idtyp": "app",
            "roles": sorted(_held(switches.roles, audience)),
            "tid": switches.token_tenant or self._state.tenant_id,
        }
        signed = f"{_segment({'typ': 'JWT', 'alg': 'HS256'})}.{_segment(claims)}"
        return f"{signed}.{_signature(signed)}"

    def check(self, request: Request, roles: frozenset[str], now: datetime) -> None:
        """Pass a request whose token is valid, is for the API that is asked, and holds one of the roles, if there are any.

        A token for this simulator's own address is one for Graph.

        Raises:
            Unauthorized: there is no valid token.
            Forbidden: it holds none of the roles.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise Unauthorized("access token is empty")
        claims = _claims(token)
        if claims is None or claims["tid"] != self._state.tenant_id:
            raise Unauthorized("access token validation failure")
        if claims["exp"] <= now.timestamp():
            raise Unauthorized("lifetime validation failed, the token is expired")
        if not _is_for(request, str(claims["aud"])):
            raise Unauthorized("access token validation failure, invalid audience")
        if roles and not roles & set(claims["roles"]) & self._state.switches.roles:
            raise Forbidden(
                f"missing application roles, one of these is required: {', '.join(sorted(roles))}"
            )


def tenant_of(authorization: str) -> str | None:
    """Return the id of the tenant that issued the token of this header; None where it is no token of a simulator."""
    claims = _claims(authorization.partition(" ")[2])
    return None if claims is None else str(claims["tid"])


def _held(roles: frozenset[str], audience: str) -> frozenset[str]:
    """Return those of the roles that are the API's which the token is for."""
    of_endpoint = audience.rstrip("/") in ENDPOINT_AUDIENCES
    return roles & ENDPOINT_ROLES if of_endpoint else roles - ENDPOINT_ROLES


def _is_for(request: Request, audience: str) -> bool:
    asked = audience.rstrip("/")
    if is_of_endpoint(request.url.path):
        return asked in ENDPOINT_AUDIENCES
    return asked in GRAPH_AUDIENCES or asked == f"{request.url.scheme}://{request.url.netloc}"


def _segment(words: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(words)).decode().rstrip("=")


def _signature(signed: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(_KEY, signed.encode(), hashlib.sha256)).decode().rstrip("=")


def _claims(token: str) -> dict[str, Any] | None:
    signed, _, signature = token.rpartition(".")
    if not signed or not hmac.compare_digest(signature.encode(), _signature(signed).encode()):
        return None
    body = signed.partition(".")[2]
    return msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=dict[str, Any])


def _refusal(status: int, name: str, code: int, message: str, now: datetime) -> Response:
    body = {
        "error": name,
        "error_description": f"AADSTS{code}: {message}",
        "error_codes": [code],
        "timestamp": text(now),
    }
    return json(msgspec.json.encode(body), status=status)
