"""Where the audit is shipped to: a file of JSON lines, a file of anchors on another mount, syslog.

A line is appended and synced before it counts as shipped. One that was cut off by a crash or a full disk is ended
where the next begins, and comes again whole; who reads the file knows such a line by the whole one.

A ledger that was set back while it is open, as where a database fails over to a copy that lacks the last changes, has
forgotten calls that left, and would have them leave again. Their entries were shipped before they did: what the ledger
then says under the number of another entry is not shipped, so that nothing leaves.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from logging.handlers import SysLogHandler
from pathlib import Path

from agent.audit.chain import anchored
from agent.audit.key import Key
from agent.audit.lines import Unreadable, anchor_line, line, read_lines
from agent.model.audit import Head, Link
from agent.model.errors import Unavailable

SYSLOG_PORT = 514

PATIENCE = 20.0
"""Seconds that one write may take: less than the minute after which enactment stops, so that the alarm says why."""


REMEMBERED = 128
"""Entries of each chain that are remembered: a copy that lacks more than the last seconds is not failed over to."""

TAIL = 128 * 1024
"""Bytes of the file's end that are read by who has not written to it yet."""

Shipped = dict[str, dict[int, bytes]]
"""By chain the last entries that were shipped, their numbers and macs."""

_shipped: dict[tuple[str, Path], Shipped] = {}
"""By tenant and file: a tenant may be closed while its ledger is away, and the file be a new one when it is opened again."""


class Shipment:
    """`ports.AuditSink` into files and syslog.

    Args:
        tenant_id: whose audit it is.
        key: the audit's, to seal anchors.
        file: where entries go.
        anchors: where heads go as well; None for nowhere.
        syslog: `host`, `host:port`, or the path of a socket such as `/dev/log`; empty for none.
        patience: seconds that one write may take.
    """

    def __init__(
        self,
        tenant_id: str,
        key: Key,
        *,
        file: Path,
        anchors: Path | None,
        syslog: str,
        patience: float = PATIENCE,
    ) -> None:
        self._tenant_id = tenant_id
        self._seal = key.of_anchors(tenant_id)
        self._file = file
        self._anchors = anchors
        self._syslog = syslog
        self._patience = patience
        self._turns: dict[str, asyncio.Lock] = {}

    async def ship(self, links: Sequence[Link]) -> None:
        """Add entries to the file.

        Raises:
            Unavailable: they cannot be written, or others of their numbers were shipped before.
        """
        before = await self._before()
        for link in links:
            if before.get(link.replica, {}).get(link.number, link.mac) != link.mac:
                raise Unavailable(
                    f"the ledger was set back: another entry {link.number} of `{link.replica}` was shipped to"
                    f" `{self._file}`, and what left since is forgotten: stop every agent, make a backup, and restore it"
                    " into an empty ledger with this file; where a new ledger was begun on purpose, move the file away"
                )
        lines = [line(self._tenant_id, link) for link in links]
        await self._in_time("audit.file", partial(_append, self._file, "audit.file", lines))
        for link in links:
            _note(before, link)

    async def _before(self) -> Shipped:
        """Return what was shipped last, by this process or by those before it."""
        place = self._tenant_id, self._file.absolute()
        if place not in _shipped:
            found: Shipped = {}
            await self._in_time("audit.file", partial(_read_end, self._file, self._tenant_id, found))
            _shipped.setdefault(place, found)
        return _shipped[place]

    async def anchor(self, head: Head, now: datetime) -> None:
        """Add a head to the file of anchors, and tell syslog."""
        told = anchor_line(anchored(self._seal, self._tenant_id, head, now))
        if self._anchors is not None:
            await self._in_time("audit.anchor", partial(_append, self._anchors, "audit.anchor", [told]))
        if self._syslog:
            await self._in_time("audit.syslog", partial(_tell, self._syslog, told.decode()))

    async def _in_time(self, setting: str, write: Callable[[], None]) -> None:
        """Make one write after the other; a mount that hangs may keep one for ever, and is not waited for that long."""
        turn = self._turns.setdefault(setting, asyncio.Lock())
        try:
            await asyncio.wait_for(turn.acquire(), self._patience)
        except TimeoutError as error:
            raise Unavailable(f"`{setting}`: the last write still hangs: check the mount") from error
        writing = asyncio.get_running_loop().run_in_executor(None, write)
        writing.add_done_callback(lambda _: turn.release())
        writing.add_done_callback(_look_at_failure)
        try:
            await asyncio.wait_for(asyncio.shield(writing), self._patience)
        except TimeoutError as error:
            raise Unavailable(
                f"`{setting}`: no answer in {self._patience:g} seconds: check the mount"
            ) from error


def _look_at_failure(writing: "asyncio.Future[None]") -> None:
    """Mark a failure as seen, so that one which came too late to be waited for is not reported as lost."""
    _ = writing.cancelled() or writing.exception()


class _Loud(SysLogHandler):
    """Raises what goes wrong, where the library's own would print it and go on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  the library's signature
        """Raise the error that is being looked at."""
        raise  # noqa: PLE0704  called while it is being handled


def _note(shipped: Shipped, link: Link) -> None:
    known = shipped.setdefault(link.replica, {})
    known[link.number] = link.mac
    known.pop(link.number - REMEMBERED, None)


def _read_end(path: Path, tenant_id: str, found: Shipped) -> None:
    """Note the tenant's entries at the end of the file, where there is one. What is no entry is passed over."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - TAIL, 0))
            lines = file.read(TAIL).split(b"\n")
    except OSError:  # it is told where the file is written
        return
    for one in lines:
        with suppress(Unreadable):
            for tenant, link in read_lines([one]):
                if tenant == tenant_id:
                    _note(found, link)


def _append(path: Path, setting: str, lines: Iterable[bytes]) -> None:
    whole = b"".join(b"%b\n" % one for one in lines)
    try:
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                whole = b"\n" + whole
            while whole:
                whole = whole[os.write(descriptor, whole) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            _sync_folder(path.parent)
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise Unavailable(f"`{setting}`: `{path}` cannot be written: {why}") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tell(place: str, text: str) -> None:
    host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
    address: str | tuple[str, int] = place
    try:
        if not place.startswith("/"):
            address = (host.strip("[]"), int(port or SYSLOG_PORT))
        syslog = _Loud(address, facility=SysLogHandler.LOG_AUTHPRIV)
        try:
            syslog.ident = "air-agent-audit: "
            syslog.append_nul = False
            syslog.emit(
                logging.makeLogRecord(
                    {"msg": "%s", "args": (text,), "levelno": logging.INFO, "levelname": "INFO"}
                )
            )
        finally:
            syslog.close()
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or "is not `host:port`").lower()
        raise Unavailable(f"`audit.syslog`: `{place}` cannot be told: {why}") from error
