"""(Decision, the action and what it acts on as they are, targets already claimed) -> plan of what is still missing."""

from collections.abc import Callable, Mapping

import msgspec

from agent.judge.bind import binding
from agent.judge.plans.accounts import account_action
from agent.judge.plans.files import quarantine
from agent.judge.plans.mail import soft_deletion
from agent.judge.plans.means import Means, Present, ask_people, hand_off
from agent.judge.plans.narrow import narrowed
from agent.judge.plans.rules import forwarding_off
from agent.model.decision import Decision, Verb
from agent.model.enactment import Plan, Way
from agent.model.pending import MAIL_KINDS, USER_KINDS, ActionKind, PendingAction

Planner = Callable[[Decision, PendingAction, Present, Means], Plan]

PLANNERS: Mapping[ActionKind, Planner] = {
    **dict.fromkeys(MAIL_KINDS, soft_deletion),
    **dict.fromkeys(USER_KINDS, account_action),
    ActionKind.DISABLE_FORWARDING: forwarding_off,
    ActionKind.QUARANTINE_FILE: quarantine,
}
"""Kinds that a documented API can carry out; all others are handed off."""


LAPSED = "nobody answered in time: a person decides it in Defender"
"""Why what lapsed is handed off."""


def plan(decision: Decision, action: PendingAction, present: Present, means: Means) -> Plan:
    """Return how the decision is carried out, and each call that is still to be made for it."""
    if decision.verb is Verb.REJECT:
        return Plan(
            way=Way.ADVISORY,
            why="Defender has no call that rejects: it stays pending until a person rejects it or the week ends",
        )
    if decision.verb is Verb.ESCALATE:
        return ask_people() if decision.lapsed is None else hand_off(LAPSED)
    planner = PLANNERS.get(action.kind)
    if planner is None:
        return hand_off(f"no documented API carries out `{action.kind}`: a person approves it in Defender")
    made = narrowed(planner(decision, action, present, means), decision)
    return msgspec.structs.replace(made, binding=binding(decision, action)) if made.effects else made
