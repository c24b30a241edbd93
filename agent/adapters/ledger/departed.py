"""What left between a backup and its restore: known by the audit alone, and claimed all the same.

The audit's entries name no target, but each intent has a mark of each of its own. Whoever asks who has a target is
told by that mark, so that a restored ledger sends nothing that was sent since its backup was made.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger.auditing import Book, Keeper
from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.restore_tables import departed_effects, departures, restores, unremembered
from agent.audit import chain
from agent.model.enactment import INVERSE_EFFECTS, Cover, Effect, EffectKind, Pair, Went
from agent.model.errors import Conflict
from agent.model.restored import Gap, Restored


def is_known(connection: Connection, tenant_id: str) -> bool:
    """Whether the ledger knows of targets by their marks alone."""
    query = select(departures.c.mark).where(departures.c.tenant_id == tenant_id).limit(1)
    return connection.execute(query).first() is not None


def covered(
    connection: Connection, tenant_id: str, keeper: Keeper, pairs: Sequence[Pair], kind: EffectKind
) -> Mapping[Pair, Cover]:
    """Return which of these targets left so, and by which effects."""
    values_key = keeper.key.of_values(tenant_id)
    marks = {chain.mark(values_key, kind, pair): pair for pair in pairs}
    return {marks[mark]: cover for mark, cover in _found(connection, tenant_id, list(marks), kind).items()}


def refuse(connection: Connection, tenant_id: str, book: Book, batch: Sequence[Effect]) -> None:
    """Raise Conflict where one of these effects has a target that left so."""
    if not book.has_departures:
        return
    for one in batch:
        marks = [book.mark(one.kind, target) for target in one.targets]
        if _found(connection, tenant_id, marks, one.kind):
            raise Conflict("a target was sent before the ledger was restored: plan again")


def restored(connection: Connection, tenant_id: str) -> Restored | None:
    """Return what the ledger knows of its restores; None where there was none."""
    query = select(restores).where(restores.c.tenant_id == tenant_id).order_by(restores.c.at)
    gaps = tuple(
        Gap(at=row.at, backup_at=row.backup_at, is_known=bool(row.is_known))
        for row in connection.execute(query)
    )
    if not gaps:
        return None
    lost = select(unremembered.c.action_id, unremembered.c.words).where(unremembered.c.tenant_id == tenant_id)
    left = (
        select(departed_effects.c.action_id, func.sum(departed_effects.c.amount))
        .where(
            departed_effects.c.tenant_id == tenant_id,
            departed_effects.c.kind.not_in(sorted(map(str, INVERSE_EFFECTS))),
        )
        .group_by(departed_effects.c.action_id)
    )
    return Restored(
        gaps=gaps,
        actions={row.action_id: row.words for row in connection.execute(lost)},
        departed={str(row[0]): int(row[1]) for row in connection.execute(left)},
    )


def given(connection: Connection, tenant_id: str, since: datetime) -> tuple[Effect, ...]:
    """Return what left so since then, with a target of its own for each that nobody knows: so it counts in full."""
    query = (
        select(departed_effects)
        .where(departed_effects.c.tenant_id == tenant_id, departed_effects.c.sent_at >= since)
        .order_by(departed_effects.c.sent_at, departed_effects.c.effect_id)
    )
    return tuple(
        Effect(
            id=row.effect_id,
            action_id=row.action_id,
            incident_id="",
            kind=EffectKind(row.kind),
            targets=tuple((unknown, unknown) for unknown in _unknown(row.effect_id, row.amount)),
            went=Went.UNKNOWN,
            attempts=1,
            intended_at=row.sent_at,
            sent_at=row.sent_at,
        )
        for row in connection.execute(query)
    )


def _unknown(effect_id: str, amount: int) -> Iterator[str]:
    return (f"{effect_id} {number}" for number in range(amount))


def _found(
    connection: Connection, tenant_id: str, marks: Sequence[str], kind: EffectKind
) -> dict[str, Cover]:
    found: dict[str, Cover] = {}
    for some in chunks(marks):
        query = select(departures).where(
            departures.c.tenant_id == tenant_id,
            departures.c.kind == str(kind),
            departures.c.mark.in_(some),
        )
        for row in connection.execute(query):
            found[row.mark] = Cover(
                action_id=row.action_id, effect_id=row.effect_id, intended_at=row.at, is_departed=True
            )
    return found
