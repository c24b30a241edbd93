"""The one sentence that says why: who decided, on which facts, and what else would have been asked."""

from collections.abc import Mapping, Sequence

from agent.judge.attempt import Failure, attempt
from agent.judge.explain import match_clauses, unless_clauses
from agent.judge.fallen import fell_back
from agent.judge.quote import quote, visible
from agent.model.decision import Clause, Finding, Match, Verb
from agent.model.facts import Facts
from agent.model.pending import PendingAction
from agent.model.policy import Policy

MOST_LABEL = 80
HEAD_FACTS = ("evidence.type", "evidence.verdict", "alert.title", "alert.severity")
"""What is told of an action where no policy speaks of it."""


Clauses = tuple[tuple[Clause, ...], tuple[Clause, ...]]
"""The clauses of `match` and those of `unless`."""


class Case:
    """What is judged, which policies failed on it, and the clauses told so far: each policy's are told once."""

    def __init__(self, action: PendingAction, facts: Facts, failures: Mapping[str, str]) -> None:
        self.action = action
        self.facts = facts
        self.failures = failures
        self._told: dict[str, Clauses] = {}

    def clauses(self, policy: Policy) -> Clauses:
        """Return the policy's clauses; where telling them fails, one that says so."""
        told = self._told.get(policy.name)
        if told is None:
            told = self._told[policy.name] = self._tell(policy)
        return told

    def _tell(self, policy: Policy) -> Clauses:
        told = attempt(lambda: (match_clauses(policy, self.facts), unless_clauses(policy, self.facts)))
        if not isinstance(told, Failure):
            return told
        words, mark = f"it could not be evaluated ({told.words})", policy.mark
        return (Clause(words=words, held=None, facts=(), line=mark.line, column=mark.column),), ()

    @property
    def label(self) -> str:
        """What the action is about and in which incident if in any, short, and safe to show."""
        incident = self.action.incident.id
        told = f", incident {quote(incident)}" if incident else ""
        return f"{quote(self.action.label, MOST_LABEL)}{told}"


def why_verb(verb: Verb, policies: Sequence[Policy], case: Case) -> str:
    """Say which policies decided, and on what; or that they disagree."""
    if len({policy.verb for policy in policies}) > 1:
        sides = "; ".join(f"{policy.verb} by {_grounds_of(policy, case)}" for policy in policies)
        return f"policies disagree: {sides} ({case.label})"
    return f"{verb} by {'; and by '.join(_grounds_of(policy, case) for policy in policies)} ({case.label})"


def _grounds_of(policy: Policy, case: Case) -> str:
    because = f" ({visible(policy.reason)})" if policy.reason else ""
    match, _ = case.clauses(policy)
    return f"`{policy.name}`{because}: {'; '.join(clause.words for clause in match)}"


def why_undecided(policies: Sequence[Policy], case: Case) -> str:
    """Say which policies could not tell, and for want of which fact: what several clauses want is told once."""
    told = "; ".join(f"`{policy.name}`: {_open(policy, case)}" for policy in policies)
    return f"undecided: {told} ({case.label})"


def _open(policy: Policy, case: Case) -> str:
    failure = case.failures.get(policy.name)
    if failure is not None:
        return f"it could not be evaluated ({failure})"
    match, unless = case.clauses(policy)
    asked = dict.fromkeys(clause.words for clause in match if clause.held is None)
    ruled_out = dict.fromkeys(clause.words for clause in unless if clause.held is None)
    return "; ".join([*asked, *(f"unless {words}" for words in ruled_out if words not in asked)])


def why_none(nearest: Sequence[Policy], case: Case, *, is_observed_only: bool) -> str:
    """Say that no policy matched, and what stood in the way of the nearest."""
    if nearest:
        ways = "; then ".join(f"`{policy.name}`, but {_in_the_way(policy, case)}" for policy in nearest)
        return f"no policy matched: nearest is {ways} ({case.label})"
    which = "only observing policies are" if is_observed_only else "no policy is"
    return f"{which} for kind `{case.action.kind}`: {_head(case)} ({case.label})"


def in_the_way(policy: Policy, case: Case) -> tuple[str, ...]:
    """Return in words what keeps the policy from matching."""
    match, unless = case.clauses(policy)
    failed = [clause.words for clause in match if clause.held is not True]
    return (*failed, *(f"{clause.words}, which it rules out" for clause in unless if clause.held))


def _in_the_way(policy: Policy, case: Case) -> str:
    failed = in_the_way(policy, case)
    return " and ".join(failed[:2]) + (f" and {len(failed) - 2} more" if len(failed) > 2 else "")


def _head(case: Case) -> str:
    values = case.facts.values
    told = [f"`{name}` is {quote(values[name])}" for name in HEAD_FACTS if name in values][:2]
    incident = case.action.incident.id
    return ", ".join(told) or (
        f"`incident.id` is {quote(incident)}" if incident else "nothing is known of it"
    )


def why_over(reason: str, case: Case) -> str:
    """Say that what would have been approved comes too late."""
    return f"its week was over on {quote(case.action.deadline)}, and nothing is approved after it: {reason}"


def with_fallen(reason: str, policies: Sequence[Policy]) -> str:
    """Return the reason, and which of these policies would have counted and fell back, since when and why."""
    told = [f"`{one.name}` {fell_back(one.fallen)}" for one in policies if one.fallen is not None]
    return "; ".join([reason, *told])


def finding_of(policy: Policy, answer: Match, case: Case, *, observes: bool) -> Finding:
    """Return the policy's answer with the clauses it rests on."""
    match, unless = case.clauses(policy)
    match answer:
        case Match.MATCHED:
            clauses = (*match, *unless)
        case Match.UNDECIDED:
            clauses = tuple(clause for clause in (*match, *unless) if clause.held is None)
        case Match.NOT_MATCHED:
            clauses = (*(one for one in match if one.held is not True), *(one for one in unless if one.held))
    return Finding(
        policy=policy.name,
        answer=answer,
        verb=policy.verb,
        priority=policy.priority,
        observes=observes,
        clauses=tuple(clauses),
    )
