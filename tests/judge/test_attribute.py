"""Who decided in Defender is said where AIR's own rows name them, and nowhere else."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from agent.judge.attribute import Word, attribute, names_somebody
from agent.judge.naming import places_of
from agent.model.air import AirAction, AirReading
from agent.model.decision import Verb
from agent.model.pending import PendingAction
from tests.judge.plans.scenes import forwarding
from tests.makers import NOW, an_action

HOUR = timedelta(hours=1)
ACTION = an_action()
UNTIL = NOW + timedelta(days=7)
ANN = "ann@contoso.example"


def a_row(**more: Any) -> AirAction:
    usual = AirAction(
        investigation_id="i", action_id="a", at=NOW + HOUR, approval="Approved", approved_by=ANN,
        keys=places_of(ACTION),
    )  # fmt: skip
    return msgspec.structs.replace(usual, **more)


@pytest.mark.parametrize(
    ("word", "verb"),
    [("Approved", Verb.APPROVE), ("declined", Verb.REJECT), ("Rejected", Verb.REJECT), ("AP PROVED", Verb.APPROVE)],
)  # fmt: skip
def test_a_row_that_names_a_person_says_what_they_decided(word: str, verb: Verb) -> None:
    said = attribute(ACTION, [a_row(approval=word, approver_comment="seen")], NOW, UNTIL)

    assert said is not None
    assert (said.verb, said.by, said.at, said.comment) == (verb, (ANN,), NOW + HOUR, "seen")


@pytest.mark.parametrize(
    "row",
    [
        a_row(approved_by=None),
        a_row(approved_by=""),
        a_row(approved_by="Automation"),
        a_row(approved_by="\u200bSYSTEM "),
        a_row(approved_by="N/A"),
        a_row(approved_by="\u200b\u202e"),
        a_row(approved_by="-"),
        a_row(approval=None),
        a_row(approval="Pending"),
        a_row(approval="Auto-approved"),
        a_row(keys=("cluster:another",)),
        a_row(action_type="Disable user"),
        a_row(at=NOW - timedelta(microseconds=1)),
        a_row(at=UNTIL),
    ],
)
def test_a_row_that_does_not_say_so_names_nobody(row: AirAction) -> None:
    assert attribute(ACTION, [row], NOW, UNTIL) is None


@pytest.mark.parametrize(
    "name", ["automation@contoso.example", "系統", "Ödön", "0f1e2d3c-0000-4000-8000-000000000000"]
)
def test_people_may_be_called_anything_else(name: str) -> None:
    said = attribute(ACTION, [a_row(approved_by=name)], NOW, UNTIL)

    assert said is not None
    assert said.by == (name,)


def test_a_row_names_somebody_where_one_of_its_readings_does() -> None:
    earlier = AirReading(at=NOW, approval="Declined", approved_by=ANN)

    assert names_somebody(a_row())
    assert names_somebody(a_row(approved_by=None, earlier=(earlier,)))
    assert not names_somebody(a_row(approved_by=None))
    assert not names_somebody(a_row(approval="Pending"))


def test_the_moment_is_when_it_was_first_written_down() -> None:
    before = AirReading(at=NOW, approval="Approved", approved_by=ANN)

    said = attribute(ACTION, [a_row(earlier=(before,))], NOW, UNTIL)

    assert said is not None
    assert said.at == NOW


def test_rows_that_contradict_each_other_name_both_and_say_nothing() -> None:
    rows = [a_row(), a_row(investigation_id="j", approval="Declined", approved_by="bo@contoso.example")]

    said = attribute(ACTION, rows, NOW, UNTIL)

    assert said is not None
    assert (said.verb, said.by) == (None, (ANN, "bo@contoso.example"))


# Several rules of one mailbox


def a_rule_of(name: str, alert: str) -> PendingAction:
    seen = forwarding(configuration_id=name)
    (sighting,) = seen.sightings
    shown = msgspec.structs.replace(sighting, alert_id=f"ra{alert}")
    return msgspec.structs.replace(seen, key=f"mailbox:anna:{name}", sightings=(shown,))


ONE, OTHER = a_rule_of("rule-1", "alert-1"), a_rule_of("rule-2", "alert-2")


def of_mailbox(number: int, *alerts: str, **more: Any) -> AirAction:
    return a_row(action_id=f"a{number}", keys=places_of(ONE), alerts=alerts, **more)


def said_of_one(*rows: AirAction) -> Word | None:
    return attribute(ONE, rows, NOW, UNTIL, [OTHER])


def test_a_row_of_a_mailbox_with_one_rule_is_of_that_rule() -> None:
    said = attribute(ONE, [of_mailbox(1)], NOW, UNTIL)

    assert said is not None
    assert (said.verb, said.is_of_several) == (Verb.APPROVE, False)


def test_a_row_that_may_be_of_another_rule_of_the_mailbox_is_taken_for_neither() -> None:
    assert said_of_one(of_mailbox(1)) is None
    assert said_of_one(of_mailbox(1), of_mailbox(2, approval=None)) is None


def test_a_row_that_names_the_alert_is_of_the_rule_that_it_shows() -> None:
    said = said_of_one(
        of_mailbox(1, "ALERT-1"), of_mailbox(2, "alert-2", approval="Declined", approved_by="Bob")
    )

    assert said is not None
    assert (said.verb, said.by, said.is_of_several) == (Verb.APPROVE, (ANN,), False)
    assert said_of_one(of_mailbox(2, "alert-2"), of_mailbox(3, "alert-2")) is None


@pytest.mark.parametrize("alerts", [(), ("alert-1", "alert-2"), ("alert-of-neither",)])
def test_rows_for_each_of_them_that_all_say_the_same_are_taken_as_said_of_several(
    alerts: tuple[str, ...],
) -> None:
    rows = [of_mailbox(1, *alerts), of_mailbox(2, *alerts, approved_by="Bob")]

    said = said_of_one(*rows)

    assert said is not None
    assert (said.verb, said.by, said.is_of_several) == (Verb.APPROVE, ("Bob", ANN), True)
    assert said_of_one(rows[0], msgspec.structs.replace(rows[1], approval="Declined")) is None
