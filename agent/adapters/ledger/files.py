"""Where a SQLite ledger lies: a file that nobody else can read, in a directory that nobody else can enter."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from agent.model.errors import LedgerError

KEY_FILE = "audit.key"
"""The name of the file that holds the audit's key, beside the ledger."""


def prepare(path: Path) -> None:
    """Create the file (0600) and its directory (0700) where they are not there, and refuse looser ones.

    SQLite gives the files it puts beside (`-wal`, `-shm`) the permissions of the ledger itself. What the
    process's umask says does not matter.
    """
    try:
        _create(path)
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise LedgerError(
            f"ledger `{path}`: cannot be created: {reason}: choose another place, or mend this one"
        ) from error
    require_private(path)


def require_private(path: Path) -> None:
    """Raise LedgerError where somebody else may read the ledger, or where there is none."""
    try:
        if path.is_dir():
            raise LedgerError(
                f"ledger: `{path}` is a folder: name a file in it, such as `{path / 'ledger.db'}`"
            )
        _require(path.parent, "0700")
        _require(path, "0600")
        for beside in (Path(f"{path}-wal"), Path(f"{path}-shm")):
            if beside.exists():
                _require(beside, "0600")
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise LedgerError(
            f"ledger `{path}`: {reason}: start the agent once, which creates it (so does `air-agent backfill`)"
        ) from error


def made_key(path: Path) -> str:
    """Return the key in this file, made first where there is none: 0600, whole or not at all.

    Raises:
        LedgerError: it cannot be made, or lies open to other users.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        if not path.exists():
            fresh.unlink(missing_ok=True)
            descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            try:
                os.fchmod(descriptor, 0o600)
                os.write(descriptor, f"{secrets.token_hex(32)}\n".encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            # A link does not replace a file that another process has made meanwhile.
            with suppress(FileExistsError):
                os.link(fresh, path)
            fresh.unlink()
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise LedgerError(
            f"ledger: the audit's key `{path}` cannot be made: {reason}: set AIR_AGENT_AUDIT_KEY or `audit.key_file`"
        ) from error
    return read_key(path)


def read_key(path: Path) -> str:
    """Return the key in this file.

    Raises:
        LedgerError: it cannot be read, or lies open to other users.
    """
    try:
        _require(path, "0600")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or "").lower() if isinstance(error, OSError) else "is not UTF-8"
        raise LedgerError(f"ledger: the audit's key `{path}` cannot be read: {reason}: restore it") from error


def _create(path: Path) -> None:
    with suppress(FileExistsError):
        path.parent.mkdir(mode=0o700, parents=True)
        path.parent.chmod(0o700)
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        os.fchmod(descriptor, 0o600)
        os.close(descriptor)


def _require(path: Path, mode: str) -> None:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise LedgerError(
            f"ledger: `{path}` is open to other users: `chmod {mode} {path}`, or give the ledger a directory of its own"
        )
