"""The Status page, and who may hold and release on it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from agent.faces.holding import lay
from agent.faces.vitals import Ending
from agent.faces.web.frame import PLACES
from agent.faces.web.status import Status
from agent.model.alarm import Alarm
from agent.model.hold import BRAKE, Hold, Replica
from agent.model.vitals import Expiry, Passing, Usage
from tests.certificates import write_pair
from tests.faces.web.house import OPERATOR, ORIGIN, READER, House, a_house, send
from tests.ledgers import open_ledger
from tests.makers import TENANT
from tests.persons import somebody

OTHER = "99999999-2222-3333-4444-555555555555"

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
BY = f"{OPERATOR.name} ({OPERATOR.object_id})"


def an_agent(house: House, **more: Any) -> Replica:
    told: dict[str, Any] = {
        "name": "agent-1",
        "alive": house.now,
        "switch_read": house.now,
        "version": "1.2",
        "mode": "enforce",
        "passing": Passing(
            began=house.now - MINUTE,
            took=2 * SECOND,
            longest=14 * SECOND,
            of=20,
            due=house.now + 4 * MINUTE,
        ),
        "usage": (Usage(system="graph", used=12, allowed=60),),
        "expiries": (Expiry(what="the agent's client secret", ends=house.now + 31 * DAY),),
    }
    return Replica(**(told | more))


async def shown(house: House, person: Any = READER) -> str:
    browser = await house.enter(person)
    answer = await browser.get("/status")
    assert answer.status_code == 200
    return answer.text


async def told(house: House) -> Status:
    browser = await house.enter(READER)
    answer = await browser.get("/status.json")
    assert answer.status_code == 200
    return msgspec.json.decode(answer.content, type=Status)


async def holds(house: House) -> list[tuple[str, str, str]]:
    return [(one.name, one.by, one.reason) for one in await house.site.desk.ledger.holds()]


# -- what is said --


async def test_where_all_is_well_the_page_says_so_first(house: House) -> None:
    await house.site.desk.ledger.beat(an_agent(house))

    page = await shown(house)

    assert "all is well" in page
    assert (await told(house)).needs == ()
    for words in (
        "12 of 60",
        "took 2.0s (longest of 20: 14s), next in 4m",
        "1.2",
        "everything granted",
        "shipped",
        "fine",
    ):
        assert words in page, words


async def test_where_no_agent_has_run_it_says_how_to_start_one(house: House) -> None:
    page = await shown(house)

    assert (await told(house)).needs == (
        "no agent has run on this ledger yet: start one with `air-agent run`",
    )
    assert "No agent has run on this ledger yet. Start one: <code>air-agent run</code>." in page


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"switch_read": None}, "agent-1 does not read the kill switch"),
        ({"cannot": {"disableUser": "grant User.EnableDisableAccount.All"}}, "agent-1 hands off disableUser"),
        ({"expiries": (Expiry(what="the agent's client secret"),)}, ""),
        ({"expiries": (Expiry(what="the agent's identity", why="Azure renews it", is_lasting=True),)}, ""),
    ],
)
async def test_what_needs_somebody_is_said_in_words(house: House, more: Any, words: str) -> None:
    await house.site.desk.ledger.beat(an_agent(house, **more))

    needs = (await told(house)).needs

    assert [one.startswith(words) for one in needs] == ([True] if words else [])


@pytest.mark.parametrize(
    ("left", "state", "needs"),
    [
        (30 * DAY + SECOND, "fine", False),
        (30 * DAY, "ends soon", True),
        (SECOND, "ends soon", True),
        (timedelta(0), "ended", True),
    ],
)
async def test_a_credential_is_warned_of_a_month_before_its_end(
    house: House, left: timedelta, state: str, needs: bool
) -> None:
    secret = Expiry(what="the agent's client secret", ends=house.now + left)
    await house.site.desk.ledger.beat(an_agent(house, expiries=(secret,)))

    found = await told(house)

    assert [one.state.value for one in found.credentials] == [state]
    assert bool(found.needs) is needs
    assert state in await shown(house)


async def test_a_credential_of_which_nothing_is_known_says_why(house: House) -> None:
    secret = Expiry(what="the agent's client secret", why="grant Application.Read.All")
    await house.site.desk.ledger.beat(an_agent(house, expiries=(secret,)))

    page = await shown(house)

    assert "unknown" in page
    assert "grant Application.Read.All" in page


async def test_what_an_agent_that_has_ended_said_of_its_credentials_is_left_out(house: House) -> None:
    await house.site.desk.ledger.beat(an_agent(house, alive=house.now - 16 * MINUTE))

    assert (await told(house)).credentials == ()


async def test_the_certificate_of_the_pages_is_warned_of_too(house: House, tmp_path: Path) -> None:
    certificate, _ = write_pair(tmp_path, house.now + DAY)
    settings = msgspec.structs.replace(
        house.site.settings, web=msgspec.structs.replace(house.site.settings.web, certificate=certificate)
    )
    house.app.state.site = replace(house.site, settings=settings)
    await house.site.desk.ledger.beat(an_agent(house))

    found = await told(house)
    certificate.unlink()
    gone = await told(house)

    assert found.needs == ("the certificate of the pages ends soon: renew it",)
    assert gone.credentials[-1].state is Ending.UNKNOWN


async def test_throttling_and_the_problems_of_a_pass_are_shown(house: House) -> None:
    busy = an_agent(house)
    assert busy.passing is not None
    passing = msgspec.structs.replace(busy.passing, problems=("incident 42: <b>graph</b> is away",))
    usage = Usage(system="graph", used=60, allowed=60, until=house.now + 9 * MINUTE)
    await house.site.desk.ledger.beat(msgspec.structs.replace(busy, passing=passing, usage=(usage,)))

    page = await shown(house)

    assert "throttled" in page
    assert "1 problem" in page
    assert "&lt;b&gt;graph&lt;/b&gt;" in page
    assert len((await told(house)).needs) == 2


async def test_alarms_and_what_was_not_shipped_are_shown(house: House) -> None:
    await house.bench.run_pass()
    await house.site.desk.ledger.raise_alarm(
        Alarm(name="policies", since=house.now, words="the set \u202edoes not load")
    )

    page = await shown(house)

    assert "1 alarm stands" in page
    assert "\u202e" not in page
    assert "waits to ship since" in page


async def test_a_reader_sees_the_switch_and_why_they_cannot_throw_it(house: House) -> None:
    page = await shown(house, READER)

    assert 'action="/status/hold"' not in page
    assert "needs the app role Operator" in page


async def test_another_tenants_agents_holds_and_alarms_are_not_shown_nor_released(
    house: House, tmp_path: Path
) -> None:
    """Two tenants in one ledger file: neither page nor form reaches over."""
    async with open_ledger(f"sqlite:///{tmp_path}/data/ledger.db", OTHER) as others:
        await others.beat(an_agent(house, name="their-agent"))
        await others.hold(Hold(name="hold", since=house.now, by="them", reason="their reason"))
        await others.raise_alarm(Alarm(name="theirs", since=house.now, words="their alarm"))
        await others.move_cursor(house.now)
        browser = await house.enter(OPERATOR)

        page = (await browser.get("/status")).text
        done = await release(browser, name="hold", reason="not ours")

        assert "their" not in page
        assert "no agent has run on this ledger yet" in page
        assert done.status_code == 409
        assert [one.by for one in await others.holds()] == ["them"]


# -- hold and release --


async def test_a_hold_that_was_laid_anew_is_not_released_by_a_page_of_the_one_before(house: House) -> None:
    ledger = house.bench.world.ledger
    await lay(ledger, "otto", "a drill", house.now)
    async with await house.enter(OPERATOR) as browser:
        old = await since(browser, "hold")
        await ledger.release("hold", "otto", "the drill is over", house.now)
        house.bench.clock.advance(timedelta(minutes=5))
        await lay(ledger, "rita", "a real one", house.now)
        fields = {"csrf": house.csrf(browser), "name": "hold", "reason": "the drill is over"}
        stale = await browser.post("/status/release", data=fields | {"since": old}, headers=ORIGIN)
        silent = await browser.post("/status/release", data=fields, headers=ORIGIN)
        left = await ledger.holds()
        done = await release(browser, name="hold", reason="it is over")

    assert [stale.status_code, silent.status_code, done.status_code] == [409, 409, 303]
    assert "it ended and was laid anew since you were shown it" in stale.text
    assert [one.reason for one in left] == ["a real one"]
    assert not await ledger.holds()


async def since(browser: httpx.AsyncClient, name: str) -> str:
    """Return since when the page says that a hold of this name stands; empty where it says of none."""
    page = (await browser.get("/status")).text
    return (
        page.partition(f'name="name" value="{name}">')[2]
        .partition('name="since" value="')[2]
        .partition('"')[0]
    )


async def release(browser: httpx.AsyncClient, *, name: str, reason: str) -> httpx.Response:
    """Release the hold of this name that the page shows."""
    shown = await since(browser, name)
    return await send(browser, "/status", "/status/release", name=name, reason=reason, since=shown)


async def test_an_operator_holds_with_one_form_and_every_page_says_so(house: House) -> None:
    browser = await house.enter(OPERATOR)

    done = await send(browser, "/status", "/status/hold", reason="odd  verdicts\n since noon")

    assert (done.status_code, done.headers["location"]) == (303, "/status")
    assert await holds(house) == [("hold", BY, "odd verdicts since noon")]
    for _, place, _ in PLACES:
        there = await browser.get(place)
        if there.status_code != 404:  # /overview is not there yet
            assert 'class="hold" role="alert"' in there.text, place
    page = (await browser.get("/status")).text
    assert "Hold everything now" not in page
    assert "Release the kill switch" in page


async def test_an_operator_releases_and_says_why(house: House) -> None:
    browser = await house.enter(OPERATOR)
    await send(browser, "/status", "/status/hold", reason="drill")

    done = await release(browser, name="hold", reason="drill is over")

    assert done.status_code == 303
    assert await holds(house) == []


async def test_the_brake_is_released_under_its_own_name(house: House) -> None:
    await house.site.desk.ledger.hold(Hold(name=BRAKE, since=house.now, by="the agent", reason="too many"))
    browser = await house.enter(OPERATOR)

    page = (await browser.get("/status")).text
    done = await release(browser, name="brake", reason="a campaign, all of it bad")

    assert "Release the brake" in page
    assert "Hold everything now" in page
    assert done.status_code == 303
    assert await holds(house) == []


@pytest.mark.parametrize("where", ["hold", "release"])
async def test_nothing_changes_without_a_reason(house: House, where: str) -> None:
    await house.site.desk.ledger.hold(Hold(name=BRAKE, since=house.now, by="the agent", reason="too many"))
    browser = await house.enter(OPERATOR)

    done = await send(browser, "/status", f"/status/{where}", name="brake", reason=" \n ")

    assert done.status_code == 400
    assert "say in a few words why" in done.text
    assert [name for name, _, _ in await holds(house)] == ["brake"]


@pytest.mark.parametrize("person", [READER, somebody("eve", roles=("Reader", "SecOps.Approver"))])
@pytest.mark.parametrize("where", ["hold", "release"])
async def test_only_operators_hold_and_release(house: House, person: Any, where: str) -> None:
    await house.site.desk.ledger.hold(Hold(name=BRAKE, since=house.now, by="the agent", reason="too many"))
    browser = await house.enter(person)

    done = await send(browser, "/status", f"/status/{where}", name="brake", reason="because")

    assert done.status_code == 403
    assert "app role Operator" in done.text
    assert [name for name, _, _ in await holds(house)] == ["brake"]


@pytest.mark.parametrize("where", ["hold", "release"])
async def test_a_form_without_this_sessions_token_changes_nothing(house: House, where: str) -> None:
    browser = await house.enter(OPERATOR)

    done = await browser.post(
        f"/status/{where}", data={"reason": "x", "name": "hold"}, headers={"Origin": "http://127.0.0.1:8420"}
    )

    assert done.status_code == 403
    assert await holds(house) == []


async def test_a_scanner_that_opens_the_addresses_changes_nothing(house: House) -> None:
    browser = await house.enter(OPERATOR)

    answers = [
        await browser.request(method, f"/status/{where}")
        for method in ("GET", "HEAD")
        for where in ("hold", "release")
    ]

    assert {answer.status_code for answer in answers} == {405}
    assert await holds(house) == []


async def test_a_files_hold_says_how_it_ends_and_has_no_button(house: House) -> None:
    ledger = house.site.desk.ledger
    await ledger.beat(an_agent(house))
    await ledger.hold(
        Hold(name="file:agent-1", since=house.now, by="the file /srv/HOLD of agent-1", reason="drill")
    )
    browser = await house.enter(OPERATOR)

    page = (await browser.get("/status")).text
    done = await release(browser, name="file:agent-1", reason="over")

    assert "removing the file /srv/HOLD of agent-1" in page
    assert 'action="/status/release"' not in page
    assert done.status_code == 409
    assert "removing the file /srv/HOLD of agent-1 ends it" in done.text
    assert len(await holds(house)) == 1


async def test_a_second_hold_tells_who_holds_already(house: House) -> None:
    await house.site.desk.ledger.hold(Hold(name="hold", since=house.now, by="anna on ops", reason="hers"))
    browser = await house.enter(OPERATOR)

    done = await send(browser, "/status", "/status/hold", reason="mine")

    assert done.status_code == 409
    assert "held already" in done.text
    assert await holds(house) == [("hold", "anna on ops", "hers")]


async def test_a_hold_that_ended_meanwhile_or_never_was_is_told(house: House) -> None:
    browser = await house.enter(OPERATOR)

    gone = await release(browser, name="hold", reason="over")
    never = await release(browser, name="hodl", reason="over")

    assert (gone.status_code, never.status_code) == (409, 409)
    assert "there is nothing to release" in gone.text
    assert "there is no hold <code>hodl</code>" in never.text


async def test_whoever_signed_in_long_ago_signs_in_again_and_finds_their_reason(house: House) -> None:
    browser = await house.enter(OPERATOR, signed_in=house.now - 2 * timedelta(hours=1))

    asked = await send(browser, "/status", "/status/hold", reason="odd verdicts since noon")
    page = await browser.get("/status")

    assert "/sign-in/start?to=%2Fstatus" in asked.text
    assert await holds(house) == []
    assert 'value="odd verdicts since noon"' in page.text


async def test_a_reason_in_a_form_is_escaped(house: House) -> None:
    browser = await house.enter(OPERATOR)

    done = await release(browser, name="hodl", reason='"><script>x</script>')

    assert "<script>x" not in done.text


def is_json(answer: httpx.Response) -> bool:
    return answer.headers["content-type"] == "application/json"


async def test_json_says_what_the_page_says(house: House) -> None:
    await house.site.desk.ledger.beat(an_agent(house))
    browser = await house.enter(READER)

    answer = await browser.get("/status.json")

    assert is_json(answer)
    assert {"needs", "holds", "agents", "credentials", "unshipped", "standing"} <= set(answer.json())
    assert a_house(house.bench).site.desk.tenant_id == TENANT
