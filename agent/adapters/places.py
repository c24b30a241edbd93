"""Places on this machine that the agent reads or writes: how much room there is, who else may read them, and why they cannot be used."""

import os
import stat
from pathlib import Path

from agent.model.checkup import Room


def room_at(path: Path, what: str) -> Room:
    """Return how much is free where this path lies, or where it will be made.

    Raises:
        OSError: nobody says.
    """
    there = _nearest(path)
    found, status = os.statvfs(there), there.stat()
    return Room(
        path=str(there),
        what=what,
        device=status.st_dev,
        # What is kept for root is not free for the agent.
        free=found.f_bavail * found.f_frsize,
        total=found.f_blocks * found.f_frsize,
        free_files=found.f_favail if found.f_files else None,
    )


def unwritable(path: Path) -> str:
    """Return why this file can be neither written nor made; empty where it can. Nothing is written to find out."""
    try:
        if path.is_dir():
            return "is a folder, not a file"
        if path.exists():
            return "" if os.access(path, os.W_OK) else "cannot be written by this user"
        there = _nearest(path)
        if not there.is_dir():
            return f"cannot be made: {there} is not a folder"
        return (
            ""
            if os.access(there, os.W_OK | os.X_OK)
            else f"cannot be made: {there} is not this user's to write"
        )
    except OSError as error:
        return f"cannot be looked at: {(error.strerror or 'no reason was given').lower()}"


def is_open_to_all(path: Path) -> bool:
    """Whether every user of this machine may read the file.

    Raises:
        OSError: nobody says.
    """
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o004)


def owner_beside_us(folder: Path) -> int | None:
    """Return the number of the user whose folder this is; None where it is ours.

    Raises:
        OSError: nobody says.
    """
    owner = folder.stat().st_uid
    return None if owner == os.geteuid() else owner


def _nearest(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    there = path.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    return there
