"""Policies are read again while the agent runs: another set comes into force, a broken one does not."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.loop.passing import Memory, one_pass
from agent.loop.policies import InForce
from agent.loop.reloading import Reloading
from agent.loop.report import PassReport
from agent.loop.run import load, run, start
from agent.model.decision import Verb
from agent.model.enactment import Effect, Outcome, State
from agent.model.errors import LedgerError, PolicyError, Problem
from agent.model.pace import Pace
from agent.ports.defender import Departing
from tests.fakes import FakeEnactor, FakeShelf
from tests.loop.conftest import APPROVE, Bench
from tests.makers import a_cluster, a_copy, an_alert, an_incident

REJECT = APPROVE.replace("decide: approve", "decide: reject")
BROKEN = APPROVE.replace("decide: approve", "decide: aprove")
WHERE = "policies/approve.yaml:10:9: "
EVERY = Pace().reload_every


class Running:
    """An agent between two passes, whose shelf is a fake."""

    def __init__(self, bench: Bench, policies: InForce) -> None:
        self.bench = bench
        self.world = bench.world
        self.policies = policies
        self.reloading = Reloading(looked=bench.clock.now())
        assert isinstance(bench.world.shelf, FakeShelf)
        self.shelf = bench.world.shelf

    async def look(self, after: timedelta = EVERY) -> bool:
        self.bench.clock.advance(after)
        return await self.reloading.go(self.world, self.policies)

    async def run_pass(self) -> None:
        report = PassReport(began=self.bench.clock.now())
        await one_pass(self.world, self.policies, asyncio.Event(), report, Memory(reloading=self.reloading))

    async def alarms(self) -> list[tuple[str, str]]:
        return [(one.name, one.words) for one in await self.world.ledger.alarms()]


@pytest.fixture
async def running(bench: Bench) -> Running:
    policies = await load(bench.world)
    await start(bench.world, policies)
    return Running(bench, policies)


async def test_nothing_is_read_before_it_is_time_to(running: Running) -> None:
    running.shelf.policies["approve"] = REJECT

    early = await running.look(EVERY - timedelta(seconds=1))
    late = await running.look(timedelta(seconds=1))

    assert (early, late) == (False, True)


async def test_the_same_files_are_no_change(running: Running) -> None:
    judge = running.policies.judge

    assert not await running.look()

    assert running.policies.judge is judge
    assert running.bench.clock.waits == []


async def test_another_set_comes_into_force_is_kept_and_says_its_commit(running: Running) -> None:
    before = running.policies.judge.revision
    running.shelf.policies["approve"] = REJECT
    running.shelf.commit = "c0ffee"

    assert await running.look()

    kept = await running.world.ledger.kept_set()
    assert kept is not None
    assert kept.revision == running.policies.judge.revision != before
    assert (kept.git, running.policies.judge.git) == ("c0ffee", "c0ffee")
    assert kept.files == running.shelf.files()
    assert await running.world.ledger.kept_set(before) is not None


async def test_what_other_policies_decided_is_judged_anew(running: Running) -> None:
    running.shelf.policies["approve"] = APPROVE.replace("atMost: 200", "atMost: 0")
    running.bench.defender.show(an_incident(an_alert(a_cluster(messages=1))))
    running.bench.defender.deliver(a_copy(1))
    await running.look()
    await running.run_pass()
    first = (await running.bench.only()).decision
    running.shelf.policies["approve"] = REJECT

    running.bench.clock.advance(EVERY)
    await running.run_pass()

    second = (await running.bench.only()).decision
    assert first is not None
    assert second is not None
    assert (first.verb, second.verb) == (Verb.ESCALATE, Verb.REJECT)
    assert second.revision == running.policies.judge.revision


async def test_a_set_that_does_not_load_leaves_the_last_good_one_in_force_and_an_alarm_stands(
    running: Running,
) -> None:
    judge = running.policies.judge
    running.shelf.policies["approve"] = BROKEN

    assert not await running.look()

    ((name, words),) = await running.alarms()
    assert running.policies.judge is judge
    assert name == "policies"
    assert words.startswith(WHERE)
    assert words.endswith(f"; revision {judge.revision} stays in force")


async def test_a_broken_set_is_logged_once_and_each_other_one_again(running: Running) -> None:
    def errors(logs: Any) -> list[str]:
        return [one["why"] for one in logs if one["log_level"] == "error"]

    running.shelf.policies["approve"] = BROKEN
    with capture_logs() as logs:
        await running.look()
        await running.look()
        await running.look()
        running.shelf.policies["approve"] = BROKEN.replace("aprove", "rejct")
        await running.look()

    assert [why[: len(WHERE)] for why in errors(logs)] == [WHERE, WHERE]
    assert "`reject`" in errors(logs)[1]


@pytest.mark.parametrize("mended", [APPROVE, REJECT])
async def test_the_alarm_ends_when_a_set_loads_again_the_old_one_too(running: Running, mended: str) -> None:
    running.shelf.policies["approve"] = BROKEN
    await running.look()
    since = (await running.world.ledger.alarms())[0].since
    await running.look()
    still = (await running.world.ledger.alarms())[0].since
    running.shelf.policies["approve"] = mended

    changed = await running.look()

    assert since == still
    assert await running.alarms() == []
    assert changed is (mended == REJECT)


async def test_a_folder_that_cannot_be_read_does_not_load(running: Running) -> None:
    problem = Problem(file="policies", line=1, column=1, message="no such folder")
    running.shelf.broken = PolicyError([problem, problem])

    assert not await running.look()

    ((_, words),) = await running.alarms()
    assert words.startswith(
        "policies:1:1: no such folder (and 1 more; `air-agent policy check` tells all); revision "
    )
    running.shelf.broken = None
    await running.look()
    assert await running.alarms() == []


class Writing(FakeShelf):
    """A shelf that somebody writes to: each reading gives the next contents, the last one for ever."""

    def __init__(self, *readings: dict[str, str]) -> None:
        super().__init__()
        self.readings = list(readings)

    def files(self) -> Mapping[str, bytes]:
        self.policies = self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]
        return super().files()


async def test_a_set_that_is_just_being_written_does_not_come_into_force_by_halves(running: Running) -> None:
    """The new policy alone would load, and would approve what the file written after it holds back."""
    half = {"approve": APPROVE.replace("atMost: 200", "atMost: 5000")}
    whole = {**half, "guard": REJECT.replace("small-malicious", "guard")}
    running.world = replace(running.world, shelf=Writing(half, whole, whole))

    assert await running.look()

    assert sorted(running.policies.judge.policies) == ["guard", "small-malicious"]


async def test_a_file_that_is_cut_while_it_is_read_raises_no_alarm(running: Running) -> None:
    cut, whole = {"approve": "policy: sm"}, {"approve": REJECT}
    running.world = replace(running.world, shelf=Writing(cut, whole, whole))

    assert await running.look()

    assert await running.alarms() == []


async def test_a_folder_that_never_rests_is_left_to_the_next_look(running: Running) -> None:
    judge = running.policies.judge
    many = [{"approve": APPROVE.replace("atMost: 200", f"atMost: {number}")} for number in range(20)]
    running.world = replace(running.world, shelf=Writing(*many))

    assert not await running.look()

    assert running.policies.judge is judge
    assert await running.alarms() == []


async def test_whoever_asks_is_answered_at_once_and_about_the_same_broken_set_again(running: Running) -> None:
    running.shelf.policies["approve"] = BROKEN
    await running.look()
    running.reloading.asked.set()

    with capture_logs() as logs:
        await running.look(timedelta(0))

    assert [one["event"] for one in logs] == ["policies do not load"]
    assert not running.reloading.asked.is_set()


async def test_when_asked_a_commit_that_changed_without_the_files_is_noticed(running: Running) -> None:
    running.shelf.commit = "c0ffee"
    unasked = await running.look()
    before = running.policies.judge.git
    running.reloading.asked.set()

    await running.look(timedelta(0))

    assert (unasked, before, running.policies.judge.git) == (False, "", "c0ffee")


async def test_what_was_not_judged_anew_for_want_of_the_ledger_is_judged_anew_later(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.bench.defender.show(an_incident(an_alert(a_cluster(messages=300))))
    running.bench.defender.deliver(*(a_copy(number) for number in range(1, 301)))
    await running.run_pass()
    ledger = type(running.world.ledger)
    good = ledger.listed

    async def broken(*_: Any, **__: Any) -> Any:
        raise LedgerError("ledger: disk full")

    monkeypatch.setattr(ledger, "listed", broken)
    running.shelf.policies["approve"] = REJECT
    with pytest.raises(LedgerError):
        await running.look()
    monkeypatch.setattr(ledger, "listed", good)

    await running.look()

    assert (await running.bench.only()).state is State.SEEN


# While calls are made


class Changing(FakeEnactor):
    """Somebody saves other policies while the first call is under way."""

    def __init__(self, running: Running, text: str) -> None:
        super().__init__(running.bench.defender)
        self.running = running
        self.text = text
        self.calls = 0
        self.waits = False
        """Whether that happens while the call waits for its turn."""

    async def enact(self, effect: Effect, *, name: str, departing: Departing) -> Outcome:
        self.calls += 1
        if self.waits:
            self._change()
        outcome = await super().enact(effect, name=name, departing=departing)
        self._change()
        return outcome

    def _change(self) -> None:
        self.running.shelf.policies["approve"] = self.text
        self.running.bench.clock.advance(EVERY)


def changing(running: Running, text: str, *, targets_per_call: int = 100) -> Changing:
    enactor = Changing(running, text)
    pace = Pace(visits_at_once=1, targets_per_call=targets_per_call)
    running.world = replace(running.world, enactor=enactor, pace=pace)
    return enactor


def three_incidents(running: Running) -> None:
    for number in (1, 2, 3):
        cluster = a_cluster(query=f"q{number}", first=number, messages=1)
        alert = an_alert(cluster, id=f"a{number}", incident_id=str(number))
        running.bench.defender.show(an_incident(alert, id=str(number)))
        running.bench.defender.deliver(a_copy(number))


async def test_other_policies_end_the_round_before_the_next_incident_is_written_to(running: Running) -> None:
    three_incidents(running)
    enactor = changing(running, REJECT)

    await running.run_pass()
    await running.run_pass()

    verbs = [record.decision.verb for record in await running.bench.records() if record.decision is not None]
    assert enactor.calls == 1
    assert sum(enactor.removed.values()) == 1
    assert sorted(verbs) == [Verb.APPROVE, Verb.REJECT, Verb.REJECT]


async def test_other_policies_end_a_plan_between_two_of_its_calls(running: Running) -> None:
    running.bench.defender.show(an_incident(an_alert(a_cluster(messages=3))))
    running.bench.defender.deliver(a_copy(1), a_copy(2), a_copy(3))
    enactor = changing(running, REJECT, targets_per_call=1)

    await running.run_pass()
    await running.run_pass()

    record = await running.bench.only()
    assert enactor.calls == 1
    assert record.decision is not None
    assert record.decision.verb is Verb.REJECT
    assert "1 copy was sent for deletion before" in record.why


async def test_a_call_that_waited_for_its_turn_meanwhile_does_not_leave(running: Running) -> None:
    running.bench.defender.show(an_incident(an_alert(a_cluster(messages=1))))
    running.bench.defender.deliver(a_copy(1))
    enactor = changing(running, REJECT)
    enactor.waits = True

    await running.run_pass()
    await running.run_pass()

    record = await running.bench.only()
    assert (enactor.calls, sum(enactor.removed.values())) == (1, 0)
    assert record.decision is not None
    assert (record.decision.verb, record.state) == (Verb.REJECT, State.REJECTED)


async def test_a_broken_set_breaks_a_round_off_once_and_the_last_good_one_goes_on(running: Running) -> None:
    three_incidents(running)
    enactor = changing(running, BROKEN)

    await running.run_pass()
    first = enactor.calls
    await running.run_pass()

    assert (first, enactor.calls) == (1, 3)
    assert [name for name, _ in await running.alarms()] == ["policies"]


# The whole loop


async def test_between_two_passes_the_policies_are_looked_at_and_other_ones_begin_a_pass(
    bench: Bench,
) -> None:
    stop = asyncio.Event()
    passes: list[Any] = []
    shelf = bench.world.shelf
    assert isinstance(shelf, FakeShelf)

    def on_pass(report: PassReport) -> None:
        passes.append(bench.clock.now())
        if len(passes) == 1:
            shelf.policies["approve"] = REJECT
        if len(passes) == 3:
            stop.set()

    await run(bench.world, stop=stop, on_pass=on_pass)

    assert passes[1] - passes[0] == EVERY + timedelta(seconds=1)
    assert passes[2] - passes[1] == bench.world.pace.poll_every


async def test_a_request_to_reload_ends_the_wait(bench: Bench) -> None:
    stop, reload = asyncio.Event(), asyncio.Event()
    passes: list[Any] = []
    shelf = bench.world.shelf
    assert isinstance(shelf, FakeShelf)

    def on_pass(report: PassReport) -> None:
        passes.append(bench.clock.now())
        if len(passes) == 1:
            shelf.policies["approve"] = REJECT
            reload.set()
        else:
            stop.set()

    await run(bench.world, stop=stop, reload=reload, on_pass=on_pass)

    assert passes[1] - passes[0] == timedelta(seconds=1)


async def test_a_start_ends_an_alarm_of_the_last_run(running: Running) -> None:
    running.shelf.policies["approve"] = BROKEN
    await running.look()
    running.shelf.policies["approve"] = APPROVE

    policies = await load(running.world)
    await start(running.world, policies)

    assert await running.alarms() == []


async def test_at_the_start_there_is_no_set_to_fall_back_on(bench: Bench) -> None:
    bench.with_policies(approve=BROKEN)

    with pytest.raises(PolicyError):
        await run(bench.world, stop=asyncio.Event())
