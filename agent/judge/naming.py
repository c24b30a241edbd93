"""AIR's own rows -> the kind of a pending action whose evidence leaves it open.

The evidence says that something awaits approval, a row says what. So a row never makes anything pending; it names
what evidence shows pending, and nothing that the evidence settles. A row that was first read when it had been
decided names nothing. One that awaited approval goes on naming what was proposed before it was decided, so that a kind
once known stays known for as long as the row is in the ledger.

Rows belong to a pending action by what they act on and by time, not by alert or investigation: the same thing
proposed twice is one pending action. Where rows name several actions on one thing, each is one of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from agent.judge.track import UNDISPATCHED
from agent.model.air import AirAction, AirReading, Proposal
from agent.model.defender import AnyEvidence, MailboxConfigurationEvidence, UserEvidence
from agent.model.enactment import Record, State
from agent.model.key import mailbox_keys, setting_key, user_keys
from agent.model.pending import LIFETIME, USER_KINDS, ActionKind, KindSource, PendingAction, action_id

ACTION_TYPES: Mapping[str, ActionKind] = {
    "disableuser": ActionKind.DISABLE_USER,
    "revokeusersessions": ActionKind.REVOKE_USER_SESSIONS,
    "forcepasswordreset": ActionKind.FORCE_PASSWORD_RESET,
    "resetuserpassword": ActionKind.FORCE_PASSWORD_RESET,
    "resetpassword": ActionKind.FORCE_PASSWORD_RESET,
    "turnoffexternalmailforwarding": ActionKind.DISABLE_FORWARDING,
    "turnoffmailforwarding": ActionKind.DISABLE_FORWARDING,
    "disablemailforwarding": ActionKind.DISABLE_FORWARDING,
}
"""What rows call an action -> its kind; compared without case and blanks, and otherwise exactly.

UNCONFIRMED: how `ActionType` spells any of these. They are the portal's and the documentation's own names of the actions;
a word that is not here leaves the kind unknown, and so with a person. Source: [REM], [ARA], [SEED].
"""

AWAITING = frozenset({"pending", "pendingaction", "pendingactions", "pendingapproval"})
"""How a row says that a person has not decided yet, likewise folded. Source: [MAPI]; the others are the portal's words for
the same ([SEED]). UNCONFIRMED: that `ActionApproval` is empty, or one of these, until then. Any other word counts as decided."""

MOST_READINGS = 50
"""Earlier readings that are kept of one action, the first among them."""


def places_of(action: PendingAction) -> tuple[str, ...]:
    """Return under which names rows would speak of what the action is about."""
    return _names(action.evidence) or (action.key,)


def _names(evidence: AnyEvidence | None) -> tuple[str, ...]:
    match evidence:
        case UserEvidence(user_account=account) if account is not None:
            return user_keys(account.azure_ad_user_id, account.user_sid, account.user_principal_name)
        case MailboxConfigurationEvidence() as mailbox:
            address, upn = mailbox.mailbox_primary_address, mailbox.upn
            return mailbox_keys(address, upn, mailbox.external_directory_object_id)
        case _:
            return ()


def leaves_open(action: PendingAction) -> bool:
    """Whether the evidence does not settle what awaits approval, and rows may."""
    return action.kind is ActionKind.UNKNOWN and bool(_nameable(action.evidence))


def _nameable(evidence: AnyEvidence | None) -> frozenset[ActionKind]:
    """Return the kinds that rows may name where this evidence leaves it open."""
    match evidence:
        case UserEvidence():
            return USER_KINDS
        case MailboxConfigurationEvidence(configuration_type="mailForwardingRule"):
            return frozenset({ActionKind.DISABLE_FORWARDING})
        case _:
            return frozenset()


def ids_to_look_for(action: PendingAction) -> tuple[str, ...]:
    """Return the ids that what the action is about may be recorded under, its own first."""
    kinds = sorted(_nameable(action.evidence)) if leaves_open(action) else []
    return (action.id, *(action_id(action.tenant_id, kind, action.key) for kind in kinds))


def left_open(tenant_id: str, row: AirAction) -> tuple[str, ...]:
    """Return the ids under which a pending action would be recorded whose kind the row can name."""
    keys: list[str] = []
    for key in row.keys:
        if key.startswith("mailbox:"):
            mailbox = key.removeprefix("mailbox:")
            keys += [setting_key(mailbox, "mailForwardingRule", rule) for rule in (None, "")]
        elif key.startswith("user:"):
            keys.append(key)
    return tuple(action_id(tenant_id, ActionKind.UNKNOWN, key) for key in keys)


def named(
    action: PendingAction, rows: Iterable[AirAction], known: Mapping[str, Record]
) -> tuple[PendingAction, ...]:
    """Return what awaits approval, given the rows that are remembered: the action itself, or one for each kind named.

    `known` are the records there are of `ids_to_look_for`: a kind that was known once of the same alert stays known. What
    does not await approval is given under every kind, so that whichever was recorded is seen to end.
    """
    own = [row for row in rows if is_about(row, action)]
    if not leaves_open(action):
        return (_with(action, action.kind, action.kind_source, own),)
    kinds: dict[ActionKind, list[AirAction]] = {}
    for row in own:
        if proposes(row, action.first_seen):
            kinds.setdefault(_kind(row, action), []).append(row)
    for kind in sorted(_nameable(action.evidence)):
        record = known.get(action_id(action.tenant_id, kind, action.key))
        if kind not in kinds and record is not None and _shares_an_alert(record.action, action):
            kinds[kind] = []
    if not action.is_pending or not kinds:
        kinds.setdefault(ActionKind.UNKNOWN, [])
    return tuple(
        _with(action, kind, action.kind_source if kind is ActionKind.UNKNOWN else KindSource.HUNTING, some)
        for kind, some in sorted(kinds.items())
    )


def spoken_of(tenant_id: str, row: AirAction) -> str | None:
    """Return the id of the cluster of which the row says whether it was found for its volume."""
    if row.is_volume_anomaly is None or not row.keys:
        return None
    return action_id(tenant_id, ActionKind.SOFT_DELETE_CLUSTER, row.keys[0])


def with_anomaly(record: Record, row: AirAction, now: datetime) -> Record:
    """Return a cluster's record with what the row says of it; one that waits is judged by it."""
    (action,) = named(record.action, [row], {})
    before, after = record.action.proposal, action.proposal
    if not action.is_pending or record.state not in UNDISPATCHED or after is None:
        return record
    if before is not None and before.is_volume_anomaly == after.is_volume_anomaly:
        return record
    why = "AIR's own row says whether it was found for its volume"
    return msgspec.structs.replace(record, action=action, state=State.SEEN, due=now, why=why)


def _kind(row: AirAction, action: PendingAction) -> ActionKind:
    kind = ACTION_TYPES.get(_folded(row.action_type), ActionKind.UNKNOWN)
    return kind if kind in _nameable(action.evidence) else ActionKind.UNKNOWN


def _with(
    action: PendingAction, kind: ActionKind, source: KindSource, rows: Sequence[AirAction]
) -> PendingAction:
    near = [row for row in rows if abs(_begun(row) - action.first_seen) < LIFETIME]
    newest = max(near, key=lambda row: (row.at, row.id), default=None)
    if newest is None and kind is action.kind:
        return action
    proposal = None
    if newest is not None:
        proposal = Proposal(
            investigation_id=newest.investigation_id,
            action_type=newest.action_type,
            link=newest.link,
            is_volume_anomaly=newest.is_volume_anomaly,
        )
    return msgspec.structs.replace(action, kind=kind, kind_source=source, proposal=proposal)


def _shares_an_alert(one: PendingAction, other: PendingAction) -> bool:
    alerts = {sighting.alert_id for sighting in one.sightings}
    return any(sighting.alert_id in alerts for sighting in other.sightings)


def is_about(row: AirAction, action: PendingAction) -> bool:
    """Whether they are about the same thing: they share a name, and their stronger names do not differ.

    A user principal name may have been another account's before; an object id or a SID never was.
    """
    names = places_of(action)
    if not set(names) & set(row.keys):
        return False
    ours, theirs = _by_sort(names), _by_sort(row.keys)
    return all(ours[sort] == theirs[sort] for sort in ("sid", "id") if sort in ours and sort in theirs)


def _by_sort(names: Sequence[str]) -> Mapping[str, str]:
    """Return which name is an address, a SID or an object id; of things that have one name only, all are ids."""
    found: dict[str, str] = {}
    for name in names:
        what = name.partition(":")[2]
        is_address = "@" in what and name.startswith(("user:", "mailbox:"))
        found["address" if is_address else "sid" if what.startswith("s-1-") else "id"] = name
    return found


def newer(known: AirAction | None, seen: AirAction) -> AirAction:
    """Return what is to be remembered of an action: its newest reading, and how it stood before."""
    if known is None:
        return seen
    newest, older = (known, seen) if seen.at < known.at else (seen, known)
    readings = sorted(
        {*_readings(known), *_readings(seen)}, key=lambda one: (one.at, one == _reading(newest))
    )
    begun = [moment for moment in (known.proposed_at, seen.proposed_at) if moment is not None]
    anomaly = newest.is_volume_anomaly
    return msgspec.structs.replace(
        newest,
        earlier=_capped(readings[:-1]),
        proposed_at=min(begun, default=None),
        link=newest.link or older.link,
        is_volume_anomaly=older.is_volume_anomaly if anomaly is None else anomaly,
    )


def _readings(row: AirAction) -> tuple[AirReading, ...]:
    return (*row.earlier, _reading(row))


def _capped(readings: Sequence[AirReading]) -> tuple[AirReading, ...]:
    """Return them all; of too many those that changed something, the first and the last of these."""
    if len(readings) <= MOST_READINGS:
        return tuple(readings)
    changes = [one for at, one in enumerate(readings) if at == 0 or _stands(one) != _stands(readings[at - 1])]
    return tuple(changes if len(changes) <= MOST_READINGS else [changes[0], *changes[1 - MOST_READINGS :]])


def _reading(row: AirAction) -> AirReading:
    return AirReading(
        at=row.at,
        status=row.status,
        approval=row.approval,
        approved_by=row.approved_by,
        approver_comment=row.approver_comment,
    )


def _stands(reading: AirReading) -> tuple[str | None, ...]:
    return (reading.status, reading.approval, reading.approved_by, reading.approver_comment)


def _folded(word: str | None) -> str:
    return "".join((word or "").split()).casefold()


def awaits(reading: AirAction | AirReading) -> bool:
    """Whether a row says that nobody has decided yet."""
    is_open = not _folded(reading.approval) or _folded(reading.approval) in AWAITING
    return is_open and _folded(reading.status) in AWAITING


def proposes(row: AirAction, first_seen: datetime) -> bool:
    """Whether the row speaks of what was first seen then: it awaited approval, and was not decided before."""
    readings = _readings(row)
    last = max((at for at, one in enumerate(readings) if awaits(one)), default=None)
    if last is None or abs(_begun(row) - first_seen) >= LIFETIME:
        return False
    return last == len(readings) - 1 or first_seen < readings[last + 1].at


def _begun(row: AirAction) -> datetime:
    """Return when the action was proposed; a moment that cannot be is taken for the first reading's."""
    first = _readings(row)[0].at
    given = row.proposed_at
    return given if given is not None and timedelta(0) <= first - given < LIFETIME else first
