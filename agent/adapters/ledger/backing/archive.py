"""The file of a backup: a zip archive with a member of JSON lines for each table, and the manifest last.

Any tool opens it, and the same rows always give the same bytes. Its comment ends it with the SHA-256 of everything
before, so that damage at any byte is found, and with a seal by the audit's key, so that nobody else can make one.
The key itself is not in it.
"""

import errno
import hmac
import os
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

import msgspec

from agent.adapters.ledger.backing.rows import Row, require
from agent.audit.key import Key
from agent.model.backup import FORMAT, Kept, Manifest
from agent.model.errors import LedgerError

MANIFEST = "manifest.json"
LARGEST = 4 * 2**20
"""Bytes that a manifest may have."""

LEVEL = 4
"""How hard it is compressed: harder takes twice as long for a few percent."""

HEX = 64
TOLD, SEALED = b"air-agent backup; sha256=", b"; seal="
CHUNK = 1 << 20

Progress = Callable[[int], None]
"""Told how many rows were read or written since it was told last."""

_encoder = msgspec.json.Encoder()
_rows = msgspec.json.Decoder(list[int | str | None])


class Writing:
    """A backup that is being written: tables one after the other, then the manifest."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive

    def table(self, name: str, columns: Sequence[str], rows: Iterable[Row], progress: Progress) -> Kept:
        """Write a table, and return what the manifest says of it."""
        digest, count = sha256(), 0
        with self._archive.open(_member(f"{name}.jsonl"), "w", force_zip64=True) as member:
            for row in rows:
                line = _encoder.encode(row) + b"\n"
                digest.update(line)
                member.write(line)
                count += 1
                if count % 1_000 == 0:
                    progress(1_000)
        progress(count % 1_000)
        return Kept(name=name, columns=tuple(columns), rows=count, digest=digest.hexdigest())

    def end(self, manifest: Manifest) -> None:
        """Write the manifest."""
        self._archive.writestr(_member(MANIFEST), msgspec.json.format(_encoder.encode(manifest), indent=1))


def write(path: Path, key: Key, tenant_id: str, fill: Callable[[Writing], Manifest]) -> Manifest:
    """Write a backup to this path: 0600, whole or not at all, and never over a file that is there.

    Raises:
        LedgerError: it cannot be written, or is there already.
    """
    with _whole_or_not(path) as file:
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
            writing = Writing(archive)
            manifest = fill(writing)
            writing.end(manifest)
            archive.comment = TOLD + b"0" * HEX + SEALED + b"0" * HEX
        tail = 2 * HEX + len(SEALED)
        end = file.seek(0, os.SEEK_END) - tail
        digest = _digest(file, end)
        file.seek(end)
        file.write(digest.encode() + SEALED + _seal(key, tenant_id, digest).encode())
    return manifest


class Archive:
    """A backup that is whole, and by whom it says that it is; what is read of it is checked once more."""

    def __init__(self, path: Path, archive: ZipFile, manifest: Manifest) -> None:
        self.path = path
        self._archive = archive
        self.manifest = manifest

    def rows(self, table: Kept, kinds: Sequence[type], progress: Progress) -> Iterator[Row]:
        """Give the rows of a table.

        Raises:
            LedgerError: they are not what the manifest says.
        """
        digest, count = sha256(), 0
        are_bytes = tuple(place for place, kind in enumerate(kinds) if kind is bytes)
        with _damaged(self.path), self._archive.open(f"{table.name}.jsonl") as member:
            for line in member:
                digest.update(line)
                row: list[Any] = list(_rows.decode(line))
                for place in are_bytes:
                    row[place] = None if row[place] is None else b64decode(row[place], validate=True)
                require(table.name, kinds, row)
                yield row
                count += 1
                if count % 1_000 == 0:
                    progress(1_000)
        progress(count % 1_000)
        if (count, digest.hexdigest()) != (table.rows, table.digest):
            raise LedgerError(f"backup: table `{table.name}` is not what the manifest says: it is damaged")


@contextmanager
def reading(path: Path, key: Key, tenant_id: str) -> Iterator[Archive]:
    """Give the backup that this file is: a copy of it that nobody else can change once its seal was looked at.

    Raises:
        LedgerError: it is none, is damaged, is another tenant's, or was sealed with another key.
    """
    with ExitStack() as opened:
        with _damaged(path):
            own = opened.enter_context(TemporaryFile())
            with path.open("rb") as file:
                copyfileobj(file, own, CHUNK)
            digest, seal = _ends(path, own)
            archive = opened.enter_context(ZipFile(own))
            manifest = _manifest(path, archive)
        _require_ours(path, manifest, key, tenant_id)
        if not hmac.compare_digest(_seal(key, tenant_id, digest).encode(), seal):
            raise LedgerError(
                f"backup `{path}`: its seal does not fit: it was changed by somebody without the key"
            )
        yield Archive(path, archive, manifest)


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    """Say what it means where the file cannot be read inside the `with`."""
    try:
        yield
    except OSError as error:
        raise LedgerError(f"backup `{path}`: cannot be read: {_why(error)}") from error
    except (BadZipFile, msgspec.DecodeError, ValueError, KeyError, EOFError, zlib.error) as error:
        raise LedgerError(f"backup `{path}`: is damaged: take another one") from error


def manifest_of(path: Path) -> Manifest:
    """Return the manifest of a backup that is whole; by whom it was sealed is not looked at.

    Raises:
        LedgerError: it is none, or is damaged.
    """
    with _damaged(path), path.open("rb") as file:
        _ends(path, file)
        with ZipFile(file) as archive:
            return _manifest(path, archive)


def _require_ours(path: Path, manifest: Manifest, key: Key, tenant_id: str) -> None:
    if manifest.format > FORMAT:
        raise LedgerError(
            f"backup `{path}`: was made by air-agent {manifest.version}, which is newer: restore it with that version"
        )
    if manifest.tenant_id != tenant_id:
        raise LedgerError(
            f"backup `{path}`: is of tenant `{manifest.tenant_id}`, and the settings are of `{tenant_id}`"
        )
    if manifest.key != key.fingerprint:
        raise LedgerError(
            f"backup `{path}`: belongs to the audit key {manifest.key}, and the one that is set is {key.fingerprint}:"
            " set that one"
        )


def _manifest(path: Path, archive: ZipFile) -> Manifest:
    info = archive.getinfo(MANIFEST)
    if info.file_size > LARGEST:
        raise LedgerError(f"backup `{path}`: its manifest is no manifest: it is damaged")
    return msgspec.json.decode(archive.read(info), type=Manifest)


def _ends(path: Path, file: IO[bytes]) -> tuple[str, bytes]:
    """Return the digest and the seal that end the file, once the digest is known to be that of the rest."""
    tail = len(TOLD) + 2 * HEX + len(SEALED)
    size = file.seek(0, os.SEEK_END)
    told = b""
    if size > tail:
        file.seek(size - tail)
        told = file.read(tail)
    if not told.startswith(TOLD):
        raise LedgerError(
            f"backup `{path}`: is no backup, or its end is missing: name a file of `air-agent backup`"
        )
    digest, sealed, seal = told[len(TOLD) :].partition(SEALED)
    found = _digest(file, size - 2 * HEX - len(SEALED))
    file.seek(0)
    if sealed != SEALED or digest.decode("ascii", "replace") != found or len(seal) != HEX:
        raise LedgerError(f"backup `{path}`: is damaged: its digest does not fit: take another one")
    return found, seal


def _digest(file: IO[bytes], end: int) -> str:
    """Return the SHA-256 of the file up to there."""
    file.seek(0)
    digest = sha256()
    while end > 0 and (some := file.read(min(CHUNK, end))):
        digest.update(some)
        end -= len(some)
    return digest.hexdigest()


def _seal(key: Key, tenant_id: str, digest: str) -> str:
    return hmac.digest(key.of_backups(tenant_id), digest.encode(), "sha256").hex()


def _member(name: str) -> ZipInfo:
    """Return a member that says nothing of when and where it was made."""
    info = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type, info.create_system, info.external_attr = ZIP_DEFLATED, 3, 0o600 << 16
    return info


@contextmanager
def _whole_or_not(path: Path) -> Iterator[IO[bytes]]:
    """Give a file beside it, which becomes it once it is whole and on the disk."""
    if os.path.lexists(path):
        raise LedgerError(
            f"backup `{path}`: is there already: name another file: backups are never written over"
        )
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            os.fchmod(descriptor, 0o600)
            yield file
            file.flush()
            os.fsync(descriptor)
        _put(beside, path)
    except OSError as error:
        raise LedgerError(f"backup `{path}`: cannot be written: {_why(error)}") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _put(beside: Path, path: Path) -> None:
    """Give the file its name, where nobody has it."""
    try:
        os.link(beside, path)
    except FileExistsError as error:
        raise LedgerError(f"backup `{path}`: was put there meanwhile: name another file") from error
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS}:
            raise
        beside.rename(path)  # a file system without links
    descriptor = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _why(error: OSError) -> str:
    return (error.strerror or "no reason was given").lower()
