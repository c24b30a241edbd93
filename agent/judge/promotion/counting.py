"""(What was compared of a policy) -> the evidence for it: what it would have decided by itself, and what people did."""

from collections import Counter
from datetime import datetime

from agent.judge.report.grouping import outcome, tally_of
from agent.model.decision import Verb
from agent.model.policy import Policy
from agent.model.report import Compared, Standing, Tally

DECIDES = frozenset({Verb.APPROVE, Verb.REJECT})
"""What a policy can decide by itself; one that asks people cannot be looser than they."""


def counts(one: Compared, policy: Policy, since: datetime) -> bool:
    """Whether a life says something of the policy as it is since then.

    It does where the policy took part in the decision and got its way, at its time: what was judged afterwards, from what
    Graph still had, says how the policy would have been in hindsight, and not how it was.
    """
    is_its_own = policy.name in one.policies and one.verb is policy.verb and one.verb in DECIDES
    return is_its_own and not one.is_imported and one.decided is not None and one.decided >= since


class Evidencing:
    """Counts lives, and remembers those that people decided the other way: looser, or stricter where it would have rejected."""

    def __init__(self, policy: Policy, since: datetime) -> None:
        self._policy = policy
        self._since = since
        self._outcomes: Counter[str] = Counter()
        self.looser: list[str] = []
        self.stricter: list[str] = []

    def take(self, one: Compared) -> None:
        """Count a life, where it says something of the policy."""
        if not counts(one, self._policy, self._since):
            return
        self._outcomes[outcome(one)] += 1
        if one.standing is Standing.LOOSER:
            self.looser.append(one.action_id)
        if one.standing is Standing.STRICTER:
            self.stricter.append(one.action_id)

    def tally(self) -> Tally:
        """Return the counts."""
        return tally_of(self._outcomes)
