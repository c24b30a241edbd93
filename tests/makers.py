"""Makers: say only what matters, the rest is ordinary."""

from datetime import UTC, datetime, timedelta

from agent.judge.recognise import recognise
from agent.model.air import AirAction
from agent.model.defender import (
    PENDING_APPROVAL,
    Alert,
    AnalyzedMessageEvidence,
    AnyEvidence,
    Comment,
    EmailSender,
    Incident,
    Mail,
    MailClusterEvidence,
    MailMessage,
    UserAccount,
    UserEvidence,
)
from agent.model.pending import PendingAction

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TENANT = "11111111-2222-3333-4444-555555555555"


def message_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def a_cluster(
    *,
    query: str = 'Urls:"https://bad.example/login"',
    messages: int = 3,
    first: int = 1,
    verdict: str | None = "malicious",
    status: str | None = PENDING_APPROVAL,
    cluster_by: str | None = "Urls",
    created: datetime | None = NOW - timedelta(hours=1),
) -> MailClusterEvidence:
    return MailClusterEvidence(
        created_date_time=created,
        verdict=verdict,
        remediation_status=status,
        cluster_by=cluster_by,
        cluster_by_value="https://bad.example/login",
        query=query,
        email_count=messages,
        network_message_ids=tuple(message_id(first + place) for place in range(messages)),
    )


def a_message(
    *, number: int = 1, recipient: str | None = "anna@contoso.example", status: str | None = PENDING_APPROVAL
) -> AnalyzedMessageEvidence:
    return AnalyzedMessageEvidence(
        created_date_time=NOW - timedelta(hours=1),
        verdict="malicious",
        remediation_status=status,
        network_message_id=message_id(number),
        recipient_email_address=recipient,
        subject="Invoice",
        p2_sender=EmailSender(email_address="Mallory@Evil.example"),
    )


def an_alert(
    *evidence: AnyEvidence,
    id: str = "alert-1",  # noqa: A002
    incident_id: str = "1",
    title: str = "Email messages containing malicious URL removed after delivery",
    state: str | None = "as its evidence says",
    created: datetime = NOW - timedelta(hours=1),
    updated: datetime = NOW - timedelta(minutes=10),
) -> Alert:
    if state == "as its evidence says":
        awaits = any(one.remediation_status == PENDING_APPROVAL for one in evidence)
        state = PENDING_APPROVAL if awaits else "successfullyRemediated"
    return Alert(
        id=id,
        incident_id=incident_id,
        title=title,
        severity="informational",
        status="new",
        service_source="microsoftDefenderForOffice365",
        investigation_state=state,
        created_date_time=created,
        last_update_date_time=updated,
        evidence=evidence,
    )


def an_incident(
    *alerts: Alert,
    id: str = "1",  # noqa: A002
    updated: datetime = NOW - timedelta(minutes=10),
    status: str = "active",
    redirect: str | None = None,
    tags: tuple[str, ...] = (),
    comments: tuple[str, ...] = (),
) -> Incident:
    return Incident(
        id=id,
        tenant_id=TENANT,
        status=status,
        severity="low",
        display_name="Mail removed after delivery",
        redirect_incident_id=redirect,
        created_date_time=NOW - timedelta(hours=1),
        last_update_date_time=updated,
        version=updated.isoformat(),
        custom_tags=tags,
        comments=tuple(Comment(comment=text) for text in comments),
        alerts=alerts,
    )


def an_action(*evidence: AnyEvidence, now: datetime = NOW) -> PendingAction:
    return recognise(an_incident(an_alert(*(evidence or (a_cluster(),)))), tenant_id=TENANT, now=now)[0]


def a_copy(
    number: int = 1,
    *,
    recipient: str = "anna@contoso.example",
    sender: str | None = "mallory@evil.example",
    location: str | None = "inbox_folder",
    threats: tuple[str, ...] = ("phish",),
    dmarc: str | None = "fail",
) -> MailMessage:
    return MailMessage(
        network_message_id=message_id(number),
        recipient=recipient,
        sender=sender,
        mail_from=sender,
        subject="Invoice",
        direction="inbound",
        location=location,
        original_location="inbox_folder",
        threats=threats,
        dmarc=dmarc,
        received=NOW - timedelta(hours=2),
    )


def some_mail(*copies: MailMessage) -> Mail:
    return Mail(messages=copies)


def a_user(
    *,
    object_id: str | None = "99999999-0000-4000-8000-000000000001",
    sid: str | None = None,
    name: str | None = "carla@contoso.example",
    verdict: str | None = "malicious",
    status: str | None = PENDING_APPROVAL,
    created: datetime | None = NOW - timedelta(hours=1),
) -> UserEvidence:
    return UserEvidence(
        created_date_time=created,
        verdict=verdict,
        remediation_status=status,
        user_account=UserAccount(azure_ad_user_id=object_id, user_sid=sid, user_principal_name=name),
    )


def an_air_action(
    *keys: str,
    number: str = "a1",
    kind: str | None = "DisableUser",
    status: str | None = "Pending",
    approval: str | None = None,
    by: str | None = None,
    at: datetime = NOW - timedelta(minutes=50),
    proposed: datetime | None = NOW - timedelta(hours=1),
    anomaly: bool | None = None,
) -> AirAction:
    """Return what AIR wrote down of an action; on the usual user where no key is named."""
    return AirAction(
        investigation_id="urn:inv-1",
        action_id=number,
        at=at,
        proposed_at=proposed,
        action_type=kind,
        status=status,
        approval=approval,
        approved_by=by,
        keys=keys or ("user:99999999-0000-4000-8000-000000000001", "user:carla@contoso.example"),
        link="https://security.microsoft.com/airinvestigation",
        is_volume_anomaly=anomaly,
    )
