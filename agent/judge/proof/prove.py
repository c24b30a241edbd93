"""(Policies, claims) -> what is so in every situation, and a situation for each thing that is not.

Policies that observe count as if they enforced, and limits are not weighed: see `ruling`.
"""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from agent.judge.compile import Judge, compile_set
from agent.judge.decide import decide
from agent.judge.feed import fed
from agent.judge.loosened import is_loosened
from agent.judge.proof.asking import Asking, Question, Reply
from agent.judge.proof.candidates import DEADLINE
from agent.judge.proof.examples import is_readable
from agent.judge.proof.gathering import facts_named, gathered
from agent.judge.proof.meaning import Meaning
from agent.judge.proof.members import with_members
from agent.judge.proof.ruling import Ruled, deciders, rivals, ruled
from agent.judge.proof.solver import TRUE, Formula, both, either, no
from agent.judge.proof.space import Space
from agent.judge.situations import action_of
from agent.judge.truth import Here, holds
from agent.model.decision import Decision, Match, Verb
from agent.model.pending import ActionKind
from agent.model.policy import PolicySet
from agent.model.proof import Claim, Clash, Example, Form, Outcome, Part, Proof, Report
from agent.model.situation import Situation

EMPTY = "its `when` holds in no situation: nothing is claimed"

IN_TIME = Claim(
    name="nothing is approved at or after its deadline: the engine's own rule",
    form=Form.DEADLINE,
    kinds=tuple(ActionKind),
    verb=Verb.APPROVE,
)


class Before(msgspec.Struct, frozen=True):
    """Another set of policies, and the verbs that this set must not decide more often than that one."""

    policies: PolicySet
    name: str
    verbs: tuple[Verb, ...] = (Verb.APPROVE,)


def tightenings(before: Before) -> tuple[Claim, ...]:
    """Return the claims that the set decides each of the verbs only where the set before it does."""
    return tuple(
        Claim(
            name=f"nothing is decided as {verb} that {before.name} does not decide so too",
            form=Form.TIGHTENS,
            kinds=tuple(ActionKind),
            verb=verb,
        )
        for verb in before.verbs
    )


def prove(
    policies: PolicySet,
    claims: Sequence[Claim],
    *,
    before: Before | None = None,
    within: float,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Return what became of each claim, what is not covered, and which policies clash.

    Args:
        policies: the set.
        claims: about it.
        before: another set, which this one must not go beyond.
        within: seconds for each question to the solver.
        tell: hears of each kind of pending action before it is looked at.
    """
    asked = (*claims, IN_TIME, *(tightenings(before) if before else ()))
    parts: dict[Claim, list[Part]] = {claim: [] for claim in asked}
    coverage: list[Part] = []
    clashes: list[Clash] = []
    abstracted: dict[str, None] = {}
    for kind in ActionKind:
        tell(kind.value)
        ours = [claim for claim in asked if kind in claim.kinds]
        one = OfKind(kind, policies, ours, before, within=within)
        for claim in ours:
            parts[claim].append(one.part(claim))
        coverage.append(one.covered())
        clashes.extend(one.clashes())
        abstracted |= dict.fromkeys(one.space.abstracted)
    return Report(
        proofs=tuple(Proof(claim=claim, parts=tuple(found)) for claim, found in parts.items()),
        coverage=tuple(coverage),
        clashes=tuple(clashes),
        abstracted=tuple(abstracted),
    )


class OfKind:
    """All situations of one kind: what a set of policies decides in them, and what a set before it decided."""

    def __init__(
        self,
        kind: ActionKind,
        policies: PolicySet,
        claims: Sequence[Claim],
        before: Before | None,
        *,
        within: float,
    ) -> None:
        self.kind = kind
        self.policies = deciders(policies.policies, kind)
        older = deciders(before.policies.policies, kind) if before else ()
        whens = [claim.when for claim in claims if claim.when is not None]
        self.space = Space(kind, gathered((*self.policies, *older), whens))
        self.meaning = Meaning(self.space)
        self.ruled = ruled(self.policies, self.meaning)
        self.older: Ruled | None = ruled(older, self.meaning) if before else None
        self.judge = compile_set(policies)
        self.older_judge = compile_set(before.policies) if before else None
        self.asking = Asking(self.space, within=within)

    def part(self, claim: Claim) -> Part:
        """Return what becomes of the claim for this kind."""
        if claim.form is Form.DEADLINE:
            return self._in_time(claim)
        if claim.when is not None and not self.asking.is_possible(self.meaning.holds(claim.when).true):
            return Part(kind=self.kind, outcome=Outcome.EMPTY, why=EMPTY)
        kept = facts_named(claim.when) if claim.when is not None else frozenset()
        question = Question(self._against(claim), lambda one: self._is_against(claim, one), kept)
        return self._part(self.asking.ask(question))

    def covered(self) -> Part:
        """Return whether every action gets a named policy, or one that does not."""
        return self.part(Claim(name="", form=Form.COVERED, kinds=(self.kind,)))

    def clashes(self) -> list[Clash]:
        """Return each pair of policies that approves and rejects the same action, with the action."""
        found = []
        for approves, rejects in rivals(self.policies):
            names = frozenset({approves.name, rejects.name})
            formula = both(self.ruled.decides[name] for name in sorted(names))
            question = Question(formula, partial(self._decide_together, names))
            part = self._part(self.asking.ask(question))
            if part.outcome is not Outcome.PROVED:
                found.append(Clash(approves=approves.name, rejects=rejects.name, part=part))
        return found

    def _decide_together(self, names: frozenset[str], one: Situation) -> bool:
        """Whether all of these matched and are among those that decided."""
        decision = self._decision(one)
        matched = {each.policy for each in decision.findings if each.answer is Match.MATCHED}
        return names <= matched & set(decision.policies)

    def _against(self, claim: Claim) -> Formula:
        """Return when the claim does not hold."""
        when = TRUE if claim.when is None else self.meaning.holds(claim.when).true
        decided = TRUE if claim.verb is None else self.ruled.verbs[claim.verb]
        match claim.form:
            case Form.NEVER:
                return both((when, decided))
            case Form.ALWAYS:
                return both((when, no(decided)))
            case Form.ONLY:
                return both((decided, no(when)))
            case Form.COVERED:
                return no(self.ruled.is_named)
            case Form.AGREED:
                pairs = rivals(self.policies)
                return either(
                    both((self.ruled.decides[a.name], self.ruled.decides[b.name])) for a, b in pairs
                )
            case Form.DEADLINE:
                return both((decided, self.space.over))
            case Form.TIGHTENS:
                return both((decided, no(self._older_verb(claim))))
            case Form.ONLY_TIGHTENS:
                return both((when, no(self.space.over), self._loosened()))

    def _loosened(self) -> Formula:
        """Return the same as `is_loosened`, over all situations at once."""
        assert self.older is not None  # noqa: S101  there is another set wherever this is claimed
        ours, theirs = self.ruled, self.older
        lost = either(both((one, no(ours.decides[name]))) for name, one in theirs.decides.items())
        approves = both((ours.verbs[Verb.APPROVE], either((no(theirs.verbs[Verb.APPROVE]), lost))))
        return either((approves, both((ours.verbs[Verb.REJECT], theirs.verbs[Verb.ESCALATE]))))

    def _older_verb(self, claim: Claim) -> Formula:
        assert self.older is not None  # noqa: S101  there is another set wherever this is claimed
        assert claim.verb is not None  # noqa: S101  as `tightenings` makes it
        return self.older.verbs[claim.verb]

    def _is_against(self, claim: Claim, one: Situation) -> bool:
        """Whether the judge says that the claim does not hold in the situation."""
        decision = self._decision(one)
        here = Here(facts=one.facts, values=one.facts.values)
        when = True if claim.when is None else holds(claim.when, here)
        match claim.form:
            case Form.NEVER:
                return when is True and decision.verb is claim.verb
            case Form.ALWAYS:
                return when is True and decision.verb is not claim.verb
            case Form.ONLY:
                return when is not True and decision.verb is claim.verb
            case Form.COVERED:
                return not decision.policies
            case Form.AGREED:
                pairs = (frozenset({a.name, b.name}) for a, b in rivals(self.policies))
                return any(self._decide_together(names, one) for names in pairs)
            case Form.DEADLINE:
                return decision.verb is claim.verb and one.facts.now >= action_of(one, EXAMPLE).deadline
            case Form.TIGHTENS:
                return decision.verb is claim.verb and self._before(one) is not claim.verb
            case Form.ONLY_TIGHTENS:
                assert self.older_judge is not None  # noqa: S101  there is another set wherever this is claimed
                is_over = one.facts.now >= action_of(one, EXAMPLE).deadline
                return (
                    when is True and not is_over and is_loosened(_decision(self.older_judge, one), decision)
                )

    def _in_time(self, claim: Claim) -> Part:
        """Return whether the deadline holds, and try it: an example that is approved, at its deadline and after."""
        part = self._part(
            self.asking.ask(Question(self._against(claim), lambda one: self._is_against(claim, one)))
        )
        if part.outcome is not Outcome.PROVED:
            return part
        approved = self.asking.ask(
            Question(self.ruled.verbs[Verb.APPROVE], lambda one: self._decision(one).verb is Verb.APPROVE)
        )
        if approved.outcome is Outcome.BROKEN:
            return self._part(approved)
        if approved.situation is None:
            return part
        late = _at_deadline(approved.situation)
        if self._is_against(claim, late):
            return self._part(Reply(Outcome.BROKEN, situation=late, why="the judge approves it all the same"))
        return part

    def _decision(self, one: Situation) -> Decision:
        return _decision(self.judge, one)

    def _before(self, one: Situation) -> Verb | None:
        return None if self.older_judge is None else _decision(self.older_judge, one).verb

    def _part(self, reply: Reply) -> Part:
        if reply.situation is None:
            return Part(kind=self.kind, outcome=reply.outcome, why=reply.why, depends=reply.depends)
        one = with_members(reply.situation, self.judge.policy_set)
        decision = _decision(fed(self.judge, one.lists), one)
        outcome, why = reply.outcome, reply.why
        if _said(decision) != _said(self._decision(reply.situation)):
            outcome, why = Outcome.BROKEN, "with the members that are written there the judge says otherwise"
        example = self._example(one, decision)
        return Part(kind=self.kind, outcome=outcome, why=why, depends=reply.depends, example=example)

    def _example(self, one: Situation, decision: Decision) -> Example:
        return Example(
            situation=one,
            verb=decision.verb,
            policies=decision.policies,
            reason=decision.reason.removesuffix(f" ({EXAMPLE}, incident 1)"),
            before=self._before(one),
            is_readable=is_readable(one),
        )


EXAMPLE = "example"
"""What an example is called where a pending action has its name."""


def _decision(judge: Judge, one: Situation) -> Decision:
    action = action_of(one, EXAMPLE)
    return decide(judge, action, one.facts, evidence="", enforces_observers=True, version="")


def _said(decision: Decision) -> tuple[Verb, tuple[str, ...]]:
    return decision.verb, decision.policies


def _at_deadline(one: Situation) -> Situation:
    values = {**one.facts.values, DEADLINE: one.facts.now}
    return replace(one, facts=replace(one.facts, values=values))
