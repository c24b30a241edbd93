"""Many tenants: a folder with one settings file each, on top of what they share.

A file may come, change or go while the agent runs, and one that is wrong is that tenant's trouble alone. What cannot be
told apart from a mistake with all of them, such as a folder that is empty or not there, is an error: tenants do not vanish
because a disk was not mounted.
"""

import copy
import hashlib
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

import msgspec

from agent.model.errors import SettingsError
from agent.settings.collecting import NAMING, Collecting
from agent.settings.fields import secret_files
from agent.settings.subjects import Process, Settings

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a tenant may be called here: it becomes part of paths."""

SUFFIX = ".yaml"

NAMED = 10
"""Tenants that a message names."""


class TenantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One tenant's settings, or what is wrong with them."""

    name: str
    settings: Settings | None = None
    problem: str = ""
    """One line for each thing; empty where nothing is."""
    digest: str = ""
    """Of everything that was read for them, secrets and certificates too."""


class FleetSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of every tenant, by name."""

    process: Process
    tenants: tuple[TenantSettings, ...]
    is_many: bool
    """Whether `tenants.directory` is set, however many there are."""

    @classmethod
    def of_one(cls, settings: Settings, name: str | None = None) -> "FleetSettings":
        """Return the fleet of one tenant alone: without a file of its own, or by the name of that."""
        name = name or settings.tenant.name or settings.tenant.id
        return cls(
            process=settings.process(),
            tenants=(TenantSettings(name=name, settings=settings),),
            is_many=False,
        )

    def only(self) -> Settings:
        """Return the settings of the only tenant there is."""
        (settings,) = (one.settings for one in self.tenants if one.settings is not None)
        return settings


class TenantFiles:
    """The tenants of one folder."""

    def __init__(self, shared: Collecting, directory: Path) -> None:
        self._shared = shared
        self._directory = directory

    def settings_of(self, name: str | None) -> Settings:
        """Return one tenant's settings.

        Raises:
            SettingsError: there is none of this name, nobody said a name, or something is missing or wrong.
        """
        files = self._files()
        if name is None:
            raise SettingsError(
                f"`tenants.directory` is set, so that a tenant has to be named: use `--tenant` or {NAMING}: {listed(files)}"
            )
        if name not in files:
            close = get_close_matches(name.lower(), files, n=1, cutoff=0.6)
            hint = f"did you mean `{close[0]}`?" if close else listed(files)
            raise SettingsError(f"`--tenant {name}`: `{self._directory}` has no such tenant: {hint}")
        copy.deepcopy(self._shared).process()
        return self._own(name, files[name]).settings()

    def fleet(self, known: FleetSettings | None) -> FleetSettings:
        """Return the settings of every tenant.

        Raises:
            SettingsError: something of what all share is wrong, or the folder cannot be read or has no tenant.
        """
        process = copy.deepcopy(self._shared).process()
        before = {one.name: one for one in known.tenants} if known is not None else {}
        found = [self._look(name, path, before.get(name)) for name, path in self._files().items()]
        return FleetSettings(process=process, tenants=tuple(_told_apart(found)), is_many=True)

    def _files(self) -> dict[str, Path]:
        """Return the tenants' files by name, in the order of names."""
        try:
            paths = [path for path in self._directory.iterdir() if not path.name.startswith(".")]
        except OSError as error:
            why = (error.strerror or "no reason was given").lower()
            raise SettingsError(f"`tenants.directory`: `{self._directory}` cannot be read: {why}") from None
        found = {path.stem: path for path in sorted(paths, key=_by_name) if path.suffix in {SUFFIX, ".yml"}}
        if not found:
            raise SettingsError(
                f"`tenants.directory`: `{self._directory}` has no tenant: write a file such as `contoso{SUFFIX}` there"
            )
        return found

    def _own(self, name: str, path: Path) -> Collecting:
        if path.suffix != SUFFIX or not NAME.fullmatch(name):
            raise SettingsError(
                f"{path}: is not called as a tenant's file has to be: lower-case letters, digits, `_` and `-`, up to 63, "
                f"and `{SUFFIX}`"
            )
        return copy.deepcopy(self._shared).read_tenant(name, path)

    def _look(self, name: str, path: Path, known: TenantSettings | None) -> TenantSettings:
        files = (path, *(_read_too(known.settings) if known is not None and known.settings else ()))
        digest = self._digest(files)
        if known is not None and known.digest == digest and known.settings is not None:
            return known
        try:
            settings = self._own(name, path).settings()
        except SettingsError as error:
            return TenantSettings(name=name, problem=str(error), digest=digest)
        return TenantSettings(name=name, settings=settings, digest=self._digest((path, *_read_too(settings))))

    def _digest(self, files: tuple[Path, ...]) -> str:
        found = hashlib.sha256(repr(sorted(self._shared.given.items())).encode())
        for path in files:
            try:
                content = path.read_bytes()
            except OSError as error:
                content = str(error).encode()
            found.update(hashlib.sha256(content).digest())
        return found.hexdigest()


def _by_name(path: Path) -> tuple[str, bool]:
    """Return what files are sorted by; of `x.yml` and `x.yaml` the latter comes last, and is taken."""
    return path.stem, path.suffix == SUFFIX


def _read_too(settings: Settings) -> Iterator[Path]:
    """Give the files that are read besides: secrets, and the certificate that the agent logs in with."""
    yield from secret_files(settings)
    if settings.auth.certificate_path is not None:
        yield settings.auth.certificate_path


def _told_apart(found: list[TenantSettings]) -> Iterator[TenantSettings]:
    """Give each, with those refused whose tenant another looks after already: twice would be once too often."""
    first: dict[str, str] = {}
    for one in found:
        if one.settings is None:
            yield one
            continue
        tenant_id = one.settings.tenant.id.lower()
        other = first.setdefault(tenant_id, one.name)
        if other == one.name:
            yield one
            continue
        words = f"`tenant.id` is that of `{other}` already: each tenant has one file: take one of them away"
        yield TenantSettings(name=one.name, problem=f"{one.name}{SUFFIX}: {words}", digest=one.digest)


def listed(files: Iterable[str]) -> str:
    """Return in words which tenants there are."""
    names = [f"`{name}`" for name in files]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"one of {', '.join(names[:NAMED])}{more}"
