"""Who works on which tenant: what is asked and written of it, each function in a transaction that the caller has opened.

Only who has locked a tenant's row may give it to somebody else, and every change in the tenant holds the same row (see
`fencing`): so whoever takes a tenant over finds whole changes. Rows that somebody has locked are passed over, not
waited for: a change that is under way there is over by the next look. All of it is PostgreSQL's, and goes by its clock.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.engine import Connection

from agent.adapters.ledger.columns import EPOCH, MICROSECOND
from agent.model.tenancy import Holder

SHORT = {
    "@now": "floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    "@begun": "floor(extract(epoch FROM theirs.backend_start) * 1000000)::bigint",
}
"""The moment at which it is asked, and the one at which a session began, as moments are stored."""

FORGOTTEN = 86_400_000_000
"""Microseconds after which a process that ended without a word is forgotten: names may change with each start."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One process, as the others know it, and by which times it goes, in microseconds."""

    replica: str
    instance: str
    """What tells this process from every other one, of this name or not."""
    version: str
    lease: int
    """How long it is known after its last sign, and keeps what it has."""
    grace: int
    """How long a free tenant waits for who has too few."""
    stay: int
    """How long a tenant stays where it is, and how long a process has to be there before it is given any."""


class Had(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant that is this process's by now."""

    tenant_id: str
    token: int
    is_settled: bool
    """Whether it has been here for long enough to move on."""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """One of those that share, and how many tenants it has."""

    instance: str
    has: int
    able: int
    """How many it could work on: one that is being stopped asks for fewer and fewer."""
    is_steady: bool
    """Whether it has been there for long enough to be given what others have."""


def sign(connection: Connection, member: Member, tenants: int, *, is_new: bool = False) -> bool:
    """Leave a sign of life; return False where another process that lives has the name.

    One whose session with the database has ended is taken for dead by a new one: so a process that was killed is
    back at once, under its name.
    """
    told = {
        "replica": member.replica,
        "instance": member.instance,
        "version": member.version,
        "tenants": tenants,
        "lease": member.lease,
        "is_new": is_new,
    }
    return connection.execute(_SIGN, told).first() is not None


def holders(connection: Connection, member: Member, asked: Sequence[str]) -> dict[str, Holder]:
    """Return which other processes have these tenants."""
    told = {"instance": member.instance, "asked": list(asked)}
    return {
        row.tenant_id: Holder(
            replica=row.replica,
            since=EPOCH + row.since * MICROSECOND,
            frees_within=row.left / 1_000_000,
        )
        for row in connection.execute(_HOLDERS, told)
    }


def known_until(connection: Connection, replica: str) -> int | None:
    """Return until when the process of this name is known to live; None where there is none."""
    found: int | None = connection.scalar(_KNOWN, {"replica": replica})
    return found


def bury(connection: Connection, member: Member) -> None:
    """Let what earlier processes of this name had be free at once: the name is this one's now. Forget who is long gone."""
    connection.execute(_BURY, {"replica": member.replica, "instance": member.instance})
    connection.execute(_FORGET, {"for": FORGOTTEN})


def renew(connection: Connection, member: Member, asked: Sequence[str]) -> list[Had]:
    """Keep whatever is this process's for another lease, and return it in the order in which it came."""
    told = {"instance": member.instance, "asked": list(asked), "lease": member.lease, "stay": member.stay}
    return [_had(row) for row in connection.execute(_RENEW, told)]


def parties(connection: Connection, member: Member, asked: Sequence[str]) -> list[Party]:
    """Return everybody who shares these tenants, this process too."""
    rows = connection.execute(_PARTIES, {"asked": list(asked), "stay": member.stay})
    return [Party(instance=row.instance, has=row.has, able=row.able, is_steady=row.is_steady) for row in rows]


def has_free(connection: Connection, asked: Sequence[str]) -> bool:
    """Whether anybody may take one of these tenants, or one was never heard of."""
    taken: int = connection.scalar(_TAKEN, {"asked": list(asked)})
    return taken != len(asked)


def take(connection: Connection, member: Member, asked: Sequence[str], room: int) -> list[Had]:
    """Take free tenants: as many as there is room for, and any for which nobody else had room until now.

    Whatever their last owner had under way ends with it: what it sent is read back by this process, and never sent
    again.
    """
    connection.execute(_NEW, {"asked": list(asked)})
    free = {"asked": list(asked), "lease": member.lease, "instance": member.instance}
    found = connection.execute(_FREE, free | {"for": 0, "most": room}).all() if room > 0 else []
    if len(found) == max(room, 0):
        # Those just found are among them once more: a lock of our own does not make them passed over.
        found = list({*found, *connection.execute(_FREE, free | {"for": member.grace, "most": None}).all()})
    if not found:
        return []
    told = {
        "taken": sorted(row.tenant_id for row in found),
        "replica": member.replica,
        "instance": member.instance,
        "lease": member.lease,
        "stay": member.stay,
    }
    taken = [_had(row) for row in connection.execute(_TAKE, told)]
    had = [row for row in found if row.replica]
    connection.execute(
        _END_LEASES, {"tenants": [row.tenant_id for row in had], "replicas": [row.replica for row in had]}
    )
    return taken


def let_go(connection: Connection, member: Member, tenant_ids: Sequence[str], fewer: int) -> None:
    """Let these be free at once; those that are another's stay so. `fewer` of them it could work on no more."""
    connection.execute(_LET_GO, {"instance": member.instance, "tenants": list(tenant_ids)})
    connection.execute(_FEWER, {"instance": member.instance, "fewer": fewer})


def leave(connection: Connection, member: Member) -> None:
    """Let go of everything, and be known no more."""
    connection.execute(_LET_GO_ALL, {"instance": member.instance})
    connection.execute(_LEAVE, {"instance": member.instance})


def fair_part(tenants: int, sharing: Sequence[Party]) -> int:
    """Return how many tenants each of those takes at most who could work on all of them."""
    return ceil(tenants / _heads(tenants, sharing))


def _heads(tenants: int, sharing: Sequence[Party]) -> float:
    """Return by how many they are shared: who could work on half of them counts for half."""
    return max(1.0, sum(min(1.0, one.able / max(tenants, 1)) for one in sharing))


def asked_back(member: Member, mine: Sequence[Had], tenants: int, sharing: Sequence[Party]) -> list[str]:
    """Return which of our tenants others are to have: no more than we have too many of, and than others lack.

    Nobody lacks one where all have the same number, but for one: so nothing moves to and fro.
    """
    others = [one for one in sharing if one.instance != member.instance]
    least = int(tenants / _heads(tenants, sharing))
    lacking = sum(max(0, least - one.has) for one in others if one.is_steady)
    surplus = min(lacking, len(mine) - fair_part(tenants, sharing))
    return [one.tenant_id for one in mine if one.is_settled][: max(surplus, 0)]


def _had(row: Any) -> Had:
    return Had(tenant_id=row.tenant_id, token=row.token, is_settled=row.is_settled)


def _query(words: str) -> TextClause:
    for short, whole in SHORT.items():
        words = words.replace(short, whole)
    return text(words)


_SIGN = _query("""
    INSERT INTO members (replica, instance, version, tenants, started, until, backend, backend_start)
    SELECT CAST(:replica AS text), CAST(:instance AS text), CAST(:version AS text), CAST(:tenants AS integer),
        @now, @now + :lease, pid, @begun
    FROM pg_stat_activity AS theirs WHERE pid = pg_backend_pid()
    ON CONFLICT (replica) DO UPDATE SET
        instance = excluded.instance, version = excluded.version, tenants = excluded.tenants,
        started = CASE WHEN members.instance = excluded.instance AND members.until > @now
            THEN members.started ELSE excluded.started END,
        until = excluded.until, backend = excluded.backend, backend_start = excluded.backend_start
    WHERE members.instance = excluded.instance OR members.until <= @now
        OR (:is_new AND NOT EXISTS (
            SELECT FROM pg_stat_activity AS theirs WHERE theirs.pid = members.backend
            AND (theirs.backend_start IS NULL OR @begun = members.backend_start)))
    RETURNING replica
""")
"""Of a session of another role it is not told when it began: it is taken for the one that is meant."""

_KNOWN = _query("SELECT until FROM members WHERE replica = :replica")

_BURY = _query("""
    UPDATE shares SET instance = '', until = least(until, @now)
    WHERE replica = :replica AND instance NOT IN (:instance, '')
""")

_FORGET = _query("DELETE FROM members WHERE until < @now - :for")

_RENEW = _query("""
    WITH kept AS (
        UPDATE shares SET until = @now + :lease
        WHERE instance = :instance AND tenant_id = ANY(CAST(:asked AS text[]))
        RETURNING tenant_id, token, since
    )
    SELECT tenant_id, token, since <= @now - :stay AS is_settled FROM kept ORDER BY since, tenant_id
""")

_PARTIES = _query("""
    SELECT members.instance, members.tenants AS able, members.started <= @now - :stay AS is_steady,
        count(shares.tenant_id) AS has
    FROM members LEFT JOIN shares ON shares.instance = members.instance AND shares.until > @now
        AND shares.tenant_id = ANY(CAST(:asked AS text[]))
    WHERE members.until > @now AND members.tenants > 0
    GROUP BY members.replica
""")

_HOLDERS = _query("""
    SELECT tenant_id, replica, since, until - @now AS left FROM shares
    WHERE tenant_id = ANY(CAST(:asked AS text[])) AND until > @now AND instance NOT IN (:instance, '')
""")

_TAKEN = _query("""
    SELECT count(*) FROM shares WHERE tenant_id = ANY(CAST(:asked AS text[])) AND until > @now
""")

_NEW = _query("""
    INSERT INTO shares (tenant_id, replica, instance, token, since, until)
    SELECT asked.tenant_id, '', '', 0, @now, @now FROM unnest(CAST(:asked AS text[])) AS asked (tenant_id)
    WHERE NOT EXISTS (SELECT FROM shares WHERE shares.tenant_id = asked.tenant_id)
    ORDER BY asked.tenant_id
    ON CONFLICT DO NOTHING
""")

_FREE = _query("""
    SELECT tenant_id, replica FROM shares
    WHERE tenant_id = ANY(CAST(:asked AS text[])) AND until <= @now - :for
    ORDER BY until, tenant_id LIMIT :most FOR UPDATE SKIP LOCKED
""")

_TAKE = _query("""
    UPDATE shares SET replica = :replica, instance = :instance, token = token + 1, since = @now, until = @now + :lease
    WHERE tenant_id = ANY(CAST(:taken AS text[]))
    RETURNING tenant_id, token, since <= @now - :stay AS is_settled
""")

_END_LEASES = _query("""
    UPDATE leases SET until = 0, token = leases.token + 1
    FROM unnest(CAST(:tenants AS text[]), CAST(:replicas AS text[])) AS had (tenant_id, replica)
    WHERE leases.until > 0 AND leases.replica = had.replica AND lower(leases.tenant_id) = lower(had.tenant_id)
""")

_LET_GO = _query("""
    UPDATE shares SET instance = '', until = @now
    WHERE instance = :instance AND tenant_id = ANY(CAST(:tenants AS text[]))
""")

_FEWER = _query("UPDATE members SET tenants = greatest(0, tenants - :fewer) WHERE instance = :instance")

_LET_GO_ALL = _query("UPDATE shares SET instance = '', until = @now WHERE instance = :instance")

_LEAVE = _query("DELETE FROM members WHERE instance = :instance")
