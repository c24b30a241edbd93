"""Records in words: one row for each pending action, the same on a terminal, in JSON and on a page.

The words are for people on call: what it is, what was decided by which policy and why, what was done, what
was seen afterwards, and until when a person can still act.
"""

from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec

from agent.faces.would_have import would_have
from agent.judge.people import by
from agent.judge.quote import moment
from agent.judge.taken_back import says
from agent.judge.worklist import needs_people
from agent.model.decision import Decision, Verb
from agent.model.enactment import CLOSED, EffectSeen, PendingSeen, Record, State, Way
from agent.model.hold import BRAKE, KILL_SWITCH
from agent.model.pending import ActionKind
from agent.settings.portals import portal_of

KINDS = {
    ActionKind.SOFT_DELETE_MESSAGE: "soft delete of one message",
    ActionKind.SOFT_DELETE_CLUSTER: "soft delete of a mail cluster",
    ActionKind.DISABLE_FORWARDING: "turn off external mail forwarding",
    ActionKind.REMOVE_DELEGATION: "remove a mailbox delegation",
    ActionKind.QUARANTINE_FILE: "quarantine of a file",
    ActionKind.REMOVE_REGISTRY_KEY: "removal of a registry key",
    ActionKind.BLOCK_URL: "block of a URL",
    ActionKind.DISABLE_USER: "disable a user",
    ActionKind.REVOKE_USER_SESSIONS: "revoke a user's sessions",
    ActionKind.FORCE_PASSWORD_RESET: "reset a user's password",
    ActionKind.UNKNOWN: "action of unknown kind",
}

VERBS = {Verb.APPROVE: "approved", Verb.REJECT: "rejected", Verb.ESCALATE: "escalated"}

PROGRESS = {
    State.SEEN: "to be judged anew",
    State.DECIDED: "observed: nothing was written",
    State.INTENDED: "about to be sent",
    State.SENT: "sent",
    State.CONFIRMED: "sent",
    State.UNVERIFIED: "sent",
    State.CONTRADICTED: "sent",
    State.REFUSED: "refused by Graph",
    State.UNKNOWN: "may have been sent, and is never sent again",
    State.DEDUPLICATED: "not sent again",
    State.HELD: "held, and not sent",
    State.ANSWERED: "answered: about to be judged by that",
    State.SUPERSEDED: "not sent: decided elsewhere first",
    State.EXPIRED: "not sent in time",
    State.UNDONE: "taken back",
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One pending action as people are told of it. Every text but `id`, `state` and `kind` may be an attacker's."""

    id: str
    state: str
    kind: str
    kind_source: str
    """`evidence`, `hunting` where a row of AIR's own names the kind, or `nowhere`."""
    investigation: str | None
    """AIR's id of the investigation that proposed it; None where no row of AIR's was read."""
    investigation_url: str | None
    what: str
    incident: str
    incident_url: str | None
    decision: str
    """`approve`, `reject`, `escalate`, `none yet`, or `none` where it ended before it was judged."""
    policy: str
    """The policies that decided, or `no policy`; people by their names where they did, or that nobody did in time."""
    reason: str
    would_have: str
    """What observing policies would have made of it; empty where they had no opinion."""
    enactment: str
    confirmation: str
    deadline: datetime
    remaining_seconds: int
    """Until the deadline; below zero once it is over."""
    needs_people: bool


def row(record: Record, now: datetime) -> Row:
    """Return the record in words, as it stands at `now`."""
    action, decision = record.action, record.decision
    return Row(
        id=action.id,
        state=record.state.value,
        kind=action.kind.value,
        kind_source=action.kind_source.value,
        investigation=action.proposal.investigation_id if action.proposal is not None else None,
        investigation_url=action.proposal.link if action.proposal is not None else None,
        what=what(record),
        incident=action.incident.id,
        incident_url=action.incident.web_url,
        decision=verdict(record),
        policy=deciders(decision),
        reason=reason(record),
        would_have=would_have(record.decision),
        enactment=enactment(record),
        confirmation=confirmation(record),
        deadline=action.deadline,
        remaining_seconds=round((action.deadline - now).total_seconds()),
        needs_people=needs_people(record),
    )


def action_center(cloud: str, tenant_id: str = "", tab: str = "pending") -> str:
    """Return the address at which people decide pending actions, in this tenant where one is named. Source: [SEED]."""
    of = f"?tid={quote(tenant_id, safe='')}" if tenant_id else ""
    return f"{portal_of(cloud)}/action-center/{tab}{of}"


def what(record: Record) -> str:
    """Return what would be done to what."""
    return f"{KINDS[record.action.kind]}: {record.action.label}"


def verdict(record: Record) -> str:
    """Return the decision, `none yet` before there is one, `none` where there will be none."""
    if record.decision is not None:
        return record.decision.verb.value
    return "none" if record.state in CLOSED else "none yet"


def deciders(decision: Decision | None) -> str:
    """Return who decided: policies or people by their names, or nobody in time."""
    if decision is None:
        return "not judged"
    return by(decision)


def reason(record: Record) -> str:
    """Return why it was decided so, or why it was not decided."""
    if record.decision is not None:
        return record.decision.reason
    return record.why or "seen, and not judged yet"


def enactment(record: Record) -> str:
    """Return how the decision is carried out, and how far that has come."""
    plan, decision = record.plan, record.decision
    if plan is None or decision is None:
        return "nothing was done"
    match plan.way:
        case Way.REMEDIATE:
            if not plan.effects and plan.duplicate_of is None:
                return plan.why
            return f"{plan.why}; {PROGRESS.get(record.state, record.state.value)}"
        case Way.ADVISORY if decision.lapsed is not None:
            return f"lapsed, and rejected by its chain (advisory: comment and tag; nobody's no). {plan.why}"
        case Way.ADVISORY if record.state is State.DECIDED:
            return f"rejected (advisory, observed: nothing was written). {plan.why}"
        case Way.ADVISORY:
            return f"rejected (advisory: comment and tag). {plan.why}"
        case Way.HAND_OFF if decision.lapsed is not None:
            return f"lapsed: {plan.why}"
        case Way.HAND_OFF:
            return f"handed to a person: {plan.why}"
        case Way.ASK:
            return _held(decision.guard) if decision.guard else plan.why


def _held(guard: str) -> str:
    match guard:
        case name if name == KILL_SWITCH:
            return "held by the kill switch: judged anew once it is released"
        case name if name == BRAKE:
            return "held by the brake: judged anew once it is released"
        case _:
            return f"held by {guard}: people decide"


def confirmation(record: Record) -> str:
    """Return what was seen afterwards, of the effect and of the pending action itself."""
    said = record.confirmation.words
    if record.state is State.UNDONE:
        return "; ".join(filter(None, (undone(record), _pending_words(record), record.why)))
    parts = [_effect_words(record), _pending_words(record), undone(record)]
    is_told = record.why in {said, reason(record)} or record.state is State.SEEN
    if record.why and not is_told:
        # What is repeated in the longer sentence is said once, there.
        parts = [part.removesuffix(f": {said}") if said and said in record.why else part for part in parts]
        parts.append(record.why)
    return "; ".join(part for part in parts if part)


def undone(record: Record) -> str:
    """Return who took something back, when, why and how far; empty where nobody did."""
    told = record.undone
    if told is None:
        return ""
    how = "undone" if record.state is State.UNDONE else "undone in part"
    return f"{how} {moment(told.at)} by {told.by}: {told.reason}; {says(told)}"


def remaining(left: timedelta) -> str:
    """Return how long there is left in two units, such as `6d 23h`; `over` where there is nothing left."""
    seconds = int(left.total_seconds())
    if seconds <= 0:
        return "over"
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m" if minutes else f"{seconds}s"


def commit(git: str) -> str:
    """Return a commit as people read it: its first twelve digits, and `+` where files differ from it.

    Of a base and what a tenant adds to it there may be two.
    """
    return " ".join(one.removesuffix("+")[:12] + ("+" if one.endswith("+") else "") for one in git.split())


def _effect_words(record: Record) -> str:
    seen = record.confirmation
    match seen.effect:
        case EffectSeen.CONFIRMED:
            return f"confirmed: {seen.words}" if seen.words else "confirmed"
        case EffectSeen.PARTLY:
            return f"partly done: {seen.words}"
        case EffectSeen.CONTRADICTED:
            return (
                f"not done yet: {seen.words}" if record.state is State.SENT else f"contradicted: {seen.words}"
            )
        case EffectSeen.UNVERIFIED:
            return f"unverified: {seen.words}"
        case None if record.state is State.SENT:
            return f"to be looked at {moment(record.due)}" if record.due else "not looked at yet"
        case None:
            return record.state.value if record.state in {State.SUPERSEDED, State.EXPIRED} else ""


def _pending_words(record: Record) -> str:
    match record.confirmation.pending:
        case PendingSeen.CLOSED:
            return "closed in Defender"
        case PendingSeen.EXPIRED:
            return "expired in Defender"
        case PendingSeen.OPEN:
            return "still open in Defender"
        case None:
            return "" if record.state in {State.SUPERSEDED, State.EXPIRED} else "open in Defender"
