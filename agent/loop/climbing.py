"""Pages as the ledger has them, and records as they are now -> pages as they are to be, and what is to be told.

Every page is worked out and written by itself. One of which something cannot be worked out, or that another replica has
changed, is left for the next look and keeps no other from being told.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from msgspec.structs import replace

from agent.judge.escalation.apart import ELSEWHERE, STORM, storm_page
from agent.judge.escalation.climb import Climbed, climb, opened
from agent.judge.escalation.gathered import summary
from agent.judge.escalation.items import ending_of
from agent.judge.escalation.lapse import lapsed
from agent.judge.escalation.set_back import is_ahead
from agent.judge.escalation.storm import HOUR, in_turn
from agent.loop.outbox import Outbox
from agent.loop.records import Place
from agent.loop.tracing import trace_all
from agent.model.chain import Chain
from agent.model.errors import AgentError, Conflict
from agent.model.escalation import Heard, Item, Page
from agent.model.telemetry import Counted
from agent.model.trace import Phase
from agent.ports.escalation import Pages
from agent.ports.world import World

AT_ONCE = 200
"""Pages of which nothing is told that are written together."""

BETWEEN = 20
"""Pages that are worked out without letting anything else go on."""

Items = Mapping[str, Item]
"""What needs people, by the action."""

NOTHING: Items = {}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look has found before any page is worked out."""

    chains: Mapping[str, Chain]
    places: Mapping[Place, Items]
    changed: Collection[str]
    """Actions whose records are new, have changed, or need nobody any more."""
    heard: Mapping[str, Sequence[Heard]]
    now: datetime
    lives: Mapping[str, int] = field(default_factory=dict)
    """Of each action that may need people, the number of its life."""

    def items_of(self, page: Page) -> Items:
        """Return what belongs on a page."""
        return self.places.get((page.chain, page.group), NOTHING)

    def missing_from(self, page: Page) -> tuple[str, ...]:
        """Return the actions that are on a page and do not belong there any more."""
        items = self.items_of(page)
        return tuple(one.action_id for one in page.open_members if one.action_id not in items)

    def chain_of(self, page: Page) -> Chain | None:
        """Return a page's chain; where it is gone, another one's channels close the page. None where there is none."""
        return self.chains.get(page.chain) or next(iter(self.chains.values()), None)


@dataclass(slots=True)
class Climbing:
    """What is remembered from one look to the next; nothing is lost with it but time."""

    world: World
    pages: Pages
    outbox: Outbox
    behind: set[Place] = field(default_factory=set)
    """What was left for the next look."""
    broken: dict[Place, str] = field(default_factory=dict)
    """What cannot be worked out, and why."""

    async def go(self, seen: Seen, open_pages: Sequence[Page]) -> Sequence[Page]:
        """Work out every page that is due or has changed, the most urgent first; return all that are open now.

        Raises LedgerError.
        """
        standing = {page.id: page for page in open_pages}
        due = [page for page in open_pages if self._is_due(page, seen)]
        taken = {(page.chain, page.group) for page in open_pages}
        due += [
            opened(seen.chains[place[0]], place[1], tuple(items.values()), seen.now)
            for place, items in seen.places.items()
            if place not in taken
        ]
        self.behind = set()
        self.broken = {
            place: why for place, why in self.broken.items() if place in taken | seen.places.keys()
        }
        ended = await self._endings(due, seen)
        paged = list((await self.pages.loud_since(seen.now - HOUR)).values())
        quiet: list[Page] = []
        in_order = in_turn([(chain, page) for page in due if (chain := seen.chain_of(page))])
        for number, (chain, page) in enumerate(in_order, 1):
            if not number % BETWEEN:
                await asyncio.sleep(0)  # whatever else the agent does goes on while thousands are looked at
            after = await self._one(chain, page, seen, ended, paged, quiet)
            standing[page.id] = page if after is None else after
        await self._keep(quiet)
        await self._summarise(seen, standing.values())
        return [page for page in standing.values() if page.closed is None]

    def _is_due(self, page: Page, seen: Seen) -> bool:
        items, place = seen.items_of(page), (page.chain, page.group)
        if page.due is not None and (page.due <= seen.now or is_ahead(page, seen.now)):
            return True
        if page.id in seen.heard or place in self.behind:
            return True
        if seen.missing_from(page):
            return True
        return any(action_id in seen.changed for action_id in items)

    async def _endings(self, due: Iterable[Page], seen: Seen) -> Mapping[str, str]:
        """Return of every action that is on one of these pages and does not belong there any more, what became of it."""
        missing = {action_id for page in due for action_id in seen.missing_from(page)}
        if not missing:
            return {}
        elsewhere = {action_id for items in seen.places.values() for action_id in items}
        found = await self.world.ledger.load(sorted(missing - elsewhere))
        return {
            one: ELSEWHERE if one in elsewhere else ending_of(found.get(one), seen.now) for one in missing
        }

    async def _one(
        self,
        chain: Chain,
        page: Page,
        seen: Seen,
        ended: Mapping[str, str],
        paged: list[datetime],
        quiet: list[Page],
    ) -> Page | None:
        """Work out and write one page; return it as it is then, None where it is left for the next look.

        What was paged is added to `paged`; a page that changes and tells nothing is left to be written in `quiet`.
        """
        place, items = (page.chain, page.group), seen.items_of(page)
        gone = {action_id: ended[action_id] for action_id in seen.missing_from(page)}
        try:
            climbed = climb(
                chain,
                page,
                tuple(items.values()),
                ended=gone,
                heard=seen.heard.get(page.id, ()),
                paged=paged,
                rules=self.world.escalating,
                now=seen.now,
            )
            if climbed.lapsed:
                await self._lapse(chain, climbed.lapsed, seen.now)
            if climbed.notices:
                await self.outbox.put(climbed.page, climbed.notices, chain)
                self._tell(climbed, seen)
        except Conflict as error:
            self.behind.add(place)
            log.info("a page is left for the next look", page=page.id, why=str(error))
            return None
        except AgentError:
            raise
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            if self.broken.get(place) != why:
                log.exception("a page cannot be worked out", page=page.id, group=page.group, chain=page.chain)
            self.broken[place] = why
            self.behind.add(place)
            return None
        self.broken.pop(place, None)
        if any(notice.is_page for notice in climbed.notices):
            paged.append(seen.now)
        return self._written(page, climbed, quiet)

    def _tell(self, climbed: Climbed, seen: Seen) -> None:
        """Tell that people are to be told of a page: of each occasion once, and in the trace of each of its actions."""
        page = climbed.page
        for occasion in {notice.occasion.value for notice in climbed.notices}:
            self.world.telemetry.count(Counted.STEP, chain=page.chain, occasion=occasion)
            lives = [(one.action_id, seen.lives.get(one.action_id, 0)) for one in page.open_members]
            trace_all(
                self.world,
                lives,
                Phase.ESCALATED,
                seen.now,
                self.world.clock.now(),
                occasion=occasion,
                chain=page.chain,
                page=page.id,
                step=page.step,
            )

    def _written(self, page: Page, climbed: Climbed, quiet: list[Page]) -> Page:
        """Return the page as it stands, once it is among those to be written where that is still to be done."""
        if not climbed.notices and (page.version == 0 or climbed.page != page):
            quiet.append(climbed.page)
        elif not climbed.notices:
            return page
        return replace(climbed.page, version=page.version + 1)

    async def _lapse(self, chain: Chain, action_ids: Sequence[str], now: datetime) -> None:
        """Write on the records that their last chance has come; what the chain's fallback decides is judged at once."""
        found = await self.world.ledger.load(action_ids)
        moved = [after for one in found.values() if (after := lapsed(one, chain, now)) is not None]
        if moved:
            await self.world.ledger.save(moved, now=now)
            log.warning("lapsed", chain=chain.name, actions=len(moved), then=chain.last_chance.decide.value)

    async def _keep(self, quiet: Sequence[Page]) -> None:
        for first in range(0, len(quiet), AT_ONCE):
            some = quiet[first : first + AT_ONCE]
            try:
                await self.outbox.keep(some)
            except Conflict as error:
                self.behind.update((page.chain, page.group) for page in some)
                log.info("pages are left for the next look", pages=len(some), why=str(error))

    async def _summarise(self, seen: Seen, pages: Iterable[Page]) -> None:
        """Tell of each chain how much the storm limit holds back: once an hour, also across a restart."""
        stormy: dict[str, list[Page]] = {}
        storms: dict[str, Page] = {}
        for page in pages:
            if page.group == STORM:
                storms[page.chain] = page
            elif page.is_stormy and page.closed is None:
                stormy.setdefault(page.chain, []).append(page)
        for name in stormy.keys() | storms.keys():
            try:
                await self._summarise_one(seen, name, stormy.get(name, []), storms.get(name))
            except Conflict as error:
                log.info("a summary is left for the next look", chain=name, why=str(error))

    async def _summarise_one(self, seen: Seen, name: str, stormy: Sequence[Page], storm: Page | None) -> None:
        now, chain = seen.now, seen.chains.get(name)
        if not stormy or chain is None:
            if storm is not None and (storm.paged_at is None or not now - HOUR < storm.paged_at <= now):
                await self.outbox.keep([replace(storm, closed=now)])
            return
        items = [
            (page, [item for one in page.open_members if (item := seen.items_of(page).get(one.action_id))])
            for page in stormy
        ]
        notices = summary(
            chain,
            items,
            now,
            last=None if storm is None else storm.paged_at,
            rules=self.world.escalating,
        )
        if notices:
            page = storm_page(chain, now) if storm is None else storm
            await self.outbox.put(replace(page, paged_at=now), notices, chain)
