"""What was read afterwards -> whether each target is as an effect was to make it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from agent.model.defender import MAILBOX_LOCATIONS, Mail
from agent.model.enactment import Effect, EffectKind, Pair
from agent.model.targets import Account, Found, Quarantine, Rules

Reached = Mapping[tuple[EffectKind, Pair], bool]
"""Whether a target is as it was meant to be; one that could not be read is left out."""

SKEW = timedelta(minutes=2)
"""How far Entra ID's clock may be behind ours when it notes that sessions were revoked."""

ON_PREMISES = frozenset({EffectKind.DISABLE_ACCOUNT, EffectKind.ENABLE_ACCOUNT, EffectKind.RESET_PASSWORD})
"""Effects whose target is an account of Defender for Identity's."""

ENDED = {"Succeeded": True, "Failed": False, "TimeOut": False, "Cancelled": False}
"""Final words of a machine action. Source: [MDE-ma]."""


def at_mail(effects: Iterable[Effect], mail: Mail, leaned: Iterable[Pair] = ()) -> Reached:
    """Return whether mail that was to be deleted has left its mailbox; `leaned` are copies that others were to delete."""
    places = {copy.pair: copy.location for copy in mail.messages}
    sent = [pair for one in effects if one.kind is EffectKind.SOFT_DELETE for pair in one.targets]
    return {
        (EffectKind.SOFT_DELETE, pair): place not in MAILBOX_LOCATIONS
        for pair in (*sent, *leaned)
        if (place := places.get(pair)) is not None
    }


def at_target(effect: Effect, found: Found | None) -> Reached:
    """Return whether a rule or an account is as the effect was to make it."""
    (target,) = effect.targets
    seen = _seen(effect, target, found) if _is_its(effect.kind, target, found) else None
    return {} if seen is None else {(effect.kind, target): seen}


def at_quarantine(effect: Effect, quarantine: Quarantine | None) -> Reached:
    """Return whether a file was quarantined, by how its machine action ended; nothing while it goes on."""
    (target,) = effect.targets
    ended = ENDED.get(quarantine.status or "") if quarantine is not None else None
    return {} if ended is None else {(effect.kind, target): ended}


def _is_its(kind: EffectKind, target: Pair, found: Found | None) -> bool:
    """Whether what was found is what was acted on: evidence may name it by what is somebody else's name by now."""
    match found:
        case Rules(user_id=user_id):
            return user_id == target[1]
        case Account(on_premises=known) if kind in ON_PREMISES:
            return known is not None and known.id == target[0]
        case Account(user_id=user_id):
            return user_id == target[0]
        case _:
            return False


def _seen(effect: Effect, target: Pair, found: Found | None) -> bool | None:
    match effect.kind, found:
        case EffectKind.DISABLE_RULE, Rules(rules=rules):
            # A rule that is gone forwards nothing any more.
            return all(rule.is_enabled is False for rule in rules if rule.id == target[0])
        case EffectKind.ENABLE_RULE, Rules(rules=rules):
            return any(rule.is_enabled is True for rule in rules if rule.id == target[0])
        case ((EffectKind.DISABLE_USER | EffectKind.ENABLE_USER), Account(account_enabled=bool(enabled))):
            return enabled is (effect.kind is EffectKind.ENABLE_USER)
        case EffectKind.REVOKE_SESSIONS, Account(sessions_valid_from=valid_from):
            if valid_from is None or effect.sent_at is None:
                return None
            return valid_from >= effect.sent_at - SKEW
        case ((EffectKind.DISABLE_ACCOUNT | EffectKind.ENABLE_ACCOUNT), Account(on_premises=known)):
            if known is None or known.is_enabled is None:
                return None
            return known.is_enabled is (effect.kind is EffectKind.ENABLE_ACCOUNT)
        case _:
            return None
