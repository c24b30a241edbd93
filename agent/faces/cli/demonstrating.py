"""`demo`: the simulator and the real agent, side by side, and what came of it."""

import asyncio
import random
import shlex
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import accumulate
from pathlib import Path

import msgspec
from rich.console import Console

from agent.adapters.host import SystemClock
from agent.compose import open_ledger_for_reading
from agent.faces.cli.aftermath import tell
from agent.faces.cli.demo_person import answering, climbed, headlines, told
from agent.faces.cli.demo_settings import Pace
from agent.faces.cli.demo_showing import Showing
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.looking import every
from agent.faces.cli.output import command, console, print_json
from agent.faces.cli.results import (
    Results,
    by_decision,
    copies,
    doubled,
    errors_in,
    left_to_people,
    others,
    seen,
    unknown,
    unsent,
    unsettled,
)
from agent.faces.cli.screen import LATEST, Glance, Latest, Screen
from agent.faces.cli.stage import Stage
from agent.faces.cli.stopping import stop_on_signals
from agent.faces.telling import row, what
from agent.loop.waits import first_of
from agent.model.enactment import Record, State
from agent.model.errors import LedgerError, Unavailable
from agent.settings.subjects import Settings

AFTERWARDS = 15
"""Real seconds for which time still runs fast with `--serve` after the agent should have settled: what starts takes its time.
On a machine that is too busy to keep up with fast time, it settles soon after."""

RATE = 60.0
"""Virtual seconds in a real one: a minute becomes a second, so that the look at the mail 5 minutes after a deletion,
and what Defender does meanwhile, fit into half a minute."""

GLANCE_EVERY = 0.5
"""Real seconds between two looks at the ledger."""

QUIET = timedelta(minutes=12)
"""Virtual time without any change after which things have settled: investigations that run again close what
is done some ten minutes after its mail has gone."""

KILLS_EVERY = (1.5, 4.0)
"""Least and most real seconds that the agent lives before it is killed; it needs one or two to start."""

HEARD_AT_ONCE = 3
"""Notices of which each look shows a line."""

UNSETTLED = frozenset({State.SEEN, State.INTENDED})

UNSENT = UNSETTLED | {State.ANSWERED}
"""Where things stand that are about to be carried out; what is judged anew on the way is seen for a moment."""


USUAL = 28
"""Real seconds that the demo takes on a machine that has nothing else to do."""

PATIENCE = 60
"""Real seconds more for a machine that is too busy to have carried out by then what was approved."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options as they were given. `seconds` is how long at most, if that was said; kills take their time in addition."""

    seed: int
    dry_run: bool = False
    serve: bool = False
    seconds: int | None = None
    kill: int = 0
    folder: Path | None = None

    @property
    def kills(self) -> tuple[float, ...]:
        """When the agent is killed, in real seconds from its first start; the same for the same seed."""
        draw = random.Random(self.seed)  # noqa: S311  moments, not secrets
        return tuple(accumulate(draw.uniform(*KILLS_EVERY) for _ in range(self.kill)))

    @property
    def limit(self) -> float:
        """When to stop, in real seconds, unless approvals wait still to be carried out."""
        return (self.seconds or USUAL) + (self.kills[-1] if self.kill else 0.0)

    def is_over(self, elapsed: float, *, is_under_way: bool) -> bool:
        """Whether to stop: later where something is under way, unless it was said how long it may take.

        With `--serve` time runs no faster from then on, so that waiting would show nothing.
        """
        may_wait = is_under_way and self.seconds is None and not self.serve
        return elapsed >= self.limit + (PATIENCE if may_wait else 0)


def demo(asked: Asked, *, as_json: bool) -> None:
    """Run the demo and print what came of it; end with 1 where something was sent twice or not at all."""
    results = asyncio.run(_demo(asked, as_json=as_json))
    if not results.is_sound:
        raise Ending(FINDINGS)


async def _demo(asked: Asked, *, as_json: bool) -> Results:
    stop = asyncio.Event()
    stop_on_signals(stop)
    progress = console(stderr=as_json)
    pace = _pace(asked)
    clock = SystemClock(rate=pace.rate, epoch=pace.epoch, until=pace.until)
    stage = Stage(seed=asked.seed, pace=pace, dry_run=asked.dry_run, serves=asked.serve, folder=asked.folder)
    progress.print(_beginning(asked), soft_wrap=True)
    async with stage, Showing(stage, Screen(progress), serves=asked.serve) as showing:
        await stage.start_agent()
        settings = stage.settings()
        watch = Watch(asked, stage, settings, clock, showing)
        await watch.until_settled(showing.screen, stop)
        if not asked.serve:
            await stage.stop_agent()
        results = await watch.results()
        if as_json:
            print_json(results)
        else:
            tell(console(), results)
        if asked.serve and not stop.is_set():
            await showing.finished()
            _say_where(progress, stage, showing, results)
            await first_of(stop.wait(), stage.agent_ended(), stage.pages_ended())
            if not stop.is_set():
                stage.check_agent()
                stage.check_pages()
            progress.print("stopping: the agent finishes the calls that are under way, within half a minute")
    return results


def _pace(asked: Asked) -> Pace:
    """Return how time runs: with `--serve` fast only until the agent has settled, as people read at their own pace.

    An hour of reading would be two and a half days else: chains would climb to their end, and half the queue expire.
    """
    epoch = SystemClock().now()
    fast = timedelta(seconds=asked.limit + AFTERWARDS)
    return Pace(rate=RATE, epoch=epoch, until=epoch + fast if asked.serve else None)


def _beginning(asked: Asked) -> str:
    said = f"a simulated tenant (seed {asked.seed}) and the agent start; one second is one minute"
    if not asked.serve:
        return said
    return f"{said} for the first {asked.limit + AFTERWARDS:.0f} s, and then as long as elsewhere"


class Watch:
    """Looks at the ledger and at the simulator while the agent works, and kills it where that was asked for."""

    def __init__(
        self, asked: Asked, stage: Stage, settings: Settings, clock: SystemClock, showing: Showing
    ) -> None:
        self._asked = asked
        self._stage = stage
        self._settings = settings
        self._clock = clock
        self._showing = showing
        self._started = clock.now()
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._kills = list(reversed(asked.kills))
        self._changed = clock.now()
        self._before: object = None
        self._answered: str | None = None
        self._answering: asyncio.Task[str] | None = None
        self._has_unsent = True

    @property
    def _is_under_way(self) -> bool:
        """Whether what the demo is to show has not been seen yet: that approvals are carried out, and an answer heard."""
        return self._has_unsent or self._answering is not None

    @property
    def elapsed(self) -> float:
        """Real seconds since the agent was started first."""
        return self._loop.time() - self._began

    async def until_settled(self, screen: Screen, stop: asyncio.Event) -> None:
        """Return when nothing moves any more, the time is over, or somebody stops it."""
        with screen.open():
            while not stop.is_set() and not self._asked.is_over(
                self.elapsed, is_under_way=self._is_under_way
            ):
                await self._kill_if_due()
                self._stage.check_agent()
                screen.tell(_shortened(list(headlines(self._stage.said()))))
                await self._answer_if_due(screen)
                if await self._look(screen) and not self._kills:
                    return
                try:
                    await asyncio.wait_for(stop.wait(), GLANCE_EVERY)
                except TimeoutError:
                    continue

    async def results(self) -> Results:
        """Return everything that can be said once it is over."""
        records = await self._records()
        async with open_ledger_for_reading(self._settings) as ledger:
            effects = [effect for one in records for effect in await ledger.effects(one.action.id)]
            states = await ledger.counts()
            question = None if self._answered is None else await told(ledger, self._answered)
        log = seen((await self._stage.ask("requests"))["requests"])
        now = self._clock.now()
        rows = tuple(row(record, now) for record in records)
        return Results(
            seed=self._asked.seed,
            dry_run=self._asked.dry_run,
            seconds=round(self.elapsed, 1),
            virtual_minutes=round((now - self._started) / timedelta(minutes=1), 1),
            kills=self._asked.kill - len(self._kills),
            counts=by_decision(rows),
            states={state.value: count for state, count in sorted(states.items())},
            actions=rows,
            people=left_to_people(records, now),
            question=question,
            requests=log.requests,
            writes=log.writes,
            remediated=copies(log.sent),
            others=others(log.sent),
            doubled=doubled(log.sent),
            missing=unsent(effects, log.sent),
            held=sum(one.decision is not None and one.decision.guard is not None for one in records),
            errors=errors_in(self._stage.log),
            unsettled=unsettled(effects),
            unknown=unknown(effects, records),
            folder=str(self._stage.folder),
            ledger=str(self._stage.ledger),
            log=str(self._stage.log),
            settings=str(self._stage.settings_file),
        )

    async def _answer_if_due(self, screen: Screen) -> None:
        """Have the person on call answer one question, once its chain has climbed."""
        if self._answering is not None and self._answering.done():
            screen.tell(self._answering.result().splitlines())
            self._answering, self._changed = None, self._clock.now()
        if self._asked.dry_run or self._answered is not None:
            return
        try:
            async with open_ledger_for_reading(self._settings) as ledger:
                question = await climbed(ledger)
        except LedgerError:
            return
        if question is not None:
            self._answered = question.action.id
            said = answering(question)
            screen.tell([f"$ {command()} {shlex.join(said)}"])
            self._answering = asyncio.create_task(self._stage.command(*said))

    async def _kill_if_due(self) -> None:
        if self._kills and self.elapsed >= self._kills[-1]:
            self._kills.pop()
            await self._stage.kill_agent()
            await self._stage.start_agent()

    async def _look(self, screen: Screen) -> bool:
        """Show how things stand; return whether they have settled."""
        now = self._clock.now()
        try:
            status = await self._stage.ask("status")
            async with open_ledger_for_reading(self._settings) as ledger:
                states = await ledger.counts()
                waiting = bool(await ledger.to_visit(1))
                due = await ledger.next_due()
                has_polled = await ledger.cursor() is not None
                latest = await ledger.decisions(limit=LATEST)
                known = await ledger.load([one.action_id for one in latest])
        except (LedgerError, Unavailable):
            # The agent has not made its ledger yet, or was killed while it wrote: look again.
            return False
        if has_polled:
            self._showing.begin()
        screen.show(
            Glance(
                elapsed=self.elapsed,
                limit=self._asked.limit,
                now=now,
                states=states,
                waiting=waiting,
                requests=sum(status["requests"].values()),
                pending=status["pending"],
                latest=[
                    Latest(
                        id=one.action_id,
                        what=what(known[one.action_id]) if one.action_id in known else "",
                        decision=one.verb.value,
                        reason=one.reason,
                    )
                    for one in latest
                ],
                kills=self._asked.kill - len(self._kills),
            )
        )
        self._has_unsent = not has_polled or any(states.get(state) for state in UNSENT)
        mark = (states, status["pending"], status["remediations"])
        if mark != self._before:
            self._before, self._changed = mark, now
        is_busy = waiting or not has_polled or any(states.get(state) for state in UNSETTLED)
        is_due = due is not None and due <= now + QUIET
        return not is_busy and self._answering is None and not is_due and now - self._changed >= QUIET

    async def _records(self) -> list[Record]:
        async with open_ledger_for_reading(self._settings) as ledger:
            return await every(ledger)


def _shortened(notices: Sequence[str]) -> Iterator[str]:
    """Give the first of these lines, and how many more there are."""
    yield from notices[:HEARD_AT_ONCE]
    if len(notices) > HEARD_AT_ONCE:
        yield f"{'':>9} and {len(notices) - HEARD_AT_ONCE} more on the console"


def _say_where(out: Console, stage: Stage, showing: Showing, results: Results) -> None:
    out.print()
    out.print("all of it keeps running until Ctrl-C:", soft_wrap=True)
    for name, place in (
        *showing.places(),
        ("the simulator", f"{stage.url}/simulator/status"),
        ("the agent's log", results.log),
        ("what is open", f"{command()} pending --settings {results.settings}"),
        ("what was decided", f"{command()} history --settings {results.settings}"),
        ("what people press", f"{command()} worklist --settings {results.settings}"),
        ("stop everything", f'{command()} hold "why" --settings {results.settings}'),
    ):
        out.print(f"  {name:<17} {place}", soft_wrap=True)
