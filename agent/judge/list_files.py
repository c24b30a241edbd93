"""The files of lists -> the lists there are; what a tenant adds to a list of the base is a list of its own beside it.

So every list keeps its file, its entries their places, and a group its members: only what a condition names as `$name`
is both.
"""

from collections.abc import Container, Mapping

from msgspec.structs import replace

from agent.judge.layout import base_first, is_list
from agent.judge.lists import ListFile, list_file, members_file
from agent.judge.literals import Wrong
from agent.judge.on_call import names_in
from agent.judge.shelf import Shelf
from agent.judge.strict_yaml import problem, read
from agent.model.errors import PolicyError, Problem
from agent.model.folders import Folders, folders_of
from agent.model.mark import Mark

ADDED = "-of-tenant"
"""How the name ends under which what a tenant adds to a list is told of."""


def shelf_of(files: Mapping[str, bytes]) -> Shelf:
    """Return the lists among these files, for conditions that stand outside policies."""
    return Shelf(*lists_of(files, [], folders_of(files)))


def lists_of(
    files: Mapping[str, bytes],
    problems: list[Problem],
    folders: Folders | None,
    astray: Container[str] = (),
) -> tuple[Mapping[str, ListFile], frozenset[str]]:
    """Return the lists that can be read, by their names, and the names of the others.

    Args:
        files: of the set.
        problems: what is wrong with any list is added to these.
        folders: where the base lies, and where what a tenant adds to it; None where the set is one whole.
        astray: files that lie where nothing is looked for.
    """
    lists = {file: data for file, data in files.items() if is_list(file) and file not in astray}
    found: dict[str, ListFile] = {}
    broken: set[str] = set()
    beside: dict[str, str] = {}
    for file, data in base_first(lists, folders).items():
        one = _list(file, data, files.get(members_file(file)), problems)
        if one is None:
            broken |= names_in(file, data, "list")
            continue
        if folders is not None and not folders.is_base(file):
            one = _of_tenant(one, found, folders, problems)
        if one.name in found:
            message = f"the list `{one.name}` is in `{found[one.name].file}` already"
            problems.append(problem(file, Mark(1, 1), message))
        found[one.name] = one
        if one.noun.feed is not None:
            twin = beside.setdefault(members_file(file), file)
            if twin != file:
                message = f"the list in `{twin}` would have its members in the same place: rename one file"
                problems.append(problem(file, Mark(1, 1), message))
    return found, frozenset(broken)


def _of_tenant(
    one: ListFile, found: Mapping[str, ListFile], folders: Folders, problems: list[Problem]
) -> ListFile:
    """Return a list of a tenant; under another name where it adds to a list of the base."""
    if one.noun.per_tenant:
        message = "`perTenant` belongs to a list of the base, which tenants add to: leave it out here"
        problems.append(problem(one.file, one.noun.mark, message))
    older = found.get(one.name)
    if older is None or not folders.is_base(older.file):
        return one
    if one.noun.type is not older.noun.type:
        of = older.noun.type
        mend = "leave `type` out" if of is None else f"write `type: {of}`"
        message = (
            f"`{one.name}` adds to the list in `{older.file}`, whose entries are of another type: {mend}"
        )
        problems.append(problem(one.file, one.noun.mark, message))
        return replace(one, noun=replace(one.noun, name=f"{one.name}{ADDED}"))
    return replace(one, noun=replace(one.noun, name=f"{one.name}{ADDED}", adds_to=one.name))


def _list(file: str, data: bytes, members: bytes | None, problems: list[Problem]) -> ListFile | None:
    """Return the list of one file; None where it is none."""

    def report(wrong: Wrong) -> None:
        problems.append(problem(wrong.file or file, wrong.mark, wrong.message))

    try:
        return list_file(file, data, read(file, data), members, report)
    except PolicyError as error:
        problems.extend(error.problems)
    except Wrong as wrong:
        report(wrong)
    return None
