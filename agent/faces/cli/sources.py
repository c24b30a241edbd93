"""Sets of policies as commands name them: a folder, or a git revision of one."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent.loop.policies import InForce
from agent.model.errors import SettingsError
from agent.model.policy import Members, PolicySet
from agent.shelves import is_revision, policies_at, shelf_in


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a set of policies comes from: its name for people, its files, and their commit."""

    name: str
    files: Mapping[str, bytes]
    git: str
    is_past: bool = False
    """Whether it is there to be compared with: it need not load as a set that is to come into force does."""
    tenant: str | None = None
    """Whose actions are judged; None for those of any tenant."""

    def policies(self, members: Mapping[str, Members]) -> PolicySet:
        """Return the set, with who is known to be in the groups it names. Raises PolicyError where it does not load."""
        in_force = InForce(self.files, dict(members), git=self.git, is_past=self.is_past, tenant=self.tenant)
        return in_force.judge.policy_set


def in_folder(folder: Path, base: Path | None = None, *, tenant: str | None = None) -> Source:
    """Return the set in a folder, with the base that it adds to. Raises SettingsError where it is none."""
    if not folder.exists():
        raise SettingsError(f"`{folder}` is not there: name the folder in which the policies lie")
    if not folder.is_dir():
        raise SettingsError(f"`{folder}` is not a folder: name the one in which the policies lie")
    shelf = shelf_in(folder, base)
    files = shelf.files()
    return Source(name=str(folder), files=files, git=shelf.git(files), tenant=tenant)


def named(against: str, folder: Path, base: Path | None = None) -> Source:
    """Return the set in a folder of this name, or else that of `folder` at the git revision of this name.

    Where `folder` adds to a base, so does either of them, but for the base itself: at a revision to what it was then.

    A folder is named as one (`./main`) where a revision has the same name: else whoever proposes a change could
    lay down a folder `main` to have the change compared with itself.

    Raises:
        SettingsError, PolicyError: there is neither, or both, or it cannot be read.
    """
    if _is_folder(against):
        is_plain = not against.startswith((".", "/", "~"))
        if is_plain and is_revision(folder, against):
            raise SettingsError(
                f"`{against}` is a folder and a git revision as well: name the folder as `./{against}`, or the "
                "revision by its commit"
            )
        beside = base if base is not None and base.resolve() != Path(against).resolve() else None
        return msgspec.structs.replace(in_folder(Path(against), beside), is_past=True)
    commit, files = policies_at(folder, against, base)
    return Source(name=f"{folder} at {against}", files=files, git=commit, is_past=True)


def _is_folder(text: str) -> bool:
    try:
        return Path(text).is_dir()
    except OSError:
        return False
