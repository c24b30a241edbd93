"""The Pending page in a real browser: found, followed while others decide, and several answered at once."""

import pytest
from playwright.async_api import expect

from agent.judge.answering import Attempt
from agent.judge.bind import offer_of
from agent.loop.answering import answer
from agent.loop.run import load
from agent.model.decision import Verb
from agent.model.enactment import State
from tests.browser.browsing import NARROW, Place
from tests.browser.scene import PLAIN, QUESTION
from tests.persons import FAY

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def answer_elsewhere(place: Place, incident: str, verb: Verb = Verb.REJECT) -> None:
    """Let somebody else answer on a terminal."""
    bench = place.bench
    (record,) = await bench.world.ledger.of_incident(incident)
    offered = offer_of(record)
    assert offered is not None
    attempt = Attempt(person=FAY, verb=verb, reason="it is wanted", digest=offered.digest)
    replied = await answer(bench.world, await load(bench.world), record.action.id, attempt, via="command")
    assert replied.counts


async def test_what_somebody_decides_elsewhere_is_seen_without_a_click(place: Place) -> None:
    window = await place.window()
    await window.goto("/pending")
    row = window.locator("[data-row]", has_text=f"Incident {PLAIN}")
    await expect(row).to_contain_text("asks people")

    await answer_elsewhere(place, PLAIN)

    await expect(row).to_contain_text("answered")
    await expect(window.locator(".headline")).to_contain_text("5 of 7 open actions await a person.")


async def test_what_somebody_has_chosen_is_not_taken_from_under_their_hands(place: Place) -> None:
    window = await place.window()
    await window.goto("/pending")
    row = window.locator("[data-row]", has_text=f"Incident {QUESTION}")
    await row.get_by_role("checkbox").check()

    await answer_elsewhere(place, PLAIN)

    await expect(window.locator("#news")).to_contain_text("There is news on this page.")
    await expect(row.get_by_role("checkbox")).to_be_checked()


async def test_a_list_is_narrowed_and_cleared_again(place: Place) -> None:
    window = await place.window()
    await window.goto("/pending")

    await window.keyboard.press("/")
    await window.keyboard.type("parcel")
    await window.keyboard.press("Enter")
    await expect(window.locator("[data-row]")).to_have_count(1)
    await expect(window.locator(".paging").first).to_contain_text("1 to 1 of 1 open actions, narrowed from 7")
    await window.get_by_role("link", name="Clear filters").first.click()

    await expect(window.locator("[data-row]")).to_have_count(7)


@pytest.mark.parametrize("java_script", [True, False], ids=["with script", "without"])
async def test_several_are_answered_at_once_with_a_reason_and_their_number(
    place: Place, java_script: bool
) -> None:
    window = await place.window(viewport=NARROW, java_script_enabled=java_script)
    await window.goto("/pending?needs=mine&policy=links")
    for incident in (QUESTION, PLAIN):
        await window.locator("[data-row]", has_text=f"Incident {incident}").get_by_role("checkbox").check()

    await window.get_by_role("button", name="Approve the chosen actions").click()
    await expect(window.get_by_role("heading", level=1)).to_have_text(
        "Approve 2 actions: Soft delete email cluster"
    )
    await expect(window.locator(".headline")).to_contain_text("Together they act on 5 targets.")
    before = await place.bench.states()
    await window.get_by_label("Why, for all of them").fill("both are phishing")
    await window.get_by_label("Type 2, the number of actions").fill("2")
    await window.get_by_role("button", name="Approve 2 actions").click()

    await expect(window.get_by_role("heading", level=1)).to_contain_text("2 of 2 answers count")
    assert State.ANSWERED not in before
    for incident in (QUESTION, PLAIN):
        (record,) = await place.bench.world.ledger.of_incident(incident)
        assert record.state is State.ANSWERED


async def test_a_number_that_is_not_theirs_is_not_sent_by_the_browser(place: Place) -> None:
    window = await place.window()
    await window.goto("/pending?needs=mine&policy=links")
    await window.locator("[data-row]", has_text=f"Incident {QUESTION}").get_by_role("checkbox").check()
    await window.get_by_role("button", name="Reject the chosen actions").click()

    await window.get_by_label("Why, for all of them").fill("wanted")
    await window.get_by_label("Type 1, the number of actions").fill("2")
    await window.get_by_role("button", name="Reject 1 action").click()

    await expect(window.get_by_role("heading", level=1)).to_have_text(
        "Reject 1 action: Soft delete email cluster"
    )
    assert State.ANSWERED not in await place.bench.states()
