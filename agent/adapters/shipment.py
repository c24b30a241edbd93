"""Where the audit is shipped to: a file of JSON lines, a file of anchors on another mount, syslog.

A line is appended and synced before it counts as shipped. One that was cut off by a crash or a full disk is ended
where the next begins, and comes again whole; who reads the file knows such a line by the whole one.
"""

import asyncio
import logging
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from logging.handlers import SysLogHandler
from pathlib import Path

from agent.audit.chain import anchored
from agent.audit.key import Key
from agent.audit.lines import anchor_line, line
from agent.model.audit import Head, Link
from agent.model.errors import Unavailable

SYSLOG_PORT = 514


class Shipment:
    """`ports.AuditSink` into files and syslog.

    Args:
        tenant_id: whose audit it is.
        key: the audit's, to seal anchors.
        file: where entries go.
        anchors: where heads go as well; None for nowhere.
        syslog: `host`, `host:port`, or the path of a socket such as `/dev/log`; empty for none.
    """

    def __init__(self, tenant_id: str, key: Key, *, file: Path, anchors: Path | None, syslog: str) -> None:
        self._tenant_id = tenant_id
        self._seal = key.of_anchors(tenant_id)
        self._file = file
        self._anchors = anchors
        self._syslog = syslog

    async def ship(self, links: Sequence[Link]) -> None:
        """Add entries to the file."""
        lines = [line(self._tenant_id, link) for link in links]
        await asyncio.to_thread(_append, self._file, "audit.file", lines)

    async def anchor(self, head: Head, now: datetime) -> None:
        """Add a head to the file of anchors, and tell syslog."""
        told = anchor_line(anchored(self._seal, self._tenant_id, head, now))
        if self._anchors is not None:
            await asyncio.to_thread(_append, self._anchors, "audit.anchor", [told])
        if self._syslog:
            await asyncio.to_thread(_tell, self._syslog, told.decode())


class _Loud(SysLogHandler):
    """Raises what goes wrong, where the library's own would print it and go on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  the library's signature
        """Raise the error that is being looked at."""
        raise  # noqa: PLE0704  called while it is being handled


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
