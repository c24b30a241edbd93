"""Recordings as folders: written beside their place and moved there whole, readable by nobody else."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from agent.model.errors import SettingsError
from agent.model.recording import FORMAT, Exchange, Manifest, Recording

MANIFEST = "manifest.json"
EXCHANGES = "exchanges.jsonl"
BODIES = "bodies"

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes of one body that are read back: as many as one answer of Graph may have."""

LARGEST = 1024 * 1024 * 1024
"""Bytes of all bodies that are read back together."""

LARGEST_INDEX = 256 * 1024 * 1024


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One exchange in the index. Its answer's body is a file of its own, so that people can look through it."""

    number: int
    at: datetime
    method: str
    target: str
    asked: str = ""
    status: int
    headers: Mapping[str, str] = {}
    body: str = ""
    """The name of the file; empty where there was no body."""


class Draft:
    """A recording in the making, in a folder that only this user can enter."""

    def __init__(self, folder: Path, place: Path) -> None:
        self._folder = folder
        self._place = place
        self._lines: list[bytes] = []

    @property
    def count(self) -> int:
        """How many exchanges it holds."""
        return len(self._lines)

    def add(self, one: Exchange) -> None:
        """Write one exchange down."""
        number = len(self._lines) + 1
        name = ""
        if one.body:
            name = f"{BODIES}/{number:05d}.{'json' if one.body.lstrip()[:1] in b'{[' else 'txt'}"
            self.write(name, one.body)
        line = Line(
            number=number,
            at=one.at,
            method=one.method,
            target=one.target,
            asked=one.asked,
            status=one.status,
            headers=dict(one.headers),
            body=name,
        )
        self._lines.append(msgspec.json.encode(line) + b"\n")

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return what it holds, read back."""
        return tuple(_exchange(self._folder, line) for line in self._lines)

    def finish(self, manifest: Manifest) -> None:
        """Write the index of exchanges and the manifest."""
        self.write(EXCHANGES, b"".join(self._lines))
        self.write(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")

    def write(self, name: str, data: bytes) -> None:
        """Write one file of it.

        Raises:
            SettingsError: it cannot be written there.
        """
        path = self._folder / name
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        except OSError as error:
            raise _unwritable(self._place, error) from error


def require_free(place: Path) -> None:
    """Raise SettingsError where no recording can be put there."""
    if place.exists() and not place.is_dir():
        raise SettingsError(f"`--out {place}` is a file: name a folder that is not there yet")
    if place.is_dir() and any(place.iterdir()):
        raise SettingsError(f"`--out {place}` is not empty: name a folder that is not there yet")
    if not place.absolute().parent.is_dir():
        raise SettingsError(f"`--out {place}`: there is no folder `{place.absolute().parent}`: make it first")


@contextmanager
def drafted(place: Path) -> Iterator[Draft]:
    """Give a draft beside `place`, and move it there in the end; nothing is left of it where that does not come.

    Raises:
        SettingsError: it cannot be written there.
    """
    require_free(place)
    whole = place.absolute()
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{whole.name}.", dir=whole.parent))
    except OSError as error:
        raise _unwritable(place, error) from error
    try:
        yield Draft(folder, place)
        _move(folder, whole)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move(folder: Path, place: Path) -> None:
    try:
        folder.replace(place)
    except OSError as error:
        raise _unwritable(place, error) from error


def read(folder: Path) -> Recording:
    """Return the recording in this folder.

    Raises:
        SettingsError: there is none, or it cannot be read.
    """
    try:
        manifest = msgspec.json.decode(_bytes(_inside(folder, MANIFEST), LARGEST_INDEX), type=Manifest)
        if manifest.format > FORMAT:
            raise SettingsError(
                f"`{folder}` was recorded by a newer agent ({manifest.agent}): replay it with that one"
            )
        lines = _bytes(_inside(folder, EXCHANGES), LARGEST_INDEX).splitlines()
        return Recording(manifest=manifest, exchanges=tuple(_read_back(folder, lines)))
    except FileNotFoundError as error:
        raise SettingsError(
            f"`{folder}` is not a recording: `{Path(str(error.filename)).name}` is missing"
        ) from error
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`{folder}` cannot be read: {why}") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise SettingsError(
            f"`{folder}` is not a recording, or was changed: {error}: record it again"
        ) from error


def _read_back(folder: Path, lines: Iterable[bytes]) -> Iterator[Exchange]:
    """Give the exchanges; many that name one large body would take more memory than there is."""
    left = LARGEST
    for line in lines:
        one = _exchange(folder, line)
        left -= len(one.body)
        if left < 0:
            raise ValueError(f"its bodies are larger than {LARGEST // (1024 * 1024)} MiB together")
        yield one


def _exchange(folder: Path, line: bytes) -> Exchange:
    one = msgspec.json.decode(line, type=Line)
    if one.body and (Path(one.body).parent.as_posix() != BODIES or ".." in Path(one.body).parts):
        raise ValueError(f"exchange {one.number} names a body outside the recording")
    return Exchange(
        at=one.at,
        method=one.method,
        target=one.target,
        asked=one.asked,
        status=one.status,
        headers=one.headers,
        body=_bytes(_inside(folder, one.body), LARGEST_BODY) if one.body else b"",
    )


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a part of the recording. Raises ValueError where a link leads elsewhere."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"`{name}` is a link to outside the recording")
    return path


def _bytes(path: Path, most: int) -> bytes:
    """Read a file, and nothing else: a named pipe would be waited for for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f"`{path.name}` is not a file")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"`{path.name}` is larger than {most // (1024 * 1024)} MiB")
    return data


def _unwritable(place: Path, error: OSError) -> SettingsError:
    why = (error.strerror or "no reason was given").lower()
    return SettingsError(f"`--out {place}` cannot be written to: {why}: choose another place")
