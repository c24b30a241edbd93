"""The settings of reports: when they are sent, and what is refused in which words."""

import pytest

from agent.model.errors import SettingsError
from agent.model.schedule import Schedule, Sent
from agent.settings.loading import load
from agent.settings.reporting import Reporting
from tests.test_settings import SIMULATED


def reporting(**environ: str) -> Reporting:
    named = {f"AIR_AGENT_REPORT_{name.upper()}": text for name, text in environ.items()}
    return load(None, SIMULATED | named).report


def refused(**environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        reporting(**environ)
    return str(caught.value)


def test_nothing_is_sent_unless_it_is_asked_for() -> None:
    assert reporting().schedule() is None
    assert reporting(channel="mail").schedule() is None


def test_what_is_asked_for_is_what_the_loop_is_told() -> None:
    found = reporting(send="weekly", hour="6", zone="Europe/Madrid", channel="mail", enough="50").schedule()

    assert found == Schedule(every=Sent.WEEKLY, hour=6, zone="Europe/Madrid", channel="mail", enough=50)


def test_a_report_needs_a_channel() -> None:
    assert "`report.channel`" in refused(send="daily")
    assert "name the channel that reports are sent through" in refused(send="daily")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("send", "hourly", "is not one of `none`, `daily`, `weekly`"),
        ("hour", "24", "is not a whole number from 0 to 23"),
        ("zone", "Europe/Madird", "is no time zone: did you mean `Europe/Madrid`?"),
        ("zone", "../etc/passwd", "is no time zone"),
        ("enough", "0", "is not a whole number from 1"),
    ],
)
def test_what_cannot_be_is_refused(name: str, text: str, why: str) -> None:
    assert why in refused(**{name: text})
