"""Nothing that Graph shows is lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from agent.loop.poll import Overlap, surviving
from agent.model.enactment import State
from agent.model.errors import Unavailable
from agent.model.history import Ending
from agent.model.pace import Pace
from agent.model.pending import LIFETIME
from agent.model.vitals import Usage
from tests.loop.conftest import APPROVE, Bench
from tests.loop.test_expiring import FakeLogin
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

M = timedelta(minutes=1)


async def test_the_watermark_is_the_newest_update_saved(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(), updated=NOW - 3 * M))

    await bench.run_pass()

    assert await bench.world.ledger.cursor() == NOW - 3 * M


async def test_a_partial_answer_is_used_but_does_not_move_the_watermark(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster())))
    bench.defender.is_whole = False

    report = await bench.run_pass()

    assert await bench.world.ledger.cursor() is None
    assert len(await bench.records()) == 1
    assert any("partial" in problem for problem in report.problems)


async def test_an_outage_moves_nothing_and_loses_nothing(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster())))
    bench.defender.down = True
    with pytest.raises(Unavailable):
        await bench.run_pass()

    bench.defender.down = False
    await bench.run_pass()

    assert len(await bench.records()) == 1


async def test_a_date_in_the_future_does_not_carry_the_watermark_away(bench: Bench) -> None:
    far = datetime(9999, 12, 31, tzinfo=UTC)
    bench.defender.show(an_incident(an_alert(), id="1"), an_incident(an_alert(), id="2", updated=far))

    await bench.run_pass()

    assert await bench.world.ledger.cursor() == NOW - 10 * M


async def test_an_update_that_appears_late_within_the_overlap_is_found(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(), updated=NOW - M))
    await bench.run_pass()
    bench.defender.show(an_incident(an_alert(a_cluster(), incident_id="2"), id="2", updated=NOW - 20 * M))

    await bench.run_pass()

    assert len(await bench.records()) == 1


async def test_what_appears_later_than_the_overlap_is_found_by_the_sweep_and_decided_at_once(
    bench: Bench,
) -> None:
    bench.defender.show(an_incident(an_alert(), updated=NOW - M))
    await bench.run_pass()
    bench.defender.show(
        an_incident(an_alert(a_cluster(), incident_id="2"), id="2", updated=NOW - timedelta(hours=5))
    )
    await bench.run_pass()
    missed = len(await bench.records())

    bench.clock.advance(timedelta(hours=1))
    await bench.run_pass()

    assert missed == 0
    assert (await bench.only()).decision is not None


async def test_a_change_that_did_not_move_its_incident_is_found_by_the_sweep(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster(verdict="suspicious"))))
    await bench.run_pass()
    done = an_alert(a_cluster(verdict="suspicious", status="declined"), updated=NOW)
    incident = bench.defender.incidents["1"]
    bench.defender.show(msgspec.structs.replace(incident, alerts=(done,)))

    bench.clock.advance(timedelta(hours=1))
    await bench.run_pass()

    assert await bench.states() == [State.SUPERSEDED]


async def test_a_merged_incident_is_followed_to_the_one_that_survives(bench: Bench) -> None:
    alert = an_alert(a_cluster())
    bench.defender.show(an_incident(alert))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 4)))
    bench.with_policies(approve=APPROVE_NOTHING)
    await bench.run_pass()
    moved = msgspec.structs.replace(alert, incident_id="9", last_update_date_time=NOW)
    bench.defender.show(
        an_incident(status="redirected", redirect="5", updated=NOW),
        an_incident(id="5", status="redirected", redirect="9", updated=NOW),
        an_incident(moved, id="9", updated=NOW),
    )

    await bench.run_pass()

    assert (await bench.only()).action.incident.id == "9"
    survivor = await surviving(bench.world, "1")
    assert survivor is not None
    assert survivor.id == "9"


async def test_incidents_merged_in_a_ring_are_nowhere(bench: Bench) -> None:
    bench.defender.show(
        an_incident(status="redirected", redirect="2"), an_incident(id="2", status="redirected", redirect="1")
    )

    assert await surviving(bench.world, "1") is None


APPROVE_NOTHING = """
policy: nothing
description: Approves nothing.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  cluster.mailboxCount: {above: 1000000}
decide: approve
"""


async def test_what_cannot_be_read_is_said_and_does_not_hold_the_watermark(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(), updated=NOW - 3 * M))
    bench.defender.unreadable = ("alert `a1` of incident `7`",)

    report = await bench.run_pass()

    assert await bench.world.ledger.cursor() == NOW - 3 * M
    assert report.problems == ["alert `a1` of incident `7`"]


def a_full_tenant(bench: Bench, pages: int, *, takes: timedelta) -> None:
    """Show a page with one incident that has a cluster, and as many pages behind it as are said."""
    bench.defender.page_size, bench.defender.page_takes = 1, takes
    bench.defender.show(an_incident(an_alert(a_cluster()), updated=NOW - M))
    bench.defender.deliver(a_copy(1), a_copy(2), a_copy(3))
    for number in range(2, pages + 1):
        name = str(number)
        bench.defender.show(an_incident(an_alert(incident_id=name), id=name, updated=NOW - M))


@pytest.mark.parametrize(("takes", "decided"), [(4, 8), (9, 18), (10, 10)])
async def test_what_was_read_is_decided_within_seconds_although_more_is_still_to_be_read(
    bench: Bench, takes: int, decided: int
) -> None:
    a_full_tenant(bench, 3, takes=timedelta(seconds=takes))

    await bench.run_pass()

    (record,) = await bench.records()
    assert record.decision is not None
    assert record.decision.at == NOW + timedelta(seconds=decided)


@pytest.mark.parametrize(
    ("system", "used", "decided"), [("graph", 30, 0), ("graph", 29, 2), ("endpoint", 30, 2)]
)
async def test_what_was_read_is_decided_before_more_is_where_the_request_budget_is_half_used(
    bench: Bench, system: str, used: int, decided: int
) -> None:
    a_full_tenant(bench, 3, takes=timedelta(seconds=1))
    login = FakeLogin(used=(Usage(system=system, used=used, allowed=60),))
    bench.world = replace(bench.world, login=login)

    await bench.run_pass()

    (record,) = await bench.records()
    assert record.decision is not None
    assert record.decision.at == NOW + timedelta(seconds=decided)


@pytest.mark.parametrize("until", [None, NOW + timedelta(hours=1)])
async def test_mail_that_cannot_be_looked_up_meanwhile_does_not_end_the_reading(
    bench: Bench, until: datetime | None
) -> None:
    a_full_tenant(bench, 3, takes=timedelta(seconds=10))
    bench.defender.mail_is_away, bench.defender.away_until = True, until

    with pytest.raises(Unavailable):
        await bench.run_pass()

    assert await bench.world.ledger.cursor() == NOW - M


@pytest.mark.parametrize(("pages", "is_whole"), [(3, True), (4, False)])
def test_all_of_the_overlap_is_asked_for_each_time_where_it_is_a_few_pages(
    pages: int, is_whole: bool
) -> None:
    overlap, pace = Overlap(), Pace()

    overlap.read(pages, NOW, pace)
    since, is_all = overlap.since(NOW, NOW + M, pace)

    assert is_all is is_whole
    assert since == (NOW - pace.overlap if is_whole else NOW - timedelta(seconds=30))


@pytest.mark.parametrize(("minutes", "is_whole"), [(9, False), (10, True)])
def test_where_it_is_many_it_is_asked_for_every_ten_minutes(minutes: int, is_whole: bool) -> None:
    overlap, pace = Overlap(), Pace()

    overlap.read(4, NOW, pace)

    assert overlap.since(NOW, NOW + minutes * M, pace)[1] is is_whole


def test_a_clock_that_was_set_back_does_not_put_off_asking_for_all_of_the_overlap() -> None:
    overlap, pace = Overlap(), Pace()
    overlap.read(4, NOW, pace)

    since, is_all = overlap.since(NOW, NOW - timedelta(hours=5), pace)

    assert (since, is_all) == (NOW - pace.overlap, True)


def test_without_a_watermark_the_first_look_is_asked_for() -> None:
    overlap, pace = Overlap(whole_due=NOW + M), Pace()

    assert overlap.since(None, NOW, pace) == (NOW - pace.first_look, True)


async def test_what_is_proposed_anew_in_the_very_pass_in_which_its_week_ends_has_a_week_of_its_own(
    bench: Bench,
) -> None:
    """Joined to the old proposal it would expire with it, and nobody would be asked about it again."""
    bench.with_policies(
        leave=APPROVE.replace("decide: approve", "decide: escalate").replace("small-malicious", "leave")
    )
    first = a_cluster(query="q", created=NOW - M)
    bench.defender.show(an_incident(an_alert(first, created=NOW - M)))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 4)))
    await bench.run_pass()
    before = await bench.only()
    bench.clock.advance(before.action.deadline - bench.clock.now())
    now = bench.clock.now()
    again = an_alert(a_cluster(query="q", created=now), id="alert-2", created=now, updated=now)
    bench.defender.show(an_incident(again, id="2", updated=now))

    await bench.run_pass()

    record = await bench.only()
    past = (await bench.world.ledger.past([record.action.id]))[record.action.id]
    assert before.state is State.ESCALATED
    assert (record.state, record.life) == (State.ESCALATED, 1)
    assert record.action.first_seen == now
    assert record.action.deadline == now + LIFETIME
    assert Ending.EXPIRED in {one.ended for one in past}
