"""Whether Defender is heard: alarms that stand for exactly as long as there is reason to."""

from datetime import timedelta

import pytest

from agent.loop.listening import SILENCE, UNREAD, Listening
from agent.loop.passing import Memory, one_pass
from agent.loop.report import PassReport
from agent.loop.run import load
from agent.model.defender import Incident
from agent.model.errors import Unavailable
from tests.loop.conftest import Bench
from tests.makers import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Life:
    """Passes of one process, an hour apart unless it is said otherwise."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.memory = Memory()

    async def one(self, after: timedelta = HOUR) -> None:
        import asyncio

        self.bench.clock.advance(after)
        report = PassReport(began=self.bench.clock.now())
        policies = await load(self.bench.world)
        try:
            await one_pass(self.bench.world, policies, asyncio.Event(), report, self.memory)
        except Unavailable:
            assert self.bench.defender.down

    def show(self, name: str) -> None:
        """Let an incident be news now."""
        now = self.bench.clock.now()
        self.bench.defender.show(Incident(id=name, last_update_date_time=now, created_date_time=now))

    async def alarms(self) -> dict[str, str]:
        return {one.name: one.words for one in await self.bench.world.ledger.alarms()}


async def a_week_of_news(bench: Bench) -> Life:
    """Return the life of an agent that has had news every eight hours for a week and more."""
    for number in range(25):
        await bench.world.ledger.save([], versions={f"old-{number}": "1"}, now=NOW - (24 - number) * 8 * HOUR)
    life = Life(bench)
    life.show("newest")
    await life.one(timedelta(0))
    return life


async def test_a_source_that_goes_silent_is_an_alarm_until_it_is_heard(bench: Bench) -> None:
    life = await a_week_of_news(bench)

    await life.one(16 * HOUR)
    before = await life.alarms()
    await life.one(10 * MINUTE)
    silent = await life.alarms()
    life.show("another")
    await life.one(MINUTE)

    assert SILENCE not in before
    assert silent[SILENCE].startswith(f"no news of incidents have come since {NOW:%Y-%m-%d %H:%M}Z")
    assert SILENCE not in await life.alarms()


async def test_an_alarm_of_an_earlier_process_ends_with_the_first_news(bench: Bench) -> None:
    silent = await a_week_of_news(bench)
    await silent.one(2 * DAY)
    later = Life(bench)
    await later.one(MINUTE)
    standing = await later.alarms()
    later.show("another")

    await later.one(MINUTE)

    assert SILENCE in standing
    assert SILENCE not in await later.alarms()


async def test_what_another_replica_has_heard_ends_it(bench: Bench) -> None:
    life = await a_week_of_news(bench)
    await life.one(2 * DAY)
    await bench.world.ledger.save([], versions={"theirs": "1"}, now=bench.clock.now())

    await life.one(MINUTE)
    at_once = await life.alarms()
    await life.one(10 * MINUTE)

    assert SILENCE in at_once
    assert SILENCE not in await life.alarms()


async def test_an_incident_that_is_read_again_is_no_news(bench: Bench) -> None:
    """Else each sweep, which reads what is open again, would end the silence."""
    life = await a_week_of_news(bench)
    seen = await bench.world.ledger.arrivals(DAY)

    from agent.loop.poll import read_again

    bench.clock.advance(HOUR)
    report = PassReport(began=bench.clock.now())
    await read_again(bench.world, ["newest"], report)

    assert (report.incidents, report.moved) == (1, 0)
    assert await bench.world.ledger.arrivals(DAY) == seen
    assert life.memory.listening.silent == ""


async def test_a_tenant_that_never_had_an_incident_is_never_silent(bench: Bench) -> None:
    life = Life(bench)

    for _ in range(3):
        await life.one(10 * DAY)

    assert await life.alarms() == {}


async def test_answers_without_what_they_had_are_an_alarm_within_an_hour(bench: Bench) -> None:
    life = Life(bench)
    life.show("one")
    await life.one()
    bench.defender.incidents.clear()  # Graph answers 200, and shows nothing

    await life.one(MINUTE)
    await life.one(59 * MINUTE)
    before = await life.alarms()
    await life.one(MINUTE)
    blank = await life.alarms()
    life.show("two")
    await life.one(MINUTE)

    assert SILENCE not in before
    assert "Defender answers without any incident" in blank[SILENCE]
    assert await life.alarms() == {}


async def test_one_empty_answer_among_others_is_none(bench: Bench) -> None:
    life = Life(bench)
    life.show("one")
    await life.one()
    shown = dict(bench.defender.incidents)
    for _ in range(4):
        bench.defender.incidents.clear()
        await life.one(40 * MINUTE)
        bench.defender.incidents.update(shown)
        await life.one(MINUTE)

        assert await life.alarms() == {}


@pytest.mark.parametrize("is_partial", [False, True])
async def test_a_defender_that_is_not_read_for_an_hour_is_an_alarm_until_it_is(
    bench: Bench, is_partial: bool
) -> None:
    life = Life(bench)
    await life.one()
    bench.defender.down, bench.defender.is_whole = not is_partial, not is_partial

    await life.one(HOUR)
    before = await life.alarms()
    await life.one(MINUTE)
    unread = await life.alarms()
    bench.defender.down, bench.defender.is_whole = False, True
    await life.one(MINUTE)

    assert before == {}
    assert unread[UNREAD].startswith("Defender has not been read to the end since ")
    assert ("connection refused" in unread[UNREAD]) is not is_partial
    assert await life.alarms() == {}


async def test_an_agent_that_never_could_read_counts_from_its_first_pass(bench: Bench) -> None:
    listening = Listening()
    report = PassReport(began=bench.clock.now())

    bench.clock.advance(HOUR)
    await listening.go(bench.world, report, "graph: away")
    at_first = await bench.world.ledger.alarms()
    bench.clock.advance(MINUTE)
    await listening.go(bench.world, PassReport(began=bench.clock.now()), "graph: away")

    assert at_first == ()
    assert [one.name for one in await bench.world.ledger.alarms()] == [UNREAD]


async def test_a_pass_that_takes_hours_has_read_it_all_the_same(bench: Bench) -> None:
    """A first import, or a clock that runs fast to try things out."""
    listening, began = Listening(), bench.clock.now()
    bench.clock.advance(3 * HOUR)
    await listening.go(bench.world, PassReport(began=began, polled=began), "")
    after = await bench.world.ledger.alarms()

    bench.clock.advance(HOUR)
    await listening.go(bench.world, PassReport(began=bench.clock.now()), "graph: away")

    assert after == ()
    assert await bench.world.ledger.alarms() == ()


async def test_the_ledger_is_asked_no_more_often_than_a_pause_is_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = await a_week_of_news(bench)
    asked = 0
    real = bench.world.ledger.arrivals

    async def counting(within: timedelta) -> object:
        nonlocal asked
        asked += 1
        return await real(within)

    monkeypatch.setattr(bench.world.ledger, "arrivals", counting)
    for _ in range(12):
        await life.one(HOUR)

    assert asked == 1  # after six hours: the next would be after sixteen
