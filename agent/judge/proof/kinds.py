"""What the kind of a pending action says of its evidence, since it is from the evidence that the kind is known.

`judge.recognise` has the kinds; a test holds the two together.
"""

from collections.abc import Mapping

from agent.model.pending import ActionKind

_FIXED: Mapping[ActionKind, Mapping[str, frozenset[str]]] = {
    ActionKind.SOFT_DELETE_MESSAGE: {"evidence.type": frozenset({"analyzedMessageEvidence"})},
    ActionKind.SOFT_DELETE_CLUSTER: {"evidence.type": frozenset({"mailClusterEvidence"})},
    ActionKind.DISABLE_FORWARDING: {
        "evidence.type": frozenset({"mailboxConfigurationEvidence"}),
        "mailbox.configurationType": frozenset({"userInboxRule", "mailForwardingRule"}),
    },
    ActionKind.REMOVE_DELEGATION: {
        "evidence.type": frozenset({"mailboxConfigurationEvidence"}),
        "mailbox.configurationType": frozenset({"mailDelegation"}),
    },
    ActionKind.QUARANTINE_FILE: {"evidence.type": frozenset({"fileEvidence"})},
    ActionKind.REMOVE_REGISTRY_KEY: {"evidence.type": frozenset({"registryKeyEvidence"})},
    ActionKind.BLOCK_URL: {"evidence.type": frozenset({"urlEvidence"})},
}


def only(kind: ActionKind, fact: str) -> frozenset[str] | None:
    """Return the words that the fact can have for actions of this kind; None where any."""
    if fact == "action.kind":
        return frozenset({kind.value})
    return _FIXED.get(kind, {}).get(fact)
