"""A pending action: what AIR proposes and waits with.

Graph has no object for it, so it is recognised from evidence. Its identity is the tenant, the kind and
what it acts on; the same thing seen through several alerts is one pending action with several sightings.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

import msgspec

from agent.model.air import Proposal
from agent.model.defender import PENDING_APPROVAL, AnyEvidence

REMEMBERED = 2048
"""Ids that are not worked out again: each is asked for some ten times while its action is judged and saved."""

LIFETIME = timedelta(days=7)
"""How long Defender keeps an action pending. Source: [SEED], [AVR]; what starts the week is UNCONFIRMED."""


def are_one_proposal(first_seen: datetime, deadline: datetime, begun: datetime, ended: datetime) -> bool:
    """Whether two weeks of the same action are of one proposal: they overlap."""
    return first_seen < ended and begun < deadline


class ActionKind(StrEnum):
    """What would be done, where the evidence's type fixes it or AIR's own rows name it; `unknown` elsewhere."""

    SOFT_DELETE_MESSAGE = "softDeleteMessage"
    SOFT_DELETE_CLUSTER = "softDeleteCluster"
    DISABLE_FORWARDING = "disableForwarding"
    REMOVE_DELEGATION = "removeDelegation"
    QUARANTINE_FILE = "quarantineFile"
    REMOVE_REGISTRY_KEY = "removeRegistryKey"
    BLOCK_URL = "blockUrl"
    DISABLE_USER = "disableUser"
    REVOKE_USER_SESSIONS = "revokeUserSessions"
    FORCE_PASSWORD_RESET = "forcePasswordReset"  # noqa: S105  a word of Defender's
    UNKNOWN = "unknown"


MAIL_KINDS = frozenset({ActionKind.SOFT_DELETE_MESSAGE, ActionKind.SOFT_DELETE_CLUSTER})

USER_KINDS = frozenset(
    {ActionKind.DISABLE_USER, ActionKind.REVOKE_USER_SESSIONS, ActionKind.FORCE_PASSWORD_RESET}
)
"""What is done to accounts; no evidence says so, only AIR's own rows."""


class KindSource(StrEnum):
    """Where a kind was learned from."""

    EVIDENCE = "evidence"
    HUNTING = "hunting"
    """AIR's own rows, which advanced hunting shows."""
    NOWHERE = "nowhere"


class Sighting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One alert that shows the pending action, as it was when last read."""

    incident_id: str
    alert_id: str
    title: str | None = None
    severity: str | None = None
    status: str | None = None
    category: str | None = None
    service_source: str | None = None
    detection_source: str | None = None
    classification: str | None = None
    determination: str | None = None
    alert_policy_id: str | None = None
    assigned_to: str | None = None
    web_url: str | None = None
    investigation_state: str | None = None
    remediation_status: str | None = None
    created_date_time: datetime | None = None
    last_update_date_time: datetime | None = None
    is_user_report: bool | None = None
    """Whether the alert is a user's report of mail; None where it does not say, or was read before that was asked."""
    tenant_id: str | None = None
    """The tenant that the alert says it is of; None where it does not say, or was read before that was asked."""


class IncidentHead(msgspec.Struct, frozen=True, kw_only=True):
    """The parent incident without its alerts and comments."""

    id: str
    display_name: str | None = None
    status: str | None = None
    severity: str | None = None
    classification: str | None = None
    determination: str | None = None
    assigned_to: str | None = None
    web_url: str | None = None
    custom_tags: tuple[str, ...] | None = None
    system_tags: tuple[str, ...] | None = None
    alert_count: int = 0
    report_count: int | None = None
    """How many of its alerts are users' reports; None where one does not say, or that was not asked yet."""
    tenant_id: str | None = None
    """The tenant that the incident says it is of; None where it does not say, or was read before that was asked."""


@lru_cache(maxsize=REMEMBERED)
def action_id(tenant_id: str, kind: ActionKind, key: str) -> str:
    """Return the id of the pending action of this kind on this thing."""
    return sha256(f"{tenant_id}\x1f{kind}\x1f{key}".encode()).hexdigest()[:16]


class PendingAction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that awaits approval, and everything Defender said of it.

    `key` says what is acted on, in a form that is the same in every sighting; `label` says it to people
    and may hold an attacker's text. `evidence` is None where only the alert says that something awaits
    approval.
    """

    tenant_id: str
    kind: ActionKind
    kind_source: KindSource
    key: str
    label: str
    evidence: AnyEvidence | None
    incident: IncidentHead
    sightings: tuple[Sighting, ...]
    first_seen: datetime
    deadline: datetime
    proposal: Proposal | None = None
    """What AIR's own rows say of it; None where none was read."""

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits, the same for the same thing on every day and machine."""
        return action_id(self.tenant_id, self.kind, self.key)

    @property
    def latest(self) -> Sighting:
        """The sighting that was updated last."""
        return max(self.sightings, key=lambda s: (s.last_update_date_time or self.first_seen, s.alert_id))

    @property
    def remediation_status(self) -> str | None:
        """Defender's word for how the action stands, from the sighting that was updated last."""
        return self.latest.remediation_status

    @property
    def is_pending(self) -> bool:
        """Whether Defender still awaits approval, as far as was last read."""
        return self.remediation_status == PENDING_APPROVAL
