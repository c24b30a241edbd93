"""What is imported stands in the history, and in nothing that the agent acts on."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.decision import Verb
from agent.model.enactment import Record, State
from agent.model.history import Decider, Ending, Wanted
from agent.model.imported import Imported, Importing, Outcome, Why
from agent.model.pending import LIFETIME
from agent.model.truth import Certainty, Source, Unknown
from tests.adapters.records import TENANT
from tests.judge.afterwards import imported as an_import
from tests.makers import NOW, a_cluster

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def imported(query: str = "Urls:1", **values: object) -> Imported:
    """Return a cluster of the ledger's tenant that people rejected."""
    one = an_import(a_cluster(query=query, status="declined"))
    action = replace(one.action, tenant_id=TENANT)
    same = replace(
        one,
        action=action,
        decision=replace(one.decision, action_id=action.id),
        truth=replace(one.truth, action_id=action.id),
    )
    return replace(same, **values)


def an_importing(**values: object) -> Importing:
    since = NOW - timedelta(days=30)
    usual = Importing(since=since, until=NOW, policies="p", read=since, alerts_read=since)
    return replace(usual, **values)


def sure(one: Imported, certainty: Certainty, verb: Verb | None = Verb.REJECT) -> Imported:
    unknown = None if verb is not None else Unknown.UNTOLD
    return replace(one, truth=replace(one.truth, certainty=certainty, verb=verb, unknown=unknown))


async def test_a_proposal_comes_into_the_history_with_its_ending_and_its_truth(ledger: SqlLedger) -> None:
    one = imported()

    await ledger.imports.bring_in([one], [], an_importing())

    decided, ended = await ledger.archive.course(LONG_AGO)
    assert (decided.at, decided.number, decided.by) == (one.action.first_seen, 0, Decider.POLICIES)
    assert (decided.verb, decided.shadow, decided.targets) == (Verb.ESCALATE, Verb.APPROVE, 3)
    assert (ended.ended, ended.status, ended.at) == (Ending.ELSEWHERE, "declined", one.ended_at)
    assert decided.is_imported
    assert ended.is_imported
    assert await ledger.truths([one.action.id]) == {one.action.id: (one.truth,)}
    assert await ledger.imports.imported([one.action.id]) == {one.action.id: (one,)}


async def test_nothing_that_the_agent_acts_on_is_written(ledger: SqlLedger) -> None:
    await ledger.imports.bring_in([imported()], [], an_importing())

    assert await ledger.listed() == ()
    assert await ledger.next_due() is None
    assert await ledger.to_visit(10) == ()
    assert await ledger.decisions() == ()
    assert await ledger.judged() == ()
    assert await ledger.approvals(LONG_AGO) == ()
    assert await ledger.given(LONG_AGO) == ()
    assert await ledger.alive() is None
    assert await ledger.approved(NOW, 24) == await ledger.approved(LONG_AGO, 24)


async def test_the_same_written_twice_is_there_once(ledger: SqlLedger) -> None:
    one = imported()
    await ledger.imports.bring_in([one], [], an_importing())
    before = await ledger.archive.course(LONG_AGO)

    await ledger.imports.bring_in([one], [], an_importing())

    assert await ledger.archive.course(LONG_AGO) == before
    assert await ledger.imports.imported([one.action.id]) == {one.action.id: (one,)}


async def test_what_is_judged_anew_takes_the_place_of_what_was(ledger: SqlLedger) -> None:
    """Also where further alerts show that the same proposal began earlier."""
    one = imported()
    earlier = one.action.first_seen - timedelta(hours=2)
    action = replace(one.action, first_seen=earlier, deadline=earlier + LIFETIME)
    other = replace(
        one,
        action=action,
        decision=replace(one.decision, at=earlier, revision="another"),
        truth=replace(one.truth, first_seen=earlier),
    )
    await ledger.imports.bring_in([one], [], an_importing())

    await ledger.imports.bring_in([other], [], an_importing())

    decided, ended = await ledger.archive.course(LONG_AGO)
    assert (decided.at, decided.revision, ended.first_seen) == (earlier, "another", earlier)
    assert await ledger.truths([action.id]) == {action.id: (other.truth,)}
    assert await ledger.imports.outcome(an_importing()) == Outcome(actions=1, rejected=1)


async def test_a_later_life_of_the_same_action_is_another_proposal(ledger: SqlLedger) -> None:
    one = imported()
    begun = one.action.deadline
    later = replace(
        one,
        action=replace(one.action, first_seen=begun, deadline=begun + LIFETIME),
        decision=replace(one.decision, at=begun),
        ended_at=begun + timedelta(hours=1),
        truth=replace(one.truth, first_seen=begun),
    )

    await ledger.imports.bring_in([one, later], [], an_importing())

    assert await ledger.imports.imported([one.action.id]) == {one.action.id: (one, later)}
    assert len(await ledger.archive.course(LONG_AGO)) == 4


async def test_a_life_that_the_agent_recorded_meanwhile_is_left_alone(ledger: SqlLedger) -> None:
    one = imported()
    record = Record(action=one.action, state=State.SEEN, due=NOW)
    await ledger.save([record], now=NOW)

    await ledger.imports.bring_in([one], [], an_importing())

    assert await ledger.archive.course(LONG_AGO) == ()
    assert await ledger.truths([one.action.id]) == {}
    (kept,) = await ledger.listed()
    assert (kept.state, kept.version) == (State.SEEN, 1)
    span = (one.action.first_seen, one.action.deadline)
    assert (await ledger.imports.lives([one.action.id]))[one.action.id].recorded == (span,)


async def test_a_life_that_only_the_agents_history_has_is_known_as_recorded(ledger: SqlLedger) -> None:
    one = imported()
    record = Record(action=one.action, state=State.EXPIRED, due=None, decision=one.decision)
    await ledger.save([record], now=NOW)
    begun = one.action.deadline
    anew = replace(one.action, first_seen=begun, deadline=begun + LIFETIME)
    (kept,) = await ledger.listed()
    await ledger.save([replace(kept, action=anew, state=State.SEEN, decision=None)], now=NOW)

    known = (await ledger.imports.lives([one.action.id]))[one.action.id].recorded

    assert known == ((one.action.first_seen, one.action.deadline), (anew.first_seen, anew.deadline))


async def test_a_truth_that_is_surer_stays_and_one_that_is_less_sure_gives_way(ledger: SqlLedger) -> None:
    untold, certain = sure(imported(), Certainty.UNKNOWN, None), sure(imported(), Certainty.CERTAIN)
    await ledger.imports.bring_in([untold], [], an_importing())

    await ledger.imports.bring_in([], [certain], an_importing())
    await ledger.imports.bring_in([], [untold], an_importing())
    await ledger.imports.bring_in([replace(untold, status="remediated")], [], an_importing())

    (truth,) = (await ledger.truths([untold.action.id]))[untold.action.id]
    assert (truth.verb, truth.certainty) == (Verb.REJECT, Certainty.CERTAIN)


async def test_what_others_found_out_later_is_not_taken_back(ledger: SqlLedger) -> None:
    one = sure(imported(), Certainty.UNKNOWN, None)
    await ledger.imports.bring_in([one], [], an_importing())
    by_audit = replace(sure(one, Certainty.CERTAIN).truth, source=Source.AUDIT)
    await ledger.save([], truths=[by_audit], now=NOW)

    await ledger.imports.bring_in([], [one], an_importing())

    assert (await ledger.truths([one.action.id]))[one.action.id] == (by_audit,)


@pytest.mark.parametrize("moved", [timedelta(hours=-3), timedelta(0), timedelta(hours=3)])
async def test_what_awaits_approval_again_is_the_agents_with_one_truth_whenever_it_began(
    ledger: SqlLedger, moved: timedelta
) -> None:
    one = sure(imported(), Certainty.CERTAIN)
    await ledger.imports.bring_in([one], [], an_importing())
    begun = one.action.first_seen + moved
    anew = replace(one.action, first_seen=begun, deadline=begun + LIFETIME)
    opened = replace(sure(one, Certainty.UNKNOWN, None).truth, first_seen=begun, unknown=Unknown.NOBODY)
    await ledger.save([Record(action=anew, state=State.SEEN, due=NOW)], truths=[opened], now=NOW)

    await ledger.imports.bring_in([], [one], an_importing())
    (known,) = (await ledger.imports.imported([one.action.id]))[one.action.id]

    assert (await ledger.truths([one.action.id]))[one.action.id] == (opened,)
    assert known.truth == opened


async def test_how_far_an_import_has_come_is_known_where_it_moves(ledger: SqlLedger) -> None:
    first = an_importing(
        incidents=3, left={Why.OPEN: 2}, unknown_then={"incident.tags": 1}, problems=("one",)
    )
    assert await ledger.imports.last() is None

    await ledger.imports.bring_in([], [], first, moves=False)
    assert await ledger.imports.last() is None
    await ledger.imports.bring_in([], [], first)
    assert await ledger.imports.last() == first
    later = an_importing(until=NOW + timedelta(days=1))
    await ledger.imports.bring_in([], [], later)

    assert await ledger.imports.last() == later


async def test_an_outcome_is_of_one_import_alone(ledger: SqlLedger) -> None:
    one, other = imported(), imported("Urls:2")
    await ledger.imports.bring_in([one, sure(other, Certainty.UNKNOWN, None)], [], an_importing())
    later = an_importing(until=NOW + timedelta(days=1))

    await ledger.imports.bring_in([], [one], later)

    assert await ledger.imports.outcome(later) == Outcome(actions=1, rejected=1)
    assert await ledger.imports.outcome(an_importing()) == Outcome(actions=1, unknown={Unknown.UNTOLD: 1})


async def test_pages_find_what_was_imported(ledger: SqlLedger) -> None:
    one = imported()
    await ledger.imports.bring_in([one], [], an_importing())

    (action,) = (await ledger.archive.actions([one.action.id, "nothing"])).values()
    reasons = await ledger.archive.reasons([(one.action.id, 0)])
    facts = await ledger.archive.facts([(one.action.id, 0), ("nothing", 0)])
    found = await ledger.archive.history(Wanted(words=one.action.label))

    assert action == one.action
    assert reasons == {(one.action.id, 0): one.decision.reason}
    assert facts == {(one.action.id, 0): one.decision.facts}
    assert len(found) == 2
