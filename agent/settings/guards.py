"""The guard rails as they are set, and the three settings of them that are written in a form of their own."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from agent.model.decision import Unit
from agent.model.enactment import MAIL_EFFECTS, EffectKind
from agent.model.mark import Mark
from agent.model.policy import Moment
from agent.model.rails import Cap, Freeze, Rails
from agent.settings.guarding import Guards
from agent.settings.zones import is_zone, nearest

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
NAME = re.compile(r"[A-Za-z0-9_-]+")

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\*?")
HOST = re.compile(r"[0-9a-z]([0-9a-z.-]{0,252}[0-9a-z])?|\[?[0-9a-f:.]{2,45}\]?")
HOURS = "write them like `mon-fri 07:00-20:00 Europe/Madrid`"
FREEZE = "write intervals like `2026-12-24T12:00Z/2026-12-27T08:00Z`, with commas between"

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ACCOUNTS = frozenset(
    {
        EffectKind.DISABLE_USER,
        EffectKind.REVOKE_SESSIONS,
        EffectKind.DISABLE_ACCOUNT,
        EffectKind.RESET_PASSWORD,
    }
)
RULES = frozenset({EffectKind.DISABLE_RULE})
FILES = frozenset({EffectKind.QUARANTINE_FILE})


def rails_of(guards: Guards) -> Rails:
    """Return the guard rails that these settings describe."""
    return Rails(
        caps=tuple(_caps(guards)),
        mailboxes_per_action=guards.mailboxes_per_action,
        messages_per_action=guards.messages_per_action,
        two_people_from=guards.two_people_from,
        users_per_day=guards.users_per_day,
        devices_per_day=guards.devices_per_day,
        share_of_users=guards.share_of_users,
        share_of_devices=guards.share_of_devices,
        share_from=guards.share_from,
        users=guards.users,
        devices=guards.devices,
        hours=None if guards.hours is None else hours(guards.hours),
        freezes=() if guards.freeze is None else freezes(guards.freeze),
        protected=() if guards.protected is None else names(guards.protected),
        brake_floor=guards.brake_floor,
        brake_factor=guards.brake_factor,
    )


def _caps(guards: Guards) -> Iterator[Cap]:
    """Give the caps; the narrow ones come last, so that the wide one gives its name where both are passed."""
    for name, unit, window, kinds in (
        ("actions_per_hour", Unit.ACTIONS, HOUR, None),
        ("actions_per_day", Unit.ACTIONS, DAY, None),
        ("messages_per_hour", Unit.MESSAGES, HOUR, MAIL_EFFECTS),
        ("messages_per_day", Unit.MESSAGES, DAY, MAIL_EFFECTS),
        ("accounts_per_hour", Unit.ACTIONS, HOUR, ACCOUNTS),
        ("accounts_per_day", Unit.ACTIONS, DAY, ACCOUNTS),
        ("rules_per_hour", Unit.ACTIONS, HOUR, RULES),
        ("files_per_hour", Unit.ACTIONS, HOUR, FILES),
    ):
        yield Cap(name=name, unit=unit, count=getattr(guards, name), window=window, kinds=kinds)


def hours(text: str) -> Moment:
    """Return the days, hours and zone that are written, days or hours being left out where they all count.

    Raises:
        ValueError: they are not, in words for the person who wrote it.
    """
    parts = text.split()
    if not 2 <= len(parts) <= 3:
        raise ValueError(f"are not hours in a zone: {HOURS}")
    *when, zone = parts
    if ":" in zone or (zone[:3].lower() in DAYS and "/" not in zone):
        raise ValueError(f"name no time zone: {HOURS}")
    days, clock = None, None
    for place, part in enumerate(when):
        if ":" in part and clock is None:
            clock = _clock(part)
        elif ":" not in part and place == 0:
            days = _days(part)
        else:
            raise ValueError(f"are not hours in a zone: {HOURS}")
    return Moment(zone=_zone(zone), days=days, hours=clock, wording=" ".join(parts), mark=Mark(1, 1))


def _days(text: str) -> frozenset[int]:
    """Return days of the week, 0 for Monday: `mon-fri`, `sat`; `sat-mon` goes over the end of the week."""
    first, dash, last = text.lower().partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        raise ValueError(f"name `{text}`, which are no days: {HOURS}")
    start, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset(day % 7 for day in range(start, end + 1 if end >= start else end + 8))


def _clock(text: str) -> tuple[int, int]:
    start, dash, end = text.partition("-")
    if not dash or not CLOCK.fullmatch(start) or not CLOCK.fullmatch(end) or start in (end, "24:00"):
        raise ValueError(f"name `{text}`, which are no hours: {HOURS}")
    return int(start[:2]) * 60 + int(start[3:]), int(end[:2]) * 60 + int(end[3:])


def _zone(text: str) -> str:
    if is_zone(text):
        return text
    near = nearest(text)
    hint = f"did you mean `{near}`?" if near else HOURS
    raise ValueError(f"name the time zone `{text}`, which is unknown: {hint}")


def freezes(text: str) -> tuple[Freeze, ...]:
    """Return the intervals that are written, each from its first moment up to, and without, its last.

    Raises:
        ValueError: they are none, in words for the person who wrote it.
    """
    return tuple(_freeze(part.strip()) for part in text.split(","))


def _freeze(text: str) -> Freeze:
    begins, slash, ends = text.partition("/")
    try:
        found = Freeze(begins=_moment(begins), ends=_moment(ends))
    except ValueError:
        found = None
    if not slash or found is None:
        raise ValueError(f"names `{text}`, which is no interval with its zone: {FREEZE}")
    if found.begins >= found.ends:
        raise ValueError(f"names `{text}`, which ends before it begins: {FREEZE}")
    return found


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)


def names(text: str) -> tuple[str, ...]:
    """Return the names of lists that are written, each once.

    Raises:
        ValueError: one of them is none, in words for the person who wrote it.
    """
    found = [part.strip().removeprefix("$") for part in text.split(",")]
    wrong = next((name for name in found if NAME.fullmatch(name) is None), None)
    if wrong is not None:
        raise ValueError(f"names the list `{wrong}`, which is no name: write names like `vip, break-glass`")
    return tuple(dict.fromkeys(found))


def hosts(text: str | None) -> frozenset[str]:
    """Return the names of hosts that are written, lower case; none where nothing is.

    Raises:
        ValueError: one of them is none, in words for the person who wrote it.
    """
    if text is None:
        return frozenset()
    found = [part.strip().lower().rstrip(".") for part in text.split(",")]
    wrong = next((name for name in found if HOST.fullmatch(name) is None), None)
    if wrong is not None:
        raise ValueError(
            f"names `{wrong}`, which is no host: write names or addresses alone, without https:// or a port"
        )
    return frozenset(found)


def variables(text: str | None) -> tuple[str, ...]:
    """Return the names of variables that are written, some with `*` for any ending; none where nothing is.

    Raises:
        ValueError: one of them is none, in words for the person who wrote it.
    """
    if text is None:
        return ()
    found = tuple(part.strip() for part in text.split(","))
    wrong = next((name for name in found if VARIABLE.fullmatch(name) is None), None)
    if wrong is not None:
        raise ValueError(
            f"names `{wrong}`, which is no variable: write names such as `SLACK_BOT_TOKEN`, or `PAGERDUTY_*`, with commas between"
        )
    return found
