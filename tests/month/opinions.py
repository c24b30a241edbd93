"""What the shipped policies say of a proposal, written down again in plain Python from what the simulator knows of it.

It reads the simulator's own letters and evidence, never the agent's facts, and shares no line with the engine.
"""

from collections.abc import Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from agent.model.decision import Verb
from agent.simulator.mail import Copy
from agent.simulator.nouns import Act, Proposal
from agent.simulator.state import State

Opinion = tuple[Verb | None, frozenset[str]]
"""What observing policies would have decided, and which of them."""

NONE: Opinion = (Verb.ESCALATE, frozenset())
"""No policy is for it: a person decides."""

VIP = {"ceo@contoso.example", "cfo@contoso.example"}
REGISTER = {"invoices@contoso.example", "press@contoso.example"}
OWN, TRAINING, NEWSLETTER = "contoso.example", "simulation.contoso-training.example", "newsletter.example"
PARTNERS = ("partner.example", "fabrikam.example")
MOST = {"file": ("malicious-file-clusters", 500), "url": ("malicious-url-clusters", 200)}


def opinion(state: State, proposal: Proposal, at: datetime) -> Opinion:
    """Return what the shipped policies would have decided at a moment."""
    evidence = proposal.evidence
    malicious = evidence["verdict"] == "malicious"
    match proposal.kind:
        case "mailClusterEvidence":
            return _on_cluster(list(proposal.copies(state.post)), evidence["clusterBy"], malicious, at)
        case "analyzedMessageEvidence":
            return _on_message(list(proposal.copies(state.post)), malicious)
        case "mailboxConfigurationEvidence":
            return _on_mailbox(evidence["configurationType"], evidence["mailboxPrimaryAddress"], malicious)
        case "userEvidence":
            locks = proposal.act in {Act.DISABLE_USER, Act.REVOKE_SESSIONS}
            if locks and malicious:
                return _said(Verb.APPROVE, "malicious-accounts")
            return _said(Verb.ESCALATE, "compromised-users")
        case "fileEvidence":
            is_ours = evidence["fileDetails"]["signer"] in {"Contoso Ltd", "Contoso Deployment"}
            return _said(Verb.APPROVE, "device-files") if malicious and not is_ours else NONE
        case _:
            return NONE


def _on_cluster(copies: Sequence[Copy], built_on: str, malicious: bool, at: datetime) -> Opinion:
    letter, mailboxes = copies[0].letter, sum(_was_there(copy, at) for copy in copies)
    by = {"Urls": "url", "FileHash": "file"}.get(built_on, "similarity")
    if any(copy.recipient in VIP for copy in copies):
        return _said(Verb.ESCALATE, "vip-recipients")
    if _is_from(copies, TRAINING):
        return _said(Verb.REJECT, "phishing-simulation")
    if by == "similarity" and _is_from(copies, NEWSLETTER) and not _threats(copies):
        return _said(Verb.REJECT, "wanted-newsletters")
    if mailboxes > 1_000:
        return _said(Verb.ESCALATE, "large-clusters")
    if mailboxes > 100 and not _is_open(at):
        return _said(Verb.ESCALATE, "large-clusters-out-of-hours")
    if not malicious or letter.direction != "inbound" or any(_is_from(copies, one) for one in PARTNERS):
        return NONE
    if by == "similarity":
        is_bulk = bool({"Bulk", "Mail bombing"} & set(letter.methods))
        is_small = mailboxes <= 50 and bool(_threats(copies)) and not is_bulk
        return _said(Verb.APPROVE, "similarity-clusters-small") if is_small else NONE
    policy, most = MOST[by]
    return _said(Verb.APPROVE, policy) if mailboxes <= most else NONE


def _on_message(copies: Sequence[Copy], malicious: bool) -> Opinion:
    if any(copy.recipient in VIP for copy in copies):
        return _said(Verb.ESCALATE, "vip-recipients")
    if _is_from(copies, TRAINING):
        return _said(Verb.REJECT, "phishing-simulation")
    is_inbound = copies[0].letter.direction == "inbound"
    if not (malicious and is_inbound and _threats(copies)) or any(_is_from(copies, one) for one in PARTNERS):
        return NONE
    return _said(Verb.APPROVE, "single-malicious-messages")


def _on_mailbox(setting: str, address: str, malicious: bool) -> Opinion:
    if setting == "mailDelegation":
        return _said(Verb.ESCALATE, "mailbox-delegation")
    if address in REGISTER:
        return NONE if malicious else _said(Verb.REJECT, "approved-forwarding")
    return NONE if address in VIP else _said(Verb.APPROVE, "unapproved-forwarding")


def _is_from(copies: Sequence[Copy], domain: str) -> bool:
    """Whether it is from this domain, and authentic."""
    letter = copies[0].letter
    return letter.dmarc == "pass" and letter.sender.endswith(f"@{domain}")


def _threats(copies: Sequence[Copy]) -> set[str]:
    return {"phish", "malware"} & set(copies[0].letter.threats)


def _was_there(copy: Copy, at: datetime) -> bool:
    """Whether it was in a mailbox then: whatever moved since was in one before."""
    return copy.in_mailbox if copy.moved is None else copy.moved > at


def _is_open(at: datetime) -> bool:
    local = at.astimezone(ZoneInfo("Europe/Madrid"))
    return local.weekday() < 5 and time(7) <= local.time() < time(20)


def _said(verb: Verb, *policies: str) -> Opinion:
    return verb, frozenset(policies)
