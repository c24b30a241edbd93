"""Incidents, alerts and evidence in Graph's shape, every property that Microsoft's samples show included."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from agent.simulator.mail import Copy
from agent.simulator.moments import text
from agent.simulator.names import TENANT_ID

Json = dict[str, Any]

PENDING = "pendingApproval"
RUNNING = "running"
"""What an investigation is that carries out what was approved, once nothing of it awaits approval."""
PORTAL = "https://security.microsoft.com"
_OFFICE = "microsoftDefenderForOffice365"
_PRODUCTS = {
    _OFFICE: "Microsoft Defender for Office 365",
    "microsoftDefenderForEndpoint": "Microsoft Defender for Endpoint",
    "microsoft365Defender": "Microsoft Defender XDR",
    "microsoftSentinel": "Microsoft Sentinel",
}


def incident(
    incident_id: str,
    *,
    name: str,
    created: datetime,
    updated: datetime | None = None,
    severity: str = "informational",
    status: str = "active",
    **more: object,
) -> Json:
    """Return an incident without its alerts; `more` replaces any other property."""
    return {
        "id": incident_id,
        "tenantId": TENANT_ID,
        "status": status,
        "incidentWebUrl": f"{PORTAL}/incident2/{incident_id}/overview?tid={TENANT_ID}",
        "redirectIncidentId": None,
        "displayName": name,
        "createdDateTime": text(created),
        "lastUpdateDateTime": text(updated or created),
        "assignedTo": None,
        "classification": "unknown",
        "determination": "unknown",
        "severity": severity,
        "customTags": [],
        "systemTags": [],
        "description": None,
        "lastModifiedBy": None,
        "resolvingComment": None,
        "summary": None,
        "priorityScore": None,
        "comments": [],
        **more,
    }


def alert(
    alert_id: str,
    incident_id: str,
    *,
    title: str,
    created: datetime,
    evidence: Sequence[Json],
    severity: str = "informational",
    state: str = PENDING,
    source: str = _OFFICE,
    detection: str | None = None,
    category: str = "InitialAccess",
    **more: object,
) -> Json:
    """Return an alert with its evidence; `more` replaces any other property."""
    return {
        "id": alert_id,
        "providerAlertId": alert_id[2:],
        "incidentId": incident_id,
        "status": "inProgress" if state == PENDING else "new",
        "severity": severity,
        "classification": "unknown",
        "determination": "unknown",
        "serviceSource": source,
        "detectionSource": detection or source,
        "productName": _PRODUCTS.get(source, source),
        "detectorId": None,
        "tenantId": TENANT_ID,
        "title": title,
        "description": None,
        "recommendedActions": "",
        "category": category,
        "categories": [category],
        "assignedTo": None,
        "alertWebUrl": f"{PORTAL}/alerts/{alert_id}?tid={TENANT_ID}",
        "incidentWebUrl": f"{PORTAL}/incident2/{incident_id}/overview?tid={TENANT_ID}",
        "actorDisplayName": None,
        "threatDisplayName": None,
        "threatFamilyName": None,
        "mitreTechniques": ["T1566"] if source == _OFFICE else [],
        "createdDateTime": text(created),
        "lastUpdateDateTime": text(created),
        "resolvedDateTime": None,
        "firstActivityDateTime": text(created),
        "lastActivityDateTime": text(created),
        "systemTags": [],
        "alertPolicyId": None,
        "investigationState": state,
        "comments": [],
        "customDetails": {},
        "additionalData": {},
        "evidence": list(evidence),
        **more,
    }


def evidence(
    kind: str,
    created: datetime,
    *,
    verdict: str = "malicious",
    status: str = PENDING,
    roles: Sequence[str] = (),
    **own: object,
) -> Json:
    """Return evidence of a type, named as in Graph, with the type's own properties."""
    return {
        "@odata.type": f"#microsoft.graph.security.{kind}",
        "createdDateTime": text(created),
        "verdict": verdict,
        "remediationStatus": status,
        "remediationStatusDetails": None,
        "roles": list(roles),
        "detailedRoles": [],
        "tags": [],
        **own,
    }


def cluster(
    created: datetime,
    copies: Iterable[Copy],
    *,
    by: str,
    value: str,
    query: str,
    verdict: str = "malicious",
    status: str = PENDING,
) -> Json:
    """Return the evidence of a mail cluster; its messages are named once each, in order of delivery."""
    messages = list(dict.fromkeys(copy.network_message_id for copy in copies))
    return evidence(
        "mailClusterEvidence",
        created,
        verdict=verdict,
        status=status,
        clusterBy=by,
        clusterByValue=value,
        query=query,
        urn=f"urn:MailClusterEntity:{messages[0] if messages else 'empty'}",
        emailCount=len(messages),
        networkMessageIds=messages,
    )


_LOCATIONS = {
    "inbox_folder": "inbox",
    "onprem_external": "external",
    "softDeleted": "deletedFolder",
    "hardDeleted": "deletedFolder",
}
_DIRECTIONS = {"intraOrg": "intraorg"}


def message(
    created: datetime,
    copy: Copy,
    *,
    verdict: str = "malicious",
    status: str = PENDING,
) -> Json:
    """Return the evidence of one message in one mailbox, with evidence's own words for places."""
    letter = copy.letter
    own: Json = {
        "networkMessageId": copy.network_message_id,
        "internetMessageId": f"<{copy.network_message_id[:13]}@{letter.mail_from.partition('@')[2]}>",
        "subject": letter.subject,
        "language": "en",
        "senderIp": letter.sender_ip,
        "recipientEmailAddress": copy.recipient,
        "antiSpamDirection": _DIRECTIONS.get(letter.direction, letter.direction),
        "deliveryAction": "junked" if copy.original == "junkFolder" else "delivered",
        "deliveryLocation": _LOCATIONS.get(copy.location, copy.location),
        "urn": f"urn:MailEntity:{copy.network_message_id}",
        "threats": [threat.capitalize() for threat in letter.threats],
        "threatDetectionMethods": list(letter.methods),
        "urls": list(letter.urls),
        "urlCount": len(letter.urls),
        "attachmentsCount": 1 if letter.attachment else 0,
        "receivedDateTime": text(copy.received),
        "p1Sender": _sender(letter.mail_from, ""),
        "p2Sender": _sender(letter.sender, letter.sender_name),
    }
    return evidence("analyzedMessageEvidence", created, verdict=verdict, status=status, **own)


def submission(created: datetime, copy: Copy, *, kind: str = "Phish") -> Json:
    """Return the evidence of a message that its recipient reported; it is nothing that could be remediated.

    How real ones spell `reportType` is UNCONFIRMED.
    """
    own: Json = {
        "networkMessageId": copy.network_message_id,
        "recipient": copy.recipient,
        "sender": copy.letter.sender,
        "senderIp": copy.letter.sender_ip,
        "subject": copy.letter.subject,
        "reportType": kind,
        "submissionDateTime": text(created),
        "submissionId": copy.network_message_id,
        "submitter": copy.recipient,
    }
    return evidence("submissionMailEvidence", created, verdict="unknown", status="none", **own)


def _sender(address: str, name: str) -> Json:
    return {"emailAddress": address, "displayName": name, "domainName": address.partition("@")[2]}


def account(name: str, domain: str, object_id: str, *, sid: str | None = None) -> Json:
    """Return a `userAccount`; `sid` is that of an account on premises."""
    return {
        "accountName": name,
        "domainName": domain,
        "userSid": sid,
        "azureAdUserId": object_id,
        "userPrincipalName": f"{name}@{domain}",
        "displayName": name.replace(".", " ").title(),
        "resourceAccessEvents": [],
    }


def file_details(name: str, path: str, sha256: str, *, size: int = 183_296) -> Json:
    """Return `fileDetails`."""
    return {
        "fileName": name,
        "filePath": path,
        "fileSize": size,
        "filePublisher": None,
        "signer": None,
        "issuer": None,
        "md5": None,
        "sha1": sha256[:40],
        "sha256": sha256,
        "sha256Ac": None,
    }
