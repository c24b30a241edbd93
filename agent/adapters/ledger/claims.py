"""Who has a target: each belongs to at most one effect of a kind, and that is a primary key.

What would only have been done claims its targets too, among its like: under kinds of its own, so that nothing that is
carried out ever meets such a claim. Of two the first keeps it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import ARRAY, and_, bindparam, delete, func, insert, select, tuple_
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.columns import Key
from agent.adapters.ledger.dialects import inserting
from agent.adapters.ledger.failures import conflicting
from agent.adapters.ledger.tables import effects, targets
from agent.model.enactment import WOULD_BE, Cover, Effect, EffectKind, Pair, Went

T = TypeVar("T")

AT_ONCE = 500
"""Values in one statement; SQLite takes 32,766."""


def covered(
    connection: Connection,
    tenant_id: str,
    pairs: Sequence[Pair],
    kind: EffectKind,
    counted: Collection[Went] = (),
) -> Mapping[Pair, Cover]:
    """Return which targets are claimed by effects of this kind, and by which.

    `counted` are those that would only have been and count too, where nothing real has claimed the target.
    """
    query = _in_arrays if connection.dialect.name == "postgresql" else _in_tuples
    asked = tuple(dict.fromkeys(pairs))
    found: dict[Pair, Cover] = {}
    for went in (None, *sorted(counted)):
        left = tuple(pair for pair in asked if pair not in found)
        held = dict(query(connection, tenant_id, left, _kind(kind, went)))
        covers = _covers(connection, tenant_id, tuple(set(held.values())), is_observed=went is not None)
        found |= {pair: covers[effect_id] for pair, effect_id in held.items()}
    return found


def _kind(kind: EffectKind, went: Went | None) -> str:
    """Return under what targets are claimed: by their kind, and by how the effect went where it would only have been."""
    return str(kind) if went is None else f"{kind} {went}"


def takers(
    connection: Connection, tenant_id: str, network_message_ids: Sequence[str]
) -> Mapping[str, frozenset[str]]:
    """Return which actions' effects have claimed copies of these messages."""
    found: dict[str, set[str]] = defaultdict(set)
    for some in chunks(list(dict.fromkeys(network_message_ids))):
        query = (
            select(targets.c.what, effects.c.action_id)
            .join_from(
                targets,
                effects,
                and_(effects.c.tenant_id == targets.c.tenant_id, effects.c.id == targets.c.effect_id),
            )
            .where(
                targets.c.tenant_id == tenant_id,
                targets.c.kind == str(EffectKind.SOFT_DELETE),
                targets.c.what.in_(some),
            )
            .distinct()
        )
        for message, action_id in connection.execute(query):
            found[message].add(action_id)
    return {message: frozenset(actions) for message, actions in found.items()}


def claim(connection: Connection, tenant_id: str, batch: Sequence[Effect]) -> None:
    """Give every effect its targets. Raises Conflict where one belongs to another effect."""
    claims = _claims(tenant_id, batch)
    if not claims:
        return
    with conflicting("a target is claimed by another effect already: plan again"):
        connection.execute(insert(targets), claims)


def claim_as_observed(connection: Connection, tenant_id: str, batch: Sequence[Effect]) -> None:
    """Let effects that would only have been have their targets, where none of their like has them."""
    claims = _claims(tenant_id, batch)
    if claims:
        connection.execute(inserting(connection, targets).on_conflict_do_nothing(), claims)


def _claims(tenant_id: str, batch: Sequence[Effect]) -> list[dict[str, str]]:
    """Return the rows of these effects' claims, in the order of their keys."""
    claims = [
        {
            "tenant_id": tenant_id,
            "kind": _kind(one.kind, one.went if one.went in WOULD_BE else None),
            "what": pair[0],
            "place": pair[1],
            "effect_id": one.id,
        }
        for one in batch
        for pair in one.targets
    ]
    return sorted(claims, key=lambda row: (row["kind"], row["what"], row["place"]))


def free(connection: Connection, tenant_id: str, effect_ids: Sequence[str]) -> None:
    """Take their targets from these effects.

    By the targets' own keys: an index on the effect would cost more than all that is ever freed.
    """
    query = select(effects.c.id, effects.c.kind, effects.c.targets).where(
        effects.c.tenant_id == tenant_id, effects.c.id.in_(effect_ids)
    )
    freed = [
        {
            "of_tenant": tenant_id,
            "of_kind": row.kind,
            "of_what": pair[0],
            "of_place": pair[1],
            "of_effect": row.id,
        }
        for row in connection.execute(query)
        for pair in codec.read_targets(row.targets)
    ]
    if freed:
        connection.execute(_FREE, freed)


def chunks(values: Sequence[T]) -> Iterator[list[T]]:
    """Give the values in lists that fit into one statement."""
    rest = iter(values)
    while some := list(islice(rest, AT_ONCE)):
        yield some


_CLAIMS = select(targets.c.what, targets.c.place, targets.c.effect_id)

_FREE = delete(targets).where(
    targets.c.tenant_id == bindparam("of_tenant"),
    targets.c.kind == bindparam("of_kind"),
    targets.c.what == bindparam("of_what"),
    targets.c.place == bindparam("of_place"),
    targets.c.effect_id == bindparam("of_effect"),
)


def _in_tuples(
    connection: Connection, tenant_id: str, pairs: Sequence[Pair], kind: str
) -> Iterator[tuple[Pair, str]]:
    for some in chunks(pairs):
        query = _CLAIMS.where(
            targets.c.tenant_id == tenant_id,
            targets.c.kind == kind,
            tuple_(targets.c.what, targets.c.place).in_(some),
        )
        yield from (((row[0], row[1]), row[2]) for row in connection.execute(query))


def _in_arrays(
    connection: Connection, tenant_id: str, pairs: Sequence[Pair], kind: str
) -> Iterator[tuple[Pair, str]]:
    """Give the same in one query: PostgreSQL takes a list of tuples for a long row of `or`, and is slow."""
    asked = (
        func.unnest(
            bindparam("whats", [pair[0] for pair in pairs], ARRAY(Key)),
            bindparam("places", [pair[1] for pair in pairs], ARRAY(Key)),
        )
        .table_valued("what", "place", name="asked")
        .render_derived()
    )
    same = and_(targets.c.what == asked.c.what, targets.c.place == asked.c.place)
    query = _CLAIMS.join_from(targets, asked, same).where(
        targets.c.tenant_id == tenant_id, targets.c.kind == kind
    )
    yield from (((row[0], row[1]), row[2]) for row in connection.execute(query))


def _covers(
    connection: Connection, tenant_id: str, effect_ids: Sequence[str], *, is_observed: bool
) -> Mapping[str, Cover]:
    found: dict[str, Cover] = {}
    for some in chunks(effect_ids):
        query = select(effects.c.id, effects.c.action_id, effects.c.intended_at).where(
            effects.c.tenant_id == tenant_id, effects.c.id.in_(some)
        )
        for row in connection.execute(query):
            found[row.id] = Cover(
                action_id=row.action_id,
                effect_id=row.id,
                intended_at=row.intended_at,
                is_observed=is_observed,
            )
    return found
