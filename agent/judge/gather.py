"""(Pending action, what is known of its mail, now) -> facts.

A fact that Defender did not give, gave as null, or gave as a word this version does not know is left out.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from agent.judge.vocabulary import WORDS, refreshed
from agent.model.defender import (
    MAILBOX_LOCATIONS,
    AnalyzedMessageEvidence,
    AnyEvidence,
    DeviceEvidence,
    FileDetails,
    FileEvidence,
    Mail,
    MailboxConfigurationEvidence,
    MailboxEvidence,
    MailClusterEvidence,
    MailMessage,
    ProcessEvidence,
    RegistryKeyEvidence,
    UrlEvidence,
    UserAccount,
    UserEvidence,
    evidence_type,
)
from agent.model.facts import VOCABULARY, Facts, Value
from agent.model.pending import MAIL_KINDS, PendingAction, Sighting

Raw = Mapping[str, str | int | bool | datetime | Iterable[str] | None]


def wanted(action: PendingAction) -> tuple[str, ...]:
    """Return the messages that must be looked up to judge the action."""
    match action.evidence:
        case MailClusterEvidence() as cluster:
            return tuple(dict.fromkeys(message.lower() for message in cluster.network_message_ids))
        case AnalyzedMessageEvidence(network_message_id=str(message)):
            return (message.lower(),)
        case _:
            return ()


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
    *,
    lists: Mapping[str, datetime] | None = None,
) -> Facts:
    """Return every fact of the action; `mail` is None where it has none or none was looked up.

    `lists` says when lists that are fed were last fetched, by their names; those that never were are not in it.
    """
    raw: dict[str, str | int | bool | datetime | Iterable[str] | None] = {
        "tenant.id": action.tenant_id,
        "action.kind": action.kind.value,
        "action.firstSeen": action.first_seen,
        "action.deadline": action.deadline,
        "action.alertCount": len(action.sightings),
        **_alert(action.sightings[0]),
        "alert.titles": [sighting.title for sighting in action.sightings if sighting.title],
        **_incident(action),
        **{refreshed(name): at for name, at in (lists or {}).items()},
    }
    if action.evidence is not None:
        raw |= _evidence(action.evidence)
    if action.kind not in MAIL_KINDS or mail is None:
        return Facts(now=now, values=_given(raw), vocabulary=VOCABULARY)
    is_complete = not mail.unresolved
    raw |= _mail(mail.messages, is_complete=is_complete)
    if isinstance(action.evidence, MailClusterEvidence) and is_complete:
        raw |= {"cluster.copyCount": len(mail.messages), "cluster.mailboxCount": _in_mailboxes(mail.messages)}
    return Facts(
        now=now,
        values=_given(raw),
        messages=tuple(_given(_copy(message)) for message in mail.messages),
        messages_complete=is_complete,
        unresolved=mail.why,
        vocabulary=VOCABULARY,
    )


def _given(raw: Raw) -> dict[str, Value]:
    """Leave out what is not given and what is not a known word; make collections sets."""
    facts: dict[str, Value] = {}
    for name, value in raw.items():
        known = WORDS.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, str | int | float | bool | datetime):
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
        "message.senderDomain": _domain(sender),
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


def _mail(messages: tuple[MailMessage, ...], *, is_complete: bool) -> Raw:
    """Collect facts over all copies; a set is left out where a complete answer lacks a member of it."""
    recipients = {message.recipient.lower() for message in messages}
    senders = {message.sender.lower() for message in messages if message.sender}
    names_all_senders = all(message.sender for message in messages)
    facts: dict[str, int | Iterable[str] | None] = {
        "recipients": recipients,
        "recipients.domains": {_domain(recipient) or "" for recipient in recipients},
        "recipients.count": len(recipients) if is_complete else None,
        "threats": {threat for message in messages for threat in message.threats},
        "subjects": {message.subject for message in messages if message.subject}
        if all(message.subject for message in messages)
        else None,
        "senders": senders if names_all_senders else None,
        "senders.domains": {_domain(sender) or "" for sender in senders} if names_all_senders else None,
    }
    for name, words in (
        ("locations", [message.location for message in messages]),
        ("directions", [message.direction for message in messages]),
    ):
        facts[name] = {word for word in words if word} if all(words) else None
    return facts


def _in_mailboxes(messages: tuple[MailMessage, ...]) -> int | None:
    """Count the copies in mailboxes; None where the place of one is not known."""
    if any(message.location is None for message in messages):
        return None
    return sum(message.location in MAILBOX_LOCATIONS for message in messages)


def _copy(message: MailMessage) -> Raw:
    return {
        "recipient": message.recipient.lower(),
        "recipient.domain": _domain(message.recipient),
        "sender.address": message.sender,
        "sender.domain": _domain(message.sender),
        "sender.mailFrom": message.mail_from,
        "sender.mailFromDomain": _domain(message.mail_from),
        "sender.ip": message.sender_ip,
        "subject": message.subject,
        "direction": message.direction,
        "location": message.location,
        "originalLocation": message.original_location,
        "inMailbox": None if message.location is None else message.location in MAILBOX_LOCATIONS,
        "threats": message.threats,
        "detectionMethods": message.detection_methods,
        "auth.spf": message.spf,
        "auth.dkim": message.dkim,
        "auth.dmarc": message.dmarc,
        "auth.composite": message.composite,
        "received": message.received,
    }


def _domain(address: str | None) -> str | None:
    if address is None or "@" not in address:
        return None
    return address.rsplit("@", 1)[1].lower() or None


def _host(url: str | None) -> str | None:
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None


CLUSTERS: tuple[tuple[str, str], ...] = (
    ("fileshash", "file"),
    ("filehash", "file"),
    ("attachment", "file"),
    ("sha256", "file"),
    ("malwarefile", "file"),
    ("urls", "url"),
    ("url", "url"),
    ("bodyfingerprint", "similarity"),
    ("subject", "similarity"),
    ("p2senderdomain", "similarity"),
    ("p1senderdomain", "similarity"),
    ("senderip", "similarity"),
    ("contenttype", "similarity"),
)
"""What a cluster is built on, by the names of fields in `clusterBy` and `query`, first match first.

`Subject;P2SenderDomain;ContentType`, `Subject;SenderIp;ContentType`,
`BodyFingerprintBin1;P2SenderDomain;ContentType` and `BodyFingerprintBin1;SenderIp;ContentType` are
Microsoft's own [XDRS]; the spellings for URL and file clusters are UNCONFIRMED. What is in no row is
unknown, and unknown never approves.
"""


def cluster_by(named: str | None, query: str | None) -> str | None:
    """Return `url`, `file` or `similarity`; None where neither text says so.

    `clusterBy` decides where it says anything; only without it is the query read. A query may hold an
    attacker's text within quotes, so that only what stands before a colon and outside quotes counts.
    """
    for text in (named, _fields(query) if not named else None):
        folded = (text or "").replace(" ", "").lower()
        for word, meaning in CLUSTERS:
            if word in folded:
                return meaning
    return None


def _fields(query: str | None) -> str:
    """Return the names of fields in a query: words right before a colon, outside quotes."""
    outside = "".join((query or "").replace('\\"', "").split('"')[::2])
    return ";".join(
        part.replace("(", " ").split()[-1] for part in outside.split(":")[:-1] if part.strip("( ")
    )
