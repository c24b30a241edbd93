"""The past: what Graph still has of proposals that were over before the agent came -> the history, judged afterwards.

It goes through the incidents day by day, the oldest first, by when they were last updated: what is updated meanwhile is read
with the last day, so that nothing slips through, and the oldest is what Graph forgets first. A second round goes through alerts,
since whether a change of evidence moves its incident is UNCONFIRMED. A day is the unit of progress, since links to
pages expire: killed anywhere, it goes on with the day that was under way.

Nothing that the agent acts on is written: no record, no group's members, none of AIR's rows.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from agent.judge.naming import newer, places_of
from agent.judge.past.proposed import REACH, Ended, kinds_of, proposed
from agent.judge.past.renewed import overlap
from agent.judge.recognise import join, recognise
from agent.loop.judging_past import Judging
from agent.loop.past_policies import by_these, digest_of, feed, keep_beside
from agent.loop.policies import InForce
from agent.loop.poll import surviving
from agent.loop.run import load
from agent.model.air import AirAction
from agent.model.defender import Incident
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.imported import Importing, Outcome, Why
from agent.model.page import Page
from agent.model.pending import LIFETIME, PendingAction
from agent.ports.importing import Imports
from agent.ports.world import World

DAY = timedelta(days=1)

REST = timedelta(hours=1)
"""How much more than a day the last one may be: asked for is a number of days, and a little time has passed since."""

STALE = timedelta(days=1)
"""After this an import that was broken off is begun anew: its first day has moved on too far."""

ALIVE = timedelta(minutes=3)
"""How old the last sign of life of an agent may be that counts as running: it leaves one every half minute."""

SHARE = 3
"""Into how many parts the request budget is cut while an agent runs: the import has one, and the agent's work the rest."""

PATIENCE = 8
"""Failures in a row after which Graph counts as away."""

PAUSE = timedelta(seconds=20)
"""How long Graph is left alone after a first failure where it names no moment; with each more it is so much longer."""

NAMED = 20
"""Problems that are kept one by one."""

log = structlog.get_logger()


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import has come, for whoever watches."""

    done: int = 0
    of: int
    """Days to be read, in both rounds."""
    read: datetime
    """Up to when the past has been read."""
    incidents: int = 0
    actions: int = 0
    waiting: str = ""
    """Why nothing is asked of Graph now; empty where something is."""


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """What an import came to."""

    importing: Importing
    outcome: Outcome
    resumed: datetime | None
    """From where an earlier one was taken up; None where it began anew."""
    can_hunt: bool
    no_rows: str
    """Why AIR's own rows were not to be had; empty where they were."""


Tell = Callable[[Told], None]
Allow = Callable[[int], None]
"""Lets at most so many requests leave in a minute from now on."""


async def bring_in_the_past(
    world: World, imports: Imports, since: datetime, *, allow: Allow, tell: Tell, is_dry: bool = False
) -> Brought:
    """Read what Graph still has since then, judge it by the policies in force, and write it to the history.

    Args:
        world: it needs to read only.
        imports: where it is written.
        since: at most as far back as hunting reaches.
        allow: sets the request budget.
        tell: called as it goes on.
        is_dry: whether no set of policies is kept in the ledger either.

    Raises:
        PolicyError: the policies do not load.
        Unavailable, Refused, Malformed: Graph could not be read; what was brought in before stays, and the next import
            goes on from there.
    """
    policies = await load(world)
    problems = await feed(world, policies)
    if not is_dry:
        await keep_beside(world, policies)
    return await _Import(world, policies, imports, allow, tell).go(since, problems)


class _Import:
    """One import under way."""

    def __init__(self, world: World, policies: InForce, imports: Imports, allow: Allow, tell: Tell) -> None:
        self._world = world
        self._imports = imports
        self._allow = allow
        self._tell = tell
        self._files = digest_of(policies)
        self._judging = Judging(world, imports, by_these(world, policies))
        self._rows: dict[str, dict[str, AirAction]] = {}
        self._no_rows = ""
        self._agent_reads_since = world.clock.now()

    async def go(self, since: datetime, problems: Sequence[str]) -> Brought:
        now = self._world.clock.now()
        since = max(since, now - REACH)
        last = await self._imports.last()
        importing, resumed = _taken_up(last, since, now, self._files)
        importing = _with_problems(importing, problems)
        cursor = await self._world.ledger.cursor()
        pace = self._world.pace
        self._agent_reads_since = now - pace.first_look if cursor is None else cursor - pace.overlap
        self._say(importing)
        importing = await self._patiently(importing, self._read_rows)
        while importing.read < importing.until:
            importing = await self._patiently(importing, self._incidents_of_a_day)
        while importing.alerts_read < importing.until:
            importing = await self._patiently(importing, self._alerts_of_a_day)
        importing = msgspec.structs.replace(importing, is_whole=True)
        await self._imports.bring_in((), (), importing)
        return Brought(
            importing=importing,
            outcome=await self._imports.outcome(importing),
            resumed=resumed,
            can_hunt=self._world.defender.can_hunt,
            no_rows=self._no_rows,
        )

    async def _patiently(
        self, importing: Importing, step: Callable[[Importing], Awaitable[Importing]]
    ) -> Importing:
        """Take a step, again where Graph asks for patience or is away for a while."""
        failures = 0
        while True:
            await self._share()
            try:
                after = await step(importing)
            except Unavailable as error:
                failures += 1
                if failures == PATIENCE:
                    raise
                now = self._world.clock.now()
                self._say(importing, waiting=str(error))
                log.warning("import waits", why=str(error))
                await self._world.clock.sleep_until(max(error.until or now, now + PAUSE * failures))
                continue
            self._say(after)
            return after

    async def _share(self) -> None:
        """Take the whole request budget, or a part of it while an agent runs on this ledger."""
        now, whole = self._world.clock.now(), self._world.pace.requests_per_minute
        others = [one for one in await self._world.ledger.replicas() if one.name != self._world.replica]
        is_running = any(abs(now - one.alive) < ALIVE for one in others)
        self._allow(max(1, whole // SHARE) if is_running else whole)

    def _say(self, importing: Importing, waiting: str = "") -> None:
        days = _days(importing.since, importing.until)
        done = _days(importing.since, importing.read) + _days(importing.since, importing.alerts_read)
        self._tell(
            Told(
                done=done,
                of=2 * days,
                read=importing.read,
                incidents=importing.incidents,
                actions=self._judging.actions,
                waiting=waiting,
            )
        )

    async def _read_rows(self, importing: Importing) -> Importing:
        """Read all that AIR wrote down, which says what was proposed and who decided it. It is not kept."""
        since = max(importing.since - LIFETIME, self._world.clock.now() - REACH)
        rows: dict[str, AirAction] = {}
        problems: tuple[str, ...] = ()
        while True:
            try:
                found = await self._world.defender.air_actions(since)
            except (Refused, Malformed) as error:
                self._no_rows = f"AIR's own rows could not be read: {error}"
                break
            self._no_rows = found.why
            problems += found.unreadable
            for one in found.actions:
                rows[one.id] = newer(rows.get(one.id), one)
            newest = max((one.at for one in found.actions), default=since)
            if newest <= since:
                break
            since = newest
        self._rows = {}
        for one in rows.values():
            for place in one.places:
                self._rows.setdefault(place, {})[one.id] = one
        return _with_problems(importing, problems)

    async def _incidents_of_a_day(self, importing: Importing) -> Importing:
        """Bring in what the incidents of the next day show."""
        end, until = _next_day(importing.read, importing.until)
        seen = _Seen(self)
        count, problems = 0, list[str]()
        async for page in self._world.defender.incidents_since(importing.read, until):
            count += len(page.incidents)
            problems += _problems(page)
            for incident in page.incidents:
                seen.look(incident)
            await self._share()
        after = msgspec.structs.replace(importing, read=end, incidents=importing.incidents + count)
        return await self._judging.bring_in(self._looked(seen), _with_problems(after, problems), counts=True)

    async def _alerts_of_a_day(self, importing: Importing) -> Importing:
        """Bring in what alerts of the next day show that their incidents did not."""
        end, until = _next_day(importing.alerts_read, importing.until)
        seen = _Seen(self)
        problems = list[str]()
        async for page in self._world.defender.alerts_since(importing.alerts_read, until):
            problems += _problems(page)
            for alert in page.alerts:
                if alert.incident_id:
                    seen.look(Incident(id=alert.incident_id, alerts=(alert,)))
            await self._share()
        missed = _Seen(self)
        for incident_id in await self._missed(seen):
            try:
                incident = await surviving(self._world, incident_id)
            except (Refused, Malformed) as error:
                problems.append(f"incident {incident_id}: {error}")
                continue
            if incident is not None:
                missed.look(incident)
        after = msgspec.structs.replace(importing, alerts_read=end)
        return await self._judging.bring_in(
            self._looked(missed), _with_problems(after, problems), counts=False
        )

    async def _missed(self, seen: "_Seen") -> Sequence[str]:
        """Return the incidents of proposals that are neither recorded nor imported."""
        ended = [one for one in self._looked(seen) if isinstance(one, Ended)]
        return list(dict.fromkeys(one.action.incident.id for one in await self._judging.missed(ended)))

    def _looked(self, seen: "_Seen") -> list[Ended | Why | None]:
        now, since = self._world.clock.now(), self._agent_reads_since
        return [proposed(one, self.about(one), now, since) for one in seen.actions]

    def about(self, action: PendingAction) -> tuple[AirAction, ...]:
        """Return AIR's own rows that may be about it."""
        found = {name: row for place in places_of(action) for name, row in self._rows.get(place, {}).items()}
        return tuple(found[name] for name in sorted(found))

    def shown_by(self, incident: Incident) -> Iterable[PendingAction]:
        """Give what an incident shows, under the kinds that AIR's rows name."""
        for one in recognise(incident, tenant_id=self._world.tenant_id, now=self._world.clock.now()):
            yield from kinds_of(one, self.about(one))


class _Seen:
    """What some incidents show, each proposal once, however many of them show it."""

    def __init__(self, import_: _Import) -> None:
        self._import = import_
        self._found: dict[str, list[PendingAction]] = {}

    def look(self, incident: Incident) -> None:
        """Take what an incident shows."""
        for one in self._import.shown_by(incident):
            lives = self._found.setdefault(one.id, [])
            for place, known in enumerate(lives):
                if overlap(one, known):
                    lives[place] = join(known, one)
                    break
            else:
                lives.append(one)

    @property
    def actions(self) -> list[PendingAction]:
        """Everything that was seen, in a fixed order."""
        found = (one for lives in self._found.values() for one in lives)
        return sorted(found, key=lambda one: (one.first_seen, one.id))


def _taken_up(
    last: Importing | None, since: datetime, now: datetime, files: str
) -> tuple[Importing, datetime | None]:
    """Return the import to go on with, and from where; a new one where the last has ended, or is of no use any more."""
    is_of_use = (
        last is not None
        and not last.is_whole
        and last.policies == files
        and last.since <= since
        and timedelta(0) <= now - last.until < STALE
    )
    if last is not None and is_of_use:
        return last, last.read if last.read < last.until else last.alerts_read
    fresh = Importing(since=since, until=now, policies=files, read=since, alerts_read=since)
    return fresh, None


def _next_day(start: datetime, until: datetime) -> tuple[datetime, datetime | None]:
    """Return where the day ends that begins then, and up to when is asked: for the last one, to whatever is there."""
    end = start + DAY
    return (until, None) if end >= until - REST else (end, end)


def _days(since: datetime, until: datetime) -> int:
    """Return in how many days it is read from the one moment to the other."""
    return max(1, -((since - until + REST) // DAY)) if until > since else 0


def _problems(page: Page) -> list[str]:
    partial = [] if page.is_whole else ["a part of Graph's answer was missing: import again later"]
    return [*page.unreadable, *partial]


def _with_problems(importing: Importing, problems: Iterable[str]) -> Importing:
    told = tuple(dict.fromkeys((*importing.problems, *problems)))
    return msgspec.structs.replace(importing, problems=told[:NAMED])
