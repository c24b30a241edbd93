"""One page from bytes to recognised actions, against the SDK's own deserialiser on the same bytes."""

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory

from agent.adapters.graph import sdk  # noqa: F401  silences the SDK's warnings of its own import
from agent.adapters.graph.wire import incidents_page
from agent.judge.recognise import recognise

Row = tuple[str, str, str]

GOAL = 150.0
_TENANT = "11111111-2222-4333-8444-555555555555"
_NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def page(incidents: int = 50, alerts: int = 3, evidence: int = 8) -> bytes:
    """Return one page as Graph would send it: 1.1 MB for 50 incidents of 3 alerts of 8 evidence."""
    value = [_incident(i, alerts, evidence) for i in range(incidents)]
    context = "https://graph.microsoft.com/v1.0/$metadata#security/incidents(alerts())"
    return msgspec.json.encode({"@odata.context": context, "value": value})


def run() -> list[Row]:
    """Return what was measured and what was wanted."""
    body = page()
    ours = _best(lambda: _recognised(body), times=15)
    theirs = _best(lambda: _deserialised(body), times=1)
    size = f"{len(body) / 1e6:.1f} MB, 50 incidents x 3 alerts x 8 evidence"
    return [
        (f"page to recognised actions ({size})", f"{ours * 1000:.1f} ms", "-"),
        (f"page to SDK models ({size})", f"{theirs * 1000:.0f} ms", "-"),
        ("SDK / ours", f"{theirs / ours:.0f} x", f"at least {GOAL:.0f} x"),
    ]


def _recognised(body: bytes) -> int:
    found = 0
    for incident in incidents_page(body).page.incidents:
        found += len(recognise(incident, tenant_id=_TENANT, now=_NOW))
    return found


def _deserialised(body: bytes) -> Any:
    from msgraph.generated.models.security.incident_collection_response import IncidentCollectionResponse

    root = JsonParseNodeFactory().get_root_parse_node("application/json", body)
    return root.get_object_value(IncidentCollectionResponse)


def _best(work: Callable[[], Any], *, times: int) -> float:
    """Return the shortest run in seconds, without the collector's pauses."""
    work() if times > 1 else None
    gc.collect()
    gc.disable()
    try:
        return min(_timed(work) for _ in range(times))
    finally:
        gc.enable()


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _incident(i: int, alerts: int, evidence: int) -> dict[str, Any]:
    at = f"2026-09-01T{i % 12:02d}:15:30.1234567Z"
    return {
        "id": str(1000 + i),
        "tenantId": _TENANT,
        "status": "active",
        "incidentWebUrl": f"https://security.microsoft.com/incident2/{1000 + i}/overview?tid={_TENANT}",
        "redirectIncidentId": None,
        "displayName": "Email messages containing malicious URL removed after delivery involving multiple users",
        "createdDateTime": at,
        "lastUpdateDateTime": at,
        "assignedTo": None,
        "classification": "unknown",
        "determination": "unknown",
        "severity": "informational",
        "customTags": [],
        "systemTags": [],
        "description": "Defender found messages with a malicious URL after they were delivered. " * 3,
        "lastModifiedBy": "Microsoft 365 Defender",
        "resolvingComment": None,
        "summary": None,
        "priorityScore": 20,
        "comments": [],
        "alerts": [_alert(i, j, evidence, at) for j in range(alerts)],
    }


def _alert(i: int, j: int, evidence: int, at: str) -> dict[str, Any]:
    alert_id = f"fa{i:08d}-0000-4000-8000-{j:012d}"
    return {
        "id": alert_id,
        "providerAlertId": alert_id[2:],
        "incidentId": str(1000 + i),
        "status": "new",
        "severity": "informational",
        "classification": None,
        "determination": None,
        "serviceSource": "microsoftDefenderForOffice365",
        "detectionSource": "microsoftDefenderForOffice365",
        "productName": "Microsoft Defender for Office 365",
        "tenantId": _TENANT,
        "title": "Email messages containing malicious URL removed after delivery",
        "description": "Messages with a URL that was found malicious after delivery. " * 6,
        "recommendedActions": "Look at the messages, their senders and whoever clicked. " * 6,
        "categories": ["InitialAccess"],
        "category": "InitialAccess",
        "assignedTo": "Automation",
        "alertWebUrl": f"https://security.microsoft.com/alerts/{alert_id}?tid={_TENANT}",
        "incidentWebUrl": f"https://security.microsoft.com/incident2/{1000 + i}/overview?tid={_TENANT}",
        "mitreTechniques": ["T1566", "T1566.002"],
        "createdDateTime": at,
        "lastUpdateDateTime": at,
        "firstActivityDateTime": at,
        "lastActivityDateTime": at,
        "resolvedDateTime": None,
        "systemTags": [],
        "investigationState": "pendingApproval",
        "comments": [],
        "customDetails": {},
        "additionalData": {},
        "evidence": [_evidence(i, j, k, at) for k in range(evidence)],
    }


def _evidence(i: int, j: int, k: int, at: str) -> dict[str, Any]:
    common = {
        "createdDateTime": at,
        "verdict": "malicious",
        "remediationStatus": "pendingApproval" if k < 3 else "active",
        "remediationStatusDetails": None,
        "roles": ["contextual"],
        "detailedRoles": [],
        "tags": [],
    }
    number = i * 100 + j * 10 + k
    message = f"{number:08x}-1111-4222-8333-444444444444"
    sender = {
        "emailAddress": "billing@fabrikam.example",
        "displayName": "Billing",
        "domainName": "fabrikam.example",
    }
    special: tuple[dict[str, Any], ...] = (
        {
            "@odata.type": "#microsoft.graph.security.mailClusterEvidence",
            "clusterBy": "Urls",
            "clusterByValue": f"https://fabrikam.example/login/{number}",
            "query": f'Urls:"https://fabrikam.example/login/{number}"',
            "urn": f"urn:MailClusterEntity:{number:032x}",
            "emailCount": 12,
            "networkMessageIds": [f"{number:08x}-1111-4222-8333-{n:012d}" for n in range(12)],
        },
        {
            "@odata.type": "#microsoft.graph.security.analyzedMessageEvidence",
            "networkMessageId": message,
            "internetMessageId": f"<{number}@fabrikam.example>",
            "subject": f"Your invoice number {number} is overdue",
            "language": "en",
            "senderIp": "203.0.113.7",
            "recipientEmailAddress": f"person{number}@contoso.example",
            "antiSpamDirection": "inbound",
            "deliveryAction": "delivered",
            "deliveryLocation": "inbox",
            "urn": f"urn:MailEntity:{number:032x}",
            "threats": ["ZapPhish"],
            "threatDetectionMethods": ["URL malicious reputation"],
            "urls": [f"https://fabrikam.example/login/{number}"],
            "urlCount": 1,
            "attachmentsCount": 0,
            "receivedDateTime": at,
            "p1Sender": sender,
            "p2Sender": sender,
        },
        {
            "@odata.type": "#microsoft.graph.security.mailboxConfigurationEvidence",
            "mailboxPrimaryAddress": f"person{number}@contoso.example",
            "upn": f"person{number}@contoso.example",
            "displayName": f"Person {number}",
            "externalDirectoryObjectId": message,
            "configurationId": f"rule-{number}",
            "configurationType": "mailForwardingRule",
        },
        {
            "@odata.type": "#microsoft.graph.security.urlEvidence",
            "url": f"https://fabrikam.example/login/{number}",
        },
        {
            "@odata.type": "#microsoft.graph.security.userEvidence",
            "stream": None,
            "userAccount": {
                "accountName": f"person{number}",
                "domainName": "contoso.example",
                "userSid": f"S-1-5-21-1-2-3-{number}",
                "azureAdUserId": message,
                "userPrincipalName": f"person{number}@contoso.example",
                "displayName": f"Person {number}",
                "resourceAccessEvents": [],
            },
        },
        {
            "@odata.type": "#microsoft.graph.security.fileEvidence",
            "detectionStatus": "detected",
            "mdeDeviceId": f"{number:040x}",
            "fileDetails": {
                "fileName": "invoice.html",
                "filePath": "C:\\Users\\person\\Downloads",
                "fileSize": 20480,
                "filePublisher": None,
                "issuer": None,
                "signer": None,
                "md5": None,
                "sha1": f"{number:040x}",
                "sha256": f"{number:064x}",
                "sha256Ac": None,
            },
        },
        {
            "@odata.type": "#microsoft.graph.security.ipEvidence",
            "ipAddress": "203.0.113.7",
            "countryLetterCode": "DE",
            "location": {
                "city": "Berlin",
                "state": None,
                "countryName": "Germany",
                "latitude": 52.5,
                "longitude": 13.4,
            },
            "stream": None,
        },
        {
            "@odata.type": "#microsoft.graph.security.mailboxEvidence",
            "primaryAddress": f"person{number}@contoso.example",
            "displayName": f"Person {number}",
            "upn": f"person{number}@contoso.example",
            "userAccount": None,
        },
    )
    return {**special[k % len(special)], **common}
