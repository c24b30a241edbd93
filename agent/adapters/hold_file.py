"""The kill switch as a file: while it is there, nothing is carried out.

Nobody needs a login, a command or the ledger to make one. What cannot be told for certain counts as there: a
folder that is gone or may not be entered, a link that leads nowhere, a file system that does not answer.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from agent.adapters.together import Together
from agent.model.hold import OF_FILE, Hold

PATIENCE = 2.0
"""Seconds to wait for a file system, such as one of another machine that hangs."""

LONGEST = 300
"""Characters of a reason."""

Said = str | None
"""Why the file holds; None where it is certain that it is not there."""


class HoldFile:
    """`ports.Switch`: the first line of the file is the reason.

    `together` reads it, on a thread of its own and with those of other tenants, and never on two at once: one that hangs
    must keep neither the loop waiting nor the process from ending.
    """

    def __init__(self, path: Path, replica: str, together: "HoldFiles | None" = None) -> None:
        self._path = path
        self._replica = replica
        self._together = together or hold_files()

    async def read(self, now: datetime) -> Hold | None:
        """Return the hold that the file lays; None only where it is certain that there is no such file."""
        try:
            said = await self._together.ask(self._path)
        except TimeoutError:
            said = f"it cannot be read: no answer within {PATIENCE:g} s"
        if said is None:
            return None
        by = f"the file {self._path} of {self._replica}"
        return Hold(name=f"{OF_FILE}{self._replica}", since=now, by=by, reason=said)


HoldFiles = Together[Path, Said]


def hold_files() -> HoldFiles:
    """Return what reads the files of every tenant of a process."""
    return Together(_looks, PATIENCE)


def _looks(paths: Sequence[Path]) -> Iterator[tuple[Path, Said]]:
    return ((path, _said(path)) for path in paths)


def _said(path: Path) -> Said:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return _without_folder(path.parent)
    except OSError as error:
        return f"it cannot be read: {_why(error)}"
    try:
        return _first_line(path)
    except FileNotFoundError:
        if stat.S_ISLNK(found.st_mode):
            return "it cannot be read: it is a link that leads nowhere"
        return _without_folder(path.parent)
    except OSError as error:
        return f"it is there, and its reason cannot be read: {_why(error)}"


def _without_folder(folder: Path) -> Said:
    """Return why a file that is not there may be there all the same: the folder that it would lie in is gone."""
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except OSError as error:
        return f"it cannot be read: its folder {folder}: {_why(error)}"
    return None if is_folder else f"it cannot be read: {folder} is not a folder"


def _first_line(path: Path) -> str:
    # What is no file may never answer: to open a named pipe would wait for somebody to write to it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return "it is there, and it is not a file"
        content = os.read(descriptor, 4 * LONGEST)
    finally:
        os.close(descriptor)
    first = next(iter(content.decode("utf-8", "replace").splitlines()), "")
    words = " ".join(first.replace("\0", " ").split())[:LONGEST]
    return words or "no reason given: write one into its first line"


def _why(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "it is gone"
    return (error.strerror or "no reason was given").lower()
