"""Who comes in, and what everybody is answered with, whichever page it is."""

from datetime import timedelta

import pytest

from tests.faces.web.house import APPROVER, NOBODY, OPERATOR, READER, House
from tests.makers import NOW
from tests.persons import somebody


async def test_nobody_sees_anything_without_signing_in(house: House) -> None:
    async with house.visitor() as browser:
        page, program = await browser.get("/pending?kind=a"), await browser.get("/pending.json")

    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?to=%2Fpending%3Fkind%3Da")
    assert (program.status_code, program.json()) == (401, {"error": "you are not signed in, or not any more"})


@pytest.mark.parametrize("person", [READER, OPERATOR])
async def test_whoever_may_look_comes_in(house: House, person: object) -> None:
    async with await house.enter(person) as browser:  # type: ignore[arg-type]
        assert (await browser.get("/nowhere")).status_code == 404


async def test_whoever_has_no_role_sees_nothing(house: House) -> None:
    async with await house.enter(NOBODY) as browser:
        answer = await browser.get("/nowhere")

    assert (answer.status_code, "an administrator gives it a role" in answer.text) == (403, True)


async def test_a_session_of_another_tenant_is_none(house: House) -> None:
    stranger = somebody("eve", tenant_id="99999999-2222-3333-4444-555555555555")

    async with await house.enter(stranger) as browser:
        assert (await browser.get("/nowhere")).status_code == 303


@pytest.mark.parametrize(
    ("seen", "began", "status"),
    [
        (timedelta(minutes=29), timedelta(0), 404),
        (timedelta(minutes=30), timedelta(0), 303),
        (timedelta(0), timedelta(hours=7, minutes=59), 404),
        (timedelta(0), timedelta(hours=8), 303),
    ],
)
async def test_a_session_ends_when_it_is_idle_and_when_the_shift_is_over(
    house: House, seen: timedelta, began: timedelta, status: int
) -> None:
    async with await house.enter(READER, seen=NOW - seen, began=NOW - max(began, seen)) as browser:
        assert (await browser.get("/nowhere")).status_code == status


async def test_a_session_that_is_used_goes_on_but_not_by_a_page_that_looks_by_itself(house: House) -> None:
    async with await house.enter(READER) as browser:
        house.bench.clock.advance(timedelta(minutes=20))
        await browser.get("/nowhere", headers={"air-agent-live": "1"})
        house.bench.clock.advance(timedelta(minutes=5))
        await browser.get("/nowhere")
        house.bench.clock.advance(timedelta(minutes=29))

        assert (await browser.get("/nowhere")).status_code == 404


async def test_another_host_opens_nothing(house: House) -> None:
    async with await house.enter(APPROVER) as browser:
        answer = await browser.get("/nowhere", headers={"Host": "evil.example"})

    assert answer.status_code == 421


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}]
)  # fmt: skip
async def test_a_form_of_another_site_is_refused_before_anything_reads_it(
    house: House, headers: dict[str, str]
) -> None:
    async with await house.enter(APPROVER) as browser:
        answer = await browser.post("/nowhere", headers=headers)

    assert answer.status_code == 403


async def test_every_answer_says_what_a_browser_must_not_do(house: House) -> None:
    async with house.visitor() as browser:
        for path in ("/", "/health", "/nowhere", "/static/site.css"):
            headers = (await browser.get(path)).headers

            assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"
            assert "strict-transport-security" not in headers
