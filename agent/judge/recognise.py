"""Incident -> the pending actions it shows, one per thing acted on.

Graph lists no pending actions: evidence says that something awaits approval, and the evidence's type says
which action that is, where it says so at all. Things that do not await approval (any more) are given too,
since that is how a pending action is seen to end.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from agent.judge.reported import count_reports, is_user_report
from agent.model.defender import (
    PENDING_APPROVAL,
    Alert,
    AnalyzedMessageEvidence,
    AnyEvidence,
    DeviceEvidence,
    FileEvidence,
    Incident,
    IpEvidence,
    MailboxConfigurationEvidence,
    MailboxEvidence,
    MailClusterEvidence,
    OtherEvidence,
    ProcessEvidence,
    RegistryKeyEvidence,
    UrlEvidence,
    UserEvidence,
    evidence_type,
)
from agent.model.key import cluster_key, file_key, message_key, setting_key, url_key, user_keys
from agent.model.pending import LIFETIME, ActionKind, IncidentHead, KindSource, PendingAction, Sighting

ECHO = "administrative action submitted by an administrator"
"""Case-folded title of the alert that a remediation by an administrator raises. That one through Graph raises it too is
UNCONFIRMED; either way nothing under it was proposed by AIR. Source: [RME]."""


class Thing(msgspec.Struct, frozen=True, gc=False):
    """What one piece of evidence would be acted on, and how."""

    kind: ActionKind
    key: str
    label: str


def recognise(incident: Incident, *, tenant_id: str, now: datetime) -> tuple[PendingAction, ...]:
    """Return everything in the incident that awaits approval, or may have awaited it before."""
    head = _head(incident)
    found: dict[tuple[ActionKind, str], PendingAction] = {}
    for alert in incident.alerts:
        if alert.title is not None and alert.title.strip().casefold() == ECHO:
            continue
        seen: dict[str | None, tuple[Sighting]] = {}
        first = _given(alert.created_date_time, now)
        for thing, evidence, status in _things(alert):
            sightings = seen.get(status)
            if sightings is None:
                sightings = seen[status] = (_sighting(head, alert, status),)
            earliest = first if evidence is None else _given(evidence.created_date_time, first, latest=now)
            action = PendingAction(
                tenant_id=tenant_id,
                kind=thing.kind,
                kind_source=KindSource.NOWHERE if thing.kind is ActionKind.UNKNOWN else KindSource.EVIDENCE,
                key=thing.key,
                label=thing.label,
                evidence=evidence,
                incident=head,
                sightings=sightings,
                first_seen=earliest,
                deadline=earliest + LIFETIME,
            )
            same = (thing.kind, thing.key)
            known = found.get(same)
            if known is None:
                found[same] = action
            elif any(sighting.alert_id == alert.id for sighting in known.sightings):
                found[same] = _both(known, action)
            else:
                found[same] = join(known, action)
    return tuple(found.values())


def _given(moment: datetime | None, otherwise: datetime, *, latest: datetime | None = None) -> datetime:
    """Return when something began; a date before Defender's own time is how Graph writes none (0001-01-01)."""
    latest = otherwise if latest is None else latest
    return otherwise if moment is None or moment.year < 2000 else min(moment, latest)


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
        proposal=seen.proposal or known.proposal,
    )


def _both(one: PendingAction, other: PendingAction) -> PendingAction:
    """Return one pending action from two pieces of evidence in one alert that are named the same.

    Defender tells clusters apart by their source too, which Graph does not give: what still awaits
    approval wins, and of two that do, the messages of both are meant.
    """
    if one.is_pending != other.is_pending:
        return one if one.is_pending else other
    first, second = one.evidence, other.evidence
    if not isinstance(first, MailClusterEvidence) or not isinstance(second, MailClusterEvidence):
        return one
    messages = tuple(dict.fromkeys((*first.network_message_ids, *second.network_message_ids)))
    counts = (first.email_count, second.email_count, len(messages))
    count = None if None in counts else max(count for count in counts if count is not None)
    verdict = first.verdict if first.verdict == second.verdict else None
    evidence = msgspec.structs.replace(
        first, network_message_ids=messages, email_count=count, verdict=verdict
    )
    return msgspec.structs.replace(one, evidence=evidence)


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
        report_count=count_reports(incident.alerts),
        tenant_id=incident.tenant_id,
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


def _sighting(head: IncidentHead, alert: Alert, status: str | None) -> Sighting:
    return Sighting(
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
        is_user_report=is_user_report(alert),
        tenant_id=alert.tenant_id,
    )


def _thing(evidence: AnyEvidence, alert: Alert) -> Thing:
    thing = _THINGS[type(evidence)](evidence)
    if thing is None:
        return _nameless(evidence, alert)
    if thing.kind is ActionKind.REMOVE_REGISTRY_KEY:
        # Graph does not say on which device: the alert tells two devices' keys apart.
        return Thing(thing.kind, f"{thing.key}:{alert.id}", thing.label)
    return thing


def _nameless(evidence: AnyEvidence, alert: Alert) -> Thing:
    """Stand for evidence that does not say what it is: it can be shown, but never acted on."""
    name = evidence_type(evidence)
    return Thing(ActionKind.UNKNOWN, f"nameless:{alert.id}:{name}", f"{name} without a name")


def _cluster(evidence: MailClusterEvidence) -> Thing | None:
    value = evidence.cluster_by_value or evidence.query or evidence.cluster_by or "mail cluster"
    key = cluster_key(evidence.query, evidence.network_message_ids)
    return Thing(ActionKind.SOFT_DELETE_CLUSTER, key, value) if key is not None else None


def _message(evidence: AnalyzedMessageEvidence) -> Thing | None:
    recipient = evidence.recipient_email_address
    key = message_key(evidence.network_message_id, recipient)
    if key is None:
        return None
    return Thing(ActionKind.SOFT_DELETE_MESSAGE, key, f"{evidence.subject or 'message'} to {recipient}")


def _mailbox(evidence: MailboxConfigurationEvidence) -> Thing | None:
    mailbox = evidence.mailbox_primary_address or evidence.upn or evidence.external_directory_object_id
    if not mailbox:
        return None
    setting, rule = evidence.configuration_type, evidence.configuration_id
    label = f"{evidence.display_name or setting or 'setting'} of {mailbox}"
    key = setting_key(mailbox, setting, rule)
    if setting == "userInboxRule" or (setting == "mailForwardingRule" and rule):
        return Thing(ActionKind.DISABLE_FORWARDING, key, label)
    if setting == "mailDelegation":
        return Thing(ActionKind.REMOVE_DELEGATION, key, label)
    return Thing(ActionKind.UNKNOWN, key, label)


def _file(evidence: FileEvidence) -> Thing | None:
    details, device = evidence.file_details, evidence.mde_device_id
    name = (details.sha256 or details.sha1 or details.file_name) if details is not None else None
    if details is None or not name:
        return None
    label = details.file_name or name
    if not device:
        return Thing(ActionKind.UNKNOWN, file_key(name, None), label)
    return Thing(ActionKind.QUARANTINE_FILE, file_key(name, device), f"{label} on {device}")


def _url(evidence: UrlEvidence) -> Thing | None:
    return Thing(ActionKind.BLOCK_URL, url_key(evidence.url), evidence.url) if evidence.url else None


def _registry_key(evidence: RegistryKeyEvidence) -> Thing | None:
    if not evidence.registry_key:
        return None
    name = f"{evidence.registry_hive or ''}\\{evidence.registry_key}"
    return Thing(ActionKind.REMOVE_REGISTRY_KEY, f"registry:{name.lower()}", name)


def _user(evidence: UserEvidence) -> Thing | None:
    account = evidence.user_account
    if account is None:
        return None
    keys = user_keys(account.azure_ad_user_id, account.user_sid, account.user_principal_name)
    if not keys:
        return None
    label = account.user_principal_name or account.account_name or keys[0].removeprefix("user:")
    return Thing(ActionKind.UNKNOWN, keys[0], label)


def _device(evidence: DeviceEvidence) -> Thing | None:
    device = evidence.mde_device_id
    if not device:
        return None
    label = evidence.device_dns_name or evidence.host_name or device
    return Thing(ActionKind.UNKNOWN, f"device:{device.lower()}", label)


def _process(evidence: ProcessEvidence) -> Thing | None:
    if evidence.process_id is None:
        return None
    started = evidence.process_creation_date_time
    began = started.isoformat() if started else ""
    key = f"process:{evidence.mde_device_id}:{evidence.process_id}:{began}"
    label = evidence.process_command_line or f"process {evidence.process_id}"
    return Thing(ActionKind.UNKNOWN, key, label)


def _ip(evidence: IpEvidence) -> Thing | None:
    address = evidence.ip_address
    return Thing(ActionKind.UNKNOWN, f"ip:{address}".lower(), address) if address else None


def _whole_mailbox(evidence: MailboxEvidence) -> Thing | None:
    address = evidence.primary_address or evidence.upn
    return Thing(ActionKind.UNKNOWN, f"whole mailbox:{address}".lower(), address) if address else None


def _other(evidence: OtherEvidence) -> Thing | None:
    what = sha256(f"{evidence.type_name}\x1f{evidence.raw}".encode()).hexdigest()[:32]
    return Thing(ActionKind.UNKNOWN, f"other:{what}", evidence.type_name or "evidence")


_THINGS: Mapping[type, Callable[[Any], Thing | None]] = {
    MailClusterEvidence: _cluster,
    AnalyzedMessageEvidence: _message,
    MailboxConfigurationEvidence: _mailbox,
    FileEvidence: _file,
    UrlEvidence: _url,
    RegistryKeyEvidence: _registry_key,
    UserEvidence: _user,
    DeviceEvidence: _device,
    ProcessEvidence: _process,
    IpEvidence: _ip,
    MailboxEvidence: _whole_mailbox,
    OtherEvidence: _other,
}
"""What each type of evidence would be acted on as; looked up by type, since a page holds a thousand of them."""
