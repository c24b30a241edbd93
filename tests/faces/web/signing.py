"""A site whose people sign in at a provider of our own, and browsers that go there and back."""

from dataclasses import dataclass
from typing import Any, Self

import httpx

from agent.faces.web.beginning import Beginnings
from agent.faces.web.door import OpenIdDoor
from tests.faces.web.house import URL, House, a_house
from tests.loop.conftest import Bench
from tests.makers import TENANT
from tests.openid import Provider

KEY = b"k" * 32


@dataclass
class Browser:
    """One browser: its cookies of the site, and those of the login."""

    site: httpx.AsyncClient
    login: httpx.AsyncClient

    async def start(self, to: str = "/", **asked: str) -> str:
        """Begin to sign in; return where the site sends the browser."""
        answer = await self.site.get("/sign-in/start", params={"to": to, **asked})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def choose(self, address: str, who: str) -> str:
        """Sign in at the login; return where it sends the browser back to."""
        shown = await self.login.get(address)
        if shown.status_code == 200:
            shown = await self.login.post(address, content=f"who={who}")
        assert shown.status_code == 302, shown.text
        return str(shown.headers["location"])

    async def sign_in(self, who: str = "eve", to: str = "/", **asked: str) -> httpx.Response:
        """Go all the way; return what the site answers at the end of it."""
        return await self.site.get(await self.choose(await self.start(to, **asked), who))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.site.aclose()
        await self.login.aclose()


@dataclass
class Street:
    """A site, and the login that its people come from."""

    house: House
    provider: Provider

    def browser(self) -> Browser:
        return Browser(self.house.visitor(), httpx.AsyncClient(transport=self.provider.transport()))


def a_street(bench: Bench, **web: Any) -> Street:
    """Return a site whose people sign in with OpenID Connect."""
    provider = Provider(f"{URL}/sign-in/back", TENANT, wall=lambda: bench.clock.now().timestamp())
    door = OpenIdDoor(openid=provider.open_id(), beginnings=Beginnings(key=KEY))
    return Street(a_house(bench, door=door, **web), provider)
