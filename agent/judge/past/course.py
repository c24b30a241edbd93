"""One set of policies going through recorded decisions: what it makes of each, its limits included."""

from collections.abc import Iterable, Mapping, Sequence

from agent.judge.guard import first_passed, guard_of, weigh
from agent.judge.past.both import Ruled
from agent.judge.past.capped import Capped
from agent.judge.past.spending import Spending
from agent.judge.rails.approvers import BY_POLICY, by_policy, wanted_by
from agent.model.backtest import Fate, Judgement
from agent.model.decision import Guarded, Unit, Verb
from agent.model.enactment import Approval
from agent.model.facts import Facts
from agent.model.past import Judged
from agent.model.pending import MAIL_KINDS, ActionKind
from agent.model.policy import Limit, Policy

KINDS: Mapping[object, ActionKind] = {kind.value: kind for kind in ActionKind}
FATES = {Verb.APPROVE: Fate.APPROVE, Verb.REJECT: Fate.REJECT, Verb.ESCALATE: Fate.ESCALATE}


def recorded(judged: Judged) -> Judgement:
    """Return what the record made of it."""
    fate = Fate.HELD if judged.guard is not None else FATES[judged.verb]
    return Judgement(
        fate=fate, policies=judged.policies, guard=judged.guard, weighed=judged.weighed, held=judged.held
    )


def kind_of(judged: Judged) -> ActionKind:
    """Return the kind of the pending action that was decided on."""
    return KINDS.get(judged.facts.values.get("action.kind"), ActionKind.UNKNOWN)


def messages_of(judged: Judged) -> tuple[int, bool]:
    """Return how many messages an approval adds, and whether that is an estimate."""
    if kind_of(judged) not in MAIL_KINDS:
        return 0, False
    asked = next((one.asked for one in judged.weighed if one.unit is Unit.MESSAGES), None)
    return (_estimated(judged.facts), True) if asked is None else (asked, False)


def _estimated(facts: Facts) -> int:
    if not facts.messages_complete:
        # What could not be looked up whole is handed to a person.
        return 0
    if facts.messages is not None:
        return sum(message.get("inMailbox") is True for message in facts.messages)
    count = facts.values.get("cluster.mailboxCount")
    return int(count) if isinstance(count, int | float) else 1


def _said(judged: Judged, deciding: Sequence[Policy]) -> tuple[Guarded, ...]:
    """Return what stands against an approval: what the rails said, as recorded, and what these policies want.

    Where the record did not approve it no rail was asked, and none is assumed to have stood against it.
    """
    others = tuple(one for one in judged.held if one.guard != BY_POLICY)
    count = wanted_by(deciding)
    return (*others, by_policy(count)) if count else others


class Course:
    """What a set has approved on its way through the record, beside what was approved in the record."""

    def __init__(self, policies: Sequence[Policy], earlier: Iterable[Approval]) -> None:
        """Take the set's policies, and the approvals in the ledger from before the first decision."""
        self.policies: Mapping[str, Policy] = {policy.name: policy for policy in policies}
        self._ours = Spending(policies)
        self._theirs = Spending(policies)
        self._caps = Capped()
        self._alone: set[str] = set()
        """Actions that the set approved and the record did not."""
        for one in earlier:
            self._ours.add((one.policy,), one.at, one.action_id, one.messages)
            self._theirs.add((one.policy,), one.at, one.action_id, one.messages)

    def judgement(self, judged: Judged, ruled: Ruled) -> Judgement:
        """Return what becomes of the action, given what the set's policies say together."""
        if ruled.verb is not Verb.APPROVE:
            return Judgement(fate=FATES[ruled.verb], policies=ruled.policies)
        told = {(one.policy, one.unit, one.window): one.spent for one in judged.weighed}

        def spent(policy: Policy, unit: Unit, limit: Limit) -> int:
            place = (policy.name, unit, limit.window, judged.at, judged.action_id)
            known = told.get((policy.name, unit, limit.window))
            ours = self._ours.spent(*place)
            return ours if known is None else max(0, known + ours - self._theirs.spent(*place))

        deciding = [self.policies[name] for name in ruled.policies]
        said = _said(judged, deciding)
        if said:
            return Judgement(fate=Fate.HELD, policies=ruled.policies, guard=said[0].guard, held=said)
        messages = messages_of(judged)[0]
        weighed = weigh(deciding, spent, messages, self._caps.stand(judged, kind_of(judged), messages))
        passed = first_passed(weighed)
        if passed is None:
            return Judgement(fate=Fate.APPROVE, policies=ruled.policies, weighed=weighed)
        return Judgement(fate=Fate.HELD, policies=ruled.policies, guard=guard_of(passed), weighed=weighed)

    def go_on(self, judged: Judged, own: Judgement, *, still_counts: bool) -> None:
        """Count what the set makes of a decision, and what the record made of it.

        An approval of the record that does not count any more, since it was let go before anything was
        sent, counts for neither. What the set approves by itself counts once: its mail would be gone.
        """
        is_theirs = judged.verb is Verb.APPROVE
        is_ours = own.fate is Fate.APPROVE and judged.action_id not in self._alone
        if is_ours and not is_theirs:
            self._alone.add(judged.action_id)
        counts_for_them = is_theirs and still_counts
        counts_for_us = is_ours and (still_counts or not is_theirs)
        if not (counts_for_them or counts_for_us):
            return
        messages = messages_of(judged)[0]
        self._caps.add(judged, kind_of(judged), messages, ours=counts_for_us, theirs=counts_for_them)
        if counts_for_them:
            self._theirs.add(judged.policies, judged.at, judged.action_id, messages)
        if counts_for_us:
            self._ours.add(own.policies, judged.at, judged.action_id, messages)
