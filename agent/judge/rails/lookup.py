"""Effects -> what has to be looked up besides what they act on, so that the rails can tell whose it is."""

from collections.abc import Iterable

from agent.model.enactment import RULE_EFFECTS, Effect
from agent.model.targets import OfAccount


def of_owner(effects: Iterable[Effect]) -> OfAccount | None:
    """Return what asks for the user whose mailbox it is; None where no rule is touched."""
    rules = (effect for effect in effects if effect.kind in RULE_EFFECTS)
    return next((OfAccount(user_id=pair[1]) for effect in rules for pair in effect.targets), None)
