"""(A record) -> its line on the pages that list what is open: only what is shown, sought and sorted by.

A line is a hundredth of its record. What is not known stays None in it, and is told as not known: neither zero nor empty.
What is counted over copies of mail is as it was when the action was last judged.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from agent.faces.telling import deciders, reason
from agent.faces.would_have import would_have
from agent.judge.answering import is_waiting
from agent.judge.bind import offer_of, targets_of
from agent.judge.copies import domain_of
from agent.judge.worklist import needs_people
from agent.model.defender import (
    MAILBOX_LOCATIONS,
    AnalyzedMessageEvidence,
    MailboxConfigurationEvidence,
    MailboxEvidence,
    MailClusterEvidence,
    UserAccount,
    UserEvidence,
)
from agent.model.enactment import Offer, Record, State, Way
from agent.model.facts import Facts
from agent.model.pending import ActionKind, PendingAction


class Needs(StrEnum):
    """Whom an action waits for."""

    ANSWER = "answer"
    """People, who may answer here."""
    DEFENDER = "defender"
    """People, who have to do something in Defender."""
    NOBODY = "nobody"
    """It is under way."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """So many copies in one place, in Graph's word for it; `unknown` where it is not known."""

    location: str
    copies: int


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One open action. `what`, `subjects`, `incident_name`, `why` and everything of mail may be an attacker's words."""

    id: str
    version: int
    kind: ActionKind
    what: str
    subjects: tuple[str, ...]
    """Of its messages, as far as they are known."""
    incident: str
    incident_name: str | None
    is_mail: bool
    """Whether it is about mail, be its kind known or not."""
    size: int | None
    """Messages of the cluster, by Defender's count; None where it is no mail, or not known."""
    left: int | None
    """Copies that are still in a mailbox."""
    is_least: bool
    """Whether some messages could not be looked up, so that there may be more in mailboxes, recipients and threats."""
    verdict: str | None
    threats: tuple[str, ...] | None
    locations: tuple[Place, ...] | None
    recipients: int | None
    recipient: str | None
    """The only recipient."""
    domains: frozenset[str]
    """Of recipients, senders and accounts."""
    deadline: datetime
    state: State
    status: str | None
    """Defender's word for how it stands."""
    needs: Needs
    decided_by: str
    policies: tuple[str, ...]
    guard: str | None
    would_have: str
    """What observing policies would have made of it; empty where they had no opinion."""
    why: str
    chain: str | None
    """That its policies name."""
    was_judged: bool
    can_approve: bool
    """Whether the agent could carry an approval out."""
    targets: int
    """What an approval would act on."""
    sought: str
    """Everything that a search looks through, case-folded."""

    @property
    def awaits(self) -> bool:
        """Whether a person has to do something."""
        return self.needs is not Needs.NOBODY


class Mail(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of the mail of one action."""

    size: int | None = None
    left: int | None = None
    is_least: bool = False
    threats: tuple[str, ...] | None = None
    locations: tuple[Place, ...] | None = None
    recipients: int | None = None
    addresses: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


def line_of(record: Record) -> Line:
    """Return the line of a record."""
    action, decision, offered = record.action, record.decision, offer_of(record)
    mail = _mail(action, decision.facts if decision is not None else None)
    why, by = reason(record), deciders(decision)
    told = (
        *(action.id, action.kind.value, action.label, action.key, action.incident.id, by, why, record.why),
        *(action.incident.display_name or "", decision.guard or "" if decision is not None else ""),
        *(mail.subjects + mail.senders + mail.addresses),
    )
    return Line(
        id=action.id,
        version=record.version,
        kind=action.kind,
        what=action.label,
        subjects=mail.subjects,
        incident=action.incident.id,
        incident_name=action.incident.display_name,
        is_mail=isinstance(action.evidence, MailClusterEvidence | AnalyzedMessageEvidence),
        size=mail.size,
        left=mail.left,
        is_least=mail.is_least,
        verdict=action.evidence.verdict if action.evidence is not None else None,
        threats=mail.threats,
        locations=mail.locations,
        recipients=mail.recipients,
        recipient=mail.addresses[0] if mail.recipients == 1 and mail.addresses else None,
        domains=_domains((*mail.addresses, *mail.senders, *_accounts(action))),
        deadline=action.deadline,
        state=record.state,
        status=action.remediation_status,
        needs=_needs(record, offered),
        decided_by=by,
        policies=decision.policies if decision is not None else (),
        guard=decision.guard if decision is not None else None,
        would_have=would_have(decision),
        why=why,
        chain=decision.escalation if decision is not None else None,
        was_judged=decision is not None,
        can_approve=is_waiting(record) and offered is not None and offered.way is Way.REMEDIATE,
        targets=len(targets_of(offered.effects)) if offered is not None else 0,
        sought="\n".join(filter(None, told)).casefold(),
    )


def _needs(record: Record, offered: Offer | None) -> Needs:
    if not needs_people(record):
        return Needs.NOBODY
    can_be_answered = is_waiting(record) and offered is not None and record.action.is_pending
    return Needs.ANSWER if can_be_answered else Needs.DEFENDER


def _mail(action: PendingAction, facts: Facts | None) -> Mail:
    match action.evidence:
        case MailClusterEvidence() as cluster:
            return _judged(facts, cluster.email_count) or Mail(size=cluster.email_count)
        case AnalyzedMessageEvidence() as message:
            return _judged(facts, 1) or _of_message(message)
        case _:
            return Mail()


def _judged(facts: Facts | None, size: int | None) -> Mail | None:
    """Return what was known of the messages when the action was judged; None where none were looked up."""
    if facts is None or facts.messages is None:
        return None
    values, is_whole = facts.values, facts.messages_complete
    places = Counter(str(one.get("location", "unknown")) for one in facts.messages)
    addresses = _texts(values.get("recipients"))
    in_mailboxes = sum(places[place] for place in MAILBOX_LOCATIONS)
    is_placed = is_whole and not places["unknown"]
    return Mail(
        size=size,
        left=in_mailboxes if is_placed or in_mailboxes else None,
        is_least=not is_placed,
        threats=_texts(values.get("threats")) or (() if is_whole else None),
        locations=tuple(Place(place, count) for place, count in places.most_common()) or None,
        recipients=len(addresses) or None,
        addresses=addresses,
        senders=_texts(values.get("senders")),
        subjects=_texts(values.get("subjects")),
    )


def _of_message(message: AnalyzedMessageEvidence) -> Mail:
    """Return what Defender said of one message that was not looked up yet."""
    sender = message.p2_sender.email_address if message.p2_sender is not None else None
    place, recipient = message.delivery_location, message.recipient_email_address
    return Mail(
        size=1,
        left=None if place is None else int(place in MAILBOX_LOCATIONS),
        threats=message.threats or None,
        locations=None if place is None else (Place(place, 1),),
        recipients=None if recipient is None else 1,
        addresses=() if recipient is None else (recipient.lower(),),
        senders=() if not sender else (sender.lower(),),
        subjects=() if not message.subject else (message.subject,),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(sorted(value)) if isinstance(value, frozenset) else ()


def _accounts(action: PendingAction) -> tuple[str, ...]:
    """Return the names of the account or mailbox that the action is about."""
    match action.evidence:
        case UserEvidence(user_account=UserAccount() as account):
            return (account.user_principal_name or "",)
        case MailboxConfigurationEvidence() as mailbox:
            return (mailbox.mailbox_primary_address or "", mailbox.upn or "")
        case MailboxEvidence() as mailbox:
            return (mailbox.primary_address or "", mailbox.upn or "")
        case _:
            return ()


def _domains(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(domain_of, addresses)))
