"""(What a rule or an account was before, what it is now) -> whether it may be switched on again.

It may where it was on before, is off now as our effect left it, and was not changed since.
"""

from typing import Any

import msgspec

from agent.model.enactment import EffectKind, Pair
from agent.model.targets import Account, Found, InboxRule, Rules

UNTOLD = frozenset({"isEnabled", "hasError", "sequence"})
"""Members of a `messageRule` that say nothing of a change by a person: what we changed ourselves, what Exchange notes, and
the place among the other rules, which moves when one of those goes."""

_NOT_RECORDED = "what it was before was not recorded: a person decides whether it is switched on again"
_UNREADABLE = "how it is now cannot be read: undo it again later"

Restorable = tuple[EffectKind | None, str]
"""What restores it; or None and why nothing does, in words that are empty where it is as it was."""


def restorable(kind: EffectKind, target: Pair, before: str, found: Found | None) -> Restorable:
    """Return what restores the target of an effect of this kind."""
    match kind, found:
        case EffectKind.DISABLE_RULE, Rules(user_id=user_id, rules=rules) if user_id == target[1]:
            return _rule(next((rule for rule in rules if rule.id == target[0]), None), before)
        case EffectKind.DISABLE_USER, Account(user_id=user_id, account_enabled=enabled) if (
            user_id == target[0]
        ):
            return _switch(EffectKind.ENABLE_USER, before, enabled)
        case EffectKind.DISABLE_ACCOUNT, Account(on_premises=known) if (
            known is not None and known.id == target[0]
        ):
            return _switch(EffectKind.ENABLE_ACCOUNT, before, known.is_enabled)
        case _:
            return None, "it is not there any more, or not for this app to see"


def _switch(kind: EffectKind, before: str, enabled: bool | None) -> Restorable:
    if before not in {"true", "false"}:
        return None, _NOT_RECORDED
    if before == "false" or enabled:
        return None, ""
    return (None, _UNREADABLE) if enabled is None else (kind, "")


def _rule(rule: InboxRule | None, before: str) -> Restorable:
    was = _members(before)
    if was is None:
        return None, _NOT_RECORDED
    if was.get("isEnabled") is not True:
        return None, ""
    if rule is None:
        return None, "somebody has removed the rule since, and it is not made anew"
    if rule.is_enabled:
        return None, ""
    now = _members(rule.raw)
    if rule.is_enabled is None or now is None:
        return None, _UNREADABLE
    if rule.is_read_only:
        return None, "the rule cannot be changed through Graph: a person switches it on"
    if _told(was) != _told(now):
        return None, "somebody has changed the rule since: a person decides whether it is switched on again"
    return EffectKind.ENABLE_RULE, ""


def _members(raw: str) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError:
        return None


def _told(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in UNTOLD and not name.startswith("@")}
