"""What is known afterwards of how something was then: nothing that came later, and nothing guessed."""

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.gather import gather, mail_of
from agent.judge.past.afterwards import judged_then
from agent.judge.past.then import (
    IN_WHICH,
    OF_ONE_MESSAGE,
    OF_PLACE,
    OF_THE_MOMENT,
    action_then,
    facts_then,
    mail_then,
    unknown_then,
)
from agent.judge.recognise import recognise
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS
from agent.model.defender import MAILBOX_LOCATIONS, PENDING_APPROVAL, Clicks
from agent.model.pending import PendingAction
from tests.judge.afterwards import OBSERVE, by
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident, some_mail

SEEN = NOW - timedelta(hours=1)
"""When the usual cluster was first seen."""


def an_ended_action() -> PendingAction:
    """Return a cluster that was remediated, on which people concluded, and which a later alert shows too."""
    first = an_alert(a_cluster(status="remediated"), updated=NOW)
    later = an_alert(
        a_cluster(status="remediated", created=NOW), id="alert-2", created=NOW, updated=NOW, title="Later"
    )
    judged = [
        msgspec.structs.replace(
            one,
            status="resolved",
            classification="truePositive",
            determination="phishing",
            assigned_to="anna",
        )
        for one in (first, later)
    ]
    incident = msgspec.structs.replace(
        an_incident(*judged, tags=("done",)), classification="truePositive", assigned_to="anna"
    )
    (action, *_) = [one for one in recognise(incident, tenant_id=TENANT, now=NOW) if one.evidence is not None]
    return action


def test_what_people_concluded_since_is_not_known_of_then() -> None:
    action = an_ended_action()

    facts = facts_then(gather(action_then(action), None, action.first_seen), None)

    assert not OF_THE_MOMENT & facts.values.keys()
    assert facts.values["evidence.remediationStatus"] == PENDING_APPROVAL
    assert facts.values["evidence.verdict"] == "malicious"


def test_alerts_that_came_later_were_not_there() -> None:
    action = an_ended_action()

    then = action_then(action)

    assert [one.alert_id for one in action.sightings] == ["alert-1", "alert-2"]
    assert [one.alert_id for one in then.sightings] == ["alert-1"]
    assert (then.id, then.first_seen, then.deadline) == (action.id, action.first_seen, action.deadline)


def test_where_no_alert_is_as_old_as_its_evidence_the_first_is_taken() -> None:
    action = an_ended_action()
    younger = [msgspec.structs.replace(one, created_date_time=NOW) for one in action.sightings]

    then = action_then(msgspec.structs.replace(action, sightings=tuple(younger)))

    assert [one.alert_id for one in then.sightings] == ["alert-1"]


@pytest.mark.parametrize(
    ("first", "last", "then"),
    [
        (SEEN + timedelta(seconds=1), SEEN + timedelta(hours=5), "inbox_folder"),
        (SEEN, SEEN, "others"),
        (SEEN - timedelta(hours=1), SEEN, "others"),
        (SEEN - timedelta(hours=1), SEEN + timedelta(seconds=1), None),
        (None, None, None),
    ],
)
def test_mail_lay_where_its_moves_say(
    first: datetime | None, last: datetime | None, then: str | None
) -> None:
    copy = msgspec.structs.replace(a_copy(location="others"), first_moved=first, last_moved=last)

    (found,) = mail_then(some_mail(copy), SEEN).messages

    assert found.location == then


def test_mail_that_lies_where_it_was_delivered_to_and_was_never_moved_lay_there() -> None:
    (found,) = mail_then(some_mail(a_copy()), SEEN).messages

    assert found.location == "inbox_folder"


def test_a_copy_that_its_user_put_away_was_in_a_mailbox_whenever_that_was() -> None:
    """Nothing says since when it lies in the other folder; so the folders are not known, and that it was there is."""
    action = an_ended_action()
    mail = some_mail(a_copy(1, location="deletedFolder"), a_copy(2), a_copy(3))

    facts = facts_then(gather(action, mail_then(mail, SEEN), SEEN), mail)

    assert facts.values["cluster.mailboxCount"] == 3
    assert not IN_WHICH & facts.values.keys()
    assert [row.get("location") for row in facts.messages or ()] == [None, "inbox_folder", "inbox_folder"]
    assert [row["inMailbox"] for row in facts.messages or ()] == [True, True, True]


def test_a_copy_that_left_its_mailbox_nobody_knows_when_leaves_it_open() -> None:
    action = an_ended_action()
    mail = some_mail(a_copy(1, location="others"), a_copy(2), a_copy(3))

    facts = facts_then(gather(action, mail_then(mail, SEEN), SEEN), mail)

    assert not OF_PLACE & facts.values.keys()
    assert [row.get("inMailbox") for row in facts.messages or ()] == [None, True, True]


def test_where_everything_lay_is_known_of_copies_that_were_moved_later() -> None:
    action = an_ended_action()
    moved = msgspec.structs.replace(a_copy(1, location="others"), first_moved=NOW, last_moved=NOW)
    mail = some_mail(moved, a_copy(2), a_copy(3))

    facts = facts_then(gather(action, mail_then(mail, SEEN), SEEN), mail)

    assert facts.values["cluster.inboxCount"] == facts.values["cluster.mailboxCount"] == 3
    assert facts.values["locations"] == {"inbox_folder"}


def test_only_what_is_of_the_moment_is_told_as_missing() -> None:
    policies = by(
        OBSERVE.replace(
            "  evidence.verdict: malicious", "  evidence.verdict: malicious\n  incident.tags: {anyIn: [x]}"
        )
    )
    action = action_then(an_ended_action())
    gone = some_mail(*(a_copy(number, location="others") for number in (1, 2, 3)))
    unresolved = msgspec.structs.replace(gone, messages=(), unresolved=frozenset({"x"}), why="no row")

    known, partly = judged_then(action, gone, policies), judged_then(action, unresolved, policies)

    assert unknown_then(known) == {"incident.tags", "cluster.mailboxCount"}
    assert unknown_then(partly) == {"incident.tags"}


def test_an_action_without_evidence_stays_without() -> None:
    assert action_then(msgspec.structs.replace(an_ended_action(), evidence=None)).evidence is None


def test_who_has_clicked_by_now_is_not_known_of_then() -> None:
    clicked = msgspec.structs.replace(
        a_copy(), clicks=(Clicks(account="anna@contoso.example", count=1, allowed=1, through=0),)
    )
    action = an_ended_action()
    mail = mail_of(action, some_mail(clicked))

    now, then = gather(action, mail, NOW), facts_then(gather(action, mail_then(mail, SEEN), SEEN), mail)

    assert "clicked" in (now.messages or ({},))[0]
    assert not OF_ONE_MESSAGE & (then.messages or ({},))[0].keys()


@given(
    st.sampled_from(["inbox_folder", "junkFolder", "others", None]), st.integers(-3, 3), st.integers(-3, 3)
)
def test_a_place_is_never_guessed(place: str | None, first: int, last: int) -> None:
    """Whatever its moves were, a copy lay where it was delivered to, where it lies, or nobody knows."""
    early, late = sorted((first, last))
    copy = msgspec.structs.replace(
        a_copy(location=place),
        first_moved=SEEN + timedelta(hours=early),
        last_moved=SEEN + timedelta(hours=late),
    )

    (found,) = mail_then(some_mail(copy), SEEN).messages

    assert found.location in {"inbox_folder", place, None}
    if early > 0:
        assert found.location == "inbox_folder"
    if early <= 0 < late:
        # Whichever it was, it was in a mailbox; in which folder, no fact says.
        assert found.location == ("inbox_folder" if place in MAILBOX_LOCATIONS else None)


LASTING = {
    "action.alertCount", "action.deadline", "action.firstSeen", "action.kind", "action.kindSource",
    "alert.category", "alert.createdDateTime", "alert.detectionSource", "alert.isUserReport", "alert.policyId",
    "alert.serviceSource", "alert.severity", "alert.title", "alert.titles", "cluster.by", "cluster.clusterBy",
    "cluster.copyCount", "cluster.emailCount", "cluster.malwareCount", "cluster.phishCount", "cluster.query",
    "cluster.spamCount", "cluster.value", "cluster.volumeAnomaly", "device.azureAdDeviceId", "device.group",
    "device.hostName", "device.id", "device.name", "device.osPlatform", "directions", "evidence.createdDateTime",
    "evidence.remediationStatus", "evidence.roles", "evidence.tags", "evidence.type", "evidence.verdict",
    "file.detectionStatus", "file.name", "file.path", "file.publisher", "file.sha256", "file.signer", "file.size",
    "incident.id", "mailbox.address", "mailbox.configurationId", "mailbox.configurationType", "mailbox.name",
    "mailbox.upn", "message.attachmentsCount", "message.deliveryAction", "message.detectionMethods",
    "message.direction", "message.location", "message.receivedDateTime", "message.recipient", "message.sender",
    "message.senderDomain", "message.senderIp", "message.subject", "message.threats", "message.urls",
    "process.commandLine", "process.fileName", "recipients", "recipients.count", "recipients.domains",
    "registry.hive", "registry.key", "senders", "senders.domains", "subjects", "tenant.id", "threats", "url.host",
    "url.value", "user.accountName", "user.azureAdUserId", "user.domainName", "user.principalName", "user.sid",
}  # fmt: skip
"""Facts of which it was considered that what decides an action does not change them."""


def test_every_fact_is_known_as_one_that_lasts_or_one_of_the_moment() -> None:
    """A new fact has to be considered here before it may decide about the past."""
    of_places = OF_PLACE & FACTS.keys()

    assert set(FACTS) - OF_THE_MOMENT - of_places == LASTING
    assert not LASTING & (OF_THE_MOMENT | of_places)
    assert FACTS.keys() >= OF_THE_MOMENT
    assert MESSAGE_FACTS.keys() >= OF_ONE_MESSAGE
