"""What was written for each setting, in files and the environment, and what it comes to; everything that is wrong is told at once."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

import msgspec

from agent.model.errors import SettingsError
from agent.settings.addresses import ledger_url, simulator_url, without_login
from agent.settings.agreement import disagreements
from agent.settings.fields import PREFIX, Field, fields, sections
from agent.settings.reading import Faulty, Place, Scalar, Section, tree
from agent.settings.secret import Secret
from agent.settings.subjects import Process, Settings
from agent.settings.values import value

SHOWN = 80
"""Characters of a wrong value that a message quotes."""

NAMING = f"{PREFIX}TENANT"
"""The variable that names the tenant that a command is about: it is no setting."""

TENANT = "{tenant}"
"""What stands for a tenant's name in a path of the shared file."""

LEDGER = f"sqlite:///air-agent-data/{TENANT}/ledger.db"
"""Where the ledgers of many tenants lie where nobody says."""

OF_MANY: Mapping[str, Any] = {
    "ledger.url": LEDGER,
    "escalation.secrets": Path(f"/run/secrets/channels/{TENANT}"),
}
"""What is the default of each of many tenants where another one would be shared by all."""

ANEW = ("auth.kind",)
"""A tenant that sets one of these begins its section anew: what else the shared file says there is for another kind."""

OF_THE_PROCESS = Process.__struct_fields__
"""What no tenant's own file may set."""

FILES = "escalation.files"

BASE = "policies.base"
"""What it may not set either where all share one: the tenant is held to it."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What was written for one setting, where, and the folder that a relative path is counted from."""

    text: str
    origin: str
    folder: Path


class Collecting:
    """One reading of the settings, and the problems met on the way.

    What is read later counts: the file, the environment, and then a tenant's own file.
    """

    def __init__(self, unread: set[str]) -> None:
        self.path: Path | None = None
        self.shared: Path | None = None
        """The file that a tenant's own stands on top of; None where none was read."""
        self.tenant = ""
        """The tenant's name, once its own file was read."""
        self.unread = unread
        self.here = Path.cwd()
        self.home = self.here
        self.problems: list[str] = []
        self.wrong: set[str] = set()
        self.given: dict[str, Given] = {}

    def read_file(self, path: Path) -> None:
        """Take what this file says.

        Raises:
            SettingsError: it cannot be read, or is no YAML.
        """
        self.path, self.home = path, (self.here / path).parent
        self._read(path)

    def read_environment(self, environ: Mapping[str, str]) -> None:
        """Take what these variables say; an empty one says nothing."""
        known = {field.env: field for field in fields()}
        for name, text in sorted(environ.items()):
            if not name.startswith(PREFIX) or name == NAMING:
                continue
            if name not in known:
                self.problems.append(
                    f"{_cut(name)}: unknown setting in the environment{_hint(name, name, known)}"
                )
            elif text:
                self.given[known[name].name] = Given(text=text, origin=name, folder=self.here)
                self.wrong.discard(known[name].name)

    def read_tenant(self, name: str, path: Path) -> Self:
        """Take what the own file of the tenant of this name says.

        Raises:
            SettingsError: it cannot be read, or is no YAML.
        """
        before, self.given = self.given, {}
        self.shared, self.path, self.tenant = self.path, path, name
        self._read(path)
        if BASE in before and BASE in self.given:
            where = self._origin(BASE)
            self._complain(
                BASE, f"{where}: `{BASE}` is set for all tenants, in {self.shared}: leave it out here"
            )
        anew = {one.partition(".")[0] for one in ANEW if one in self.given}
        kept = {one: said for one, said in before.items() if one.partition(".")[0] not in anew}
        for field in fields():
            if field.file_key is not None and f"{field.section}.{field.file_key}" in self.given:
                kept.pop(field.name, None)
        self.given = kept | self.given
        return self

    @property
    def directory(self) -> Path | None:
        """The folder of many tenants; None where there is one tenant.

        Raises:
            SettingsError: it cannot be said.
        """
        (field,) = (one for one in fields() if one.name == "tenants.directory")
        if field.name not in self.given:
            return None
        found = self._value_of(field)
        if not isinstance(found, Path):
            raise SettingsError("\n".join(self.problems))
        return found

    def settings(self) -> Settings:
        """Return what it comes to.

        Raises:
            SettingsError: something is missing or wrong; one line for each thing.
        """
        if self.tenant and "tenant.name" not in self.given:
            self.given["tenant.name"] = Given(text=self.tenant, origin=str(self.path), folder=self.home)
        whole = _assembled(self._values(fields()))
        for found in disagreements(whole):
            if (self.wrong | self.unread).isdisjoint(found.names):
                self.problems.append(f"{self._origin(*found.names)}: `{found.names[0]}`: {found.words}")
        if self.problems:
            raise SettingsError("\n".join(self.problems))
        return whole

    def process(self) -> Process:
        """Return what is set for the whole process that looks after many tenants.

        Raises:
            SettingsError: something of it is wrong, or tenants would get into each other's way.
        """
        own = [one for one in fields() if (one.section or one.key) in OF_THE_PROCESS]
        values = self._values(own)
        self._keep_tenants_apart(values["ledger.url"])
        if self.problems:
            raise SettingsError("\n".join(self.problems))
        sections_of = {name: struct for name, struct in sections().items() if name in OF_THE_PROCESS}
        parts: dict[str, Any] = {
            name: struct(**{one.key: values[one.name] for one in own if one.section == name})
            for name, struct in sections_of.items()
        }
        return Process(**parts, **{one.key: values[one.name] for one in own if not one.section})

    def _keep_tenants_apart(self, ledger: str) -> None:
        for name in ("tenant.id", "tenant.name"):
            if name in self.given:
                self.problems.append(
                    f"{self._origin(name)}: `{name}` stands in each tenant's own file, in `tenants.directory`: leave it out here"
                )
        if ledger.startswith("sqlite") and TENANT not in ledger:
            self.problems.append(
                f"{self._origin('ledger.url')}: `ledger.url`: many tenants cannot share one file of SQLite: write "
                f"`{TENANT}` in its path, such as `{LEDGER}`, or use PostgreSQL"
            )
        if "audit.file" in self.given and TENANT not in self.given["audit.file"].text:
            self.problems.append(
                f"{self._origin('audit.file')}: `audit.file`: many tenants cannot share one file: write `{TENANT}` in its path"
            )
        if FILES in self.given and TENANT not in self.given[FILES].text:
            self.problems.append(
                f"{self._origin(FILES)}: `{FILES}`: channels of many tenants would write into each other's files: "
                f"write `{TENANT}` in its path"
            )

    def _values(self, wanted: Sequence[Field]) -> dict[str, Any]:
        values = {field.name: self._value_of(field) for field in wanted}
        for field in wanted:
            if field.is_secret and values[field.name] is None and field.name not in self.unread:
                values[field.name] = self._secret_of(field, values)
        return values

    def _read(self, path: Path) -> None:
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
            if self.tenant and (name or key.text) in OF_THE_PROCESS:
                self._complain(
                    dotted,
                    f"{where}: `{dotted}` is for all tenants: set it in {self.shared or 'the environment'}",
                )
            elif key.text not in keys:
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
            self.given[field.name] = Given(text=entry.text, origin=where, folder=self._folder())

    def _folder(self) -> Path:
        return (self.here / self.path).parent if self.path else self.here

    def _value_of(self, field: Field) -> Any:
        if field.name in self.unread:
            return None
        given = self.given.get(field.name)
        if given is None and field.is_required:
            if field.name not in self.wrong:
                self._complain(field.name, self._missing(field))
            return None
        if given is None:
            return self._rooted(field, self._default(field), self.home)
        try:
            return self._rooted(field, self._named(field, value(field, given.text)), given.folder)
        except ValueError as error:
            told = (
                "the value"
                if field.is_secret or "password" in str(error)
                else f"`{_cut(without_login(given.text))}`"
            )
            self._complain(field.name, f"{given.origin}: `{field.name}`: {told} {error}")
            return field.default

    def _default(self, field: Field) -> Any:
        usual = OF_MANY.get(field.name)
        return self._named(field, usual) if usual is not None and self._is_of_many else field.default

    @property
    def _is_of_many(self) -> bool:
        return bool(self.tenant) or "tenants.directory" in self.given

    def _named(self, field: Field, found: Any) -> Any:
        """Return a path with the tenant's name where that is to stand."""
        if not self.tenant or not (isinstance(found, Path) or field.name == "ledger.url"):
            return found
        return type(found)(str(found).replace(TENANT, self.tenant))

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
        if self.tenant:
            return f"{self._origin()}: `{field.name}` is missing: set it here"
        if self.path is None:
            return (
                f"settings: `{field.name}` is missing, and there is no settings file here: "
                f"name one with `--settings`, or set {field.env}"
            )
        return f"{self._origin()}: `{field.name}` is missing: set it here, or set {field.env}"

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
