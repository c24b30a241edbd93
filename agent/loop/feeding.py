"""Groups -> the members of the lists that name them: asked for when they are due, and kept from one run to the next.

A group that cannot be read leaves its lists as they were last known, until they are stale; what tests them is
unknown then, and so goes to a person. An alarm stands for as long as a list cannot be relied on to be right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from agent.judge.lists import group_key
from agent.judge.quote import span
from agent.loop.cycle import judge_anew
from agent.loop.policies import InForce
from agent.loop.report import PassReport
from agent.loop.standing_alarms import StandingAlarms
from agent.model.errors import AgentError, Malformed, Refused, Unavailable
from agent.model.policy import Feed, ListType, Members, PolicyList
from agent.ports.world import World

REST = timedelta(minutes=15)
"""How long a group that was refused is left alone, or less where it is due more often: somebody has to grant
something first."""

NEVER = datetime.min.replace(tzinfo=UTC)

ALARM = "list "
"""How the names of alarms of lists begin; the list's name follows."""

log = structlog.get_logger()


@dataclass(slots=True)
class Feeding:
    """What is remembered from one pass to the next: which groups failed, when and why, and which alarms stand."""

    failed: dict[str, tuple[datetime, AgentError]] = field(default_factory=dict)
    alarms: StandingAlarms = field(default_factory=lambda: StandingAlarms(ALARM))

    async def go(self, world: World, policies: InForce, report: PassReport) -> None:
        """Ask for every group that is due; where somebody joined or left one, judge by that from now on."""
        has_news = False
        for one in sorted(policies.fed, key=self._failed_last):
            if one.feed is None or not self._is_due(one, one.feed, policies, world.clock.now()):
                continue
            try:
                has_news |= await self._fetch(world, one, one.feed, policies)
            except (Refused, Malformed) as error:
                self.failed[group_key(one)] = world.clock.now(), error
                report.problems.append(f"list {one.name}: {error}")
                log.error("list not refreshed", list=one.name, why=str(error))
            except Unavailable as error:
                # Polling comes next: it says that Graph is away, and until when.
                self.failed[group_key(one)] = world.clock.now(), error
                log.warning("list not refreshed", list=one.name, why=str(error))
                break
        if has_news and policies.renew():
            renewed = await judge_anew(world, policies)
            log.info("members changed", revision=policies.judge.revision, judged_anew=renewed)
        await self.alarms.match(world, self._wrong(policies, world.clock.now()))

    def _failed_last(self, one: PolicyList) -> datetime:
        """Return by what lists are put in order: a group that keeps failing does not keep others from being read."""
        failed = self.failed.get(group_key(one))
        return NEVER if failed is None else failed[0]

    def _is_due(self, one: PolicyList, feed: Feed, policies: InForce, now: datetime) -> bool:
        """Whether it is time to ask; a clock that was set back is no reason to wait."""
        key = group_key(one)
        known, failed = policies.members.get(key), self.failed.get(key)
        if known is not None and timedelta(0) <= now - known.at < feed.refresh:
            return False
        if failed is None or isinstance(failed[1], Unavailable):
            return True
        return not timedelta(0) <= now - failed[0] < min(REST, feed.refresh)

    async def _fetch(self, world: World, one: PolicyList, feed: Feed, policies: InForce) -> bool:
        """Ask who is in the list's group, and remember it; return whether that is news."""
        key, asked = group_key(one), world.clock.now()
        ask = world.directory.devices if one.type is ListType.DEVICES else world.directory.people
        found = Members(group=key, at=asked, values=await ask(feed.group))
        await world.ledger.save_members(found)
        known = policies.members.get(key)
        policies.members[key] = found
        self.failed.pop(key, None)
        log.info("list refreshed", list=one.name, values=len(found.values))
        return known is None or known.values != found.values

    def _wrong(self, policies: InForce, now: datetime) -> Mapping[str, str]:
        """Return what is wrong with which list, by its name."""
        found: dict[str, str] = {}
        for one in policies.fed:
            key = group_key(one)
            failed = self.failed.get(key)
            words = _words(one, policies.members.get(key), None if failed is None else failed[1], now)
            if words:
                found[one.name] = f"`${one.name}` {words}"
        return found


def _words(one: PolicyList, known: Members | None, error: AgentError | None, now: datetime) -> str:
    """Return what is wrong with a list; nothing where it can be relied on."""
    why = "" if error is None else f": {error}"
    if known is None or one.feed is None:
        return f"was never fetched, so that nothing on it is known{why}"
    if now - known.at > one.feed.stale:
        age, limit = span(now - known.at), span(one.feed.stale)
        return f"was last refreshed {age} ago, {limit} asked, so that nothing on it is known{why}"
    if isinstance(error, Refused | Malformed):
        return f"could not be refreshed{why}"
    if not known.values:
        what = "device" if one.type is ListType.DEVICES else "user"
        return f"is empty: there is no {what} in the group `{one.feed.group}`"
    return ""
