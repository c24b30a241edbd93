"""What is known of the records that need people: read once, and again where they changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from agent.judge.appoint import chain_for
from agent.judge.compile import Judge
from agent.judge.escalation.grouping import group_of
from agent.judge.escalation.items import ASKED, HANDED, LOOKED_AT, ON_THE_WAY, item_of
from agent.loop.tracing import about
from agent.model.chain import Chain
from agent.model.enactment import Record, State
from agent.model.escalation import Item
from agent.ports.escalation import Pages
from agent.ports.world import World

STATES: Sequence[State] = tuple(sorted(ASKED | HANDED | LOOKED_AT | ON_THE_WAY))
"""States in which a record may need people."""

AT_ONCE = 500
"""Records read together."""

log = structlog.get_logger()

Place = tuple[str, str]
"""A chain's name, and the group within it: what shares one page."""


@dataclass(frozen=True, slots=True)
class Known:
    """One record as it was last read: what people are told of it, and where; None where that is nothing or nowhere."""

    version: int
    item: Item | None
    place: Place | None
    life: int = 0


@dataclass(slots=True)
class Records:
    """Every record that may need people until its week is over, for as long as this process lives.

    Nothing is lost with it but time.
    """

    known: dict[str, Known] = field(default_factory=dict)
    revision: str = ""
    """Of the policies by which their places were worked out."""
    broken: dict[str, str] = field(default_factory=dict)
    """Actions of which nobody can say what people are to be told, and why; what was known of them before stands."""

    async def look(self, world: World, pages: Pages, judge: Judge) -> frozenset[str]:
        """Read what is new or has changed, forget what needs nobody any more, and return the actions of both."""
        if judge.revision != self.revision:
            self.known.clear()
            self.revision = judge.revision
        now = world.clock.now()
        standing = await pages.standing(STATES, now)
        gone = self.known.keys() - standing.keys()
        for action_id in gone:
            del self.known[action_id]
        news = [one for one, version in standing.items() if _version(self.known.get(one)) != version]
        for first in range(0, len(news), AT_ONCE):
            found = await world.ledger.load(news[first : first + AT_ONCE])
            for action_id, record in found.items():
                self._take(world, action_id, record, judge.chains, now)
        self.broken = {one: why for one, why in self.broken.items() if one in standing}
        return frozenset(news).union(gone)

    def _take(
        self, world: World, action_id: str, record: Record, chains: Mapping[str, Chain], now: datetime
    ) -> None:
        """Remember a record; one that cannot be worked out keeps no other from being told."""
        try:
            self.known[action_id] = self._read(world, record, chains, now)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            if self.broken.get(action_id) != why:
                with about(record):
                    log.exception("what people are to be told of an action cannot be worked out")
            self.broken[action_id] = why
        else:
            self.broken.pop(action_id, None)

    def by_place(self, now: datetime) -> dict[Place, dict[str, Item]]:
        """Return what people are to be told, by the page that it belongs on; nothing whose week is over."""
        found: dict[Place, dict[str, Item]] = {}
        for action_id, one in self.known.items():
            if one.item is not None and one.place is not None and now < one.item.deadline:
                found.setdefault(one.place, {})[action_id] = one.item
        return found

    def life_of(self, action_id: str) -> int:
        """Return the number of an action's life, as far as it is known."""
        known = self.known.get(action_id)
        return 0 if known is None else known.life

    def nowhere(self, now: datetime) -> int:
        """Return how many need people, and there is no chain to tell them through."""
        items = [one.item for one in self.known.values() if one.place is None]
        return sum(item is not None and now < item.deadline for item in items)

    def _read(self, world: World, record: Record, chains: Mapping[str, Chain], now: datetime) -> Known:
        chain = chain_for(chains, record.decision, world.escalating.chain)
        place = None if chain is None else (chain.name, group_of(record, chain))
        return Known(record.version, item_of(record, now), place, record.life)


def _version(known: Known | None) -> int | None:
    return None if known is None else known.version
