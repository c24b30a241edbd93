"""A storm of approvals: no cap is passed, the brake asks people one question, and only a person releases it."""

from collections import Counter
from datetime import timedelta

import pytest

from agent.model.enactment import MAIL_EFFECTS, State, Went
from agent.model.hold import BRAKE
from agent.model.rails import Rails
from agent.settings.guarding import Guards
from agent.settings.guards import rails_of
from tests.loop.conftest import Bench
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

H = timedelta(hours=1)
USUAL = rails_of(Guards())


def storm(bench: Bench, count: int, *, first: int = 1, per_incident: int = 100) -> None:
    """Show so many malicious clusters of one message each, and deliver their copies."""
    for start in range(first, first + count, per_incident):
        numbers = range(start, min(start + per_incident, first + count))
        clusters = [a_cluster(query=f"q{n}", first=n, messages=1) for n in numbers]
        name = f"storm-{start}"
        alert = an_alert(*clusters, id=name, incident_id=name)
        bench.defender.show(an_incident(alert, id=name, updated=bench.clock.now()))
        bench.defender.deliver(*(a_copy(n) for n in numbers))


async def most_within(bench: Bench, rails: Rails) -> Counter[str]:
    """Return for each cap the most that was sent within any of its windows."""
    most: Counter[str] = Counter()
    sent = [one for one in await bench.world.ledger.given(NOW - 48 * H) if one.sent_at is not None]
    for cap in rails.caps:
        for last in sent:
            assert last.sent_at is not None
            window = [
                one
                for one in sent
                if one.sent_at is not None
                and last.sent_at - cap.window <= one.sent_at <= last.sent_at
                and (cap.kinds is None or one.kind in cap.kinds)
            ]
            actions = len({one.action_id for one in window})
            messages = sum(len(one.targets) for one in window if one.kind in MAIL_EFFECTS)
            most[cap.name] = max(most[cap.name], actions if cap.unit == "actions" else messages)
    return most


async def test_five_thousand_malicious_verdicts_leave_every_cap_unbroken_and_one_question(
    bench: Bench,
) -> None:
    storm(bench, 5_000)

    await bench.run_pass()

    counts = await bench.world.ledger.counts()
    most = await most_within(bench, USUAL)
    (alarm,) = await bench.world.ledger.alarms()
    held = [record.decision for record in await bench.world.ledger.listed(states=[State.HELD], limit=9_999)]
    assert counts == {State.HELD: 5_000}
    assert bench.enactor.removed.total() == 0
    assert all(most[cap.name] <= cap.count for cap in USUAL.caps)
    assert alarm.name == BRAKE
    assert alarm.words == (
        "policies approve 5,000 actions within an hour and 50 are the most before a person looks (there are too few days "
        "to know what is usual): is this right, or has a signature or a policy gone wrong?"
    )
    assert len(await bench.world.ledger.holds()) == 1
    assert {
        one.reason.partition("; otherwise")[0]
        for one in held
        if one is not None and "usual band" in one.reason
    } == {
        "held by `brake`: approvals left their usual band at 2026-11-02 09:00Z; `air-agent release brake` ends it"
    }


async def test_where_the_brake_would_not_open_the_caps_hold_by_themselves(bench: Bench) -> None:
    bench.with_rails(brake_floor=100_000)
    storm(bench, 120)

    for _ in range(9):
        await bench.run_pass()
        bench.clock.advance(timedelta(minutes=20))

    most = await most_within(bench, USUAL)
    assert most["actions_per_hour"] == 50
    assert all(most[cap.name] <= cap.count for cap in USUAL.caps)
    assert bench.enactor.removed.total() == 120
    assert await bench.world.ledger.alarms() == ()


@pytest.mark.parametrize(("count", "opens"), [(50, False), (51, True)])
async def test_the_brake_opens_above_what_an_hour_may_have_while_nothing_is_usual_and_what_was_not_sent_by_then_is_held(
    bench: Bench, count: int, opens: bool
) -> None:
    storm(bench, count)

    await bench.run_pass()

    assert await bench.world.ledger.counts() == {State.HELD if opens else State.SENT: count}
    assert bool(await bench.world.ledger.holds()) is opens
    assert bench.enactor.removed.total() == (0 if opens else count)


async def test_the_brake_stays_until_a_person_releases_it_and_asks_about_the_same_only_once(
    bench: Bench,
) -> None:
    storm(bench, 60)
    await bench.run_pass()
    bench.clock.advance(H / 2)
    await bench.run_pass()
    still = await bench.world.ledger.holds()

    await bench.world.ledger.release(BRAKE, "anna", "a real campaign", bench.clock.now())
    await bench.run_pass()

    assert len(still) == 1
    assert await bench.world.ledger.holds() == ()
    assert await bench.world.ledger.alarms() == ()
    assert await bench.world.ledger.counts() == {State.SENT: 50, State.HELD: 10}


async def test_after_a_release_it_opens_again_for_others(bench: Bench) -> None:
    storm(bench, 60)
    await bench.run_pass()
    await bench.world.ledger.release(BRAKE, "anna", "a real campaign", bench.clock.now())
    bench.clock.advance(timedelta(minutes=1))
    await bench.run_pass()

    storm(bench, 50, first=1_000)
    await bench.run_pass()
    few = await bench.world.ledger.holds()
    bench.clock.advance(timedelta(minutes=1))
    storm(bench, 1, first=2_000)
    await bench.run_pass()

    assert few == ()
    assert [one.name for one in await bench.world.ledger.holds()] == [BRAKE]


async def test_who_only_observes_learns_the_band_and_opens_nothing(bench: Bench) -> None:
    bench.observing()
    storm(bench, 40)

    await bench.run_pass()

    assert await bench.world.ledger.holds() == ()
    assert await bench.world.ledger.alarms() == ()
    assert (await bench.world.ledger.approved(bench.clock.now(), 336)).by_hour == {0: 40}


async def test_what_was_only_observed_takes_no_place_under_a_cap(bench: Bench) -> None:
    bench.observing()
    storm(bench, 50)
    await bench.run_pass()
    bench.enforcing()

    bench.clock.advance(timedelta(seconds=1))
    bench.with_rails(brake_floor=1_000)
    await bench.run_pass()

    sent = [one for one in await bench.world.ledger.given(NOW - H) if one.went is Went.DONE]
    assert len(sent) == 50
