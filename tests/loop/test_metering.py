"""How the agent stands is told every few seconds, whatever becomes of the rest, and costs no more where there is more."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.adapters.ledger.ledger import SqlLedger
from agent.loop import metering
from agent.loop.lookout import Lookout
from agent.loop.metering import COMPARED_EVERY, REST, Metering, measure
from agent.loop.report import PassReport
from agent.loop.run import load
from agent.loop.vitals import Vitals
from agent.model.enactment import CLOSED, UNCARRIED, State
from agent.model.errors import LedgerError
from agent.model.report import Standing
from agent.model.telemetry import Counted, Reading, Sums, Timed
from agent.ports.telemetry import Meters
from tests.fakes import FakeTelemetry
from tests.loop.conftest import APPROVE, Bench
from tests.makers import a_cluster, a_copy, an_alert, an_incident

HOUR = timedelta(hours=1)
OBSERVING = APPROVE.replace("small-malicious", "other").replace("enforce", "observe")


class Slow:
    """Meters that take a while by a clock of their own, and may be away."""

    def __init__(self, inner: Meters) -> None:
        self.inner = inner
        self.seconds = 0.0
        self.takes = 0.0
        self.asked = 0
        self.error: Exception | None = None

    def now(self) -> float:
        return self.seconds

    async def sums(self, now: datetime, risk_until: datetime, waiting: Any) -> Sums:
        if self.error is not None:
            raise self.error
        return await self.inner.sums(now, risk_until, waiting)

    async def ended(self) -> Mapping[State, int]:
        self.asked += 1
        self.seconds += self.takes
        return await self.inner.ended()


class Metered:
    """A bench that is measured."""

    def __init__(self, bench: Bench) -> None:
        ledger = bench.world.ledger
        assert isinstance(ledger, SqlLedger)
        self.telemetry = FakeTelemetry()
        self.meters = Slow(ledger.meters)
        self.bench = bench
        bench.world = replace(
            bench.world, telemetry=self.telemetry, meters=self.meters, archive=ledger.archive, version="7"
        )

    async def metering(self) -> Metering:
        world, lookout = self.bench.world, await self.bench.lookout()
        return Metering(world, self.meters, await load(world), lookout, self.meters.now)

    @property
    def reading(self) -> Reading:
        found = self.telemetry.readings[-1]
        assert found is not None
        return found


@pytest.fixture
def metered(bench: Bench) -> Metered:
    return Metered(bench)


def an_action_waits(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster(messages=1))))
    bench.defender.deliver(a_copy(1))


async def test_a_look_tells_how_the_agent_stands(metered: Metered) -> None:
    bench = metered.bench
    bench.with_policies(approve=APPROVE, other=OBSERVING)
    an_action_waits(bench)
    await bench.run_pass()
    looking = await metered.metering()

    await looking.try_to_look()

    found = metered.reading
    assert (found.at, found.mode, found.version) == (bench.clock.now(), "enforce", "7")
    assert found.sums is not None
    assert found.sums.open == {State.SENT: 1}
    assert found.ended == dict.fromkeys(CLOSED, 0)
    assert found.policies == {"enforce": 1, "observe": 1}
    assert found.agreement.keys() == set(Standing)
    assert (found.is_held, found.switch_read) == (False, bench.clock.now())


@pytest.mark.parametrize(("left", "at_risk"), [(24 * HOUR, 1), (24 * HOUR + timedelta(microseconds=1), 0)])
async def test_an_action_is_at_risk_for_as_long_before_its_deadline_as_is_set(
    metered: Metered, left: timedelta, at_risk: int
) -> None:
    bench = metered.bench
    bench.with_policies(approve=APPROVE.replace("decide: approve", "decide: escalate"))
    an_action_waits(bench)
    await bench.run_pass()
    looking = await metered.metering()
    bench.clock.advance((await bench.only()).action.deadline - left - bench.clock.now())

    await looking.try_to_look()

    assert metered.reading.sums is not None
    assert metered.reading.sums.waiting[State.ESCALATED].at_risk == at_risk


async def test_what_is_observed_or_sent_tells_its_mode_and_its_risk(metered: Metered) -> None:
    bench = metered.bench
    an_action_waits(bench)
    bench.observing()
    await bench.run_pass()
    looking = await metered.metering()

    await looking.try_to_look()

    assert metered.reading.mode == "observe"
    assert metered.reading.sums is not None
    assert metered.reading.sums.waiting[State.DECIDED].deadline is not None
    assert State.SENT not in UNCARRIED


async def test_a_ledger_that_is_away_is_said_once_and_what_is_known_without_it_is_told(
    metered: Metered,
) -> None:
    looking = await metered.metering()
    metered.meters.error = LedgerError("ledger: the disk is full")

    with capture_logs() as lines:
        await looking.try_to_look()
        await looking.try_to_look()
        metered.meters.error = None
        await looking.try_to_look()

    assert [line["event"] for line in lines] == ["metrics cannot be read"]
    away, _, back, *_ = metered.telemetry.readings
    assert away is not None and away.sums is None  # noqa: PT018
    assert away.switch_read == metered.bench.clock.now()
    assert back is not None and back.sums is not None  # noqa: PT018


async def test_a_bug_in_here_ends_nothing(metered: Metered) -> None:
    looking = await metered.metering()
    metered.meters.error = ValueError("a bug")

    with capture_logs() as lines:
        await looking.try_to_look()

    assert [line["log_level"] for line in lines] == ["error", "warning"]


@pytest.mark.parametrize(("waited", "asked"), [(REST * 0.5 - 0.01, 1), (REST * 0.5, 2)])
async def test_what_has_ended_is_counted_the_more_seldom_the_longer_that_takes(
    metered: Metered, waited: float, asked: int
) -> None:
    looking = await metered.metering()
    metered.meters.takes = 0.5
    await looking.try_to_look()
    metered.meters.seconds += waited

    await looking.try_to_look()

    assert metered.meters.asked == asked


@pytest.mark.parametrize(("waited", "is_anew"), [(COMPARED_EVERY - 1, False), (COMPARED_EVERY, True)])
async def test_the_agreement_is_worked_out_every_quarter_of_an_hour(
    metered: Metered, waited: float, is_anew: bool
) -> None:
    looking = await metered.metering()
    await looking.try_to_look()
    looking.agreement = {}
    metered.meters.seconds += waited

    await looking.try_to_look()

    assert bool(metered.reading.agreement) is is_anew


async def test_it_tells_while_it_goes_and_that_the_tenant_is_no_more_its_own_at_the_end(
    metered: Metered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metering, "EVERY", 0.0)
    world = metered.bench.world

    async with Metering.going(world, await load(world), Lookout(world)):
        await metered.telemetry.told.wait()

    assert metered.telemetry.readings[-1] is None


async def test_where_nobody_measures_nothing_is_read(bench: Bench) -> None:
    telemetry = FakeTelemetry()
    world = replace(bench.world, telemetry=telemetry)

    async with Metering.going(world, await load(world), Lookout(world)):
        await asyncio.sleep(0)

    assert telemetry.readings == []


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, "clean"),
        ({"problems": ["an incident cannot be read"]}, "problems"),
        ({"is_unavailable": True, "problems": ["429"]}, "unavailable"),
    ],
)
async def test_a_pass_is_counted_by_how_it_went(
    metered: Metered, changed: dict[str, Any], outcome: str
) -> None:
    now = metered.bench.clock.now()
    vitals, report = Vitals(), PassReport(began=now, polled=now, **changed)
    vitals.passed(now, now + timedelta(seconds=2), now, report.problems)

    measure(metered.bench.world, vitals, report)

    assert metered.telemetry.counted == {(Counted.PASS, outcome): 1}
    assert metered.telemetry.timed == {Timed.PASS: 1}
    assert vitals.polled == now


async def test_a_poll_that_is_not_read_to_the_end_is_none(bench: Bench) -> None:
    an_action_waits(bench)
    whole = await bench.run_pass()
    bench.defender.is_whole = False
    partial = await bench.run_pass()

    assert (whole.polled, partial.polled) == (bench.clock.now(), None)
