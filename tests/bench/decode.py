"""One page from bytes to recognised actions, against the SDK's own deserialiser on the same bytes."""

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
    """Return one page as Graph would send it: a megabyte for 50 incidents of 3 alerts of 8 evidence."""
    value = [_incident(i, alerts, evidence) for i in range(incidents)]
    context = "https://graph.microsoft.com/v1.0/$metadata#security/incidents(alerts())"
    return msgspec.json.encode({"@odata.context": context, "value": value})


def run() -> list[Row]:
    """Return what was measured and what was wanted.

    The ratio is of the best runs on both sides, the SDK's models imported before: its first page in a
    process also imports them, and is shown apart.
    """
    body = page()
    first = _timed(lambda: _deserialised(body))
    theirs = min(_timed(lambda: _deserialised(body)) for _ in range(3))
    ours = min(_timed(lambda: _recognised(body)) for _ in range(20))
    size = f"{len(body) / 1e6:.1f} MB, 50 incidents x 3 alerts x 8 evidence"
    return [
        (f"page to recognised actions ({size})", f"{ours * 1000:.1f} ms", "-"),
        ("the same page to the SDK's models, first in a process", f"{first * 1000:.0f} ms", "-"),
        ("the same page to the SDK's models", f"{theirs * 1000:.0f} ms", "-"),
        ("decode and recognise, against the SDK", f"{theirs / ours:.0f} x", f"at least {GOAL:.0f} x"),
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
    """Return evidence that awaits approval for the first three of an alert, the mail ones."""
    kinds = (_cluster, _message, _forwarding, _url, _user, _file, _ip, _mailbox)
    common = {
        "createdDateTime": at,
        "verdict": "malicious",
        "remediationStatus": "pendingApproval" if k < 3 else "active",
        "remediationStatusDetails": None,
        "roles": ["contextual"],
        "detailedRoles": [],
        "tags": [],
    }
    name, own = kinds[k % len(kinds)](i * 100 + j * 10 + k, at)
    return {"@odata.type": f"#microsoft.graph.security.{name}", **own, **common}


Kind = tuple[str, dict[str, Any]]


def _cluster(n: int, _at: str) -> Kind:
    url = f"https://fabrikam.example/login/{n}"
    return "mailClusterEvidence", {
        "clusterBy": "Urls",
        "clusterByValue": url,
        "query": f'Urls:"{url}"',
        "urn": f"urn:MailClusterEntity:{n:032x}",
        "emailCount": 12,
        "networkMessageIds": [f"{n:08x}-1111-4222-8333-{one:012d}" for one in range(12)],
    }


def _message(n: int, at: str) -> Kind:
    sender = {
        "emailAddress": "bill@fabrikam.example",
        "displayName": "Bill",
        "domainName": "fabrikam.example",
    }
    return "analyzedMessageEvidence", {
        "networkMessageId": _guid(n),
        "internetMessageId": f"<{n}@fabrikam.example>",
        "subject": f"Your invoice number {n} is overdue",
        "language": "en",
        "senderIp": "203.0.113.7",
        "recipientEmailAddress": f"person{n}@contoso.example",
        "antiSpamDirection": "inbound",
        "deliveryAction": "delivered",
        "deliveryLocation": "inbox",
        "urn": f"urn:MailEntity:{n:032x}",
        "threats": ["ZapPhish"],
        "threatDetectionMethods": ["URL malicious reputation"],
        "urls": [f"https://fabrikam.example/login/{n}"],
        "urlCount": 1,
        "attachmentsCount": 0,
        "receivedDateTime": at,
        "p1Sender": sender,
        "p2Sender": sender,
    }


def _forwarding(n: int, _at: str) -> Kind:
    return "mailboxConfigurationEvidence", {
        "mailboxPrimaryAddress": f"person{n}@contoso.example",
        "upn": f"person{n}@contoso.example",
        "displayName": f"Person {n}",
        "externalDirectoryObjectId": _guid(n),
        "configurationId": f"rule-{n}",
        "configurationType": "mailForwardingRule",
    }


def _url(n: int, _at: str) -> Kind:
    return "urlEvidence", {"url": f"https://fabrikam.example/login/{n}"}


def _user(n: int, _at: str) -> Kind:
    account = {
        "accountName": f"person{n}",
        "domainName": "contoso.example",
        "userSid": f"S-1-5-21-1-2-3-{n}",
        "azureAdUserId": _guid(n),
        "userPrincipalName": f"person{n}@contoso.example",
        "displayName": f"Person {n}",
        "resourceAccessEvents": [],
    }
    return "userEvidence", {"stream": None, "userAccount": account}


def _file(n: int, _at: str) -> Kind:
    details = {
        "fileName": "invoice.html",
        "filePath": "C:\\Users\\person\\Downloads",
        "fileSize": 20480,
        "filePublisher": None,
        "issuer": None,
        "signer": None,
        "md5": None,
        "sha1": f"{n:040x}",
        "sha256": f"{n:064x}",
        "sha256Ac": None,
    }
    return "fileEvidence", {"detectionStatus": "detected", "mdeDeviceId": f"{n:040x}", "fileDetails": details}


def _ip(_n: int, _at: str) -> Kind:
    place = {"city": "Berlin", "state": None, "countryName": "Germany", "latitude": 52.5, "longitude": 13.4}
    return "ipEvidence", {
        "ipAddress": "203.0.113.7",
        "countryLetterCode": "DE",
        "location": place,
        "stream": None,
    }


def _mailbox(n: int, _at: str) -> Kind:
    return "mailboxEvidence", {
        "primaryAddress": f"person{n}@contoso.example",
        "displayName": f"Person {n}",
        "upn": f"person{n}@contoso.example",
        "userAccount": None,
    }


def _guid(n: int) -> str:
    return f"{n:08x}-1111-4222-8333-444444444444"
