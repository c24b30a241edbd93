"""What no browser may be brought to do: answer twice, answer for somebody else's page, or change anything by looking."""

import re

import pytest
from playwright.async_api import Page, Request, Route, expect

from agent.model.enactment import Record
from tests.browser.browsing import Place
from tests.browser.scene import QUESTION
from tests.browser.test_answering import approve, opened, record_of
from tests.persons import EVE

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVIL = "http://evil.test"

SENT_AGAIN = """async (fields) => {
  const sent = {method: 'POST', headers: {'content-type': 'application/x-www-form-urlencoded'}, redirect: 'manual'};
  const answer = await fetch(location.pathname + '/answer', {...sent, body: new URLSearchParams(fields)});
  return [answer.status, answer.type];
}"""

FIELDS = """() => Object.fromEntries(new FormData(document.querySelector('form.answer')))"""


async def known(place: Place) -> tuple[list[Record], int]:
    """Return everything that an answer would change: the records, and how many answers there are."""
    ledger = place.bench.world.ledger
    answers = await ledger.answers([record.action.id for record in await place.bench.records()])
    return await place.bench.records(), sum(map(len, answers.values()))


async def test_an_answer_counts_once_however_often_it_is_sent(place: Place) -> None:
    window = await place.window(EVE)
    await opened(place, window, QUESTION)
    fields = await window.evaluate(FIELDS) | {"reason": "it is phishing", "which": "all"}
    await approve(window)
    await expect(window.locator(".done")).to_be_visible()
    await place.bench.run_pass()
    before = await known(place)

    _, same = await window.evaluate(SENT_AGAIN, fields)
    status, _ = await window.evaluate(SENT_AGAIN, fields | {"verb": "reject"})

    assert same == "opaqueredirect"  # to the answer that was given: somebody pressed twice
    assert status == 409
    assert await known(place) == before


@pytest.mark.parametrize("token", [None, "", "0" * 64])
async def test_a_form_without_the_token_of_the_session_is_refused(place: Place, token: str | None) -> None:
    window = await place.window(EVE)
    await opened(place, window, QUESTION)
    fields = await window.evaluate(FIELDS) | {"reason": "it is phishing", "which": "all", "csrf": token}
    before = await known(place)

    status, _ = await window.evaluate(
        SENT_AGAIN, {name: value for name, value in fields.items() if value is not None}
    )

    assert status == 403
    assert await known(place) == before


async def test_a_form_on_another_site_is_refused_even_with_everything_right(place: Place) -> None:
    window = await place.window(EVE)
    await opened(place, window, QUESTION)
    fields = await window.evaluate(FIELDS) | {"reason": "it is phishing", "which": "all"}
    to = f"{place.url}/actions/{(await record_of(place, QUESTION)).action.id}/answer"
    before = await known(place)

    async def lure(route: Route) -> None:
        hidden = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
        form = f'<form method="post" action="{to}">{hidden}<button>Win</button></form>'
        await route.fulfill(content_type="text/html", body=form)

    await window.route(f"{EVIL}/**", lure)
    await window.goto(f"{EVIL}/")
    async with window.expect_response(to) as answer:
        await window.get_by_role("button", name="Win").click()

    assert (await answer.value).status == 403
    assert await known(place) == before


async def test_no_other_site_can_frame_a_page(place: Place) -> None:
    window = await place.window(EVE)

    async def lure(route: Route) -> None:
        await route.fulfill(content_type="text/html", body=f'<iframe src="{place.url}/pending"></iframe>')

    await window.route(f"{EVIL}/**", lure)
    await window.goto(f"{EVIL}/")

    assert await window.frame_locator("iframe").get_by_role("heading").count() == 0
    place.complaints.clear()  # the browser says that it refused


async def crawl(window: Page, start: list[str], most: int) -> set[str]:
    """Open every link of this site that pages lead to, as a scanner does that runs scripts; return what it opened."""
    waiting, seen = list(start), set[str]()
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        if path.split("?")[0].endswith((".csv", ".json")):
            await window.request.get(path)
            continue
        await window.goto(path)
        for summary in await window.locator("summary:visible").all():
            await summary.click()
        links = await window.eval_on_selector_all(
            "a[href]",
            "(all) => all.filter((one) => one.origin == location.origin).map((one) => one.pathname + one.search)",
        )
        waiting += [link for link in links if link not in seen]
    return seen


async def test_whoever_only_looks_changes_nothing_wherever_the_links_lead(place: Place) -> None:
    window = await place.window(EVE)
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method not in {"GET", "HEAD"}:
            sent.append(request.url)

    window.on("request", note)
    before = await known(place)

    seen = await crawl(window, ["/pending"], most=40)

    assert len(seen) > 20
    assert any(re.match("/actions/[^/]+$", path) for path in seen)
    assert sent == []
    assert await known(place) == before
