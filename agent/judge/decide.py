"""(Policies, a pending action, its facts) -> the decision, with its findings and its reason in words.

If policies disagree, a person decides: within the highest priority that matches, all must say the same. A
policy that could not tell, at that priority or above, sends the action to a person too. Observing policies
count only in the shadow.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256

import msgspec

from agent.judge.attempt import Failure, attempt
from agent.judge.compile import Answers, Compiled, Judge
from agent.judge.reasons import (
    Case,
    finding_of,
    why_none,
    why_over,
    why_undecided,
    why_verb,
    with_fallen,
)
from agent.judge.seen import facts_read
from agent.judge.vocabulary import Scope, list_of
from agent.model.decision import Classification, Decision, Match, Rule, Ruling, Verb
from agent.model.facts import Facts, Value
from agent.model.pending import PendingAction
from agent.model.policy import Policy

MOST_NEAREST = 2


class Combined(msgspec.Struct, frozen=True, kw_only=True):
    """What some answers say together: the verb, by which rule, and the policies that settled it."""

    verb: Verb
    rule: Rule
    deciding: tuple[Compiled, ...] = ()
    undecided: tuple[Compiled, ...] = ()
    """Policies that could not tell, where that settled it."""
    top: int | None = None
    """The highest priority that matched; None where none did."""


def combine(matched: Iterable[Compiled], undecided: Iterable[Compiled]) -> Combined:
    """Put the answers together; their order does not matter."""
    deciders = [one for one in matched if one.policy.decides]
    top = max((one.policy.priority for one in deciders), default=None)
    deciding = tuple(one for one in deciders if one.policy.priority == top)
    verbs = {one.policy.verb for one in deciding}
    open_ = tuple(
        one for one in undecided if one.policy.decides and (top is None or one.policy.priority >= top)
    )
    if open_ and verbs != {Verb.ESCALATE}:
        return Combined(verb=Verb.ESCALATE, rule=Rule.UNDECIDED, undecided=open_, top=top)
    if len(verbs) == 1:
        return Combined(verb=verbs.pop(), rule=Rule.AGREED, deciding=deciding, top=top)
    rule = Rule.DISAGREED if deciding else Rule.UNMATCHED
    return Combined(verb=Verb.ESCALATE, rule=rule, deciding=deciding, top=top)


def in_time(combined: Combined, deadline: datetime, now: datetime) -> Combined:
    """Return it as it counts at `now`: nothing is approved at or after the deadline."""
    if combined.verb is Verb.APPROVE and now >= deadline:
        return msgspec.structs.replace(combined, verb=Verb.ESCALATE, rule=Rule.OVER)
    return combined


def decide(
    judge: Judge,
    action: PendingAction,
    facts: Facts,
    *,
    evidence: str,
    enforces_observers: bool,
    version: str,
) -> Decision:
    """Return the decision on the action as the facts show it at `facts.now`.

    Args:
        judge: the compiled policies.
        action: the pending action.
        facts: what is known of it.
        evidence: a digest of the evidence as it was when the facts were gathered.
        enforces_observers: whether policies in `mode: observe` count as enforcing.
        version: of this agent, for the record.
    """
    answers = judge.evaluate(action.kind, action.tenant_id, facts)
    case = Case(action=action, facts=facts, failures=answers.failures)

    def enforces(one: Compiled) -> bool:
        return one.enforces(action.kind, action.tenant_id, enforces_observers=enforces_observers)

    applicable = judge.applicable(action.kind, action.tenant_id, facts.now)
    enforcing = [one for one in applicable if enforces(one)]
    combined = combine(filter(enforces, answers.matched), filter(enforces, answers.undecided))
    nearest = [] if _settled(combined) else attempt(partial(_nearest, judge, enforcing, case))
    if isinstance(nearest, Failure):
        nearest = []
    ruling = _ruling(combined, case, nearest, is_observed_only=bool(applicable) and not enforcing)
    told = [*answers.matched, *answers.undecided, *nearest]
    fell = [one.policy for one in (*answers.matched, *answers.undecided) if one.policy.decides]
    policies = [one.policy for one in (*combined.deciding, *combined.undecided)]
    return Decision(
        action_id=action.id,
        at=facts.now,
        verb=ruling.verb,
        policies=ruling.policies,
        reason=with_fallen(ruling.reason, fell),
        findings=tuple(
            finding_of(one.policy, _answer(one, answers), case, observes=not enforces(one)) for one in told
        ),
        facts=facts,
        grounds=_grounds(evidence, ruling.verb, policies, facts),
        evidence=evidence,
        revision=judge.revision,
        shadow=_shadow(
            answers, case, observers=[one for one in told if not enforces(one) and one.policy.decides]
        ),
        inform=_chains(one.policy.inform for one in answers.matched if enforces(one)),
        senders_copy=ruling.verb is Verb.APPROVE and all(one.remediate_senders_copy for one in policies),
        escalation=next(iter(_chains(policy.escalation for policy in policies)), None),
        agent_version=version,
        git=judge.git,
        label=action.label,
        enforces_observers=enforces_observers,
        classifications=_classifications(combined.deciding, ruling.verb),
    )


def _classifications(deciding: Iterable[Compiled], verb: Verb) -> tuple[Classification, ...]:
    """Return what the policies that approve or reject together name for the alerts; people conclude for themselves."""
    if verb is Verb.ESCALATE:
        return ()
    named = {str(one): one for one in (each.policy.classification for each in deciding) if one is not None}
    return tuple(named[words] for words in sorted(named))


def _settled(combined: Combined) -> bool:
    return bool(combined.deciding or combined.undecided)


def _ruling(combined: Combined, case: Case, nearest: Sequence[Compiled], *, is_observed_only: bool) -> Ruling:
    """Put the verb, the policies and the sentence together; nothing is approved once the week is over."""
    names = tuple(one.policy.name for one in (*combined.deciding, *combined.undecided))
    if combined.undecided:
        reason = why_undecided([one.policy for one in combined.undecided], case)
    elif combined.deciding:
        reason = why_verb(combined.verb, [one.policy for one in combined.deciding], case)
    else:
        reason = why_none([one.policy for one in nearest], case, is_observed_only=is_observed_only)
    final = in_time(combined, case.action.deadline, case.facts.now)
    if final.rule is Rule.OVER:
        reason = why_over(reason, case)
    return Ruling(verb=final.verb, policies=names, reason=reason)


def _shadow(answers: Answers, case: Case, *, observers: Sequence[Compiled]) -> Ruling | None:
    """Return what would have been decided had observing policies counted; None where none had an opinion."""
    if not observers:
        return None
    return _ruling(combine(answers.matched, answers.undecided), case, (), is_observed_only=False)


def _answer(one: Compiled, answers: Answers) -> Match:
    if one in answers.matched:
        return Match.MATCHED
    return Match.UNDECIDED if one in answers.undecided else Match.NOT_MATCHED


def _nearest(judge: Judge, enforcing: Sequence[Compiled], case: Case) -> list[Compiled]:
    """Return the policies that came nearest to matching, for the person who wonders why none did.

    Those that would have escalated come last: the action went to a person anyway. A second one is named
    where as little stood in its way and something of it held.
    """
    seen = judge.seen(case.action.kind, case.facts)
    is_complete = case.facts.messages_complete
    ranked = sorted(
        (one.policy.verb is Verb.ESCALATE, one.distance(seen, is_complete=is_complete), one.policy.name, at)
        for at, one in enumerate(enforcing)
        if one.policy.decides
    )
    near = [
        enforcing[at]
        for escalates, (in_the_way, unheld), _, at in ranked
        if (escalates, in_the_way) == (ranked[0][0], ranked[0][1][0]) and unheld < 0
    ]
    return near[:MOST_NEAREST] or [enforcing[at] for *_, at in ranked[:1]]


def _chains(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name is not None}))


def _grounds(evidence: str, verb: Verb, policies: Sequence[Policy], facts: Facts) -> str:
    """Return a digest of what the decision rests on: evidence, verb, policies, and the facts they read.

    When a list was fetched is no part of it: it changes every hour, and the verb already says what came of it.
    """
    read = {
        (scope, fact.name)
        for policy in policies
        for scope, fact, _ in facts_read(policy)
        if list_of(fact.name) is None
    }
    of_action = sorted(name for scope, name in read if scope is Scope.ACTION)
    of_message = sorted(name for scope, name in read if scope is Scope.MESSAGE)
    rows = sorted(
        repr([_plain(row.get(name)) for name in of_message])
        for row in (facts.messages or () if of_message else ())
    )
    whole = [
        evidence,
        verb.value,
        [(policy.name, policy.digest) for policy in policies],
        [(name, _plain(facts.values.get(name))) for name in of_action],
        facts.messages_complete,
        rows,
    ]
    return sha256(repr(whole).encode(errors="backslashreplace")).hexdigest()[:16]


def _plain(value: Value | None) -> object:
    return sorted(value) if isinstance(value, frozenset) else value
