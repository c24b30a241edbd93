"""Proposals that are over -> the history: judged by the policies in force as they were then, those that are not recorded."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from agent.judge.advance import unnamed_id
from agent.judge.gather import mail_of, wanted
from agent.judge.naming import ids_to_look_for
from agent.judge.past.afterwards import By, judged_then
from agent.judge.past.proposed import Ended, truth_of
from agent.judge.past.renewed import gives_way, known_before, of_life, overlap
from agent.judge.past.then import action_then, unknown_then
from agent.loop.lookup import look_up
from agent.model.defender import Mail
from agent.model.enactment import Record, State
from agent.model.imported import Imported, Importing, Lives, Why
from agent.model.pending import PendingAction, are_one_proposal
from agent.ports.importing import Imports
from agent.ports.world import World

WITHOUT_HUNTING = 10
"""Actions whose mail is looked up together where that is one request for each message."""


class Judging:
    """Judges what was proposed, and writes it down."""

    def __init__(self, world: World, imports: Imports, by: By) -> None:
        self._world = world
        self._imports = imports
        self._by = by
        self.actions = 0
        """How many were judged so far."""

    async def missed(self, ended: Sequence[Ended]) -> tuple[Ended, ...]:
        """Return those that are neither recorded nor imported."""
        lives = await self._lives([one.action for one in ended])
        return tuple(
            one
            for one in ended
            if not _is_recorded(one.action, lives) and not _is_imported(one.action, lives)
        )

    async def _lives(self, actions: Sequence[PendingAction]) -> Mapping[str, Lives]:
        ids = dict.fromkeys(name for one in actions for name in _ids(one))
        return await self._imports.lives(list(ids)) if ids else {}

    async def bring_in(
        self, looked: Sequence[Ended | Why | None], after: Importing, *, counts: bool
    ) -> Importing:
        """Judge what was proposed among these and write it down, with how far the import has come by that.

        What is left out is counted where it `counts`, which it does once for each look at an incident.
        """
        ended = [one for one in looked if isinstance(one, Ended)]
        left = Counter(one for one in looked if isinstance(one, Why))
        lives = await self._lives([one.action for one in ended])
        fresh = [one for one in ended if not _is_recorded(one.action, lives)]
        left[Why.RECORDED] += len(ended) - len(fresh)
        size = self._world.pace.judge_at_once if self._world.defender.can_hunt else WITHOUT_HUNTING
        unknown: Counter[str] = Counter()
        batches = [fresh[start : start + size] for start in range(0, len(fresh), size)] or [[]]
        for number, some in enumerate(batches, start=1):
            judged = await self._judged(some)
            unknown.update(fact for one in judged for fact in unknown_then(one.decision))
            is_last = number == len(batches)
            if is_last:
                after = _counted(after, left if counts else Counter(), unknown)
            await self._write(judged, lives, after, moves=is_last)
            self.actions += len(judged)
        return after

    async def _write(
        self, judged: Sequence[Imported], lives: Mapping[str, Lives], after: Importing, *, moves: bool
    ) -> None:
        found, again = list[Imported](), list[Imported]()
        for one in judged:
            known = known_before(one, lives[one.action.id].imported if one.action.id in lives else ())
            if known is None or gives_way(known, one):
                found.append(one)
            else:
                again.append(msgspec.structs.replace(known, truth=of_life(one.truth, known)))
        await self._imports.bring_in(found, again, after, moves=moves)

    async def _judged(self, ended: Sequence[Ended]) -> list[Imported]:
        then = [action_then(one.action) for one in ended]
        mail = await look_up(self._world, [Record(action=one, state=State.SEEN, due=None) for one in then])
        return [
            self._imported(one, action, mail_of(action, mail) if wanted(action) else None)
            for one, action in zip(ended, then, strict=True)
        ]

    def _imported(self, ended: Ended, action: PendingAction, mail: Mail | None) -> Imported:
        return Imported(
            action=action,
            decision=judged_then(action, mail, self._by),
            ended=ended.ended,
            ended_at=ended.at,
            status=ended.status,
            truth=truth_of(ended),
        )


def _ids(action: PendingAction) -> tuple[str, ...]:
    """Return every id under which the agent may have recorded it."""
    unnamed = unnamed_id(action)
    return ids_to_look_for(action) if unnamed is None else (*ids_to_look_for(action), unnamed)


def _is_recorded(action: PendingAction, lives: Mapping[str, Lives]) -> bool:
    return any(
        are_one_proposal(action.first_seen, action.deadline, begun, ended)
        for name in _ids(action)
        if name in lives
        for begun, ended in lives[name].recorded
    )


def _is_imported(action: PendingAction, lives: Mapping[str, Lives]) -> bool:
    known = lives.get(action.id)
    return known is not None and any(overlap(action, one.action) for one in known.imported)


def _counted(importing: Importing, left: Mapping[Why, int], unknown: Mapping[str, int]) -> Importing:
    both = Counter(importing.left) + Counter(left)
    facts = Counter(importing.unknown_then) + Counter(unknown)
    return msgspec.structs.replace(importing, left=dict(both), unknown_then=dict(facts))
