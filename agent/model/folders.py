"""A set of policies that lies in two folders: the base that tenants share, and what one of them adds to it.

Which folder is which stands beside the files as two more, which no disk has, as the members of a list that is fed do:
so the files of a set alone say what is the base's, also where they were kept and are read again long after.
"""

from collections.abc import Iterable, Mapping

import msgspec

BASE, TENANT = ".base", ".tenant"
"""Names of the two files; each lies in its folder, and is empty."""


class Folders(msgspec.Struct, frozen=True, kw_only=True):
    """The two folders, as the files of the set name the way to them."""

    base: str
    tenant: str

    def is_base(self, file: str) -> bool:
        """Whether the file is one of the base."""
        return file.startswith(f"{self.base}/")

    def inside(self, file: str) -> str:
        """Return the file by its name inside its folder, with which of the two that is before it."""
        for name, folder in (("base", self.base), ("tenant", self.tenant)):
            if file.startswith(f"{folder}/"):
                return f"{name}/{file[len(folder) + 1 :]}"
        return file

    def marks(self) -> Mapping[str, bytes]:
        """Return the files that say which folder is which."""
        return {f"{self.base}/{BASE}": b"", f"{self.tenant}/{TENANT}": b""}


def folders_of(files: Iterable[str]) -> Folders | None:
    """Return the two folders in which these files lie; None where the set is one whole."""
    found = {
        name: file[: -len(name) - 1] for file in files for name in (BASE, TENANT) if file.endswith(f"/{name}")
    }
    return Folders(base=found[BASE], tenant=found[TENANT]) if len(found) == 2 else None


def is_mark(file: str) -> bool:
    """Whether the file is one of those that say which folder is which."""
    return file.endswith((f"/{BASE}", f"/{TENANT}"))
