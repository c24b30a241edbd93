"""The ledger: one tenant's, on one thread of its own."""
# ruff: noqa: D102  # what each method promises stands in `ports.Ledger`, once

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.engine import Connection, Engine

from agent.adapters.ledger import airing, claims, holding, keeping, leaving, reads, writes
from agent.adapters.ledger.failures import told_apart
from agent.model.air import AirAction
from agent.model.alarm import Alarm
from agent.model.decision import Decision
from agent.model.enactment import Approval, Cover, Effect, EffectKind, Outcome, Pair, Record, Spent, State
from agent.model.hold import Hold, Replica
from agent.model.past import Judged, Matter, PastAnswer, Tally
from agent.model.policy import KeptSet, Members
from agent.model.rails import Leave

P = ParamSpec("P")
T = TypeVar("T")

SNAPSHOT = {"postgresql": {"isolation_level": "REPEATABLE READ"}}
"""What makes all queries of one reading see the same moment; in SQLite they do so anyway."""


class SqlLedger:
    """`ports.Ledger` in SQLite or PostgreSQL.

    The database is spoken to on the worker's one thread, so that the loop never waits for a disk and
    statements keep their order. A call that is cancelled is finished all the same: what was begun is
    written whole.
    """

    def __init__(self, engine: Engine, tenant_id: str, worker: ThreadPoolExecutor, name: str) -> None:
        self._reading = engine.execution_options(**SNAPSHOT.get(engine.dialect.name, {}))
        self._writing = engine.execution_options(writes=True)
        self._tenant_id = tenant_id
        self._worker = worker
        self._name = name

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

    async def mark_alive(self, moment: datetime) -> None:
        await self._write(writes.mark_alive, moment)

    async def versions(self, incident_ids: Sequence[str]) -> Mapping[str, str]:
        return await self._read(reads.versions, incident_ids)

    async def load(self, action_ids: Sequence[str]) -> Mapping[str, Record]:
        return await self._read(reads.load, action_ids)

    async def save(
        self,
        records: Sequence[Record],
        *,
        effects: Sequence[Effect] = (),
        dropped: Sequence[str] = (),
        approvals: Sequence[Approval] = (),
        answers: Sequence[PastAnswer] = (),
        versions: Mapping[str, str] | None = None,
        now: datetime,
    ) -> None:
        def all_of_it(connection: Connection, tenant_id: str) -> None:
            writes.save_records(connection, tenant_id, records, now)
            writes.drop_effects(connection, tenant_id, dropped, now)
            writes.release_approvals(connection, tenant_id, dropped)
            writes.save_effects(connection, tenant_id, effects)
            writes.save_approvals(connection, tenant_id, approvals)
            keeping.save_answers(connection, tenant_id, answers)
            writes.save_versions(connection, tenant_id, versions or {}, now)

        await self._write(all_of_it)

    async def due(self, now: datetime, states: Sequence[State], limit: int) -> tuple[Record, ...]:
        return await self._read(reads.due, now, states, limit)

    async def next_due(self) -> datetime | None:
        return await self._read(reads.next_due)

    async def to_visit(self, limit: int) -> tuple[str, ...]:
        return await self._read(reads.to_visit, limit)

    async def of_incident(self, incident_id: str) -> tuple[Record, ...]:
        return await self._read(reads.of_incident, incident_id)

    async def effects(self, action_id: str) -> tuple[Effect, ...]:
        return await self._read(reads.planned, action_id)

    async def covered(
        self, targets: Sequence[Pair], kind: EffectKind = EffectKind.SOFT_DELETE
    ) -> Mapping[Pair, Cover]:
        return await self._read(claims.covered, targets, kind)

    async def lease(self, incident_id: str, replica: str, now: datetime, until: datetime) -> int | None:
        return await self._write(leaving.lease, incident_id, replica, now, until)

    async def let_go(self, incident_id: str, token: int) -> None:
        await self._write(leaving.let_go, incident_id, token)

    async def interrupted(self, replica: str, now: datetime) -> tuple[Effect, ...]:
        return await self._read(leaving.interrupted, replica, now)

    async def hold(self, hold: Hold) -> None:
        await self._write(holding.hold, hold)

    async def release(self, name: str, by: str, reason: str, now: datetime) -> bool:  # noqa: ARG002  for the audit
        return await self._write(holding.release, name)

    async def holds(self) -> tuple[Hold, ...]:
        return tuple(await self._read(holding.standing))

    async def beat(self, replica: Replica) -> None:
        await self._write(holding.beat, replica)

    async def replicas(self) -> tuple[Replica, ...]:
        return tuple(await self._read(holding.told))

    async def depart(self, effect_id: str, now: datetime, leave: Leave) -> None:
        """Turn an intended effect into a sent one.

        It waits without letting anything else run, so that the call leaves in the very step in which it was
        written down: a process that dies in between would leave a call of which nobody knows.
        """
        self._worker.submit(self._transaction, self._writing, leaving.depart, effect_id, now, leave).result()

    async def settle(self, effect_id: str, outcome: Outcome, now: datetime) -> None:
        """Write how the effect went.

        Raises:
            Conflict: the effect was settled otherwise for good, or is put back though it was not sent.
        """
        await self._write(leaving.settle, effect_id, outcome, now)

    async def spent(self, policy: str, since: datetime, *, apart_from: str = "") -> Spent:
        return await self._read(reads.spent, policy, since, apart_from)

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
        return await self._read(keeping.answered, matters, since)

    async def takers(self, network_message_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        return await self._read(claims.takers, network_message_ids)

    async def save_air_actions(self, actions: Sequence[AirAction]) -> None:
        await self._write(airing.save, actions)

    async def air_actions(self, places: Sequence[str]) -> tuple[AirAction, ...]:
        return await self._read(airing.found, places)

    async def air_read_until(self) -> datetime | None:
        return await self._read(airing.until)

    async def keep_set(self, kept: KeptSet) -> None:
        await self._write(keeping.keep_set, kept)

    async def kept_set(self, revision: str | None = None) -> KeptSet | None:
        return await self._read(keeping.kept_set, revision)

    async def save_members(self, members: Members) -> None:
        await self._write(keeping.save_members, members)

    async def members(self) -> Mapping[str, Members]:
        return await self._read(keeping.members)

    async def raise_alarm(self, alarm: Alarm) -> None:
        await self._write(keeping.raise_alarm, alarm)

    async def clear_alarm(self, name: str) -> None:
        await self._write(keeping.clear_alarm, name)

    async def alarms(self) -> tuple[Alarm, ...]:
        return await self._read(keeping.standing)

    async def _read(
        self, query: Callable[Concatenate[Connection, str, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._on_worker(self._reading, query, *args, **kwargs)

    async def _write(
        self, change: Callable[Concatenate[Connection, str, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._on_worker(self._writing, change, *args, **kwargs)

    async def _on_worker(
        self,
        engine: Engine,
        work: Callable[Concatenate[Connection, str, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        call = partial(self._transaction, engine, work, *args, **kwargs)
        running = asyncio.get_running_loop().run_in_executor(self._worker, call)
        running.add_done_callback(_look_at_failure)
        return await asyncio.shield(running)

    def _transaction(
        self,
        engine: Engine,
        work: Callable[Concatenate[Connection, str, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        with told_apart(self._name), engine.begin() as connection:
            return work(connection, self._tenant_id, *args, **kwargs)


def _look_at_failure(running: "asyncio.Future[T]") -> None:
    """Mark a failure as seen, so that one whose caller was cancelled is not reported as lost."""
    if not running.cancelled():
        running.exception()
