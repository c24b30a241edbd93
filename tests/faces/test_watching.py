"""What is told of a process that runs for long, to whom, and how it ends where it stands still."""

import asyncio
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.adapters.supervisor import Supervisor
from agent.adapters.watchdog import Stack
from agent.faces.cli import last_words, watching
from agent.faces.cli.failures import STUCK
from agent.faces.cli.last_words import EVENT, say
from agent.faces.cli.supervised import EVERY, Supervised, status
from agent.faces.cli.watching import watched
from agent.loop.report import PassReport
from agent.loop.vitals import Vitals
from agent.loop.watch import BEGUN, Watch
from agent.model.errors import SettingsError
from agent.model.health import Check, Health, Mark
from agent.settings.health import Health as HealthSettings
from agent.settings.secret import Secret
from agent.settings.subjects import Log, LogFormat, Process
from tests.loop.conftest import Bench, bench

__all__ = ["bench"]

NOW = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)
STOOD = (
    Stack(of="thread MainThread", frames=("agent/loop/run.py:90 run", "lib/python3.11/re.py:166 match")),
    Stack(of="task Task-1", frames=("agent/loop/run.py:90 run",)),
)


@dataclass
class Told(Supervisor):
    """A supervisor that remembers what it was told."""

    watches_for: float | None = None
    said: list[dict[str, str]] = field(default_factory=list)
    is_deaf: bool = False

    @property
    def is_there(self) -> bool:
        return True

    def tell(self, **said: str) -> bool:
        if not self.is_deaf:
            self.said.append(said)
        return not self.is_deaf


class Rounds:
    """A watch that goes round by hand, and what its supervisor is told."""

    def __init__(self, watches_for: float | None = None) -> None:
        self.seconds = 0.0
        self.vitals = Vitals(lambda: self.seconds)
        self.watch = Watch(
            timedelta(minutes=5), lambda *_: None, lambda: self.seconds, lambda: {"": self.vitals}
        )
        self.told = Told(watches_for)
        self.supervised = Supervised(self.told, self.watch)
        self.watch.on_round.append(self.supervised.round)

    def go(self, seconds: int) -> list[dict[str, str]]:
        self.told.said.clear()
        for _ in range(seconds):
            self.seconds += 1
            self.watch.round()
        return list(self.told.said)


async def test_the_supervisor_is_told_once_that_the_agent_has_begun(bench: Bench) -> None:
    rounds = Rounds()

    opening = rounds.go(20)
    async with rounds.vitals.during(bench.world):
        begun = rounds.go(25)

    assert not any("READY" in one for one in opening)
    assert [one.get("READY") for one in begun] == ["1", None, None]
    assert len(opening) == 20 / EVERY
    assert opening[0]["STATUS"].startswith("working: it has been opening for 1 s")


def test_an_agent_that_cannot_open_a_tenant_has_begun_after_a_minute() -> None:
    rounds = Rounds()

    said = rounds.go(int(BEGUN) + 5)

    assert [one["READY"] for one in said if "READY" in one] == ["1"]


def test_that_it_has_begun_is_said_until_it_is_heard() -> None:
    rounds = Rounds()
    rounds.told.is_deaf = True
    rounds.go(int(BEGUN) + 5)
    rounds.told.is_deaf = False

    said = rounds.go(5)

    assert [one.get("READY") for one in said] == ["1"]


async def test_a_watchdog_outside_is_fed_three_times_within_its_patience_and_only_while_work_goes_on(
    bench: Bench,
) -> None:
    rounds = Rounds(watches_for=30.0)
    async with rounds.vitals.during(bench.world):
        rounds.vitals.begin(PassReport(began=bench.clock.now()))
        rounds.vitals.mark(Mark.TRIED_SWITCH)
        working = rounds.go(60)
        standing = rounds.go(60)  # its lookout has not looked for longer than a minute

    assert sum("WATCHDOG" in one for one in working) == 6
    assert not any("WATCHDOG" in one for one in standing)
    assert "in trouble: kill switch: nothing has tried for" in standing[-1]["STATUS"]


def test_its_end_is_told() -> None:
    rounds = Rounds()

    rounds.supervised.stop()

    assert rounds.told.said == [{"STOPPING": "1", "STATUS": "stopping"}]


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ((), "no tenant yet"),
        (
            (Check(name="passes", ok=True, words="the last pass ended 4 s ago"),),
            "working: the last pass ended 4 s ago",
        ),
        (
            (
                Check(name="passes", ok=True, words="the last pass ended 4 s ago"),
                Check(name="ledger", ok=False, words="written to 9 m ago"),
                Check(name="audit", ok=False, words="shipped 9 m ago"),
            ),
            "in trouble: ledger: written to 9 m ago; audit: shipped 9 m ago",
        ),
    ],
)
def test_one_line_says_how_it_fares(checks: tuple[Check, ...], words: str) -> None:
    assert status(Health(ok=True, tenants=1, checks=checks)) == words


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Let standard error be a file, as it is for a service."""
    path = tmp_path / "errors"
    with path.open("wb") as file:
        monkeypatch.setattr(last_words, "STANDARD_ERROR", file.fileno())
        yield path.read_text


def test_the_last_words_go_to_the_log_and_to_standard_error_each_by_itself(
    tmp_path: Path, errors: Callable[[], str]
) -> None:
    log = tmp_path / "agent.log"
    log.write_text("{}\n")

    say(Log(file=log), lambda: NOW, "nothing has moved for 5 m", STOOD, STUCK)

    assert log.read_text() == "{}\n" + errors()
    assert json.loads(errors()) == {
        "timestamp": "2026-09-01T03:00:00.000Z",
        "level": "critical",
        "event": "ends itself: it stands still",
        "why": "nothing has moved for 5 m",
        "exit_code": 4,
        "stacks": {one.of: list(one.frames) for one in STOOD},
    }


def test_a_log_that_cannot_be_written_keeps_them_from_nobody(
    tmp_path: Path, errors: Callable[[], str]
) -> None:
    say(Log(file=tmp_path / "gone" / "agent.log"), lambda: NOW, "why", STOOD, STUCK)

    assert "it stands still" in errors()


def test_people_are_told_line_by_line(errors: Callable[[], str]) -> None:
    say(Log(format=LogFormat.CONSOLE), lambda: NOW, "nothing has moved\x1b[2J for 5 m", STOOD, STUCK)

    assert errors().splitlines() == [
        f"2026-09-01T03:00:00.000+00:00 [critical] {EVENT}: nothing has moved\\u001b[2J for 5 m: exit code 4",
        "  thread MainThread",
        "    agent/loop/run.py:90 run",
        "    lib/python3.11/re.py:166 match",
        "  task Task-1",
        "    agent/loop/run.py:90 run",
    ]


def a_process(**health: Any) -> Process:
    return Process(health=HealthSettings(**health))


async def test_a_tenant_alone_that_stands_still_ends_the_process_with_a_code_of_its_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    said: list[tuple[str, int]] = []

    def end(code: int, say: Callable[[], object]) -> None:
        say()
        ended.append(code)

    monkeypatch.setattr(watching, "end", end)
    monkeypatch.setattr(watching, "say", lambda _log, _now, why, stood, _code: said.append((why, len(stood))))
    async with watched(a_process()) as watch:
        vitals = Vitals(watch.elapsed)
        watch.tenants = lambda: {"": vitals}
        async with vitals.during(bench.world):
            vitals.begin(PassReport(began=bench.clock.now()))
            watch.look()
            vitals.marks[Mark.MOVED] -= 302.0
            watch.look()

    ((why, stood),) = said
    assert ended == [STUCK]
    assert why == "nothing has moved for 5 m, and the first pass is under way"
    assert stood > 2  # the main thread, the watchdog, and this test's own task at least


async def test_of_many_tenants_one_that_stands_still_is_told_and_the_process_goes_on(bench: Bench) -> None:
    told: list[tuple[str, str]] = []
    async with watched(a_process(), lambda name, why: told.append((name, why))) as watch:
        vitals = {"contoso": Vitals(watch.elapsed), "fabrikam": Vitals(watch.elapsed)}
        watch.tenants = lambda: vitals
        async with vitals["contoso"].during(bench.world):
            watch.look()
            vitals["contoso"].marks = {mark: at - 302.0 for mark, at in vitals["contoso"].marks.items()}
            watch.look()

    assert [name for name, _ in told] == ["contoso"]


async def test_probes_are_answered_where_they_are_set_and_the_signals_are_left_as_they_were() -> None:
    before = signal.getsignal(signal.SIGPROF), signal.getitimer(signal.ITIMER_PROF)
    async with watched(a_process(listen="127.0.0.1:0")) as watch:
        watch.round()
        assert watch.alive().ok
        assert signal.getitimer(signal.ITIMER_PROF)[0] > 0

    assert (signal.getsignal(signal.SIGPROF), signal.getitimer(signal.ITIMER_PROF)) == before


@pytest.mark.parametrize("url", ["http://10.0.0.7/5c1c93a2", "https://10.0.0.7/5c1c93a2", "5c1c93a2"])
async def test_a_heartbeat_that_may_not_be_sent_stops_the_start_without_telling_its_token(url: str) -> None:
    with pytest.raises(SettingsError) as told:
        async with watched(a_process(heartbeat=Secret(url))):
            pass

    assert str(told.value).startswith("`health.heartbeat`: ")
    assert "`health.hosts`" in str(told.value)
    assert "5c1c93a2" not in str(told.value)


async def test_a_heartbeat_that_is_not_taken_is_an_alarm_of_the_only_tenant(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.adapters.channels import heartbeat
    from agent.loop import heartbeat as beating

    monkeypatch.setattr(
        heartbeat, "Guarded", lambda _backend: httpx.MockTransport(lambda _: httpx.Response(503))
    )
    monkeypatch.setattr(beating, "MANY", 1)
    monkeypatch.setattr(beating, "SOON", 0.0)
    secret = Secret("https://hc-ping.com/5c1c93a2-7d1e-4a6c-9f0e-1c2d3e4f5a6b")
    async with watched(a_process(heartbeat=secret, heartbeat_every=timedelta(0))) as watch:
        vitals = Vitals(watch.elapsed)
        watch.tenants = lambda: {"": vitals}
        async with vitals.during(bench.world):
            watch.look()
            async with asyncio.timeout(20):
                while not (alarms := await bench.world.ledger.alarms()):  # noqa: ASYNC110  nobody tells
                    await asyncio.sleep(0)
            checks = {one.name: one.ok for one in watch.alive().checks}

    assert [one.name for one in alarms] == ["heartbeat"]
    assert "heartbeat: 503" in alarms[0].words
    assert "5c1c93a2" not in alarms[0].words
    assert checks["heartbeat"] is False
