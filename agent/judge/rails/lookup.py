"""(Effects, the action they are of) -> what has to be looked up so that the rails can tell what would be touched."""

from collections.abc import Iterable, Iterator

from agent.model.defender import UserEvidence
from agent.model.enactment import Effect, EffectKind
from agent.model.pending import PendingAction
from agent.model.targets import Asked, OfAccount, OfDevice, OfRules


def of_target(effects: Iterable[Effect], action: PendingAction) -> Asked | None:
    """Return what asks for that which is touched; None where it is mail, or nothing says what it is."""
    return next((asked for effect in effects for asked in _asked(effect, action)), None)


def of_owner(effects: Iterable[Effect]) -> OfAccount | None:
    """Return what asks for the user whose mailbox it is; None where no rule is touched."""
    rules = (effect for effect in effects if effect.kind in (EffectKind.DISABLE_RULE, EffectKind.ENABLE_RULE))
    return next((OfAccount(user_id=pair[1]) for effect in rules for pair in effect.targets), None)


def _asked(effect: Effect, action: PendingAction) -> Iterator[Asked]:
    for what, place in effect.targets:
        match effect.kind:
            case EffectKind.DISABLE_RULE | EffectKind.ENABLE_RULE:
                yield OfRules(mailbox=place)
            case EffectKind.DISABLE_USER | EffectKind.ENABLE_USER | EffectKind.REVOKE_SESSIONS:
                yield OfAccount(user_id=what)
            case EffectKind.DISABLE_ACCOUNT | EffectKind.ENABLE_ACCOUNT | EffectKind.RESET_PASSWORD:
                yield from _by_evidence(action)
            case EffectKind.QUARANTINE_FILE:
                yield OfDevice(id=place)
            case (
                EffectKind.SOFT_DELETE
                | EffectKind.MOVE_TO_INBOX
                | EffectKind.MOVE_TO_JUNK
                | EffectKind.MOVE_TO_DELETED_ITEMS
            ):
                return


def _by_evidence(action: PendingAction) -> Iterator[Asked]:
    """Give what asks for an on-premises account: its effects name it by ids that only Defender for Identity has."""
    evidence = action.evidence
    user = evidence.user_account if isinstance(evidence, UserEvidence) else None
    if user is not None:
        yield OfAccount(
            user_id=user.azure_ad_user_id,
            user_principal_name=user.user_principal_name,
            sid=user.user_sid,
        )
