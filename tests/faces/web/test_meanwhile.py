"""What changes between two looks of one request, or while a person signs in again, carries no answer of theirs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import msgspec
import pytest

from agent.faces.web.app import app_of
from agent.faces.web.in_force import Known
from agent.loop.policies import InForce
from agent.model.enactment import Plan, Record, State, Way
from agent.model.session import Draft
from tests.faces.web.house import ORIGIN, READER, ROLE, House, a_house
from tests.faces.web.questions import POLICIES, a_question
from tests.faces.web.test_actions import told
from tests.loop.conftest import Bench
from tests.makers import NOW
from tests.persons import somebody

EVE = somebody("eve", roles=(ROLE, *READER.roles))
"""An approver who may look whatever the policies say: they are read for her answers alone."""

LONG_AGO = NOW - timedelta(hours=2)

LARGE = a_question(1, copies=3)
"""To approve it is a high risk here, and each sign-in below is too weak for that, or too old."""

EMPTY = msgspec.structs.replace(LARGE, state=State.SEEN, plan=None)
"""The same while it is judged anew: nothing is offered."""


@dataclass(slots=True)
class Meanwhile(Known):
    """The policies in force. When they are read, which is right before an answer is judged, something happens first."""

    happens: Callable[[], Awaitable[None]] | None = None

    async def now(self) -> InForce:
        if self.happens is not None:
            await self.happens()
        return await Known.now(self)


@pytest.fixture
async def house(bench: Bench) -> House:
    """A site on which nothing is offered when a form comes in, and everything when its answer is judged."""
    bench.with_policies(**POLICIES)
    found = a_house(bench, step_up="c1", high_risk_from=3)
    await put(bench, EMPTY)
    site = replace(found.site, policies=Meanwhile(desk=bench.world, happens=lambda: put(bench, LARGE)))
    return House(bench=bench, site=site, app=app_of(site))


async def put(bench: Bench, record: Record) -> None:
    """Leave a record in the ledger, in place of the one there is."""
    ledger = bench.world.ledger
    known = (await ledger.load([record.action.id])).get(record.action.id)
    version = known.version if known is not None else record.version
    await ledger.save([msgspec.structs.replace(record, version=version)], now=NOW)


async def approve(house: House, to: str, **sent: str) -> httpx.Response:
    async with await house.enter(EVE, signed_in=LONG_AGO if "digest" in sent else NOW) as browser:
        given = {"csrf": house.csrf(browser), "verb": "approve", "reason": "phish", **sent}
        return await browser.post(to, data=given, headers=ORIGIN)


def digest_of(record: Record) -> str:
    assert record.plan is not None
    assert record.plan.offered is not None
    return record.plan.offered.digest


@pytest.mark.parametrize("which", [{"which": "all"}, {"which": "only", "target": "1"}])
async def test_an_answer_to_what_is_only_offered_again_meanwhile_does_not_count(
    house: House, which: dict[str, str]
) -> None:
    answered = await approve(house, f"/actions/{LARGE.action.id}/answer", digest=digest_of(LARGE), **which)

    assert answered.status_code == 409
    assert "it changed since you were shown it" in told(answered)
    assert await house.bench.world.ledger.answers([LARGE.action.id]) == {}


async def test_nor_does_one_of_several(house: House) -> None:
    answered = await approve(
        house, "/pending/answer", shown=f"{LARGE.action.id} {digest_of(LARGE)}", count="1"
    )

    assert answered.status_code == 409
    assert "it changed since you were shown it" in told(answered)
    assert await house.bench.world.ledger.answers([LARGE.action.id]) == {}


async def test_targets_that_were_chosen_of_another_list_are_not_chosen_of_this_one(bench: Bench) -> None:
    bench.with_policies(**POLICIES)
    await put(bench, LARGE)
    draft = Draft(action_id=LARGE.action.id, verb="approve", reason="only his", digest="0" * 32, chosen=(1,))
    house, page = a_house(bench), f"/actions/{LARGE.action.id}"

    async with await house.enter(EVE, draft=draft) as browser:
        back = await browser.get(page)
        fields = {"csrf": house.csrf(browser), "verb": "approve", "reason": "only his", "digest": "0" * 32}
        sent = await browser.post(
            f"{page}/answer", data={**fields, "which": "only", "target": "1"}, headers=ORIGIN
        )

    assert 'type="checkbox" name="target" value="1">' in back.text
    assert "It changed since you wrote that: look at what would be done now, and choose anew" in told(back)
    assert "only his</textarea>" in back.text
    assert sent.status_code == 409
    assert 'type="checkbox" name="target" value="1">' in sent.text


async def test_targets_that_were_chosen_of_the_same_list_stay_chosen(bench: Bench) -> None:
    bench.with_policies(**POLICIES)
    await put(bench, LARGE)
    draft = Draft(
        action_id=LARGE.action.id, verb="approve", reason="his", digest=digest_of(LARGE), chosen=(1,)
    )

    async with await a_house(bench).enter(EVE, draft=draft) as browser:
        back = await browser.get(f"/actions/{LARGE.action.id}")

    assert 'type="checkbox" name="target" value="1" checked>' in back.text
    assert "it changed since you wrote that" not in told(back)


async def test_what_policies_approved_does_not_say_that_it_waits_for_anybody(bench: Bench) -> None:
    bench.with_policies(**POLICIES)
    plan = Plan(way=Way.REMEDIATE, why="soft delete", effects=LARGE.plan.offered.effects)  # type: ignore[union-attr]
    await put(bench, LARGE)
    house, page = a_house(bench), f"/actions/{LARGE.action.id}"

    async with await house.enter(EVE) as browser:
        asked = told(await browser.get(page))
        await put(bench, msgspec.structs.replace(LARGE, state=State.INTENDED, plan=plan))
        under_way = told(await browser.get(page))

    assert "Nobody has approved it yet: it takes 1 person" in asked
    assert "Nobody has approved it yet" not in under_way
    assert "Reject: nothing is done" in under_way
