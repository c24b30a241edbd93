"""Whether a tenant is still a replica's, asked in the very transaction that depends on it."""

from datetime import datetime

from sqlalchemy import Select, cast, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import ColumnElement

from agent.adapters.ledger.columns import Moment
from agent.adapters.ledger.share_tables import shares
from agent.model.errors import Lost
from agent.model.tenancy import Share

LONGEST = 15_000
"""Milliseconds that one statement of such a transaction may take: one that is stopped holds a tenant no longer."""


def database_now() -> ColumnElement[datetime]:
    """Return the moment at which it is asked, by the database's clock."""
    return cast(func.floor(func.extract("epoch", func.clock_timestamp()) * 1_000_000), Moment())


def require_share(connection: Connection, share: Share) -> None:
    """Return where the tenant is this replica's by this share, and keep it so until the end of the transaction.

    A takeover waits for the lock that is taken here; a renewal does not. Where a takeover is under way, this waits for
    its end.

    Raises:
        Lost: it is another replica's, or may be at any moment.
    """
    if connection.execute(_still_ours(share)).first() is None:
        raise Lost(f"tenant {share.tenant_id}: another replica works on it: nothing more is done in it here")


def _still_ours(share: Share) -> Select[tuple[str]]:
    query = select(func.set_config("statement_timeout", str(LONGEST), True)).where(
        shares.c.tenant_id == share.tenant_id,
        shares.c.token == share.token,
        shares.c.instance != "",
        shares.c.until > database_now(),
    )
    return query.with_for_update(key_share=True, read=True)
