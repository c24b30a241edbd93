"""What people answered before is remembered with the record that shows it, and judged by from then on."""

from datetime import timedelta
from functools import partial

import msgspec
import pytest

from agent.model.decision import Verb
from agent.model.enactment import State
from agent.model.errors import Conflict
from agent.model.facts import Facts
from agent.model.past import About, Matter, Tally
from agent.model.pending import ActionKind
from tests import makers
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, a_cluster, a_message, an_alert, an_incident

a_copy = partial(makers.a_copy, dmarc="pass")
"""Mail whose sender is who it says."""

CLUSTER = ActionKind.SOFT_DELETE_CLUSTER
SENDER: Matter = (CLUSTER, About.SENDER, "mallory@evil.example")
ESCALATE = APPROVE.replace("decide: approve", "decide: escalate")
CAUTIOUS = APPROVE.replace(
    "  cluster.mailboxCount", "  history.sender.declined: {below: 2}\n  cluster.mailboxCount"
)


def show(bench: Bench, number: int, status: str = "pendingApproval", *, updated: int = 0) -> None:
    """Show one cluster in an incident of its own, as Defender has it after so many minutes."""
    first = number * 10
    moment = NOW + timedelta(minutes=updated)
    cluster = a_cluster(query=f'Urls:"{number}"', first=first, messages=2, status=status)
    alert = an_alert(cluster, id=f"a{number}", incident_id=str(number), updated=moment)
    bench.defender.show(an_incident(alert, id=str(number), updated=moment))
    if not updated:
        bench.defender.deliver(a_copy(first), a_copy(first + 1))


async def tally(bench: Bench, matter: Matter = SENDER) -> Tally:
    return (await bench.world.ledger.answered([matter], NOW - timedelta(days=90)))[matter]


async def facts_of(bench: Bench, number: int) -> Facts:
    (record,) = await bench.world.ledger.of_incident(str(number))
    assert record.decision is not None
    return record.decision.facts


async def test_what_people_declined_before_is_a_fact_of_what_comes_later(bench: Bench) -> None:
    bench.with_policies(cautious=CAUTIOUS)
    bench.observing()
    for number in (1, 2):
        show(bench, number)
    await bench.run_pass()

    for number in (1, 2):
        show(bench, number, "declined", updated=1)
    bench.clock.advance(timedelta(minutes=2))
    await bench.run_pass()
    show(bench, 3)
    bench.clock.advance(timedelta(minutes=2))
    await bench.run_pass()

    verbs = {d.facts.values["incident.id"]: d.verb for d in await bench.world.ledger.decisions()}
    assert verbs == {"1": Verb.APPROVE, "2": Verb.APPROVE, "3": Verb.ESCALATE}
    facts = (await facts_of(bench, 3)).values
    assert facts["history.sender.declined"] == facts["history.domain.declined"] == 2
    assert facts["history.clusterBy.declined"] == 2
    assert facts["history.sender.remediated"] == 0


async def test_what_people_approve_in_the_portal_is_remembered_once(bench: Bench) -> None:
    bench.with_policies(escalate=ESCALATE)
    show(bench, 1)
    await bench.run_pass()

    for minute in (1, 3, 5):
        show(bench, 1, "remediated", updated=minute)
        bench.clock.advance(timedelta(minutes=2))
        await bench.run_pass()

    assert await bench.states() == [State.SUPERSEDED]
    assert await tally(bench) == Tally(remediated=1)


async def test_our_own_deletion_is_nobody_s_answer(bench: Bench) -> None:
    show(bench, 1)
    await bench.run_pass()

    show(bench, 1, "remediated", updated=1)
    bench.clock.advance(timedelta(minutes=10))
    await bench.run_pass()

    assert len(bench.enactor.removed) == 2
    assert await tally(bench) == Tally()


@pytest.mark.parametrize(("word", "kept"), [("remediated", Tally()), ("declined", Tally(declined=1))])
async def test_what_closes_because_another_action_of_ours_took_its_mail_is_nobody_s_yes(
    bench: Bench, word: str, kept: Tally
) -> None:
    """Else every deletion of ours would speak for the next one. A no is a person's all the same."""
    single = ESCALATE.replace("softDeleteCluster", "softDeleteMessage").replace("small-malicious", "single")
    single = single.replace("  cluster.mailboxCount: {atMost: 200}\n", "")
    bench.with_policies(approve=APPROVE, single=single)
    show(bench, 1)
    message = a_message(number=10)
    bench.defender.show(an_incident(an_alert(message, id="m", incident_id="9"), id="9"))
    await bench.run_pass()
    assert len(bench.enactor.removed) == 2

    gone = msgspec.structs.replace(message, remediation_status=word)
    later = NOW + timedelta(minutes=1)
    bench.defender.show(
        an_incident(an_alert(gone, id="m", incident_id="9", updated=later), id="9", updated=later)
    )
    bench.clock.advance(timedelta(minutes=2))
    await bench.run_pass()

    (record,) = await bench.world.ledger.of_incident("9")
    assert record.state is State.SUPERSEDED
    assert await tally(bench, (ActionKind.SOFT_DELETE_MESSAGE, *SENDER[1:])) == kept


async def test_what_was_only_intended_and_approved_by_a_person_meanwhile_is_that_person_s_answer(
    bench: Bench,
) -> None:
    """The effects that are dropped with it are its own, and took nothing."""
    show(bench, 1)
    await judge_only(bench)
    show(bench, 1, "remediated", updated=1)

    bench.clock.advance(timedelta(minutes=2))
    await bench.run_pass()

    assert not bench.enactor.removed
    assert await bench.states() == [State.SUPERSEDED]
    assert await tally(bench) == Tally(remediated=1)


async def judge_only(bench: Bench) -> None:
    """Poll and decide, and stop before anything is sent."""
    import asyncio

    from agent.loop.cycle import judge_due
    from agent.loop.poll import poll
    from agent.loop.report import PassReport
    from agent.loop.run import load

    report, stop = PassReport(began=bench.clock.now()), asyncio.Event()
    await poll(bench.world, report, stop)
    await judge_due(bench.world, await load(bench.world), report, stop)
    assert await bench.states() == [State.INTENDED]


async def test_an_expiry_is_nobody_s_answer(bench: Bench) -> None:
    bench.with_policies(escalate=ESCALATE)
    show(bench, 1)
    await bench.run_pass()

    bench.clock.advance(timedelta(days=7))
    show(bench, 1, "declined", updated=7 * 24 * 60)
    await bench.run_pass()

    assert await tally(bench) == Tally()


async def test_what_awaits_approval_again_takes_its_answer_back(bench: Bench) -> None:
    bench.with_policies(escalate=ESCALATE)
    show(bench, 1)
    await bench.run_pass()
    for minute, word in ((1, "declined"), (3, "pendingApproval")):
        show(bench, 1, word, updated=minute)
        bench.clock.advance(timedelta(minutes=2))
        await bench.run_pass()

    assert await bench.states() == [State.ESCALATED]
    assert await tally(bench) == Tally()


async def test_an_answer_is_written_with_its_record_or_not_at_all(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.with_policies(escalate=ESCALATE)
    show(bench, 1)
    await bench.run_pass()
    show(bench, 1, "declined", updated=1)
    bench.clock.advance(timedelta(minutes=2))

    def conflict(*_: object) -> None:
        raise Conflict("somebody else was first")

    with monkeypatch.context() as broken:
        broken.setattr("agent.adapters.ledger.writes.save_versions", conflict)
        await bench.run_pass()
    assert await tally(bench) == Tally()
    assert await bench.states() == [State.ESCALATED]
    await bench.run_pass()

    assert await tally(bench) == Tally(declined=1)


async def test_the_past_of_a_whole_batch_is_asked_for_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.adapters.ledger.ledger import SqlLedger

    asked: list[int] = []
    answered = SqlLedger.answered

    async def counting(ledger: SqlLedger, matters: list[Matter], since: object) -> object:
        asked.append(len(matters))
        return await answered(ledger, matters, since)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlLedger, "answered", counting)
    for number in range(1, 8):
        show(bench, number)

    await bench.run_pass()

    assert asked == [3]
    assert len(await bench.records()) == 7


async def test_clicks_that_are_not_known_leave_policies_on_them_to_people(bench: Bench) -> None:
    bench.with_policies(
        careful=APPROVE.replace("  cluster.mailboxCount", "  clicks.allowed: 0\n  cluster.mailboxCount")
    )
    show(bench, 1)
    show(bench, 2)
    for number in (20, 21):
        bench.defender.deliver(msgspec.structs.replace(a_copy(number), clicks=()))

    await bench.run_pass()

    states = {record.action.incident.id: record.state for record in await bench.records()}
    assert states == {"1": State.ESCALATED, "2": State.SENT}
