"""The overview: numbers of a window that can be followed back to what they were counted from."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from agent.faces.web.overview_words import expiries, percent
from agent.judge.sum_up import Summing
from agent.loop.failing import ALARM
from agent.model.alarm import Alarm
from agent.model.decision import Verb
from agent.model.enactment import Record, State
from agent.model.escalation import Delivery
from agent.model.truth import Certainty, Source, Truth
from tests.adapters.records import a_decision, a_record, an_action
from tests.escalations import a_posted
from tests.faces.web.house import READER, House
from tests.ledgers import open_ledger
from tests.makers import NOW

OTHER = "99999999-2222-3333-4444-555555555555"
HOUR = timedelta(hours=1)


def decided(
    key: str, verb: Verb = Verb.APPROVE, hours: float = -3, tenant: str | None = None, **more: object
) -> Record:
    action = an_action(key) if tenant is None else an_action(key, tenant=tenant)
    action = msgspec.structs.replace(action, first_seen=NOW - 4 * HOUR, deadline=NOW + timedelta(days=6))
    decision = msgspec.structs.replace(a_decision(action, verb, at=NOW + hours * HOUR), **more)
    return a_record(action=action, decision=decision, state=State.ESCALATED)


def closed(record: Record, status: str) -> Record:
    seen = tuple(msgspec.structs.replace(one, remediation_status=status) for one in record.action.sightings)
    action = msgspec.structs.replace(record.action, sightings=seen)
    return msgspec.structs.replace(record, action=action, state=State.SUPERSEDED, version=1)


async def a_past(house: House) -> None:
    """Have one approved, one held, one declined in Defender that policies would have approved, and one remediated."""
    ledger = house.site.desk.ledger
    dry, gone = decided("dry", shadow=None), decided("gone", shadow=None)
    await ledger.save(
        [decided("approved"), decided("held", Verb.ESCALATE, guard="size"), dry, gone], now=NOW - 3 * HOUR
    )
    await ledger.save([closed(dry, "declined")], now=NOW - 2 * HOUR)
    await ledger.save([closed(gone, "remediated")], now=NOW - HOUR)


async def told(house: House, query: str = "") -> dict[str, Any]:
    async with await house.enter(READER) as browser:
        answer = await browser.get(f"/overview.json{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def page(house: House, query: str = "") -> str:
    async with await house.enter(READER) as browser:
        answer = await browser.get(f"/overview{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_who_decided_how_much_is_told_in_numbers_and_on_the_page(house: House) -> None:
    await a_past(house)

    found, shown = await told(house), await page(house)

    assert found["summary"]["stands"] == {
        "policies": 1, "people": 0, "elsewhere": 2, "guard": 1, "asked": 0, "nobody": 0,
    }  # fmt: skip
    assert found["summary"]["guards"] == {"size": 1}
    assert found["summary"]["until_decided"]["elsewhere"]["median"] == "PT7200S"
    assert "4 pending actions had a decision" in shown
    assert "0 actions expired; 3 were decided before their week was over, 0 of them" in shown
    assert shown.count('role="img"') >= 4
    assert "style=" not in shown


async def test_what_is_unknown_is_left_out_until_it_is_known_who_decided(house: House) -> None:
    await a_past(house)
    side = (await told(house))["agreement"]["in_force"]
    assert (side["group"]["tally"]["looser"], side["group"]["tally"]["undecided"]) == (1, 3)
    assert side["undecided"] == {"nobody": 2, "untold": 1}
    assert side["looser"] == [an_action("dry").id]
    known = Truth(
        action_id=an_action("gone").id, first_seen=NOW - 4 * HOUR, verb=Verb.APPROVE, unknown=None, source=Source.AIR,
        certainty=Certainty.LIKELY, at=NOW - HOUR, by=("ann@contoso.example",),
    )  # fmt: skip

    await house.site.desk.ledger.save([], now=NOW, truths=[known])
    house.bench.clock.advance(timedelta(minutes=1))

    agreement = (await told(house))["agreement"]
    side, by_policy = agreement["in_force"], agreement["policies"]["malicious-url-clusters"]
    assert (side["group"]["tally"]["both_approved"], side["undecided"]) == (1, {"nobody": 2})
    shown = await page(house)
    assert "They agreed in 1 of 2: too few to say how often." in shown
    assert "Of 2 that policies approved, people rejected 1: too few to say how often." in shown
    assert (by_policy["tally"]["agreed"], by_policy["tally"]["looser"], by_policy["agreement"]) == (
        1,
        1,
        None,
    )


async def test_what_was_left_to_people_counts_against_policies_where_people_approved_it(house: House) -> None:
    asked = decided("asked", Verb.ESCALATE, shadow=None)
    gone = closed(asked, "remediated")
    known = Truth(
        action_id=gone.action.id, first_seen=NOW - 4 * HOUR, verb=Verb.APPROVE, unknown=None, source=Source.AIR,
        certainty=Certainty.LIKELY, at=NOW - HOUR,
    )  # fmt: skip
    await house.site.desk.ledger.save([asked], now=NOW - 3 * HOUR)

    await house.site.desk.ledger.save([gone], now=NOW - HOUR, truths=[known])

    shown = await page(house)
    assert "They agreed in 0 of 1" in shown
    assert "policies had rejected 0 and left 1 to people" in shown


async def test_with_enough_compared_how_often_is_told_with_the_interval(house: House) -> None:
    house.site.looking.enough = 1
    await a_past(house)

    shown = await page(house)

    assert "They agreed in 0 of 1: 0 % (0 to 79.3 %)." in shown
    assert "people rejected 1: 100 % (20.7 to 100 %)." in shown


async def test_what_was_worked_out_is_shown_for_a_minute(house: House) -> None:
    await a_past(house)
    before = await told(house)
    await house.site.desk.ledger.save([decided("new")], now=NOW)

    within = await told(house)
    other = await told(house, "?window=7d")
    house.bench.clock.advance(timedelta(minutes=1))
    after = await told(house)

    counts = [one["summary"]["actions"] for one in (before, within, other, after)]
    assert counts == [4, 4, 5, 5]
    assert within["now"] == before["now"]


@pytest.mark.parametrize(
    ("query", "actions"),
    [("?window=24h", 1), ("?window=7d", 2), ("?window=30d", 3), ("?window=90d", 4), ("", 3)],
)
async def test_a_window_has_what_was_decided_in_it(house: House, query: str, actions: int) -> None:
    days = (0.5, 6, 29, 89, 91)
    await house.site.desk.ledger.save([decided(str(at), hours=-24 * at) for at in days], now=NOW)

    assert (await told(house, query))["summary"]["actions"] == actions


@pytest.mark.parametrize("query", ["?window=1y", "?since=2d"])
async def test_another_window_is_refused_in_words(house: House, query: str) -> None:
    async with await house.enter(READER) as browser:
        answer = await browser.get(f"/overview{query}")

    assert (answer.status_code, "window" in answer.text) == (400, True)


async def test_how_channels_are_is_told_with_what_stands_against_them(house: House) -> None:
    pages, ledger = house.site.pages, house.site.desk.ledger
    await pages.save(
        [],
        [
            msgspec.structs.replace(
                a_posted("a", channel="works", delivery=Delivery.SENT, due=None), sent_at=NOW
            ),
            a_posted("b", channel="given up", delivery=Delivery.GIVEN_UP, due=None),
            msgspec.structs.replace(a_posted("c", channel="tries", attempts=2), why="<b>403</b> forbidden"),
            a_posted("d", channel="waits"),
        ],
    )
    await ledger.raise_alarm(
        Alarm(name=f"{ALARM}given up", since=NOW, words="`given up` does not take what people are to be told")
    )

    found, shown = await told(house), await page(house)

    assert [(one["channel"], one["state"], one["told"]["waiting"]) for one in found["channels"]] == [
        ("given up", "fails", 0), ("tries", "fails", 1), ("waits", "nothing sent", 1), ("works", "works", 0),
    ]  # fmt: skip
    assert "does not take what people are to be told" in shown
    assert "&lt;b&gt;403&lt;/b&gt; forbidden" in shown


async def test_where_nothing_was_decided_that_is_said(house: House) -> None:
    shown = await page(house)

    assert "Nothing was decided in this window" in shown
    assert "No channel was ever told anything." in shown


async def test_nothing_of_another_tenant_is_counted(house: House) -> None:
    url = str(house.bench.world.ledger._desk._reading.url)  # type: ignore[attr-defined]
    async with open_ledger(url, OTHER, as_it_is=True) as other:
        await other.save([decided("theirs", tenant=OTHER)], now=NOW)
        await other.pages.save([], [a_posted("a", channel="their-channel")])

    assert (await told(house))["summary"]["actions"] == 0
    assert "their-channel" not in await page(house)


@pytest.mark.parametrize(
    ("count", "of", "words"),
    [
        (0, 0, ""),
        (0, 9, "0 %"),
        (1, 1000, "under 1 %"),
        (999, 1000, "over 99 %"),
        (9, 9, "100 %"),
        (1, 3, "33 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(count: int, of: int, words: str) -> None:
    assert percent(count, of) == words


def test_where_nothing_ended_that_is_said() -> None:
    assert expiries(Summing(NOW, NOW).found()) == "No action expired, and none was decided."
