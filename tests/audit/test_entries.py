"""What happened becomes its entry, and nothing in its detail names anybody."""

import msgspec
import pytest
from msgspec.structs import replace

from agent.audit import entries
from agent.audit.entries import Before
from agent.model.alarm import Alarm
from agent.model.audit import Entry, Event
from agent.model.decision import Verb
from agent.model.enactment import Confirmation, EffectSeen, Outcome, PendingSeen, State, Undone, Went
from agent.model.hold import Hold
from agent.model.policy import KeptSet
from agent.model.rails import Leave
from tests.adapters.records import NOW, a_decided_record, a_decision, a_record, an_effect

RECORD = a_decided_record("cluster-1")
DECISION = RECORD.decision
SEEN = Confirmation(
    effect=EffectSeen.CONFIRMED, pending=PendingSeen.CLOSED, words="anna's copy is gone", checks=2
)


def test_a_decision_names_its_policies_and_keeps_what_quotes_mail_apart() -> None:
    decision = a_decision(RECORD.action, reason="`sender` is eve@fabrikam.example")

    (entry,) = entries.of_decision(RECORD, decision, 3, "bound", NOW)

    assert (entry.event, entry.actor, entry.action_id) == (
        Event.DECISION,
        "policy malicious-url-clusters@r1",
        RECORD.action.id,
    )
    assert entry.detail["number"] == 3
    assert (entry.detail["way"], entry.detail["shadow"], entry.detail["content"]) == (
        "remediate",
        "reject",
        "bound",
    )
    assert entry.personal == {"reason": decision.reason, "label": RECORD.action.label}


def test_a_decision_of_no_policy_is_the_sets() -> None:
    decision = replace(a_decision(RECORD.action, Verb.ESCALATE), policies=(), shadow=None)

    (entry,) = entries.of_decision(replace(RECORD, plan=None), decision, 1, "bound", NOW)

    assert entry.actor == "policies@r1"
    assert (entry.detail["way"], entry.detail["binding"], entry.detail["shadow"]) == (None, None, None)


def test_a_guard_that_held_a_decision_has_an_entry_of_its_own() -> None:
    decision = replace(a_decision(RECORD.action, Verb.ESCALATE), guard="messages an hour")

    told = entries.of_decision(RECORD, decision, 1, "bound", NOW)

    assert [entry.event for entry in told] == [Event.DECISION, Event.GUARD]
    assert told[1].detail["guard"] == "messages an hour"
    assert told[1].personal == {"reason": decision.reason}


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (Before(), {}, False),
        (Before(State.SENT), {"state": State.CONFIRMED, "confirmation": SEEN}, True),
        (Before(State.CONFIRMED, SEEN), {"state": State.CONFIRMED, "confirmation": SEEN}, False),
        (Before(State.CONFIRMED, SEEN), {"confirmation": replace(SEEN, checks=9)}, False),
        (Before(State.SENT, SEEN), {"confirmation": replace(SEEN, pending=None)}, True),
        (Before(State.SENT, SEEN), {"confirmation": replace(SEEN, effect=None)}, True),
        (Before(State.ESCALATED), {"state": State.EXPIRED}, True),
        (Before(State.EXPIRED), {"state": State.EXPIRED}, False),
        (Before(State.ESCALATED), {"state": State.SUPERSEDED}, True),
        (Before(State.CONFIRMED), {"state": State.UNDONE}, True),
    ],
)
def test_what_was_seen_afterwards_is_told_when_it_changes(
    before: Before, after: dict[str, object], is_told: bool
) -> None:
    record = replace(a_record(), **after)

    told = entries.of_change(before, record, "agent a", NOW)

    assert [entry.event for entry in told] == ([Event.CONFIRMATION] if is_told else [])


def test_an_intent_binds_its_targets_and_an_undo_names_what_it_takes_back() -> None:
    effect = an_effect(RECORD)

    intent = entries.of_intent(effect, "agent a", "bound", NOW)
    undo = entries.of_intent(replace(effect, undoes="earlier"), "agent a", "bound", NOW)

    assert (intent.event, undo.event, undo.detail["undoes"]) == (Event.INTENT, Event.UNDO, "earlier")
    assert intent.personal == {"targets": '[["message-0","anna@contoso.example"]]'}


def test_an_undo_is_the_act_of_the_person_who_asked_for_it() -> None:
    effect, undone = an_effect(RECORD), Undone(at=NOW, by="anna on soc-1", reason="a newsletter")

    intent = entries.of_intent(effect, "agent a", "bound", NOW, undone)
    undo = entries.of_intent(replace(effect, undoes="earlier"), "agent a", "bound", NOW, undone)

    assert (intent.actor, "by" in intent.personal) == ("agent a", False)
    assert (undo.event, undo.actor) == (Event.UNDO, entries.PERSON)
    assert (undo.personal["by"], undo.personal["reason"]) == ("anna on soc-1", "a newsletter")


def test_a_call_its_outcome_and_a_drop_name_the_effect_and_the_attempt() -> None:
    effect = replace(an_effect(RECORD), attempts=2)
    outcome = Outcome(went=Went.UNKNOWN, detail="504 for anna", bulk_id="b", request_id="r")
    leave = Leave(replica="a", incident_id="1", token=9, until=NOW)

    call = entries.of_call(effect, leave, NOW)
    after = entries.of_outcome(effect, outcome, "agent a", NOW)
    dropped = entries.of_dropped(effect, "agent a", NOW)

    assert (call.actor, call.detail["attempt"], call.detail["token"]) == ("agent a", 2, 9)
    assert (after.detail["went"], after.detail["bulk_id"], after.detail["request_id"]) == (
        "unknown",
        "b",
        "r",
    )
    assert after.personal == {"detail": "504 for anna"}
    assert {one.detail["effect"] for one in (call, after, dropped)} == {effect.id}


def test_a_note_is_told_with_its_text_before_and_its_outcome_after() -> None:
    before = entries.of_note("comment", "7", "agent a", NOW, text="for anna")
    after = entries.of_note("comment", "7", "agent a", NOW, outcome=Outcome(went=Went.DONE, request_id="r"))

    assert (before.detail, before.personal) == (
        {"what": "comment", "place": "7", "went": "sent"},
        {"text": "for anna"},
    )
    assert (after.detail["went"], after.detail["request_id"], after.personal) == ("done", "r", {})


def others() -> list[Entry]:
    return [
        entries.of_beginning(NOW, "agent a", decisions=1, calls=2, effects=1),
        entries.of_hold(Hold(name="hold", since=NOW, by="olga", reason="anna asked")),
        entries.of_release("hold", "olga", "anna agreed", NOW),
        entries.of_set(KeptSet(revision="r", git="g", at=NOW, files={"olga.yaml": b""}), "agent a", "bound"),
        entries.of_settings({"mode": "enforce"}, "agent a", NOW),
        entries.of_alarm(
            Alarm(name="policies", since=NOW, words="anna@contoso.example is no address"), "agent a"
        ),
        entries.of_cleared("policies", "agent a", NOW),
        entries.of_erasure({"values": 3}, "olga", NOW),
        entries.of_erasure({"values": 3}, "", NOW),
    ]


def test_nothing_but_personal_values_names_anybody() -> None:
    for entry in others():
        plain = msgspec.json.encode(replace(entry, personal={})).decode()

        assert "olga" not in plain
        assert "anna" not in plain
    assert [one.actor for one in others()] == [
        "agent a",
        "person",
        "person",
        "agent a",
        "agent a",
        "agent a",
        "agent a",
        "person",
        "agent",
    ]
