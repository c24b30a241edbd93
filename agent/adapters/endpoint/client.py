"""Calls to Defender for Endpoint's API, over httpx: there is no SDK of it."""

from collections.abc import Mapping
from random import Random
from urllib.parse import quote

import httpx
import msgspec

from agent.adapters.microsoft.budget import Budget
from agent.adapters.microsoft.caller import Caller
from agent.adapters.microsoft.tokens import Tokens
from agent.adapters.microsoft.transport import Departure, carrying
from agent.ports.host import Clock
from agent.ports.telemetry import SILENT, Telemetry


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. `path` are segments, of which none can become two."""

    method: str = "GET"
    path: tuple[str, ...]
    query: Mapping[str, str] = {}
    body: Mapping[str, str] | None = None


class Client(Caller[Request]):
    """One tenant's Defender for Endpoint."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        url: str,
        tokens: Tokens,
        budget: Budget,
        clock: Clock,
        lots: Random,
        telemetry: Telemetry = SILENT,
    ) -> None:
        super().__init__(tokens=tokens, budget=budget, clock=clock, lots=lots, telemetry=telemetry)
        self._http = http
        self._url = f"{url}/api"

    async def _send(self, request: Request, departure: Departure | None) -> httpx.Response:
        token = await self._tokens.get_authorization_token(self._url)
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        made = self._http.build_request(
            request.method,
            "/".join((self._url, *(quote(segment, safe="") for segment in request.path))),
            params=request.query or None,
            headers=headers,
            content=None if request.body is None else msgspec.json.encode(request.body),
            extensions=carrying(departure),
        )
        return await self._http.send(made)
