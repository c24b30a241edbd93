"""How pending actions ended elsewhere: what is kept of it, and what it says of later ones.

Kept are a person's no (`declined`), and `remediated`: a person's yes, or Defender's own closing because the mail
was gone, which the evidence does not tell apart. Not kept is what says nothing of people: an expiry, what ended
by our own deletion, and every other word. A deletion of ours that took another action's messages is seen in
the ledger alone (`Ledger.takers`), so that what is kept here is still to be held against it.

Senders count where they are who they say: where DMARC or composite authentication passed. Whoever forges a
partner's address would otherwise make a past for the partner.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from agent.judge import fold
from agent.judge.clusters import cluster_by
from agent.judge.copies import domain_of
from agent.model.defender import Mail, MailClusterEvidence
from agent.model.enactment import Record, State
from agent.model.facts import Value
from agent.model.past import About, Ended, Matter, PastAnswer, Tally
from agent.model.pending import MAIL_KINDS, PendingAction

WINDOW = timedelta(days=90)
"""How far back answers count."""

MARGIN = timedelta(hours=1)
"""How long before its deadline a no still counts as a person's: from then on it may be the week's end.

What evidence says after the week is UNCONFIRMED, and so is what starts the week.
"""

AUTHENTIC = {"auth.dmarc": frozenset({"pass"}), "auth.composite": frozenset({"pass"})}
"""Facts of a message, and their words, of which one shows that its sender is who it says."""

ANSWERS = {str(ended): ended for ended in Ended}
"""Words of `remediationStatus` that are answers."""


def matters(action: PendingAction, mail: Mail | None) -> tuple[Matter, ...]:
    """Return what to look up of the past to judge the action: its senders, their domains, what it is built on."""
    if action.kind not in MAIL_KINDS:
        return ()
    found = [(About.SENDER, one) for one in _senders(mail) or ()]
    found += [(About.DOMAIN, one) for one in _domains(mail) or ()]
    by = _cluster_by(action)
    if by is not None:
        found.append((About.CLUSTER_BY, by))
    return tuple((action.kind, about, value) for about, value in found)


def recalled(
    action: PendingAction, mail: Mail | None, past: Mapping[Matter, Tally]
) -> Mapping[str, int | None]:
    """Return the facts of the past.

    Of several senders, the one that was declined most often and the one that was remediated least often count:
    the safe side for what is approved.
    """
    if action.kind not in MAIL_KINDS:
        return {}
    by = _cluster_by(action)
    asked: dict[About, Iterable[str] | None] = {
        About.SENDER: _senders(mail),
        About.DOMAIN: _domains(mail),
        About.CLUSTER_BY: None if by is None else (by,),
    }
    facts: dict[str, int | None] = {}
    for about, values in asked.items():
        tallies = [past.get((action.kind, about, value)) for value in values or ()]
        known = [tally for tally in tallies if tally is not None]
        if not known or len(known) < len(tallies):
            continue
        facts[f"history.{about}.declined"] = max(tally.declined for tally in known)
        facts[f"history.{about}.remediated"] = min(tally.remediated for tally in known)
    return facts


def remembered(before: Record | None, after: Record, now: datetime) -> PastAnswer | None:
    """Return what is to be kept when a record goes from one reading to the next; None where that is nothing.

    A reading that says nothing new gives nothing. Once an action awaits approval again within the same week, what
    was kept of it is taken back.
    """
    if before is None or after.action.kind not in MAIL_KINDS:
        return None
    if _is_pending_again(before, after):
        return _answer(after, now, Ended.REMEDIATED, ())
    word = after.action.remediation_status
    ended = ANSWERS.get(word or "")
    if ended is None or not _ended_elsewhere(before, after):
        return None
    if before.state is after.state and before.action.remediation_status == word:
        return None
    if ended is Ended.DECLINED and now >= after.action.deadline - MARGIN:
        return None
    return _answer(after, now, ended, tuple(sorted(_about(after))))


def _answer(record: Record, now: datetime, ended: Ended, about: tuple[tuple[About, str], ...]) -> PastAnswer:
    return PastAnswer(action_id=record.action.id, kind=record.action.kind, at=now, ended=ended, about=about)


def _ended_elsewhere(before: Record, after: Record) -> bool:
    """Whether somebody else ended it: before anything was sent here, or as was decided here and could only be advised."""
    if after.state is State.SUPERSEDED:
        return True
    return before.state is State.REJECTED and after.state is State.CONFIRMED


def _is_pending_again(before: Record, after: Record) -> bool:
    has_ended = before.state in {State.SUPERSEDED, State.CONFIRMED}
    is_same_week = after.action.first_seen < before.action.deadline
    return has_ended and after.state is State.SEEN and after.action.is_pending and is_same_week


def _about(record: Record) -> set[tuple[About, str]]:
    """Return what the action was about, as far as it was known when it was decided, in the forms that are compared."""
    rows = (record.decision.facts.messages or ()) if record.decision is not None else ()
    senders = {str(row["sender.address"]) for row in rows if "sender.address" in row and is_authentic(row)}
    by = _cluster_by(record.action)
    return {
        *((About.SENDER, fold.address(sender)) for sender in senders if sender),
        *((About.DOMAIN, fold.domain(domain)) for sender in senders if (domain := domain_of(sender))),
        *(((About.CLUSTER_BY, by),) if by is not None else ()),
    }


def is_authentic(row: Mapping[str, Value]) -> bool:
    """Whether these facts of a message show that its sender is who it says."""
    return any(row.get(fact) in words for fact, words in AUTHENTIC.items())


def _senders(mail: Mail | None) -> frozenset[str] | None:
    """Return who sent the messages; None where that is not known of all of them, or not shown."""
    if mail is None or mail.unresolved:
        return None
    rows = [
        {"auth.dmarc": copy.dmarc or "", "auth.composite": copy.composite or ""} for copy in mail.messages
    ]
    senders = {copy.sender or "" for copy in mail.messages}
    if "" in senders or not all(map(is_authentic, rows)):
        return None
    return frozenset(map(fold.address, senders))


def _domains(mail: Mail | None) -> frozenset[str] | None:
    """Return the domains of the senders; None where they are not all known."""
    senders = _senders(mail)
    domains = {domain_of(sender) for sender in senders or ()}
    if senders is None or None in domains:
        return None
    return frozenset(fold.domain(domain) for domain in domains if domain)


def _cluster_by(action: PendingAction) -> str | None:
    evidence = action.evidence
    if not isinstance(evidence, MailClusterEvidence):
        return None
    return cluster_by(evidence.cluster_by, evidence.query)
