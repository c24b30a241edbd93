"""How an account is disabled, its sessions revoked, its password reset: in Entra ID, or on premises where it lives.

An account that is synchronised from on premises is disabled there, since what is changed in Entra ID alone is
overwritten. A disabled account keeps the sessions it has until their tokens end, so disabling also revokes them.

Source: the pages of `user`, `revokeSignInSessions` and `identityAccounts: invokeAction` (actions of Entra ID are out
of its scope); `onPremisesSyncEnabled` is null for an account that never was synchronised.
"""

from agent.judge.plans.means import (
    Means,
    Present,
    Problem,
    Step,
    claimed,
    done_already,
    effects,
    hand_off,
    is_own,
)
from agent.judge.quote import quote
from agent.model.decision import Decision
from agent.model.enactment import EffectKind, Plan, Way
from agent.model.pending import ActionKind, PendingAction
from agent.model.targets import Account, IdentityAccount

ACTIVE_DIRECTORY = "activeDirectory"


def account_action(decision: Decision, action: PendingAction, present: Present, means: Means) -> Plan:
    """Return how what AIR proposes for an account is carried out."""
    found = present.found
    if isinstance(found, Problem):
        return hand_off(found.words, may_pass=found.may_pass)
    if not isinstance(found, Account):
        return hand_off("the account is not there any more, or not for this app to see")
    steps = _steps(action, found, present)
    if isinstance(steps, Plan):
        return steps
    if lack := means.lacks(*(step.kind for step in steps)):
        return hand_off(lack)
    covers = [present.cover(step.kind, step.targets[0], action) for step in steps]
    others = [cover for cover in covers if cover is not None and not is_own(cover, action)]
    if others:
        return claimed(
            others[0], "this was done to the account before: a person has to look what became of it"
        )
    steps = [step for step, cover in zip(steps, covers, strict=True) if cover is None]
    if not steps:
        return done_already("it was sent before and is not sent again")
    words = " and ".join(_WORDS[step.kind] for step in steps)
    return Plan(
        way=Way.REMEDIATE,
        why=f"{words}: {quote(found.user_principal_name or found.user_id or action.label)}",
        effects=effects(decision, action, steps, means.went),
    )


_WORDS = {
    EffectKind.DISABLE_USER: "disables the account in Entra ID",
    EffectKind.REVOKE_SESSIONS: "revokes its sessions",
    EffectKind.DISABLE_ACCOUNT: "disables the account on premises",
    EffectKind.RESET_PASSWORD: "has the account on premises change its password",
}


def _steps(action: PendingAction, account: Account, present: Present) -> list[Step] | Plan:
    """Return everything that the action takes, what it has sent before as well."""
    match action.kind:
        case ActionKind.DISABLE_USER:
            return _disabling(action, account, present)
        case ActionKind.REVOKE_USER_SESSIONS:
            return _revoking(account) or hand_off(
                "the account is not in Entra ID, where sessions are revoked"
            )
        case _:
            return _resetting(account)


def _disabling(action: PendingAction, account: Account, present: Present) -> list[Step] | Plan:
    if account.is_synced or account.user_id is None:
        known = _on_premises(account)
        if isinstance(known, Plan):
            return known
        step = Step(
            kind=EffectKind.DISABLE_ACCOUNT, targets=((known.id, known.account_id),), before=("true",)
        )
        if known.is_enabled is False and not _is_ours(action, step, present):
            return done_already("the account is disabled on premises already")
        return [step, *_revoking(account)]
    if account.account_enabled is None:
        return hand_off("whether the account is enabled cannot be read")
    step = Step(kind=EffectKind.DISABLE_USER, targets=((account.user_id, ""),), before=("true",))
    if not account.account_enabled and not _is_ours(action, step, present):
        return done_already("the account is disabled already")
    return [step, *_revoking(account)]


def _is_ours(action: PendingAction, step: Step, present: Present) -> bool:
    """Whether the action has sent this step before: what it has done itself does not end it halfway."""
    cover = present.cover(step.kind, step.targets[0], action)
    return cover is not None and cover.action_id == action.id


def _revoking(account: Account) -> list[Step]:
    if account.user_id is None:
        return []
    return [Step(kind=EffectKind.REVOKE_SESSIONS, targets=((account.user_id, ""),))]


def _resetting(account: Account) -> list[Step] | Plan:
    if not account.is_synced and account.user_id is not None:
        return hand_off(
            "no documented API resets the password of an account in Entra ID for an app: a person does it"
        )
    known = _on_premises(account)
    if isinstance(known, Plan):
        return known
    return [Step(kind=EffectKind.RESET_PASSWORD, targets=((known.id, known.account_id),))]


def _on_premises(account: Account) -> IdentityAccount | Plan:
    known = account.on_premises
    if known is None:
        return hand_off(
            "the account lives on premises, and Defender for Identity does not show it to this app"
        )
    if known.identity_provider != ACTIVE_DIRECTORY:
        return hand_off(f"the account is of {quote(known.identity_provider)}, which is not acted on")
    if known.is_enabled is None:
        return hand_off("whether the account is enabled on premises cannot be read")
    return known
