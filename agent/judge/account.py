"""(The compiled policies, an action, its facts) -> an explanation: the decision taken apart, and what would have changed it."""

from collections.abc import Iterator, Sequence
from functools import cached_property, partial

from agent.judge.attempt import Failure, attempt
from agent.judge.compile import Answers, Compiled, Judge
from agent.judge.decide import Combined, combine, decide, in_time
from agent.judge.fallen import fell_back
from agent.judge.flips.flip import MOST_FACTS, MOST_JUDGINGS, Bench, Hunt, hunt
from agent.judge.flips.suppose import suppose
from agent.judge.quote import quote
from agent.judge.reasons import Case, in_the_way
from agent.judge.seen import Seen
from agent.judge.tree import match_trees, unless_trees
from agent.model.decision import Decision, Match, Rule, Verb
from agent.model.explanation import Aside, Bearing, Because, Explanation, Flips, PolicyTree
from agent.model.facts import Facts
from agent.model.pending import PendingAction

MOST_TOLD = 3
"""Changes of as few facts that are told for one other decision."""

PAST = {Verb.APPROVE: "approves", Verb.REJECT: "rejects", Verb.ESCALATE: "asks a person"}


class Account:
    """An action, as these policies decide it."""

    def __init__(
        self, judge: Judge, action: PendingAction, facts: Facts, *, enforces_observers: bool
    ) -> None:
        self.judge = judge
        self.policies = judge.policy_set
        self.action = action
        self.facts = facts
        self.enforces_observers = enforces_observers
        self.answers = judge.evaluate(action.kind, action.tenant_id, facts)
        self.case = Case(action=action, facts=facts, failures=self.answers.failures)
        self.applicable = judge.applicable(action.kind, action.tenant_id, facts.now)
        counting = Answers(self._counting(self.answers.matched), self._counting(self.answers.undecided))
        combined = combine(counting.matched, counting.undecided)
        self.combined = in_time(combined, action.deadline, facts.now)

    def _counting(self, some: Sequence[Compiled]) -> tuple[Compiled, ...]:
        return tuple(one for one in some if self._enforces(one))

    def _enforces(self, one: Compiled) -> bool:
        action = self.action
        return one.enforces(action.kind, action.tenant_id, enforces_observers=self.enforces_observers)

    def decision(self) -> Decision:
        """Return the decision in the form in which it is recorded."""
        return decide(
            self.judge,
            self.action,
            self.facts,
            evidence="",
            enforces_observers=self.enforces_observers,
            version="",
        )

    def explanation(self, to: Sequence[Verb] = tuple(Verb)) -> Explanation:
        """Return the decision taken apart, with the smallest changes that would have led to these others."""
        decision = self.decision()
        return Explanation(
            kind=self.action.kind,
            tenant=self.action.tenant_id,
            now=self.facts.now,
            revision=self.policies.revision,
            git=self.policies.git,
            enforces_observers=self.enforces_observers,
            verb=decision.verb,
            deciding=decision.policies,
            rule=self.combined.rule,
            rule_words=self.rule_words(),
            reason=decision.reason,
            shadow=decision.shadow,
            policies=self._trees(decision),
            aside=tuple(self._aside()),
            other_kinds=len(self.policies.policies) - len(self.judge.of_kind(self.action.kind)),
            flips=self.flips(to),
        )

    def flips(self, to: Sequence[Verb] = tuple(Verb)) -> tuple[Flips, ...]:
        """Return the smallest changes that would have led to these decisions, the present one aside."""
        return tuple(self._flips(verb) for verb in to if verb is not self.combined.verb)

    # The rule

    def rule_words(self) -> str:
        """Say by which rule the answers were put together."""
        combined = self.combined
        match combined.rule:
            case Rule.AGREED:
                return f"{_top(combined)}: {_agreed(combined)}"
            case Rule.DISAGREED:
                sides = ", ".join(f"`{one.policy.name}` {PAST[one.policy.verb]}" for one in combined.deciding)
                return f"policies of priority {combined.top} disagree: {sides}: a person decides"
            case Rule.UNDECIDED:
                return self._undecided()
            case Rule.OVER:
                end = quote(self.action.deadline)
                return f"its week is over since {end}: nothing is approved from then on, so a person decides"
            case Rule.UNMATCHED:
                return f"{self._unmatched()}: a person decides"
            case Rule.HELD:
                return "a limit of the deciding policy held it: a person decides"

    def _undecided(self) -> str:
        combined = self.combined
        names = " and ".join(
            f"`{one.policy.name}` (priority {one.policy.priority})" for one in combined.undecided
        )
        if combined.top is None:
            return f"no policy matched, and {names} cannot tell and might: a person decides"
        return (
            f"the highest priority that matches is {combined.top}, and at it or above {names} cannot tell:"
            " a person decides"
        )

    def _unmatched(self) -> str:
        counting = [one for one in self._counting(self.applicable) if one.policy.decides]
        if counting:
            count = len(counting)
            return (
                f"no policy matched of the {count} that count"
                if count > 1
                else "the one policy that counts did not match"
            )
        if any(one.policy.decides for one in self.applicable):
            return "only observing policies are for it, and they do not count"
        return f"no policy is for `{self.action.kind}`"

    # The policies

    def _trees(self, decision: Decision) -> tuple[PolicyTree, ...]:
        nearest = {finding.policy for finding in decision.findings if finding.answer is Match.NOT_MATCHED}

        def weight(one: Compiled) -> tuple[int, tuple[int, int], str]:
            far = attempt(partial(self._distance, one))
            distance = (0, 0) if isinstance(far, Failure) else far
            return list(Bearing).index(self._bearing(one, nearest)), distance, one.policy.name

        ranked = sorted(self.applicable, key=weight)
        return tuple(self._tree(one, self._bearing(one, nearest)) for one in ranked)

    def _distance(self, one: Compiled) -> tuple[int, int]:
        return one.distance(self._seen, is_complete=self.facts.messages_complete)

    @cached_property
    def _seen(self) -> Seen:
        return self.judge.seen(self.action.kind, self.facts)

    def _bearing(self, one: Compiled, nearest: set[str]) -> Bearing:
        if one in self.combined.deciding:
            return Bearing.DECIDED
        if one in self.combined.undecided:
            return Bearing.UNDECIDED
        has_spoken = one in self.answers.matched or one in self.answers.undecided
        if has_spoken and not one.policy.decides:
            return Bearing.INFORMED
        if has_spoken and not self._enforces(one):
            return Bearing.SHADOW
        if has_spoken:
            return Bearing.OUTRANKED
        return Bearing.NEAREST if one.policy.name in nearest else Bearing.APART

    def _tree(self, one: Compiled, bearing: Bearing) -> PolicyTree:
        policy, lists = one.policy, self.policies.lists
        answer = (
            Match.MATCHED
            if one in self.answers.matched
            else Match.UNDECIDED
            if one in self.answers.undecided
            else Match.NOT_MATCHED
        )
        match = attempt(partial(match_trees, policy, self.facts, lists))
        unless = attempt(partial(unless_trees, policy, self.facts, lists))
        failure = self.answers.failures.get(policy.name, "")
        failure = failure or next((each.words for each in (match, unless) if isinstance(each, Failure)), "")
        return PolicyTree(
            policy=policy.name,
            bearing=bearing,
            answer=answer,
            verb=policy.verb,
            priority=policy.priority if one.policy.decides else None,
            observes=not self._enforces(one),
            fallen="" if policy.fallen is None else fell_back(policy.fallen),
            reason=policy.reason,
            in_the_way=() if answer is Match.MATCHED else in_the_way(policy, self.case),
            match=() if isinstance(match, Failure) else match,
            unless=() if isinstance(unless, Failure) else unless,
            failure=failure,
            file=policy.file,
            line=policy.mark.line,
        )

    def _aside(self) -> Iterator[Aside]:
        for one in self.judge.of_kind(self.action.kind):
            if not one.policy.is_for(self.action.tenant_id):
                tenant = self.action.tenant_id or "none that is named"
                words = f"it is for other tenants, and this one is {tenant}"
                yield Aside(policy=one.policy.name, because=Because.TENANT, words=words)
            elif one.policy.expires is not None and one.policy.has_expired(self.facts.now):
                words = f"it expired on {quote(one.policy.expires)}"
                yield Aside(policy=one.policy.name, because=Because.EXPIRED, words=words)

    # Other decisions

    def _flips(self, verb: Verb) -> Flips:
        searched = attempt(partial(self._search, verb))
        if isinstance(searched, Failure):
            words = f"what would have led to {verb} could not be searched for ({searched.words})"
            return Flips(verb=verb, words=words)
        return searched

    def _search(self, verb: Verb) -> Flips:
        bench = Bench(self.judge, self.action, self.facts, enforces_observers=self.enforces_observers)
        result = hunt(bench, verb)
        flips = tuple(suppose(bench, found, verb) for found in result.found[:MOST_TOLD])
        return Flips(
            verb=verb,
            words=flips[0].words if flips else self._nothing(result),
            flips=flips,
            is_smallest=result.is_smallest,
            searched=result.searched,
            judgings=bench.judgings,
        )

    def _nothing(self, result: Hunt) -> str:
        if not result.is_reachable:
            observing = [
                one for one in self.applicable if one.policy.decides and one.policy.verb is result.verb
            ]
            names = ", ".join(f"`{one.policy.name}`" for one in observing[:MOST_TOLD])
            though = f"; only observing, and not counted: {names}" if names else ""
            return f"no policy that counts for `{self.action.kind}` says {result.verb}{though}"
        facts = "1 fact" if result.searched == 1 else f"up to {result.searched} facts"
        none = f"no change of {facts} was found" if result.searched else "no change was found"
        end = "" if result.searched == MOST_FACTS else f" within {MOST_JUDGINGS:,} judgings"
        untried = f"; not all was tried: {', '.join(result.gaps)}" if result.gaps else ""
        return f"{none} that would have led to {result.verb}{end}{untried}"


def _top(combined: Combined) -> str:
    return f"the highest priority that matches is {combined.top}"


def _agreed(combined: Combined) -> str:
    if len(combined.deciding) == 1:
        return f"`{combined.deciding[0].policy.name}` is the only policy there, and says {combined.deciding[0].policy.verb}"
    return f"all {len(combined.deciding)} policies there say {combined.deciding[0].policy.verb}"
