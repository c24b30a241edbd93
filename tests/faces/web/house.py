"""A site over the ledger of a bench, and whoever visits it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hmac import digest as keyed
from secrets import token_urlsafe
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette

from agent.adapters.ledger.ledger import SqlLedger
from agent.faces.web.app import app_of
from agent.faces.web.cookies import Cookies
from agent.faces.web.door import Door, LinkDoor
from agent.faces.web.in_force import Known
from agent.faces.web.site import Site
from agent.faces.web.visit import CSRF, session_id
from agent.model.answer import Person
from agent.model.policy import Mode
from agent.model.session import Session
from agent.settings.serving import Web
from agent.settings.subjects import Settings, Tenant
from tests.loop.conftest import Bench
from tests.makers import TENANT
from tests.persons import ROLE, somebody

URL = "http://127.0.0.1:8420"
ORIGIN = {"Origin": URL}

READER = somebody("rita", roles=("Reader",))
APPROVER = somebody("eve")
OPERATOR = somebody("otto", roles=("Operator",))
NOBODY = somebody("nina", roles=("Something.Else",))


@dataclass
class House:
    """What the pages show is made by the bench's own passes; people come in by the session they are given."""

    bench: Bench
    site: Site
    app: Starlette

    @property
    def now(self) -> Any:
        return self.bench.clock.now()

    def visitor(self, **more: Any) -> httpx.AsyncClient:
        """Return a browser of somebody who is not signed in."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=URL, **more)

    async def enter(self, person: Person = APPROVER, **session: Any) -> httpx.AsyncClient:
        """Return a browser of somebody who has signed in just now."""
        secret = token_urlsafe(32)
        now = self.now
        known = Session(id=session_id(secret), person=person, began=now, signed_in=now, seen=now)
        await self.site.sessions.begin(msgspec.structs.replace(known, **session))
        browser = self.visitor()
        browser.cookies.set(Cookies(URL).name("air-agent"), secret)
        return browser

    def csrf(self, browser: httpx.AsyncClient) -> str:
        """Return what forms of this browser's session bring along."""
        secret = browser.cookies[Cookies(URL).name("air-agent")]
        return keyed(secret.encode(), CSRF.encode(), "sha256").hex()


CONTOSO = Tenant(id=TENANT, name="Contoso")


async def somebodies() -> Sequence[Person]:
    return (READER, APPROVER, OPERATOR)


def a_house(
    bench: Bench,
    tenant: Tenant = CONTOSO,
    /,
    *,
    door: Door | None = None,
    mode: Mode = Mode.OBSERVE,
    **web: Any,
) -> House:
    """Return the pages over what the bench has in its ledger; `web` are settings of the pages.

    People sign in by a link unless a `door` is given.
    """
    ledger = bench.world.ledger
    assert isinstance(ledger, SqlLedger)
    settings = Settings(tenant=tenant, mode=mode, web=Web(**web))
    site = Site(
        settings=settings,
        desk=bench.world,
        pages=ledger.pages,
        archive=ledger.archive,
        trail=ledger.trail,
        sessions=ledger.sessions,
        policies=Known(desk=bench.world),
        door=door or LinkDoor(people=somebodies),
        wall=bench.clock,
    )
    return House(bench=bench, site=site, app=app_of(site))


async def send(browser: httpx.AsyncClient, page: str, to: str, **fields: Any) -> httpx.Response:
    """Open a page and send one of its forms as a browser does: with the token that the page has."""
    shown = await browser.get(page)
    token = shown.text.partition('name="csrf" value="')[2].partition('"')[0]
    return await browser.post(to, data={"csrf": token, **fields}, headers=ORIGIN)


__all__ = ["APPROVER", "NOBODY", "OPERATOR", "READER", "ROLE", "House", "a_house", "send"]
