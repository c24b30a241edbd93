"""One file of the folder of policies, written anew: whole or not at all, and only over what was read."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from agent.model.errors import SettingsError


def require_writable(folder: Path, path: Path) -> None:
    """See that the file may be written anew.

    A link within the folder is followed. One that leads out of it, as where the folder is a mounted ConfigMap, is what
    somebody else writes; and so is what is read-only or another user's.

    Raises:
        SettingsError: it may not.
    """
    real = _real(path)
    if not real.is_relative_to(_real(folder)):
        raise SettingsError(f"`{path}` is a link to `{real}`, outside of `{folder}`: change it there")
    status = _status(real)
    if not stat.S_ISREG(status.st_mode):
        raise SettingsError(f"`{path}` is not a file")
    if not (_is_writable(real) and _is_writable(real.parent)):
        raise SettingsError(
            f"`{path}` cannot be written: it or its folder is read-only: change it where it is from"
        )
    if status.st_uid != os.geteuid() and os.geteuid() != 0:
        raise SettingsError(f"`{path}` belongs to another user: run this as that user, or change it by hand")


def rewrite(folder: Path, path: Path, before: bytes, after: bytes) -> None:
    """Write the file anew, with its owner and permissions, in one step.

    Raises:
        SettingsError: it may not be written, cannot be, or is not what it was when it was read.
    """
    require_writable(folder, path)
    real = _real(path)
    fresh: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix="..", suffix=".new", dir=real.parent)
        fresh = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(after)
            _like(file.fileno(), real)
            file.flush()
            os.fsync(file.fileno())
        if real.read_bytes() != before:
            raise SettingsError(f"`{path}` was changed meanwhile: nothing was written: run this again")
        fresh.replace(real)
        fresh = None
        _sync(real.parent)
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`{path}` cannot be written: {why}") from error
    finally:
        if fresh is not None:
            with suppress(OSError):
                fresh.unlink()


def _is_writable(path: Path) -> bool:
    """Whether it may be written, and somebody said that it may: to the superuser everything is open."""
    return path.stat().st_mode & 0o222 != 0 and os.access(path, os.W_OK)


def _like(descriptor: int, real: Path) -> None:
    """Give the new file the owner, the group and the permissions of the old one."""
    old, new = _status(real), os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _sync(folder: Path) -> None:
    """Have the folder remember the new file even if the power goes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _real(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise SettingsError(f"`{path}` is not there any more: run this again") from error


def _status(real: Path) -> os.stat_result:
    try:
        return real.stat()
    except OSError as error:
        raise SettingsError(f"`{real}` cannot be read: {(error.strerror or '').lower()}") from error
