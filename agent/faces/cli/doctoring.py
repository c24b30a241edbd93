"""`doctor`: every check as it is made, and what mends what it found."""

import asyncio
import textwrap
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from agent.connecting import clock_of, installed
from agent.faces.cli.failures import FINDINGS, OUT_OF_REACH, WRONG_USE, Ending
from agent.faces.cli.logs import configure
from agent.faces.cli.options import loaded, loaded_with_all
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.person import person
from agent.faces.cli.tenants import chosen
from agent.faces.doctor.examining import STEPS, examine
from agent.judge.quote import counted
from agent.model.checkup import Check, CheckName, Grade, Seen, failed, skipped, warned
from agent.model.errors import SettingsError
from agent.settings.subjects import Log, LogFormat, LogLevel, Settings

STYLES = {Grade.PASS: "green", Grade.WARN: "yellow", Grade.FAIL: "red", Grade.SKIPPED: "dim"}

GRADE, NAME = 8, 12
"""Columns of how something stands, and of which check it is."""

DOCTOR = "air-agent doctor"
"""The command as mends name it."""

LONGEST = 2000
"""Characters of one thing that was seen."""

PAGES = (
    "mend it where `air-agent serve` runs; where the pages are shown elsewhere, nothing has to be done here"
)

SETTINGS = "correct it there, and look again"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What `doctor --json` prints."""

    tenant: str | None
    name: str | None
    version: str
    at: datetime | None
    checks: tuple[dict[str, Any], ...]
    counts: dict[str, int]
    sent: bool
    exit: int


def refuse(astray: Sequence[str]) -> None:
    """Raise SettingsError where options were given that mean nothing here."""
    if astray:
        raise SettingsError(f"{' and '.join(f'`{one}`' for one in astray)}: only with `--grants`")


def doctor(path: Path | None, *, sends: bool, as_json: bool) -> None:
    """Look at everything, tell it, and end with what came of it."""
    try:
        settings, beside = _loaded(path)
    except SettingsError as error:
        _end(None, without_settings(error), sends=False, as_json=as_json, code=WRONG_USE)
        return
    configure(Log(format=LogFormat.CONSOLE, level=LogLevel.WARNING), clock_of(settings).now)
    checks = asyncio.run(_examined(settings, sends=sends, shows=not as_json, beside=beside))
    _end(settings, checks, sends=sends, as_json=as_json, code=exit_of(checks))


def _loaded(path: Path | None) -> tuple[Settings, tuple[Seen, ...]]:
    """Return the settings, and what is to be said of secrets that only those need who show the pages.

    Raises:
        SettingsError: something that the agent itself needs is missing or wrong.
    """
    try:
        return loaded_with_all(path), ()
    except SettingsError as error:
        settings = loaded(path)
        return settings, tuple(warned(line, PAGES) for line in str(error).splitlines())


def exit_of(checks: Sequence[Check]) -> int:
    """Return 3 where Microsoft was out of reach, so that not all could be seen, 1 where anything fails, else 0."""
    if any(one.is_away for one in checks):
        return OUT_OF_REACH
    return FINDINGS if any(one.grade is Grade.FAIL for one in checks) else 0


async def _examined(
    settings: Settings, *, sends: bool, shows: bool, beside: Sequence[Seen]
) -> tuple[Check, ...]:
    """Make every check, and show each as soon as it is made."""
    out = console()
    found: list[Check] = []
    under = _Under(is_shown=shows)
    try:
        checks = examine(settings, sends=sends, by=person(), begins=under.begins)
        async for made in _with(beside, checks):
            under.rests()
            check = for_tenant(made, chosen())
            found.append(check)
            if shows:
                tell(out, check)
    finally:
        under.rests()
    return tuple(found)


async def _with(beside: Sequence[Seen], checks: AsyncIterator[Check]) -> AsyncIterator[Check]:
    """Give the checks, and what was seen while the settings were loaded with the first of them."""
    async for check in checks:
        is_first = check.name is CheckName.SETTINGS
        yield msgspec.structs.replace(check, seen=(*check.seen, *beside)) if is_first else check


class _Under:
    """What is under way, shown on a terminal; it makes room for every line that stays."""

    def __init__(self, *, is_shown: bool) -> None:
        err = console(stderr=True)
        self._status = err.status("") if is_shown and err.is_terminal else None

    def begins(self, name: CheckName) -> None:
        """Show which check is being made."""
        if self._status is not None:
            self._status.update(f"looking at {name} …")
            self._status.start()

    def rests(self) -> None:
        """Show nothing, so that something else can be printed."""
        if self._status is not None:
            self._status.stop()


def without_settings(error: SettingsError) -> tuple[Check, ...]:
    """Return the checks where the settings cannot be read: no other one can be made."""
    seen = tuple(failed(line, SETTINGS) for line in str(error).splitlines())
    others = [name for name in STEPS if name is not CheckName.SETTINGS]
    return (
        Check(name=CheckName.SETTINGS, seen=seen),
        *(Check(name=name, seen=(skipped("because settings failed"),)) for name in others),
    )


def _end(
    settings: Settings | None, checks: Sequence[Check], *, sends: bool, as_json: bool, code: int
) -> None:
    if as_json:
        print_json(document(settings, checks, sends=sends, code=code))
    else:
        out = console()
        if settings is None:
            for check in checks:
                tell(out, check)
        out.print(safe(_summary(checks, sends=sends, code=code), "bold"), soft_wrap=True)
    if code:
        raise Ending(code)


def document(settings: Settings | None, checks: Sequence[Check], *, sends: bool, code: int) -> Told:
    """Return what `--json` prints of one tenant."""
    return Told(
        tenant=settings.tenant.id if settings is not None else None,
        name=settings.tenant.name if settings is not None else None,
        version=installed(),
        at=clock_of(settings).now() if settings is not None else None,
        checks=tuple({"grade": one.grade, **msgspec.to_builtins(one)} for one in checks),
        counts=_counts(checks),
        sent=sends,
        exit=code,
    )


def for_tenant(check: Check, name: str | None) -> Check:
    """Return a check whose commands to mend are about this one of many tenants."""
    if not name:
        return check
    about = f"{DOCTOR} --tenant {name}"
    seen = (msgspec.structs.replace(one, mend=one.mend.replace(DOCTOR, about)) for one in check.seen)
    return msgspec.structs.replace(check, seen=tuple(seen))


def _counts(checks: Sequence[Check]) -> dict[str, int]:
    found = Counter(one.grade for one in checks)
    return {grade.value: found[grade] for grade in Grade}


def _summary(checks: Sequence[Check], *, sends: bool, code: int) -> str:
    found = Counter(one.grade for one in checks)
    said = [f"{counted(found[Grade.PASS], 'check passes', 'checks pass')}"]
    if found[Grade.WARN]:
        said.append(counted(found[Grade.WARN], "warns", "warn"))
    if found[Grade.FAIL]:
        said.append(counted(found[Grade.FAIL], "fails", "fail"))
    if found[Grade.SKIPPED]:
        said.append(counted(found[Grade.SKIPPED], "was skipped", "were skipped"))
    written = (
        "tests were sent through the channels, and nothing else written" if sends else "nothing was written"
    )
    away = (
        "; Microsoft was out of reach, so that not everything could be seen" if code == OUT_OF_REACH else ""
    )
    return f"{', '.join(said)}{away}; {written}"


def tell(out: Console, check: Check) -> None:
    """Print one check, everything that it saw on lines of its own, each followed by what mends it."""
    name: str = check.name
    for one in check.seen:
        first, *rest = _folded(out, safe(one.words, limit=LONGEST).plain)
        grade = (f"{one.grade:<{GRADE}}", STYLES[one.grade])
        out.print(Text.assemble(grade, (f"{name:<{NAME}} ", "bold"), first), soft_wrap=True)
        indent = " " * (GRADE + NAME + 1)
        for line in rest:
            out.print(f"{indent}{line}", soft_wrap=True)
        if one.mend:
            # Whole on one line, to be copied as it stands.
            out.print(safe(f"{indent}mend: {one.mend}", "cyan", limit=LONGEST), soft_wrap=True)
        name = ""


def _folded(out: Console, words: str) -> list[str]:
    """Return the words in lines that stay in their column on a terminal; whole elsewhere, to be searched."""
    width = out.width - GRADE - NAME - 2
    if not out.is_terminal or width < 20:
        return [words]
    return textwrap.wrap(words, width, break_on_hyphens=False) or [""]
