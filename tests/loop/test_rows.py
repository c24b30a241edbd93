"""AIR's own rows, pass by pass: asked for now and then, remembered, and named in what they name."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.loop.passing import Memory, one_pass
from agent.loop.report import PassReport
from agent.loop.rows import Rows
from agent.loop.run import load, start
from agent.model.enactment import Record, State
from agent.model.errors import Refused, Unavailable
from agent.model.pending import ActionKind
from tests.loop.conftest import Bench
from tests.makers import NOW, a_cluster, a_copy, a_user, an_air_action, an_alert, an_incident

M, H = timedelta(minutes=1), timedelta(hours=1)

DISABLE = """
policy: malicious-accounts
description: Lock out accounts that are taken over.
owner: soc@contoso.example
for: [disableUser]
mode: enforce
match: {evidence.verdict: malicious, action.kindSource: hunting}
decide: approve
reason: it is taken over
"""

ANOMALY = """
policy: no-anomalies
description: Soft-delete what is no anomaly.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match: {cluster.volumeAnomaly: false}
decide: approve
reason: it is none
"""


class Agent:
    """A process that lives from pass to pass."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.rows = Rows()
        bench.with_policies(accounts=DISABLE)

    async def run_pass(self) -> PassReport:
        import asyncio

        world = self.bench.world
        policies = await load(world)
        await start(world, policies)
        report = PassReport(began=world.clock.now())
        await one_pass(world, policies, asyncio.Event(), report, Memory(rows=self.rows))
        return report

    async def records(self) -> dict[str, Record]:
        return {record.action.kind.value: record for record in await self.bench.records()}

    async def states(self) -> dict[str, State]:
        return {kind: record.state for kind, record in (await self.records()).items()}


@pytest.fixture
def agent(bench: Bench) -> Agent:
    return Agent(bench)


def show(bench: Bench, *evidence: Any, updated: Any = NOW - 10 * M) -> None:
    bench.defender.show(an_incident(an_alert(*evidence, updated=updated), updated=updated))


async def test_a_row_that_is_there_first_names_the_kind_at_first_sight(agent: Agent, bench: Bench) -> None:
    show(bench, a_user())
    bench.defender.write_down(an_air_action())

    report = await agent.run_pass()

    assert set(await agent.states()) == {"disableUser"}
    assert (await agent.records())["disableUser"].decision is not None
    assert report.appeared == 1
    assert report.problems == []


async def test_a_row_that_comes_later_has_the_incident_read_again_at_once(agent: Agent, bench: Bench) -> None:
    show(bench, a_user())
    await agent.run_pass()
    before = (await agent.records())["unknown"]
    bench.defender.write_down(an_air_action())
    bench.clock.advance(5 * M)

    report = await agent.run_pass()

    after = await agent.records()
    assert after["unknown"].state is State.SUPERSEDED
    assert after["disableUser"].action.id in after["unknown"].why
    assert after["disableUser"].action.deadline == before.action.deadline
    assert after["disableUser"].decision is not None
    assert after["disableUser"].decision.policies == ("malicious-accounts",)
    assert report.appeared == 0
    assert bench.defender.asked["incident"] >= 1


@pytest.mark.parametrize(("wait", "asked"), [(5 * M - timedelta(seconds=1), 1), (5 * M, 2)])
async def test_rows_are_asked_for_every_five_minutes(
    agent: Agent, bench: Bench, wait: timedelta, asked: int
) -> None:
    await agent.run_pass()
    bench.clock.advance(wait)

    await agent.run_pass()

    assert bench.defender.asked["rows"] == asked


async def test_a_clock_that_was_set_back_is_no_reason_to_wait(agent: Agent, bench: Bench) -> None:
    await agent.run_pass()
    bench.clock.advance(-H)

    await agent.run_pass()

    assert bench.defender.asked["rows"] == 2


@pytest.mark.parametrize(
    ("late", "waits", "is_found"),
    [
        (2 * H, 5 * M, True),
        (2 * H + M, 5 * M, False),
        (2 * H + M, H, True),
        (24 * H, H, True),
        (24 * H + M, H, False),
    ],
)
async def test_a_row_that_appears_late_is_found(
    agent: Agent, bench: Bench, late: timedelta, waits: timedelta, is_found: bool
) -> None:
    await agent.run_pass()
    bench.clock.advance(waits)
    row = an_air_action(at=bench.clock.now() - late, proposed=None)
    bench.defender.write_down(row)

    await agent.run_pass()

    assert bool(await bench.world.ledger.air_actions(row.places)) is is_found


async def test_a_restart_asks_as_far_back_as_it_has_to(bench: Bench) -> None:
    first = Agent(bench)
    bench.defender.write_down(an_air_action(at=NOW - 240 * H), an_air_action(at=NOW - 241 * H, number="old"))
    await first.run_pass()
    bench.defender.write_down(
        an_air_action(at=NOW - 264 * H, number="older"), an_air_action(at=NOW - 30 * H, number="new")
    )
    bench.clock.advance(H)

    await Agent(bench).run_pass()

    found = await bench.world.ledger.air_actions(an_air_action().places)
    assert sorted(one.action_id for one in found) == ["a1", "new"]


async def test_a_kind_stays_known_after_its_row_was_decided_and_hunting_is_gone(
    agent: Agent, bench: Bench
) -> None:
    show(bench, a_user())
    bench.defender.write_down(an_air_action())
    await agent.run_pass()
    bench.defender.rows = [an_air_action(status="Completed", approval="Approved", by="x", at=NOW)]
    bench.clock.advance(5 * M)
    await agent.run_pass()
    bench.defender.no_rows = "hunting is not granted"
    show(bench, a_user(), updated=NOW)
    bench.clock.advance(5 * M)

    await agent.run_pass()

    assert set(await agent.states()) == {"disableUser"}
    (row,) = await bench.world.ledger.air_actions(an_air_action().places)
    assert (row.approval, row.approved_by, row.earlier[0].status) == ("Approved", "x", "Pending")


async def test_rows_whose_evidence_does_not_await_approval_record_nothing(agent: Agent, bench: Bench) -> None:
    show(bench, a_user(status="active"))
    bench.defender.write_down(an_air_action())

    await agent.run_pass()

    assert await agent.states() == {}


async def test_a_person_who_decides_ends_it_and_the_old_record_stays_closed(
    agent: Agent, bench: Bench
) -> None:
    show(bench, a_user())
    await agent.run_pass()
    bench.defender.write_down(an_air_action())
    bench.clock.advance(5 * M)
    await agent.run_pass()
    show(bench, a_user(status="declined"), updated=NOW)

    await agent.run_pass()

    assert await agent.states() == {"unknown": State.SUPERSEDED, "disableUser": State.SUPERSEDED}


async def test_the_sweep_finds_what_could_not_be_read_again_at_once(agent: Agent, bench: Bench) -> None:
    show(bench, a_user())
    await agent.run_pass()
    bench.defender.write_down(an_air_action())
    held = bench.defender.incidents.pop("1")
    bench.clock.advance(5 * M)
    await agent.run_pass()
    bench.defender.show(held)
    bench.clock.advance(H)

    await agent.run_pass()

    assert (await agent.states())["unknown"] is State.SUPERSEDED


async def test_why_there_are_no_rows_is_told_once(agent: Agent, bench: Bench) -> None:
    bench.defender.no_rows = "AIR's own rows are not read: grant ThreatHunting.Read.All"

    reports = []
    with capture_logs() as logs:
        for _ in range(3):
            reports.append(await agent.run_pass())
            bench.clock.advance(5 * M)

    assert sum("grant ThreatHunting.Read.All" in str(one) for one in logs) == 1
    assert [report.problems for report in reports] == [[], [], []]


async def test_rows_that_are_refused_keep_nothing_else_from_being_done(agent: Agent, bench: Bench) -> None:
    show(bench, a_user())
    refused = Refused("graph: run hunting query: 403")

    async def no(_: Any) -> Any:
        raise refused

    bench.defender.air_actions = no  # type: ignore[assignment,method-assign]

    report = await agent.run_pass()
    again = await agent.run_pass()

    assert set(await agent.states()) == {"unknown"}
    assert report.problems == ["AIR's own rows: graph: run hunting query: 403"]
    assert again.problems == []


async def test_rows_are_asked_for_again_at_once_after_an_outage(agent: Agent, bench: Bench) -> None:
    bench.defender.down = True
    with pytest.raises(Unavailable):
        await agent.run_pass()
    bench.defender.down = False

    await agent.run_pass()

    assert bench.defender.asked["rows"] == 1


async def test_rows_that_are_known_already_write_and_read_nothing(agent: Agent, bench: Bench) -> None:
    show(bench, a_user())
    bench.defender.write_down(an_air_action())
    await agent.run_pass()
    bench.defender.asked.clear()
    bench.clock.advance(5 * M)

    await agent.run_pass()

    assert bench.defender.asked == {"rows": 1, "incidents": 1}


async def test_what_a_row_says_of_a_cluster_is_a_fact_once_it_is_there(agent: Agent, bench: Bench) -> None:
    bench.with_policies(anomaly=ANOMALY)
    show(bench, a_cluster(messages=1))
    bench.defender.deliver(a_copy())
    await agent.run_pass()
    record = (await agent.records())["softDeleteCluster"]
    bench.defender.write_down(an_air_action(record.action.key, kind="SoftDelete", anomaly=False))
    bench.clock.advance(5 * M)

    await agent.run_pass()

    after = (await agent.records())["softDeleteCluster"].decision
    assert record.decision is not None
    assert after is not None
    assert "cluster.volumeAnomaly" not in record.decision.facts.values
    assert after.facts.values["cluster.volumeAnomaly"] is False
    assert (record.decision.verb, after.verb) == ("escalate", "approve")


async def test_an_approved_account_is_recorded_with_where_to_look(agent: Agent, bench: Bench) -> None:
    show(bench, a_user())
    bench.defender.write_down(an_air_action())

    await agent.run_pass()

    action = (await agent.records())["disableUser"].action
    assert action.kind is ActionKind.DISABLE_USER
    assert action.proposal is not None
    assert action.proposal.link == "https://security.microsoft.com/airinvestigation"
