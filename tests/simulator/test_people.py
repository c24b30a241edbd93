"""People who work in the simulated tenant: when they decide, by which rules, how often wrongly, and what hunting tells of it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from agent.simulator.app import build
from agent.simulator.month import Span, lived
from agent.simulator.nouns import Fate, Judgement
from agent.simulator.people import CREW, ZONE, Habits, worked
from agent.simulator.rulings import TOOLS
from agent.simulator.state import State
from agent.simulator.switches import Switches

MONDAY = datetime(2026, 8, 31, tzinfo=UTC)
SPAN = Span(seed=3, start=MONDAY, days=28, actions=1_500)
HOUR = timedelta(hours=1)


def over(span: Span = SPAN, habits: Habits | None = None) -> State:
    """Return the tenant once its time is over, with nobody but its own people in it."""
    state = lived(span, habits)
    state.advance(span.until)
    return state


@pytest.fixture(scope="module")
def month() -> State:
    return over()


def done(state: State) -> list[Judgement]:
    return [one for one in state.judgements.values() if one.at is not None]


def evidence(state: State, one: Judgement) -> dict[str, Any]:
    found: dict[str, Any] = state.alerts[one.alert_id]["evidence"][one.evidence]
    return found


def test_the_same_seed_is_the_same_month_and_another_is_not() -> None:
    span = Span(seed=3, start=MONDAY, days=7, actions=100)

    first, again, other = over(span), over(span), over(Span(seed=4, start=MONDAY, days=7, actions=100))

    assert list(first.judgements.values()) == list(again.judgements.values())
    assert first.alerts == again.alerts
    assert list(first.judgements.values()) != list(other.judgements.values())


def test_as_many_actions_arrive_as_were_asked_for(month: State) -> None:
    assert len(month.judgements) == SPAN.actions
    assert len(month.proposals) == SPAN.actions


def test_less_arrives_at_weekends_and_most_on_the_day_of_the_campaign(month: State) -> None:
    created = [
        datetime.fromisoformat(one["createdDateTime"]).astimezone(ZONE) for one in month.alerts.values()
    ]
    waves = [one for one in month.incidents.values() if one["displayName"].startswith("Overdue invoice")]

    days = Counter(one.weekday() for one in created)

    assert max(days[5], days[6]) < min(days[number] for number in range(5)) / 2
    assert len(waves) == 12
    assert {one["createdDateTime"][:10] for one in waves} == {"2026-09-14"}


def test_people_decide_in_office_hours_only(month: State) -> None:
    decided = [one.at.astimezone(ZONE) for one in done(month) if one.by and one.at is not None]

    assert len(decided) > 1_000
    assert {one.weekday() for one in decided} <= set(range(5))
    assert {one.hour for one in decided} <= set(range(8, 18))


def test_people_are_wrong_about_as_often_as_is_said(month: State) -> None:
    decided = [one for one in done(month) if one.by]

    share = sum(one.is_mistake for one in decided) / len(decided)

    assert 0.02 < share < 0.04


def test_people_who_make_no_mistakes_decide_by_their_rules_alone() -> None:
    state = over(Span(seed=3, start=MONDAY, days=7, actions=200), Habits(mistakes=0))

    by_rule = {(one.rule, one.fate) for one in done(state) if one.by}

    assert len(by_rule) == len({rule for rule, _ in by_rule})
    assert ("it is malicious", Fate.APPROVED) in by_rule
    assert ("a partner sent it", Fate.REJECTED) in by_rule


def test_people_who_are_always_wrong_decide_the_opposite() -> None:
    state = over(Span(seed=3, start=MONDAY, days=7, actions=100), Habits(mistakes=1))

    by_rule = {(one.rule, one.fate) for one in done(state) if one.by}

    assert ("it is malicious", Fate.REJECTED) in by_rule
    assert ("it is malicious", Fate.APPROVED) not in by_rule


def test_everybody_of_the_crew_decides(month: State) -> None:
    assert {one.by for one in done(month) if one.by} == set(CREW)


def test_what_nobody_gets_to_expires_and_what_was_purged_counts_as_remediated(month: State) -> None:
    fates = {
        fate: {evidence(month, one)["remediationStatus"] for one in done(month) if one.fate is fate}
        for fate in Fate
    }

    assert fates[Fate.LEFT] == {"pendingApproval"}
    assert fates[Fate.REJECTED] == {"declined"}
    assert fates[Fate.CANCELLED] | fates[Fate.APPROVED] == {"remediated"}


def test_the_tools_of_administrators_stay_unless_by_mistake(month: State) -> None:
    about = [
        one
        for one in done(month)
        if one.by and evidence(month, one).get("fileDetails", {}).get("fileName") in TOOLS
    ]

    assert about
    assert {one.fate for one in about if not one.is_mistake} == {Fate.REJECTED}


def test_of_a_silent_investigation_no_row_tells_who_decided(month: State) -> None:
    def tells(one: Judgement) -> bool:
        return any(
            stood.word is not None
            and stood.evidence
            == evidence(month, one) | {"remediationStatus": stood.evidence["remediationStatus"]}
            for change in month.changes
            if change.alert_id == one.alert_id
            for stood in change.stood
        )

    decided = [one for one in done(month) if one.by]
    silent = [one for one in decided if one.is_silent]

    assert 0.05 < len(silent) / len(decided) < 0.15
    assert not any(tells(one) for one in silent)
    assert all(tells(one) for one in decided if not one.is_silent)


def test_an_agent_that_was_quicker_leaves_people_nothing_to_decide() -> None:
    span = Span(seed=3, start=MONDAY, days=1, actions=50)
    state = lived(span, Habits(mistakes=0, left=0, cancelled=0))
    state.advance(MONDAY + 8 * HOUR)
    first = next(state.open_proposals())

    state.close(first, "remediated", MONDAY + 8 * HOUR)
    state.advance(MONDAY + timedelta(days=4))

    [one] = [one for one in state.judgements.values() if one.alert_id == first.alert_id]
    assert (one.fate, one.by) == (Fate.CANCELLED, "")


async def test_whoever_runs_the_simulator_may_ask_what_people_did() -> None:
    span = Span(seed=3, start=MONDAY, days=2, actions=60)
    state = over(span)
    transport = httpx.ASGITransport(build(state, Switches()))

    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        told = (await http.get("/simulator/judgements")).json()["judgements"]

    assert len(told) == len(state.judgements)
    assert {one["fate"] for one in told} <= set(Fate)
    assert {"alertId", "evidence", "rule", "isMistake", "by", "isSilent", "due", "at"} < set(told[0])


@pytest.mark.parametrize(
    ("since", "span", "until"),
    [
        ("2026-08-31T09:00+02:00", HOUR, "2026-08-31T10:00+02:00"),
        ("2026-08-31T07:00+02:00", HOUR, "2026-08-31T09:00+02:00"),
        ("2026-08-31T17:30+02:00", HOUR, "2026-09-01T08:30+02:00"),
        ("2026-08-31T17:00+02:00", HOUR - timedelta(seconds=1), "2026-08-31T17:59:59+02:00"),
        ("2026-08-31T17:00+02:00", HOUR, "2026-09-01T08:00+02:00"),
        ("2026-09-04T17:30+02:00", HOUR, "2026-09-07T08:30+02:00"),
        ("2026-09-05T12:00+02:00", HOUR, "2026-09-07T09:00+02:00"),
        ("2026-08-31T09:00+02:00", 12 * HOUR, "2026-09-01T11:00+02:00"),
        ("2026-10-23T17:30+02:00", HOUR, "2026-10-26T08:30+01:00"),
    ],
)
def test_time_goes_by_in_office_hours_alone(since: str, span: timedelta, until: str) -> None:
    assert worked(datetime.fromisoformat(since).astimezone(UTC), span) == datetime.fromisoformat(until)
