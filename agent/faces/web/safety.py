"""What holds for every answer and every request, whichever page it is of: headers, the host, and where forms come from.

The policy of contents allows nothing but this site's own files: no script or style in a page, nothing from elsewhere, and
no frame around it. A request under another host name is refused, so that a name which an attacker points here (DNS
rebinding) opens nothing. A form has to come from a page of this site: browsers say so in `Sec-Fetch-Site`, older ones in
`Origin`.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.faces.web.probing import PROBES
from agent.settings.addresses import LOOPBACK

CONTENTS = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": CONTENTS,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex, nofollow",
}

TRANSPORT = "max-age=31536000"
"""For how many seconds a browser asks this host over TLS only: a year."""

WRONG_HOST = "this site is not known under that name: open it at the address in its settings (`web.url`)"

NOT_OURS = "this form was not sent by a page of this site: open the page again, and send it there"

LARGEST = 4 * 1024 * 1024
"""Bytes of one form: ten thousand actions with their digests have a quarter of that."""

TOO_LARGE = "this form is larger than any of this site"

SAFE = frozenset({"GET", "HEAD"})
"""Methods that change nothing."""


class Safety:
    """Refuses what is not meant for this site, and sends what every answer has to say."""

    def __init__(self, app: ASGIApp, *, url: str) -> None:
        self._app = app
        self._origin = url
        self._is_encrypted = url.startswith("https://")
        self._hosts = _hosts(url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message))
            await send(message)

        refused = self._refused(scope)
        await (refused or self._app)(scope, receive, sending)

    def _refused(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if headers.get("host", "").lower() not in self._hosts and scope["path"] not in PROBES:
            return PlainTextResponse(f"{WRONG_HOST}\n", 421)
        if scope["method"] not in SAFE and not self._is_of_this_site(headers):
            return PlainTextResponse(f"{NOT_OURS}\n", 403)
        size = headers.get("content-length", "0")
        if not size.isdecimal() or int(size) > LARGEST:
            return PlainTextResponse(f"{TOO_LARGE}\n", 413)
        return None

    def _is_of_this_site(self, headers: Headers) -> bool:
        told = headers.get("sec-fetch-site")
        if told is not None:
            return told == "same-origin"
        origin = headers.get("origin", "").lower()
        return origin.partition("://")[2] in self._hosts and origin.startswith(self._origin.partition(":")[0])

    def _add(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        if self._is_encrypted:
            headers.setdefault("Strict-Transport-Security", TRANSPORT)


def _hosts(url: str) -> frozenset[str]:
    """Return the names under which the site may be asked: its own, and on this machine each of the loopback's."""
    found = urlsplit(url)
    if found.hostname not in LOOPBACK:
        usual = {"https": 443, "http": 80}.get(found.scheme)
        own = found.netloc.lower()
        return frozenset({own, own.removesuffix(f":{usual}"), f"{own.removesuffix(f':{usual}')}:{usual}"})
    names = ("127.0.0.1", "localhost", "[::1]")
    return frozenset(f"{name}:{found.port}" for name in names)
