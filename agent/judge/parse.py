"""Files -> the set of policies, or everything that is wrong with them, each at its place."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from agent.judge.fallen import FALLEN, fallen_file, fallen_of
from agent.judge.layout import (
    FOLDERS,
    folder_of,
    is_chain,
    is_channel,
    is_list,
    is_policy,
    misplaced,
    stem,
    what_else,
    within,
)
from agent.judge.lists import MEMBERS, ListFile, list_file, members_file
from agent.judge.literals import Wrong
from agent.judge.on_call import OnCall, names_in, on_call
from agent.judge.policies import PolicyReader, digest
from agent.judge.shelf import Shelf
from agent.judge.strict_yaml import Mapping_, problem, read
from agent.model.errors import PolicyError, Problem
from agent.model.mark import Mark
from agent.model.policy import Policy, PolicySet


def parse_set(files: Mapping[str, bytes], *, folder: str = "", is_past: bool = False) -> PolicySet:
    """Return all policies of these files, by their paths as they are to be shown to people.

    Files in the folders `lists`, `chains` and `channels` are what these are called; `*.cases.yaml`,
    `*.proofs.yaml` and files in a folder `situations` are passed over; other YAML files hold one policy each.
    Beside a list that is fed, its members may lie as `<name of the file>.members`, and beside a policy that fell back
    that it did. The revision changes with any byte of any policy, list, chain, channel, members or fallback and with
    their names inside their folder, and not with where that lies. A set that `is_past` is only looked back on: it may name chains and have none, as sets did
    before there were any.

    Raises:
        PolicyError: with everything that is wrong in any of the files, or where there is no policy at all, of
            which `folder` is told.
    """
    astray = misplaced(files)
    problems = list(astray.values())
    ours = {
        file: data
        for file, data in sorted(files.items())
        if file not in astray and (is_policy(file) or is_list(file) or is_chain(file) or is_channel(file))
    }
    lists, broken = _lists(
        {file: data for file, data in ours.items() if is_list(file)},
        {file: data for file, data in files.items() if file.endswith(MEMBERS)},
        problems,
    )
    lost = frozenset(map(stem, astray))
    called = on_call(ours, lost, problems, is_past=is_past)
    texts = [file for file in ours if is_policy(file)]
    fallen = {file: data for file, data in sorted(files.items()) if file.endswith(FALLEN)}
    shelf = Shelf(lists, broken | lost)
    policies = _policies({file: ours[file] for file in texts}, fallen, shelf, called, problems)
    if not texts and not astray:
        problems.append(_no_policy(files, folder))
    if problems:
        unique = {str(found): found for found in problems}
        raise PolicyError(
            sorted(unique.values(), key=lambda one: (one.file, one.line, one.column, one.message))
        )
    beside = {members_file(one.file) for one in lists.values() if one.noun.feed is not None}
    beside |= {fallen_file(file) for file in texts}
    whole = ours | {file: data for file, data in sorted(files.items()) if file in beside}
    return PolicySet(
        policies=tuple(policies[name] for name in sorted(policies)),
        lists=tuple(lists[name].noun for name in sorted(lists)),
        chains=tuple(called.chains[name] for name in sorted(called.chains)),
        channels=tuple(called.channels[name] for name in sorted(called.channels)),
        revision=digest(within(whole)),
        files=whole,
    )


def _policies(
    files: Mapping[str, bytes],
    fallen: Mapping[str, bytes],
    shelf: Shelf,
    called: OnCall,
    problems: list[Problem],
) -> Mapping[str, Policy]:
    policies: dict[str, Policy] = {}
    for file, data in files.items():
        policy = _policy(file, data, shelf, called, problems, fallen.get(fallen_file(file)))
        if policy is None:
            continue
        if policy.name in policies:
            twin = policies[policy.name].file
            problems.append(problem(file, policy.mark, f"the policy `{policy.name}` is in `{twin}` already"))
        policies[policy.name] = policy
    return policies


def _no_policy(files: Iterable[str], folder: str) -> Problem:
    """Return that there is no policy, as said of the folder, and not of whichever file lies in it."""
    where = (folder or folder_of(files) or "policies").replace("\\", "/")
    name = where.rpartition("/")[2]
    if name in FOLDERS:
        message = f"there is no policy in `{name}`: the folder of policies is the one in which it lies"
    else:
        message = "there is no policy in this folder: an agent without any decides nothing"
    return problem(where, Mark(1, 1), message)


def shelf_of(files: Mapping[str, bytes]) -> Shelf:
    """Return the lists among these files, for conditions that stand outside policies."""
    lists = {file: data for file, data in sorted(files.items()) if is_list(file)}
    members = {file: data for file, data in files.items() if file.endswith(MEMBERS)}
    return Shelf(*_lists(lists, members, []))


def _lists(
    files: Mapping[str, bytes], members: Mapping[str, bytes], problems: list[Problem]
) -> tuple[Mapping[str, ListFile], frozenset[str]]:
    """Return the lists that can be read, by their names, and the names of the others."""
    found: dict[str, ListFile] = {}
    broken: set[str] = set()
    beside: dict[str, str] = {}
    for file, data in files.items():
        one = _list(file, data, members.get(members_file(file)), problems)
        if one is None:
            broken |= names_in(file, data, "list")
            continue
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


def _policy(
    file: str, data: bytes, shelf: Shelf, called: OnCall, problems: list[Problem], fallen: bytes | None
) -> Policy | None:
    """Return the policy of one file; None where anything is wrong with it."""
    before = len(problems)
    try:
        root = read(file, data)
        if not isinstance(root, Mapping_):
            raise Wrong(
                root.mark, "a policy is a mapping with the keys `policy`, `for`, `match` and `decide`"
            )
        other = what_else(root)
        if other is not None:
            raise Wrong(root.mark, other)
        fell = fallen_of(file, fallen)
    except PolicyError as error:
        problems.extend(error.problems)
        return None
    except Wrong as wrong:
        problems.append(problem(file, wrong.mark, wrong.message))
        return None
    policy = PolicyReader(file, root, Shelf(shelf.lists, shelf.broken), called, problems).policy(data)
    return replace(policy, fallen=fell) if len(problems) == before else None
