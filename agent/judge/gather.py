"""(Pending action, what is known of its mail, now) -> facts.

A fact that Defender did not give, gave as null, or gave as a word this version does not know is left out.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from agent.judge.clusters import cluster_by
from agent.judge.copies import Raw, domain_of, facts_of_cluster, facts_of_one, facts_over
from agent.judge.remember import recalled
from agent.judge.reported import is_among_reports
from agent.judge.vocabulary import WORDS, refreshed
from agent.model.defender import (
    AnalyzedMessageEvidence,
    AnyEvidence,
    DeviceEvidence,
    FileDetails,
    FileEvidence,
    Mail,
    MailboxConfigurationEvidence,
    MailboxEvidence,
    MailClusterEvidence,
    ProcessEvidence,
    RegistryKeyEvidence,
    UrlEvidence,
    UserAccount,
    UserEvidence,
    evidence_type,
)
from agent.model.facts import VOCABULARY, Facts, Value
from agent.model.past import Matter, Tally
from agent.model.pending import MAIL_KINDS, ActionKind, PendingAction, Sighting


def wanted(action: PendingAction) -> tuple[str, ...]:
    """Return the messages that must be looked up to judge the action."""
    match action.evidence:
        case MailClusterEvidence() as cluster:
            return tuple(dict.fromkeys(message.lower() for message in cluster.network_message_ids))
        case AnalyzedMessageEvidence(network_message_id=str(message)):
            return (message.lower(),)
        case _:
            return ()


def mails_of(actions: Iterable[PendingAction], mail: Mail) -> dict[str, Mail]:
    """Return what of this mail each action is about, by their ids; those that are about none are left out."""
    places: dict[str, list[int]] = {}
    for place, copy in enumerate(mail.messages):
        places.setdefault(copy.network_message_id.lower(), []).append(place)
    found = {}
    for action in actions:
        if messages := wanted(action):
            theirs = sorted(place for message in messages for place in places.get(message, ()))
            some = msgspec.structs.replace(mail, messages=tuple(mail.messages[place] for place in theirs))
            found[action.id] = mail_of(action, some)
    return found


def mail_of(action: PendingAction, mail: Mail) -> Mail:
    """Return what of this mail the action is about: for one message, its own recipient only."""
    messages = frozenset(wanted(action))
    copies = tuple(copy for copy in mail.messages if copy.network_message_id.lower() in messages)
    unresolved = messages & mail.unresolved
    match action.evidence:
        case AnalyzedMessageEvidence(recipient_email_address=str(recipient)):
            copies = tuple(copy for copy in copies if copy.recipient.lower() == recipient.lower())
            if not copies:
                unresolved = messages
        case MailClusterEvidence(email_count=int(count)) if max(len(messages), len(copies)) < count:
            # Whether the count is of messages or of copies is UNCONFIRMED: fewer of both are not all.
            why = f"Defender counted {count}, and only {len(copies)} copies are known"
            return Mail(messages=copies, unresolved=messages, why="; ".join(filter(None, (mail.why, why))))
        case _:
            pass
    return Mail(messages=copies, unresolved=unresolved, why=mail.why if unresolved else "")


def gather(
    action: PendingAction,
    mail: Mail | None,
    now: datetime,
    past: Mapping[Matter, Tally] | None = None,
    lists: Mapping[str, datetime] | None = None,
) -> Facts:
    """Return every fact of the action; `mail` is None where it has none or none was looked up.

    `past` is what people answered before, for the action's own matters at least (`remember.matters`); None where
    that was not asked. `lists` says when lists that are fed were last fetched, by their names; those that
    never were are not in it.
    """
    raw: dict[str, str | int | bool | datetime | Iterable[str] | None] = {
        "tenant.id": action.tenant_id,
        "action.kind": action.kind.value,
        "action.kindSource": action.kind_source.value,
        "action.firstSeen": action.first_seen,
        "action.deadline": action.deadline,
        "action.alertCount": len(action.sightings),
        **_alert(action.sightings[0]),
        "alert.titles": [sighting.title for sighting in action.sightings if sighting.title],
        "alert.isUserReport": is_among_reports(action.sightings),
        **_incident(action),
        **recalled(action, mail, past or {}),
        **{refreshed(name): at for name, at in (lists or {}).items()},
    }
    if action.evidence is not None:
        raw |= _evidence(action.evidence)
    if action.proposal is not None and action.kind is ActionKind.SOFT_DELETE_CLUSTER:
        raw["cluster.volumeAnomaly"] = action.proposal.is_volume_anomaly
    if action.kind not in MAIL_KINDS or mail is None:
        return Facts(now=now, values=_given(raw), vocabulary=VOCABULARY)
    is_complete = not mail.unresolved
    raw |= facts_over(mail.messages, is_complete=is_complete)
    if isinstance(action.evidence, MailClusterEvidence):
        raw |= facts_of_cluster(mail.messages, is_complete=is_complete)
    return Facts(
        now=now,
        values=_given(raw),
        messages=tuple(_given(facts_of_one(message)) for message in mail.messages),
        messages_complete=is_complete,
        unresolved=mail.why,
        vocabulary=VOCABULARY,
    )


PLAIN = (str, int, float, bool, datetime)
"""What a fact may be that is not several. Asked as a tuple: a union takes several times as long, some hundred times an action."""


def _given(raw: Raw) -> dict[str, Value]:
    """Leave out what is not given and what is not a known word; make collections sets."""
    facts: dict[str, Value] = {}
    for name, value in raw.items():
        known = WORDS.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, PLAIN):
            if known is None or value in known:
                facts[name] = value
            continue
        members = frozenset(value)
        if known is None or members <= known:
            facts[name] = members
    return facts


def _alert(alert: Sighting) -> Raw:
    return {
        "alert.title": alert.title,
        "alert.severity": alert.severity,
        "alert.status": alert.status,
        "alert.category": alert.category,
        "alert.serviceSource": alert.service_source,
        "alert.detectionSource": alert.detection_source,
        "alert.classification": alert.classification,
        "alert.determination": alert.determination,
        "alert.assignedTo": alert.assigned_to,
        "alert.createdDateTime": alert.created_date_time,
        "alert.policyId": alert.alert_policy_id,
        "investigation.state": alert.investigation_state,
    }


def _incident(action: PendingAction) -> Raw:
    incident = action.incident
    return {
        "incident.id": incident.id,
        "incident.displayName": incident.display_name,
        "incident.severity": incident.severity,
        "incident.status": incident.status,
        "incident.classification": incident.classification,
        "incident.determination": incident.determination,
        "incident.assignedTo": incident.assigned_to,
        "incident.tags": incident.custom_tags,
        "incident.systemTags": incident.system_tags,
        "incident.alertCount": incident.alert_count,
        "reports.count": incident.report_count,
    }


def _evidence(evidence: AnyEvidence) -> Raw:
    own = _OWN.get(type(evidence))
    return {
        "evidence.type": evidence_type(evidence),
        "evidence.verdict": evidence.verdict,
        "evidence.remediationStatus": evidence.remediation_status,
        "evidence.createdDateTime": evidence.created_date_time,
        "evidence.roles": evidence.roles,
        "evidence.tags": evidence.tags,
        **(own(evidence) if own is not None else {}),
    }


def _cluster(evidence: MailClusterEvidence) -> Raw:
    return {
        "cluster.by": cluster_by(evidence.cluster_by, evidence.query),
        "cluster.clusterBy": evidence.cluster_by,
        "cluster.value": evidence.cluster_by_value,
        "cluster.query": evidence.query,
        "cluster.emailCount": evidence.email_count,
    }


def _configuration(evidence: MailboxConfigurationEvidence) -> Raw:
    return {
        "mailbox.address": evidence.mailbox_primary_address,
        "mailbox.upn": evidence.upn,
        "mailbox.configurationType": evidence.configuration_type,
        "mailbox.configurationId": evidence.configuration_id,
        "mailbox.name": evidence.display_name,
    }


def _mailbox(evidence: MailboxEvidence) -> Raw:
    return {
        "mailbox.address": evidence.primary_address,
        "mailbox.upn": evidence.upn,
        "mailbox.name": evidence.display_name,
    }


def _user(evidence: UserEvidence) -> Raw:
    account = evidence.user_account or UserAccount()
    return {
        "user.principalName": account.user_principal_name,
        "user.accountName": account.account_name,
        "user.domainName": account.domain_name,
        "user.azureAdUserId": account.azure_ad_user_id,
        "user.sid": account.user_sid,
    }


def _device(evidence: DeviceEvidence) -> Raw:
    return {
        "device.id": evidence.mde_device_id,
        "device.azureAdDeviceId": evidence.azure_ad_device_id,
        "device.name": evidence.device_dns_name or evidence.host_name,
        "device.hostName": evidence.host_name or (evidence.device_dns_name or "").partition(".")[0],
        "device.osPlatform": evidence.os_platform,
        "device.riskScore": evidence.risk_score,
        "device.healthStatus": evidence.health_status,
        "device.group": evidence.rbac_group_name,
    }


def _process(evidence: ProcessEvidence) -> Raw:
    image = evidence.image_file
    return {
        "process.commandLine": evidence.process_command_line,
        "process.fileName": image.file_name if image else None,
        "device.id": evidence.mde_device_id,
    }


def _file(evidence: FileEvidence) -> Raw:
    details = evidence.file_details or FileDetails()
    return {
        "file.name": details.file_name,
        "file.path": details.file_path,
        "file.sha256": details.sha256,
        "file.size": details.file_size,
        "file.publisher": details.file_publisher,
        "file.signer": details.signer,
        "file.detectionStatus": evidence.detection_status,
        "device.id": evidence.mde_device_id,
    }


def _registry_key(evidence: RegistryKeyEvidence) -> Raw:
    return {"registry.hive": evidence.registry_hive, "registry.key": evidence.registry_key}


def _url(evidence: UrlEvidence) -> Raw:
    return {"url.value": evidence.url, "url.host": _host(evidence.url)}


def _message(evidence: AnalyzedMessageEvidence) -> Raw:
    sender = evidence.p2_sender.email_address if evidence.p2_sender else None
    return {
        "message.subject": evidence.subject,
        "message.recipient": evidence.recipient_email_address,
        "message.sender": sender,
        "message.senderDomain": domain_of(sender),
        "message.senderIp": evidence.sender_ip,
        "message.location": evidence.delivery_location,
        "message.deliveryAction": evidence.delivery_action,
        "message.direction": evidence.anti_spam_direction,
        "message.threats": evidence.threats,
        "message.detectionMethods": evidence.threat_detection_methods,
        "message.urls": evidence.urls,
        "message.attachmentsCount": evidence.attachments_count,
        "message.receivedDateTime": evidence.received_date_time,
    }


_OWN: Mapping[type, Callable[[Any], Raw]] = {
    MailClusterEvidence: _cluster,
    AnalyzedMessageEvidence: _message,
    MailboxConfigurationEvidence: _configuration,
    MailboxEvidence: _mailbox,
    UserEvidence: _user,
    DeviceEvidence: _device,
    FileEvidence: _file,
    ProcessEvidence: _process,
    RegistryKeyEvidence: _registry_key,
    UrlEvidence: _url,
}
"""The facts that only one type of evidence has; types that are not here have none."""


def _host(url: str | None) -> str | None:
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None
