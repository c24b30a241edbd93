"""Pending actions that are not about mail, and what they act on."""

from collections.abc import Mapping

import msgspec

from agent.judge.plan import plan
from agent.judge.plans.means import Means, Present, Problem
from agent.model.decision import Verb
from agent.model.defender import (
    AnyEvidence,
    FileDetails,
    FileEvidence,
    MailboxConfigurationEvidence,
    UserAccount,
    UserEvidence,
)
from agent.model.enactment import Cover, EffectKind, Pair, Plan
from agent.model.pending import ActionKind, KindSource, PendingAction
from agent.model.targets import Account, Device, Found, IdentityAccount, InboxRule, Rules
from tests.judge.test_track import a_decision
from tests.makers import NOW, an_action

MEANS = Means(targets_per_call=100, observes=False)
ANNA = "aaaaaaaa-0000-4000-8000-000000000001"
SHA1 = "a" * 40
DEVICE = "d" * 40


def a_rule(**more: object) -> InboxRule:
    rule = InboxRule(
        id="rule-1",
        display_name="archive",
        is_enabled=True,
        is_read_only=False,
        forwards_to=("drop@evil.example",),
        raw='{"id":"rule-1"}',
    )
    return msgspec.structs.replace(rule, **more)


def rules(*found: InboxRule, domains: frozenset[str] | None = frozenset({"contoso.example"})) -> Rules:
    return Rules(user_id=ANNA, address="anna@contoso.example", rules=found, domains=domains)


def an_account(**more: object) -> Account:
    account = Account(
        user_id=ANNA,
        user_principal_name="anna@contoso.example",
        account_enabled=True,
        is_synced=None,
        roles=(),
    )
    return msgspec.structs.replace(account, **more)


def on_premises(**more: object) -> IdentityAccount:
    account = IdentityAccount(
        id="identity-1", account_id="S-1-5-21-1", identity_provider="activeDirectory", is_enabled=True
    )
    return msgspec.structs.replace(account, **more)


def a_device(**more: object) -> Device:
    return msgspec.structs.replace(
        Device(id=DEVICE, name="pc-1", os_platform="Windows11", health_status="Active"), **more
    )


def forwarding(**more: object) -> PendingAction:
    evidence = MailboxConfigurationEvidence(
        verdict="malicious",
        remediation_status="pendingApproval",
        mailbox_primary_address="anna@contoso.example",
        configuration_type="userInboxRule",
        configuration_id="rule-1",
    )
    seen = an_action(msgspec.structs.replace(evidence, **more))
    return msgspec.structs.replace(seen, kind=ActionKind.DISABLE_FORWARDING)


def account_action(kind: ActionKind = ActionKind.DISABLE_USER) -> PendingAction:
    evidence = UserEvidence(
        verdict="malicious",
        remediation_status="pendingApproval",
        user_account=UserAccount(azure_ad_user_id=ANNA, user_principal_name="anna@contoso.example"),
    )
    return msgspec.structs.replace(an_action(evidence), kind=kind, kind_source=KindSource.EVIDENCE)


def file_action(**more: object) -> PendingAction:
    evidence = FileEvidence(
        verdict="malicious",
        remediation_status="pendingApproval",
        mde_device_id=DEVICE,
        file_details=FileDetails(file_name="update.exe", sha1=SHA1.upper(), sha256="b" * 64),
    )
    return an_action(msgspec.structs.replace(evidence, **more))


def replaced(action: PendingAction, evidence: AnyEvidence) -> PendingAction:
    return msgspec.structs.replace(action, evidence=evidence)


def planned(
    action: PendingAction,
    found: Found | Problem | None,
    means: Means = MEANS,
    covered: Mapping[EffectKind, Mapping[Pair, Cover]] | None = None,
) -> Plan:
    decision = a_decision(action, Verb.APPROVE)
    return plan(decision, action, Present(found=found, covered=covered or {}), means)


def covering(kind: EffectKind, target: Pair, by: str) -> Mapping[EffectKind, Mapping[Pair, Cover]]:
    return {kind: {target: Cover(action_id=by, effect_id="e", intended_at=NOW)}}
