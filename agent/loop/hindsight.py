"""What people decided, looked at once more when more is told of it, and worked out for what ended before that was kept.

AIR's rows and the audit's records come minutes or hours after an action ended. What they tell of it is looked at when they
come, and only then. Of older endings some are worked out with each pass, once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import structlog

from agent.judge.attribute import names_somebody
from agent.judge.gather import wanted
from agent.judge.ground_truth import answer_in, with_answer, written
from agent.judge.lives import How, Life, known_of, lives_in
from agent.judge.naming import places_of
from agent.loop.grounding import heard, taken_of
from agent.model.air import AirAction
from agent.model.enactment import Record, State
from agent.model.history import DECLINED, Place, place_of
from agent.model.pending import LIFETIME, MAIL_KINDS, USER_KINDS, ActionKind, action_id
from agent.model.truth import Truth, Unknown
from agent.ports.world import World

AT_ONCE = 500
"""Actions looked at between two commits."""

MOST_PAGES = 4
"""How many times as many older endings are gone through in one pass."""

OF_SEVERAL_NAMES = (
    *sorted(USER_KINDS),
    ActionKind.DISABLE_FORWARDING,
    ActionKind.REMOVE_DELEGATION,
    ActionKind.UNKNOWN,
)
"""Kinds whose actions are about accounts and mailboxes: a row may name them otherwise than their evidence does."""

log = structlog.get_logger()


async def look_again(world: World, news: Iterable[AirAction]) -> int:
    """Look once more at what ended, where these rows or records name people who decided it; return how much became known."""
    rows = [row for row in news if names_somebody(row)]
    if not rows:
        return 0
    keys = {key for row in rows for key in row.keys}
    ids = {action_id(world.tenant_id, kind, key) for kind in ActionKind for key in keys}
    if any(key.startswith(("user:", "mailbox:")) for key in keys):
        ids |= await _under_other_names(world, keys, min(row.at for row in rows) - LIFETIME)
    truths = await world.ledger.truths(sorted(ids))
    told = sorted(truths)
    count = 0
    for start in range(0, len(told), AT_ONCE):
        some = {name: truths[name] for name in told[start : start + AT_ONCE]}
        found = await _worked_out(world, some)
        count += len(found)
        if found:
            await world.ledger.save([], truths=found, now=world.clock.now())
    if count:
        log.info("became known what people decided", proposals=count)
    return count


async def _under_other_names(world: World, keys: set[str], since: datetime) -> set[str]:
    """Return actions about accounts and mailboxes that ended since then and may be known by one of these names."""
    found: set[str] = set()
    after = ""
    while ids := await world.ledger.ended(OF_SEVERAL_NAMES, since, after=after, limit=AT_ONCE):
        after = ids[-1]
        records = await world.ledger.load(ids)
        found.update(name for name, one in records.items() if keys & set(places_of(one.action)))
    return found


async def _worked_out(world: World, known: Mapping[str, Sequence[Truth]]) -> list[Truth]:
    """Return what is known by now of these actions' proposals and was not; what nobody told stays as it was written."""
    records = await world.ledger.load(sorted(known))
    pasts = await world.ledger.past(sorted(records))
    lives = [
        (past, one)
        for name, rows in pasts.items()
        for past in lives_in(rows)
        if (one := known_of(past.life, known[name])) is not None and not _is_open(past.life, records[name])
    ]
    said = await heard(
        world.ledger,
        [(records[one.action_id].action, one.first_seen, past.life.deadline) for past, one in lives],
    )
    found: list[Truth] = []
    for past, one in lives:
        told = with_answer(said.get((one.action_id, one.first_seen), {}), answer_in(one) or past.answer)
        life = msgspec.structs.replace(past.life, first_seen=one.first_seen)
        after = written(life, told, one)
        if after is not None and (after.verb is not None or after.unknown is Unknown.CONTRADICTED):
            found.append(after)
    return found


def _is_open(life: Life, record: Record) -> bool:
    """Whether this is the proposal that the record is of, and it is still to be decided."""
    is_now = record.action.first_seen < life.deadline
    return is_now and record.action.is_pending and record.state is not State.EXPIRED


@dataclass(slots=True)
class OlderEndings:
    """How far what ended before truths were kept has been gone through by this process."""

    is_done: bool = False
    after: Place | None = None

    async def go(self, world: World) -> None:
        """Work out the truths of some older endings, until there are none without."""
        if self.is_done:
            return
        began = world.clock.now()
        since = await world.ledger.truths_until() or datetime.min.replace(tzinfo=UTC)
        for _ in range(MOST_PAGES):
            rows = await world.ledger.by_people(since, after=self.after, limit=AT_ONCE)
            found = await self._without(world, sorted({row.action_id for row in rows}))
            if found:
                await world.ledger.save([], truths=found, now=began)
            if len(rows) < AT_ONCE:
                self.is_done = True
                await world.ledger.mark_truths(began)
                return
            self.after = place_of(rows[-1])
            await world.ledger.mark_truths(rows[-1].at)

    async def _without(self, world: World, action_ids: Sequence[str]) -> list[Truth]:
        """Return the truths of those proposals of these actions that ended, or were answered, and have none."""
        known = await world.ledger.truths(action_ids)
        pasts = [
            past
            for name, rows in (await world.ledger.past(action_ids)).items()
            for past in lives_in(rows)
            if known_of(past.life, known.get(name, ())) is None
            and (past.answer is not None or past.life.how is not How.OURS)
        ]
        records = await world.ledger.load(sorted({past.life.action_id for past in pasts}))
        taken = await taken_of(
            world.ledger,
            {name: wanted(one.action) for name, one in records.items() if one.action.kind in MAIL_KINDS},
        )
        said = await heard(
            world.ledger,
            [
                (records[past.life.action_id].action, past.life.first_seen, past.life.deadline)
                for past in pasts
                if past.life.action_id in records
            ],
        )
        found: list[Truth] = []
        for past in pasts:
            life, record = past.life, records.get(past.life.action_id)
            if life.how is How.ELSEWHERE and life.action_id in taken and life.status != DECLINED:
                life = msgspec.structs.replace(life, how=How.OURS)
            if life.how is How.OURS and record is not None and _is_open(life, record):
                life = msgspec.structs.replace(life, how=How.OPEN)
            told = with_answer(said.get((life.action_id, life.first_seen), {}), past.answer)
            one = written(life, told, None)
            found += [] if one is None else [one]
        return found
