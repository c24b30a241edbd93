"""Signs of life go out only while all is well, and what becomes of them is told once."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from agent.loop.heartbeat import MANY, Heartbeat
from agent.loop.waits import beside
from agent.model.errors import AgentError, LedgerError, Unavailable


@dataclass
class Elsewhere:
    """A dead man's switch that counts; `error` is what it answers instead."""

    beats: int = 0
    error: AgentError | None = None

    async def beat(self) -> None:
        if self.error is not None:
            raise self.error
        self.beats += 1


@dataclass
class Beating:
    """A heartbeat with everything that it told."""

    heart: Elsewhere = field(default_factory=Elsewhere)
    trouble: str = ""
    sounded: list[str] = field(default_factory=list)
    broken: Exception | None = None

    def __post_init__(self) -> None:
        async def sound(words: str) -> None:
            if self.broken is not None:
                raise self.broken
            self.sounded.append(words)

        self.heartbeat = Heartbeat(self.heart, timedelta(seconds=30), lambda: self.trouble, sound)

    async def beat(self, times: int = 1) -> list[str]:
        """Beat, and return the events that were logged."""
        with capture_logs() as logs:
            for _ in range(times):
                await self.heartbeat.beat()
        return [one["event"] for one in logs]


@pytest.fixture
def beating() -> Beating:
    return Beating()


async def test_while_all_is_well_it_beats_and_says_nothing(beating: Beating) -> None:
    said = await beating.beat(3)

    assert (beating.heart.beats, said) == (3, [])
    assert beating.sounded == [""]  # an alarm that an earlier process may have left is ended
    assert beating.heartbeat.check().ok


async def test_in_trouble_it_is_silent_and_says_so_once(beating: Beating) -> None:
    await beating.beat()
    beating.trouble = "the event loop has stood still for 40 s"
    silent = await beating.beat(3)
    beats, check = beating.heart.beats, beating.heartbeat.check()
    beating.trouble = ""
    again = await beating.beat(2)

    assert (silent, beats) == (["no heartbeat is sent"], 1)
    assert (check.ok, check.words) == (False, "not sent: the event loop has stood still for 40 s")
    assert (again, beating.heart.beats) == (["heartbeats are sent again"], 3)


async def test_an_agent_that_starts_sends_nothing_and_complains_of_nothing(beating: Beating) -> None:
    """One that is restarted again and again before it has signed in must not look alive."""
    beating.trouble = "no tenant is open yet"
    starting = await beating.beat(5)
    beating.trouble = ""
    begun = await beating.beat()

    assert (starting, begun, beating.heart.beats) == ([], [], 1)


async def test_what_is_not_taken_is_logged_once_and_an_alarm_after_three(beating: Beating) -> None:
    await beating.beat()
    beating.sounded.clear()
    beating.heart.error = Unavailable("heartbeat: 503")

    first = await beating.beat(MANY - 1)
    before, ok_before = list(beating.sounded), beating.heartbeat.check().ok
    third = await beating.beat()
    after = beating.heartbeat.check()
    beating.heart.error = None
    healed = await beating.beat(2)

    assert (first, third) == (["a heartbeat was not taken"], [])
    assert (before, ok_before) == ([], True)
    assert (after.ok, after.words) == (False, "not taken 3 times in a row")
    assert beating.sounded[0].startswith("3 heartbeats in a row were not taken")
    assert "heartbeat: 503" in beating.sounded[0]
    assert (beating.sounded[-1], healed) == ("", ["heartbeats are taken again"])


async def test_another_reason_is_logged_anew(beating: Beating) -> None:
    beating.heart.error = Unavailable("heartbeat: 503")
    await beating.beat()
    beating.heart.error = Unavailable("heartbeat: no connection")

    assert await beating.beat() == ["a heartbeat was not taken"]


@pytest.mark.parametrize(
    ("broken", "event"),
    [
        (LedgerError("ledger: the disk is full"), "the alarm of heartbeats could not be written"),
        (RuntimeError("a bug"), "no heartbeat could be sent"),
    ],
)
async def test_nothing_that_goes_wrong_ends_it(
    beating: Beating, broken: Exception, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    beating.broken, beating.trouble = broken, ""
    waits: list[float] = []
    two = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        beating.trouble = "something" if len(waits) == 1 else ""
        if len(waits) == 2:
            two.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with capture_logs() as logs:
        async with beside(beating.heartbeat.keep()):
            await two.wait()

    assert next(one["event"] for one in logs) == event
    assert waits == [30.0, 5.0]
