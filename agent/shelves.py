"""Folders of policies, with git beside them: one folder, or a base that tenants share and what one tenant adds to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from agent.adapters import git
from agent.adapters.host import LARGEST, PolicyFiles, is_wanted
from agent.adapters.together import Together
from agent.adapters.two_folders import Folder, TwoFolders, plainly
from agent.judge.parse import parse_set
from agent.loop.tightening import require_tight
from agent.model.errors import PolicyError, Problem
from agent.model.folders import Folders
from agent.model.policy import PolicySet
from agent.ports.host import PolicyShelf
from agent.settings.subjects import Settings

PATIENCE = 10.0
"""Seconds that a folder has to be read in."""


def shelf_of(settings: Settings, shelves: "Shelves | None" = None) -> PolicyShelf:
    """Return where the policies lie. With `shelves` they are looked at together with those of other tenants."""
    return Shelf(Where(settings.policies.directory, settings.policies.base), shelves or shelves_together())


def shelf_in(directory: Path, base: Path | None = None) -> PolicyShelf:
    """Return the policies of a folder; where there is a base, of both together."""
    return Shelf(Where(directory, base), shelves_together())


class Where(NamedTuple):
    """The folder that policies lie in, and the base that they add to."""

    directory: Path
    base: Path | None

    def folders(self, seen: Callable[[PolicyFiles], Folder]) -> Folder:
        """Return both as one. `seen` says what is read in the place of a folder."""
        if self.base is None:
            return seen(PolicyFiles(self.directory, _committed, git.authors))
        base, directory = plainly(self.base), plainly(self.directory)
        return TwoFolders(
            seen(PolicyFiles(base, _committed, git.authors, setting="policies.base")),
            seen(PolicyFiles(directory, _committed, git.authors, may_be_empty=True)),
            base_at=base,
            tenant_at=directory,
        )


Shelves = Together[Where, Mapping[str, bytes]]
"""What looks at folders of policies."""


class Shelf:
    """Fulfils PolicyShelf by folders."""

    def __init__(self, where: Where, shelves: Shelves) -> None:
        self._where, self._shelves = where, shelves
        folders = where.folders(lambda folder: folder)
        self.files, self.git, self.authors = folders.files, folders.git, folders.authors

    async def look(self) -> Mapping[str, bytes]:
        """Return the files as they are, read while other things go on. Raises PolicyError."""
        try:
            return await self._shelves.ask(self._where)
        except TimeoutError:
            message = f"cannot be read: no answer within {PATIENCE:g} s: check the disk"
            problem = Problem(file=str(self._where.directory), line=1, column=1, message=message)
            raise PolicyError([problem]) from None


def shelves_together() -> Shelves:
    """Return what looks at the folders of every tenant of a process."""
    return Together(_Reading(), PATIENCE)


Found = dict[tuple[Path, str, bool], Mapping[str, bytes]]
"""The files of folders."""


class _Reading:
    """Reads each folder once in a round, whoever's policies lie in it; what has not changed stays the same object."""

    def __init__(self) -> None:
        self._last: Found = {}

    def __call__(self, wanted: Sequence[Where]) -> Iterator[tuple[Where, Mapping[str, bytes] | Exception]]:
        read: Found = {}
        for where in wanted:
            try:
                found: Mapping[str, bytes] | Exception = where.folders(
                    partial(_Once, self._last, read)
                ).files()
            except PolicyError as error:
                found = error
            yield where, found


class _Once:
    """A folder that is read no more than once in a round."""

    def __init__(self, last: Found, read: Found, folder: PolicyFiles) -> None:
        self._last, self._read, self._folder = last, read, folder
        self.git, self.authors = folder.git, folder.authors

    def files(self) -> Mapping[str, bytes]:
        """Return the bytes of every file. Raises PolicyError."""
        key = self._folder.key
        if key not in self._read:
            found = self._folder.files()
            self._read[key] = self._last[key] = self._last[key] if found == self._last.get(key) else found
        return self._read[key]


def _committed(folder: Path, files: Mapping[str, bytes]) -> str:
    return git.committed(folder, files, is_wanted)


def policies_at(directory: Path, revision: str, base: Path | None = None) -> tuple[str, Mapping[str, bytes]]:
    """Return the commit that a git revision names, and the files as they were at it.

    A base that lies in another repository, which does not know the revision, is taken as it lies there now.

    Raises:
        SettingsError, PolicyError: there is no such revision, or the folder cannot be read at it.
    """
    if base is None:
        return git.files_at(directory, revision, is_wanted, LARGEST)
    base, directory = plainly(base), plainly(directory)
    commit, ours = git.files_at(directory, revision, is_wanted, LARGEST)
    if git.is_revision(base, commit):
        shared = git.files_at(base, commit, is_wanted, LARGEST)[1]
    else:
        shared = PolicyFiles(base, setting="policies.base").files()
    return commit, {**Folders(base=str(base), tenant=str(directory)).marks(), **shared, **ours}


def is_revision(directory: Path, text: str) -> bool:
    """Whether this names a git revision of the folder."""
    return git.is_revision(directory, text)


def require_loads(settings: Settings) -> PolicySet:
    """Return the set as it lies there, whoever is in its groups.

    Raises:
        PolicyError: it does not load, or does more than tighten the base that it adds to.
    """
    files = shelf_of(settings).files()
    found = parse_set(files)
    enforces_observers = settings.policies.enforces_observers
    require_tight(files, tenant=settings.tenant.id, enforces_observers=enforces_observers)
    return found
