"""Microsoft's own examples decode, and what another API sends is not taken for them."""

from datetime import UTC, datetime

import msgspec

from agent.adapters.graph.wire import alerts_page, incidents_page, one_incident
from agent.model.defender import (
    AnalyzedMessageEvidence,
    MailboxConfigurationEvidence,
    MailClusterEvidence,
    evidence_type,
)
from tests.adapters.graphs import pack, read


def test_microsofts_page_of_incidents_with_alerts_decodes_whole() -> None:
    page, link = incidents_page(read("incidents-list-expand-alerts.response.json"))

    assert page.is_whole
    assert not page.unreadable
    assert link is None
    (found,) = page.incidents
    assert (found.id, found.severity) == ("29", "high")
    assert found.version == "2026-02-25T16:29:33.1Z"
    assert found.alerts[0].investigation_state == "unsupportedAlertType"
    kinds = [evidence_type(one) for one in found.alerts[0].evidence]
    assert kinds == ["deviceEvidence", "userEvidence", "ipEvidence", "processEvidence", "processEvidence"]
    assert {one.remediation_status for one in found.alerts[0].evidence} == {"active"}


def test_microsofts_page_of_incidents_without_alerts_decodes() -> None:
    page, _ = incidents_page(read("incidents-list.response.json"))

    assert page.is_whole
    assert page.incidents[0].alerts == ()


def test_microsofts_page_of_alerts_decodes_whole() -> None:
    page, _ = alerts_page(read("alerts_v2-list.response.json"))

    assert page.is_whole
    (alert,) = page.alerts
    assert alert.incident_id == "28282"
    assert alert.created_date_time == datetime(2021, 4, 27, 12, 19, 27, 721131, tzinfo=UTC)
    assert [evidence_type(one) for one in alert.evidence] == [
        "deviceEvidence",
        "fileEvidence",
        "processEvidence",
        "registryKeyEvidence",
    ]


def test_microsofts_patched_incident_decodes() -> None:
    found = one_incident(read("incident-patch.response.json"))

    assert found.id
    assert found.version


def test_a_pending_mail_alert_keeps_what_awaits_approval() -> None:
    body = pack(msgspec.json.decode(read("synthetic-air-mail-alert.json")))

    (alert,) = alerts_page(body).page.alerts

    assert alert.investigation_state == "pendingApproval"
    assert [type(one) for one in alert.evidence] == [
        MailClusterEvidence,
        AnalyzedMessageEvidence,
        MailboxConfigurationEvidence,
    ]
    assert {one.remediation_status for one in alert.evidence} == {"pendingApproval"}


def test_the_other_pending_alert_decodes() -> None:
    body = pack(msgspec.json.decode(read("synthetic-alert-pending-approval.json"))["alert"])

    (alert,) = alerts_page(body).page.alerts

    cluster = alert.evidence[0]
    assert isinstance(cluster, MailClusterEvidence)
    assert cluster.email_count == len(cluster.network_message_ids) == 2


def test_another_apis_incidents_are_not_taken_for_ours() -> None:
    page, _ = incidents_page(read("xdr-legacy-incident-user-reported-phish.json"))

    assert page.incidents == ()
    assert page.unreadable
    assert page.unreadable
    assert page.unreadable[0].startswith("incident without a usable id")
