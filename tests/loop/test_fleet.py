"""Requires of a fleet: tenants come, change, fail and go each by itself, and none is worked on past its share."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from agent.loop.fleet import FIRST, LONGEST, fraction
from agent.loop.run import usual
from agent.loop.tending import OPENED_AT_ONCE, PATIENCE, Orders, Tended
from agent.model.errors import LedgerError, PolicyError, Problem, Refused, SettingsError
from agent.model.health import Mark
from agent.model.hold import KILL_SWITCH
from agent.model.tenancy import Condition, Holder
from agent.ports.fleet import Alone
from agent.ports.world import World
from tests.clock import NOON
from tests.fleets import a_fleet, an_id, settled, until
from tests.loop.conftest import Bench


def conditions(tended: Iterable[Tended]) -> dict[str, Condition]:
    return {one.name: one.condition for one in tended}


async def test_every_tenant_runs_until_the_process_is_asked_to_stop(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum", "contoso")

    await running.begin()
    before = conditions(running.fleet.tended.values())
    await running.end()

    assert before == {"adatum": Condition.RUNNING, "contoso": Condition.RUNNING}
    assert sorted(running.tending.ended) == ["adatum", "contoso"]
    assert running.tending.cut == []
    assert sorted(running.shares.gone) == [an_id(0), an_id(1)]


async def test_a_tenant_that_is_added_needs_no_restart(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum")
    await running.begin()

    running.roster.put("contoso", 1)
    await running.seconds.advance(12)

    assert running.tending.begun == ["adatum", "contoso"]
    await running.end()


async def test_what_was_seen_once_only_is_not_gone_by(bench: Bench) -> None:
    """A file that is being replaced is not there for a moment, and one that is being written is half of itself."""
    running = a_fleet(bench.world, "adatum", "contoso")
    await running.begin()
    await running.seconds.advance(4)

    del running.roster.tenancies["adatum"]
    running.roster.put("contoso", 1, digest="half")
    await running.seconds.advance(1.5)
    running.roster.put("adatum", 0)
    running.roster.put("contoso", 1)
    await running.seconds.advance(20)

    assert running.tending.ended == []
    await running.end()


async def test_a_tenant_that_is_removed_finishes_what_is_under_way_and_is_let_go(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum", "contoso")
    running.tending.finishes.clear()
    await running.begin()

    del running.roster.tenancies["adatum"]
    await running.seconds.advance(12)
    while_ending = conditions(running.fleet.tended.values())
    running.tending.finishes.set()
    await running.seconds.advance(1)

    assert while_ending == {"adatum": Condition.ENDING, "contoso": Condition.RUNNING}
    assert running.tending.ended == ["adatum"]
    assert list(running.fleet.tended) == ["contoso"]
    assert running.shares.gone == [an_id(0)]
    await running.end()


async def test_changed_settings_open_a_tenant_anew_once_its_old_life_is_over(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum")
    running.tending.finishes.clear()
    await running.begin()

    running.roster.put("adatum", 0, digest="2")
    await running.seconds.advance(12)
    opened_before = list(running.roster.opened)
    running.tending.finishes.set()
    await running.seconds.advance(1)

    assert opened_before == ["adatum"]
    assert running.roster.opened == ["adatum", "adatum"]
    assert running.shares.gone == []
    await running.end()


async def test_settings_that_break_leave_a_tenant_running_by_those_it_has(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum")
    await running.begin()

    running.roster.put("adatum", -1, digest="2", problem="adatum.yaml:1:1: no YAML")
    await running.seconds.advance(12)
    (one,) = running.fleet.tended.values()
    await until(lambda: not running.fleet._errands._under_way)
    alarms = await bench.world.ledger.alarms()
    while_broken = one.condition, one.problem
    running.roster.put("adatum", 0, digest="1")
    await running.seconds.advance(12)
    await until(lambda: not running.fleet._errands._under_way)

    assert while_broken == (Condition.RUNNING, "adatum.yaml:1:1: no YAML")
    assert [alarm.name for alarm in alarms] == ["settings"]
    assert await bench.world.ledger.alarms() == ()
    assert running.roster.opened == ["adatum"]
    assert one.problem == ""
    await running.end()


async def test_a_tenant_whose_settings_were_never_right_is_broken_until_they_are(bench: Bench) -> None:
    running = a_fleet(bench.world, "contoso")
    running.roster.put("adatum", -1, problem="adatum.yaml:1:1: no YAML")
    with capture_logs() as lines:
        await running.begin()
        await running.seconds.advance(60)
    before = conditions(running.fleet.tended.values())

    running.roster.put("adatum", 1, digest="2")
    await running.seconds.advance(12)

    assert before == {"adatum": Condition.BROKEN, "contoso": Condition.RUNNING}
    assert [line["tenant"] for line in lines if line["log_level"] == "error"] == ["adatum"]
    assert conditions(running.fleet.tended.values())["adatum"] is Condition.RUNNING
    await running.end()


async def test_a_roster_that_cannot_be_read_changes_nothing(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum")
    await running.begin()

    running.roster.down = SettingsError("`tenants.directory` cannot be read: stale file handle")
    with capture_logs() as lines:
        await running.seconds.advance(60)

    assert conditions(running.fleet.tended.values()) == {"adatum": Condition.RUNNING}
    assert [line["event"] for line in lines] == ["the roster cannot be read"]
    await running.end()


async def test_a_roster_that_cannot_be_read_at_first_ends_the_process(bench: Bench) -> None:
    running = a_fleet(bench.world)
    running.roster.down = SettingsError("`tenants.directory` has no tenant")

    with pytest.raises(SettingsError):
        await running.fleet.go()


@pytest.mark.parametrize("error", [Refused("login: no"), ValueError("a bug"), SettingsError("one\ntwo")])
async def test_a_tenant_that_cannot_be_opened_is_alone_with_it(bench: Bench, error: Exception) -> None:
    running = a_fleet(bench.world, "adatum", "contoso")
    running.roster.errors["adatum"] = error
    with capture_logs() as lines:
        await running.begin()
        await running.seconds.advance(300)
    await until(lambda: not running.fleet._errands._under_way)
    while_failing = conditions(running.fleet.tended.values())
    tries = running.roster.opened.count("adatum")
    alarms = await bench.world.ledger.alarms()

    del running.roster.errors["adatum"]
    await running.seconds.advance(LONGEST * 1.5 + 10)

    assert while_failing == {"adatum": Condition.FAILED, "contoso": Condition.RUNNING}
    assert 4 <= tries <= 8, "the waits grow"
    assert [line["event"] for line in lines if line["event"] == "tenant failed" and "why" in line] == [
        "tenant failed"
    ]
    assert [alarm.name for alarm in alarms] == ["start"]
    assert running.roster.opened.count("contoso") == 1
    assert conditions(running.fleet.tended.values())["adatum"] is Condition.RUNNING
    await running.end()


async def test_a_tenant_that_ends_by_an_error_is_opened_again(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum")
    problem = Problem(file="a.yaml", line=1, column=1, message="no policy")
    running.tending.failing["adatum"] = PolicyError([problem, problem])
    await running.begin()
    (one,) = running.fleet.tended.values()
    said = one.problem
    await until(lambda: not running.fleet._errands._under_way)

    running.tending.failing.clear()
    await running.seconds.advance(FIRST * 1.5 + 6)

    assert said.startswith("a.yaml:1:1: no policy (and 1 more")
    assert one.condition is Condition.RUNNING
    assert running.roster.opened == ["adatum", "adatum"]
    await running.end()


async def test_what_goes_wrong_again_after_all_was_well_is_said_again(bench: Bench) -> None:
    ends = asyncio.Event()

    async def tend(one: Tended, world: World, orders: Orders) -> None:
        if one.failures == 0 or ends.is_set():
            raise Refused("login: no")
        one.vitals.mark(Mark.PASSED)
        await ends.wait()
        raise Refused("login: no")

    running = a_fleet(bench.world, "adatum", tend=tend)
    with capture_logs() as lines:
        await running.begin()
        await until(lambda: not running.fleet._errands._under_way)
        await running.seconds.advance(FIRST * 1.5 + 6)
        while_well = running.fleet.tended["adatum"].failures, running.fleet.tended["adatum"].problem
        ends.set()
        await running.seconds.advance(1)
    await until(lambda: not running.fleet._errands._under_way)

    assert while_well == (0, "")
    said = [line["event"] for line in lines if line["event"].startswith("tenant")]
    assert said == ["tenant opened", "tenant failed", "tenant is looked after again", "tenant failed"]
    await running.end()


async def test_a_hangup_tries_at_once_what_failed_and_has_policies_read(bench: Bench) -> None:
    reloads: list[str] = []

    async def tend(one: Tended, world: World, orders: Orders) -> None:
        while not orders.stop.is_set():
            await orders.reload.wait()
            orders.reload.clear()
            reloads.append(one.name)

    running = a_fleet(bench.world, "adatum", "contoso", tend=tend)
    running.roster.errors["adatum"] = Refused("login: no")
    await running.begin()
    await running.seconds.advance(100)
    tries = len(running.roster.opened)

    running.roster.put("fabrikam", 2)
    running.orders.reload.set()
    await running.seconds.advance(6)

    assert reloads == ["contoso"]
    assert sorted(running.roster.opened[tries:]) == ["adatum", "fabrikam"]
    running.orders.stop.set()
    await settled()
    running.orders.reload.set()
    await running.end()


async def test_the_only_tenant_ends_the_process_with_its_own_error(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum", is_alone=True)
    running.roster.errors["adatum"] = refused = Refused("login: no")

    with pytest.raises(Refused) as raised:
        await running.fleet.go()

    assert raised.value is refused
    assert await bench.world.ledger.alarms() == ()


async def test_where_each_is_tended_once_the_fleet_ends_with_the_last(bench: Bench) -> None:
    async def tend(one: Tended, world: World, orders: Orders) -> None:
        if one.name == "contoso":
            raise Refused("login: no")

    running = a_fleet(bench.world, "adatum", "contoso", "fabrikam", is_lasting=False, tend=tend)
    running.roster.put("tailspin", -1, problem="no YAML")

    await running.fleet.go()

    assert running.roster.opened == ["adatum", "contoso", "fabrikam"]
    assert {one.name: one.problem for one in running.fleet.tended.values()} == {
        "adatum": "",
        "contoso": "login: no",
        "fabrikam": "",
        "tailspin": "no YAML",
    }


async def test_few_are_opened_at_once_and_a_slow_one_keeps_no_other_waiting_for_long(bench: Bench) -> None:
    running = a_fleet(bench.world, *(f"tenant{number:02}" for number in range(OPENED_AT_ONCE + 1)))
    for number in range(OPENED_AT_ONCE):
        running.roster.gates[f"tenant{number:02}"] = asyncio.Event()
    running.fleet._gate._patience = 0.001
    await running.begin()

    await until(lambda: f"tenant{OPENED_AT_ONCE:02}" in running.roster.open_now)

    assert len(running.roster.open_now) == 1
    assert PATIENCE > 1
    for gate in running.roster.gates.values():
        gate.set()
    await running.end()
    assert running.fleet._gate._seats._value == OPENED_AT_ONCE


async def test_a_tenant_of_another_replica_is_left_alone_until_it_is_free(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum", "contoso")
    token = running.shares.tokens.pop(an_id(0))
    await running.begin()
    before = conditions(running.fleet.tended.values())

    running.shares.tokens[an_id(0)] = token
    await running.seconds.advance(6)

    assert before == {"adatum": Condition.ELSEWHERE, "contoso": Condition.RUNNING}
    assert running.tending.begun == ["contoso", "adatum"]
    await running.end()


async def test_a_tenant_that_is_asked_back_is_let_go_once_it_has_ended(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum")
    running.tending.finishes.clear()
    await running.begin()

    running.shares.asked_back.add(an_id(0))
    await running.seconds.advance(30)
    before = list(running.shares.gone)
    running.shares.tokens.pop(an_id(0))  # whoever asked has it at once
    running.tending.finishes.set()
    await running.seconds.advance(30)

    assert before == []
    assert running.tending.cut == ["adatum"] or running.tending.ended == ["adatum"]
    assert running.roster.opened == ["adatum"]
    await running.end()


async def test_a_share_that_cannot_be_renewed_ends_what_is_under_way_in_time(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum")
    await running.begin()

    running.shares.down = True
    await running.seconds.advance(20 - running.shares.ending - 1)
    before = list(running.tending.ended)
    await running.seconds.advance(2)

    assert (before, running.tending.ended, running.tending.cut) == ([], ["adatum"], [])
    assert running.roster.open_now == set()
    await running.seconds.advance(60)
    assert running.roster.opened == ["adatum"]
    running.shares.down = False
    await running.seconds.advance(6)
    assert running.roster.opened == ["adatum", "adatum"]
    await running.end()


@pytest.mark.parametrize("is_stubborn", [False, True])
async def test_what_does_not_end_is_cut_off_before_the_share_ends(bench: Bench, *, is_stubborn: bool) -> None:
    """What catches one cancelling in order to finish something is cancelled again."""
    running = a_fleet(bench.world, "adatum")
    running.tending.finishes.clear()
    running.tending.is_stubborn = is_stubborn
    await running.begin()

    running.shares.down = True
    await running.seconds.advance(20 - running.shares.ending / 2 - 0.5)
    before = set(running.roster.open_now)
    await running.seconds.advance(running.shares.ending / 2 - 0.5)

    assert before == {"adatum"}
    assert running.tending.cut == ["adatum"]
    assert running.roster.open_now == set()
    await running.end()


async def test_a_tenant_that_is_lost_is_cut_off_at_once(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum", "contoso")
    running.tending.finishes.clear()
    await running.begin()

    running.shares.tokens[an_id(0)] = 3  # others had it meanwhile
    await running.seconds.advance(5.5)

    assert running.tending.cut == ["adatum"]
    assert running.roster.opened == ["adatum", "contoso", "adatum"]
    running.tending.finishes.set()
    await running.end()


async def test_while_it_stops_no_tenant_is_taken_and_those_that_finish_are_kept(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum", "contoso")
    running.tending.finishes.clear()
    await running.begin()

    del running.roster.tenancies["contoso"]
    running.orders.stop.set()
    running.roster.put("fabrikam", 2)
    await running.seconds.advance(60)
    during = running.shares.asked[-1]
    running.tending.finishes.set()
    await running.end()

    assert during == (an_id(0), an_id(1))
    assert running.roster.opened == ["adatum", "contoso"]
    assert sorted(running.tending.ended) == ["adatum", "contoso"]


async def test_the_same_tenant_under_another_name_waits_until_the_first_has_ended(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum")
    running.tending.finishes.clear()
    await running.begin()

    del running.roster.tenancies["adatum"]
    running.roster.put("renamed", 0)
    await running.seconds.advance(30)
    before = list(running.roster.opened)
    running.tending.finishes.set()
    await running.seconds.advance(7)

    assert before == ["adatum"]
    assert running.roster.opened == ["adatum", "renamed"]
    await running.end()


async def test_a_signal_holds_every_tenant_that_is_looked_after_here(bench: Bench) -> None:
    held: dict[str, bool] = {}

    async def tend(one: Tended, world: World, orders: Orders) -> None:
        await orders.hold.wait()
        held[one.name] = True
        await orders.stop.wait()

    running = a_fleet(bench.world, "adatum", "contoso", "fabrikam", tend=tend)
    running.roster.errors["contoso"] = Refused("login: no")
    running.shares.tokens.pop(an_id(2))
    await running.begin()

    with capture_logs() as lines:
        running.orders.hold.set()
        await settled()
    await until(lambda: not running.fleet._errands._under_way)

    assert held == {"adatum": True}
    assert [hold.name for hold in await bench.world.ledger.holds()] == [KILL_SWITCH], (
        "laid where it is closed"
    )
    assert running.fleet.tended["contoso"].asked_to_hold.is_set(), "and where it is opened later"
    assert [line["tenants"] for line in lines if "tenants" in line] == [["fabrikam"]]
    await running.end()


async def test_each_line_of_a_tenant_bears_its_name_and_no_other(bench: Bench) -> None:
    async def tend(one: Tended, world: World, orders: Orders) -> None:
        structlog.get_logger().info("from inside", of=one.name)
        await orders.stop.wait()

    running = a_fleet(bench.world, "adatum", "contoso", tend=tend)

    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await running.begin()
        structlog.get_logger().info("from outside")

    assert [(line.get("of"), line.get("tenant")) for line in lines if line["event"] == "from inside"] == [
        ("adatum", "adatum"),
        ("contoso", "contoso"),
    ]
    assert "tenant" not in next(line for line in lines if line["event"] == "from outside")
    await running.end()


async def test_a_process_that_is_cut_short_leaves_nothing_running(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum", "contoso")
    await running.begin()
    assert running.task is not None
    before = asyncio.all_tasks()

    running.task.cancel()
    await until(running.task.done)

    assert len(before) > 5
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert sorted(running.tending.cut) == ["adatum", "contoso"]


async def test_shares_that_cannot_be_asked_for_at_first_end_the_process(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum")
    running.shares.down = True

    with pytest.raises(LedgerError):
        await running.fleet.go()


async def test_a_name_that_another_process_has_ends_this_one_once_its_tenants_have_ended(
    bench: Bench,
) -> None:
    running = a_fleet(bench.world, "adatum")
    await running.begin()
    assert running.task is not None

    running.shares.error = SettingsError("`replica: agent` is another process's name")
    await running.seconds.advance(6)
    await until(running.task.done)

    assert running.task.exception() is running.shares.error
    assert running.tending.ended == ["adatum"]


async def test_a_tenant_that_notices_by_itself_that_it_was_lost_has_not_failed(bench: Bench) -> None:
    async def tend(one: Tended, world: World, orders: Orders) -> None:
        await orders.hold.wait()
        world.fence()

    running = a_fleet(bench.world, "adatum", tend=tend)
    await running.begin()

    running.shares.tokens[an_id(0)] = 2
    running.orders.hold.set()
    await settled()
    one = running.fleet.tended["adatum"]

    assert one.failures == 0
    assert one.problem == ""
    await running.end()


async def test_a_tenant_that_stands_still_is_cut_off_and_opened_again(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum", "contoso")
    running.tending.finishes.clear()
    await running.begin()

    running.fleet.stuck("adatum", "nothing has moved for 5 m")
    await settled()
    while_closed = running.fleet.tended["adatum"].problem
    await until(lambda: not running.fleet._errands._under_way)
    alarms = await bench.world.ledger.alarms()
    await running.seconds.advance(FIRST * 1.5 + 6)

    assert running.tending.cut == ["adatum"]
    assert while_closed == "it stood still: nothing has moved for 5 m"
    assert [alarm.words for alarm in alarms] == [f"the tenant is not looked after: {while_closed}"]
    assert running.roster.opened == ["adatum", "contoso", "adatum"]
    running.tending.finishes.set()
    await running.end()


async def test_exactly_those_tenants_are_watched_that_are_looked_after_here(bench: Bench) -> None:
    running = a_fleet(bench.world, "adatum", "contoso", "fabrikam", "tailspin")
    running.shares.tokens.pop(an_id(0))
    running.roster.errors["contoso"] = Refused("login: no")
    await running.begin()
    first = set(running.fleet.watched())

    del running.roster.tenancies["tailspin"]
    running.shares.tokens.pop(an_id(2))
    await running.seconds.advance(12)

    assert first == {"contoso", "fabrikam", "tailspin"}
    assert set(running.fleet.watched()) == {"contoso"}
    await running.end()


async def test_alone_every_tenant_is_ours_for_ever() -> None:
    shares = await Alone("agent").renew(["one", "two"])

    assert set(shares) == {"one", "two"}
    assert all(share.until == float("inf") and not share.is_asked_back for share in shares.values())


@pytest.mark.parametrize(
    ("began", "due"), [(59, 75), (15, 45), (14, 45), (44, 75), (45, 75), (46, 75), (60, 75), (61, 105)]
)
def test_passes_come_back_into_their_phase_however_they_were_woken(began: int, due: int) -> None:
    moment = NOON + timedelta(seconds=began)

    found = usual(moment, timedelta(seconds=30), 0.5)

    assert found == NOON + timedelta(seconds=due)


def test_passes_without_a_phase_are_as_far_apart_as_was_asked() -> None:
    assert usual(NOON, timedelta(seconds=30), None) == NOON + timedelta(seconds=30)


def test_phases_are_spread_evenly_over_many_tenants() -> None:
    waits = sorted(fraction(an_id(number)) for number in range(300))

    assert waits[0] > 0
    assert waits[-1] <= 1
    assert all(20 <= sum(low <= wait * 10 < low + 1 for wait in waits) <= 40 for low in range(10))


@pytest.mark.parametrize(("is_down", "replicas"), [(False, {"adatum": "b"}), (True, {})])
async def test_a_hold_by_signal_says_which_replicas_have_the_tenants_that_it_does_not_reach(
    bench: Bench, is_down: bool, replicas: dict[str, str]
) -> None:
    running = a_fleet(bench.world, "adatum", "contoso")
    running.shares.tokens.pop(an_id(0))
    running.shares.others[an_id(0)] = Holder(replica="b", since=bench.clock.now(), frees_within=9.0)
    await running.begin()
    running.shares.down = is_down

    with capture_logs() as lines:
        running.orders.hold.set()
        await settled()

    (told,) = [line for line in lines if line["event"] == "tenants of other replicas are not held"]
    assert (told["tenants"], told["replicas"]) == (["adatum"], replicas)
    assert "air-agent hold --all" in told["then"]
    await running.end()
