"""A record -> what people are told of it; and how it ended, where it needs nobody any more."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from agent.judge.people import UNPASSED
from agent.judge.quote import quote, shorten, visible
from agent.judge.track import AMBIGUOUS
from agent.judge.worklist import needs_people, why
from agent.model.decision import Decision, Verb
from agent.model.defender import MailClusterEvidence
from agent.model.enactment import PendingSeen, Record, State, Way
from agent.model.escalation import Item, Need
from agent.model.pending import MAIL_KINDS, ActionKind, PendingAction

KINDS: Mapping[ActionKind, str] = {
    ActionKind.SOFT_DELETE_MESSAGE: "soft delete of a message",
    ActionKind.SOFT_DELETE_CLUSTER: "soft delete of a mail cluster",
    ActionKind.DISABLE_FORWARDING: "turning off external mail forwarding",
    ActionKind.REMOVE_DELEGATION: "removal of a mailbox delegation",
    ActionKind.QUARANTINE_FILE: "quarantine of a file",
    ActionKind.REMOVE_REGISTRY_KEY: "removal of a registry key",
    ActionKind.BLOCK_URL: "block of a URL",
    ActionKind.DISABLE_USER: "disabling of a user",
    ActionKind.REVOKE_USER_SESSIONS: "revocation of a user's sessions",
    ActionKind.FORCE_PASSWORD_RESET: "reset of a user's password",
    ActionKind.UNKNOWN: "an action that only the Action center names",
}

MAIL = frozenset(KINDS[kind] for kind in MAIL_KINDS)
"""Kinds, in words, whose targets are messages."""

ASKED = frozenset({State.ESCALATED, State.HELD})
"""States in which people decide."""

HANDED = frozenset({State.HANDED_OFF, State.LAPSED})
"""States in which a person decides it in Defender."""

LOOKED_AT = frozenset({State.UNKNOWN, State.UNVERIFIED, State.CONTRADICTED, State.REFUSED})
"""States in which something was sent, and a person has to look what became of it."""

ON_THE_WAY = frozenset({State.SEEN, State.ANSWERED})
"""States that pass: it is about to be judged. Until it is, people are told what was with them before."""

OVER = frozenset({PendingSeen.CLOSED, PendingSeen.EXPIRED})

WEEK_ENDED = "the week ended and nobody decided: it lapsed in Defender"
"""What is said of what nobody decided. It is never told as anybody's no."""

NEAR = timedelta(hours=24)
"""How long before the deadline people hear again of what they approved and something still holds."""

LONGEST_WHY = 600


def item_of(record: Record, now: datetime) -> Item | None:
    """Return what people are told of the record; None where it needs nobody on a page, or its week is over."""
    need = _need(record, now)
    if need is None or now >= record.action.deadline:
        return None
    action, decision = record.action, record.decision
    asked = decision.approvers if decision is not None else 0
    return Item(
        action_id=action.id,
        kind=KINDS[action.kind],
        what=visible(shorten(action.label, 200)),
        why=visible(shorten(why(record), LONGEST_WHY)),
        need=need,
        incident_id=action.incident.id,
        incident_url=action.incident.web_url,
        deadline=action.deadline,
        amount=_amount(record),
        approvers=max(asked, 1) if need is Need.ANSWER else 0,
    )


def _need(record: Record, now: datetime) -> Need | None:
    if record.state in ON_THE_WAY:
        return None if _is_over(record) else _before(record)
    if not needs_people(record):
        return None
    if record.state in LOOKED_AT:
        return Need.LOOK
    if _is_over(record):
        return None
    if _is_answered(record):
        return Need.HAND if record.action.deadline - now <= NEAR else None
    if record.state in ASKED:
        return Need.ANSWER if _can_be_carried_out(record) else Need.HAND
    return Need.HAND if record.state in HANDED else None


def _is_answered(record: Record) -> bool:
    """Whether people have approved it already, and something that no answer passes holds it, such as the kill switch."""
    decision = record.decision
    return record.state is State.HELD and decision is not None and _is_held_approval(decision)


def _is_held_approval(decision: Decision) -> bool:
    return bool(decision.answered) and decision.guard in UNPASSED


def _is_over(record: Record) -> bool:
    """Whether Defender shows it decided; a word that does not say how it stands ends nothing."""
    action = record.action
    is_shown = not action.is_pending and action.remediation_status not in AMBIGUOUS
    return is_shown or record.confirmation.pending in OVER


def _before(record: Record) -> Need | None:
    """Return what people had to do until it came to be judged anew, or was answered."""
    if record.decision is None:
        return None
    way = record.plan.way if record.plan is not None else Way.ASK
    if way is Way.ASK and _can_be_carried_out(record):
        return Need.ANSWER
    return Need.HAND if way in {Way.ASK, Way.HAND_OFF} else None


def _can_be_carried_out(record: Record) -> bool:
    offered = record.plan.offered if record.plan is not None else None
    return offered is not None and offered.way is Way.REMEDIATE


def _amount(record: Record) -> int:
    """Return how many targets it has: those offered or planned where it was looked up, else those of its evidence."""
    plan = record.plan
    effects = () if plan is None else plan.offered.effects if plan.offered is not None else plan.effects
    found = len({target for effect in effects for target in effect.targets})
    return found or _of_evidence(record.action)


def _of_evidence(action: PendingAction) -> int:
    match action.evidence:
        case MailClusterEvidence(email_count=count, network_message_ids=ids):
            return max(count or 0, len(ids), 1)
        case _:
            return 1


def ending_of(record: Record | None, now: datetime) -> str:
    """Say what ended it, and who: for the pages of a record that needs nobody any more. One line, nothing foreign bare."""
    if record is None:
        return "it is not in the ledger any more"
    decision = record.decision
    match record.state:
        case State.EXPIRED:
            return WEEK_ENDED
        case State.ANSWERED:
            return visible(shorten(record.why or "people answered it", 200))
        case State.HELD if (
            decision is not None and _is_held_approval(decision) and now < record.action.deadline
        ):
            return (
                f"{_names(decision)} approved it; it is held by {quote(decision.guard or '')} until that ends"
            )
        case State.SUPERSEDED:
            return visible(shorten(record.why or "it was decided elsewhere", 200))
        case State.UNDONE if record.undone is not None:
            return f"{quote(record.undone.by)} took back what was done"
        case State.DEDUPLICATED:
            return "another action covers all it is about"
        case State.SEEN:
            return "it is judged anew, for what it is about has changed"
        case _ if now >= record.action.deadline:
            return WEEK_ENDED
        case _ if record.confirmation.pending is PendingSeen.CLOSED and not _was_decided(record):
            return "decided in Defender"
    return _decided(decision) if decision is not None else "it needs nobody any more"


def _was_decided(record: Record) -> bool:
    """Whether policies or people decided it here."""
    return record.decision is not None and (
        record.decision.verb is not Verb.ESCALATE and record.decision.guard is None
    )


DONE: Mapping[Verb, str] = {
    Verb.APPROVE: "approved it",
    Verb.REJECT: "rejected it",
    Verb.ESCALATE: "left it to people",
}
"""What somebody did, by what they decided."""


def _names(decision: Decision) -> str:
    """Return the people whose answers decided it."""
    people = [one for one in decision.answered if one.verb is decision.verb] or decision.answered
    return " and ".join(dict.fromkeys(quote(one.name, 60) for one in people))


def _decided(decision: Decision) -> str:
    """Say who decided what: people by name, the lapse as nobody, policies by theirs."""
    done = DONE[decision.verb]
    if decision.answered:
        return f"{_names(decision)} {done}"
    if decision.lapsed is not None:
        return f"nobody answered in time: chain {quote(decision.lapsed.chain)} {done}, and it is nobody's no"
    if not decision.policies:
        return f"no policy {done}"
    names = ", ".join(decision.policies[:3])
    return f"{'policy' if len(decision.policies) == 1 else 'policies'} {names} {done}"
