"""What hunting tells of an investigation: one audit record for each change of it.

The fields are those of the Office 365 Management Activity API's schema, and the three more that Microsoft's published
hunting query reads. No genuine record was ever seen: every spelling in the tables below is UNCONFIRMED, and so are the
properties of an entity that is not mail.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from agent.simulator.lots import guid, lots
from agent.simulator.making import CLICKED, FILE_REMOVED, REPORTED, URL_REMOVED
from agent.simulator.moments import text
from agent.simulator.nouns import Act, Change, Stood
from agent.simulator.shapes import Json
from agent.simulator.state import State

ACTION_TYPES: Mapping[Act, str] = {
    Act.SOFT_DELETE: "EmailRemediation",
    Act.TURN_OFF_FORWARDING: "TurnOffExternalMailForwarding",
    Act.REMOVE_DELEGATION: "RemoveMailDelegation",
    Act.DISABLE_USER: "DisableUser",
    Act.REVOKE_SESSIONS: "RevokeUserSessions",
    Act.RESET_PASSWORD: "ForcePasswordReset",
    Act.QUARANTINE_FILE: "QuarantineFile",
    Act.KILL_PROCESS: "KillProcess",
    Act.REMOVE_REGISTRY_KEY: "RemoveRegistryKey",
    Act.BLOCK_URL: "BlockUrl",
}
"""`ActionType`."""

ACTION_STATUSES = {"running": "Running", "remediated": "Completed", "declined": "Completed"}
"""`ActionStatus` by the evidence's status; whatever else the evidence says is `PENDING`."""
PENDING = "Pending"
APPROVALS = {True: "Approved", False: "Declined"}
"""`ActionApproval` by whether somebody approved; null where nobody decided."""

STATUSES = {
    "pendingApproval": ("Pending Action", "Pending"),
    "successfullyRemediated": ("Remediated", "Resolved"),
    "terminatedBySystem": ("Terminated by System", "Terminated"),
}
"""`Status` of the record and of its `Data`, by the alert's `investigationState`."""
RUNNING = ("Running", "Running")

TYPES = {
    REPORTED: "User-Reported Messages",
    FILE_REMOVED: "Zapped Malware",
    URL_REMOVED: "Url Verdict Change",
    CLICKED: "Url Verdict Change",
}
"""`InvestigationType` by the alert's title."""
OTHER_TYPE = "Zapped Phish"


def record(state: State, change: Change) -> Json:
    """Return the audit record of one change."""
    alert = state.alerts[change.alert_id]
    draw = lots(state.seed, f"investigation/{change.alert_id}")
    investigation_id = guid(draw)
    status, inner_status = STATUSES.get(change.state, RUNNING)
    moment = _without_zone(change.at)
    named = [(one, one.act) for one in change.stood if one.act is not None]
    return {
        "Id": guid(lots(state.seed, f"record/{change.alert_id}/{text(change.at)}")),
        "RecordType": 64,
        "CreationTime": moment,
        "Operation": "AirInvestigationData",
        "OrganizationId": state.tenant_id,
        "UserType": 4,
        "UserKey": "AirInvestigation",
        "Workload": "AirInvestigation",
        "UserId": "AirInvestigation",
        "InvestigationId": f"urn:ZappedUrlInvestigation:{investigation_id}",
        "InvestigationName": f"{alert['title']} - {investigation_id[:8]}",
        "InvestigationType": TYPES.get(alert["title"], OTHER_TYPE),
        "LastUpdateTimeUtc": moment,
        "StartTimeUtc": str(alert["createdDateTime"]).partition(".")[0].removesuffix("Z"),
        "Status": status,
        "DeeplinkURL": f"https://security.microsoft.com/mtp-investigation/urn:{investigation_id}",
        "Actions": [json.dumps(_action(one, act, alert, investigation_id, change)) for one, act in named],
        "Data": json.dumps(
            {"Status": inner_status, "Entities": [_entity(one.evidence) for one in change.stood]}
        ),
    }


def _action(stood: Stood, act: Act, alert: Json, investigation_id: str, change: Change) -> Json:
    began = stood.evidence["createdDateTime"]
    identity = guid(lots(0, f"action/{alert['id']}/{stood.number}"))
    return {
        "ID": identity,
        "ActionId": identity,
        "ActionType": ACTION_TYPES[act],
        "ActionStatus": ACTION_STATUSES.get(stood.evidence["remediationStatus"], PENDING),
        "ActionApproval": APPROVALS[stood.word.approves] if stood.word else None,
        "ApprovedBy": stood.word.by if stood.word else None,
        "ApproverComment": stood.word.comment if stood.word else None,
        "TimestampUtc": text(change.at),
        "StartTimeUtc": began,
        "EndTimeUtc": text(stood.ended) if stood.ended else None,
        "InvestigationId": f"urn:ZappedUrlInvestigation:{investigation_id}",
        "RelatedAlertIds": [alert["providerAlertId"]],
        "Entities": [_entity(stood.evidence)],
    }


def _without_zone(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _entity(evidence: Json) -> Json:
    """Return the entity that a piece of evidence is about, in the words of the schema's pages."""
    match str(evidence["@odata.type"]).rpartition(".")[2]:
        case "mailClusterEvidence":
            return _cluster(evidence)
        case "analyzedMessageEvidence":
            return _message(evidence)
        case "mailboxConfigurationEvidence":
            return {
                "Type": "mailbox",
                "MailboxPrimaryAddress": evidence["mailboxPrimaryAddress"],
                "DisplayName": evidence["displayName"],
                "Upn": evidence["upn"],
            }
        case "userEvidence":
            return _account(evidence["userAccount"])
        case "fileEvidence":
            return _file(evidence)
        case "processEvidence":
            return {
                "Type": "process",
                "ProcessId": str(evidence["processId"]),
                "CommandLine": evidence["processCommandLine"],
                "ImageFile": _file({"fileDetails": evidence["imageFile"], "mdeDeviceId": None}),
                "Host": _host(evidence["mdeDeviceId"]),
            }
        case "registryKeyEvidence":
            return {"Type": "registry-key", "Hive": evidence["registryHive"], "Key": evidence["registryKey"]}
        case "urlEvidence":
            return {"Type": "url", "Url": evidence["url"]}
        case kind:
            return {"Type": kind.removesuffix("Evidence")}


def _cluster(evidence: Json) -> Json:
    return {
        "Type": "MailCluster",
        "NetworkMessageIds": evidence["networkMessageIds"],
        "CountByDeliveryStatus": {"Delivered": evidence["emailCount"]},
        "CountByThreatType": {"HighConfPhish": evidence["emailCount"], "Malware": 0, "Phish": 0, "Spam": 0},
        "Threats": ["HighConfPhish"],
        "Query": evidence["query"],
        "QueryTime": evidence["createdDateTime"],
        "MailCount": evidence["emailCount"],
        "IsVolumeAnomaly": False,
        "Source": "O365 ATP",
    }


def _message(evidence: Json) -> Json:
    return {
        "Type": "mail-message",
        "NetworkMessageId": evidence["networkMessageId"],
        "InternetMessageId": evidence["internetMessageId"],
        "Recipient": evidence["recipientEmailAddress"],
        "Sender": evidence["p2Sender"]["emailAddress"],
        "SenderIP": evidence["senderIp"],
        "Subject": evidence["subject"],
        "ReceivedDate": evidence["receivedDateTime"],
        "Urls": evidence["urls"],
    }


def _account(account: Json) -> Json:
    return {
        "Type": "account",
        "Name": account["accountName"],
        "UPNSuffix": account["userPrincipalName"].partition("@")[2],
        "UserPrincipalName": account["userPrincipalName"],
        "AadUserId": account["azureAdUserId"],
        "Sid": account["userSid"],
        "DisplayName": account["displayName"],
    }


def _file(evidence: Json) -> Json:
    details = evidence["fileDetails"]
    hashes = (("SHA1", details["sha1"]), ("SHA256", details["sha256"]))
    found: Json = {
        "Type": "file",
        "Name": details["fileName"],
        "Directory": details["filePath"],
        "FileHashes": [{"Type": "filehash", "Algorithm": name, "Value": value} for name, value in hashes],
    }
    return found | ({"Host": _host(evidence["mdeDeviceId"])} if evidence["mdeDeviceId"] else {})


def _host(device_id: str) -> Json:
    return {"Type": "host", "MdatpDeviceId": device_id}
