"""By which API each kind of effect is carried out, and what has to be granted and bought for it.

What is needed to read is asked for together with what is needed to write: nothing is changed that was not looked at
right before. Inbox rules and users have no licence of their own.
"""

from collections.abc import Mapping

from agent.adapters.graph import calls
from agent.adapters.graph.client import Client
from agent.adapters.graph.identities import Identities
from agent.adapters.graph.remediation import Remediation
from agent.adapters.microsoft.ability import Ability
from agent.adapters.microsoft.machines import Machines
from agent.model.enactment import MAIL_EFFECTS, EffectKind
from agent.ports.host import Clock


def abilities(
    client: Client, clock: Clock, remediation: Remediation, identities: Identities, machines: Machines
) -> Mapping[EffectKind, Ability | Machines]:
    """Return what is to be known of whether each kind can be done; none is left out."""
    cloud, reading = client.cloud, calls.READ_USER.permission
    mail = Ability(
        client,
        clock,
        needs=(calls.REMEDIATE.permission,),
        absent=""
        if cloud.has_analyzed_emails
        else "this cloud cannot remediate mail through Graph (`analyzedEmails` is in the global cloud only)",
        licence="Defender for Office 365 Plan 2",
        probe=remediation.look,
    )
    rule = Ability(client, clock, needs=(calls.SWITCH_RULE.permission, reading))
    user = Ability(client, clock, needs=(calls.SWITCH_USER.permission, reading))
    sessions = Ability(client, clock, needs=(calls.REVOKE_SESSIONS.permission, reading))
    account = Ability(
        client,
        clock,
        needs=(calls.INVOKE_ACTION.permission, calls.FIND_ACCOUNT.permission),
        absent=""
        if cloud.has_identity_accounts
        else "this cloud cannot act on accounts on premises (`identityAccounts` is in the global cloud only)",
        licence="Defender for Identity",
        probe=identities.look,
    )
    return {
        **dict.fromkeys(MAIL_EFFECTS, mail),
        **dict.fromkeys((EffectKind.DISABLE_RULE, EffectKind.ENABLE_RULE), rule),
        **dict.fromkeys((EffectKind.DISABLE_USER, EffectKind.ENABLE_USER), user),
        EffectKind.REVOKE_SESSIONS: sessions,
        **dict.fromkeys(
            (EffectKind.DISABLE_ACCOUNT, EffectKind.ENABLE_ACCOUNT, EffectKind.RESET_PASSWORD), account
        ),
        EffectKind.QUARANTINE_FILE: machines,
    }
