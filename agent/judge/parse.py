"""Files -> the set of policies, or everything that is wrong with them, each at its place."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from agent.judge.fallen import FALLEN, fallen_file, fallen_of
from agent.judge.layout import (
    FOLDERS,
    base_first,
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
from agent.judge.list_files import lists_of
from agent.judge.lists import members_file
from agent.judge.literals import Wrong
from agent.judge.on_call import OnCall, on_call, without_replaced
from agent.judge.policies import PolicyReader, digest
from agent.judge.shelf import Shelf
from agent.judge.strict_yaml import Mapping_, problem, read
from agent.model.errors import PolicyError, Problem
from agent.model.folders import Folders, folders_of
from agent.model.mark import Mark
from agent.model.policy import Policy, PolicySet


def parse_set(files: Mapping[str, bytes], *, folder: str = "", is_past: bool = False) -> PolicySet:
    """Return all policies of these files, by their paths as they are to be shown to people.

    Files in the folders `lists`, `chains` and `channels` are what these are called; `*.cases.yaml`,
    `*.proofs.yaml` and files in a folder `situations` are passed over; other YAML files hold one policy each.
    Beside a list that is fed, its members may lie as `<name of the file>.members`, and beside a policy that fell back
    that it did. A set may lie in two folders, which files of their own say: the base that tenants share, and what a tenant
    adds: policies of other names, lists of other names or with more in a list of the base, and chains and channels, of
    which one takes the place of the base's of its name. The revision changes with any byte of any policy, list, chain, channel, members or fallback and with
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
    folders = folders_of(files)
    lists, broken = lists_of(files, problems, folders, astray)
    lost = frozenset(map(stem, astray))
    called = on_call(without_replaced(ours, folders), lost, problems, is_past=is_past)
    texts = [file for file in ours if is_policy(file)]
    fallen = {file: data for file, data in sorted(files.items()) if file.endswith(FALLEN)}
    shelf = Shelf(lists, broken | lost)
    policies = _policies({file: ours[file] for file in texts}, fallen, shelf, called, problems, folders)
    if not texts and not astray:
        problems.append(_no_policy(files, folder))
    if problems:
        unique = {str(found): found for found in problems}
        raise PolicyError(
            sorted(unique.values(), key=lambda one: (one.file, one.line, one.column, one.message))
        )
    beside = {members_file(one.file) for one in lists.values() if one.noun.feed is not None}
    beside |= {fallen_file(file) for file in texts}
    beside |= set() if folders is None else folders.marks().keys()
    whole = ours | {file: data for file, data in sorted(files.items()) if file in beside}
    return PolicySet(
        policies=tuple(policies[name] for name in sorted(policies)),
        lists=tuple(lists[name].noun for name in sorted(lists)),
        chains=tuple(called.chains[name] for name in sorted(called.chains)),
        channels=tuple(called.channels[name] for name in sorted(called.channels)),
        revision=digest(within(whole)),
        files=whole,
        folders=folders,
    )


def _policies(
    files: Mapping[str, bytes],
    fallen: Mapping[str, bytes],
    shelf: Shelf,
    called: OnCall,
    problems: list[Problem],
    folders: Folders | None,
) -> Mapping[str, Policy]:
    policies: dict[str, Policy] = {}
    for file, data in base_first(files, folders).items():
        policy = _policy(file, data, shelf, called, problems, fallen.get(fallen_file(file)))
        if policy is None:
            continue
        if policy.name in policies:
            twin = policies[policy.name].file
            problems.append(problem(file, policy.mark, _taken(policy, twin, folders)))
        policies[policy.name] = policy
    return policies


def _taken(policy: Policy, twin: str, folders: Folders | None) -> str:
    """Return that the name of the policy is that of another, which lies in `twin`."""
    if folders is not None and folders.is_base(twin) and not folders.is_base(policy.file):
        return f"`{policy.name}` is a policy of the base, in `{twin}`: a tenant adds policies of other names"
    return f"the policy `{policy.name}` is in `{twin}` already"


def _no_policy(files: Iterable[str], folder: str) -> Problem:
    """Return that there is no policy, as said of the folder, and not of whichever file lies in it."""
    where = (folder or folder_of(files) or "policies").replace("\\", "/")
    name = where.rpartition("/")[2]
    if name in FOLDERS:
        message = f"there is no policy in `{name}`: the folder of policies is the one in which it lies"
    else:
        message = "there is no policy in this folder: an agent without any decides nothing"
    return problem(where, Mark(1, 1), message)


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
