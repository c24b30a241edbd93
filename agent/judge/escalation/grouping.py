"""With which other actions of its chain an action shares a page."""

from hashlib import sha256

from agent.judge.clusters import cluster_by
from agent.judge.escalation.places import OF_INCIDENT
from agent.model.chain import Chain, Grouping
from agent.model.defender import AnalyzedMessageEvidence, FileEvidence, MailClusterEvidence, UrlEvidence
from agent.model.enactment import Record
from agent.model.hold import BRAKE
from agent.model.pending import PendingAction

BRAKED = f"guard:{BRAKE}"
"""The group of all that the brake holds: one question, however many incidents."""

CAMPAIGN = "campaign:"


def group_of(record: Record, chain: Chain) -> str:
    """Return what the record's action shares a page with: the brake's hold, a campaign, or its incident."""
    if record.decision is not None and record.decision.guard == BRAKE:
        return BRAKED
    about = _campaign(record) if chain.group is Grouping.CAMPAIGN else None
    return f"{CAMPAIGN}{about}" if about is not None else f"{OF_INCIDENT}{record.action.incident.id}"


def _campaign(record: Record) -> str | None:
    """Name the URL, file or sender's domain that it is about; None where none is known.

    The name is a digest: what it stands for is an attacker's text.
    """
    about = _of_evidence(record.action) or _of_senders(record)
    if about is None:
        return None
    kind, value = about
    return f"{kind}:{sha256(value.strip().casefold().encode(errors='backslashreplace')).hexdigest()[:16]}"


def _of_evidence(action: PendingAction) -> tuple[str, str] | None:
    match action.evidence:
        case MailClusterEvidence(cluster_by=named, cluster_by_value=value, query=query):
            by = cluster_by(named, query)
            about = value or query
            return (by, about) if by in {"url", "file"} and about else None
        case UrlEvidence(url=str(url)) if url:
            return ("url", url)
        case FileEvidence(file_details=details) if details is not None:
            found = details.sha256 or details.sha1
            return ("file", found) if found else None
        case AnalyzedMessageEvidence(p2_sender=sender) if sender is not None:
            return _of_sender(sender.domain_name, sender.email_address)
        case _:
            return None


def _of_sender(domain: str | None, address: str | None) -> tuple[str, str] | None:
    found = domain or (address or "").rpartition("@")[2]
    return ("domain", found) if found else None


def _of_senders(record: Record) -> tuple[str, str] | None:
    """Return the one domain that all its mail comes from, where the decision's facts know of just one."""
    domains = record.decision.facts.values.get("senders.domains") if record.decision is not None else None
    if not isinstance(domains, frozenset) or len(domains) != 1:
        return None
    return ("domain", next(iter(domains)))
