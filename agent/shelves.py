"""Folders of policies, with git beside them: one folder, or a base that tenants share and what one tenant adds to it."""

from collections.abc import Mapping
from pathlib import Path

from agent.adapters import git
from agent.adapters.host import LARGEST, PolicyFiles, is_wanted
from agent.adapters.two_folders import TwoFolders, plainly
from agent.judge.parse import parse_set
from agent.loop.tightening import require_tight
from agent.model.folders import Folders
from agent.model.policy import PolicySet
from agent.ports.host import PolicyShelf
from agent.settings.subjects import Settings


def shelf_of(settings: Settings) -> PolicyShelf:
    """Return where the policies lie."""
    return shelf_in(settings.policies.directory, settings.policies.base)


def shelf_in(directory: Path, base: Path | None = None) -> PolicyShelf:
    """Return the policies of a folder; where there is a base, of both together."""
    if base is None:
        return PolicyFiles(directory, _committed, git.authors)
    base, directory = plainly(base), plainly(directory)
    return TwoFolders(
        PolicyFiles(base, _committed, git.authors, setting="policies.base"),
        PolicyFiles(directory, _committed, git.authors, may_be_empty=True),
        base_at=base,
        tenant_at=directory,
    )


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
