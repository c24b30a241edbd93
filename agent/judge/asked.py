"""Pending action -> what has to be looked up, besides its mail, before it can be planned; and what may be claimed of it."""

from collections.abc import Mapping

from agent.judge.plans.mail import copies_in_mailboxes
from agent.judge.plans.means import Problem
from agent.model.defender import FileEvidence, Mail, MailboxConfigurationEvidence, UserEvidence
from agent.model.enactment import EffectKind, Pair
from agent.model.pending import USER_KINDS, ActionKind, PendingAction
from agent.model.targets import Account, Asked, Device, Found, OfAccount, OfDevice, OfRules, Rules


def asked(action: PendingAction) -> Asked | None:
    """Return what to look up; None where there is nothing to look up, or nothing says what."""
    evidence = action.evidence
    match evidence:
        case MailboxConfigurationEvidence() if action.kind is ActionKind.DISABLE_FORWARDING:
            mailbox = (
                evidence.external_directory_object_id or evidence.mailbox_primary_address or evidence.upn
            )
            return None if not mailbox else OfRules(mailbox=mailbox)
        case UserEvidence(user_account=account) if action.kind in USER_KINDS and account is not None:
            return OfAccount(
                user_id=account.azure_ad_user_id,
                user_principal_name=account.user_principal_name,
                sid=account.user_sid,
            )
        case FileEvidence() if action.kind is ActionKind.QUARANTINE_FILE and evidence.mde_device_id:
            return OfDevice(id=evidence.mde_device_id)
        case _:
            return None


def claimable(
    action: PendingAction, mail: Mail | None, found: Found | Problem | None
) -> Mapping[EffectKind, tuple[Pair, ...]]:
    """Return every target that a plan for the action could have, by the kind of effect."""
    match found:
        case Rules(user_id=user_id, rules=rules):
            return {EffectKind.DISABLE_RULE: tuple((rule.id, user_id) for rule in rules)}
        case Account():
            return _of_account(found)
        case Device(id=device) if isinstance(action.evidence, FileEvidence):
            details = action.evidence.file_details
            sha1 = (details.sha1 or "").lower() if details is not None else ""
            return {EffectKind.QUARANTINE_FILE: ((sha1, device),)}
        case _:
            copies = () if mail is None else copies_in_mailboxes(mail)
            return {EffectKind.SOFT_DELETE: copies} if copies else {}


def _of_account(account: Account) -> Mapping[EffectKind, tuple[Pair, ...]]:
    claims: dict[EffectKind, tuple[Pair, ...]] = {}
    if account.user_id is not None:
        in_entra = ((account.user_id, ""),)
        claims |= {EffectKind.DISABLE_USER: in_entra, EffectKind.REVOKE_SESSIONS: in_entra}
    if account.on_premises is not None:
        there = ((account.on_premises.id, account.on_premises.account_id),)
        claims |= {EffectKind.DISABLE_ACCOUNT: there, EffectKind.RESET_PASSWORD: there}
    return claims
