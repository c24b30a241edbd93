"""The options of `report` -> what is asked of the ledger."""

import re
import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from agent.adapters.ledger.ledger import SqlLedger
from agent.connecting import clock_of
from agent.faces.moments import written
from agent.faces.windows import Window, interval_of, since_of, until_of
from agent.judge.literals import POLICY_NAME, nearest
from agent.judge.parse import parse_set
from agent.judge.strict_yaml import shown
from agent.loop.comparing import make_report
from agent.model.errors import PolicyError, SettingsError
from agent.model.report import Asked, Report
from agent.settings.subjects import GUID, Settings


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the command is given."""

    since: str | None
    until: str | None
    policies: tuple[str, ...]
    tenant: str | None
    diff: tuple[str, str] | None
    output: Path | None
    most_looser: int | None
    """End with 1 where more actions are looser than this; None where any number is fine."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a difference: a window, or how a revision begins."""

    name: str
    window: Window | None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of which ledger."""

    settings: Settings
    asked: Asked
    sides: tuple[Side, ...]
    """Two where a difference is asked for; none where a report is."""
    again: str
    output: Path | None


def questioned(settings: Settings, wanted: Wanted) -> Question:
    """Return what is asked.

    Raises:
        SettingsError: an option says nothing that can be.
    """
    now = clock_of(settings).now()
    since = _said("--since", wanted.since, lambda text: since_of(text, now))
    until = _said("--until", wanted.until, lambda text: until_of(text, now))
    if since >= until:
        raise SettingsError(
            f"`--since` is {written(since)} and `--until` is {written(until)}: nothing lies between"
        )
    for name in wanted.policies:
        if POLICY_NAME.fullmatch(name) is None:
            raise SettingsError(f"`--policy {name}` is not the name of a policy")
    of = _tenant(settings, wanted.tenant)
    asked = Asked(
        tenant_id=of.tenant.id,
        tenant_name=of.tenant.name or "",
        since=since,
        until=until,
        policies=wanted.policies,
        enough=of.report.enough,
    )
    sides = () if wanted.diff is None else tuple(_side(one, now) for one in wanted.diff)
    if sides and all(one.window is not None for one in sides) and (wanted.since or wanted.until):
        raise SettingsError("`--diff` names two periods: leave `--since` and `--until` out")
    return Question(
        settings=of, asked=asked, sides=sides, again=_again(asked, sides, wanted), output=wanted.output
    )


async def with_revision(ledger: SqlLedger, question: Question) -> tuple[Asked, Asked]:
    """Return what is asked of each side of a difference.

    Raises:
        SettingsError: a revision is not known in the window, or several begin so.
    """
    known: tuple[str, ...] = ()
    if any(one.window is None for one in question.sides):
        known = (await make_report(ledger.archive, question.asked)).revisions
    first, second = (_narrowed(question.asked, one, known) for one in question.sides)
    return first, second


async def require_known(ledger: SqlLedger, *reports: Report) -> None:
    """Raise SettingsError where a policy is asked about of which these reports tell nothing, and none in force is called so.

    A name that is misspelt would else have nothing looser, and pass whatever asks for that.
    """
    took_part = {group.name for one in reports for group in one.policies}
    unknown = [name for name in reports[0].policies_asked if name not in took_part]
    if not unknown:
        return
    in_force = await _in_force(ledger)
    for name in unknown:
        if name not in in_force:
            raise SettingsError(
                f"`--policy {shown(name)}` took part in nothing that is asked about, and no policy in force is called so"
                f"{nearest(name, in_force | took_part)}"
            )


async def _in_force(ledger: SqlLedger) -> frozenset[str]:
    kept = await ledger.kept_set()
    if kept is None:
        return frozenset()
    try:
        return frozenset(one.name for one in parse_set(kept.files, is_past=True).policies)
    except PolicyError:
        # A set that this version does not read any more names nothing.
        return frozenset()


def _narrowed(asked: Asked, side: Side, known: tuple[str, ...]) -> Asked:
    if side.window is not None:
        return msgspec.structs.replace(asked, since=side.window[0], until=side.window[1])
    found = [one for one in known if one.startswith(side.name.lower())]
    if len(found) == 1:
        return msgspec.structs.replace(asked, revision=found[0])
    if found:
        raise SettingsError(
            f"`--diff {side.name}` begins more than one revision: {', '.join(found)}: give more of it"
        )
    there = ", ".join(one[:12] for one in known) or "none"
    raise SettingsError(
        f"`--diff {side.name}` is no period such as `2026-W40` or `2026-10-01/2026-10-08`, and no revision that decided "
        f"from {written(asked.since)} to {written(asked.until)}: these did: {there}"
    )


def _side(text: str, now: datetime) -> Side:
    try:
        return Side(name=text, window=interval_of(text, now))
    except ValueError as error:
        raise SettingsError(f"`--diff {text}` {error}") from error


def _said(option: str, text: str | None, read: Callable[[str | None], datetime]) -> datetime:
    try:
        return read(text)
    except ValueError as error:
        raise SettingsError(f"`{option} {text}` {error}") from error


def _tenant(settings: Settings, text: str | None) -> Settings:
    """Return the settings for the tenant that is asked about, which may be another one of the same ledger."""
    own = settings.tenant
    if text is None or text.lower() == own.id or (own.name and text.casefold() == own.name.casefold()):
        return settings
    if re.fullmatch(GUID, text) is None:
        raise SettingsError(
            f"`--tenant {text}` is not the tenant's id, and not the name that `tenant.name` sets"
        )
    return msgspec.structs.replace(settings, tenant=msgspec.structs.replace(own, id=text.lower(), name=None))


def _again(asked: Asked, sides: tuple[Side, ...], wanted: Wanted) -> str:
    """Return the command that gives the same once more."""
    words = ["air-agent", "report"]
    if not sides or any(one.window is None for one in sides):
        words += ["--since", written(asked.since), "--until", written(asked.until)]
    for name in asked.policies:
        words += ["--policy", name]
    words += [] if wanted.tenant is None else ["--tenant", wanted.tenant]
    words += ["--diff", *(_named(one) for one in sides)] if sides else []
    return shlex.join(words)


def _named(side: Side) -> str:
    return side.name if side.window is None else f"{written(side.window[0])}/{written(side.window[1])}"
