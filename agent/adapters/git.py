"""Git, asked by its own program: which commit policies are of, what they were at a revision, and who changed them last.

Only commands that read objects are used: none of them runs a hook or a filter that a repository names. What
a surrounding git has put into the environment, such as in a hook, is left out: it would point elsewhere.
Configuration stays: it may say whose repositories are to be trusted. Replacements of objects count for nothing: a
commit is what its id says.

Who changed a file last is taken widely, since it is asked for to keep them from approving what their own policy asks:
the author of its last commit under the address that stands there and under the one that `.mailmap` makes of it, and whom
the commit names as co-authors. A merge counts where it changed the file itself. Where the file differs from the commit, it
was last changed by somebody who has not committed: then whoever commits here by git's configuration is meant too. Who
cannot be known from an address: a bot, GitHub's `noreply` addresses, and the oldest commit of a shallow clone, which is
the last author of everything as far as git can say there.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha1, sha256
from pathlib import Path, PurePath

import msgspec

from agent.model.errors import PolicyError, Problem, SettingsError

PATIENCE = 20.0
"""Seconds that one call of git may take."""

LINK, SUBMODULE = "120000", "160000"
"""Modes of entries that are no files."""

ENOUGH = 256
"""Commits within which most files were changed last; only for the others git goes through all."""

_AUTHORED = "%x01%ae%x02%aE%x02%(trailers:key=Co-authored-by,valueonly,separator=%x02)%x03"
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")

Wanted = Callable[[PurePath], bool]
"""Whether a path inside the folder is that of a policy, a list or a file of cases."""


class Silent(Exception):
    """Git could not be asked, or said no; what it said is the message."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the folder at a commit."""

    mode: str
    object_id: str
    size: int
    path: PurePath


def committed(directory: Path, files: Mapping[str, bytes], wanted: Wanted) -> str:
    """Return the commit that is checked out where the folder lies, with `+` where these files differ from it.

    Empty where there is no git, no repository or no commit, or where git does not answer.

    Args:
        directory: the folder of policies.
        files: what was read from it, by its path.
        wanted: which paths of the commit are of that kind.
    """
    try:
        commit = _commit(directory, "HEAD")
        found = _tree(directory, commit)
    except Silent:
        return ""
    there = {str(directory / one.path): one for one in found or () if wanted(one.path)}
    is_same = there.keys() == files.keys() and all(
        one.mode != LINK and _object_id(files[name], len(one.object_id)) == one.object_id
        for name, one in there.items()
    )
    return commit if is_same else f"{commit}+"


def files_at(directory: Path, revision: str, wanted: Wanted, largest: int) -> tuple[str, Mapping[str, bytes]]:
    """Return the commit that a revision names, and the folder's files at it, named as those in the folder are.

    Raises:
        SettingsError: there is no such revision, no repository, or no such folder at that revision.
        PolicyError: one of that name is no file, or is larger than `largest` bytes.
    """
    if not revision or revision.startswith("-") or not revision.isprintable():
        raise SettingsError(f"`{revision}` is neither a folder nor a revision: name one, such as `main`")
    try:
        commit = _commit(directory, revision)
    except Silent as silent:
        raise SettingsError(
            f"`{revision}` is neither a folder nor a revision that git knows in `{directory}`: {silent}: "
            "name a branch, tag or commit, and fetch it first where this is a shallow clone"
        ) from silent
    try:
        found = _tree(directory, commit)
        if found is None:
            raise SettingsError(
                f"`{directory}` was not there at `{revision}` (commit {commit[:12]}): name a later revision"
            )
        entries = [one for one in found if wanted(one.path) or one.mode == SUBMODULE or _may_be_folder(one)]
        _require_files(directory, revision, entries, largest)
        contents = _contents(directory, [one.object_id for one in entries])
    except Silent as silent:
        raise SettingsError(f"`{directory}` at `{revision}` cannot be read: {silent}") from silent
    return commit, {str(directory / one.path): data for one, data in zip(entries, contents, strict=True)}


def _may_be_folder(one: Entry) -> bool:
    """Whether it is a link that may lead to a folder of policies, whose files would then be missing."""
    is_hidden = any(part.startswith(".") for part in one.path.parts)
    return one.mode == LINK and not one.path.suffix and not is_hidden


def is_revision(directory: Path, text: str) -> bool:
    """Whether git knows a commit by this name in the repository in which the folder lies."""
    if not text or text.startswith("-") or not text.isprintable():
        return False
    try:
        _commit(directory, text)
    except Silent:
        return False
    return True


def authors(directory: Path, files: Sequence[str]) -> frozenset[str]:
    """Return the addresses of whoever changed each of these files last, lower case; empty where git cannot say.

    Args:
        directory: the folder of policies.
        files: as `committed` names them.
    """
    names = {
        name: PurePath(name).relative_to(directory).as_posix() for name in files if _is_below(name, directory)
    }
    try:
        found = _last_authors(directory, frozenset(names.values()))
        told = {address for name in names.values() for address in found.get(name, ())}
        if _is_any_uncommitted(directory, names):
            told |= _whoever_commits(directory)
    except Silent:
        return frozenset()
    return frozenset(told)


def committer(directory: Path) -> str:
    """Return the address under which whoever runs this commits there; empty where git cannot say."""
    return next(iter(_whoever_commits(directory)), "")


def _is_below(name: str, directory: Path) -> bool:
    return PurePath(name).is_relative_to(directory)


def _last_authors(directory: Path, names: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return the addresses of each file's last authors, by its path in the folder; unknown files are left out.

    Paths come from the root of the repository: for merges git names them so whatever it is told.
    """
    prefix = _prefix(directory)
    found: dict[str, frozenset[str]] = {}
    for most in (f"--max-count={ENOUGH}", "--max-count=-1"):
        left = sorted(names - found.keys())
        if not left:
            break
        told = _git(
            directory,
            *("--literal-pathspecs", "log", most, "-c", "--no-relative", "--name-only", "-z"),
            *("--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-renames"),
            *(f"--format=tformat:{_AUTHORED}", "HEAD", "--", *left),
        )
        for commit in os.fsdecode(told).split("\x01")[1:]:
            people, _, paths = commit.partition("\x03")
            addresses = frozenset(one.lower() for one in _ADDRESS.findall(people.replace("\x02", " ")))
            for path in paths.split("\0"):
                found.setdefault(path.lstrip("\n").removeprefix(prefix), addresses)
    return {name: addresses for name, addresses in found.items() if name in names}


def _is_any_uncommitted(directory: Path, names: Mapping[str, str]) -> bool:
    """Whether one of these files is not what the commit has, or is not there any more; read without git's filters."""
    there = {one.path.as_posix(): one for one in _tree(directory, _commit(directory, "HEAD")) or ()}
    for name, path in names.items():
        entry = there.get(path)
        try:
            data = Path(name).read_bytes()
        except OSError:
            return True
        if entry is None or _object_id(data, len(entry.object_id)) != entry.object_id:
            return True
    return False


def _whoever_commits(directory: Path) -> set[str]:
    try:
        return {_git(directory, "config", "--get", "user.email").decode(errors="replace").strip().lower()}
    except Silent:
        return set()


def _require_files(directory: Path, revision: str, entries: list[Entry], largest: int) -> None:
    problems = []
    for one in entries:
        wrong = {
            LINK: "is a link: put there what it leads to",
            SUBMODULE: "is a submodule, whose files are not in this repository: backtest against a folder",
        }.get(one.mode)
        if wrong is None and one.size > largest:
            wrong = "larger than 1 MiB: split it"
        if wrong is not None:
            path = str(directory / one.path)
            problems.append(Problem(file=path, line=1, column=1, message=f"at `{revision}`: {wrong}"))
    if problems:
        raise PolicyError(problems)


def _commit(directory: Path, revision: str) -> str:
    return _git(directory, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode()[
        :-1
    ]


def _tree(directory: Path, commit: str) -> tuple[Entry, ...] | None:
    """Return what is in the folder at the commit, in all its folders; None where the folder is not there."""
    prefix = _prefix(directory).rstrip("/")
    try:
        tree = _git(directory, "rev-parse", "--verify", "--end-of-options", f"{commit}:{prefix}").decode()[
            :-1
        ]
    except Silent:
        return None
    listed = _git(directory, "ls-tree", "-r", "-z", "-l", "--full-tree", tree)
    return tuple(_entry(line) for line in listed.split(b"\0") if line)


def _prefix(directory: Path) -> str:
    """Return where the folder lies in its repository, with a slash at the end; empty for its root."""
    return os.fsdecode(_git(directory, "rev-parse", "--show-prefix")[:-1])


def _entry(line: bytes) -> Entry:
    """Return one line of `git ls-tree -l`: mode, type, id, size and, after a tab, the path."""
    head, _, path = line.partition(b"\t")
    mode, _, object_id, size = head.decode().split()
    return Entry(
        mode=mode,
        object_id=object_id,
        size=0 if size == "-" else int(size),
        path=PurePath(os.fsdecode(path)),
    )


def _contents(directory: Path, object_ids: list[str]) -> list[bytes]:
    """Return the bytes of these objects, read by one process."""
    asked = "".join(f"{object_id}\n" for object_id in object_ids).encode()
    told = _git(directory, "cat-file", "--batch", stdin=asked)
    contents: list[bytes] = []
    at = 0
    for object_id in object_ids:
        end = told.index(b"\n", at)
        name, kind, *size = told[at:end].decode().split()
        if name != object_id or kind != "blob":
            raise Silent(f"object {object_id} is {kind}")
        length = int(size[0])
        contents.append(told[end + 1 : end + 1 + length])
        at = end + 1 + length + 1
    return contents


def _object_id(data: bytes, length: int) -> str:
    """Return the id that git gives a file with these bytes; `length` tells which of its two kinds is in use."""
    whole = b"blob %d\0%b" % (len(data), data)
    if length == 64:
        return sha256(whole).hexdigest()
    return sha1(whole, usedforsecurity=False).hexdigest()


def _git(directory: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Return what git says. Raises Silent where it says nothing, or says no."""
    program = shutil.which("git")
    if program is None:
        raise Silent("git is not installed")
    try:
        done = subprocess.run(  # noqa: S603  the program is git, no shell is between, and no argument is an option
            [program, "-C", str(directory), *arguments],
            input=stdin,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise Silent(f"git did not answer within {PATIENCE:g} seconds") from error
    except OSError as error:
        raise Silent(f"git cannot be run: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["git said nothing"]
        raise Silent("git says: " + "; ".join(line.removeprefix("fatal: ") for line in said))
    return done.stdout


def _environment() -> dict[str, str]:
    ours = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG_")
    }
    return ours | {
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
