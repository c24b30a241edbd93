"""What channel files may name: secrets out of one or two folders and some variables, and files in one folder to write to.

Whoever may write policies writes channels too, and is trusted with neither the files of the process nor those of other
tenants. So a name is resolved, links and all, before it is compared; and what is then opened is walked to from the folder
itself, name by name, without following any link: what is swapped after the comparison leads nowhere, or stays inside.

A file with a second name (a hard link) is refused: its other name may lie anywhere. So is what the agent logs in with,
where that lies in a folder of secrets too, by whatever name.
"""

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from agent.model.channel import Channel, Outside, Part, SecretPlace
from agent.model.errors import Refused

SECRETS, VARIABLES, FILES = "escalation.secrets", "escalation.variables", "escalation.files"

USUAL = Path("/run/secrets/channels")
"""Where containers get the secrets of channels, and nothing else."""

_OF_THE_SYSTEM = ("/proc/", "/sys/")
"""Where the system tells of this process, its whole environment too: no channel's, even below a folder that holds them."""

KEY_FILE = "audit.key"
"""The name of the audit's key beside a ledger."""

_PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY)
_TRIES = 2
"""How often a file is looked for: Kubernetes replaces a secret by turning a link, between one look and the next."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What the channel files of one tenant may name."""

    environ: Mapping[str, str] = {}
    """Where secrets lie that are variables; looked at each time one is needed."""
    secrets: tuple[Path, ...] = ()
    """The folders that secrets may lie in."""
    variables: tuple[str, ...] | None = None
    """The variables that secrets may lie in, `*` at an end for any ending; None for any that a channel file may name."""
    files: Path | None = None
    """The folder that channels may write files in; None where there is none."""
    own: tuple[Path, ...] = ()
    """Files that the agent itself, or its pages, log in or sign with."""

    def outside(self, channel: Channel) -> tuple[Outside, ...]:
        """Return what the channel names and may not, each with how to mend it."""
        return tuple(self._outside(channel))

    def variable(self, name: str) -> str:
        """Return what the environment holds under the name; empty where it holds nothing.

        Raises:
            Refused: channels may not name it.
        """
        if not self._may_name(name):
            raise Refused(self._of_variable(name))
        return self.environ.get(name, "")

    def open_secret(self, path: str) -> int:
        """Open a file with a secret, and return its descriptor.

        Raises:
            Refused: it lies outside, has another name elsewhere, or is the agent's own.
            OSError, ValueError: it cannot be opened.
        """
        descriptor = self._open_secret(path)
        try:
            self._require_of_channels(os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def open_file(self, path: str) -> int:
        """Open a file that lines are added to, made where it was not there, and return its descriptor.

        Raises:
            Refused: it lies outside, or has another name elsewhere.
            OSError, ValueError: it cannot be opened.
        """
        folder, parts = self._place_of(path)
        _make_private(folder)
        # A named pipe without a reader would be waited for.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK
        descriptor = _open_below(os.path.realpath(folder), parts, flags)
        if _has_another_name(os.fstat(descriptor)):
            os.close(descriptor)
            raise Refused("has a second name elsewhere: name a file of its own")
        return descriptor

    def file_at(self, path: str) -> Path:
        """Return where a file lies that lines are added to.

        Raises:
            Refused: it lies outside.
        """
        folder, parts = self._place_of(path)
        return folder.joinpath(*parts)

    def _outside(self, channel: Channel) -> Iterator[Outside]:
        password = channel.smtp.password if channel.smtp is not None else None
        named = ((Part.MAIN, channel.secret), (Part.READING, channel.api_token), (Part.SMTP, password))
        for part, place in named:
            if place is not None and (words := self._wrong(place)):
                yield Outside(part=part, words=words)
        if channel.path:
            try:
                self._require_inside(channel.path)
            except Refused as refused:
                yield Outside(part=Part.PATH, words=f"`{channel.path}` {refused}")

    def _wrong(self, place: SecretPlace) -> str:
        if place.env:
            return "" if self._may_name(place.env) else f"{place} {self._of_variable(place.env)}"
        try:
            self._resolved(place.file)
        except Refused as refused:
            return f"{place} {refused}"
        return ""

    def _may_name(self, name: str) -> bool:
        if self.variables is None:
            return True
        return any(name.startswith(one[:-1]) if one.endswith("*") else name == one for one in self.variables)

    def _of_variable(self, name: str) -> str:
        allowed = f"only {', '.join(self.variables)}" if self.variables else "no variable"
        return f"may not be named by a channel, {allowed}: add {name} to `{VARIABLES}` if it is meant for channels"

    def _resolved(self, path: str) -> tuple[str, Sequence[str]]:
        """Return the folder that a secret lies in and the names from there, links resolved; Refused where it is outside."""
        where = os.path.realpath(path)
        if where.startswith(_OF_THE_SYSTEM) or Path(where).name == KEY_FILE:
            raise Refused("is no channel's: it tells of this process, or is the audit's key")
        for folder in map(os.path.realpath, self.secrets):
            if where != folder and os.path.commonpath((where, folder)) == folder:
                return folder, Path(os.path.relpath(where, folder)).parts
        folders = " or ".join(f"`{one}`" for one in self.secrets) or "no folder at all"
        raise Refused(
            f"lies outside of {folders}, where channels may take secrets from: move it there, or set `{SECRETS}`"
        )

    def _open_secret(self, path: str) -> int:
        for tried in range(_TRIES):
            folder, parts = self._resolved(path)
            try:
                return _open_below(folder, parts, os.O_RDONLY | os.O_NONBLOCK)
            except OSError:
                if tried == _TRIES - 1:
                    raise
        raise AssertionError  # every try returns or raises

    def _require_of_channels(self, found: os.stat_result) -> None:
        for path in self.own:
            with suppress(OSError):
                if os.path.samestat(found, path.stat()):
                    raise Refused(
                        "is what the agent itself logs in or signs with: give the channel a file of its own"
                    )
        if _has_another_name(found):
            raise Refused("has a second name elsewhere: copy the secret into a file of its own")

    def _place_of(self, path: str) -> tuple[Path, Sequence[str]]:
        """Return the folder that files are written in, and the names from there as they are written."""
        folder = self.files
        if folder is None:
            raise Refused(f"may not be written to: name the folder for such files in `{FILES}`")
        wanted = Path(path)
        if wanted.is_absolute():
            for start in (folder, Path(os.path.realpath(folder))):
                if wanted.is_relative_to(start):
                    wanted = wanted.relative_to(start)
                    break
        if wanted.is_absolute() or ".." in wanted.parts or not wanted.parts:
            raise Refused(
                f"lies outside of `{folder}`, where channels may write: name a file in it, such as "
                f"`{wanted.name or 'notices.jsonl'}`, or set `{FILES}`"
            )
        return folder, wanted.parts

    def _require_inside(self, path: str) -> None:
        """See that neither a name nor any link leads out of the folder."""
        folder, parts = self._place_of(path)
        real = os.path.realpath(folder)
        if os.path.realpath(os.path.join(real, *parts)) != os.path.join(real, *parts):  # noqa: PTH118  words of links
            raise Refused(f"leads over a link: name a file that lies in `{folder}` itself")


def _make_private(folder: Path) -> None:
    """Make a folder that nobody else may enter, and those above it: one of them may be the ledger's, which has to be so."""
    for one in (*reversed(folder.absolute().parents), folder):
        if not one.exists():
            one.mkdir(0o700, exist_ok=True)


def _has_another_name(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_nlink > 1


def _open_below(folder: str, parts: Sequence[str], flags: int) -> int:
    """Open what lies below a folder, following no link on the way.

    Raises:
        Refused: there is one.
        OSError, ValueError: it cannot be opened.
    """
    here = os.open(folder, _PATH_ONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, _PATH_ONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = below
        return os.open(parts[-1], flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=here)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK}:
            raise Refused("leads over a link: name the file itself") from error
        raise
    finally:
        os.close(here)
