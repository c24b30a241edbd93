"""The guard rails as they are set: defaults, forms of their own, and what is refused in which words."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.model.decision import Unit
from agent.model.enactment import MAIL_EFFECTS, EffectKind
from agent.model.errors import SettingsError
from agent.model.mark import Mark
from agent.model.policy import Moment
from agent.model.rails import MOST_MESSAGES, Freeze, Rails
from agent.settings.guarding import Guards
from agent.settings.guards import rails_of
from agent.settings.loading import load
from tests.test_settings import SIMULATED

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def rails(**environ: str) -> Rails:
    named = {f"AIR_AGENT_GUARDS_{name.upper()}": text for name, text in environ.items()}
    return rails_of(load(None, SIMULATED | named).guards)


def refused(**environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        rails(**environ)
    return str(caught.value)


def test_the_defaults_are_those_of_a_small_team() -> None:
    found = rails()

    caps = {cap.name: (cap.count, cap.unit, cap.window) for cap in found.caps}
    assert caps["actions_per_hour"] == (50, Unit.ACTIONS, HOUR)
    assert caps["messages_per_hour"] == (1_000, Unit.MESSAGES, HOUR)
    assert caps["messages_per_day"] == (5_000, Unit.MESSAGES, DAY)
    assert (found.mailboxes_per_action, found.messages_per_action) == (200, MOST_MESSAGES)
    assert (found.hours, found.freezes, found.protected, found.users, found.devices) == (
        None,
        (),
        (),
        None,
        None,
    )
    assert found == rails_of(Guards())


def test_every_kind_that_changes_something_to_its_harm_has_a_cap() -> None:
    harmful = {kind for kind in EffectKind if not kind.startswith(("enable", "moveTo"))}

    assert harmful <= {kind for cap in rails().caps for kind in cap.kinds or ()}
    assert all(
        cap.kinds is None or cap.unit is Unit.ACTIONS or cap.kinds == MAIL_EFFECTS for cap in rails().caps
    )


def test_each_setting_reaches_its_rail() -> None:
    found = rails(
        actions_per_hour="1",
        messages_per_action="2",
        two_people_from="3",
        users_per_day="4",
        devices_per_day="5",
        share_of_users="0.5",
        share_of_devices="0.25",
        share_from="6",
        users="7",
        devices="8",
        brake_floor="9",
        brake_factor="1.5",
        mailboxes_per_action="10",
    )

    assert found.caps[0].count == 1
    assert (found.messages_per_action, found.two_people_from, found.users_per_day) == (2, 3, 4)
    assert (found.devices_per_day, found.share_of_users, found.share_of_devices) == (5, 0.5, 0.25)
    assert (found.share_from, found.users, found.devices) == (6, 7, 8)
    assert (found.brake_floor, found.brake_factor, found.mailboxes_per_action) == (9, 1.5, 10)


def test_no_setting_lifts_what_microsoft_never_approves_by_itself() -> None:
    assert refused(messages_per_action="10001") == (
        "AIR_AGENT_GUARDS_MESSAGES_PER_ACTION: `guards.messages_per_action`: `10001` is not a whole number from 0 to 10000"
    )


@pytest.mark.parametrize(
    ("text", "days", "clock", "zone"),
    [
        ("mon-fri 07:00-20:00 Europe/Madrid", {0, 1, 2, 3, 4}, (420, 1200), "Europe/Madrid"),
        ("  sat-mon   America/New_York ", {5, 6, 0}, None, "America/New_York"),
        ("Sun 22:00-06:00 UTC", {6}, (1320, 360), "UTC"),
        ("00:00-24:00 UTC", None, (0, 1440), "UTC"),
        ("mon MST", {0}, None, "MST"),
    ],
)
def test_hours_are_days_and_a_clock_in_a_zone(
    text: str, days: set[int] | None, clock: tuple[int, int] | None, zone: str
) -> None:
    wording = " ".join(text.split())

    assert rails(hours=text).hours == Moment(
        zone=zone,
        days=None if days is None else frozenset(days),
        hours=clock,
        wording=wording,
        mark=Mark(1, 1),
    )


MEND = "write them like `mon-fri 07:00-20:00 Europe/Madrid`"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("always", f"are not hours in a zone: {MEND}"),
        ("mon fri 07:00-20:00 UTC", f"are not hours in a zone: {MEND}"),
        ("07:00-20:00 mon UTC", f"are not hours in a zone: {MEND}"),
        ("07:00-20:00 08:00-20:00 UTC", f"are not hours in a zone: {MEND}"),
        ("mon-fri 07:00-20:00", f"name no time zone: {MEND}"),
        ("07:00-20:00 mon-fri", f"name no time zone: {MEND}"),
        ("mon-fry 07:00-20:00 UTC", f"name `mon-fry`, which are no days: {MEND}"),
        ("fry UTC", f"name `fry`, which are no days: {MEND}"),
        ("mon 7:00-20:00 UTC", f"name `7:00-20:00`, which are no hours: {MEND}"),
        ("mon 07:00 UTC", f"name `07:00`, which are no hours: {MEND}"),
        ("mon 07:00-07:00 UTC", f"name `07:00-07:00`, which are no hours: {MEND}"),
        ("mon 24:00-07:00 UTC", f"name `24:00-07:00`, which are no hours: {MEND}"),
        (
            "mon 07:00-20:00 Europe/Madird",
            "name the time zone `Europe/Madird`, which is unknown: did you mean `Europe/Madrid`?",
        ),
        ("mon 07:00-20:00 ../passwd", f"name the time zone `../passwd`, which is unknown: {MEND}"),
    ],
)
def test_wrong_hours_say_what_to_write(text: str, words: str) -> None:
    assert refused(hours=text) == f"AIR_AGENT_GUARDS_HOURS: `guards.hours`: `{text}` {words}"


def test_freezes_are_intervals_in_any_zone() -> None:
    found = rails(freeze="2026-12-24T12:00Z/2026-12-27T08:00Z, 2027-01-01T00:00+01:00/2027-01-02T00:00+01:00")

    assert found.freezes == (
        Freeze(begins=at(2026, 12, 24, 12), ends=at(2026, 12, 27, 8)),
        Freeze(begins=at(2026, 12, 31, 23), ends=at(2027, 1, 1, 23)),
    )


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "wrong", "why"),
    [
        ("christmas", "christmas", "is no interval with its zone"),
        ("2026-12-24T12:00Z", "2026-12-24T12:00Z", "is no interval with its zone"),
        (
            "2026-12-24T12:00/2026-12-27T08:00",
            "2026-12-24T12:00/2026-12-27T08:00",
            "is no interval with its zone",
        ),
        ("2026-12-24T12:00Z/2026-12-27T08:00Z,", "", "is no interval with its zone"),
        (
            "2026-12-27T08:00Z/2026-12-27T08:00Z",
            "2026-12-27T08:00Z/2026-12-27T08:00Z",
            "ends before it begins",
        ),
    ],
)
def test_wrong_freezes_say_what_to_write(text: str, wrong: str, why: str) -> None:
    assert refused(freeze=text).endswith(
        f" names `{wrong}`, which {why}: write intervals like `2026-12-24T12:00Z/2026-12-27T08:00Z`, with commas between"
    )


def test_protected_lists_are_named_with_commas_and_once() -> None:
    assert rails(protected="vip, $break-glass,vip").protected == ("vip", "break-glass")
    assert refused(protected="vip, the board") == (
        "AIR_AGENT_GUARDS_PROTECTED: `guards.protected`: `vip, the board` names the list `the board`, which is no name: "
        "write names like `vip, break-glass`"
    )
