"""One YAML file and the environment to Settings, or everything that is wrong with them."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from agent.model.errors import SettingsError
from agent.settings.addresses import ledger_url, simulator_url, without_login
from agent.settings.agreement import disagreements
from agent.settings.fields import PREFIX, Field, fields, sections
from agent.settings.reading import Faulty, Place, Scalar, Section, tree
from agent.settings.secret import Secret
from agent.settings.subjects import Settings
from agent.settings.values import value

SHOWN = 80
"""Characters of a wrong value that a message quotes."""

LOGIN = "auth"
"""The section whose secrets only a login needs."""

AUDIT = "audit"
"""The section whose secret only those need who write the audit or check it."""

WEB = "web"
"""The section whose secret only those need who show the pages."""

RUNS = frozenset({LOGIN, AUDIT})
"""The sections whose secrets the agent itself needs."""

APART = frozenset({LOGIN, AUDIT, WEB})
"""The sections whose secrets not everybody needs."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What was written for one setting, where, and the folder that a relative path is counted from."""

    text: str
    origin: str
    folder: Path


def load(path: Path | None, environ: Mapping[str, str], *, needs: frozenset[str] = RUNS) -> Settings:
    """Return the settings of this file, if there is one, overridden by the environment.

    Secrets of `APART` sections are read only where they are needed, and not missed elsewhere.

    Relative paths are counted from the file's folder, so that the same file means the same ledger wherever
    the agent is started; those in the environment from the working directory. An empty variable is none.

    Raises:
        SettingsError: something is missing or wrong; one line for each thing.
    """
    unread = {one.name for one in fields() if one.is_secret and one.section in APART - needs}
    return _Loading(path, environ, unread).settings()


class _Loading:
    """One reading of the settings, and the problems met on the way."""

    def __init__(self, path: Path | None, environ: Mapping[str, str], unread: set[str]) -> None:
        self.path = path
        self.unread = unread
        self.here = Path.cwd()
        self.home = (self.here / path).parent if path else self.here
        self.problems: list[str] = []
        self.wrong: set[str] = set()
        self.given: dict[str, Given] = {}
        if path is not None:
            self._read_file(path)
        self._read_environment(environ)

    def settings(self) -> Settings:
        values = {field.name: self._value_of(field) for field in fields()}
        for field in fields():
            if field.is_secret and values[field.name] is None and field.name not in self.unread:
                values[field.name] = self._secret_of(field, values)
        whole = _assembled(values)
        for found in disagreements(whole):
            if (self.wrong | self.unread).isdisjoint(found.names):
                self.problems.append(f"{self._origin(*found.names)}: `{found.names[0]}`: {found.words}")
        if self.problems:
            raise SettingsError("\n".join(self.problems))
        return whole

    def _read_file(self, path: Path) -> None:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SettingsError(f"{path}: cannot be read: {_why(error)}") from None
        try:
            found = tree(content)
        except Faulty as fault:
            raise SettingsError(f"{self._at(fault.place)}: {fault}") from None
        known = {field.name: field for field in fields()}
        self._read_section(found, "", known)

    def _read_section(self, found: Section, name: str, known: Mapping[str, Field]) -> None:
        keys = _keys_of(name)
        seen: dict[str, Place] = {}
        for key, entry in found.entries:
            where = self._at(key.place)
            dotted = f"{name}.{key.text}" if name else key.text
            if key.text in seen:
                self._complain(dotted, f"{where}: `{dotted}` is set in line {seen[key.text].line} already")
                continue
            seen[key.text] = key.place
            if key.text not in keys:
                self.problems.append(
                    f"{where}: unknown setting `{_cut(dotted)}`{_hint(dotted, key.text, keys)}"
                )
                self.wrong.update(field for field in known if field.startswith(f"{dotted}."))
            elif not name and key.text in sections():
                self._enter(key.text, entry, where, known)
            else:
                self._keep(known[dotted], entry)

    def _enter(self, name: str, entry: Scalar | Section, where: str, known: Mapping[str, Field]) -> None:
        if isinstance(entry, Section):
            self._read_section(entry, name, known)
        elif not _is_empty(entry):
            keys = ", ".join(f"`{key}`" for key in _keys_of(name))
            self.problems.append(f"{where}: `{name}` is a section: write below it one of {keys}")

    def _keep(self, field: Field, entry: Scalar | Section) -> None:
        where = self._at(entry.place)
        if isinstance(entry, Section):
            self._complain(field.name, f"{where}: `{field.name}` is one value, not a section")
        elif field.is_secret:
            self._complain(
                field.name,
                f"{where}: `{field.name}` is a secret and may not stand in this file: remove it here, and set "
                f"{field.env} or name a file in `{field.section}.{field.file_key}`; it has been readable "
                "here, so change it too",
            )
        elif _is_empty(entry):
            self._complain(field.name, f"{where}: `{field.name}` has no value: give it one, or leave it out")
        else:
            self.given[field.name] = Given(text=entry.text, origin=where, folder=self.home)

    def _read_environment(self, environ: Mapping[str, str]) -> None:
        known = {field.env: field for field in fields()}
        for name, text in sorted(environ.items()):
            if not name.startswith(PREFIX):
                continue
            if name not in known:
                self.problems.append(
                    f"{_cut(name)}: unknown setting in the environment{_hint(name, name, known)}"
                )
            elif text:
                self.given[known[name].name] = Given(text=text, origin=name, folder=self.here)
                self.wrong.discard(known[name].name)

    def _value_of(self, field: Field) -> Any:
        if field.name in self.unread:
            return None
        given = self.given.get(field.name)
        if given is None and field.is_required:
            if field.name not in self.wrong:
                self._complain(field.name, f"{self._missing(field)}, or set {field.env}")
            return None
        if given is None:
            return self._rooted(field, field.default, self.home)
        try:
            return self._rooted(field, value(field, given.text), given.folder)
        except ValueError as error:
            told = (
                "the value"
                if field.is_secret or "password" in str(error)
                else f"`{_cut(without_login(given.text))}`"
            )
            self._complain(field.name, f"{given.origin}: `{field.name}`: {told} {error}")
            return field.default

    def _rooted(self, field: Field, found: Any, folder: Path) -> Any:
        if isinstance(found, Path):
            return folder / found
        checks: dict[str, Callable[[str], str]] = {
            "graph.url": simulator_url,
            "ledger.url": lambda text: ledger_url(text, folder),
        }
        check = checks.get(field.name)
        return check(found) if check and found is not None else found

    def _secret_of(self, field: Field, values: Mapping[str, Any]) -> Secret | None:
        name = f"{field.section}.{field.file_key}"
        path = values[name]
        if path is None:
            return None
        try:
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = _why(error) if isinstance(error, OSError) else "is not UTF-8"
            self._complain(
                field.name, f"{self._origin(name)}: `{name}`: `{_cut(str(path))}` cannot be read: {why}"
            )
            return None
        if not text:
            self._complain(field.name, f"{self._origin(name)}: `{name}`: `{_cut(str(path))}` is empty")
            return None
        return Secret(text)

    def _complain(self, name: str, problem: str) -> None:
        self.wrong.add(name)
        self.given.pop(name, None)
        self.problems.append(problem)

    def _missing(self, field: Field) -> str:
        if self.path is None:
            return (
                f"settings: `{field.name}` is missing, and there is no settings file here: "
                "name one with `--settings`"
            )
        return f"{self._origin()}: `{field.name}` is missing: set it here"

    def _origin(self, *names: str) -> str:
        """Return where the first of these was written that was written at all; else the file's name."""
        for name in names:
            if name in self.given:
                return self.given[name].origin
        return str(self.path) if self.path else "settings"

    def _at(self, place: Place) -> str:
        return f"{self.path}:{place.line}:{place.column}"


def _assembled(values: Mapping[str, Any]) -> Settings:
    parts: dict[str, dict[str, Any]] = {name: {} for name in sections()}
    whole: dict[str, Any] = {}
    for field in fields():
        (parts[field.section] if field.section else whole)[field.key] = values[field.name]
    whole |= {name: struct(**parts[name]) for name, struct in sections().items()}
    return Settings(**whole)


def _keys_of(section: str) -> tuple[str, ...]:
    own = tuple(field.key for field in fields() if field.section == section)
    return own if section else (*own, *sections())


def _hint(dotted: str, key: str, keys: "tuple[str, ...] | Mapping[str, Field]") -> str:
    elsewhere = [field.name for field in fields() if field.key == key]
    elsewhere += [field.env for field in fields() if field.regular_env == key != field.env]
    close = get_close_matches(key.lower(), {name.lower(): name for name in keys}, n=1, cutoff=0.6)
    if elsewhere and dotted not in elsewhere:
        return f": did you mean `{elsewhere[0]}`?"
    if close:
        (meant,) = (name for name in keys if name.lower() == close[0].lower())
        return f": did you mean `{dotted.removesuffix(key)}{meant}`?"
    return f": one of {', '.join(f'`{name}`' for name in keys)}" if isinstance(keys, tuple) else ""


def _is_empty(entry: Scalar) -> bool:
    return entry.is_plain and entry.text in {"", "~", "null"}


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _why(error: OSError) -> str:
    return (error.strerror or "no reason was given").lower()
