"""What people decided is said with who, when, from where and how surely; unknown with its reason."""

from datetime import timedelta

import msgspec
import pytest

from agent.faces.people_did import all_that_people_did, people_did
from agent.faces.web.told_elsewhere import NOTHING, Told, ending_words
from agent.model.decision import Verb
from agent.model.history import Decided, Decider, Ending
from agent.model.pending import ActionKind
from agent.model.truth import Certainty, Source, Truth, Unknown
from tests.makers import NOW

KNOWN = Truth(
    action_id="a", first_seen=NOW, verb=Verb.APPROVE, unknown=None, source=Source.AIR, certainty=Certainty.LIKELY,
    at=NOW + timedelta(hours=1), by=("Ann\x1b[31m", "Bo"),
)  # fmt: skip


def unknown(why: Unknown, *by: str) -> Truth:
    return msgspec.structs.replace(
        KNOWN, verb=None, unknown=why, source=Source.EVIDENCE, certainty=Certainty.UNKNOWN, by=by
    )


def test_who_decided_is_said_with_its_source_and_how_sure_that_is() -> None:
    words = people_did(KNOWN)

    assert "\x1b" not in words
    assert words.startswith("approved by ")
    assert words.endswith(" Bo on 2026-11-02 10:00Z; likely: AIR's own rows (CloudAppEvents)")


def test_whoever_is_not_named_is_somebody() -> None:
    no = msgspec.structs.replace(KNOWN, verb=Verb.REJECT, source=Source.EVIDENCE, by=())

    assert people_did(no) == (
        "rejected by somebody who is not named on 2026-11-02 10:00Z; likely: the evidence's word alone"
    )


@pytest.mark.parametrize("why", list(Unknown))
def test_what_is_unknown_says_why(why: Unknown) -> None:
    assert people_did(unknown(why)).startswith("not known: ")
    assert people_did(unknown(why, "Ann", "Bo")).endswith(" (Ann, Bo)")


def test_several_proposals_of_one_action_are_told_apart() -> None:
    later = msgspec.structs.replace(KNOWN, first_seen=NOW + timedelta(days=7))

    assert all_that_people_did(()) == ()
    assert all_that_people_did((KNOWN,)) == (people_did(KNOWN),)
    assert all_that_people_did((KNOWN, later)) == (
        f"proposed 2026-11-02 09:00Z: {people_did(KNOWN)}",
        f"proposed 2026-11-09 09:00Z: {people_did(later)}",
    )


def an_ending(ended: Ending, status: str) -> Decided:
    return Decided(
        at=NOW, action_id="a", number=1, ended=ended, kind=ActionKind.SOFT_DELETE_CLUSTER, incident_id="1", first_seen=NOW,
        deadline=NOW + timedelta(days=7), verb=None, by=Decider.ELSEWHERE, status=status,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ended", "status", "told", "words"),
    [
        (Ending.ELSEWHERE, "remediated", NOTHING, "a person's yes or its own closing"),
        (Ending.ELSEWHERE, "remediated", Told(truth=unknown(Unknown.UNTOLD)), "a person's yes or its own"),
        (Ending.ELSEWHERE, "declined", NOTHING, "a person's no, and it does not say whose"),
        (Ending.ELSEWHERE, "declined", Told(truth=unknown(Unknown.LATE)), "that may be the week's end"),
        (Ending.ELSEWHERE, "unremediated", Told(truth=unknown(Unknown.CANCELLED)), "cancelled or reverted"),
        (Ending.ELSEWHERE, "remediated", Told(truth=unknown(Unknown.NOBODY)), "carried out here without one"),
        (Ending.ELSEWHERE, "remediated", Told(truth=KNOWN, comment="a newsletter"), "approved by"),
        (Ending.EXPIRED, "pendingApproval", NOTHING, "an expiry is nobody's no"),
        (Ending.EXPIRED, "pendingApproval", Told(truth=KNOWN), "the week ended in Defender; approved by"),
    ],
)
def test_an_ending_says_what_is_known_of_it(ended: Ending, status: str, told: Told, words: str) -> None:
    found = ending_words(an_ending(ended, status), told)

    assert words in found
    assert ('"a newsletter"' in found) is bool(told.comment)
