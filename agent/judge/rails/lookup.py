"""Effects -> what has to be looked up besides what they act on, so that the rails can tell whose it is."""

from collections.abc import Iterable

from agent.model.defender import Mail
from agent.model.enactment import RULE_EFFECTS, Effect
from agent.model.targets import OfAccount

INBOUND = "inbound"
"""Mail from outside the tenant (`EmailDirection`)."""


def of_owner(effects: Iterable[Effect]) -> OfAccount | None:
    """Return what asks for the user whose mailbox it is; None where no rule is touched."""
    rules = (effect for effect in effects if effect.kind in RULE_EFFECTS)
    return next((OfAccount(user_id=pair[1]) for effect in rules for pair in effect.targets), None)


def with_senders_copy(effects: Iterable[Effect]) -> tuple[str, ...]:
    """Return the messages of which the sender's own copy would go too."""
    copied = (effect for effect in effects if effect.senders_copy)
    return tuple(dict.fromkeys(message for effect in copied for message, _ in effect.targets))


def senders_of(messages: Iterable[str], mail: Mail) -> frozenset[str] | None:
    """Return everybody whose own copy of these messages would go, by both addresses; None where one is not known.

    What came in from outside has no such copy here. Which of a message's two senders Defender goes by is UNCONFIRMED.
    """
    asked = frozenset(messages)
    copies = [copy for copy in mail.messages if copy.pair[0] in asked]
    if asked - {copy.pair[0] for copy in copies} or asked & {one.lower() for one in mail.unresolved}:
        return None
    inside = [copy for copy in copies if copy.direction != INBOUND]
    if not all(copy.sender or copy.mail_from for copy in inside):
        return None
    return frozenset(name for copy in inside for name in (copy.sender, copy.mail_from) if name)
