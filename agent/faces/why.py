"""Why a decision is as it is: each policy taken apart, by the set that decided, and what that in force would say now.

The set that decided is kept in the ledger with who was in its lists, so that its trees show what it saw. Where it is not at
hand, the findings that were recorded with the decision are shown in their place.
"""

from collections.abc import Iterable

import msgspec

from agent.faces.trees import UNFOLDED, Node, bearing, node
from agent.faces.would_have import would_have
from agent.judge.account import Account
from agent.judge.compile import Judge
from agent.judge.quote import counted
from agent.model.decision import Clause, Decision, Finding, Match, Ruling, Verb
from agent.model.explanation import PolicyTree
from agent.model.pending import PendingAction

SAID = {
    Match.MATCHED: "matched",
    Match.NOT_MATCHED: "did not match",
    Match.UNDECIDED: "could not be decided: something it asks for is not known",
}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One policy, as it turned out. Where its tree is not at hand, `clauses` are those it was recorded with."""

    name: str
    verb: str
    """What it decides; `inform` where it only has people told."""
    priority: int | None
    observes: bool
    bearing: str
    is_open: bool
    """Whether it is shown whole at once."""
    reason: str = ""
    in_the_way: tuple[str, ...] = ()
    match: tuple[Node, ...] = ()
    unless: tuple[Node, ...] = ()
    clauses: tuple[Clause, ...] = ()
    failure: str = ""
    place: str = ""
    """The file and the line where it stands."""


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a decision is as it is. Every text may quote an attacker's."""

    rule: str
    """By which rule the policies' answers were put together; empty where that set is not at hand."""
    policies: tuple[Told, ...]
    """Weightiest first."""
    others: str
    """How many policies are for other kinds or other tenants, in words."""
    shadow: Ruling | None
    would_have: str
    """What observing policies would have made of it, and what would have held that; empty where they had no opinion."""
    revision: str
    git: str
    agent_version: str
    is_in_force: bool
    """Whether it was made by the policies that are in force."""
    since: str
    """What the policies in force would decide, where they are others; empty where they are the same."""
    lacks: str
    """Why it is shown as it was recorded, and not taken apart; empty where it is."""


def recorded(decision: Decision, now: Judge | str, lacks: str) -> Why:
    """Return a decision as it was recorded: of the policies that counted, what they rested on. This takes no time.

    Args:
        decision: as it was recorded.
        now: the policies in force, or why they cannot be had.
        lacks: why it is not taken apart.
    """
    policies = tuple(_recorded(one, decision) for one in decision.findings)
    return _why(decision, policies, None, now, lacks=lacks)


def taken_apart(action: PendingAction, decision: Decision, then: Judge, now: Judge | str) -> Why:
    """Return a decision taken apart. It takes as long as there are messages: ten thousand take many seconds.

    Args:
        action: the pending action.
        decision: as it was recorded.
        then: the policies that it was made by.
        now: the policies in force, or why they cannot be had.
    """
    account = _account(action, decision, then)
    told = account.explanation(())
    aside = [f"`{one.policy}` does not apply: {one.words}" for one in told.aside]
    if told.other_kinds:
        count = counted(told.other_kinds, "policy is", "policies are")
        aside.append(f"{count} for other kinds of action")
    return _why(decision, tuple(map(_told, told.policies)), account, now, rule=told.rule_words, others=aside)


def _account(action: PendingAction, decision: Decision, judge: Judge) -> Account:
    return Account(judge, action, decision.facts, enforces_observers=decision.enforces_observers)


def _why(
    decision: Decision,
    policies: tuple[Told, ...],
    then: Account | None,
    now: Judge | str,
    *,
    rule: str = "",
    others: Iterable[str] = (),
    lacks: str = "",
) -> Why:
    is_in_force = isinstance(now, Judge) and now.revision == decision.revision
    return Why(
        rule=rule,
        policies=policies,
        others="; ".join(others),
        shadow=decision.shadow,
        would_have=would_have(decision),
        revision=decision.revision,
        git=decision.git,
        agent_version=decision.agent_version,
        is_in_force=is_in_force,
        since="" if is_in_force else _since(then, now),
        lacks=lacks,
    )


def _since(then: Account | None, now: Judge | str) -> str:
    """Say what the policies in force come to on the same facts."""
    if isinstance(now, str):
        return f"the policies in force cannot be read: {now}"
    changed = f"the policies have changed since (revision {now.revision} is in force)"
    if then is None:
        return changed
    after = Account(now, then.action, then.facts, enforces_observers=then.enforces_observers)
    if _ruled(then) == _ruled(after):
        return f"{changed}, and decide the same on these facts"
    verb, names = _ruled(after)
    by = ", ".join(f"`{name}`" for name in sorted(names)) or "no policy"
    return f"{changed}, and would decide otherwise on these facts: {verb} by {by}"


def _ruled(account: Account) -> tuple[Verb, frozenset[str]]:
    combined = account.combined
    return combined.verb, frozenset(one.policy.name for one in (*combined.deciding, *combined.undecided))


def _told(tree: PolicyTree) -> Told:
    return Told(
        name=tree.policy,
        verb=tree.verb.value if tree.priority is not None else "inform",
        priority=tree.priority,
        observes=tree.observes,
        bearing=bearing(tree),
        is_open=tree.bearing in UNFOLDED,
        reason=tree.reason,
        in_the_way=tree.in_the_way,
        match=tuple(map(node, tree.match)),
        unless=tuple(node(one, is_wanted=False) for one in tree.unless),
        failure=tree.failure,
        place=f"{tree.file}:{tree.line}",
    )


def _recorded(finding: Finding, decision: Decision) -> Told:
    return Told(
        name=finding.policy,
        verb=finding.verb.value,
        priority=finding.priority,
        observes=finding.observes,
        bearing=f"{SAID[finding.answer]}{', decided' if finding.policy in decision.policies else ''}",
        is_open=True,
        clauses=finding.clauses,
    )
