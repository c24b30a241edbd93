"""Ways in which an answer could carry out what it was not given for, each tried for real."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import key_beside
from agent.audit.verify import verify
from agent.model.decision import Verb
from agent.model.defender import Incident
from agent.model.enactment import State
from tests.loop.conftest import Bench
from tests.loop.questions import TWO, a_question, reply
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident
from tests.persons import EVE, FAY

MINUTE = timedelta(minutes=1)


def shown_as(word: str, at: timedelta) -> Incident:
    """Return the incident as Defender shows it at a moment, its action being so."""
    cluster = msgspec.structs.replace(a_cluster(messages=3), remediation_status=word)
    return an_incident(an_alert(cluster, updated=NOW + at), updated=NOW + at)


async def test_what_was_approved_before_it_was_decided_elsewhere_carries_nothing_out_after(
    bench: Bench,
) -> None:
    a_question(bench)
    await bench.run_pass()
    await reply(bench)
    bench.clock.advance(MINUTE)
    bench.defender.show(shown_as("declined", MINUTE))
    await bench.run_pass()
    between = await bench.only()

    bench.clock.advance(5 * MINUTE)
    bench.defender.show(shown_as("pendingApproval", 6 * MINUTE))
    await bench.run_pass()
    after = await bench.only()
    carried_out = bench.enactor.removed.total()
    bench.clock.advance(MINUTE)
    anew = await reply(bench)
    await bench.run_pass()

    assert between.state is State.SUPERSEDED
    assert (after.state, carried_out) == (State.ESCALATED, 0)
    assert after.why.startswith("does not count any more: Eve answered before it was decided elsewhere")
    assert anew.counts
    assert bench.enactor.removed.total() == 3


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            'UPDATE people_answers SET body = replace(body, \'"verb":"reject"\', \'"verb":"approve"\')',
            "was changed since it was given",
        ),
        ("UPDATE people_answers SET verb = 'approve'", "was changed since it was given"),
        ("DELETE FROM people_answers", "is gone from the ledger"),
        (
            "INSERT INTO people_answers SELECT tenant_id, action_id, 2, at, 'fay', verb, body FROM people_answers",
            "was given by nobody",
        ),
    ],
)
async def test_whoever_forges_an_answer_in_the_ledger_is_found(
    bench: Bench, tmp_path: Path, statement: str, said: str
) -> None:
    a_question(bench)
    await bench.run_pass()
    await reply(bench, verb=Verb.REJECT)
    ledger = bench.world.ledger
    assert isinstance(ledger, SqlLedger)
    path = tmp_path / "data" / "ledger.db"
    key = key_beside(f"sqlite:///{path}")
    assert key is not None
    before = await ledger.trail.look(lambda told: verify(told, key, TENANT))
    with sqlite3.connect(path) as there:
        there.execute(statement)

    after = await ledger.trail.look(lambda told: verify(told, key, TENANT))

    assert before.holds
    assert any(said in fault.words for fault in after.faults)


async def test_what_came_to_need_two_people_is_approved_by_the_second_and_not_refused(bench: Bench) -> None:
    """It grows in mailboxes, which its policy reads nothing of: the grounds are the same, and two have to approve it."""
    bench.with_rails(two_people_from=4)
    a_question(bench)
    await bench.run_pass()
    small = await bench.only()
    bench.defender.deliver(a_copy(3, recipient="more@contoso.example"))
    bench.clock.advance(timedelta(hours=13))
    await bench.run_pass()
    large = await bench.only()

    first = await reply(bench, EVE)
    await bench.run_pass()
    second = await reply(bench, FAY)
    await bench.run_pass()

    assert small.decision is not None
    assert large.decision is not None
    assert (small.decision.grounds, small.decision.approvers) == (large.decision.grounds, 0)
    assert large.decision.approvers == 2
    assert (first.have, first.need, second.counts) == (1, 2, True)
    assert bench.enactor.removed.total() == 4


async def test_one_person_is_not_two_by_the_spelling_of_their_id(bench: Bench) -> None:
    a_question(bench, chain=TWO)
    await bench.run_pass()
    await reply(bench, EVE)

    again = await reply(bench, msgspec.structs.replace(EVE, object_id=EVE.object_id.upper()))

    assert "you approved it at" in again.words
    assert not again.counts
