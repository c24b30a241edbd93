"""Two tenants in one ledger: whoever is of one sees nothing of the other, at any address there is."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from starlette.routing import Route

from tests.browser.scene import a_week
from tests.faces.web.house import APPROVER, ORIGIN, House, a_house
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import TENANT

OTHER = "99999999-2222-4333-8444-555555555555"
EVERYTHING = msgspec.structs.replace(APPROVER, roles=("Reader", "Operator", "SecOps.Approver"))
STREAMS = ("/live",)
"""What does not end by itself; it has tests of its own."""

WORDS = ("bad.example", "Invoice", "newsletters", OTHER)
"""What stands in the other tenant's week, and nowhere in an empty one."""


@dataclass
class Neighbours:
    """Our house, in which nothing has happened, and another tenant whose week lies in the same file."""

    ours: House
    theirs: Bench

    async def addresses(self, method: str) -> list[str]:
        """Return every address that takes this method, with what belongs to the other tenant in it."""
        records = await self.theirs.records()
        known = {
            "/actions/": [one.action.id for one in records],
            "/incidents/": [one.action.incident.id for one in records],
            "/policies/": ["links", "many", "newsletters"],
            "/sign-in/": ["x"],
        }
        paths = [
            one.path
            for one in self.ours.app.routes
            if isinstance(one, Route) and method in (one.methods or ())
        ]
        return [full for path in paths if path not in STREAMS for full in filled(path, known)]


def filled(path: str, known: dict[str, list[str]]) -> Iterator[str]:
    if "{" not in path:
        yield path
        return
    before, after = path.partition("{")[0], path.partition("}")[2]
    (names,) = [names for begins, names in known.items() if path.startswith(begins)]
    yield from (f"{before}{name}{after}" for name in names)


@pytest.fixture
async def neighbours(tmp_path: Path) -> AsyncIterator[Neighbours]:
    url = f"sqlite:///{tmp_path}/data/ledger.db"
    async with open_ledger(url, TENANT) as ours, open_ledger(url, OTHER) as theirs:
        elsewhere = Bench(theirs)
        elsewhere.world = replace(elsewhere.world, tenant_id=OTHER)
        await a_week(elsewhere)
        here = Bench(ours)
        await here.run_pass()
        yield Neighbours(a_house(here), elsewhere)


async def test_no_page_shows_anything_of_another_tenant(neighbours: Neighbours) -> None:
    records = await neighbours.theirs.records()
    secrets = [*WORDS, *(one.action.id for one in records)]
    assert len(records) >= 7

    async with await neighbours.ours.enter(EVERYTHING) as browser:
        for address in await neighbours.addresses("GET"):
            answer = await browser.get(address)
            named = any(one.action.id in address for one in records) or "/incidents/" in address

            assert answer.status_code in ({404} if named else {200, 303, 404, 400}), address
            # A refusal may repeat what was asked for.
            assert not [one for one in secrets if one in answer.text and one not in address], address


async def test_the_other_tenants_own_people_see_all_of_it(neighbours: Neighbours) -> None:
    """Without this, the words that are looked for above could be such as no page shows to anybody."""
    theirs = msgspec.structs.replace(EVERYTHING, tenant_id=OTHER)
    shown = ""

    async with await a_house(neighbours.theirs).enter(theirs) as browser:
        for address in ("/pending.json", "/history.json", "/policies.json", "/status.json"):
            shown += (await browser.get(address)).text

    assert [one for one in WORDS if one not in shown] == []


async def test_no_form_changes_anything_of_another_tenant(neighbours: Neighbours) -> None:
    ledger = neighbours.theirs.world.ledger
    before = await neighbours.theirs.records()
    ids = [one.action.id for one in before]

    async with await neighbours.ours.enter(EVERYTHING) as browser:
        fields = {"csrf": neighbours.ours.csrf(browser), "reason": "x", "verb": "approve", "which": "all"}
        for address in await neighbours.addresses("POST"):
            if not address.startswith("/sign-in"):
                sent = fields | {"digest": "d", "id": ids, "count": str(len(ids)), "name": "kill-switch"}
                await browser.post(address, data=sent, headers=ORIGIN)

    assert await neighbours.theirs.records() == before
    assert await ledger.answers(ids) == {}
    assert await ledger.holds() == ()
    assert len(await neighbours.ours.bench.world.ledger.holds()) == 1
