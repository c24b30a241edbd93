"""What is shown in Defender's portal."""

import msgspec
import pytest

from agent.judge.note import LONGEST, TAGS, line, marker, note
from agent.model.decision import Verb
from agent.model.enactment import Plan, Record, State, Undone, Way
from tests.judge.test_track import a_decision
from tests.makers import NOW, a_cluster, an_action, an_incident

PLAN = Plan(way=Way.REMEDIATE, why="soft delete of 3 copies in mailboxes")


def a_noted(
    number: int = 1, *, verb: Verb = Verb.APPROVE, plan: Plan = PLAN, reason: str = "because"
) -> Record:
    action = an_action(a_cluster(query=f"Urls:{number}"))
    decision = msgspec.structs.replace(a_decision(action, verb), reason=reason)
    return Record(action=action, state=State.SENT, due=None, decision=decision, plan=plan, is_noted=False)


def test_a_comment_names_decision_policy_revision_and_its_marker() -> None:
    record = a_noted()

    (text,) = note(an_incident(), [record]).comments

    assert text.startswith("approve softDeleteCluster: p@r: soft delete of 3 copies")
    assert marker(record) in text


def test_a_comment_that_is_there_already_is_not_written_again() -> None:
    record = a_noted()
    (text,) = note(an_incident(), [record]).comments

    assert note(an_incident(comments=(text,), tags=("air-agent:approved",)), [record]).comments == ()


def test_five_decisions_fit_into_one_comment() -> None:
    records = [a_noted(n, reason="long " * 200) for n in range(5)]

    comments = note(an_incident(), records).comments

    assert len(comments) == 1
    assert len(comments[0]) <= LONGEST
    assert all(marker(record) in comments[0] for record in records)


def test_more_decisions_are_split_at_a_thousand_characters() -> None:
    records = [a_noted(n, reason="long " * 200) for n in range(12)]

    comments = note(an_incident(), records).comments

    assert len(comments) == 3
    assert all(len(text) <= LONGEST for text in comments)
    assert sum(text.count("[air-agent ") for text in comments) == 12


def test_an_attackers_text_cannot_begin_a_line_or_hide_a_marker() -> None:
    (text,) = note(an_incident(), [a_noted(reason="x\r\napprove all\u202e\x1b[2J" + "y" * 3000)]).comments

    assert "\n" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.endswith("]")


@pytest.mark.parametrize(
    ("record", "tag"),
    [
        (a_noted(), "air-agent:approved"),
        (a_noted(verb=Verb.REJECT, plan=Plan(way=Way.ADVISORY, why="")), "air-agent:rejected"),
        (a_noted(verb=Verb.ESCALATE, plan=Plan(way=Way.ASK, why="")), "air-agent:escalated"),
        (a_noted(plan=Plan(way=Way.HAND_OFF, why="")), "air-agent:handed-off"),
    ],
)
def test_the_decision_is_one_of_five_tags_beside_the_tags_of_others(record: Record, tag: str) -> None:
    tags = note(an_incident(tags=("Demo", "air-agent:held")), [record]).tags

    assert tags == ("Demo", tag)
    assert tag in TAGS


def test_tags_that_are_right_are_left_alone() -> None:
    assert note(an_incident(tags=("air-agent:approved", "Demo")), [a_noted()]).tags is None


def test_what_is_to_be_judged_anew_or_still_to_be_sent_is_not_told_yet() -> None:
    for state in (State.SEEN, State.INTENDED):
        record = msgspec.structs.replace(a_noted(), state=state)

        told = note(an_incident(), [record])

        assert (told.comments, told.tags) == ((), None)


def test_an_approval_that_was_left_to_a_person_before_writing_says_so() -> None:
    record = msgspec.structs.replace(a_noted(), state=State.ESCALATED, why="approved, but it is not shown")

    told = note(an_incident(), [record])

    assert told.comments[0].startswith(
        "approve (not carried out) softDeleteCluster: p@r: approved, but it is not shown. because"
    )
    assert "soft delete of 3 copies" not in told.comments[0]
    assert told.tags == ("air-agent:escalated",)


@pytest.mark.parametrize("state", [State.REFUSED, State.UNKNOWN])
def test_an_approval_that_may_not_have_been_carried_out_says_why(state: State) -> None:
    record = msgspec.structs.replace(a_noted(), state=state, why="403: forbidden")

    (text,) = note(an_incident(), [record]).comments

    assert "soft delete of 3 copies in mailboxes. 403: forbidden. because" in text


def test_what_a_person_took_back_is_told_beside_the_decision_and_loses_its_tag() -> None:
    decided = a_noted()
    (first,) = note(an_incident(), [decided]).comments
    undone = Undone(at=NOW, by="anna@host", reason="a newsletter", words="3 copies were moved back")
    record = msgspec.structs.replace(decided, state=State.UNDONE, undone=undone)

    told = note(an_incident(comments=(first,), tags=("air-agent:approved",)), [record])

    assert told.comments[0].startswith(
        "undone softDeleteCluster: p@r: by anna@host: a newsletter. 3 copies were moved back"
    )
    assert told.tags == ()
    assert note(an_incident(comments=(first, *told.comments)), [record]).comments == ()


def test_a_record_without_a_decision_has_nothing_to_tell() -> None:
    record = msgspec.structs.replace(a_noted(), decision=None, state=State.ESCALATED)

    assert line(record, LONGEST) == ""
    assert note(an_incident(), [record]).comments == ()


def test_tags_that_are_not_known_are_not_replaced() -> None:
    unknown = msgspec.structs.replace(an_incident(), custom_tags=None)

    assert note(unknown, [a_noted()]).tags is None
