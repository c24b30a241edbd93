"""Clicks and earlier answers as a simulated tenant gives them, through the real adapter and the real ledger."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent.model.facts import Facts
from agent.model.past import About, Tally
from agent.model.pending import ActionKind
from agent.simulator import happenings, tenant
from agent.simulator.mail import Click
from agent.simulator.state import State
from agent.simulator.switches import Switches, every_position
from tests.fakes import FakeShelf
from tests.loop.conftest import APPROVE
from tests.simulated import Simulated, a_simulated, noon

SHELF = FakeShelf(approve=APPROVE)
ESCALATE = FakeShelf(escalate=APPROVE.replace("decide: approve", "decide: escalate"))


def clicked() -> State:
    """Return a tenant with one cluster of four messages: one clicked past a warning, one by a name nobody has."""
    state = tenant.burst(3, noon(), actions=1, messages_each=4)
    first, second = list(state.post.all())[:2]
    at = noon() - timedelta(minutes=5)
    state.post.click(
        [
            Click(first.network_message_id, first.recipient.upper(), at, "ClickBlocked", "1"),
            Click(first.network_message_id, first.recipient, at, "ClickBlocked", "1", is_through=True),
            Click(first.network_message_id, first.recipient, at, "ClickBlocked", "2"),
            Click(second.network_message_id, "n.obody@contoso.example", at, "ClickAllowed", "3"),
        ]
    )
    return state


async def facts_of(simulated: Simulated) -> Facts:
    (record,) = (await simulated.records()).values()
    assert record.decision is not None
    return record.decision.facts


async def test_clicks_are_facts_of_the_cluster_and_of_each_copy_at_the_price_of_no_request(
    tmp_path: Path,
) -> None:
    async with a_simulated(clicked(), tmp_path, shelf=SHELF) as simulated:
        await simulated.run_pass()
        facts = await facts_of(simulated)

        assert simulated.asked("hunting") == 2, "one for mail, one for AIR's own rows"
    assert facts.values["clicks.count"] == 3
    assert facts.values["clicks.allowed"] == 2
    assert facts.values["clicks.users"] == 2
    assert [(one.get("clicked"), one.get("clickedThrough")) for one in facts.messages or ()] == [
        (True, True),
        (None, False),
        (False, False),
        (False, False),
    ]


@pytest.mark.parametrize(("position", "hunts"), [("no table of clicks", 3), ("no hunting", 0)])
async def test_where_clicks_cannot_be_asked_for_they_are_unknown_and_all_else_goes_on(
    position: str, hunts: int, tmp_path: Path
) -> None:
    switches = every_position()[position]

    async with a_simulated(clicked(), tmp_path, switches=switches, shelf=SHELF) as simulated:
        await simulated.run_pass()
        facts = await facts_of(simulated)

        assert simulated.asked("hunting") == hunts
        assert len(simulated.app.state.remediated) == 4
    assert not [name for name in facts.values if name.startswith("clicks.")]
    assert not [one for one in facts.messages or () if "clicked" in one]
    assert facts.values["cluster.inboxCount"] == 4


async def test_the_missing_table_costs_one_request_an_hour(tmp_path: Path) -> None:
    state = tenant.burst(3, noon(), actions=1, messages_each=4)
    switches = Switches(click_table=False)

    async with a_simulated(state, tmp_path, switches=switches, shelf=SHELF) as simulated:
        for message in ("a", "b", "c"):
            await simulated.world.defender.mail([f"00000000-0000-4000-8000-00000000000{message}"])
        assert simulated.asked("hunting") == 4

        simulated.clock.advance(timedelta(hours=1))
        await simulated.world.defender.mail(["00000000-0000-4000-8000-00000000000d"])

        assert simulated.asked("hunting") == 6


async def test_what_people_answer_in_the_portal_is_remembered(tmp_path: Path) -> None:
    state = tenant.burst(3, noon(), actions=3, messages_each=2)
    approved, rejected, _ = state.alerts
    state.plan(noon() + timedelta(minutes=5), happenings.person_approves(approved, 0))
    state.plan(noon() + timedelta(minutes=5), happenings.person_rejects(rejected, 0))
    matter = (ActionKind.SOFT_DELETE_CLUSTER, About.CLUSTER_BY, "url")

    async with a_simulated(state, tmp_path, shelf=ESCALATE) as simulated:
        await simulated.live(timedelta(minutes=30), every=timedelta(minutes=5))

        found = await simulated.world.ledger.answered([matter], noon() - timedelta(days=90))

    assert found == {matter: Tally(remediated=1, declined=1)}
