"""The part that this process has of the tenants that replicas share through one PostgreSQL.

A tenant is leased, by the database's clock. The lease is renewed four times before it runs out, and its end is
reckoned here by a clock of this machine that is never set, and goes on while the machine sleeps, from before it was asked for: however long the question took, and
wherever the clocks stand, it is over here first. Nothing leaves in its last quarter: what has left then has long
arrived when somebody else looks.

Every second it is looked whether anything is free, which is one query. So a tenant that was let go is taken within
about a second, and one whose replica died within a lease and a second.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

from sqlalchemy.engine import Connection, Engine

from agent.adapters.ledger import sharing
from agent.adapters.ledger.engines import postgresql
from agent.adapters.ledger.failures import told_apart
from agent.adapters.ledger.line import Line
from agent.adapters.ledger.place import address, named
from agent.adapters.ledger.sharing import Had, Member
from agent.model.errors import LedgerError, Lost, SettingsError
from agent.model.tenancy import Holder, Share
from agent.ports.world import Fence

T = TypeVar("T")

LEASE = 20.0
"""Seconds for which a tenant is a replica's after it last said so."""

EVERY = 1 / 20
RENEWED = 1 / 4
LEAVING = 3 / 4
OURS = 9 / 10
ENDING = 3 / 10
GRACE = 1 / 2
STAY = 3.0
"""In leases: how often it is looked whether anything is free, and after how long a lease is renewed; until when anything
leaves by it, and until when it is ours; how long before that what is done by it is ended; for how long a free tenant waits for who has too few; and how long one stays."""

PATIENCE = 3.0
"""Seconds to wait for a lock, a statement or the server: there have to be several tries in one lease."""


def unset() -> float:
    """Return seconds by a clock that nobody sets.

    `time.monotonic` stands still on Linux while the machine sleeps or its image is moved, and the database's clock does not:
    what was ours before would seem to be so afterwards. Source: clock_gettime(2).
    """
    clock: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@asynccontextmanager
async def open_shares(
    url: str,
    replica: str,
    *,
    instance: str,
    version: str,
    lease: float | None = None,
    monotonic: Callable[[], float] | None = None,
) -> AsyncIterator["SqlShares"]:
    """Give this process its part in the tenants; at the end it has none, and others may take what it had.

    Args:
        url: a place in PostgreSQL that has been opened, so that it has this version's form.
        replica: what this process is called, the same after a restart.
        instance: what tells it from every other process, another after a restart.
        version: the agent's.
        lease: for how many seconds a tenant is a replica's; all replicas have to go by the same.
        monotonic: the clock that is never set; the machine's where none is given.

    Raises:
        LedgerError: it cannot be asked.
        SettingsError: another process that lives is called the same.
    """
    parsed, length = address(url), LEASE if lease is None else lease
    settings = {"statement_timeout": f"{int(PATIENCE * 1000)}"}
    with ThreadPoolExecutor(1, thread_name_prefix="shares") as worker:
        engine = postgresql(parsed, read_only=False, sessions=1, patience=PATIENCE, settings=settings)
        shares = SqlShares(
            engine,
            worker,
            named(parsed),
            _member(replica, instance, version, length),
            length,
            monotonic or unset,
        )
        try:
            await shares.join()
            yield shares
        finally:
            with suppress(LedgerError):  # then all of it runs out by itself
                await shares.leave()
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(worker, engine.dispose))


def _member(replica: str, instance: str, version: str, lease: float) -> Member:
    def part(of_lease: float) -> int:
        return int(lease * of_lease * 1_000_000)

    return Member(
        replica=replica,
        instance=instance,
        version=version,
        lease=part(1),
        grace=part(GRACE),
        stay=part(STAY),
    )


class SqlShares:
    """Fulfils `ports.Shares` by tables in PostgreSQL, in a session and a thread of its own: it waits behind no tenant."""

    def __init__(
        self,
        engine: Engine,
        worker: ThreadPoolExecutor,
        name: str,
        member: Member,
        lease: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._engine = engine.execution_options(writes=True)
        self._line = Line(worker)
        self._name = name
        self._member = member
        self._lease = lease
        self._monotonic = monotonic
        self._ours: Mapping[str, Share] = {}
        self._asked: tuple[str, ...] = ()
        self._renewed: float | None = None
        """When the last renewal began that went well."""

    @property
    def every(self) -> float:
        """After how many seconds it is to be looked again."""
        return self._lease * EVERY

    @property
    def ending(self) -> float:
        """How many seconds before the end of a share its tenant is to be brought to an end."""
        return self._lease * ENDING

    def now(self) -> float:
        """Return the moment, as shares have it."""
        return self._monotonic()

    async def join(self) -> None:
        """Be known under this name, once it is free: at once where whoever had it has died.

        Raises:
            LedgerError, SettingsError: see `open_shares`.
        """
        known: int | None = None
        while not await self._do(self._joined):
            seen = await self._do(lambda connection: sharing.known_until(connection, self._member.replica))
            if known is not None and seen is not None and seen > known:
                raise self._is_taken()
            known = seen
            await asyncio.sleep(self.every)

    async def leave(self) -> None:
        """Let go of everything. Raises LedgerError."""
        self._ours, self._renewed = {}, None
        await self._do(lambda connection: sharing.leave(connection, self._member))

    async def renew(self, tenant_ids: Sequence[str]) -> Mapping[str, Share]:
        """Keep, take and return what is ours: see `ports.Shares`."""
        asked = tuple(sorted(set(tenant_ids)))
        began = self._monotonic()
        is_due = self._renewed is None or began - self._renewed >= self._lease * RENEWED
        if not is_due and asked == self._asked:
            if not await self._do(lambda connection: sharing.has_free(connection, asked)):
                return self._ours
            began = self._monotonic()
        mine = await self._do(lambda connection: self._renew(connection, asked))
        if mine is None:
            self._ours = {}
            raise self._is_taken()
        had, asked_back = mine
        self._ours = {
            one.tenant_id: Share(
                tenant_id=one.tenant_id,
                replica=self._member.replica,
                token=one.token,
                until=began + self._lease * OURS,
                is_asked_back=one.tenant_id in asked_back,
            )
            for one in had
        }
        self._asked, self._renewed = asked, began
        return self._ours

    async def let_go(self, tenant_ids: Sequence[str]) -> None:
        """Let others take these at once: see `ports.Shares`."""
        gone, member = sorted(set(tenant_ids)), self._member
        # What is not asked back is let go because it is not to be worked on here: nobody waits for us to take it.
        fewer = sum(one in self._ours and not self._ours[one].is_asked_back for one in gone)
        self._ours = {one: share for one, share in self._ours.items() if one not in gone}
        await self._do(lambda connection: sharing.let_go(connection, member, gone, fewer))

    async def holders(self, tenant_ids: Sequence[str]) -> Mapping[str, Holder]:
        """Return which of these others have: see `ports.Shares`."""
        asked, member = sorted(set(tenant_ids)), self._member
        return await self._do(lambda connection: sharing.holders(connection, member, asked))

    def fence(self, share: Share) -> Fence:
        """Return what raises Lost once the tenant is not ours by this share, or not for long enough any more."""

        def unless_lost() -> None:
            ours = self._ours.get(share.tenant_id)
            left = -1.0 if ours is None or ours.token != share.token else ours.until - self._monotonic()
            if left <= self._lease * (OURS - LEAVING):
                raise Lost(
                    f"tenant {share.tenant_id}: its lease is all but over: nothing leaves by it any more"
                )

        return unless_lost

    def _joined(self, connection: Connection) -> bool:
        if not sharing.sign(connection, self._member, 0, is_new=True):
            return False
        sharing.bury(connection, self._member)
        return True

    def _renew(self, connection: Connection, asked: Sequence[str]) -> tuple[list[Had], frozenset[str]] | None:
        """Return what is ours and what of it is asked back; None where the name is another process's."""
        member = self._member
        if not sharing.sign(connection, member, len(asked)):
            return None
        mine = sharing.renew(connection, member, asked)
        sharing_them = sharing.parties(connection, member, asked)
        back = sharing.asked_back(member, mine, len(asked), sharing_them)
        room = sharing.fair_part(len(asked), sharing_them) - len(mine)
        if sharing.has_free(connection, asked):
            mine += sharing.take(connection, member, asked, room)
        return mine, frozenset(back)

    def _is_taken(self) -> SettingsError:
        name = self._member.replica
        return SettingsError(
            f"`replica`: another agent that runs on this ledger is called `{name}` too: give each its own name"
        )

    async def _do(self, work: Callable[[Connection], T]) -> T:
        return await self._line.do(partial(self._within, work))

    def _within(self, work: Callable[[Connection], T]) -> T:
        with told_apart(self._name), self._engine.begin() as connection:
            return work(connection)
