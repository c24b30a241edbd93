"""Who decides is asked to sign in again, and why; what they wrote is kept meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.faces.web.again import asked_again, is_high_risk
from agent.faces.web.app import app_of
from agent.faces.web.forms import form_of
from agent.faces.web.visit import visit_of
from agent.model.pending import ActionKind
from agent.model.session import Draft
from tests.faces.web.house import ORIGIN, READER, House, a_house
from tests.loop.conftest import Bench
from tests.makers import NOW

DRAFT = Draft(action_id="a1", verb="approve", reason="it is a phish", digest="d1", chosen=(2, 5))
HOUR = timedelta(hours=1)


async def decide(request: Request) -> Response:
    """A page that decides something, as every page that does."""
    form = await form_of(request)
    draft = DRAFT if form.get("draft") else None
    again = await asked_again(request, back="/actions/a1?x=1", high_risk=bool(form.get("high")), draft=draft)
    return again or PlainTextResponse("decided")


async def drafted(request: Request) -> Response:
    draft = visit_of(request).session.draft
    return PlainTextResponse("" if draft is None else draft.reason)


def a_deciding_house(bench: Bench, **web: Any) -> House:
    house = a_house(bench, **web)
    house.app = app_of(house.site)
    house.app.router.routes[:0] = [Route("/decide", decide, methods=["POST"]), Route("/drafted", drafted)]
    return house


async def post(house: House, browser: object, **fields: str) -> str:
    token = {"csrf": house.csrf(browser)}  # type: ignore[arg-type]
    answer = await browser.post("/decide", data=token | fields, headers=ORIGIN)  # type: ignore[attr-defined]
    assert answer.status_code == 200
    return str(answer.text)


@pytest.mark.parametrize(
    ("ago", "decides"),
    [
        (HOUR - timedelta(seconds=1), True),
        (HOUR, False),
        (-timedelta(minutes=1), True),
        (-timedelta(minutes=2), False),
    ],
)
async def test_a_decision_needs_a_sign_in_that_is_not_long_ago(
    bench: Bench, ago: timedelta, decides: bool
) -> None:
    house = a_deciding_house(bench)

    async with await house.enter(READER, signed_in=NOW - ago) as browser:
        said = await post(house, browser)

    assert (said == "decided") is decides
    assert decides or "within the last 1h 0m" in said
    assert decides or 'href="/sign-in/start?to=%2Factions%2Fa1%3Fx%3D1&amp;again=yes"' in said


@pytest.mark.parametrize(
    ("step_up", "contexts", "high", "decides"),
    [
        ("c1", (), "yes", False),
        ("c1", ("c2",), "yes", False),
        ("c1", ("c2", "c1"), "yes", True),
        ("c1", (), "", True),
        (None, (), "yes", True),
    ],
)
async def test_a_high_risk_needs_the_stronger_sign_in_of_the_settings(
    bench: Bench, step_up: str | None, contexts: tuple[str, ...], high: str, decides: bool
) -> None:
    house = a_deciding_house(bench, step_up=step_up)

    async with await house.enter(READER, contexts=contexts) as browser:
        said = await post(house, browser, high=high)

    assert (said == "decided") is decides
    assert decides or ("context=c1" in said and "again=yes" not in said)


async def test_who_signed_in_long_ago_proves_everything_at_once(bench: Bench) -> None:
    house = a_deciding_house(bench, step_up="c1")

    async with await house.enter(READER, signed_in=NOW - HOUR) as browser:
        said = await post(house, browser, high="yes")

    assert "again=yes&amp;context=c1" in said


async def test_what_was_written_is_kept_until_it_is_used(bench: Bench) -> None:
    house = a_deciding_house(bench)

    async with await house.enter(READER, signed_in=NOW - HOUR) as browser:
        asked = await post(house, browser, draft="yes")
        kept = (await browser.get("/drafted")).text
    async with await house.enter(READER, draft=DRAFT) as browser:
        await post(house, browser, draft="yes")
        used = (await browser.get("/drafted")).text

    assert "What you wrote is kept" in asked
    assert (kept, used) == ("it is a phish", "")


async def test_a_draft_is_dropped_when_something_else_is_decided(bench: Bench) -> None:
    house = a_deciding_house(bench)

    async with await house.enter(READER, signed_in=NOW - HOUR, draft=DRAFT) as browser:
        await post(house, browser)

        assert (await browser.get("/drafted")).text == ""


@pytest.mark.parametrize(
    ("kind", "targets", "is_high"),
    [
        (ActionKind.SOFT_DELETE_CLUSTER, 99, False),
        (ActionKind.SOFT_DELETE_CLUSTER, 100, True),
        (ActionKind.DISABLE_USER, 1, True),
    ],
)
def test_a_high_risk_is_much_at_once_or_what_stops_somebodys_work(
    house: House, kind: ActionKind, targets: int, is_high: bool
) -> None:
    assert is_high_risk(house.site, kind, targets) is is_high
