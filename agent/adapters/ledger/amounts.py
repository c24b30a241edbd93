"""How much was given away, and how much was sent. Each function runs inside a transaction that the caller has opened."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Subquery,
    case,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
    union,
    union_all,
)
from sqlalchemy.engine import Connection

from agent.adapters.ledger import departed
from agent.adapters.ledger.columns import EPOCH, MICROSECOND
from agent.adapters.ledger.reads import effect
from agent.adapters.ledger.restore_tables import departed_effects
from agent.adapters.ledger.tables import approvals, decisions, effects, records
from agent.model.decision import Unit
from agent.model.enactment import MAIL_EFFECTS, Effect, State, Went
from agent.model.errors import Held, Unavailable
from agent.model.rails import Approved, Cap

HOUR = timedelta(hours=1)

RUNS = timedelta(minutes=30)
"""How long a remediation whose end was not seen is taken to run. How long Microsoft's take is UNCONFIRMED: minutes
mostly, hours at times, and one that is never seen to end must not stop all others."""

APPROVED = "decisions.verb = 'approve' OR decisions.guard IS NOT NULL"
GIVEN = "effects.went <> 'dropped'"
BRAKED = "decisions.guard = 'brake'"
"""The conditions of the partial indexes, word for word: SQLite would not use them otherwise."""

SENT = (effects, departed_effects)
"""Where it stands what was sent; of the latter, which left before a restore of the ledger, the former knows nothing."""


def given(connection: Connection, tenant_id: str, since: datetime) -> tuple[Effect, ...]:
    """Return effects that were intended since then and not dropped, oldest first; after those, what left before a restore."""
    query = (
        select(effects)
        .where(
            effects.c.tenant_id == tenant_id,
            effects.c.intended_at >= since,
            literal_column(GIVEN),
        )
        .order_by(effects.c.intended_at, effects.c.id)
    )
    return (
        *(effect(row) for row in connection.execute(query)),
        *departed.given(connection, tenant_id, since),
    )


def approved(
    connection: Connection, tenant_id: str, now: datetime, hours: int, *, shadow: bool = False
) -> Approved:
    """Return how many actions policies approved for the first time, hour by hour.

    What was only observed makes the band, and is no news while it is; where it is carried out it is, for nobody has been
    asked about it.
    """
    firsts = _firsts(tenant_id, now - hours * HOUR, shadow=shadow)
    braked = connection.scalar(
        select(func.max(decisions.c.at)).where(
            decisions.c.tenant_id == tenant_id,
            decisions.c.at > now - HOUR,
            literal_column(f"({BRAKED})"),
            decisions.c.by_people.is_(None),
            decisions.c.observed.is_(None),
        )
    )
    since = max(now - HOUR, braked or now - HOUR)
    ago = (literal(_micros(now), BigInteger) - firsts.c.first) // (HOUR // MICROSECOND)
    is_unasked = case((firsts.c.enforced > _micros(since), 1), else_=0)
    rows = connection.execute(select(ago, func.count(), func.sum(is_unasked)).group_by(ago)).all()
    return Approved(
        unasked=sum(int(row[2]) for row in rows), by_hour={int(row[0]): int(row[1]) for row in rows}
    )


def _firsts(tenant_id: str, since: datetime, *, shadow: bool) -> Subquery:
    """Return the query for when each action was first approved, be it held or not, and when first not only observed."""
    wishes = select(
        decisions.c.action_id,
        type_coerce(decisions.c.at, BigInteger).label("at"),
        case((decisions.c.observed.is_(None), type_coerce(decisions.c.at, BigInteger))).label("enforced"),
    ).where(
        decisions.c.tenant_id == tenant_id,
        decisions.c.at > since,
        literal_column(f"({APPROVED})"),
        decisions.c.by_people.is_(None),
    )
    whole: Subquery = wishes.subquery()
    if shadow:
        would = select(
            approvals.c.action_id, type_coerce(approvals.c.at, BigInteger), literal(None, BigInteger)
        ).where(approvals.c.tenant_id == tenant_id, approvals.c.at > since, approvals.c.observed.is_not(None))
        whole = union_all(wishes, would).subquery()
    firsts = select(func.min(whole.c.at).label("first"), func.min(whole.c.enforced).label("enforced"))
    return firsts.group_by(whole.c.action_id).subquery()


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def within(
    connection: Connection, tenant_id: str, effect_id: str, now: datetime, caps: tuple[Cap, ...]
) -> None:
    """Weigh one more effect against what was sent in the window of each cap. Raises Held where it would pass one."""
    one = connection.execute(
        select(effects.c.action_id, effects.c.kind, effects.c.amount).where(
            effects.c.tenant_id == tenant_id, effects.c.id == effect_id
        )
    ).first()
    if one is None:
        return
    for cap in caps:
        if cap.kinds is not None and one.kind not in cap.kinds:
            continue
        if cap.unit is Unit.MESSAGES:
            if one.kind in MAIL_EFFECTS:
                _weigh(cap, _messages_sent(connection, tenant_id, now, cap), one.amount)
        else:
            _weigh(cap, _actions_sent(connection, tenant_id, now, cap, one.action_id), 1)


def _weigh(cap: Cap, spent: int, asked: int) -> None:
    if spent + asked <= cap.count:
        return
    hours = cap.window // HOUR
    span = "one hour" if hours == 1 else f"{hours} hours"
    words = f"all policies together may have {cap.count:,} {cap.unit} in {span}, {spent:,} were sent"
    raise Held(cap.name, words if cap.unit is Unit.ACTIONS else f"{words}, and this has {asked:,}")


def _messages_sent(connection: Connection, tenant_id: str, now: datetime, cap: Cap) -> int:
    """Return how many messages were sent, before a restore of the ledger too."""
    kinds = sorted(MAIL_EFFECTS if cap.kinds is None else MAIL_EFFECTS & cap.kinds)
    return sum(
        connection.scalar(
            select(func.coalesce(func.sum(table.c.amount), 0)).where(
                table.c.tenant_id == tenant_id, table.c.sent_at >= now - cap.window, _of(kinds, table)
            )
        )
        or 0
        for table in SENT
    )


def _actions_sent(connection: Connection, tenant_id: str, now: datetime, cap: Cap, apart_from: str) -> int:
    """Return how many other actions were sent, before a restore of the ledger too, each once."""
    found = []
    for table in SENT:
        query = select(table.c.action_id).where(
            table.c.tenant_id == tenant_id,
            table.c.sent_at >= now - cap.window,
            table.c.action_id.concat("") != apart_from,
        )
        found.append(query if cap.kinds is None else query.where(_of(sorted(cap.kinds), table)))
    return connection.scalar(select(func.count()).select_from(union(*found).subquery())) or 0


def _of(kinds: Iterable[str], table: FromClause = effects) -> ColumnElement[bool]:
    return table.c.kind.in_([str(kind) for kind in kinds])


def room(connection: Connection, tenant_id: str, effect_id: str, now: datetime, active: int) -> None:
    """Look whether one more remediation of mail may run. Raises Unavailable where as many run as may.

    One runs from when it was sent until it was seen to have worked or was refused, or for as long as one may take.
    """
    kinds = _of(sorted(MAIL_EFFECTS))
    is_mail = select(effects.c.id).where(effects.c.tenant_id == tenant_id, effects.c.id == effect_id, kinds)
    if connection.execute(is_mail).first() is None:
        return
    running = (
        select(func.count())
        .select_from(effects)
        .join(records, (records.c.tenant_id == effects.c.tenant_id) & (records.c.id == effects.c.action_id))
        .where(
            effects.c.tenant_id == tenant_id,
            effects.c.sent_at > now - RUNS,
            kinds,
            effects.c.went.in_([str(Went.SENT), str(Went.DONE), str(Went.UNKNOWN)]),
            records.c.state.not_in([str(State.CONFIRMED), str(State.UNDONE)]),
        )
    )
    before = select(func.count()).where(
        departed_effects.c.tenant_id == tenant_id,
        departed_effects.c.sent_at > now - RUNS,
        _of(sorted(MAIL_EFFECTS), departed_effects),
    )
    count = (connection.scalar(running) or 0) + (connection.scalar(before) or 0)
    if count >= active:
        raise Unavailable(f"{count} remediations run already, and Microsoft lets {active} run at once: later")
