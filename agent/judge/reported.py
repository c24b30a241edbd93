"""Alert -> whether it is a user's report of mail as bad.

Most of what users report is no threat, so that a policy may want to know where a pending action comes from.
Titles of alerts are the alert policy's, not an attacker's; but a tenant's own alert policies, and rules of other
products, may be titled anything, and may put text of a message into the title.
"""

from collections.abc import Iterable

import msgspec

from agent.model.defender import Alert, OtherEvidence
from agent.model.pending import Sighting

OFFICE = "microsoftDefenderForOffice365"

POLICIES = frozenset({"b26a5770-0c38-434a-9380-3a3c2c27bbb3"})
"""Ids of alert policies that are users' reports, in lower case: `Email reported by user as malware or phish`.

Source: Microsoft's notice on changed severities of alert policies (Microsoft 365 documentation, 2021). That of
`Email reported by user as junk` is not published, and that Graph's `alertPolicyId` holds these ids is UNCONFIRMED.
"""

TITLES = frozenset({"email reported by user as malware or phish", "email reported by user as junk"})
"""Titles of alerts of Defender for Office 365 that are users' reports, case-folded. Source: [ALP]."""

OTHER_TITLES = frozenset({"email reported by user as not junk", "admin submission result completed"})
"""Titles of alerts that also show a submission, and are no report of mail as bad. Source: [ALP]."""

SUBMISSION = "submissionMailEvidence"
"""Evidence of mail that somebody submitted. That users' reports show it is UNCONFIRMED; administrators' do as well."""

_raw = msgspec.json.Decoder(dict[str, object])


def is_user_report(alert: Alert) -> bool | None:
    """Whether the alert is a user's report; None where it has neither a title nor a policy, and shows no submission."""
    policy = (alert.alert_policy_id or "").strip().lower()
    title = " ".join((alert.title or "").split()).casefold()
    if policy in POLICIES:
        return True
    if title in OTHER_TITLES:
        return False
    if title in TITLES and alert.service_source in {OFFICE, None}:
        return True if alert.service_source else None
    if any(_calls_bad(one) for one in alert.evidence if isinstance(one, OtherEvidence)):
        return True
    return False if title else None


def count_reports(alerts: Iterable[Alert]) -> int | None:
    """Return how many of these alerts are users' reports; None where one of them does not say."""
    found = [is_user_report(alert) for alert in alerts]
    return None if None in found else found.count(True)


def is_among_reports(sightings: Iterable[Sighting]) -> bool | None:
    """Whether one of these alerts is a user's report; None where none is, and one does not say."""
    found = {sighting.is_user_report for sighting in sightings}
    return True if True in found else None if None in found else False


def _calls_bad(evidence: OtherEvidence) -> bool:
    """Whether somebody submitted mail, other than as `not junk`. The spellings of `reportType` are UNCONFIRMED."""
    if evidence.type_name != SUBMISSION:
        return False
    try:
        kind = _raw.decode(evidence.raw).get("reportType")
    except msgspec.DecodeError:
        kind = None
    return not isinstance(kind, str) or not kind.replace(" ", "").casefold().startswith("notjunk")
