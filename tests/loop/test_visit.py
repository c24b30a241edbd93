"""An incident is read again before anything in it is carried out."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from agent.loop.calling import settle_interrupted
from agent.loop.perform import is_fresh, never, perform
from agent.loop.recheck import why_void
from agent.loop.report import PassReport
from agent.loop.run import load
from agent.loop.visit import visit
from agent.model.enactment import Record, State, Went
from agent.model.errors import Unavailable
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

SUSPICIOUS = "suspicious"


@pytest.fixture
async def intended(bench: Bench) -> Record:
    """Have one cluster approved and one escalated, while another agent has the incident; give the approved one."""
    bench.defender.show(
        an_incident(an_alert(a_cluster(), a_cluster(query="other", first=10, verdict=SUSPICIOUS)))
    )
    bench.defender.deliver(*(a_copy(n) for n in (1, 2, 3, 10, 11, 12)))
    token = await bench.world.ledger.lease("1", "other", NOW, NOW + timedelta(hours=1))
    assert token is not None
    await bench.run_pass()
    await bench.world.ledger.let_go("1", token)
    return await approved(bench)


async def approved(bench: Bench) -> Record:
    return next(
        one
        for one in await bench.records()
        if one.action.label and "other" not in one.action.key and one.action.kind == "softDeleteCluster"
    )


async def test_what_another_agent_has_is_left_to_it(bench: Bench, intended: Record) -> None:
    assert intended.state is State.INTENDED
    assert not bench.enactor.applied


async def test_an_incident_that_is_gone_leaves_its_approvals_to_people(
    bench: Bench, intended: Record
) -> None:
    bench.defender.incidents.clear()
    report = PassReport(began=NOW)

    await bench.visit("1", report)

    assert (await approved(bench)).state is State.ESCALATED
    assert "its incident cannot be read" in (await approved(bench)).why
    assert report.problems == ["incident 1 cannot be read, nor one it was merged into"]
    assert all(one.is_noted for one in await bench.records() if one.action.id != intended.action.id)
    assert not bench.enactor.applied


async def test_what_defender_does_not_show_any_more_is_for_a_person(bench: Bench, intended: Record) -> None:
    bench.defender.show(an_incident())

    await bench.visit("1", PassReport(began=NOW))

    assert (await approved(bench)).state is State.ESCALATED
    assert "does not show that it awaits approval" in (await approved(bench)).why
    assert not bench.enactor.applied


async def test_what_was_approved_and_is_visited_after_its_week_expires(
    bench: Bench, intended: Record
) -> None:
    bench.clock.advance(intended.action.deadline - bench.clock.now())

    await bench.visit("1", PassReport(began=NOW))

    assert (await approved(bench)).state is State.EXPIRED
    assert not bench.enactor.applied


async def test_what_was_looked_up_too_long_ago_is_decided_anew(bench: Bench, intended: Record) -> None:
    bench.clock.advance(bench.world.pace.fresh + timedelta(seconds=1))

    await bench.visit("1", PassReport(began=NOW))

    assert (await approved(bench)).state is State.SEEN
    assert not bench.enactor.applied


async def test_other_policies_void_an_approval_and_what_was_never_decided_is_none(
    bench: Bench, intended: Record
) -> None:
    undecided = msgspec.structs.replace(intended, decision=None)
    bench.with_policies(approve=APPROVE.replace("200", "100"))
    others = await load(bench.world)

    assert "others than when it was approved" in await why_void(bench.world, intended, others)
    assert await why_void(bench.world, undecided, others) == "it was never decided"
    assert not is_fresh(bench.world, undecided)


async def test_nothing_is_performed_while_observing(bench: Bench, intended: Record) -> None:
    turn = await bench.turn("1")
    bench.observing()

    await perform(bench.world, intended, turn)

    assert not bench.enactor.applied
    assert await never() is False


async def test_an_incident_that_is_being_visited_is_passed_over(bench: Bench, intended: Record) -> None:
    await bench.visit("1", PassReport(began=NOW), {"1"})

    assert (await approved(bench)).state is State.INTENDED
    assert not bench.enactor.applied


async def test_a_stop_leaves_everything_for_the_next_start(bench: Bench, intended: Record) -> None:
    stop = asyncio.Event()
    stop.set()
    noted = [one.is_noted for one in await bench.records()]
    lookout, report = await bench.lookout(), PassReport(began=NOW)

    await visit(bench.world, await load(bench.world), "1", stop, report, lookout)

    assert (await approved(bench)).state is State.INTENDED
    assert (bench.enactor.applied.total(), bench.enactor.comments) == (0, [])
    assert [one.is_noted for one in await bench.records()] == noted


async def test_an_incident_that_is_gone_changes_nothing_of_what_was_shown_in_it(
    bench: Bench, intended: Record
) -> None:
    await bench.visit("1", PassReport(began=NOW))
    before = await bench.records()
    bench.defender.incidents.clear()

    await bench.visit("1", PassReport(began=NOW))

    assert [one.is_noted for one in before] == [True, True]
    assert await bench.records() == before


async def test_a_call_that_never_left_is_made_again_and_counts_as_none(
    bench: Bench, intended: Record
) -> None:
    soon = bench.clock.now() + timedelta(seconds=10)
    bench.enactor.unreachable = [Unavailable("no route", until=soon)]

    await bench.visit("1", PassReport(began=NOW))

    (effect,) = await bench.world.ledger.effects(intended.action.id)
    assert (effect.went, effect.attempts) == (Went.DONE, 1)
    assert soon in bench.clock.waits


async def test_what_another_agent_has_settled_meanwhile_stays_as_it_did(
    bench: Bench, intended: Record
) -> None:
    await bench.visit("1", PassReport(began=NOW))
    (done,) = await bench.world.ledger.effects(intended.action.id)
    assert done.went is Went.DONE

    settled = await settle_interrupted(bench.world, [msgspec.structs.replace(done, went=Went.SENT)])

    assert settled == 0
    assert await bench.world.ledger.effects(intended.action.id) == (done,)
