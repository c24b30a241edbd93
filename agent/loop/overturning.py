"""Whether what policies had deleted stays deleted: looked at after an hour, a day, three, seven and fourteen.

Only reading, one hunting query for thousands of messages. How far it was looked stands in the ledger: what was due while
no agent ran, or while Graph was away, is looked at afterwards, and nothing twice, whichever replica looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import structlog

from agent.judge.overturn import (
    WITHIN,
    is_looked_at,
    moved_back,
    moved_back_words,
    overturned,
    taken_back_words,
)
from agent.judge.undo import INVERSES
from agent.loop.leasing import leased
from agent.loop.lookup import look_up_messages
from agent.loop.report import PassReport
from agent.model.enactment import Effect, EffectKind, Pair
from agent.model.fallback import Fallback
from agent.ports.world import Desk, World

LOOKS = (timedelta(hours=1), timedelta(days=1), timedelta(days=3), timedelta(days=7), WITHIN)
"""When to look after a deletion was sent."""

EVERY = timedelta(hours=1)
"""How long from one look to the next: what is due meanwhile is looked at together."""

SOON = timedelta(minutes=10)
"""How long to wait where a look was not whole, or could not be made."""

MOST_HUNTED = 5_000
"""Messages that are looked at together: a few hunting queries."""

MOST_ASKED = 50
"""The same where hunting is not granted, and each message is a request of its own: an hour's share of the budget."""

LEASE = "overturned"
"""What the lease is called by which one replica looks at a time."""

MOST_DECISIONS = 1_000
"""Decisions of one action that are gone through."""

log = structlog.get_logger()

Due = tuple[datetime, Effect]


@dataclass(slots=True)
class Overturning:
    """When this process looks next."""

    again: datetime | None = None

    async def go(self, world: World, report: PassReport) -> None:
        """Look at what is due, and have policies fall back of which something was moved back.

        Raises:
            Unavailable: Graph is away; it is looked again soon.
        """
        now = world.clock.now()
        if self.again is not None and self.again - EVERY <= now < self.again:
            return
        self.again = now + SOON
        async with leased(world, LEASE) as token:
            if token is None:
                return
            if await _look(world, report, now):
                self.again = now + EVERY


async def _look(world: World, report: PassReport, now: datetime) -> bool:
    """Look at what is due; return whether that was all of it."""
    done = min(await world.ledger.looked_back() or now - WITHIN, now)
    due = await _due(world, done, now)
    most = MOST_HUNTED if world.defender.can_hunt else MOST_ASKED
    some, until = _first(due, most, now)
    effects = await _looked_at(world, some, now)
    mail = await look_up_messages(world, list(dict.fromkeys(t[0] for one in effects for t in one.targets)))
    if mail.why:
        report.problems.append(f"whether what was deleted stays so could not all be looked at: {mail.why}")
        return False
    undone = await _undone(world, effects)
    back = {one.id: pairs for one in effects if (pairs := moved_back(one, mail, undone))}
    found: dict[str, Fallback] = {}
    for action_id, theirs in groupby((one for one in effects if one.id in back), lambda one: one.action_id):
        some_of_it = list(theirs)
        words = moved_back_words(action_id, sum(len(back[one.id]) for one in some_of_it))
        for fallback in await fallbacks_of(world, action_id, some_of_it, words, now):
            found.setdefault(fallback.policy, fallback)
    for one in await world.ledger.fall_back(list(found.values())):
        log.error("policy fell back to observe", policy=one.policy, why=one.words)
    await world.ledger.mark_looked_back(until)
    return len(some) == len(due)


async def _due(world: World, done: datetime, now: datetime) -> list[Due]:
    """Return each deletion that is due by now and was not by `done`, with when it became so; earliest first."""
    found: list[Due] = []
    for wait in LOOKS:
        for effect in await world.ledger.deletions(done - wait, now - wait):
            if effect.sent_at is not None:
                found.append((effect.sent_at + wait, effect))
    return sorted(found, key=lambda one: (one[0], one[1].id))


def _first(due: Sequence[Due], most: int, now: datetime) -> tuple[list[Due], datetime]:
    """Return the first of these, up to so many messages, and up to which moment nothing is due any more then."""
    count = 0
    taken: list[Due] = []
    for _, group in groupby(due, lambda one: one[0]):
        together = list(group)
        more = sum(len(effect.targets) for _, effect in together)
        if taken and count + more > most:
            return taken, taken[-1][0]
        taken += together
        count += more
    return taken, now


async def _looked_at(world: World, due: Sequence[Due], now: datetime) -> list[Effect]:
    """Return those of the deletions that were seen to have worked, each once, an action's together."""
    effects = {effect.id: effect for _, effect in due}
    records = await world.ledger.load(sorted({one.action_id for one in effects.values()}))
    kept = (one for one in effects.values() if is_looked_at(records.get(one.action_id), one, now))
    return sorted(kept, key=lambda one: (one.action_id, one.id))


async def _undone(world: World, effects: Sequence[Effect]) -> frozenset[Pair]:
    """Return which copies an undo of ours has claimed, for whichever action."""
    targets = [target for one in effects for target in one.targets]
    found: set[Pair] = set()
    for kind in INVERSES[EffectKind.SOFT_DELETE]:
        found |= (await world.ledger.covered(targets, kind)).keys()
    return frozenset(found)


async def fallbacks_of(
    desk: Desk, action_id: str, effects: Sequence[Effect], words: str, now: datetime
) -> list[Fallback]:
    """Return the fallbacks that follow from it that these effects of an action were overturned."""
    decisions = await desk.ledger.decisions(action_id=action_id, limit=MOST_DECISIONS)
    return list(overturned(effects, decisions, await _ended(desk), words, now))


async def fallbacks_by_undo(
    desk: Desk, action_id: str, taken_back: Sequence[Effect], now: datetime
) -> list[Fallback]:
    """Return the fallbacks that follow from it that a person takes back effects of an action.

    Args:
        desk: with the ledger.
        action_id: the action.
        taken_back: the calls that take something back.
        now: the moment.
    """
    meant = {one.undoes for one in taken_back}
    effects = [one for one in await desk.ledger.effects(action_id) if one.id in meant]
    return await fallbacks_of(desk, action_id, effects, taken_back_words(action_id), now)


async def _ended(desk: Desk) -> Mapping[str, datetime]:
    """Return when the last fallback of each policy ended."""
    found: dict[str, datetime] = {}
    for one in await desk.ledger.fallbacks(is_standing=False):
        if one.ended is not None:
            found[one.policy] = max(one.ended, found.get(one.policy, one.ended))
    return found
