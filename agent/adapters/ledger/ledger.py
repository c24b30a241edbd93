"""The ledger: one tenant's, on one thread of its own."""
# ruff: noqa: D102  # what each method promises stands in `ports.Ledger`, once

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.engine import Connection

from agent.adapters.ledger import (
    airing,
    amounts,
    arriving,
    claims,
    departed,
    history,
    holding,
    keeping,
    leaving,
    reads,
    responding,
    searching,
    writes,
)
from agent.adapters.ledger import fallbacks as falling
from agent.adapters.ledger import truths as truths_of
from agent.adapters.ledger.archive import SqlArchive
from agent.adapters.ledger.auditing import Book
from agent.adapters.ledger.desk import Desk
from agent.adapters.ledger.gauges import SqlMeters
from agent.adapters.ledger.glances import Ask
from agent.adapters.ledger.importing import SqlImports
from agent.adapters.ledger.pages import SqlPages
from agent.adapters.ledger.reported import SqlReportLog
from agent.adapters.ledger.sessions import SqlSessions
from agent.adapters.ledger.trail import SqlTrail
from agent.adapters.ledger.worklist import SqlWorklist
from agent.model import audit
from agent.model.air import AirAction
from agent.model.alarm import Alarm
from agent.model.answer import Answer
from agent.model.audit import Entry
from agent.model.audit_search import AuditSearch
from agent.model.decision import Decision
from agent.model.enactment import (
    Approval,
    Cover,
    Effect,
    EffectKind,
    Outcome,
    Pair,
    Record,
    Spent,
    State,
    Went,
)
from agent.model.errors import LedgerError
from agent.model.fallback import Fallback
from agent.model.history import Decided, Place
from agent.model.hold import Hold, Replica
from agent.model.past import Judged, Matter, PastAnswer, Tally
from agent.model.pending import ActionKind, PendingAction
from agent.model.policy import KeptSet, Members
from agent.model.rails import Approved, Leave
from agent.model.restored import Restored
from agent.model.truth import Truth, Unknown

T = TypeVar("T")


class SqlLedger(SqlWorklist):
    """`ports.Ledger` in SQLite or PostgreSQL.

    `trail` is its audit, `pages` what people are told of, `archive` what its own pages show, `sessions` who is
    signed in to those, `reports` how reports were sent, `imports` what was read of the time before the agent, and `meters`
    what is measured of it all. What the audit tells of is written with its entry, in one transaction: without the one the
    other is not written either. What asks about nothing does not go to the database. `glance` looks beside whoever writes
    at what is asked again and again, where there is any such thing.
    """

    def __init__(self, desk: Desk, glance: Ask | None = None) -> None:
        super().__init__(desk)
        self.trail = SqlTrail(desk, glance)
        self.pages = SqlPages(desk)
        self.archive = SqlArchive(desk)
        self.sessions = SqlSessions(desk)
        self.reports = SqlReportLog(desk)
        self.imports = SqlImports(desk)
        self.meters = SqlMeters(desk)
        self._desk = desk
        self._glance = glance
        self._audited = desk.audited

    async def as_of_now(self, look: Callable[[Connection, str], T]) -> T:
        """Return what is found of all of it, as it is at one moment, beside whoever writes."""
        return await self._read(look)

    async def cursor(self) -> datetime | None:
        return await self._read(reads.cursor)

    async def move_cursor(self, watermark: datetime) -> None:
        await self._write(writes.move_cursor, watermark)

    async def swept(self) -> datetime | None:
        return await self._read(reads.swept)

    async def mark_swept(self, moment: datetime) -> None:
        await self._write(writes.mark_swept, moment)

    async def alive(self) -> datetime | None:
        return await self._read(reads.alive)

    async def versions(self, incident_ids: Sequence[str]) -> Mapping[str, str]:
        return await self._read(reads.versions, incident_ids) if incident_ids else {}

    async def load(self, action_ids: Sequence[str]) -> Mapping[str, Record]:
        return await self._read(reads.load, action_ids) if action_ids else {}

    async def save(
        self,
        records: Sequence[Record],
        *,
        effects: Sequence[Effect] = (),
        dropped: Sequence[str] = (),
        approvals: Sequence[Approval] = (),
        answers: Sequence[PastAnswer] = (),
        truths: Sequence[Truth] = (),
        fallbacks: Sequence[Fallback] = (),
        versions: Mapping[str, str] | None = None,
        now: datetime,
    ) -> None:
        def all_of_it(connection: Connection, tenant_id: str, book: Book) -> None:
            writes.save_records(connection, tenant_id, book, records, now)
            writes.drop_effects(connection, tenant_id, book, dropped, now)
            writes.release_approvals(connection, tenant_id, dropped)
            undone = {one.action.id: one.undone for one in records}
            writes.save_effects(connection, tenant_id, book, effects, now, undone)
            writes.save_approvals(connection, tenant_id, approvals)
            keeping.save_answers(connection, tenant_id, answers)
            truths_of.save(connection, tenant_id, truths)
            falling.fall_back(connection, tenant_id, book, fallbacks)
            writes.save_versions(connection, tenant_id, versions or {}, now)

        await self._audited(all_of_it)

    async def answer(
        self,
        answer: Answer,
        record: Record,
        now: datetime,
        dropped: Sequence[str] = (),
        truths: Sequence[Truth] = (),
    ) -> Answer:
        def all_of_it(connection: Connection, tenant_id: str, book: Book) -> Answer:
            truths_of.save(connection, tenant_id, truths)
            return responding.answer(connection, tenant_id, book, answer, record, now, dropped)

        return await self._audited(all_of_it)

    async def truths(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Truth, ...]]:
        return await self._read(truths_of.of_actions, action_ids) if action_ids else {}

    async def arrivals(self, within: timedelta) -> tuple[datetime, ...]:
        return tuple(await self._read(arriving.arrivals, within))

    async def fall_back(self, fallbacks: Sequence[Fallback]) -> tuple[Fallback, ...]:
        return await self._audited(falling.fall_back, fallbacks) if fallbacks else ()

    async def end_fallback(self, policy: str, by: str, reason: str, now: datetime) -> bool:
        return await self._audited(falling.end, policy, by, reason, now)

    async def fallbacks(self, *, is_standing: bool = True) -> tuple[Fallback, ...]:
        return await self._read(falling.every, is_standing=is_standing)

    async def deletions(self, since: datetime, until: datetime) -> tuple[Effect, ...]:
        return await self._read(falling.deletions, since, until)

    async def looked_back(self) -> datetime | None:
        return await self._read(falling.looked_back)

    async def mark_looked_back(self, moment: datetime) -> None:
        await self._write(falling.mark_looked_back, moment)

    async def answers(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Answer, ...]]:
        return await self._read(responding.answers, action_ids) if action_ids else {}

    async def of_incident(self, incident_id: str) -> tuple[Record, ...]:
        return await self._read(reads.of_incident, incident_id)

    async def effects(self, action_id: str) -> tuple[Effect, ...]:
        return (await self.effects_of([action_id])).get(action_id, ())

    async def effects_of(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Effect, ...]]:
        return await self._read(reads.planned, action_ids) if action_ids else {}

    async def covered(
        self,
        targets: Sequence[Pair],
        kind: EffectKind = EffectKind.SOFT_DELETE,
        *,
        counted: Collection[Went] = (),
    ) -> Mapping[Pair, Cover]:
        if not targets:
            return {}
        found = await self._read(claims.covered, targets, kind, counted)
        if self._desk.has_departures:
            left = [one for one in dict.fromkeys(targets) if one not in found or found[one].is_observed]
            found = {**found, **await self._read(departed.covered, self._desk.keeper, left, kind)}
        return found

    async def restored(self) -> Restored | None:
        """Return what the ledger knows of its restores; None where there was none."""
        return await self._read(departed.restored)

    async def lease(self, incident_id: str, replica: str, now: datetime, until: datetime) -> int | None:
        return await self._write(leaving.lease, incident_id, replica, now, until)

    async def let_go(self, incident_id: str, token: int) -> None:
        await self._write(leaving.let_go, incident_id, token)

    async def interrupted(self, replica: str, now: datetime) -> tuple[Effect, ...]:
        return await self._read(leaving.interrupted, replica, now)

    async def given(self, since: datetime) -> tuple[Effect, ...]:
        return await self._read(amounts.given, since)

    async def approved(self, now: datetime, hours: int, *, shadow: bool = False) -> Approved:
        return await self._read(amounts.approved, now, hours, shadow=shadow)

    async def hold(self, hold: Hold) -> None:
        await self._audited(holding.hold, hold)

    async def release(self, name: str, by: str, reason: str, now: datetime) -> bool:
        return await self._audited(holding.release, name, by, reason, now)

    async def holds(self) -> tuple[Hold, ...]:
        return await self._read(holding.standing) if self._glance is None else (await self._glance()).holds

    async def stamp(self) -> object:
        if self._glance is None:
            return None
        glance, changes = await self._glance(), self._desk.changes
        return glance.stamp, changes

    async def beat(self, replica: Replica) -> None:
        await self._write(holding.beat, replica)

    async def replicas(self) -> tuple[Replica, ...]:
        return tuple(await self._read(holding.told))

    async def depart(self, effect_id: str, now: datetime, leave: Leave) -> None:
        """Turn an intended effect into a sent one.

        It waits without letting anything else run, so that the call leaves in the very step in which it was
        written down: a process that dies in between would leave a call of which nobody knows.
        """
        self._desk.at_once(leaving.depart, effect_id, now, leave)

    async def allow(self, leave: Leave, entry: Entry) -> None:
        """Renew the lease by which a note is written, in the very step in which it leaves."""
        self._desk.at_once(leaving.allow, leave, entry)

    async def settle(self, effect_id: str, outcome: Outcome, now: datetime) -> None:
        await self._audited(leaving.settle, effect_id, outcome, now)

    async def audit(self, entries: Sequence[Entry]) -> None:
        def tell(_connection: Connection, _tenant_id: str, book: Book) -> None:
            book.tell(*entries)

        await self._audited(tell)

    async def spent(
        self, policy: str, since: datetime, *, apart_from: str = "", observed: bool = False
    ) -> Spent:
        return await self._read(reads.spent, policy, since, apart_from, observed)

    async def listed(
        self, *, states: Sequence[State] = (), limit: int = 1000, offset: int = 0
    ) -> tuple[Record, ...]:
        return await self._read(reads.listed, states, limit, offset)

    async def counts(self) -> Mapping[State, int]:
        return await self._read(reads.counts)

    async def decisions(
        self, *, action_id: str | None = None, since: datetime | None = None, limit: int = 1000
    ) -> tuple[Decision, ...]:
        return await self._read(reads.decided, action_id, since, limit)

    async def judged(
        self, *, since: datetime | None = None, after: Judged | None = None, limit: int = 1000
    ) -> tuple[Judged, ...]:
        return await self._read(reads.judged, since, after, limit)

    async def approvals(self, since: datetime) -> tuple[Approval, ...]:
        return await self._read(reads.approved, since)

    async def answered(self, matters: Sequence[Matter], since: datetime) -> Mapping[Matter, Tally]:
        return await self._read(keeping.answered, matters, since) if matters else {}

    async def takers(self, network_message_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        return await self._read(claims.takers, network_message_ids) if network_message_ids else {}

    async def past(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Decided, ...]]:
        return await self._read(history.of_actions, action_ids) if action_ids else {}

    async def by_people(
        self, since: datetime, *, after: Place | None = None, limit: int = 1000
    ) -> tuple[Decided, ...]:
        return await self._read(history.by_people, since, after, limit)

    async def ended(
        self, kinds: Sequence[ActionKind], since: datetime, *, after: str = "", limit: int = 1000
    ) -> tuple[str, ...]:
        return await self._read(truths_of.ended, kinds, since, after, limit)

    async def untold(self, why: Sequence[Unknown], since: datetime, until: datetime) -> datetime | None:
        return await self._read(truths_of.untold, why, since, until)

    async def truths_until(self) -> datetime | None:
        return await self._read(truths_of.worked_until)

    async def mark_truths(self, until: datetime) -> None:
        await self._write(truths_of.mark, until)

    async def proposed(
        self, kinds: Sequence[ActionKind], since: datetime, until: datetime
    ) -> tuple[PendingAction, ...]:
        return await self._read(airing.proposed, kinds, since, until)

    async def save_air_actions(self, actions: Sequence[AirAction]) -> None:
        await self._write(airing.save, actions)

    async def air_actions(self, places: Sequence[str]) -> tuple[AirAction, ...]:
        return await self._read(airing.found, places) if places else ()

    async def save_audit_actions(self, actions: Sequence[AirAction]) -> None:
        await self._write(airing.save_audited, actions)

    async def audit_actions(self, places: Sequence[str]) -> tuple[AirAction, ...]:
        return await self._read(airing.found_audited, places) if places else ()

    async def searches(self, since: datetime) -> tuple[AuditSearch, ...]:
        return await self._read(searching.since, since)

    async def save_search(self, search: AuditSearch, before: AuditSearch | None) -> None:
        await self._write(searching.save, search, before)

    async def air_read_until(self) -> datetime | None:
        return await self._read(airing.until)

    async def keep_set(self, kept: KeptSet) -> None:
        await self._audited(keeping.keep_set, kept)

    async def kept_set(self, revision: str | None = None) -> KeptSet | None:
        return await self._read(keeping.kept_set, revision)

    async def kept_sets(self, *, before: datetime | None = None, limit: int = 20) -> tuple[KeptSet, ...]:
        return await self._read(keeping.kept_sets, before, limit)

    async def save_members(self, members: Members) -> None:
        await self._write(keeping.save_members, members)

    async def members(self) -> Mapping[str, Members]:
        return await self._read(keeping.members)

    async def raise_alarm(self, alarm: Alarm) -> None:
        try:
            await self._audited(keeping.raise_alarm, alarm)
        except LedgerError:
            if alarm.name != audit.ALARM:
                raise
            # That no entry can be written is told without one.
            await self._write(keeping.raise_alarm, None, alarm)

    async def clear_alarm(self, name: str, now: datetime) -> None:
        await self._audited(keeping.clear_alarm, name, now)

    async def alarms(self) -> tuple[Alarm, ...]:
        return await self._read(keeping.standing)
