"""Where the files of a set lie: which are policies, lists, chains, channels, situations, cases or proofs, by their paths."""

from collections.abc import Iterable, Mapping

from agent.judge.strict_yaml import Mapping_, problem
from agent.model.errors import Problem
from agent.model.folders import Folders, folders_of, is_mark
from agent.model.mark import Mark

CASES = ".cases.yaml"
"""How the name of a file of cases ends."""

PROOFS = ".proofs.yaml"
"""How the name of a file of proofs ends."""

LISTS, SITUATIONS, CHAINS, CHANNELS = "lists", "situations", "chains", "channels"
FOLDERS = (LISTS, SITUATIONS, CHAINS, CHANNELS)
"""The folders, beside the policies, of what is none."""

_YAML = (".yaml", ".yml")


def is_list(file: str) -> bool:
    """Whether the path is that of a list file: one that lies in a folder `lists`.

    Folders further up say nothing: the whole set may lie in one of that name.
    """
    return _lies_in(file, LISTS)


def is_situation(file: str) -> bool:
    """Whether the path is that of a situation, on which cases may stand: one in a folder `situations`."""
    return _lies_in(file, SITUATIONS)


def is_chain(file: str) -> bool:
    """Whether the path is that of a chain: one in a folder `chains`."""
    return _lies_in(file, CHAINS)


def is_channel(file: str) -> bool:
    """Whether the path is that of a channel: one in a folder `channels`."""
    return _lies_in(file, CHANNELS)


def is_beside(file: str) -> bool:
    """Whether the path lies in one of the folders beside the policies."""
    return any(_lies_in(file, folder) for folder in FOLDERS)


def is_policy(file: str) -> bool:
    """Whether the path is that of a policy."""
    return file.endswith(_YAML) and not file.endswith((CASES, PROOFS)) and not is_beside(file)


def stem(file: str) -> str:
    """Return the name of a file without its folder and ending."""
    return _parts(file)[-1].rpartition(".")[0]


def folder_of(files: Iterable[str]) -> str:
    """Return the folder in which all of these files lie, as their paths name it; empty where they name none.

    Of a set in two folders it is the tenant's own.
    """
    files = tuple(files)
    folders = folders_of(files)
    if folders is not None:
        return folders.tenant
    common = _common(files)
    return "/" if common == [""] else "/".join(common)


def within(files: Mapping[str, bytes]) -> tuple[tuple[str, bytes], ...]:
    """Return these files by their names inside the folder in which all of them lie.

    So the same files are the same set, however the way to their folder is written and wherever it lies. Of a set in two
    folders they are named inside their own.
    """
    folders = folders_of(files)
    if folders is not None:
        return tuple(
            sorted((folders.inside(file), data) for file, data in files.items() if not is_mark(file))
        )
    depth = len(_common(files))
    return tuple(sorted(("/".join(_parts(file)[depth:]), data) for file, data in files.items()))


def base_first(files: Mapping[str, bytes], folders: Folders | None) -> Mapping[str, bytes]:
    """Return the files by their paths, those of a base before those of a tenant."""
    return dict(
        sorted(files.items(), key=lambda one: (folders is None or not folders.is_base(one[0]), one[0]))
    )


def misplaced(files: Iterable[str]) -> Mapping[str, Problem]:
    """Return the files in folders below those beside the policies, where nothing is looked for."""
    files = tuple(files)
    every = sorted(file for file in files if file.endswith(_YAML))
    folders = folders_of(files)
    depth = len(_common(every))
    found: dict[str, Problem] = {}
    for file in every:
        inside = _parts(folders.inside(file)) if folders is not None else _parts(file)[depth:]
        *above, last = inside[:-1] or [""]
        name = next((one for one in above if one in FOLDERS), None)
        if name is not None and last not in FOLDERS:
            message = f"{name} lie directly in `{name}`, and in no folder below it: move the file there"
            found[file] = problem(file, Mark(1, 1), message)
    return found


def what_else(root: Mapping_) -> str | None:
    """Return what a file that lies where policies do seems to be, and where it belongs; None for a policy."""
    keys = {key.text for key, _ in root.entries}
    if keys & {"policy", "match", "decide"}:
        return None
    if "list" in keys or {"entries"} <= keys:
        return f"is a list, and no policy: lists lie directly in the folder `{LISTS}`: move it there"
    if keys & {"chain", "steps"}:
        return f"is a chain, and no policy: chains lie directly in the folder `{CHAINS}`: move it there"
    if "channel" in keys:
        return f"is a channel, and no policy: channels lie directly in the folder `{CHANNELS}`: move it there"
    if "proofs" in keys:
        return f"holds proofs, and no policy: end its name in `{PROOFS}`"
    if "cases" in keys:
        return f"holds cases, and no policy: end its name in `{CASES}`"
    if {"kind", "facts"} <= keys:
        return f"is a situation, and no policy: situations lie directly in `{SITUATIONS}`: move it there"
    return "is no policy, which begins with `policy: NAME`: move it out of the folder of policies"


def _lies_in(file: str, folder: str) -> bool:
    return file.endswith(_YAML) and _parts(file)[-2:-1] == [folder]


def _common(files: Iterable[str]) -> list[str]:
    """Return the parts of the folder in which all of these files lie."""
    folders = [_parts(file)[:-1] for file in files]
    if not folders:
        return []
    low, high = min(folders), max(folders)
    same = (at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other)
    return low[: next(same, min(len(low), len(high)))]


def _parts(file: str) -> list[str]:
    return file.replace("\\", "/").split("/")
