"""A decision -> why it was made, in half a sentence: for a headline, where the whole reason has no room.

Why is told from the policies that decided, where they are at hand, and else from the clauses that the decision was recorded
with. Of those policies only what is asked of the action itself is looked at again: going through the messages takes as
long as there are many, and a headline has no time.
"""

from collections.abc import Iterable, Sequence

from agent.judge.compile import Judge
from agent.judge.plain import BOUNDS, plainly
from agent.judge.quote import quote, visible
from agent.judge.tree import tree
from agent.judge.truth import Here
from agent.model.decision import Decision, Finding, Match, Verb
from agent.model.explanation import Leaf
from agent.model.policy import Test

PAST = {Verb.APPROVE: "approves", Verb.REJECT: "rejects", Verb.ESCALATE: "asks a person"}


def because(decision: Decision, judge: Judge | None = None) -> str:
    """Return what made the decision; empty where nothing tells more than who made it.

    Args:
        decision: as it was recorded.
        judge: the policies that it was made by; None where they are not at hand.
    """
    return _people(decision) or _grounds(decision, judge)


def _people(decision: Decision) -> str:
    """Say why people decided so, in their own words."""
    return " and ".join(dict.fromkeys(quote(one.reason) for one in decision.answered))


def _grounds(decision: Decision, judge: Judge | None) -> str:
    """Say which rule made it so, and on what."""
    found = [one for one in decision.findings if one.policy in decision.policies]
    if not decision.policies:
        return _unmatched(decision.findings)
    unsure = [one for one in found if one.answer is Match.UNDECIDED]
    if unsure:
        return _undecided(unsure)
    if len({one.verb for one in found}) > 1:
        sides = ", ".join(f"`{one.policy}` {PAST[one.verb]}" for one in found)
        return f"policies disagree: {sides}"
    if decision.verb is Verb.ESCALATE and any(one.verb is Verb.APPROVE for one in found):
        return "its week was over, and nothing is approved after it"
    return next(filter(None, (_of_finding(one, decision, judge) for one in found)), "")


def _unmatched(findings: Iterable[Finding]) -> str:
    nearest = next((one for one in findings if one.answer is Match.NOT_MATCHED and not one.observes), None)
    if nearest is None or not nearest.clauses:
        return "no policy matched"
    first = nearest.clauses[0]
    # What held and yet stood in the way is a clause of `unless`.
    ruled_out = ", which it rules out" if first.held else ""
    return f"no policy matched; `{nearest.policy}` came nearest, but {first.words}{ruled_out}"


def _undecided(findings: Sequence[Finding]) -> str:
    first = findings[0]
    why = next((clause.words for clause in first.clauses if clause.held is None), "")
    names = " and ".join(f"`{one.policy}`" for one in findings)
    return f"{names} cannot tell{f': {why}' if why else ''}"


def _of_finding(finding: Finding, decision: Decision, judge: Judge | None) -> str:
    """Say on what a policy that decided rests: who is on which list, or its first clause; and its author's reason."""
    policy = None if judge is None else judge.policies.get(finding.policy)
    if judge is None or policy is None:
        return _clause(finding)
    here = Here(facts=decision.facts, values=decision.facts.values)
    lists = [one for one in judge.policy_set.lists if one.name in policy.lists]
    tests = (one for one in policy.match.conditions if isinstance(one, Test))
    leaves = [one for one in (tree(each, here, lists) for each in tests) if isinstance(one, Leaf)]
    told = next(filter(None, map(plainly, sorted(leaves, key=_weight))), "") or _clause(finding)
    return f"{told} ({visible(policy.reason)})" if policy.reason else told


def _weight(leaf: Leaf) -> int:
    """Return which comes first: a list of people's, then an amount, then everything else."""
    return 0 if leaf.asked.startswith("$") else 1 if leaf.operator in BOUNDS else 2


def _clause(finding: Finding) -> str:
    """Return the clause that tells most: one about a list of people's, else the first."""
    held = [clause.words for clause in finding.clauses if clause.held]
    return next((words for words in held if "$" in words), held[0] if held else "")
