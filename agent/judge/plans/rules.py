"""How external forwarding is turned off: the inbox rule that forwards outside is found, and disabled, not deleted.

`mailForwardingRule` evidence may mean the mailbox's own SMTP forwarding, which Graph can neither read nor change: it
is only carried out where a rule is named and found. That `configurationId` is the id of a `messageRule` is
UNCONFIRMED, so that a rule is also found by being the only one that forwards outside, and by nothing weaker: where
two do, a person says which.
"""

from collections.abc import Sequence

from agent.judge import fold
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
from agent.model.defender import MailboxConfigurationEvidence
from agent.model.enactment import EffectKind, Plan, Way
from agent.model.pending import PendingAction
from agent.model.permission import READ_DOMAINS
from agent.model.targets import InboxRule, Rules

INBOX_RULE = "userInboxRule"
"""`configurationType` of an inbox rule."""


def forwarding_off(decision: Decision, action: PendingAction, present: Present, means: Means) -> Plan:
    """Return how forwarding outside is turned off."""
    evidence, found = action.evidence, present.found
    if not isinstance(evidence, MailboxConfigurationEvidence):
        return hand_off("Defender does not say which forwarding it is: a person approves it in Defender")
    if evidence.configuration_type != INBOX_RULE and not evidence.configuration_id:
        return hand_off(
            "it may be the mailbox's own forwarding, for which Graph has no call: a person turns it off"
        )
    if lack := means.lacks(EffectKind.DISABLE_RULE):
        return hand_off(lack)
    if isinstance(found, Problem):
        return hand_off(found.words, may_pass=found.may_pass)
    if not isinstance(found, Rules):
        return hand_off("its mailbox is not there any more, or not for this app to see")
    if found.domains is None:
        return hand_off(
            "which domains are the tenant's own cannot be read, so neither can which rule forwards outside:"
            f" grant {READ_DOMAINS}"
        )
    return _one_rule(decision, action, evidence, found, found.domains, present, means)


def _one_rule(
    decision: Decision,
    action: PendingAction,
    evidence: MailboxConfigurationEvidence,
    found: Rules,
    own: frozenset[str],
    present: Present,
    means: Means,
) -> Plan:
    rule = _meant(evidence, found, own)
    if isinstance(rule, Plan):
        return rule
    outside = forwards_outside(rule, own)
    if not outside:
        return hand_off(f"{_named(rule)} forwards to nobody outside now: a person looks what became of it")
    if rule.is_enabled is False:
        return done_already(f"{_named(rule)} is off already")
    if rule.is_read_only or rule.is_enabled is None:
        return hand_off(f"{_named(rule)} cannot be changed through Graph: a person turns it off")
    target = (rule.id, found.user_id)
    cover = present.cover(EffectKind.DISABLE_RULE, target, action)
    if cover is not None and is_own(cover, action):
        return done_already(f"{_named(rule)} was sent for before and is not sent for again")
    if cover is not None:
        return claimed(
            cover, f"{_named(rule)} was turned off before and is on again: a person has to look who did it"
        )
    steps = [Step(kind=EffectKind.DISABLE_RULE, targets=(target,), before=(rule.raw,))]
    return Plan(
        way=Way.REMEDIATE,
        why=f"turns off {_named(rule)} of {quote(found.address)}, which forwards to {_listed(outside)}",
        effects=effects(decision, action, steps, means.went),
    )


def forwards_outside(rule: InboxRule, own: frozenset[str]) -> tuple[str, ...]:
    """Return the addresses outside the tenant's own domains that the rule forwards to.

    What has no domain is a name of Exchange's own (`/o=…/cn=…`), mostly a colleague's: nothing is done on its account.
    """
    ours = {fold.domain(domain) for domain in own}
    return tuple(
        address
        for address in rule.forwards_to
        if "@" in address and fold.domain(address.rpartition("@")[2]) not in ours
    )


def _meant(evidence: MailboxConfigurationEvidence, found: Rules, own: frozenset[str]) -> InboxRule | Plan:
    """Return the rule that the evidence means, or the plan where it cannot be told."""
    named = [rule for rule in found.rules if rule.id == evidence.configuration_id]
    if named:
        return named[0]
    outside = [rule for rule in found.rules if rule.is_enabled is not False and forwards_outside(rule, own)]
    if len(outside) == 1 and evidence.configuration_type == INBOX_RULE:
        return outside[0]
    if not outside:
        return hand_off(
            "no inbox rule forwards outside: it may be gone, or be the mailbox's own forwarding,"
            " for which Graph has no call"
        )
    return hand_off(f"which rule is meant is not said, and {_rules(outside)} outside: a person turns it off")


def _rules(rules: Sequence[InboxRule]) -> str:
    return "one rule forwards" if len(rules) == 1 else f"{len(rules)} rules forward"


def _named(rule: InboxRule) -> str:
    return f"inbox rule {quote(rule.display_name)}" if rule.display_name else "an inbox rule without a name"


def _listed(addresses: Sequence[str]) -> str:
    shown = ", ".join(quote(address) for address in addresses[:3])
    return shown if len(addresses) <= 3 else f"{shown} and {len(addresses) - 3} more"
