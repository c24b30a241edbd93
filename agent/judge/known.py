"""What else is so of facts, as data by name: how often they are known, what they count, what carries them.

`vocabulary` puts this into the rows of the fact table. Source: `gather`, which fills the facts, and the
documentation of `microsoft.graph.security.alert` and `incident`: the words of triage are null until a person
gives them.
"""

from collections.abc import Mapping
from enum import StrEnum

from agent.model.pending import USER_KINDS, ActionKind, KindSource


class Known(StrEnum):
    """How often a fact is known."""

    ALWAYS = "always"
    USUALLY = "usually"
    SELDOM = "seldom"


ALWAYS = frozenset(
    {
        "tenant.id",
        "action.kind",
        "action.kindSource",
        "action.firstSeen",
        "action.deadline",
        "action.alertCount",
        "alert.titles",
        "incident.id",
        "incident.alertCount",
    }
)
"""The agent itself makes these, so that they are never missing."""

_UNTRIAGED = "nobody has triaged it yet"
_UNASSIGNED = "nobody has been assigned"

SELDOM: Mapping[str, str] = {
    "alert.classification": _UNTRIAGED,
    "alert.determination": _UNTRIAGED,
    "alert.assignedTo": _UNASSIGNED,
    "incident.classification": _UNTRIAGED,
    "incident.determination": _UNTRIAGED,
    "incident.assignedTo": _UNASSIGNED,
    "file.signer": "the file is not signed",
    "file.publisher": "the file names no publisher",
    "cluster.volumeAnomaly": "no row of AIR's about the cluster was read, as where hunting is not granted",
}
"""Often missing, and why."""

COUNTS: Mapping[str, str] = {
    "action.alertCount": "alerts",
    "incident.alertCount": "alerts",
    "recipients.count": "recipients",
    "cluster.mailboxCount": "copies",
    "cluster.copyCount": "copies",
    "cluster.emailCount": "messages",
    "message.attachmentsCount": "attachments",
    "file.size": "bytes",
    "reports.count": "alerts",
    "clicks.count": "clicks",
    "clicks.allowed": "clicks",
    "clicks.users": "accounts",
    "history.sender.declined": "actions",
    "history.sender.remediated": "actions",
    "history.domain.declined": "actions",
    "history.domain.remediated": "actions",
    "history.clusterBy.declined": "actions",
    "history.clusterBy.remediated": "actions",
    "cluster.inboxCount": "copies",
    "cluster.junkCount": "copies",
    "cluster.deletedCount": "copies",
    "cluster.quarantineCount": "copies",
    "cluster.externalCount": "copies",
    "cluster.phishCount": "copies",
    "cluster.malwareCount": "copies",
    "cluster.spamCount": "copies",
}
"""Whole numbers that are never negative, and what they count."""

SIZES = frozenset({"recipients.count", "cluster.mailboxCount", "cluster.copyCount", "cluster.emailCount"})
"""Counts on which a ceiling is a ceiling on how much mail one approval deletes."""

CARRIERS: Mapping[str, frozenset[str]] = {
    "mailbox.configurationType": frozenset({"mailboxConfigurationEvidence"}),
    "mailbox.configurationId": frozenset({"mailboxConfigurationEvidence"}),
    "mailbox.": frozenset({"mailboxConfigurationEvidence", "mailboxEvidence"}),
    "user.": frozenset({"userEvidence"}),
    "device.id": frozenset({"deviceEvidence", "processEvidence", "fileEvidence"}),
    "device.": frozenset({"deviceEvidence"}),
    "process.": frozenset({"processEvidence"}),
    "file.": frozenset({"fileEvidence"}),
    "cluster.": frozenset({"mailClusterEvidence"}),
    "message.": frozenset({"analyzedMessageEvidence"}),
    "registry.": frozenset({"registryKeyEvidence"}),
    "url.": frozenset({"urlEvidence"}),
}
"""Types of evidence that carry a fact, by its name or by how the name begins, the longest first; facts that
are not here may come with any."""

EVIDENCE_OF: Mapping[ActionKind, str] = {
    ActionKind.SOFT_DELETE_MESSAGE: "analyzedMessageEvidence",
    ActionKind.SOFT_DELETE_CLUSTER: "mailClusterEvidence",
    ActionKind.DISABLE_FORWARDING: "mailboxConfigurationEvidence",
    ActionKind.REMOVE_DELEGATION: "mailboxConfigurationEvidence",
    ActionKind.QUARANTINE_FILE: "fileEvidence",
    ActionKind.REMOVE_REGISTRY_KEY: "registryKeyEvidence",
    ActionKind.BLOCK_URL: "urlEvidence",
    **dict.fromkeys(sorted(USER_KINDS), "userEvidence"),
}
"""The type of evidence that a kind is recognised by; an `unknown` one may be of any type, or of none."""

_SOURCES_OF: Mapping[ActionKind, frozenset[KindSource]] = {
    ActionKind.UNKNOWN: frozenset({KindSource.NOWHERE}),
    ActionKind.DISABLE_FORWARDING: frozenset({KindSource.EVIDENCE, KindSource.HUNTING}),
    **dict.fromkeys(sorted(USER_KINDS), frozenset({KindSource.HUNTING})),
}


def sources_of(kind: ActionKind) -> frozenset[KindSource]:
    """Return from where a kind can be learned."""
    return _SOURCES_OF.get(kind, frozenset({KindSource.EVIDENCE}))


def known(name: str) -> Known:
    """Return how often the fact is known."""
    if name in ALWAYS:
        return Known.ALWAYS
    return Known.SELDOM if name in SELDOM else Known.USUALLY


def carriers(name: str) -> frozenset[str] | None:
    """Return the types of evidence that carry the fact; None where any may."""
    return CARRIERS.get(name) or CARRIERS.get(f"{name.partition('.')[0]}.")
