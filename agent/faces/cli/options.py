"""Options that several commands share, and what they stand for."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from agent.faces.cli.tenants import chosen
from agent.model.errors import SettingsError
from agent.settings.loading import APART, AUDIT, RUNS, WEB, load, load_fleet
from agent.settings.roster import FleetSettings, listed
from agent.settings.subjects import Settings

USUAL = Path("air-agent.yaml")

SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="PATH",
        help="The settings file; air-agent.yaml if there is one here, else the environment alone.",
    ),
]
BaseFolder = Annotated[
    Path | None,
    typer.Option(
        "--base",
        metavar="DIR",
        help="The folder that several tenants share, and that PATH adds to for one of them.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
All = Annotated[bool, typer.Option("--all", help="In every tenant, where there are many.")]
UntilStdinCloses = Annotated[
    bool, typer.Option("--until-stdin-closes", hidden=True, help="Stop when standard input ends.")
]


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


class Listing(StrEnum):
    """How documentation and reports are printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


F = TypeVar("F", bound=StrEnum)


def one_format(chosen: F | None, json: F, *, as_json: bool) -> F | None:
    """Return the format that `--format` and `--json` ask for together; None where neither does.

    Raises:
        SettingsError: they ask for two.
    """
    if not as_json:
        return chosen
    if chosen not in (None, json):
        raise SettingsError(f"`--json` and `--format {chosen}` ask for two formats: leave one of them out")
    return json


def one_of(option: str, word: str, words: type[F]) -> F:
    """Return the word that an option names.

    Raises:
        SettingsError: it is none of these.
    """
    for one in words:
        if one.value == word:
            return one
    raise SettingsError(f"`{option} {word}` is not one of {', '.join(f'`{one.value}`' for one in words)}")


def loaded(path: Path | None) -> Settings:
    """Return the settings of this file, of the usual one, or of the environment alone.

    Raises:
        SettingsError: something is missing or wrong.
    """
    return load(_found(path), os.environ, tenant=chosen())


def loaded_to_look(path: Path | None) -> Settings:
    """Return the same for a command that does not log in: without the secrets of the login.

    Raises:
        SettingsError: something else is missing or wrong.
    """
    return load(_found(path), os.environ, needs=frozenset(), tenant=chosen())


def loaded_to_audit(path: Path | None) -> Settings:
    """Return the same for a command that does not log in, and writes the audit or checks it.

    Raises:
        SettingsError: something else is missing or wrong.
    """
    return load(_found(path), os.environ, needs=frozenset({AUDIT}), tenant=chosen())


def loaded_to_serve(path: Path | None) -> Settings:
    """Return the same for what shows the pages: it does not log in to Graph, takes answers, and signs people in.

    Raises:
        SettingsError: something else is missing or wrong.
    """
    return load(_found(path), os.environ, needs=frozenset({AUDIT, WEB}), tenant=chosen())


def loaded_with_all(path: Path | None) -> Settings:
    """Return the same with every secret, those of the pages too, for what looks whether all of it is right.

    Raises:
        SettingsError: something is missing or wrong.
    """
    return load(_found(path), os.environ, needs=APART, tenant=chosen())


def loaded_fleet(
    path: Path | None, *, needs: frozenset[str] = RUNS, known: FleetSettings | None = None
) -> FleetSettings:
    """Return the settings of every tenant, for what looks after all of them; of one where `--tenant` names it.

    Raises:
        SettingsError: something of what all share is missing or wrong.
    """
    tenant = chosen()
    if tenant is not None:
        return FleetSettings.of_one(load(_found(path), os.environ, needs=needs, tenant=tenant), tenant)
    return load_fleet(_found(path), os.environ, needs=needs, known=known)


def fleet_to_look(path: Path | None) -> FleetSettings:
    """Return the same for a command that does not log in: without the secrets of the login."""
    return loaded_fleet(path, needs=frozenset())


def fleet_to_audit(path: Path | None, *, is_all: bool) -> FleetSettings:
    """Return the same for a command that does not log in and writes the audit, and that may be about all.

    Raises:
        SettingsError: there are many, and nobody said which or all; or something is missing or wrong.
    """
    found = loaded_fleet(path, needs=frozenset({AUDIT}))
    if found.is_many and not is_all:
        raise SettingsError(
            f"there are many tenants: name one with `--tenant`, or take `--all`: {listed([one.name for one in found.tenants])}"
        )
    if is_all and chosen() is not None:
        raise SettingsError(f"`--all` and `--tenant {chosen()}` contradict each other: leave one of them out")
    return found


def _found(path: Path | None) -> Path | None:
    return USUAL if path is None and USUAL.exists() else path
