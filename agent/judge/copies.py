"""Copies of mail -> facts: of each copy by itself, and over all of them.

What is counted over all copies is left out while one of them is missing, or does not say what is asked; a set
is left out where a complete answer lacks a member of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from agent.model.defender import MAILBOX_LOCATIONS, Clicks, MailMessage

Raw = Mapping[str, str | int | bool | datetime | Iterable[str] | None]
"""Facts as they are gathered: what is None is not given."""

PLACES: Mapping[str, str] = {
    "cluster.inboxCount": "inbox_folder",
    "cluster.junkCount": "junkFolder",
    "cluster.deletedCount": "deletedFolder",
    "cluster.quarantineCount": "quarantine",
    "cluster.externalCount": "onprem_external",
}
"""Facts that count copies by where they are, and the word of `deliveryLocation` that each counts."""

THREATS: Mapping[str, str] = {
    "cluster.phishCount": "phish",
    "cluster.malwareCount": "malware",
    "cluster.spamCount": "spam",
}
"""Facts that count copies by the threat found in them; a copy with two threats counts twice."""


def facts_over(copies: Sequence[MailMessage], *, is_complete: bool) -> Raw:
    """Return the facts over all copies."""
    recipients = {copy.recipient.lower() for copy in copies}
    senders = {copy.sender.lower() for copy in copies if copy.sender}
    names_all_senders = all(copy.sender for copy in copies)
    facts: dict[str, int | Iterable[str] | None] = {
        "recipients": recipients,
        "recipients.domains": {domain_of(recipient) or "" for recipient in recipients},
        "recipients.count": len(recipients) if is_complete else None,
        "threats": {threat for copy in copies for threat in copy.threats},
        "subjects": {copy.subject for copy in copies if copy.subject}
        if all(copy.subject for copy in copies)
        else None,
        "senders": senders if names_all_senders else None,
        "senders.domains": {domain_of(sender) or "" for sender in senders} if names_all_senders else None,
    }
    for name, words in (
        ("locations", [copy.location for copy in copies]),
        ("directions", [copy.direction for copy in copies]),
    ):
        facts[name] = {word for word in words if word} if all(words) else None
    return facts | _clicks(copies, is_complete=is_complete)


def facts_of_cluster(copies: Sequence[MailMessage], *, is_complete: bool) -> Raw:
    """Return how many copies there are, and how many of them by place and by threat.

    Graph's evidence does not carry Defender's own split (`CountByThreatType`, `CountByDeliveryStatus`), which is
    of the moment of the investigation; this is of now. Source: Office 365 Management Activity API, schema.
    """
    if not is_complete:
        return {}
    threats = Counter(threat for copy in copies for threat in set(copy.threats))
    facts: dict[str, int] = {name: threats[threat] for name, threat in THREATS.items()}
    facts["cluster.copyCount"] = len(copies)
    places = Counter(copy.location for copy in copies)
    if None in places:
        return facts
    facts |= {name: places[place] for name, place in PLACES.items()}
    facts["cluster.mailboxCount"] = sum(places[place] for place in MAILBOX_LOCATIONS)
    return facts


def facts_of_one(copy: MailMessage) -> Raw:
    """Return the facts of one copy."""
    return {
        "recipient": copy.recipient.lower(),
        "recipient.domain": domain_of(copy.recipient),
        "sender.address": copy.sender,
        "sender.domain": domain_of(copy.sender),
        "sender.mailFrom": copy.mail_from,
        "sender.mailFromDomain": domain_of(copy.mail_from),
        "sender.ip": copy.sender_ip,
        "subject": copy.subject,
        "direction": copy.direction,
        "location": copy.location,
        "originalLocation": copy.original_location,
        "inMailbox": None if copy.location is None else copy.location in MAILBOX_LOCATIONS,
        "threats": copy.threats,
        "detectionMethods": copy.detection_methods,
        "auth.spf": copy.spf,
        "auth.dkim": copy.dkim,
        "auth.dmarc": copy.dmarc,
        "auth.composite": copy.composite,
        "received": copy.received,
        "clicked": _is_clicked(copy),
        "clickedThrough": _is_clicked(copy, through=True),
    }


def domain_of(address: str | None) -> str | None:
    """Return the domain of an address in lower case; None where there is none."""
    if address is None or "@" not in address:
        return None
    return address.rsplit("@", 1)[1].lower() or None


def _clicks(copies: Sequence[MailMessage], *, is_complete: bool) -> dict[str, int | Iterable[str] | None]:
    """Return what was clicked in these messages; an account's clicks in one message count once, however many copies."""
    clicks: dict[tuple[str, str], Clicks] = {}
    for copy in copies:
        if copy.clicks is None:
            return {}
        for one in copy.clicks:
            clicks[copy.network_message_id.lower(), one.account] = one
    accounts = {one.account for one in clicks.values()}
    names_all_accounts = "" not in accounts
    facts: dict[str, int | Iterable[str] | None] = {
        "clicks.accounts": accounts if names_all_accounts and copies else None
    }
    if is_complete and copies:
        facts["clicks.count"] = sum(one.count for one in clicks.values())
        facts["clicks.allowed"] = sum(one.allowed for one in clicks.values())
        facts["clicks.users"] = len(accounts) if names_all_accounts else None
    return facts


def _is_clicked(copy: MailMessage, *, through: bool = False) -> bool | None:
    """Whether the copy's recipient clicked, or with `through` went on past a warning.

    None where somebody did whose account is the address of no recipient: it may be this one under another name.
    """
    if copy.clicks is None:
        return None
    recipient = copy.recipient.lower()
    theirs = [one for one in copy.clicks if one.account == recipient]
    if theirs:
        return not through or any(one.through for one in theirs)
    return None if any(one.through or not through for one in copy.clicks) else False
