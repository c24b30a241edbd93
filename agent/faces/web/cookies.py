"""The site's cookies. Each holds a secret and nothing else; browsers send none of them anywhere but here.

`__Host-` binds a cookie to this very host over TLS. Without TLS, which is for this machine alone, browsers differ in
whether they take such a cookie, so that its name is plain there.
"""

from starlette.requests import Request
from starlette.responses import Response

SESSION = "air-agent"

LARGEST = 4_096
"""Characters of one: browsers keep no larger ones."""


class Cookies:
    """How cookies are named, set and read for a site at this address."""

    def __init__(self, url: str) -> None:
        self._is_encrypted = url.startswith("https://")

    def name(self, cookie: str) -> str:
        """Return what a cookie is called in the browser."""
        return f"__Host-{cookie}" if self._is_encrypted else cookie

    def read(self, request: Request, cookie: str = SESSION) -> str:
        """Return what it holds; empty where there is none, or two: somebody else put one of them there."""
        begins = f"{self.name(cookie)}="
        sent = (part.strip() for line in request.headers.getlist("cookie") for part in line.split(";"))
        found = [part.removeprefix(begins) for part in sent if part.startswith(begins)]
        return found[0] if len(found) == 1 and len(found[0]) <= LARGEST else ""

    def put(self, response: Response, secret: str, cookie: str = SESSION, lasts: int | None = None) -> None:
        """Set it, for as long as the browser runs, or for so many seconds."""
        response.set_cookie(
            self.name(cookie),
            secret,
            max_age=lasts,
            path="/",
            secure=self._is_encrypted,
            httponly=True,
            samesite="lax",
        )

    def remove(self, response: Response, cookie: str = SESSION) -> None:
        """Have the browser forget it."""
        response.delete_cookie(
            self.name(cookie), path="/", secure=self._is_encrypted, httponly=True, samesite="lax"
        )
