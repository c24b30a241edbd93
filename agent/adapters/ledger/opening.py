"""Open one tenant's ledger, at the place that a URL names."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from agent.adapters.ledger import departed, glances
from agent.adapters.ledger.auditing import Keeper, chain_of, is_begun, require_key
from agent.adapters.ledger.desk import Desk
from agent.adapters.ledger.engines import sqlite
from agent.adapters.ledger.failures import told_apart
from agent.adapters.ledger.files import KEY_FILE, made_key, read_key, require_private
from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.line import Line
from agent.adapters.ledger.place import Place, address, open_place
from agent.audit.key import Key
from agent.model.errors import LedgerError
from agent.model.tenancy import Share
from agent.ports.telemetry import SILENT, Telemetry

REPLICA = "agent"
"""Whose chain of the audit is continued, where nobody says."""


@asynccontextmanager
async def open_ledger(
    url: str,
    tenant_id: str,
    *,
    read_only: bool = False,
    as_it_is: bool = False,
    replica: str = REPLICA,
    key: Key | None = None,
    telemetry: Telemetry = SILENT,
    place: Place | None = None,
    share: Share | None = None,
    together: glances.Files | None = None,
) -> AsyncIterator[SqlLedger]:
    """Give the tenant's ledger, ready to use, and close it afterwards.

    A ledger that is not there is created, an older one is migrated. With `read_only` neither happens and
    nothing can be written; this may be done while an agent runs. So may `as_it_is`, with which neither happens
    either, and which writes.

    Args:
        url: where it is.
        tenant_id: whose it is.
        read_only: whether it is only looked at.
        as_it_is: whether it has to be there, in this version's form.
        replica: whose chain of the audit is continued.
        key: the audit's. Left out, SQLite's lies in a file beside the ledger, which is made at first; PostgreSQL has no beside.
        telemetry: is told how long transactions take.
        place: that of this URL where it is open already, for several tenants; how it was opened is how the ledger is.
        share: by which the tenant is this replica's: nothing is written once it is another's. None where nobody has to
            have it, as for who answers or holds.
        together: what looks at the files of all tenants, where this process keeps watching several; a server is looked at
            for all of its tenants anyway.

    Raises:
        LedgerError: it cannot be opened, lies open to other users, is newer than this agent, or its audit was written with another key.
    """
    async with AsyncExitStack() as own:
        if place is None:
            opened = open_place(url, read_only=read_only, as_it_is=as_it_is)
            place = await own.enter_async_context(opened)
        line = Line(place.workers)
        own.push_async_callback(line.rest)
        keeper = None
        if not place.is_read_only:
            keeper = await line.do(partial(_keeper, place, (tenant_id, replica), key))
        glance = None
        if place.server is not None:
            glance = glances.of(place.server, tenant_id, place.name)
        elif together is not None:
            engine = sqlite(address(place.url), read_only=True, must_be_there=True)
            watched = glances.Watched(engine, place.name, tenant_id)
            own.callback(watched.close)
            glance = glances.of(together, watched, place.name)
        yield SqlLedger(Desk(place, tenant_id, line, keeper, share, telemetry), glance)


def is_there(url: str) -> bool:
    """Whether there is a ledger; a server's counts as there."""
    parsed = address(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").absolute().exists()


def beside(url: str, name: str) -> Path | None:
    """Return the path of a file of this name beside the ledger; None where the ledger is a server's."""
    parsed = address(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    return Path(parsed.database or "").absolute().with_name(name)


def key_beside(url: str) -> Key | None:
    """Return the key in the file beside this ledger; None where there is none.

    Raises:
        LedgerError: it lies open to other users, or is none; or there is no ledger either.
    """
    path = beside(url, KEY_FILE)
    if path is None:
        return None
    if path.exists():
        return _key(read_key(path), path)
    require_private(Path(address(url).database or "").absolute())
    return None


def _keeper(place: Place, whose: tuple[str, str], key: Key | None) -> Keeper:
    """Return who keeps the audit, once the key is known to be the one that it was written with."""
    tenant_id, replica = whose
    path, name = beside(place.url, KEY_FILE), place.name
    with told_apart(name), place.engine.begin() as connection:
        if key is None:
            if path is None:
                raise LedgerError(
                    f"ledger `{name}`: the audit needs a key: set AIR_AGENT_AUDIT_KEY or `audit.key_file`, the same "
                    "for every replica"
                )
            if not path.exists() and is_begun(connection, tenant_id):
                raise LedgerError(
                    f"ledger `{name}`: `{path}` is missing, the key that its audit was written with: restore it"
                )
            key = _key(made_key(path), path)
        chain = chain_of(connection, tenant_id, replica)
        keeper = Keeper(
            key=key,
            tenant_id=tenant_id,
            replica=replica,
            later=chain if chain != replica else "",
            has_departures=departed.is_known(connection, tenant_id),
        )
        require_key(connection, keeper)
    return keeper


def _key(text: str, path: Path) -> Key:
    try:
        return Key(text)
    except ValueError as error:
        raise LedgerError(f"ledger: `{path}` {error}, or restore the one that was there") from error
