"""What the kind of a pending action says of its evidence and of where it is known from.

`judge.recognise` has the kinds; a test holds the two together.
"""

from collections.abc import Mapping

from agent.judge.known import EVIDENCE_OF, sources_of
from agent.model.pending import ActionKind

_CONFIGURATIONS: Mapping[ActionKind, frozenset[str]] = {
    ActionKind.DISABLE_FORWARDING: frozenset({"userInboxRule", "mailForwardingRule"}),
    ActionKind.REMOVE_DELEGATION: frozenset({"mailDelegation"}),
}
"""The types of configuration that a kind is recognised by."""


def only(kind: ActionKind, fact: str) -> frozenset[str] | None:
    """Return the words that the fact can have for actions of this kind; None where any."""
    if fact == "action.kind":
        return frozenset({kind.value})
    if fact == "action.kindSource":
        return frozenset(source.value for source in sources_of(kind))
    if fact == "evidence.type" and kind in EVIDENCE_OF:
        return frozenset({EVIDENCE_OF[kind]})
    return _CONFIGURATIONS.get(kind) if fact == "mailbox.configurationType" else None
