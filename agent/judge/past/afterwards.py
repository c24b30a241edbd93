"""(A proposal that is over, its mail, the policies in force) -> the decision that would have been made when it was first seen.

It is the decision that the loop would have made, by the same function, from facts as they were then. Guard rails are asked
as far as they look at the action alone. Amounts are not: caps, limits, the brake, and how many users were touched within a day
depend on the order in which everything else was decided. Nor are rails about accounts, rules and devices: what these are now
says nothing of then, and nothing about them is planned here.
"""

from datetime import datetime

import msgspec

from agent.judge.compile import Judge
from agent.judge.decide import decide
from agent.judge.gather import gather, wanted
from agent.judge.guard import guarded
from agent.judge.past.then import facts_then, mail_then
from agent.judge.plan import plan
from agent.judge.plans.means import Means, Present
from agent.judge.rails.approvers import wanted as wanted_approvers
from agent.judge.rails.approvers import wanted_by
from agent.judge.rails.ask import ask
from agent.judge.rails.listed import protected_lists
from agent.judge.rails.lookup import senders_of, with_senders_copy
from agent.judge.rails.scene import Scene
from agent.judge.recognise import evidence_digest
from agent.judge.shadow import shadow_approval, targets_in
from agent.model.decision import Decision, Guarded, Verb
from agent.model.defender import Mail
from agent.model.enactment import Effect
from agent.model.pending import MAIL_KINDS, PendingAction
from agent.model.rails import Rails


class By(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged by."""

    judge: Judge
    fed: tuple[str, ...]
    """The lists that are fed and whose members are known: they count as fetched when it is judged by them."""
    rails: Rails
    own: frozenset[str]
    enforces_observers: bool
    targets_per_call: int
    version: str


class Weighing(msgspec.Struct, frozen=True, kw_only=True):
    """What an approval would have done, and what guard rails say against it."""

    said: tuple[Guarded, ...]
    targets: int | None
    approvers: int


def judged_then(action: PendingAction, mail: Mail | None, by: By) -> Decision:
    """Return the decision as it would have been when the action was first seen; `action` is as it was then."""
    then = action.first_seen
    lay = None if mail is None or not wanted(action) else mail_then(mail, then)
    facts = facts_then(gather(action, lay, then, lists=dict.fromkeys(by.fed, then)), mail)
    decision = decide(
        by.judge,
        action,
        facts,
        evidence=evidence_digest(action),
        enforces_observers=by.enforces_observers,
        version=by.version,
    )
    if decision.verb is Verb.APPROVE:
        weighed = _weighed(decision, action, lay, by)
        kept = msgspec.structs.replace(decision, targets=weighed.targets)
        decision = guarded(kept, (), weighed.said, approvers=weighed.approvers)
    would = shadow_approval(by.judge, decision)
    if would is None:
        return decision
    weighed = _weighed(would, action, lay, by)
    return msgspec.structs.replace(
        decision,
        shadow_guard=weighed.said[0].guard if weighed.said else None,
        targets=weighed.targets if decision.targets is None else decision.targets,
    )


def _weighed(approval: Decision, action: PendingAction, mail: Mail | None, by: By) -> Weighing:
    effects: tuple[Effect, ...] = ()
    targets = None
    if action.kind in MAIL_KINDS:
        means = Means(targets_per_call=by.targets_per_call, observes=True)
        effects = plan(approval, action, Present(mail=mail), means).effects
        targets = targets_in(effects) or None
    deciding = [by.judge.policies[name] for name in approval.policies]
    scene = _scene(action, effects, mail, approval.at, wanted_by(deciding), by)
    return Weighing(said=ask(scene), targets=targets, approvers=wanted_approvers(scene))


def _scene(
    action: PendingAction,
    effects: tuple[Effect, ...],
    mail: Mail | None,
    then: datetime,
    approvers: int,
    by: By,
) -> Scene:
    copied = with_senders_copy(effects)
    lists = by.judge.policy_set.lists
    return Scene(
        now=then,
        tenant_id=action.tenant_id,
        action=action,
        effects=effects,
        rails=by.rails,
        senders=senders_of(copied, mail) if copied and mail is not None else frozenset(),
        protected=protected_lists(by.rails.protected, lists, dict.fromkeys(by.fed, then), then),
        own=by.own,
        approvers=approvers,
    )
