"""A set in two folders -> the two sets that are compared: the base as it is meant for the tenant, and the whole.

A list of the base that is `perTenant` is a blank that each tenant fills in: the base is meant with what the tenant adds to
it. All else that a tenant adds is missing there.
"""

from collections.abc import Mapping

import msgspec

from agent.judge.lists import members_file
from agent.judge.parse import parse_set
from agent.model.folders import Folders, is_mark
from agent.model.policy import PolicyList, PolicySet


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """The base and the whole, and where which of them lies."""

    base: PolicySet
    whole: PolicySet
    folders: Folders

    @property
    def added(self) -> tuple[PolicyList, ...]:
        """What the tenant adds to lists of the base that are not for tenants to fill in."""
        known = {one.name for one in self.base.lists}
        return tuple(one for one in self.whole.lists if one.adds_to is not None and one.name not in known)


def sides_of(files: Mapping[str, bytes], whole: PolicySet, folders: Folders) -> Sides:
    """Return both sides of a set that lies in two folders.

    Args:
        files: all files of both folders, and who is in their lists that are fed.
        whole: the set of these files.
        folders: the two.

    Raises:
        PolicyError: the base does not load by itself.
    """
    filled = _filled(whole, folders)
    filled |= set(map(members_file, filled))
    ours = {
        file: data for file, data in files.items() if folders.is_base(file) or is_mark(file) or file in filled
    }
    return Sides(base=parse_set(ours, folder=folders.base), whole=whole, folders=folders)


def _filled(whole: PolicySet, folders: Folders) -> frozenset[str]:
    """Return the files in which the tenant says what is in the lists that the base leaves to tenants."""
    blanks = {one.name for one in whole.lists if one.per_tenant and folders.is_base(one.file)}
    return frozenset(one.file for one in whole.lists if one.adds_to in blanks)
