"""Which alerts are users' reports."""

import msgspec
import pytest

from agent.judge.gather import gather
from agent.judge.recognise import join, recognise
from agent.judge.reported import is_user_report
from agent.model.defender import Alert, OtherEvidence
from agent.model.facts import Facts
from agent.model.pending import IncidentHead, PendingAction, Sighting
from tests.makers import NOW, TENANT, a_cluster, an_alert, an_incident

REPORTED = "Email reported by user as malware or phish"
OTHER = "Email messages containing malicious URL removed after delivery"
POLICY = "B26A5770-0C38-434A-9380-3A3C2C27BBB3"


def submission(raw: str = '{"reportType":"Phish"}') -> OtherEvidence:
    return OtherEvidence(type_name="submissionMailEvidence", raw=raw, remediation_status="none")


def titled(title: str | None, *evidence: OtherEvidence, **more: object) -> Alert:
    alert = an_alert(a_cluster(), *evidence)
    return msgspec.structs.replace(alert, title=title, **more)


@pytest.mark.parametrize(
    ("alert", "is_one"),
    [
        (titled(REPORTED), True),
        (titled("  EMAIL reported by user\u00a0as junk "), True),
        (titled("Email reported by user as not junk"), False),
        (titled("Admin submission result completed"), False),
        (titled(f"{REPORTED}!"), False),
        (titled(OTHER), False),
        (titled(None), None),
        (titled(""), None),
        # A rule of another product may put an attacker's words into its title.
        (titled(REPORTED, service_source="microsoftSentinel"), False),
        (titled(REPORTED, service_source=None), None),
        # The policy's own id says it under any title.
        (titled("Vom Benutzer gemeldet", alert_policy_id=POLICY), True),
        (titled(None, alert_policy_id=POLICY.lower()), True),
        (titled(OTHER, alert_policy_id="00000000-0000-0000-0000-000000000000"), False),
        # What was submitted says it where neither does.
        (titled("Our own policy", submission()), True),
        (titled(None, submission()), True),
        (titled("Our own policy", submission("{}")), True),
        (titled("Our own policy", submission("")), True),
        (titled("Our own policy", submission('{"reportType":"NotJunk"}')), False),
        (titled("Our own policy", submission('{"reportType":"Not junk"}')), False),
        (titled("Admin submission result completed", submission()), False),
        (titled("Email reported by user as not junk", submission()), False),
        (titled(OTHER, OtherEvidence(type_name="teamsMessageEvidence", raw='{"reportType":"Phish"}')), False),
    ],
)
def test_whether_an_alert_is_a_user_s_report(alert: Alert, is_one: bool | None) -> None:
    assert is_user_report(alert) is is_one


def facts_of(*alerts: Alert) -> Facts:
    action = recognise(an_incident(*alerts), tenant_id=TENANT, now=NOW)[0]
    return gather(action, None, NOW)


def numbered(*titles: str | None) -> list[Alert]:
    return [
        msgspec.structs.replace(titled(title), id=f"alert-{number}") for number, title in enumerate(titles, 1)
    ]


def test_reports_of_the_incident_are_counted_and_seen_in_whichever_alert_shows_the_action() -> None:
    facts = facts_of(*numbered(OTHER, REPORTED, REPORTED))

    assert facts.values["reports.count"] == 2
    assert facts.values["alert.isUserReport"] is True


def test_a_report_in_the_incident_need_not_show_the_action() -> None:
    elsewhere = msgspec.structs.replace(
        an_alert(a_cluster(query='Urls:"other"', first=9), title=REPORTED), id="alert-9"
    )

    facts = facts_of(*numbered(OTHER), elsewhere)

    assert facts.values["reports.count"] == 1
    assert facts.values["alert.isUserReport"] is False


def test_an_alert_that_does_not_say_leaves_it_open() -> None:
    facts = facts_of(*numbered(OTHER, None))

    assert "reports.count" not in facts.values
    assert "alert.isUserReport" not in facts.values


def test_one_report_is_enough_whatever_the_others_say() -> None:
    facts = facts_of(*numbered(None, REPORTED))

    assert facts.values["alert.isUserReport"] is True
    assert "reports.count" not in facts.values


def an_older(action: PendingAction) -> PendingAction:
    """Return the action as a version read it that did not ask for reports."""
    head = msgspec.structs.replace(action.incident, report_count=None)
    sightings = tuple(msgspec.structs.replace(one, is_user_report=None) for one in action.sightings)
    return msgspec.structs.replace(action, incident=head, sightings=sightings)


def test_what_an_older_version_read_is_unknown_until_it_is_read_again() -> None:
    action = recognise(an_incident(titled(OTHER)), tenant_id=TENANT, now=NOW)[0]
    older = an_older(action)

    before, after = gather(older, None, NOW), gather(join(older, action), None, NOW)

    assert not {"reports.count", "alert.isUserReport"} & before.values.keys()
    assert (after.values["reports.count"], after.values["alert.isUserReport"]) == (0, False)


def test_bodies_of_older_records_are_still_read() -> None:
    head = msgspec.json.decode(b'{"id":"1","alert_count":2}', type=IncidentHead)
    sighting = msgspec.json.decode(b'{"incident_id":"1","alert_id":"a"}', type=Sighting)

    assert head.report_count is None
    assert sighting.is_user_report is None
