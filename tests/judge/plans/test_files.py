"""Files on devices."""

import pytest

from agent.judge.plans.means import Means, Problem
from agent.model.defender import FileDetails
from agent.model.enactment import EffectKind, Way
from agent.model.targets import Found
from tests.judge.plans.scenes import (
    DEVICE,
    SHA1,
    a_device,
    an_account,
    covering,
    file_action,
    planned,
    replaced,
)
from tests.makers import a_message

TARGET = (SHA1, DEVICE)


def test_a_file_is_stopped_and_quarantined_on_its_device() -> None:
    plan = planned(file_action(), a_device())

    assert [(effect.kind, effect.targets, effect.before) for effect in plan.effects] == [
        (EffectKind.QUARANTINE_FILE, (TARGET,), ())
    ]
    assert plan.why == "stops and quarantines update.exe on pc-1"


def test_a_file_and_a_device_without_names_are_called_by_their_ids() -> None:
    action = file_action(file_details=FileDetails(sha1=SHA1))

    assert planned(action, a_device(name=None)).why == f"stops and quarantines {SHA1} on {DEVICE}"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (None, "device is not there"),
        (an_account(), "device is not there"),
        (Problem(words="endpoint: 403"), "endpoint: 403"),
    ],
)
def test_a_device_that_cannot_be_read_is_for_a_person(found: Found | Problem | None, why: str) -> None:
    plan = planned(file_action(), found)

    assert plan.way is Way.HAND_OFF
    assert why in plan.why


@pytest.mark.parametrize("sha1", [None, "", "a" * 39, "g" * 40, "../" + "a" * 37])
def test_only_a_plain_sha1_is_ever_sent(sha1: str | None) -> None:
    action = file_action(file_details=FileDetails(file_name="x", sha1=sha1, sha256="b" * 64))

    assert "SHA-1" in planned(action, a_device()).why


def test_evidence_without_a_file_is_for_a_person() -> None:
    without = replaced(file_action(), a_message())
    nameless = replaced(file_action(), file_action(file_details=None).evidence or a_message())

    assert "which file it is" in planned(without, a_device()).why
    assert "which file it is" in planned(nameless, a_device()).why


def test_a_file_is_quarantined_once_on_a_device() -> None:
    action = file_action()
    theirs = planned(action, a_device(), covered=covering(EffectKind.QUARANTINE_FILE, TARGET, by="another"))
    ours = planned(action, a_device(), covered=covering(EffectKind.QUARANTINE_FILE, TARGET, by=action.id))

    assert (theirs.way, theirs.effects) == (Way.HAND_OFF, ())
    assert (ours.way, ours.effects) == (Way.REMEDIATE, ())


def test_what_is_missing_here_is_said() -> None:
    means = Means(targets_per_call=1, observes=False, missing={EffectKind.QUARANTINE_FILE: "switched off"})

    assert planned(file_action(), a_device(), means).why == "switched off"
