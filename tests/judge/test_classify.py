"""What is written to the alerts that carry the evidence of a decision."""

import msgspec
import pytest

from agent.judge.classify import AlertNote, alert_notes, concerns_alerts, elsewhere
from agent.judge.note import LONGEST, marker, note
from agent.model.decision import Classification, Verb
from agent.model.defender import Comment
from agent.model.enactment import Plan, Record, State, Undone, Way
from tests.judge.test_track import a_decision
from tests.makers import NOW, a_cluster, an_action, an_alert, an_incident

FALSE = Classification(classification="falsePositive", determination="notMalicious")
TRUE = Classification(classification="truePositive", determination="phishing")
ADVISORY = Plan(way=Way.ADVISORY, why="")


def a_rejected(
    *named: Classification, verb: Verb = Verb.REJECT, state: State = State.REJECTED, query: str = "q"
) -> Record:
    action = an_action(a_cluster(query=query))
    decision = msgspec.structs.replace(a_decision(action, verb), classifications=named)
    return Record(action=action, state=state, due=None, decision=decision, plan=ADVISORY, is_noted=False)


def test_a_rejection_is_told_on_the_alert_that_carries_its_evidence() -> None:
    record = a_rejected()

    (written,) = alert_notes([an_alert(), an_alert(id="another")], [record])

    assert (written.alert_id, written.classification) == ("alert-1", None)
    (text,) = written.comments
    assert text.startswith("reject (advisory) softDeleteCluster: p@r: because")
    assert text.endswith(marker(record))


@pytest.mark.parametrize("word", [None, "unknown"])
def test_an_alert_that_nobody_classified_gets_what_the_policy_names(word: str | None) -> None:
    alert = msgspec.structs.replace(an_alert(), classification=word)

    (written,) = alert_notes([alert], [a_rejected(FALSE)])

    assert written.classification == FALSE
    assert "Classified as falsePositive (notMalicious). because" in written.comments[0]


def test_an_alert_that_somebody_classified_is_left_alone_and_its_comment_says_so() -> None:
    alert = msgspec.structs.replace(an_alert(), classification="truePositive", determination="malware")

    (written,) = alert_notes([alert], [a_rejected(FALSE)])

    assert written.classification is None
    assert "It was classified as truePositive before, and that was left as it is." in written.comments[0]


@pytest.mark.parametrize(
    ("named", "determination"),
    [(FALSE, "notMalicious"), (Classification(classification="falsePositive"), "unknown")],
)
def test_what_was_classified_as_the_policy_names_is_told_after_a_crash(
    named: Classification, determination: str
) -> None:
    alert = msgspec.structs.replace(an_alert(), classification="falsePositive", determination=determination)

    (written,) = alert_notes([alert], [a_rejected(named)])

    assert written.classification is None
    assert f"Classified as {named}." in written.comments[0]


def test_policies_that_name_different_classifications_leave_it_to_a_person() -> None:
    record = a_rejected(FALSE, TRUE)
    words = "name different classifications (falsePositive (notMalicious), truePositive (phishing)): a person"

    (written,) = alert_notes([an_alert()], [record])
    (told,) = note(an_incident(), [record]).comments

    assert written.classification is None
    assert words in written.comments[0]
    assert words in told


def test_decisions_over_one_alert_that_conclude_different_things_leave_it_to_a_person() -> None:
    first, second = a_rejected(FALSE), a_rejected(TRUE, verb=Verb.APPROVE, state=State.SENT, query="other")

    (written,) = alert_notes([an_alert()], [first, second])

    assert written.classification is None
    assert written.comments[0].count("a person classifies") == 2


def test_an_approval_is_told_on_alerts_only_where_its_policy_concludes_something() -> None:
    plain = a_rejected(verb=Verb.APPROVE, state=State.SENT)
    concluding = a_rejected(TRUE, verb=Verb.APPROVE, state=State.SENT)

    assert alert_notes([an_alert()], [plain]) == ()
    assert alert_notes([an_alert()], [concluding])[0].classification == TRUE


@pytest.mark.parametrize("state", [State.SEEN, State.INTENDED, State.SUPERSEDED, State.EXPIRED, State.UNDONE])
def test_what_is_not_so_yet_or_no_more_is_not_told(state: State) -> None:
    assert not concerns_alerts(a_rejected(FALSE, state=state))


def test_what_was_undone_or_never_decided_concerns_no_alert() -> None:
    undone = msgspec.structs.replace(a_rejected(FALSE), undone=Undone(at=NOW, by="anna", reason="wrong"))
    undecided = msgspec.structs.replace(a_rejected(), decision=None)

    assert not concerns_alerts(undone)
    assert not concerns_alerts(undecided)


def test_a_confirmed_rejection_is_told_all_the_same() -> None:
    assert concerns_alerts(a_rejected(state=State.CONFIRMED))


def test_a_repeat_finds_its_own_marker_and_writes_nothing() -> None:
    record = a_rejected()
    (written,) = alert_notes([an_alert()], [record])
    alert = msgspec.structs.replace(
        an_alert(), comments=(Comment(comment=None), Comment(comment=written.comments[0]))
    )

    assert alert_notes([alert], [record]) == ()


def test_what_was_told_before_is_not_told_again_nor_classified_again() -> None:
    told = msgspec.structs.replace(a_rejected(FALSE), is_noted=True)

    assert alert_notes([an_alert()], [told]) == ()


def test_many_decisions_over_one_alert_share_comments_of_a_thousand_characters() -> None:
    records = [
        msgspec.structs.replace(
            one,
            decision=msgspec.structs.replace(one.decision, reason="long " * 200) if one.decision else None,
        )
        for one in (a_rejected(query=f"q{n}") for n in range(7))
    ]

    (written,) = alert_notes([an_alert()], records)

    assert len(written.comments) == 2
    assert all(len(text) <= LONGEST for text in written.comments)
    assert sum(text.count("[air-agent ") for text in written.comments) == 7


def test_alerts_that_carry_the_evidence_in_another_incident_are_asked_for_there() -> None:
    record = a_rejected()
    sighting = record.action.sightings[0]
    other = msgspec.structs.replace(sighting, alert_id="alert-9", incident_id="9")
    moved = msgspec.structs.replace(sighting, alert_id="alert-8", incident_id="1")
    action = msgspec.structs.replace(record.action, sightings=(sighting, other, moved, other))
    spread = msgspec.structs.replace(record, action=action)

    assert elsewhere(an_incident(an_alert()), [spread]) == ("9",)
    assert elsewhere(an_incident(an_alert()), [msgspec.structs.replace(spread, is_noted=True)]) == ()


def test_an_alert_without_decisions_lacks_nothing() -> None:
    assert alert_notes([an_alert()], []) == ()
    assert AlertNote(alert_id="a").comments == ()
