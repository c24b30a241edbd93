"""The brake: opened by the agent when approvals leave their usual band, and released by a person only.

It asks one question, however many actions are behind it: one alarm stands, which counts on while it lasts, and
each action that is held says so in one line.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from agent.judge.rails.surge import question, surge
from agent.loop.guarding import Surroundings
from agent.loop.moved import turn_back_whole
from agent.loop.turning import turn_back
from agent.model.alarm import Alarm
from agent.model.decision import Decision, Verb
from agent.model.enactment import Record, State
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from agent.ports.world import World

BY = "the agent"
"""Who lays the brake."""

log = structlog.get_logger()


def wish(world: World, here: Surroundings, now: datetime, *, is_known: bool) -> None:
    """Count an approval, and open the brake where it is one too many. One that was counted before is no news.

    Where approvals would only be, no hold is laid: the brake would be on for as long as their hour is beyond the band.
    """
    here.wished += not is_known
    if here.counted:
        here.surges = surge(
            world.rails, here.approved.by_hour.get(0, 0) + here.wished, here.approved.by_hour
        ).is_over
        return
    if is_known or _is_on(here):
        return
    stands = surge(world.rails, here.approved.unasked + here.wished, here.approved.by_hour)
    if stands.is_over:
        here.question = question(stands)
        here.holds = (*here.holds, Hold(name=BRAKE, since=now, by=BY, reason=here.question))


def was_wished(before: Decision | None, here: Surroundings) -> bool:
    """Whether policies approved it before, be it held or not; what was only observed does not count where it is real."""
    if before is None or (before.is_observed and not here.counted):
        return False
    return before.verb is Verb.APPROVE or before.guard is not None


async def brake(world: World, here: Surroundings, now: datetime) -> None:
    """Lay the brake that a batch opened, and ask; while it stands, let the question count on."""
    if here.question:
        await world.ledger.hold(Hold(name=BRAKE, since=now, by=BY, reason=here.question))
        log.error("the brake is on", why=here.question)
    if here.wished and not here.counted and _is_on(here):
        count = here.approved.by_hour.get(0, 0) + here.wished
        words = question(surge(world.rails, count, here.approved.by_hour))
        await world.ledger.raise_alarm(Alarm(name=BRAKE, since=now, words=words))


def _is_on(here: Surroundings) -> bool:
    return any(hold.name == BRAKE for hold in here.holds)


@dataclass(slots=True)
class Holds:
    """Which holds stood when it was last looked; None before the first look."""

    names: frozenset[str] | None = None

    async def look(self, world: World) -> int:
        """Have judged anew what was held by a hold that has ended since; return how many actions that are.

        However a hold was ended, here or by another process, nothing waits longer than for the next look.
        """
        standing = await world.ledger.holds()
        names = frozenset(hold.name for hold in standing)
        if names == self.names:
            return 0
        released = 0
        if self.names is None or self.names - names:
            released = await judge_released(world, names)
        await _alarm(world, next((hold for hold in standing if hold.name == BRAKE), None))
        self.names = names
        return released


async def _alarm(world: World, found: Hold | None) -> None:
    """Let the question stand exactly as long as the brake."""
    if found is None:
        await world.ledger.clear_alarm(BRAKE, world.clock.now())
    elif not any(alarm.name == BRAKE for alarm in await world.ledger.alarms()):
        await world.ledger.raise_alarm(Alarm(name=BRAKE, since=found.since, words=found.reason))


async def judge_released(world: World, standing: frozenset[str]) -> int:
    """Turn back to be judged, at once, what was held by a hold that does not stand; return how many that are."""
    ended = {guard for guard, stands in _guards(standing).items() if not stands}

    def has_lapsed_by_it(record: Record) -> bool:
        decision = record.decision
        lapsed = decision.held if decision is not None and decision.lapsed is not None else ()
        guards = {decision.guard if decision is not None else None, *(one.guard for one in lapsed)}
        return not guards.isdisjoint(ended)

    held = await turn_back(world, [State.HELD], lambda one: one.guard in ended)
    return held + await turn_back_whole(world, [State.LAPSED], has_lapsed_by_it)


def _guards(standing: frozenset[str]) -> dict[str, bool]:
    """Return of each guard that is a hold whether one of its name, or for people's any, stands."""
    return {BRAKE: BRAKE in standing, KILL_SWITCH: bool(standing - {BRAKE})}
