"""Recognising what awaits approval."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from agent.judge.recognise import evidence_digest, join, recognise
from agent.model.defender import (
    AnyEvidence,
    DeviceEvidence,
    FileDetails,
    FileEvidence,
    IpEvidence,
    MailboxConfigurationEvidence,
    MailboxEvidence,
    OtherEvidence,
    ProcessEvidence,
    RegistryKeyEvidence,
    UrlEvidence,
    UserAccount,
    UserEvidence,
)
from agent.model.pending import ActionKind, KindSource
from tests.makers import NOW, TENANT, a_cluster, a_message, an_action, an_alert, an_incident

P = "pendingApproval"


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (a_cluster(), ActionKind.SOFT_DELETE_CLUSTER),
        (a_message(), ActionKind.SOFT_DELETE_MESSAGE),
        (a_message(recipient=None), ActionKind.UNKNOWN),
        (
            MailboxConfigurationEvidence(
                mailbox_primary_address="a@b.example",
                configuration_type="mailForwardingRule",
                configuration_id="r1",
            ),
            ActionKind.DISABLE_FORWARDING,
        ),
        (
            MailboxConfigurationEvidence(
                mailbox_primary_address="a@b.example", configuration_type="mailForwardingRule"
            ),
            ActionKind.UNKNOWN,
        ),
        (
            MailboxConfigurationEvidence(
                mailbox_primary_address="a@b.example", configuration_type="userInboxRule"
            ),
            ActionKind.DISABLE_FORWARDING,
        ),
        (
            MailboxConfigurationEvidence(
                mailbox_primary_address="a@b.example", configuration_type="mailDelegation"
            ),
            ActionKind.REMOVE_DELEGATION,
        ),
        (
            MailboxConfigurationEvidence(
                mailbox_primary_address="a@b.example", configuration_type="owaSettings"
            ),
            ActionKind.UNKNOWN,
        ),
        (MailboxConfigurationEvidence(configuration_type="mailDelegation"), ActionKind.UNKNOWN),
        (
            FileEvidence(file_details=FileDetails(sha256="ab", file_name="x.exe"), mde_device_id="d1"),
            ActionKind.QUARANTINE_FILE,
        ),
        (FileEvidence(file_details=FileDetails(sha256="ab")), ActionKind.UNKNOWN),
        (FileEvidence(mde_device_id="d1"), ActionKind.UNKNOWN),
        (UrlEvidence(url="https://bad.example"), ActionKind.BLOCK_URL),
        (RegistryKeyEvidence(registry_hive="HKLM", registry_key="Run"), ActionKind.REMOVE_REGISTRY_KEY),
        (UserEvidence(user_account=UserAccount(azure_ad_user_id="u1")), ActionKind.UNKNOWN),
        (UserEvidence(), ActionKind.UNKNOWN),
        (DeviceEvidence(mde_device_id="d1"), ActionKind.UNKNOWN),
        (ProcessEvidence(process_id=4, mde_device_id="d1"), ActionKind.UNKNOWN),
        (IpEvidence(ip_address="192.0.2.1"), ActionKind.UNKNOWN),
        (IpEvidence(), ActionKind.UNKNOWN),
        (MailboxEvidence(primary_address="a@b.example"), ActionKind.UNKNOWN),
        (OtherEvidence(type_name="oauthApplicationEvidence", raw='{"appId":"1"}'), ActionKind.UNKNOWN),
    ],
)
def test_the_kind_comes_from_the_evidence_and_is_unknown_where_that_does_not_fix_it(
    evidence: AnyEvidence, kind: ActionKind
) -> None:
    pending = msgspec.structs.replace(evidence, remediation_status=P)

    action = an_action(pending)

    assert action.kind is kind
    assert action.kind_source is (KindSource.NOWHERE if kind is ActionKind.UNKNOWN else KindSource.EVIDENCE)
    assert action.is_pending
    assert action.label


def test_the_same_cluster_in_two_alerts_is_one_action_with_two_sightings() -> None:
    incident = an_incident(an_alert(a_cluster(), id="a"), an_alert(a_cluster(), id="b"))

    actions = [a for a in recognise(incident, tenant_id=TENANT, now=NOW) if a.is_pending]

    assert len(actions) == 1
    assert [s.alert_id for s in actions[0].sightings] == ["a", "b"]


def test_case_and_white_space_do_not_make_another_action() -> None:
    one = an_action(a_cluster(query="Subject:x  AND SenderIp:y"))
    two = an_action(a_cluster(query="Subject:x AND\nSenderIp:y"))

    assert one.id == two.id
    assert an_action(a_message(recipient="Anna@Contoso.example")).id == an_action(a_message()).id


def test_a_cluster_without_a_query_is_known_by_its_messages() -> None:
    one = an_action(a_cluster(query=""))
    other = an_action(a_cluster(query="", messages=4))

    assert one.id == an_action(a_cluster(query="")).id
    assert one.id != other.id


def test_an_alert_that_awaits_approval_without_pending_evidence_is_one_unknown_action() -> None:
    incident = an_incident(an_alert(a_cluster(status="active"), state=P))

    pending = [a for a in recognise(incident, tenant_id=TENANT, now=NOW) if a.is_pending]

    assert [a.kind for a in pending] == [ActionKind.UNKNOWN]
    assert pending[0].evidence is None
    assert "removed after delivery" in pending[0].label


def test_an_alert_whose_evidence_awaits_approval_is_no_action_of_its_own() -> None:
    incident = an_incident(an_alert(a_cluster()))

    actions = recognise(incident, tenant_id=TENANT, now=NOW)

    assert [a.kind for a in actions if a.is_pending] == [ActionKind.SOFT_DELETE_CLUSTER]


@pytest.mark.parametrize(
    "title",
    [
        "Administrative action submitted by an Administrator",
        " administrative action submitted by an administrator",
    ],
)
def test_what_remediations_cause_is_not_recognised(title: str) -> None:
    assert recognise(an_incident(an_alert(a_cluster(), title=title)), tenant_id=TENANT, now=NOW) == ()


@pytest.mark.parametrize(
    ("evidence", "alert", "began"),
    [
        (NOW - timedelta(hours=3), NOW - timedelta(days=8), NOW - timedelta(hours=3)),
        (None, NOW - timedelta(days=2), NOW - timedelta(days=2)),
        (datetime(1, 1, 1, tzinfo=UTC), NOW - timedelta(days=2), NOW - timedelta(days=2)),
        (NOW + timedelta(days=1), NOW, NOW),
        (None, datetime(1, 1, 1, tzinfo=UTC), NOW),
    ],
)
def test_the_week_begins_when_the_evidence_was_made_or_else_the_alert(
    evidence: datetime | None, alert: datetime, began: datetime
) -> None:
    incident = an_incident(an_alert(a_cluster(created=evidence), created=alert))

    action = recognise(incident, tenant_id=TENANT, now=NOW)[0]

    assert action.deadline == began + timedelta(days=7)


def test_a_late_and_older_reading_does_not_bring_back_what_was() -> None:
    new = recognise(
        an_incident(an_alert(a_cluster(status="remediated"), updated=NOW)), tenant_id=TENANT, now=NOW
    )[0]
    old = recognise(
        an_incident(an_alert(a_cluster(), updated=NOW - timedelta(minutes=5))), tenant_id=TENANT, now=NOW
    )[0]

    assert join(new, old).remediation_status == "remediated"
    assert join(old, new).remediation_status == "remediated"


def test_the_parent_is_the_incident_of_the_earliest_alert_wherever_it_moved() -> None:
    early = an_alert(a_cluster(), id="a", created=NOW - timedelta(hours=5))
    late = an_alert(a_cluster(), id="b", incident_id="2", created=NOW - timedelta(hours=1))
    one = recognise(an_incident(early), tenant_id=TENANT, now=NOW)[0]
    two = recognise(an_incident(late, id="2"), tenant_id=TENANT, now=NOW)[0]

    joined = join(two, one)
    moved = recognise(
        an_incident(msgspec.structs.replace(early, last_update_date_time=NOW), id="9"),
        tenant_id=TENANT,
        now=NOW,
    )[0]

    assert joined.incident.id == "1"
    assert join(joined, moved).incident.id == "9"


def test_an_approval_is_bound_to_the_verdict_and_the_messages_and_not_to_wording() -> None:
    digest = evidence_digest(an_action(a_cluster()))

    assert evidence_digest(an_action(msgspec.structs.replace(a_cluster(), tags=("x",)))) == digest
    assert evidence_digest(an_action(a_cluster(verdict="suspicious"))) != digest
    assert evidence_digest(an_action(a_cluster(messages=4))) != digest
