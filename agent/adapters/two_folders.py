"""Two folders of policies as one set: a base that tenants share, and what one of them adds to it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from agent.model.errors import PolicyError, Problem
from agent.model.folders import Folders, is_mark


class Folder(Protocol):
    """One of the two, as the port `PolicyShelf` has it."""

    def files(self) -> Mapping[str, bytes]:
        """Return the bytes of every file."""
        ...

    def git(self, files: Mapping[str, bytes]) -> str:
        """Return the commit that these files are of."""
        ...

    def authors(self, files: Sequence[str]) -> frozenset[str]:
        """Return who changed these files last."""
        ...


def plainly(folder: Path) -> Path:
    """Return the folder by a name that no other folder's begins with, but those of the folders in it."""
    return folder.resolve() if ".." in folder.parts or not folder.parts else folder


class TwoFolders:
    """A shelf of both folders. Neither lies in the other: its files would be read twice, or be taken for the other's."""

    def __init__(self, base: Folder, tenant: Folder, *, base_at: Path, tenant_at: Path) -> None:
        self._base, self._tenant = base, tenant
        self._at = Folders(base=str(base_at), tenant=str(tenant_at))
        self._paths = base_at, tenant_at

    def files(self) -> Mapping[str, bytes]:
        """Return the bytes of every YAML file in both folders, and which folder is which.

        Raises:
            PolicyError: one folder lies in the other, is not there or cannot be read, or there is nothing in the base.
        """
        base, tenant = (path.resolve() for path in self._paths)
        if base.is_relative_to(tenant) or tenant.is_relative_to(base):
            message = (
                f"lies in `policies.base`, which is `{self._at.base}`, or has it in it: the two lie apart"
            )
            raise PolicyError([Problem(file=self._at.tenant, line=1, column=1, message=message)])
        problems: list[Problem] = []
        found = dict(self._at.marks())
        for folder in (self._base, self._tenant):
            try:
                found |= folder.files()
            except PolicyError as error:
                problems.extend(error.problems)
        if problems:
            raise PolicyError(problems)
        return found

    def git(self, files: Mapping[str, bytes]) -> str:
        """Return the commits of the base and of the tenant, or the one that both are of; empty where one has none."""
        base, tenant = self._apart(files)
        of_base, of_tenant = self._base.git(base), self._tenant.git(tenant)
        if not of_base or not of_tenant:
            return ""
        if of_base.removesuffix("+") == of_tenant.removesuffix("+"):
            return max(of_base, of_tenant)
        return f"{of_base} {of_tenant}"

    def authors(self, files: Sequence[str]) -> frozenset[str]:
        """Return who changed each of these files last, of whichever folder it is."""
        base, tenant = self._apart(dict.fromkeys(files, b""))
        of_base = self._base.authors(tuple(base)) if base else frozenset()
        return of_base | (self._tenant.authors(tuple(tenant)) if tenant else frozenset())

    def _apart(self, files: Mapping[str, bytes]) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
        written = {file: data for file, data in files.items() if not is_mark(file)}
        base = {file: data for file, data in written.items() if self._at.is_base(file)}
        return base, {file: data for file, data in written.items() if file not in base}
