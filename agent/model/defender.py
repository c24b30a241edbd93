"""What Defender said, in Microsoft Graph's words, and nothing of ours.

Field names are Graph's, in snake case. Enumerated words stay plain text: a word this version does not
know is kept as it came. Every property that Graph may leave out is None then.

Source: microsoft.graph.security in the v1.0 metadata of 2026-08-20.
"""

from datetime import datetime

import msgspec

PENDING_APPROVAL = "pendingApproval"


class Words(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A shape of Graph's: camel case on the wire, unknown members passed over."""


class Comment(Words, frozen=True, kw_only=True):
    """A comment on an incident or alert (`alertComment`)."""

    comment: str | None = None
    created_date_time: datetime | None = None


class UserAccount(Words, frozen=True, kw_only=True):
    """`userAccount`: on-premises and Entra ID names of one account."""

    account_name: str | None = None
    domain_name: str | None = None
    user_sid: str | None = None
    azure_ad_user_id: str | None = None
    user_principal_name: str | None = None
    display_name: str | None = None


class FileDetails(Words, frozen=True, kw_only=True):
    """`fileDetails`: a file by name, place and hashes; `file_size` in bytes."""

    file_name: str | None = None
    file_path: str | None = None
    file_size: int | None = None
    file_publisher: str | None = None
    signer: str | None = None
    sha1: str | None = None
    sha256: str | None = None


class EmailSender(Words, frozen=True, kw_only=True):
    """`emailSender`."""

    email_address: str | None = None
    display_name: str | None = None
    domain_name: str | None = None


class Evidence(
    Words,
    frozen=True,
    kw_only=True,
    tag_field="@odata.type",
    tag=lambda name: "#microsoft.graph.security." + name[0].lower() + name[1:],
):
    """What every `alertEvidence` has; the types below add their own. Evidence has no id in Graph."""

    created_date_time: datetime | None = None
    verdict: str | None = None
    remediation_status: str | None = None
    roles: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None


class MailClusterEvidence(Evidence, frozen=True, kw_only=True):
    """Messages that belong together. It names messages but no recipients."""

    cluster_by: str | None = None
    cluster_by_value: str | None = None
    query: str | None = None
    urn: str | None = None
    email_count: int | None = None
    network_message_ids: tuple[str, ...] = ()


class AnalyzedMessageEvidence(Evidence, frozen=True, kw_only=True):
    """One message in one mailbox."""

    network_message_id: str | None = None
    recipient_email_address: str | None = None
    subject: str | None = None
    sender_ip: str | None = None
    anti_spam_direction: str | None = None
    delivery_action: str | None = None
    delivery_location: str | None = None
    urn: str | None = None
    threats: tuple[str, ...] = ()
    threat_detection_methods: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    attachments_count: int | None = None
    received_date_time: datetime | None = None
    p2_sender: EmailSender | None = None


class MailboxConfigurationEvidence(Evidence, frozen=True, kw_only=True):
    """A forwarding rule, delegation or other setting of a mailbox."""

    mailbox_primary_address: str | None = None
    upn: str | None = None
    display_name: str | None = None
    external_directory_object_id: str | None = None
    configuration_id: str | None = None
    configuration_type: str | None = None


class UserEvidence(Evidence, frozen=True, kw_only=True):
    """An account."""

    user_account: UserAccount | None = None


class DeviceEvidence(Evidence, frozen=True, kw_only=True):
    """A device known to Defender for Endpoint."""

    mde_device_id: str | None = None
    azure_ad_device_id: str | None = None
    device_dns_name: str | None = None
    host_name: str | None = None
    os_platform: str | None = None
    health_status: str | None = None
    risk_score: str | None = None
    rbac_group_name: str | None = None


class FileEvidence(Evidence, frozen=True, kw_only=True):
    """A file, on a device where `mde_device_id` says so."""

    file_details: FileDetails | None = None
    detection_status: str | None = None
    mde_device_id: str | None = None


class ProcessEvidence(Evidence, frozen=True, kw_only=True):
    """A process on a device."""

    process_id: int | None = None
    process_command_line: str | None = None
    process_creation_date_time: datetime | None = None
    image_file: FileDetails | None = None
    mde_device_id: str | None = None
    user_account: UserAccount | None = None


class RegistryKeyEvidence(Evidence, frozen=True, kw_only=True):
    """A key of a device's registry; Graph does not say which device."""

    registry_hive: str | None = None
    registry_key: str | None = None


class UrlEvidence(Evidence, frozen=True, kw_only=True):
    """A URL."""

    url: str | None = None


class IpEvidence(Evidence, frozen=True, kw_only=True):
    """An IP address."""

    ip_address: str | None = None


class MailboxEvidence(Evidence, frozen=True, kw_only=True):
    """A mailbox as a whole."""

    primary_address: str | None = None
    upn: str | None = None
    display_name: str | None = None


class OtherEvidence(Evidence, frozen=True, kw_only=True, tag="other"):
    """Evidence of a type this version does not take apart.

    `type_name` is Graph's; `raw` is the JSON of what this type adds to every evidence's members, with its
    keys in order, so that two readings of the same thing are the same text.
    """

    type_name: str = ""
    raw: str = ""


AnyEvidence = (
    MailClusterEvidence
    | AnalyzedMessageEvidence
    | MailboxConfigurationEvidence
    | UserEvidence
    | DeviceEvidence
    | FileEvidence
    | ProcessEvidence
    | RegistryKeyEvidence
    | UrlEvidence
    | IpEvidence
    | MailboxEvidence
    | OtherEvidence
)


def evidence_type(evidence: AnyEvidence) -> str:
    """Return Graph's short name of the evidence's type, such as `mailClusterEvidence`."""
    if isinstance(evidence, OtherEvidence):
        return evidence.type_name
    name = type(evidence).__name__
    return name[0].lower() + name[1:]


class Alert(Words, frozen=True, kw_only=True):
    """An alert of `alerts_v2`. `last_update_date_time` is kept as Graph's own text too, as a version."""

    id: str
    tenant_id: str | None = None
    incident_id: str | None = None
    status: str | None = None
    severity: str | None = None
    classification: str | None = None
    determination: str | None = None
    service_source: str | None = None
    detection_source: str | None = None
    title: str | None = None
    category: str | None = None
    alert_policy_id: str | None = None
    alert_web_url: str | None = None
    assigned_to: str | None = None
    investigation_state: str | None = None
    created_date_time: datetime | None = None
    last_update_date_time: datetime | None = None
    comments: tuple[Comment, ...] = ()
    evidence: tuple[AnyEvidence, ...] = ()


class Incident(Words, frozen=True, kw_only=True):
    """An incident, with its alerts where they were asked for.

    `version` is Graph's own text of `lastUpdateDateTime`: two readings with the same version are the
    same news.
    """

    id: str
    tenant_id: str | None = None
    status: str | None = None
    severity: str | None = None
    classification: str | None = None
    determination: str | None = None
    display_name: str | None = None
    incident_web_url: str | None = None
    redirect_incident_id: str | None = None
    assigned_to: str | None = None
    created_date_time: datetime | None = None
    last_update_date_time: datetime | None = None
    version: str = ""
    custom_tags: tuple[str, ...] | None = None
    system_tags: tuple[str, ...] | None = None
    comments: tuple[Comment, ...] = ()
    alerts: tuple[Alert, ...] = ()


class Clicks(msgspec.Struct, frozen=True, kw_only=True):
    """What one account clicked in one message, as Safe Links recorded it.

    `account` is its user principal name in lower case, which may differ from its address; empty where none is
    recorded. `allowed` are the clicks that were not blocked: they led to the page, or may have. `through` are
    those that went on past a warning.
    """

    account: str
    count: int
    allowed: int
    through: int


class MailMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One copy of a message in one mailbox, from `EmailEvents` or `analyzedEmails`.

    `location` is Graph's `deliveryLocation` word for where it is now; None where it was given as a
    word that nobody here knows. `clicks` are those of its recipient, and those of accounts that bear the
    address of none of the message's recipients: in whose copy these clicked is not known. None where
    nothing is known of clicks. `first_moved` and `last_moved` are when it was first and last moved after its
    delivery; None where it was not, or where that was not said.
    """

    network_message_id: str
    recipient: str
    sender: str | None = None
    """The address people see (P2)."""
    mail_from: str | None = None
    """The envelope's address (P1)."""
    sender_ip: str | None = None
    subject: str | None = None
    direction: str | None = None
    location: str | None = None
    original_location: str | None = None
    threats: tuple[str, ...] = ()
    detection_methods: tuple[str, ...] = ()
    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    composite: str | None = None
    received: datetime | None = None
    clicks: tuple[Clicks, ...] | None = None
    first_moved: datetime | None = None
    last_moved: datetime | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """What `remediate` wants: message and mailbox, case-folded to compare."""
        return (self.network_message_id.lower(), self.recipient.lower())


MAILBOX_LOCATIONS = frozenset({"inbox_folder", "junkFolder", "deletedFolder"})
"""Locations that `remediate` can soft-delete from, as `deliveryLocation` spells them.

Source: [RME] actionable locations; quarantine and soft-deleted copies are not in a mailbox folder.
"""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """What could be learned of some messages, and which of them nothing is known of."""

    messages: tuple[MailMessage, ...] = ()
    unresolved: frozenset[str] = frozenset()
    why: str = ""
    """Why messages are unresolved, in words; empty where none is."""
