"""The facts that came in with the second number of the fact table: clicks, history, users' reports, the split of clusters.

What each of them rests on stands where it is gathered: clicks in `copies` and the adapter's `clicks`, history in
`remember`, reports in `reported`, the split in `copies`.
"""

from agent.model.facts import FactType as T

SINCE = 2

Addition = tuple[str, T, str, str]
"""Name, type, where it comes from, and when it is unknown."""

_UNRESOLVED = "a message is not resolved"
_NO_PLACE = f"{_UNRESOLVED}, or the place of one is not known"
_NO_CLICKS = f"{_UNRESOLVED}, or hunting or its table `UrlClickEvents` is not there"
_NO_ACCOUNT = f"{_NO_CLICKS}, or a click names no account"
_NO_SENDER = f"{_UNRESOLVED}, or a sender is not known or not authenticated"
_NO_DOMAIN = f"{_UNRESOLVED}, or the domain of a sender is not known or not authenticated"
_NO_BY = "`cluster.by` is unknown"
_OLD_ALERT = "an alert has no title, or was read by a version that did not ask"

_DECLINED = "earlier actions of this kind that people declined, in the last 90 days"
_REMEDIATED = (
    "earlier actions of this kind that Defender showed as remediated without us, in the last 90 days: a person's "
    "approval, or Defender's own closing because the mail was gone"
)

TO_EVERY: tuple[Addition, ...] = (
    ("alert.isUserReport", T.YESNO, "whether an alert that shows it is a user's report of mail", _OLD_ALERT),
    ("reports.count", T.NUMBER, "alerts of the incident that are users' reports of mail", _OLD_ALERT),
)

OVER_MESSAGES: tuple[Addition, ...] = (
    ("clicks.count", T.NUMBER, "clicks on URLs in the messages, as Safe Links recorded them", _NO_CLICKS),
    ("clicks.allowed", T.NUMBER, "clicks that were not blocked: they led on, or may have", _NO_CLICKS),
    ("clicks.accounts", T.ADDRESSES, "user principal names of those who clicked", _NO_ACCOUNT),
    ("clicks.users", T.NUMBER, "how many different accounts clicked", _NO_ACCOUNT),
    (
        "history.sender.declined",
        T.NUMBER,
        f"{_DECLINED}, with a message of the sender, by DMARC or composite authentication; of several senders, the one with most",
        _NO_SENDER,
    ),
    (
        "history.sender.remediated",
        T.NUMBER,
        f"{_REMEDIATED}; with a message of the sender, by DMARC or composite authentication; of several senders, the one with least",
        _NO_SENDER,
    ),
    (
        "history.domain.declined",
        T.NUMBER,
        f"{_DECLINED}, with a message of the sender's domain, by DMARC or composite authentication; of several domains, the one with most",
        _NO_DOMAIN,
    ),
    (
        "history.domain.remediated",
        T.NUMBER,
        f"{_REMEDIATED}; with a message of the sender's domain, by DMARC or composite authentication; of several domains, the one with least",
        _NO_DOMAIN,
    ),
)

OVER_CLUSTERS: tuple[Addition, ...] = (
    ("cluster.inboxCount", T.NUMBER, "copies in an inbox or a folder of the mailbox's own now", _NO_PLACE),
    ("cluster.junkCount", T.NUMBER, "copies in a junk folder now", _NO_PLACE),
    ("cluster.deletedCount", T.NUMBER, "copies in a folder of deleted items now", _NO_PLACE),
    ("cluster.quarantineCount", T.NUMBER, "copies in quarantine now", _NO_PLACE),
    ("cluster.externalCount", T.NUMBER, "copies on premises or outside now", _NO_PLACE),
    ("cluster.phishCount", T.NUMBER, "copies in which phishing was found", _UNRESOLVED),
    ("cluster.malwareCount", T.NUMBER, "copies in which malware was found", _UNRESOLVED),
    ("cluster.spamCount", T.NUMBER, "copies in which spam was found", _UNRESOLVED),
)

TO_CLUSTERS: tuple[Addition, ...] = (
    ("history.clusterBy.declined", T.NUMBER, f"{_DECLINED}, with the same `cluster.by`", _NO_BY),
    ("history.clusterBy.remediated", T.NUMBER, f"{_REMEDIATED}; with the same `cluster.by`", _NO_BY),
)

TO_ONE_MESSAGE: tuple[Addition, ...] = (
    (
        "clicked",
        T.YESNO,
        "whether Safe Links recorded a click of the recipient, whose user principal name is the address",
        "clicks are not known, or an account clicked that is the address of no recipient",
    ),
    (
        "clickedThrough",
        T.YESNO,
        "whether Safe Links recorded that the recipient went on past a warning",
        "clicks are not known, or an account that is the address of no recipient went on past a warning",
    ),
)
