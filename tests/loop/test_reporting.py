"""Reports that are sent by themselves: once each, whatever becomes of processes and channels."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.loop.lookout import Lookout
from agent.loop.reporting import Reporting, require_channel
from agent.loop.run import load, once
from agent.model.chain import Urgency
from agent.model.errors import LedgerError, Refused, SettingsError, Unavailable
from agent.model.escalation import Notice, Occasion
from agent.model.hold import Hold
from agent.model.schedule import Period, Reported, Schedule, Sent, Stage
from agent.ports.reporting import Reports
from tests.fakes import FakeChannels, FakeShelf
from tests.ledgers import open_ledger
from tests.loop.conftest import APPROVE, Bench
from tests.makers import TENANT

MORNING = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

OWNED = "description: For trying out.\nowner: soc@contoso.example"
CHANNELS = {
    "relay": "kind: email\nfrom: agent@contoso.example\nto: [lead@contoso.example]\nsmtp: {host: smtp.contoso.example, port: 587}",
    "graph": "kind: email\nfrom: agent@contoso.example\nto: [lead@contoso.example]",
    "pager": "kind: pagerDuty\nroutingKey: {env: PAGER_KEY}",
}


class Desk:
    """One process after the other that sends reports, and what outlives them."""

    def __init__(self, bench: Bench, ledger: SqlLedger) -> None:
        self.bench, self.ledger = bench, ledger
        self.channels = FakeChannels(bench.clock)
        self.made: list[Period] = []
        self.broken: Exception | None = None
        shelf = FakeShelf(
            approve=APPROVE,
            **{f"channels/{name}": f"channel: {name}\n{OWNED}\n{said}\n" for name, said in CHANNELS.items()},
        )
        bench.world = replace(bench.world, shelf=shelf)
        self.through("relay")
        bench.clock.advance(MORNING - bench.clock.now())

    def through(self, channel: str, every: Sent = Sent.DAILY) -> None:
        schedule = Schedule(every=every, hour=8, zone="UTC", channel=channel)
        reports = Reports(
            schedule=schedule, channels=self.channels, log=self.ledger.reports, reporter=self._report
        )
        self.bench.world = replace(self.bench.world, reports=reports)

    async def _report(self, schedule: Schedule, period: Period) -> Notice:
        self.made.append(period)
        if self.broken is not None:
            raise self.broken
        return Notice(
            id=f"report-{period.name}", page_id="", key=period.name, channel=schedule.channel, chain="",
            event=period.name, occasion=Occasion.REPORT, urgency=Urgency.NORMAL, at=period.due, title=period.name,
        )  # fmt: skip

    async def process(self, replica: str = "one") -> Reporting:
        """Start a process that sends reports."""
        world = replace(self.bench.world, replica=replica)
        assert world.reports is not None
        lookout = Lookout(world)
        await lookout.look()
        return Reporting(world, world.reports, await load(world), lookout)

    async def look(self, replica: str = "one") -> None:
        """Look once, as a process does that was just started, and let another take over."""
        process = await self.process(replica)
        await process.try_to_look()
        await process.let_go()

    async def stage(self, period: str) -> Stage | None:
        found = await self.ledger.reports.reported(period)
        return None if found is None else found.stage

    async def alarm(self) -> str:
        return next((one.words for one in await self.ledger.alarms() if one.name == "report"), "")

    @property
    def told(self) -> list[str]:
        return [one.title for one in self.channels.told]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.db'}", TENANT) as ledger:
        yield Desk(Bench(ledger), ledger)


async def test_a_report_is_sent_once_its_hour_has_come_and_not_before(desk: Desk) -> None:
    desk.bench.clock.advance(-MINUTE)
    await desk.look()
    desk.bench.clock.advance(MINUTE)

    await desk.look()

    assert desk.told == ["2026-11-24", "2026-11-25"]


async def test_a_report_is_sent_once_however_often_and_by_whomever_it_is_looked(desk: Desk) -> None:
    for replica in ("one", "two", "one"):
        await desk.look(replica)
        desk.bench.clock.advance(MINUTE)

    assert desk.told == ["2026-11-25"]
    assert await desk.stage("2026-11-25") is Stage.SENT


async def test_only_the_replica_that_has_the_lease_sends(desk: Desk) -> None:
    first, second = await desk.process("one"), await desk.process("two")
    await first.lease.keep(first.world)

    await second.try_to_look()

    assert desk.told == []


async def test_of_reports_that_were_missed_the_newest_is_sent(desk: Desk) -> None:
    await desk.look()
    desk.bench.clock.advance(5 * DAY)

    await desk.look()

    assert desk.told == ["2026-11-25", "2026-11-30"]


async def test_a_week_is_sent_once(desk: Desk) -> None:
    desk.through("relay", Sent.WEEKLY)
    for _ in range(8):
        await desk.look()
        desk.bench.clock.advance(DAY)

    assert desk.told == ["2026-W47", "2026-W48"]


async def test_what_a_channel_does_not_take_is_tried_again_until_it_does(desk: Desk) -> None:
    desk.channels.errors["relay"] = Unavailable("mail: away")
    await desk.look()
    desk.bench.clock.advance(timedelta(seconds=29))
    await desk.look()
    del desk.channels.errors["relay"]
    desk.bench.clock.advance(timedelta(seconds=1))

    await desk.look()

    assert len(desk.channels.tried) == 2
    assert desk.told == ["2026-11-25"]
    assert await desk.alarm() == ""


async def test_what_no_channel_takes_for_two_hours_is_given_up_with_an_alarm_that_says_what_to_type(
    desk: Desk,
) -> None:
    desk.channels.errors["relay"] = Unavailable("mail: away")
    for _ in range(13):
        await desk.look()
        desk.bench.clock.advance(10 * MINUTE)

    assert await desk.stage("2026-11-25") is Stage.FAILED
    assert await desk.alarm() == (
        "the report of 2026-11-25 was not sent through relay: mail: away: make it with "
        "`air-agent report --since 2026-11-25T00:00:00Z --until 2026-11-26T00:00:00Z`"
    )


async def test_what_would_never_be_taken_is_given_up_at_once(desk: Desk) -> None:
    desk.channels.errors["relay"] = Refused("mail: 550 no such mailbox")

    await desk.look()
    await desk.look()

    assert len(desk.channels.tried) == 1
    assert "550 no such mailbox" in await desk.alarm()


async def test_the_next_report_that_is_sent_ends_the_alarm(desk: Desk) -> None:
    desk.channels.errors["relay"] = Refused("mail: 550 no such mailbox")
    await desk.look()
    desk.channels.errors.clear()
    desk.bench.clock.advance(DAY)

    await desk.look()

    assert await desk.alarm() == ""


async def test_what_was_being_sent_when_the_process_died_is_never_sent_again_and_said(desk: Desk) -> None:
    dying = Reported(period="2026-11-25", stage=Stage.SENDING, at=MORNING, attempts=1, first=MORNING)
    await desk.ledger.reports.write(dying, None)

    await desk.look("two")
    await desk.look("two")

    assert desk.told == []
    assert await desk.stage("2026-11-25") is Stage.FAILED
    assert "whether it was is not known" in await desk.alarm()


async def test_what_waited_and_was_overtaken_is_given_up(desk: Desk) -> None:
    desk.channels.errors["relay"] = Unavailable("mail: away")
    await desk.look()
    desk.channels.errors.clear()
    desk.bench.clock.advance(DAY)

    await desk.look()

    assert desk.told == ["2026-11-26"]
    assert await desk.stage("2026-11-25") is Stage.FAILED


async def test_a_stop_in_the_middle_finishes_what_is_being_sent(desk: Desk) -> None:
    gate = desk.channels.gates["relay"] = asyncio.Event()
    process = await desk.process()
    running = asyncio.create_task(process.keep())
    await desk.channels.began.wait()

    running.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert await desk.stage("2026-11-25") is Stage.SENT


async def test_mail_through_graph_waits_for_the_release(desk: Desk) -> None:
    desk.through("graph")
    await desk.ledger.hold(Hold(name="hold", since=MORNING, by="eve", reason="look first"))
    await desk.look()
    await desk.ledger.release("hold", "eve", "looked", MORNING)
    desk.bench.clock.advance(MINUTE)

    await desk.look()

    assert len(desk.channels.tried) == 1
    assert desk.told == ["2026-11-25"]


async def test_a_report_that_cannot_be_made_is_an_alarm_and_is_made_later(desk: Desk) -> None:
    desk.broken = LedgerError("ledger: is damaged")
    await desk.look()
    alarm = await desk.alarm()
    desk.broken = None

    await desk.look()

    assert alarm == "no report can be sent: ledger: is damaged"
    assert desk.told == ["2026-11-25"]
    assert await desk.alarm() == ""


async def test_a_channel_that_went_is_said(desk: Desk) -> None:
    process = await desk.process()
    process.policies.renew(dict(FakeShelf(approve=APPROVE).files()), "")

    await process.try_to_look()

    assert "there is no channel `relay` any more" in await desk.alarm()


@pytest.mark.parametrize(
    ("channel", "why"),
    [
        ("nobody", "names no channel .* there is `graph`, `pager`, `relay`"),
        ("pager", "pages people"),
        ("graph", "through Graph"),
    ],
)
async def test_a_channel_that_cannot_carry_reports_stops_the_start(
    desk: Desk, channel: str, why: str
) -> None:
    desk.through(channel)
    desk.bench.observing()

    with pytest.raises(SettingsError, match=f"`report.channel: {channel}`.*{why}"):
        require_channel(desk.bench.world, await load(desk.bench.world))


@pytest.mark.parametrize(("channel", "observes"), [("relay", True), ("graph", False)])
async def test_mail_through_a_relay_goes_while_observing_and_through_graph_while_enforcing(
    desk: Desk, channel: str, observes: bool
) -> None:
    desk.through(channel)
    if observes:
        desk.bench.observing()

    require_channel(desk.bench.world, await load(desk.bench.world))
    await desk.look()

    assert desk.told == ["2026-11-25"]


async def test_one_pass_sends_what_is_due_too(desk: Desk) -> None:
    await once(desk.bench.world)

    assert desk.told == ["2026-11-25"]


async def test_where_reports_are_not_sent_any_more_the_alarm_ends(desk: Desk) -> None:
    desk.channels.errors["relay"] = Refused("mail: 550 no such mailbox")
    await desk.look()
    world = replace(desk.bench.world, reports=None)

    async with Reporting.going(world, await load(world), Lookout(world)):
        pass

    assert await desk.alarm() == ""
