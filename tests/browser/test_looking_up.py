"""The portal worklist and the policies, as people use them."""

from datetime import timedelta

import msgspec
import pytest
from playwright.async_api import expect

from tests.browser.browsing import Place
from tests.browser.scene import PLAIN
from tests.loop.conftest import Bench
from tests.persons import EVE

pytestmark = pytest.mark.asyncio(loop_scope="session")


def decline_in_defender(bench: Bench, incident_id: str) -> None:
    """Let a person press Reject in the Action center for all that an incident has."""
    before = bench.defender.incidents[incident_id]
    now = bench.clock.now()
    alerts = tuple(
        msgspec.structs.replace(
            alert,
            last_update_date_time=now,
            investigation_state="successfullyRemediated",
            evidence=tuple(
                msgspec.structs.replace(one, remediation_status="declined") for one in alert.evidence
            ),
        )
        for alert in before.alerts
    )
    bench.defender.show(
        msgspec.structs.replace(before, last_update_date_time=now, version=now.isoformat(), alerts=alerts)
    )


async def test_what_a_person_presses_in_defender_ticks_itself_off_while_the_page_is_open(
    place: Place,
) -> None:
    window = await place.window(EVE)
    await window.goto("/worklist")
    records = await place.bench.records()
    (pressed,) = (one.action.id for one in records if one.action.incident.id == PLAIN)
    row = window.locator(f'#worklist-groups a[data-open][href="/actions/{pressed}"]')
    await expect(row).to_have_count(1)

    place.bench.clock.advance(timedelta(minutes=5))
    decline_in_defender(place.bench, PLAIN)
    await place.bench.run_pass()

    await expect(row).to_have_count(0)
    await expect(window.locator("#worklist-done summary")).to_contain_text("within the last day")
    await window.locator("#worklist-done summary").click()
    await expect(window.locator(f'#worklist-done a[href="/actions/{pressed}"]')).to_be_visible()


async def test_a_policy_is_opened_by_keys_and_a_clause_leads_to_its_line(place: Place) -> None:
    window = await place.window(EVE)
    await window.goto("/policies")

    await window.keyboard.press("j")
    await window.keyboard.press("Enter")
    await expect(window.get_by_role("heading", level=1)).to_have_text("files")
    clause = window.get_by_role("row", name="cluster.mailboxCount").get_by_role("link")
    line = await clause.inner_text()
    await clause.click()

    await expect(window.locator(f"#L{line}")).to_contain_text("cluster.mailboxCount: {atMost: 9}")
    assert await window.evaluate("document.querySelector(':target').id") == f"L{line}"


async def test_both_pages_say_the_same_without_javascript(place: Place) -> None:
    window = await place.window(EVE, java_script_enabled=False)

    await window.goto("/policies")
    await window.get_by_role("link", name="files", exact=True).click()
    await expect(window.locator("#L2")).to_have_text("policy: files")
    await expect(window.get_by_role("heading", name="Limits now")).to_be_visible()
    await window.goto("/worklist")

    await expect(window.get_by_role("heading", name="Soft delete email cluster")).to_be_visible()
