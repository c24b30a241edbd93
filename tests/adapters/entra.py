"""A login of our own that signs in people: keys, metadata, tokens, and the device code flow, all in this process."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import requests
import urllib3
from azure.core.pipeline.transport import RequestsTransport
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import RSAAlgorithm

from agent.adapters.microsoft.clouds import Cloud, cloud_named

GLOBAL = cloud_named("global")
TENANT = "11111111-2222-4333-8444-555555555555"
CLIENT = "a1ea9e27-0000-4000-8000-00000000a9e7"
ANN = "aaaaaaaa-2222-4333-8444-000000000001"
NOW = 1_800_000_000.0
KID = "key-1"
LOGIN = "https://login.microsoftonline.com"
V1 = f"https://sts.windows.net/{TENANT}/"
V2 = f"{LOGIN}/{TENANT}/v2.0"


def private_key(name: str = KID, bits: int = 2048) -> RSAPrivateKey:
    """Return the key of this name, the same for as long as the tests run."""
    return _made(name, bits)


@cache
def _made(_name: str, bits: int) -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def published(name: str = KID, bits: int = 2048, **more: Any) -> dict[str, Any]:
    """Return a key as Entra ID publishes it."""
    public = RSAAlgorithm.to_jwk(private_key(name, bits).public_key(), as_dict=True)
    return {**public, "use": "sig", "kid": name, "x5t": name, "issuer": V2, **more}


def claims(**changes: Any) -> dict[str, Any]:
    """Return what a token of Ann's says; a claim that is changed to None is left out."""
    usual = {
        "aud": CLIENT,
        "iss": V2,
        "iat": NOW - 10,
        "nbf": NOW - 10,
        "exp": NOW + 4000,
        "azp": CLIENT,
        "azpacr": "0",
        "name": "Ann Approver",
        "oid": ANN,
        "preferred_username": "Ann@Contoso.example",
        "roles": ["SecOps.Approver"],
        "scp": "answer",
        "sub": "sub",
        "tid": TENANT,
        "uti": "x",
        "ver": "2.0",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def token(
    key: Any = None, *, headers: Mapping[str, Any] | None = None, alg: str = "RS256", **changes: Any
) -> str:
    """Return a signed token; by the tenant's key where none is given."""
    signing = private_key() if key is None else key
    return jwt.encode(claims(**changes), signing, algorithm=alg, headers={"kid": KID, **(headers or {})})


@dataclass
class Published:
    """What the login publishes of a tenant: answers metadata and keys, and counts what was asked."""

    keys: list[Any] = field(default_factory=lambda: [published()])
    issuer: str = V2
    jwks_uri: str = f"{LOGIN}/{TENANT}/discovery/v2.0/keys"
    steps: list[httpx.Response | Exception] = field(default_factory=list)
    """Answered first, one after the other."""
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.steps:
            step = self.steps.pop(0)
            if isinstance(step, Exception):
                raise step
            return step
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(200, json={"issuer": self.issuer, "jwks_uri": self.jwks_uri})
        return httpx.Response(200, json={"keys": self.keys})

    @property
    def fetched(self) -> int:
        """How often the keys were fetched."""
        return sum(one.endswith("/keys") for one in self.asked)


Answer = tuple[int, dict[str, Any]]


class _Adapter(requests.adapters.BaseAdapter):
    def __init__(self, answer: Callable[[str, str, dict[str, str]], Answer | Exception]) -> None:
        super().__init__()
        self._answer = answer

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        sent = request.body or b""
        text = sent.decode() if isinstance(sent, bytes) else str(sent)
        form = {name: values[0] for name, values in parse_qs(text).items()}
        found = self._answer(request.method or "", request.url or "", form)
        if isinstance(found, Exception):
            raise found
        response = requests.Response()
        response.status_code, document = found
        response.headers["Content-Type"] = "application/json"
        body = BytesIO(json.dumps(document).encode())
        response.raw = urllib3.HTTPResponse(body, response.headers, found[0], preload_content=False)
        response.url, response.request = request.url or "", request
        return response

    def close(self) -> None:
        """Hold nothing open."""


class _Restless(RequestsTransport):  # type: ignore[misc]  # azure-core loads it lazily
    """Does not wait between the tries of azure-core."""

    def sleep(self, duration: float) -> None:
        """Return at once."""


@dataclass
class DeviceCodes:
    """The device code flow: what was asked, and what the token endpoint answers, one after the other."""

    tokens: list[Answer | Exception]
    code: Answer | Exception | None = None
    cloud: Cloud = GLOBAL
    forms: list[dict[str, str]] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def transport(self) -> RequestsTransport:
        """Return what azure-identity sends by."""
        session = requests.Session()
        session.mount("https://", _Adapter(self._answer))
        return _Restless(session=session, session_owner=False)

    def _answer(self, _method: str, url: str, form: dict[str, str]) -> Answer | Exception:
        parts = urlsplit(url)
        self.hosts.add(parts.netloc)
        base = f"{parts.scheme}://{parts.netloc}/{TENANT}"
        if parts.path.endswith("/.well-known/openid-configuration"):
            return 200, {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            }
        self.forms.append(form)
        if parts.path.endswith("/devicecode"):
            return self.code or (200, a_code())
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]


def a_code(**more: Any) -> dict[str, Any]:
    """Return an answer of the device code endpoint; polled without a wait."""
    return {
        "device_code": "DEVICE",
        "user_code": "ABCD-EFGH",
        "verification_uri": "https://microsoft.com/devicelogin",
        "expires_in": 900,
        "interval": 0,
        "message": "open the page and type the code",
        **more,
    }


def a_token(access: str) -> Answer:
    """Return an answer of the token endpoint with this access token."""
    identity = jwt.encode({**claims(), "aud": CLIENT}, private_key(), algorithm="RS256")
    return 200, {
        "token_type": "Bearer",
        "expires_in": 3600,
        "access_token": access,
        "refresh_token": "REFRESH",
        "id_token": identity,
    }


def a_no(code: str, error: str = "invalid_grant") -> Answer:
    """Return a refusal with one of Entra ID's codes."""
    return 400, {"error": error, "error_description": f"{code}: no. Trace ID: x", "error_codes": [1]}
