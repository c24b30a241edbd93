"""Incident -> the pending actions it shows, one per thing acted on.

Graph lists no pending actions: evidence says that something awaits approval, and the evidence's type says
which action that is, where it says so at all. Things that do not await approval (any more) are given too,
since that is how a pending action is seen to end.
"""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

import msgspec

from agent.model.defender import (
    PENDING_APPROVAL,
    Alert,
    AnalyzedMessageEvidence,
    AnyEvidence,
    DeviceEvidence,
    FileEvidence,
    Incident,
    MailboxConfigurationEvidence,
    MailClusterEvidence,
    OtherEvidence,
    ProcessEvidence,
    RegistryKeyEvidence,
    UrlEvidence,
    UserEvidence,
    evidence_type,
)
from agent.model.pending import LIFETIME, ActionKind, IncidentHead, KindSource, PendingAction, Sighting

ECHO = "Administrative action submitted by an Administrator"
"""Title of the alert that a remediation by an administrator raises. That one through Graph raises it too is
UNCONFIRMED; either way nothing under it was proposed by AIR. Source: [RME]."""


class Thing(msgspec.Struct, frozen=True):
    """What one piece of evidence would be acted on, and how."""

    kind: ActionKind
    key: str
    label: str


def recognise(incident: Incident, *, tenant_id: str, now: datetime) -> tuple[PendingAction, ...]:
    """Return everything in the incident that awaits approval, or may have awaited it before."""
    head = _head(incident)
    found: dict[str, PendingAction] = {}
    for alert in incident.alerts:
        if (alert.title or "").strip().casefold() == ECHO.casefold():
            continue
        for thing, evidence, status in _things(alert):
            action = _pending_action(tenant_id, head, alert, thing, evidence, status, now)
            known = found.get(action.id)
            found[action.id] = action if known is None else join(known, action)
    return tuple(found.values())


def join(known: PendingAction, seen: PendingAction) -> PendingAction:
    """Return one pending action from two readings of it, whichever came first.

    Sightings never go back in time: of two readings of one alert the one updated later holds. The parent is
    the incident of the earliest alert, as it was read last.
    """
    sightings = {sighting.alert_id: sighting for sighting in known.sightings}
    for sighting in seen.sightings:
        before = sightings.get(sighting.alert_id)
        if before is None or _updated(before) <= _updated(sighting):
            sightings[sighting.alert_id] = sighting
    ordered = tuple(sorted(sightings.values(), key=_age))
    parent = ordered[0].incident_id
    newest = max(ordered, key=_updated)
    is_news = newest in seen.sightings
    return msgspec.structs.replace(
        seen if is_news else known,
        incident=seen.incident
        if seen.incident.id == parent or known.incident.id != parent
        else known.incident,
        sightings=ordered,
        first_seen=min(known.first_seen, seen.first_seen),
        deadline=min(known.deadline, seen.deadline),
    )


def evidence_digest(action: PendingAction) -> str:
    """Return a digest of what an approval is bound to: the verdict and the targets that Defender named.

    Roles, tags and wording may change without voiding an approval; a worse or better verdict, a message
    more or less, or another count may not.
    """
    evidence = action.evidence
    parts: list[str] = [action.key, action.kind]
    if evidence is not None:
        parts.append(evidence.verdict or "")
    if isinstance(evidence, MailClusterEvidence):
        parts.append(str(evidence.email_count))
        parts.extend(sorted(message.lower() for message in evidence.network_message_ids))
    return sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def _age(sighting: Sighting) -> tuple[str, str]:
    created = sighting.created_date_time
    return (created.isoformat() if created else "9999", sighting.alert_id)


def _updated(sighting: Sighting) -> str:
    updated = sighting.last_update_date_time
    return updated.isoformat() if updated else ""


def _head(incident: Incident) -> IncidentHead:
    return IncidentHead(
        id=incident.id,
        display_name=incident.display_name,
        status=incident.status,
        severity=incident.severity,
        classification=incident.classification,
        determination=incident.determination,
        assigned_to=incident.assigned_to,
        web_url=incident.incident_web_url,
        custom_tags=incident.custom_tags,
        system_tags=incident.system_tags,
        alert_count=len(incident.alerts),
    )


def _things(alert: Alert) -> Iterator[tuple[Thing, AnyEvidence | None, str | None]]:
    awaits = False
    for evidence in alert.evidence:
        status = evidence.remediation_status
        awaits = awaits or status == PENDING_APPROVAL
        yield _thing(evidence, alert), evidence, status
    state = alert.investigation_state
    if state is not None:
        label = alert.title or f"alert {alert.id}"
        # What awaits is then shown by its evidence, and the alert is no pending action of its own.
        yield (
            Thing(ActionKind.UNKNOWN, f"alert:{alert.id}", label),
            None,
            "shownByEvidence" if awaits else state,
        )


def _pending_action(
    tenant_id: str,
    head: IncidentHead,
    alert: Alert,
    thing: Thing,
    evidence: AnyEvidence | None,
    status: str | None,
    now: datetime,
) -> PendingAction:
    created = evidence.created_date_time if evidence is not None else None
    first = min(moment for moment in (now, created, alert.created_date_time) if moment is not None)
    return PendingAction(
        tenant_id=tenant_id,
        kind=thing.kind,
        kind_source=KindSource.NOWHERE if thing.kind is ActionKind.UNKNOWN else KindSource.EVIDENCE,
        key=thing.key,
        label=thing.label,
        evidence=evidence,
        incident=head,
        sightings=(
            Sighting(
                incident_id=head.id,
                alert_id=alert.id,
                title=alert.title,
                severity=alert.severity,
                status=alert.status,
                category=alert.category,
                service_source=alert.service_source,
                detection_source=alert.detection_source,
                classification=alert.classification,
                determination=alert.determination,
                alert_policy_id=alert.alert_policy_id,
                assigned_to=alert.assigned_to,
                web_url=alert.alert_web_url,
                investigation_state=alert.investigation_state,
                remediation_status=status,
                created_date_time=alert.created_date_time,
                last_update_date_time=alert.last_update_date_time,
            ),
        ),
        first_seen=first,
        deadline=first + LIFETIME,
    )


def _thing(evidence: AnyEvidence, alert: Alert) -> Thing:
    match evidence:
        case MailClusterEvidence():
            return _cluster(evidence, alert)
        case AnalyzedMessageEvidence():
            return _message(evidence, alert)
        case MailboxConfigurationEvidence():
            return _mailbox(evidence, alert)
        case FileEvidence():
            return _file(evidence, alert)
        case UrlEvidence(url=str(url)):
            return Thing(ActionKind.BLOCK_URL, f"url:{url}", url)
        case RegistryKeyEvidence(registry_key=str(key)):
            # Graph does not say on which device: the alert tells two devices' keys apart.
            name = f"{evidence.registry_hive or ''}\\{key}"
            return Thing(ActionKind.REMOVE_REGISTRY_KEY, f"registry:{alert.id}:{name.lower()}", name)
        case UserEvidence(user_account=account) if account is not None:
            account_name = account.user_principal_name or account.account_name or account.user_sid
            account_key = account.azure_ad_user_id or account.user_sid or account.user_principal_name
            if account_key is not None:
                return Thing(ActionKind.UNKNOWN, f"user:{account_key.lower()}", account_name or account_key)
        case DeviceEvidence(mde_device_id=str(device)):
            return Thing(
                ActionKind.UNKNOWN,
                f"device:{device.lower()}",
                evidence.device_dns_name or evidence.host_name or device,
            )
        case ProcessEvidence(process_id=int(process)):
            started = evidence.process_creation_date_time
            key = f"process:{evidence.mde_device_id}:{process}:{started.isoformat() if started else ''}"
            return Thing(ActionKind.UNKNOWN, key, evidence.process_command_line or f"process {process}")
        case OtherEvidence():
            return Thing(ActionKind.UNKNOWN, f"other:{_lasting(evidence)}", evidence.type_name or "evidence")
        case _:
            pass
    return _nameless(evidence, alert)


def _nameless(evidence: AnyEvidence, alert: Alert) -> Thing:
    """Stand for evidence that does not say what it is: it can be shown, but never acted on."""
    name = evidence_type(evidence)
    return Thing(ActionKind.UNKNOWN, f"nameless:{alert.id}:{name}", f"{name} without a name")


def _cluster(evidence: MailClusterEvidence, alert: Alert) -> Thing:
    """Name a cluster by its query; by its messages where there is none.

    Defender tells clusters apart by query and source [SEN]; Graph has no source. That its deduplication is
    keyed on the query's text is UNCONFIRMED.
    """
    value = evidence.cluster_by_value or evidence.query or evidence.cluster_by or "mail cluster"
    query = " ".join((evidence.query or "").split())
    if query:
        return Thing(ActionKind.SOFT_DELETE_CLUSTER, f"cluster:{query}", value)
    if evidence.network_message_ids:
        messages = "\x1f".join(sorted(message.lower() for message in evidence.network_message_ids))
        key = f"cluster:messages:{sha256(messages.encode()).hexdigest()}"
        return Thing(ActionKind.SOFT_DELETE_CLUSTER, key, value)
    return _nameless(evidence, alert)


def _message(evidence: AnalyzedMessageEvidence, alert: Alert) -> Thing:
    message, recipient = evidence.network_message_id, evidence.recipient_email_address
    if not message or not recipient:
        return _nameless(evidence, alert)
    label = f"{evidence.subject or 'message'} to {recipient}"
    return Thing(ActionKind.SOFT_DELETE_MESSAGE, f"message:{message}:{recipient}".lower(), label)


def _mailbox(evidence: MailboxConfigurationEvidence, alert: Alert) -> Thing:
    mailbox = evidence.mailbox_primary_address or evidence.upn or evidence.external_directory_object_id
    if not mailbox:
        return _nameless(evidence, alert)
    setting, rule = evidence.configuration_type, evidence.configuration_id
    label = f"{evidence.display_name or setting or 'setting'} of {mailbox}"
    key = f"mailbox:{mailbox}:{setting}:{rule}".lower()
    if setting == "userInboxRule" or (setting == "mailForwardingRule" and rule):
        return Thing(ActionKind.DISABLE_FORWARDING, key, label)
    if setting == "mailDelegation":
        return Thing(ActionKind.REMOVE_DELEGATION, key, label)
    return Thing(ActionKind.UNKNOWN, key, label)


def _file(evidence: FileEvidence, alert: Alert) -> Thing:
    details, device = evidence.file_details, evidence.mde_device_id
    if details is None:
        return _nameless(evidence, alert)
    name = details.sha256 or details.sha1 or details.file_name
    if not name:
        return _nameless(evidence, alert)
    label = details.file_name or name
    if not device:
        return Thing(ActionKind.UNKNOWN, f"file:{name}".lower(), label)
    return Thing(ActionKind.QUARANTINE_FILE, f"file:{name}:{device}".lower(), f"{label} on {device}")


def _lasting(evidence: OtherEvidence) -> str:
    """Digest the members that stay the same while the action is dealt with."""
    try:
        members = msgspec.json.decode(evidence.raw or "{}")
    except msgspec.DecodeError:
        members = {"raw": evidence.raw}
    if isinstance(members, dict):
        for passing in ("remediationStatus", "remediationStatusDetails", "verdict", "tags", "roles"):
            members.pop(passing, None)
    lasting = evidence.type_name.encode() + msgspec.json.encode(members, order="deterministic")
    return sha256(lasting).hexdigest()[:32]
