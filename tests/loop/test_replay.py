"""Every decision that the loop ever made comes out the same when it is made again, byte for byte."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from agent.adapters.ledger.codec import write_decision
from agent.judge.past.again import differences
from agent.loop.replaying import replay
from agent.loop.run import load
from agent.model.decision import Classification, Verb
from agent.simulator import tenant
from agent.simulator.faults import sour
from tests.fakes import FakeShelf
from tests.loop.conftest import APPROVE, Bench
from tests.makers import a_cluster, a_copy, an_alert, an_incident
from tests.past import LIMITED, all_again, limited, lived
from tests.simulated import a_simulated, noon


@pytest.mark.parametrize("seed", range(2))
async def test_a_burst_under_faults_that_reaches_its_limits_and_is_judged_by_other_policies_then(
    tmp_path: Path, seed: int
) -> None:
    burst = tenant.burst(seed, noon(), actions=12, per_incident=2, messages_each=7)
    async with a_simulated(
        burst,
        tmp_path,
        faults=sour(seed),
        shelf=limited(),
        checked=False,
        requests_per_minute=120,
        enforces_observers=False,
    ) as simulated:
        await lived(simulated, 3)
        other = FakeShelf(limited=LIMITED.replace("4/h", "6/h"))
        other.commit = "c0ffee"
        simulated.world = replace(simulated.world, shelf=other)
        simulated.policies = await load(simulated.world)
        await lived(simulated, 3)

        found = await all_again(simulated)

    assert [one for one in found if not one.is_same] == []
    assert any(one.recorded.guard is not None for one in found)
    assert {one.recorded.git for one in found} == {"", "c0ffee"}
    assert len({one.recorded.revision for one in found}) == 2
    limits = [one for one in found if one.recorded.weighed]
    assert any(len(one.recorded.weighed) == 2 for one in limits)


# What is told apart


async def decided(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster(messages=1))))
    bench.defender.deliver(a_copy(1))
    await bench.run_pass()


async def test_an_action_that_is_named_otherwise_since_is_told_as_it_was(bench: Bench) -> None:
    await decided(bench)
    record = await bench.only()
    moved = msgspec.structs.replace(
        record.action,
        label="https://elsewhere.example/",
        incident=msgspec.structs.replace(record.action.incident, id="77"),
        deadline=record.action.deadline - timedelta(days=1),
    )

    (one,) = await replay(bench.world.ledger, msgspec.structs.replace(record, action=moved), write_decision)

    assert one.is_same


async def test_a_record_that_was_changed_by_hand_is_told_field_by_field(bench: Bench) -> None:
    await decided(bench)
    record = await bench.only()
    assert record.decision is not None
    forged = msgspec.structs.replace(record.decision, verb=Verb.REJECT, reason="because")
    await bench.world.ledger.save([msgspec.structs.replace(record, decision=forged)], now=bench.clock.now())

    first, second = await replay(bench.world.ledger, await bench.only(), write_decision)

    assert first.is_same
    assert not second.is_same
    assert [one.field for one in second.differences] == ["verb", "reason"]
    assert second.differences[0].recorded == "reject"
    assert second.differences[0].again == "approve"


async def test_a_finding_more_or_less_is_a_difference_too(bench: Bench) -> None:
    await decided(bench)
    record = await bench.only()
    assert record.decision is not None

    found = differences(record.decision, msgspec.structs.replace(record.decision, findings=()))

    assert [(one.field, one.again) for one in found] == [("findings[0]", None)]


async def test_only_the_decision_asked_for_is_made_again(bench: Bench) -> None:
    await decided(bench)
    bench.clock.advance(timedelta(minutes=1))
    bench.with_policies(other=LIMITED)
    await bench.run_pass()

    found = await replay(bench.world.ledger, await bench.only(), write_decision, number=1)

    assert [one.number for one in found] == [1]


async def test_a_set_that_is_not_kept_is_said_to_be_missing(bench: Bench) -> None:
    await decided(bench)
    record = await bench.only()
    assert record.decision is not None
    older = msgspec.structs.replace(record.decision, revision="0123456789ab")
    await bench.world.ledger.save([msgspec.structs.replace(record, decision=older)], now=bench.clock.now())

    _, second = await replay(bench.world.ledger, await bench.only(), write_decision)

    assert second.why_not == "the set of revision 0123456789ab is not kept: an older agent decided by it"
    assert not second.is_same


async def test_a_decision_by_a_set_whose_revision_was_worked_out_otherwise_comes_out_the_same(
    bench: Bench,
) -> None:
    await decided(bench)
    record, ledger = await bench.only(), bench.world.ledger
    assert record.decision is not None
    kept = await ledger.kept_set(record.decision.revision)
    assert kept is not None
    await ledger.keep_set(msgspec.structs.replace(kept, revision="0123456789ab"))
    older = msgspec.structs.replace(record.decision, revision="0123456789ab")
    await ledger.save([msgspec.structs.replace(record, decision=older)], now=bench.clock.now())

    first, second = await replay(ledger, await bench.only(), write_decision)

    assert first.is_same
    assert second.recorded.revision == "0123456789ab"
    assert second.is_same


async def test_a_kept_set_that_this_agent_does_not_load_is_said_with_its_first_problem(bench: Bench) -> None:
    await decided(bench)
    kept = await bench.world.ledger.kept_set()
    record = await bench.only()
    assert kept is not None
    assert record.decision is not None
    broken = msgspec.structs.replace(kept, revision="x", files={"policies/p.yaml": b"policy: ["})
    await bench.world.ledger.keep_set(broken)
    other = msgspec.structs.replace(record.decision, revision="x")
    await bench.world.ledger.save([msgspec.structs.replace(record, decision=other)], now=bench.clock.now())

    _, second = await replay(bench.world.ledger, await bench.only(), write_decision)

    assert second.why_not.startswith(
        "the kept set of revision x does not load in this agent: policies/p.yaml:"
    )


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"label": None}, "an older agent made it, and did not record all that it was made from"),
        ({"weighed": ()}, "what `limited` had spent of its limit of actions was not recorded"),
    ],
)
async def test_what_was_not_recorded_is_named(bench: Bench, missing: dict[str, object], words: str) -> None:
    bench.with_policies(limited=LIMITED)
    await decided(bench)
    record = await bench.only()
    assert record.decision is not None
    older = msgspec.structs.replace(record.decision, **missing)
    await bench.world.ledger.save([msgspec.structs.replace(record, decision=older)], now=bench.clock.now())

    _, second = await replay(bench.world.ledger, await bench.only(), write_decision)

    assert second.why_not == words


async def test_what_an_approval_was_weighed_against_is_recorded_whether_it_held_or_not(bench: Bench) -> None:
    bench.with_policies(limited=LIMITED.replace("4/h", "1/h"))
    clusters = [an_alert(a_cluster(query=f"q{n}", first=n, messages=1), id=f"a{n}") for n in (1, 2)]
    bench.defender.show(an_incident(*clusters))
    bench.defender.deliver(a_copy(1), a_copy(2))
    await bench.run_pass()

    decisions = [record.decision for record in await bench.records() if record.decision is not None]

    told = {
        one.guard: [
            (each.unit.value, each.spent, each.asked, each.count) for each in one.weighed if not each.cap
        ]
        for one in decisions
    }
    assert told == {
        None: [("actions", 0, 1, 1), ("messages", 0, 1, 60)],
        "limits of limited": [("actions", 1, 1, 1)],
    }


async def test_a_decision_of_an_agent_that_concluded_nothing_comes_out_the_same(bench: Bench) -> None:
    bench.with_policies(approve=APPROVE + "classification: {classification: truePositive}\n")
    await decided(bench)
    record, ledger = await bench.only(), bench.world.ledger
    assert record.decision is not None
    older = msgspec.structs.replace(record.decision, classifications=None)
    await ledger.save([msgspec.structs.replace(record, decision=older)], now=bench.clock.now())

    first, second = await replay(ledger, await bench.only(), write_decision)

    assert (first.is_same, second.is_same) == (True, True)
    assert first.recorded.classifications == (Classification(classification="truePositive"),)
    assert second.recorded.classifications is None
