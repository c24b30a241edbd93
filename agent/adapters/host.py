"""The machine the agent runs on: its clock and the policy files. No other module reads the clock."""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath

from agent.model.errors import PolicyError, Problem

SUFFIXES = frozenset({".yaml", ".yml"})

LARGEST = 1 << 20
"""Bytes of one policy or list file."""

MOST_ENTRIES = 20_000
"""Names in a folder of policies and all below it; one with more is another folder, such as a whole disk."""


class SystemClock:
    """The machine's clock, or one that runs `rate` times as fast since `epoch`, to try things out.

    From `until` on, a moment of real time, it is no faster than the machine's: it stays ahead of it by what it has gained.
    """

    def __init__(
        self, *, rate: float = 1.0, epoch: datetime | None = None, until: datetime | None = None
    ) -> None:
        self._rate = rate
        self._until = until
        self._epoch = epoch if epoch is not None else datetime.now(UTC)  # noqa: TID251  the one clock
        self._is_plain = rate == 1.0

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        real = datetime.now(UTC)  # noqa: TID251  the one clock
        if self._is_plain:
            return real
        fast = real if self._until is None else min(real, self._until)
        return self._epoch + (fast - self._epoch) * self._rate + (real - fast)

    async def sleep_until(self, moment: datetime) -> None:
        """Return when `moment` has come.

        Waits in short stretches, so that a clock set forward or a machine woken from sleep is noticed.
        """
        while (left := moment - self.now()) > timedelta(0):  # noqa: ASYNC110  time is the event
            await asyncio.sleep(min(left.total_seconds() / self._rate_now(), 30.0))

    def _rate_now(self) -> float:
        is_slow = self._until is not None and datetime.now(UTC) >= self._until  # noqa: TID251  the one clock
        return 1.0 if is_slow else self._rate


class PolicyFiles:
    """A folder of policies, and of what lies in folders beside them, such as `lists/`.

    `commit` says which commit files of a folder are of, `authors` who changed some of them last. `setting` names the folder.
    """

    def __init__(
        self,
        directory: Path,
        commit: Callable[[Path, Mapping[str, bytes]], str] = lambda *_: "",
        authors: Callable[[Path, Sequence[str]], frozenset[str]] = lambda *_: frozenset(),
        *,
        setting: str = "policies.directory",
        may_be_empty: bool = False,
    ) -> None:
        self._setting = setting
        self._may_be_empty = may_be_empty
        self._directory = directory
        self._commit = commit
        self._authors = authors

    @property
    def key(self) -> tuple[Path, str, bool]:
        """What is the same for whoever reads the same."""
        return self._directory, self._setting, self._may_be_empty

    def git(self, files: Mapping[str, bytes]) -> str:
        """Return the commit that these files are of, with `+` where they differ from it; empty for none."""
        return self._commit(self._directory, files)

    def authors(self, files: Sequence[str]) -> frozenset[str]:
        """Return the addresses of whoever changed each of these files last, lower case; empty where git cannot say."""
        return self._authors(self._directory, files)

    def files(self) -> Mapping[str, bytes]:
        """Return the bytes of every YAML file in the folder, by its path as it is to be named to people.

        Names that begin with two dots are passed over: Kubernetes keeps what a mounted ConfigMap holds in
        such folders a second time, beside links to it. Links to folders are followed, for the same reason. A
        folder that cannot be entered is never taken for an empty one: the policies in it may be the strict ones.

        Raises:
            PolicyError: the folder is not there, has no YAML file or more names in it than any folder of policies, or one in it cannot be read; or a file of that name is none, cannot be read, is larger than 1 MiB or has a name that is no text.
        """
        try:
            is_there = self._directory.is_dir()
        except OSError as error:
            raise PolicyError([_problem(self._directory, f"cannot be read: {error.strerror}")]) from error
        if not is_there:
            raise PolicyError([_problem(self._directory, f"no such folder: set `{self._setting}`")])
        found: dict[str, bytes] = {}
        problems: list[Problem] = []
        try:
            paths = sorted(_Scan(self._directory, problems).within(self._directory, frozenset()))
        except _TooMany:
            message = f"has more than {MOST_ENTRIES:,} files and folders below it: name the folder of policies itself"
            raise PolicyError([_problem(self._directory, message)]) from None
        for path in paths:
            if not _is_text(path):
                problems.append(_problem(path, "its name is not UTF-8: rename it"))
                continue
            try:
                # To open a named pipe would wait for ever for somebody to write to it.
                if not stat.S_ISREG(path.stat().st_mode):
                    problems.append(_problem(path, "is not a file: move it out of the folder of policies"))
                    continue
                with path.open("rb") as file:
                    content = file.read(LARGEST + 1)
            except OSError as error:
                problems.append(_problem(path, f"cannot be read: {error.strerror}"))
                continue
            if len(content) > LARGEST:
                problems.append(_problem(path, "larger than 1 MiB: split it"))
                continue
            found[str(path)] = content
        if problems:
            raise PolicyError(problems)
        if not found and not self._may_be_empty:
            message = "there is no policy in this folder: an agent without any decides nothing"
            raise PolicyError([_problem(self._directory, message)])
        return found


class _TooMany(Exception):
    """There is more below the folder than below any folder of policies."""


class _Scan:
    """Goes through a folder and all below it; what cannot be looked into is a problem."""

    def __init__(self, root: Path, problems: list[Problem]) -> None:
        self._root = root
        self._problems = problems
        self._left = MOST_ENTRIES

    def within(self, folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
        """Give every path below the folder that is to be read. Raises _TooMany where there is no end to them."""
        try:
            status = folder.stat()
            here = (status.st_dev, status.st_ino)
            if here in above:
                self._problems.append(_problem(folder, "is a link to a folder that it lies in: remove it"))
                return
            with os.scandir(folder) as scanned:
                entries = [(Path(entry.path), entry.is_dir()) for entry in scanned]
                lost = [path for path, is_folder in entries if not is_folder and _leads_nowhere(path)]
        except OSError as error:
            self._problems.append(_problem(folder, f"cannot be read: {error.strerror}"))
            return
        self._left -= len(entries)
        if self._left < 0:
            raise _TooMany
        self._problems += [
            _problem(path, "is a link that leads nowhere: mend it or remove it") for path in lost
        ]
        for path, is_folder in entries:
            if is_wanted(path.relative_to(self._root)):
                yield path
            elif is_folder and not path.name.startswith(".."):
                yield from self.within(path, above | {here})


def _leads_nowhere(path: Path) -> bool:
    """Whether it is a link to what is not there and may have been a folder; links that editors lay are hidden."""
    return not path.suffix and not path.name.startswith(".") and path.is_symlink() and not path.exists()


def _is_text(path: PurePath) -> bool:
    """Whether the name can be written down; the digest of a set covers it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def is_wanted(path: PurePath) -> bool:
    """Whether a path inside the folder is one that is read."""
    return path.suffix in SUFFIXES and not any(part.startswith("..") for part in path.parts)


def _problem(path: Path, message: str) -> Problem:
    return Problem(file=str(path), line=1, column=1, message=message)
