"""Lists that groups feed, pass by pass: asked for when due, kept, and not relied on once they are stale."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent.loop.feeding import Feeding
from agent.loop.passing import Memory, one_pass
from agent.loop.policies import InForce
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.model.enactment import Record, State
from agent.model.errors import Malformed, PolicyError, Refused, Unavailable
from agent.simulator import names, tenant
from agent.simulator.directory import USER, user
from agent.simulator.names import EXECUTIVES
from agent.simulator.state import State as SimulatedState
from agent.simulator.switches import Switches
from tests.fakes import FakeShelf
from tests.ledgers import open_ledger
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident
from tests.simulated import a_simulated, noon

GROUP = "99999999-8888-7777-6666-555555555555"
ANN = "anna@contoso.example"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
DOWN = Unavailable("graph: list group members: no connection")
NOT_GRANTED = Refused("graph: list group members: 403: grant GroupMember.Read.All to the app registration")

GUARDED = f"{APPROVE}unless:\n  - recipients: {{anyIn: $vip}}\n"
VIP = f"list: vip\ntype: users\nsource: {{group: {GROUP}}}\nrefresh: 1h\nstale: 24h\n"


class Agent:
    """A process that lives from pass to pass: it remembers what failed and which policies are in force."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.policies: InForce | None = None
        self.feeding = Feeding()

    async def run_pass(self) -> PassReport:
        import asyncio

        world = self.bench.world
        if self.policies is None:
            self.policies = await load(world)
            await start(world, self.policies)
        report = PassReport(began=world.clock.now())
        try:
            await one_pass(world, self.policies, asyncio.Event(), report, Memory(feeding=self.feeding))
        except Unavailable as error:
            report.problems.append(str(error))
        return report

    async def alarms(self) -> list[str]:
        return [one.words for one in await self.bench.world.ledger.alarms()]


def show(bench: Bench, name: str = "1", *, first: int = 1, recipient: str = ANN) -> None:
    """Show one incident with a cluster of one message."""
    query = f'Urls:"https://bad-{name}.example"'
    bench.defender.show(
        an_incident(an_alert(a_cluster(messages=1, first=first, query=query), id=f"a{name}", incident_id=name), id=name)
    )  # fmt: skip
    bench.defender.deliver(a_copy(first, recipient=recipient))


@pytest.fixture
def agent(bench: Bench) -> Agent:
    bench.with_policies(**{"approve": GUARDED, "lists/vip": VIP})
    bench.directory.groups[GROUP] = (ANN,)
    return Agent(bench)


async def test_a_group_is_asked_for_before_anything_is_judged(agent: Agent, bench: Bench) -> None:
    show(bench)
    show(bench, "2", first=2, recipient="bob@contoso.example")

    await agent.run_pass()

    states = {record.action.incident.id: record.state for record in await bench.records()}
    assert states == {"1": State.ESCALATED, "2": State.SENT}
    assert list(bench.enactor.removed) == [("00000000-0000-4000-8000-000000000002", "bob@contoso.example")]


async def test_the_age_of_the_list_is_among_the_facts_of_the_decision(agent: Agent, bench: Bench) -> None:
    show(bench)

    await agent.run_pass()

    decision = (await bench.only()).decision
    assert decision is not None
    assert decision.facts.values["list.vip.refreshed"] == NOW


async def test_a_group_is_asked_for_again_when_it_is_due_and_not_before(agent: Agent, bench: Bench) -> None:
    await agent.run_pass()

    bench.clock.advance(HOUR - INSTANT)
    await agent.run_pass()
    before = bench.directory.asked[GROUP]
    bench.clock.advance(INSTANT)
    await agent.run_pass()

    assert (before, bench.directory.asked[GROUP]) == (1, 2)


async def test_a_clock_that_was_set_back_does_not_keep_a_group_from_being_asked_for(
    agent: Agent, bench: Bench
) -> None:
    await agent.run_pass()

    bench.clock.advance(-2 * HOUR)
    await agent.run_pass()

    assert bench.directory.asked[GROUP] == 2


async def test_whoever_joins_is_protected_from_the_next_pass_on(agent: Agent, bench: Bench) -> None:
    bench.directory.groups[GROUP] = ("chair@contoso.example",)
    bench.observing()
    show(bench)
    await agent.run_pass()
    before, revision = await bench.only(), agent.policies.judge.revision if agent.policies else ""

    bench.directory.groups[GROUP] = ("chair@contoso.example", ANN)
    bench.clock.advance(HOUR)
    await agent.run_pass()

    after = await bench.only()
    assert (before.state, after.state) == (State.DECIDED, State.ESCALATED)
    assert agent.policies is not None
    assert agent.policies.judge.revision != revision
    assert after.decision is not None
    assert after.decision.revision == agent.policies.judge.revision


async def test_a_refresh_without_news_judges_nothing_anew(agent: Agent, bench: Bench) -> None:
    show(bench)
    await agent.run_pass()
    assert agent.policies is not None
    revision, notes = agent.policies.judge.revision, len(bench.enactor.comments)

    bench.clock.advance(HOUR)
    report = await agent.run_pass()

    assert bench.directory.asked[GROUP] == 2
    assert agent.policies.judge.revision == revision
    assert report.decided == 0
    assert len(bench.enactor.comments) == notes


async def test_somebody_who_joins_changes_no_note_of_those_whom_it_does_not_touch(
    agent: Agent, bench: Bench
) -> None:
    show(bench)
    await agent.run_pass()
    assert len(bench.enactor.comments) == 1

    bench.directory.groups[GROUP] = (ANN, "new@contoso.example")
    bench.clock.advance(HOUR)
    report = await agent.run_pass()

    assert report.decided == 1
    assert len(bench.enactor.comments) == 1


@pytest.mark.parametrize(
    "error", [DOWN, NOT_GRANTED, Malformed("graph: list group members: only a part came")]
)
async def test_members_stay_as_they_were_until_the_list_is_stale_and_then_nothing_is_known(
    agent: Agent, bench: Bench, error: Unavailable
) -> None:
    await agent.run_pass()
    bench.directory.error = error

    bench.clock.advance(24 * HOUR)
    show(bench, "1")
    show(bench, "2", first=2, recipient="bob@contoso.example")
    await agent.run_pass()
    fresh = {record.action.incident.id: record for record in await bench.records()}
    bench.clock.advance(INSTANT)
    show(bench, "3", first=3, recipient="bob@contoso.example")
    await agent.run_pass()
    stale = {record.action.incident.id: record for record in await bench.records()}

    assert fresh["1"].state is State.ESCALATED
    assert _reason(fresh["1"]).startswith("no policy matched")
    assert fresh["2"].state is State.SENT
    assert stale["3"].state is State.ESCALATED
    assert _reason(stale["3"]).startswith(
        "undecided: `small-malicious`: unless `$vip` was last refreshed 25h ago, 24h asked"
    )


async def test_a_list_that_comes_back_is_relied_on_again(agent: Agent, bench: Bench) -> None:
    bench.directory.error = DOWN
    show(bench, recipient="bob@contoso.example")
    await agent.run_pass()
    before = await bench.only()

    bench.directory.error = None
    bench.clock.advance(MINUTE)
    await agent.run_pass()

    assert before.state is State.ESCALATED
    assert "`$vip` was never fetched" in _reason(before)
    assert (await bench.only()).state is State.SENT


async def test_graph_being_away_for_groups_does_not_end_the_pass(agent: Agent, bench: Bench) -> None:
    bench.directory.error = DOWN
    show(bench)

    report = await agent.run_pass()

    assert report.decided == 1


async def test_members_outlive_the_process(agent: Agent, bench: Bench) -> None:
    await agent.run_pass()
    assert agent.policies is not None
    bench.directory.error = DOWN
    bench.clock.advance(2 * HOUR)
    show(bench)
    show(bench, "2", first=2, recipient="bob@contoso.example")

    restarted = Agent(bench)
    await restarted.run_pass()

    states = {record.action.incident.id: record.state for record in await bench.records()}
    assert states == {"1": State.ESCALATED, "2": State.SENT}
    assert restarted.policies is not None
    assert restarted.policies.judge.revision == agent.policies.judge.revision
    assert restarted.policies.fetched == {"vip": NOW}


async def test_members_that_were_saved_before_a_crash_are_not_lost(
    agent: Agent, bench: Bench, tmp_path: Path
) -> None:
    """The members are saved before they are judged by: what a decision went by can be read after any crash."""
    show(bench)
    await agent.run_pass()

    async with open_ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.db'}", TENANT, read_only=True) as other:
        saved = await other.members()

    assert saved[GROUP].values == (ANN,)
    assert saved[GROUP].at == NOW


async def test_what_is_refused_rests_and_is_asked_for_again(agent: Agent, bench: Bench) -> None:
    bench.directory.error = NOT_GRANTED
    report = await agent.run_pass()
    for _ in range(14):
        bench.clock.advance(MINUTE)
        await agent.run_pass()
    resting = bench.directory.asked[GROUP]
    bench.clock.advance(MINUTE)
    await agent.run_pass()

    assert report.problems == [f"list vip: {NOT_GRANTED}"]
    assert (resting, bench.directory.asked[GROUP]) == (1, 2)


async def test_an_outage_is_asked_about_in_every_pass(agent: Agent, bench: Bench) -> None:
    bench.directory.error = DOWN

    for _ in range(3):
        await agent.run_pass()

    assert bench.directory.asked[GROUP] == 3


async def test_a_group_that_never_answers_does_not_keep_others_from_being_read(bench: Bench) -> None:
    large = "99999999-9999-4999-8999-999999999999"
    bench.with_policies(
        **{
            "approve": GUARDED,
            "lists/all": VIP.replace("vip", "all").replace(GROUP, large),
            "lists/vip": VIP,
        }
    )
    bench.directory.groups[GROUP] = (ANN,)
    bench.directory.errors[large] = DOWN
    agent = Agent(bench)

    await agent.run_pass()
    await agent.run_pass()

    assert agent.policies is not None
    members = {one.name: one.members for one in agent.policies.judge.policy_set.lists}
    assert members == {"all": None, "vip": (ANN,)}


async def test_two_lists_of_one_group_ask_once_and_people_and_devices_are_apart(bench: Bench) -> None:
    more = {"lists/board": VIP.replace("vip", "board"), "lists/laptops": VIP.replace("vip", "laptops").replace("users", "devices")}  # fmt: skip
    bench.with_policies(**{"approve": GUARDED, "lists/vip": VIP, **more})
    bench.directory.groups[GROUP] = (ANN,)
    bench.directory.machines[GROUP] = ("laptop-7",)
    agent = Agent(bench)

    await agent.run_pass()

    assert bench.directory.asked[GROUP] == 2
    assert agent.policies is not None
    members = {one.name: one.members for one in agent.policies.judge.policy_set.lists}
    assert members == {"vip": (ANN,), "board": (ANN,), "laptops": ("laptop-7",)}


async def test_a_list_of_addresses_has_no_object_ids(bench: Bench) -> None:
    bench.with_policies(**{"approve": GUARDED, "lists/vip": VIP.replace("users", "addresses")})
    bench.directory.groups[GROUP] = (GROUP, ANN)
    agent = Agent(bench)

    await agent.run_pass()

    assert agent.policies is not None
    assert agent.policies.judge.policy_set.lists[0].members == (ANN,)


async def test_the_files_of_the_set_in_force_make_the_same_set_again(agent: Agent, bench: Bench) -> None:
    await agent.run_pass()
    assert agent.policies is not None

    again = InForce(agent.policies.written, dict(agent.policies.members))

    assert again.judge.revision == agent.policies.judge.revision


async def test_files_that_do_not_load_leave_everything_as_it_is(agent: Agent) -> None:
    await agent.run_pass()
    policies = agent.policies
    assert policies is not None
    written, judge = policies.written, policies.judge

    with pytest.raises(PolicyError):
        policies.renew({"policies/x.yaml": b"no"}, git="abc")

    assert (policies.written, policies.judge, policies.git) == (written, judge, "")
    assert policies.renew(git="abc") is False
    assert policies.judge.policy_set.git == "abc"


# Alarms


async def test_an_empty_group_is_an_alarm_and_still_an_answer(agent: Agent, bench: Bench) -> None:
    bench.directory.groups[GROUP] = ()
    show(bench)

    await agent.run_pass()

    assert await agent.alarms() == [f"`$vip` is empty: there is no user in the group `{GROUP}`"]
    assert (await bench.only()).state is State.SENT


async def test_an_alarm_stands_while_a_list_is_not_to_be_relied_on(agent: Agent, bench: Bench) -> None:
    told = [await _next(agent, error, span) for error, span in (
        (DOWN, MINUTE), (None, 2 * HOUR), (DOWN, 24 * HOUR), (DOWN, MINUTE), (NOT_GRANTED, 15 * MINUTE), (None, 15 * MINUTE)
    )]  # fmt: skip

    stale = "ago, 24h asked, so that nothing on it is known"
    assert told == [
        [f"`$vip` was never fetched, so that nothing on it is known: {DOWN}"],
        [],
        [],
        [f"`$vip` was last refreshed 26h {stale}: {DOWN}"],
        [f"`$vip` was last refreshed 27h {stale}: {NOT_GRANTED}"],
        [],
    ]


async def _next(agent: Agent, error: Unavailable | Refused | None, after: timedelta) -> list[str]:
    """Return the alarms after one pass, then let time go by."""
    agent.bench.directory.error = error
    await agent.run_pass()
    told = await agent.alarms()
    agent.bench.clock.advance(after)
    return told


async def test_an_alarm_of_the_last_run_ends_with_the_list(agent: Agent, bench: Bench) -> None:
    bench.directory.error = NOT_GRANTED
    await agent.run_pass()
    before = await agent.alarms()

    bench.with_policies(approve=APPROVE)
    restarted = Agent(bench)
    await restarted.run_pass()

    assert len(before) == 1
    assert await restarted.alarms() == []


def _reason(record: Record) -> str:
    assert record.decision is not None
    return record.decision.reason


# Against the simulator


SIMULATED_VIP = VIP.replace(GROUP, EXECUTIVES)
SHELF = FakeShelf(**{"approve": GUARDED, "lists/vip": SIMULATED_VIP})


@pytest.fixture
def burst() -> SimulatedState:
    state = tenant.burst(3, noon(), actions=2, messages_each=1)
    chief = state.directory.admit(USER, user("00000000-0000-4000-8000-00000000ce00", f"ceo@{names.DOMAIN}"))
    state.directory.join(EXECUTIVES, chief)
    return state


async def test_somebody_added_to_the_group_is_protected_by_any_of_their_addresses(
    burst: SimulatedState, tmp_path: Path
) -> None:
    first = next(iter(burst.post.all()))
    added = user("00000000-0000-4000-8000-00000000ce01", f"login@{names.DOMAIN}", first.recipient.upper())

    async with a_simulated(burst, tmp_path, shelf=SHELF, observes=True) as simulated:
        await simulated.run_pass()
        before = {record.action.key: record.state for record in (await simulated.records()).values()}
        burst.directory.join(EXECUTIVES, burst.directory.admit(USER, added))
        simulated.clock.advance(HOUR)
        await simulated.run_pass()
        after = (await simulated.records()).values()

    assert set(before.values()) == {State.DECIDED}
    assert sorted(record.state for record in after) == [State.DECIDED, State.ESCALATED]
    (protected,) = (record for record in after if record.state is State.ESCALATED)
    assert f"{first.recipient}, in $vip, which it rules out" in _reason(protected)


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        (names.READ_GROUPS, "403 (Authorization_RequestDenied: missing application roles"),
        (names.READ_USERS, "members come without their addresses: grant User.Read.All"),
    ],
)
async def test_what_is_not_granted_escalates_and_says_so(
    burst: SimulatedState, tmp_path: Path, lacking: str, words: str
) -> None:
    switches = Switches(roles=names.ALL_ROLES - {lacking})

    async with a_simulated(burst, tmp_path, shelf=SHELF, switches=switches) as simulated:
        report = await simulated.run_pass()
        states = set(await simulated.states())
        alarms = await simulated.world.ledger.alarms()

    assert states == {State.ESCALATED}
    assert not burst.remediated
    assert words in report.problems[0]
    assert words in alarms[0].words
