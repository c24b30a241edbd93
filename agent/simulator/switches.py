"""What nobody knows about Graph, each as a switch, so that the agent can be shown to hold either way.

Every field is UNCONFIRMED on a live tenant unless its docstring says otherwise; the defaults are what the
documentation makes most likely.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import msgspec

from agent.simulator.names import (
    ACT_ON_IDENTITIES,
    AGENT_MAILBOX,
    ALL_ROLES,
    ENDPOINT_ROLES,
    HUNT,
    READ_AUDIT,
    READ_INCIDENTS,
    READ_MAIL,
    READ_ROLES,
    SWITCH_ACCOUNTS,
    WRITE_INCIDENTS,
    WRITE_MAIL,
    WRITE_MAILBOXES,
)

USUAL_ROLES = ALL_ROLES - {READ_AUDIT}
"""Who has hunting needs the audit's search for little, and few have granted it."""


ELSEWHERE = "11111111-1111-4111-8111-111111111111"
"""Another tenant, whose tokens nobody here takes."""


class Closes(StrEnum):
    """How long after its mail is gone a pending action is cancelled by a re-run of its investigation."""

    MINUTES = "minutes"
    HOURS = "hours"
    NEVER = "never"

    @property
    def after(self) -> timedelta | None:
        """The time between the mail leaving the mailbox and the pending action closing."""
        return {
            Closes.MINUTES: timedelta(minutes=10),
            Closes.HOURS: timedelta(hours=3),
            Closes.NEVER: None,
        }[self]


class Top(StrEnum):
    """What becomes of `$top` on incidents and alerts."""

    ACCEPTED = "accepted"
    CAPPED = "capped"
    """Larger pages are cut to 50; a third-party client was seen to be held to that."""
    REFUSED = "refused"
    """400 whenever it is given."""


class Printed(StrEnum):
    """In which of the two documented forms Defender for Identity answers."""

    SCHEMA = "schema"
    """`identityProvider`, words in camel case, the result of an action by itself."""
    SAMPLES = "samples"
    """`provider`, words in Pascal case in lists, the result of an action within `value`."""


class Licence(StrEnum):
    """What a tenant has a licence for."""

    MAIL = "mail"
    HUNTING = "hunting"
    MAILBOXES = "mailboxes"
    IDENTITIES = "identities"
    ENDPOINT = "endpoint"


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """One position of every switch."""

    evidence_change_advances: bool = True
    """Whether a change of evidence moves `lastUpdateDateTime` of its alert and incident."""
    own_write_advances: bool = True
    """Whether a PATCH or comment moves `lastUpdateDateTime`. The polling page says nothing; assumed yes."""
    closes_after: Closes = Closes.MINUTES
    """Re-runs cancel actions whose mail is gone, says Microsoft; how soon is not said."""
    cluster_shows_pending: bool = True
    """Whether `mailClusterEvidence` says `pendingApproval`, or says `active` and only the alert's
    `investigationState` shows that something waits."""
    remediation_alerts: bool = False
    """Whether `remediate` through Graph raises an alert of its own. The portal's remediation does."""
    top: Top = Top.CAPPED
    effect_after: timedelta = timedelta(minutes=2)
    """From an accepted `remediate` to the mail having moved. Microsoft says it can take hours."""
    expired_evidence: str = "pendingApproval"
    """What evidence says once its week is over; a member of `evidenceRemediationStatus`."""
    unheard_words: bool = False
    """Whether the tenant also holds words and an evidence type that no published metadata has."""
    click_table: bool = True
    """Whether hunting has `UrlClickEvents`. Without Defender for Office 365 it does not, and how it then says so is
    not published."""
    throttle_per_minute: int | None = 150
    """Requests to `/security` in one minute; None for no limit. 150 is published for alerts, and for
    incidents, mail and hunting it is taken to be the same."""
    machine_calls_per_minute: int | None = 100
    """Requests to Defender for Endpoint in one minute, as its pages say, who say 1,500 in an hour too; None for no
    limit."""
    active_remediations: int | None = 50
    """How many remediations may be active at once; one more is accepted and never carried out. Microsoft
    says 50, not how a breach shows through Graph. None for no limit."""
    determination_alone: bool = True
    """Whether a determination may be set where nothing is classified; the older Defender XDR API refuses it."""
    write_lag: timedelta = timedelta()
    """For how long reads of users and rules still show what was there before a write. No time is published."""
    sync_after: timedelta = timedelta(minutes=30)
    """From a change on premises, or of a synchronised user in Entra ID, until Entra ID is as it is on premises."""
    rule_ids_match: bool = True
    """Whether `configurationId` of mailbox evidence is the `id` of the `messageRule`."""
    identities_printed: Printed = Printed.SCHEMA
    """Microsoft's samples and its schema disagree on `identityAccounts` and on the answer to `invokeAction`."""
    air_table: bool = True
    """Whether hunting has `CloudAppEvents`. Without Defender for Cloud Apps and its connector it does not, and how it then
    says so is not published."""
    rows_after: timedelta = timedelta(minutes=15)
    """From a change of an investigation to its row in hunting (`AirInvestigationData`). No time is published."""
    rows_hold_text: bool = False
    """Whether `RawEventData` comes as JSON within a text rather than as an object."""
    audit_records: bool = True
    """Whether investigations leave records in the audit, where it can be searched."""
    audit_records_after: timedelta = timedelta(minutes=45)
    """From a change of an investigation to its record in the audit. Mostly within an hour, says Microsoft."""
    audit_search_takes: timedelta = timedelta(minutes=6)
    """From a search of the audit to its end. No time is published."""
    unlicensed: frozenset[Licence] = frozenset()
    """What the tenant has no licence for."""
    roles: frozenset[str] = USUAL_ROLES
    """The application permissions that an administrator has consented to."""
    senders: frozenset[str] = frozenset({AGENT_MAILBOX})
    """The mailboxes that Exchange's RBAC for Applications lets the app send as; no token tells of it."""
    token_lifetime: timedelta = timedelta(hours=24)
    audit_is_on: bool = True
    """Whether the unified audit log takes anything in: no table of it has rows otherwise, and no search finds any. A
    tenant's administrator decides that; how a tenant shows that it is off is UNCONFIRMED."""
    honours_prefer: bool = True
    """Whether `Prefer: include-unknown-enum-members` has an effect. Graph's pages say so; a proxy may take it out."""
    clock_is_ahead: timedelta = timedelta()
    """By how much the `Date` header is ahead of the time that is lived by; a skewed clock looks like this from there."""
    token_tenant: str | None = None
    """The tenant that tokens are of; None for the tenant's own. A login of somebody else's gives such tokens."""


def ailments() -> Mapping[str, Switches]:
    """Return positions in which something is wrong that a person has to mend, by name: what `doctor` is to notice.

    In some of them no agent can work at all, so that they are none of `every_position`.
    """
    return {
        "another tenant's token": Switches(token_tenant=ELSEWHERE),
        "clock ahead": Switches(clock_is_ahead=timedelta(minutes=2)),
        "clock behind": Switches(clock_is_ahead=timedelta(minutes=-10)),
        "no incidents granted": Switches(roles=USUAL_ROLES - {READ_INCIDENTS, WRITE_INCIDENTS}),
        "too much granted": Switches(
            roles=USUAL_ROLES | {"RoleManagement.ReadWrite.Directory", "Files.Read.All"}
        ),
        "mail of everybody": Switches(roles=USUAL_ROLES | {"Mail.Send"}),
        "no licence for mail": Switches(unlicensed=frozenset({Licence.MAIL})),
        "no licence for hunting": Switches(unlicensed=frozenset({Licence.HUNTING})),
        "audit off": Switches(audit_is_on=False),
        "prefer ignored": Switches(honours_prefer=False),
        "throttled": Switches(throttle_per_minute=1),
    }


def every_position() -> Mapping[str, Switches]:
    """Return each way of turning one switch, by name, with all others as they are by default."""
    return {
        "default": Switches(),
        "evidence change does not advance": Switches(evidence_change_advances=False),
        "own write does not advance": Switches(own_write_advances=False),
        "nothing advances": Switches(evidence_change_advances=False, own_write_advances=False),
        "closes after hours": Switches(closes_after=Closes.HOURS),
        "never closes": Switches(closes_after=Closes.NEVER),
        "only the alert shows pending": Switches(cluster_shows_pending=False),
        "remediation alerts": Switches(remediation_alerts=True),
        "top accepted": Switches(top=Top.ACCEPTED),
        "top refused": Switches(top=Top.REFUSED),
        "effect after hours": Switches(effect_after=timedelta(hours=4)),
        "expired evidence is unremediated": Switches(expired_evidence="unremediated"),
        "expired evidence is declined": Switches(expired_evidence="declined"),
        "unheard words": Switches(unheard_words=True),
        "no table of clicks": Switches(click_table=False),
        "any number of remediations": Switches(active_remediations=None),
        "no determination alone": Switches(determination_alone=False),
        "writes show late": Switches(write_lag=timedelta(minutes=10)),
        "synchronised after hours": Switches(sync_after=timedelta(hours=3)),
        "rules have other ids": Switches(rule_ids_match=False),
        "identities as in the samples": Switches(identities_printed=Printed.SAMPLES),
        "no table of investigations": Switches(air_table=False),
        "rows after hours": Switches(rows_after=timedelta(hours=3)),
        "rows hold text": Switches(rows_hold_text=True),
        "no licence but for mail and hunting": Switches(
            unlicensed=frozenset({Licence.MAILBOXES, Licence.IDENTITIES, Licence.ENDPOINT})
        ),
        "no hunting": Switches(roles=USUAL_ROLES - {HUNT}),
        "the audit instead of hunting": Switches(roles=ALL_ROLES - {HUNT}),
        "no mail": Switches(roles=USUAL_ROLES - {HUNT, READ_MAIL, WRITE_MAIL}),
        "no roles shown": Switches(roles=USUAL_ROLES - {READ_ROLES}),
        "no mailbox to send as": Switches(senders=frozenset()),
        "mail alone may be changed": Switches(
            roles=USUAL_ROLES - {WRITE_MAILBOXES, SWITCH_ACCOUNTS, ACT_ON_IDENTITIES} - ENDPOINT_ROLES
        ),
    }
