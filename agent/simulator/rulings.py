"""How the people of a tenant decide, by rules that they all know: right, but for the mistakes they make.

The rules are people's own. Some go with what usual policies say, some are stricter or looser: a survey that Defender takes
for phishing, and the tools of administrators, are left alone here.
"""

from collections.abc import Callable

from agent.simulator.mail import Letter
from agent.simulator.names import PARTNERS, REGISTERED, SIMULATION_DOMAIN, SURVEY_DOMAIN, TRUSTED_SIGNER
from agent.simulator.nouns import Proposal
from agent.simulator.shapes import Json
from agent.simulator.state import State

TOOLS = frozenset({"psexec.exe", "anydesk.exe"})
"""Programs that administrators work with, and that Defender takes for malicious."""

Ruling = tuple[bool, str]
"""Whether people approve, and by which rule."""


def ruling(state: State, proposal: Proposal) -> Ruling:
    """Return what people decide about a pending action, and by which rule, where they make no mistake."""
    copies = tuple(proposal.copies(state.post))
    if copies:
        return _on_mail(copies[0].letter, str(proposal.evidence["verdict"]))
    on_evidence = _RULES.get(proposal.kind, _on_verdict)
    return on_evidence(proposal.evidence)


def _on_mail(letter: Letter, verdict: str) -> Ruling:
    domain = letter.sender.partition("@")[2]
    passes = letter.dmarc == "pass"
    if domain == SIMULATION_DOMAIN and passes:
        return False, "it is our own training against phishing"
    if domain in PARTNERS and passes:
        return False, "a partner sent it"
    if domain == SURVEY_DOMAIN and passes:
        return False, "our own people asked for this survey"
    if letter.direction == "intraOrg":
        return False, "colleagues wrote it"
    if not {"phish", "malware"} & set(letter.threats):
        return False, "nothing malicious was found in it"
    return _on_verdict({"verdict": verdict})


def _on_mailbox(evidence: Json) -> Ruling:
    if evidence["mailboxPrimaryAddress"] in REGISTERED and evidence["verdict"] == "suspicious":
        return False, "this forwarding is on the register"
    return True, "nobody has approved that mail leaves this way"


def _on_file(evidence: Json) -> Ruling:
    details = evidence["fileDetails"]
    if details["signer"] == TRUSTED_SIGNER:
        return False, "we signed it ourselves"
    if details["fileName"] in TOOLS:
        return False, "our administrators work with it"
    return _on_verdict(evidence)


def _on_verdict(evidence: Json) -> Ruling:
    if evidence["verdict"] == "malicious":
        return True, "it is malicious"
    return False, "nobody found it to be malicious"


_RULES: dict[str, Callable[[Json], Ruling]] = {
    "mailboxConfigurationEvidence": _on_mailbox,
    "fileEvidence": _on_file,
}
