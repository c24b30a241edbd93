"""The chains and channels beside the policies, and whether everything that is named of them is there."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol, TypeVar

import msgspec

from agent.judge.chains import ChainFile, chain_file
from agent.judge.channels import channel_file
from agent.judge.layout import is_chain, is_channel, stem
from agent.judge.literals import Wrong, line, nearest
from agent.judge.parts import Report
from agent.judge.strict_yaml import Mapping_, Node, Scalar, problem, read, shown
from agent.model.chain import Chain
from agent.model.channel import Channel
from agent.model.errors import PolicyError, Problem
from agent.model.folders import Folders
from agent.model.mark import Mark

NONE_YET = "there are no chains: write one to `chains/NAME.yaml`"

_QUOTED = re.compile(r"`[^`]*`")


class _Noun(Protocol):
    """What a file holds that other files mean by its name."""

    @property
    def name(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def mark(self) -> Mark: ...


N = TypeVar("N")
M = TypeVar("M", bound=_Noun)


class OnCall(msgspec.Struct, frozen=True, kw_only=True):
    """The chains and channels that can be read, by their names, and the names of those that cannot."""

    chains: Mapping[str, Chain]
    channels: Mapping[str, Channel]
    broken: frozenset[str] = frozenset()
    """Names of chains that are there and cannot be read."""
    is_whole: bool = True
    """Whether a chain that is not among these is not there; else nobody knows what chains there were."""


def on_call(
    files: Mapping[str, bytes], lost: Collection[str], problems: list[Problem], *, is_past: bool
) -> OnCall:
    """Return the chains and channels of these files; what is wrong with any of them is added to the problems.

    Args:
        files: of the set.
        lost: names of files that lie where nothing is looked for: told already.
        problems: found so far.
        is_past: whether the set may name chains and have none, as sets did before there were any.
    """
    channels, dumb = _channels(files, lost, problems)
    chains: list[Chain] = []
    broken = set(lost)
    for file, data in sorted(files.items()):
        if not is_chain(file):
            continue
        before = len(problems)
        chain = _read(file, data, chain_file, problems)
        if chain is not None:
            problems.extend(_without_channel(chain, channels.keys(), dumb))
        if chain is None or len(problems) > before:
            broken |= names_in(file, data, "chain")
        else:
            chains.append(chain.noun)
    return OnCall(
        chains=_by_name("chain", chains, problems),
        channels=channels,
        broken=frozenset(broken),
        is_whole=not is_past or any(is_chain(file) for file in files),
    )


def without_replaced(files: Mapping[str, bytes], folders: Folders | None) -> Mapping[str, bytes]:
    """Return the files without the chains and channels of a base of which the tenant has one of the same name."""
    if folders is None:
        return files
    ours = {
        (key, name)
        for file, data in files.items()
        if not folders.is_base(file) and (key := _key(file))
        for name in names_in(file, data, key)
    }
    return {
        file: data
        for file, data in files.items()
        if not (folders.is_base(file) and (key := _key(file)))
        or ours.isdisjoint((key, name) for name in names_in(file, data, key))
    }


def _key(file: str) -> str:
    """Return the key that names what the file holds; empty where that is neither a chain nor a channel."""
    return "chain" if is_chain(file) else "channel" if is_channel(file) else ""


def _channels(
    files: Mapping[str, bytes], lost: Collection[str], problems: list[Problem]
) -> tuple[Mapping[str, Channel], frozenset[str]]:
    """Return the channels that can be read, by their names, and the names of the others."""
    found: list[Channel] = []
    broken = set(lost)
    for file, data in sorted(files.items()):
        if not is_channel(file):
            continue
        before = len(problems)
        channel = _read(file, data, channel_file, problems, is_secret=True)
        if channel is None or len(problems) > before:
            broken |= names_in(file, data, "channel")
        else:
            found.append(channel)
    return _by_name("channel", found, problems), frozenset(broken)


def _by_name(what: str, found: Iterable[M], problems: list[Problem]) -> Mapping[str, M]:
    known: dict[str, M] = {}
    for one in found:
        if one.name in known:
            message = f"the {what} `{one.name}` is in `{known[one.name].file}` already"
            problems.append(problem(one.file, one.mark, message))
        known[one.name] = one
    return known


def _read(
    file: str,
    data: bytes,
    reading: Callable[[str, Node, Report], N],
    problems: list[Problem],
    *,
    is_secret: bool = False,
) -> N | None:
    """Return what the file holds, with what is wrong in parts of it reported; None where it holds no such thing."""

    def report(wrong: Wrong) -> None:
        problems.append(problem(file, wrong.mark, wrong.message))

    try:
        return reading(file, read(file, data), report)
    except PolicyError as error:
        problems.extend(_unquoted(one) if is_secret else one for one in error.problems)
    except Wrong as wrong:
        report(wrong)
    return None


def _unquoted(one: Problem) -> Problem:
    """Return the problem without what it quotes: where a secret was written, `&` and `!` begin what YAML refuses."""
    return msgspec.structs.replace(one, message=_QUOTED.sub("`…`", one.message))


def names_in(file: str, data: bytes, key: str) -> frozenset[str]:
    """Return by which names others may mean what a file holds that cannot be read: its own, or the file's."""
    try:
        root = read(file, data)
    except PolicyError:
        return frozenset({stem(file)})
    named = root.get(key) if isinstance(root, Mapping_) else None
    return frozenset({named.text.strip()} if isinstance(named, Scalar) else {stem(file)})


def _without_channel(chain: ChainFile, known: Collection[str], broken: Collection[str]) -> Iterable[Problem]:
    for one in chain.named:
        if one.channel not in known and one.channel not in broken:
            hint = (
                nearest(one.channel, {*known, *broken}) or ": write one of that name to the folder `channels`"
            )
            yield problem(chain.noun.file, one.mark, f"there is no channel `{shown(one.channel)}`{hint}")


def chain_named(node: Node, found: OnCall) -> str:
    """Return the name of a chain, as a policy gives it.

    One that is there and cannot be read is told at its own place, and nowhere else.

    Raises:
        Wrong: it is no name, or there is no such chain.
    """
    name = line(node, "the name of a chain")
    if found.is_whole:
        message = missing(name, {*found.chains, *found.broken})
        if message:
            raise Wrong(node.mark, message)
    return name


def missing(chain: str, known: Collection[str]) -> str:
    """Return in words that there is no chain of this name; empty where there is."""
    if chain in known:
        return ""
    hint = nearest(chain, known) if known else f": {NONE_YET}"
    return f"there is no chain `{shown(chain)}`{hint or ': write one of that name to the folder `chains`'}"
