"""The settings as a flat list of fields, read from the structs: names, types, bounds, and the words after each.

The words are in the source alone, which is read only where they are shown: at a start of the agent it would take longer
than all settings.
"""

import ast
import inspect
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from agent.settings import subjects
from agent.settings.addresses import without_login
from agent.settings.durations import written
from agent.settings.secret import Secret

PREFIX = "AIR_AGENT_"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. `section` is empty for those at the top."""

    section: str
    key: str
    type: type[Any]
    meta: msgspec.Meta
    is_required: bool
    default: Any

    @property
    def name(self) -> str:
        """The dotted name that people know."""
        return f"{self.section}.{self.key}" if self.section else self.key

    @property
    def regular_env(self) -> str:
        """The variable's name by the rule, from which some secrets differ."""
        return f"{PREFIX}{self.name}".upper().replace(".", "_")

    @property
    def env(self) -> str:
        """The environment variable that sets it."""
        return (self.meta.extra or {}).get("env") or self.regular_env

    @property
    def is_secret(self) -> bool:
        """Whether it may not stand in the settings file."""
        return self.type is Secret

    @property
    def file_key(self) -> str | None:
        """The key, in the same section, of the setting that names a file with this secret; None for most."""
        return (self.meta.extra or {}).get("file")


@cache
def fields() -> tuple[Field, ...]:
    """Return every setting, in the order in which they are documented."""
    return tuple(_fields_of(subjects.Settings, ""))


@cache
def sections() -> dict[str, type[msgspec.Struct]]:
    """Return the structs by the name of their section."""
    hints = get_type_hints(subjects.Settings)
    return {name: hint for name, hint in hints.items() if _is_struct(hint)}


def document() -> list[tuple[str, str, str, str]]:
    """Return name, environment variable, default and words of every setting, as the README shows them."""
    words = {"": _words_of(subjects.Settings)}
    words |= {name: _words_of(struct) for name, struct in sections().items()}
    return [(field.name, field.env, _shown(field), words[field.section][field.key]) for field in fields()]


def told(settings: subjects.Settings) -> dict[str, str]:
    """Return every setting that is not its default, as it may be told to anybody: of a secret only that it is set."""
    found: dict[str, str] = {}
    for field in fields():
        section = getattr(settings, field.section) if field.section else settings
        value = getattr(section, field.key)
        if value != field.default:
            found[field.name] = "set" if field.is_secret else _plain(value)
    return found


def secret_files(settings: subjects.Settings) -> Iterator[Path]:
    """Give the files that these settings name for secrets."""
    named = ((field.section, field.file_key) for field in fields() if field.file_key is not None)
    for section, key in dict.fromkeys(named):
        path: Path | None = getattr(getattr(settings, section), key)
        if path is not None:
            yield path


def logs_in_with(settings: subjects.Settings) -> Iterator[Path]:
    """Give the files that the agent or its pages prove themselves with: secrets, certificates and their keys."""
    yield from secret_files(settings)
    for path in (settings.auth.certificate_path, settings.web.certificate_key):
        if path is not None:
            yield path


def _plain(value: object) -> str:
    match value:
        case timedelta() as length:
            return written(length)
        case other:
            return without_login(str(other))


def table() -> str:
    """Return the settings as a Markdown table."""
    rows = [
        f"| `{name}` | `{env}` | {default} | {words.replace('|', chr(92) + '|')} |"
        for name, env, default, words in document()
    ]
    return "\n".join(["| setting | environment | default | what it is |", "| --- | --- | --- | --- |", *rows])


def _fields_of(struct: type[msgspec.Struct], section: str) -> Iterator[Field]:
    hints = get_type_hints(struct, include_extras=True)
    for info in msgspec.structs.fields(struct):
        hint = hints[info.name]
        if _is_struct(hint):
            yield from _fields_of(hint, info.name)
            continue
        plain, meta = _taken_apart(hint)
        yield Field(
            section=section,
            key=info.name,
            type=plain,
            meta=meta,
            is_required=info.required,
            default=None if info.required else info.default,
        )


def _is_struct(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def _taken_apart(hint: Any) -> tuple[type[Any], msgspec.Meta]:
    """Return the type without `None`, and what bounds it."""
    meta = msgspec.Meta()
    while True:
        if get_origin(hint) is Annotated:
            hint, meta = get_args(hint)[0], get_args(hint)[1]
        elif get_origin(hint) in {Union, UnionType}:
            (hint,) = (one for one in get_args(hint) if one is not NoneType)
        else:
            return hint, meta


def _words_of(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return the text that stands after each field in the source."""
    (definition,) = ast.parse(inspect.getsource(struct)).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101  it is the source of a class
    words = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                words[name] = said
    return words


def _shown(field: Field) -> str:
    match field.default:
        case None:
            return "required" if field.is_required else "none"
        case timedelta() as length:
            return f"`{written(length)}`"
        case StrEnum() as word:
            return f"`{word.value}`"
        case bool() as truth:
            return "`true`" if truth else "`false`"
        case float() as number:
            return f"`{number:g}`"
        case Path() as path:
            return f"`{path.as_posix()}`"
        case other:
            return f"`{other}`"
