"""An alarm stands for each thing that is wrong, and ends once it is not; what others raised stays."""

from datetime import timedelta

from agent.loop.standing_alarms import StandingAlarms
from agent.model.alarm import Alarm
from tests.loop.conftest import Bench
from tests.makers import NOW


async def stand(bench: Bench) -> dict[str, str]:
    return {one.name: one.words for one in await bench.world.ledger.alarms()}


async def test_what_is_wrong_stands_and_what_is_mended_ends(bench: Bench) -> None:
    alarms = StandingAlarms("list ")

    await alarms.match(bench.world, {"vips": "stale", "partners": "gone"})
    both = await stand(bench)
    await alarms.match(bench.world, {"vips": "stale"})

    assert both == {"list vips": "stale", "list partners": "gone"}
    assert await stand(bench) == {"list vips": "stale"}


async def test_the_same_words_are_not_raised_again_and_others_are(bench: Bench) -> None:
    alarms = StandingAlarms("list ")
    await alarms.match(bench.world, {"vips": "stale"})
    bench.clock.advance(timedelta(minutes=1))

    await alarms.match(bench.world, {"vips": "stale"})
    (same,) = await bench.world.ledger.alarms()
    await alarms.match(bench.world, {"vips": "refused"})

    assert same.since == NOW
    assert await stand(bench) == {"list vips": "refused"}


async def test_what_an_earlier_process_left_ends_and_alarms_of_another_kind_stay(bench: Bench) -> None:
    for name in ("list vips", "listening", "fallback big"):
        await bench.world.ledger.raise_alarm(Alarm(name=name, since=NOW, words="old"))

    await StandingAlarms("list ").match(bench.world, {})

    assert await stand(bench) == {"listening": "old", "fallback big": "old"}
