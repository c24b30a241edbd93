"""Calls to Graph, through the SDK's adapter without its retry middleware."""

from copy import copy
from random import Random
from typing import Any, cast

import httpx
from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import ResponseHandlerOption

from agent.adapters.graph.sdk import GraphRequestAdapter, GraphServiceClient
from agent.adapters.microsoft.budget import Budget
from agent.adapters.microsoft.caller import Caller
from agent.adapters.microsoft.clouds import Cloud
from agent.adapters.microsoft.tokens import Tokens
from agent.adapters.microsoft.transport import Departure
from agent.model.errors import Malformed
from agent.ports.host import Clock
from agent.ports.telemetry import SILENT, Telemetry


class Adapter(GraphRequestAdapter):
    """The SDK's adapter without its own repeat of a 401, which would bypass the budget."""

    async def retry_cae_response_if_required(
        self,
        resp: httpx.Response,
        request_info: RequestInformation,  # noqa: ARG002  the SDK's signature
        claims: str,  # noqa: ARG002
    ) -> httpx.Response:
        """Return the answer as it is."""
        return resp


class Client(Caller[RequestInformation]):
    """One tenant's Graph. `graph` has the SDK's request builders."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        cloud: Cloud,
        tokens: Tokens,
        budget: Budget,
        clock: Clock,
        lots: Random,
        telemetry: Telemetry = SILENT,
    ) -> None:
        super().__init__(tokens=tokens, budget=budget, clock=clock, lots=lots, telemetry=telemetry)
        self._adapter = Adapter(BaseBearerTokenAuthenticationProvider(tokens), client=http)
        self._adapter.base_url = f"{cloud.graph}/v1.0"
        self.cloud = cloud
        self.graph = GraphServiceClient(request_adapter=self._adapter)

    @property
    def base_url(self) -> str:
        """Where version 1.0 of Graph is."""
        return f"{self.cloud.graph}/v1.0"

    def beside(self, budget: Budget) -> "Client":
        """Return another caller of the same Graph with the same login, which goes by a budget of its own."""
        other = copy(self)
        other._budget = budget  # noqa: SLF001  a copy of this very one
        return other

    def check_link(self, link: str) -> str:
        """Return the link of a next page, if it leads to where the pages before it came from.

        What stands behind a `#` is never sent, so that it must not make two links of one page differ.

        Raises:
            Malformed: it leads elsewhere; the token is not shown there.
        """
        try:
            url, own = httpx.URL(link), httpx.URL(self.base_url)
        except httpx.InvalidURL as error:
            raise Malformed("graph: the link to the next page is not a URL") from error
        is_ours = (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port)
        if not is_ours or url.userinfo or not url.path.startswith("/v1.0/") or ".." in url.path.split("/"):
            where = f"{url.scheme}://{url.host}{url.path}"[:120]
            raise Malformed(f"graph: the link to the next page leads to `{where}`: it is not followed")
        return link.partition("#")[0]

    async def _send(self, request: RequestInformation, departure: Departure | None) -> httpx.Response:
        options = [ResponseHandlerOption(NativeResponseHandler())]
        request.add_request_options([*options, departure] if departure is not None else [*options])
        # What the native handler gives back, whatever the SDK's signature says.
        return cast(
            "httpx.Response", await cast("Any", self._adapter).send_no_response_content_async(request, {})
        )
