"""What conditions mean, as formulas: the same three-valued answers as `truth`, over all situations at once."""

from collections.abc import Mapping
from typing import cast

import msgspec

from agent.judge.operators import ONE_OF, OPERATORS, Rows
from agent.judge.proof.columns import Reading, entries, reading, versions
from agent.judge.proof.gathering import Witness, is_modelled, ratio, witness
from agent.judge.proof.solver import (
    TRUE,
    Formula,
    Number,
    Pair,
    at_least,
    at_most,
    both,
    either,
    every,
    implies,
    neither,
    no,
    some,
    some_between,
    total,
)
from agent.judge.proof.space import Slot, Space
from agent.judge.proof.unknowns import Unknown
from agent.judge.seen import fact_of
from agent.judge.shape import bare, shape
from agent.judge.situations import TENANT
from agent.judge.vocabulary import SETS, Fact, Scope
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Policy, Test


class Where(msgspec.Struct, frozen=True):
    """What conditions are judged on: the action as a whole, or one message of it."""

    values: Mapping[str, Unknown]
    scope: Scope
    slot: int = -1


class Meaning:
    """Conditions as formulas over the variables of a space; each shape of condition is made once."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._action = Where(space.action, Scope.ACTION)
        self._made: dict[tuple[int, Condition], Pair] = {}
        self._witnessed: set[Witness] = set()

    def policy(self, policy: Policy) -> Pair:
        """Return whether all of `match` holds and nothing of `unless` does."""
        return every([self.holds(policy.match), *(self.holds(one).opposite for one in policy.unless)])

    def counts(self, policy: Policy) -> Formula:
        """Return that the policy is for this tenant, and has not expired."""
        ends = TRUE if policy.expires is None else self.space.when.before(policy.expires)
        if policy.tenants is None:
            return ends
        asked = Test(fact=TENANT, operator="in", operand=policy.tenants, wording="", mark=policy.mark)
        of_tenant = self.space.tenant.answer(reading(asked, fact_of(TENANT, Scope.ACTION), policy.tenants))
        return both((ends, of_tenant.true))

    def holds(self, condition: Condition) -> Pair:
        """Return whether the condition holds of the action."""
        return self._holds(condition, self._action)

    def _holds(self, condition: Condition, where: Where) -> Pair:
        key = (where.slot, shape(condition))
        if key not in self._made:
            self._made[key] = self._make(condition, where)
        return self._made[key]

    def _make(self, condition: Condition, where: Where) -> Pair:
        match condition:
            case Test():
                return self._test(condition, where)
            case All(conditions=conditions):
                return every(self._holds(one, where) for one in conditions)
            case AnyOf(conditions=conditions):
                return some(self._holds(one, where) for one in conditions)
            case Not(condition=inner):
                return self._holds(inner, where).opposite
            case Messages():
                return self._messages(condition)
            case Moment():
                inside = self.space.when.inside(bare(condition))
                return Pair(inside, no(inside))

    # One fact

    def _test(self, test: Test, where: Where) -> Pair:
        if test.operator == "exists":
            known = self._known(test.fact, where)
            pair = Pair(known, no(known))
            return pair if test.operand is True else pair.opposite
        pair = self._over_time(test, where)
        if test.operator == ONE_OF:
            return self._fresh(test, pair)
        fact = fact_of(test.fact, where.scope)
        if fact.over_messages:
            pair = self._bounded(pair, fact, test.operator)
        return self._fresh(test, pair)

    def _over_time(self, test: Test, where: Where) -> Pair:
        """Return the answer of the operand that is in force."""
        since: Formula = TRUE
        answers: list[Pair] = []
        for until, operand in versions(test):
            before = TRUE if until is None else self.space.when.before(until)
            window = both((since, before))
            pair = self._of_operand(test, operand, where)
            answers.append(Pair(both((window, pair.true)), both((window, pair.false))))
            since = no(before)
        return Pair(either(one.true for one in answers), either(one.false for one in answers))

    def _of_operand(self, test: Test, operand: object, where: Where) -> Pair:
        if test.operator == ONE_OF:
            pair = self._one_of(cast("Rows", operand), where)
            return self.space.loosened(pair, f"{ONE_OF} {test.wording}") if test.fresh else pair
        return self._answer(test.fact, reading(test, fact_of(test.fact, where.scope), operand), where)

    def _answer(self, name: str, asked: Reading, where: Where) -> Pair:
        if name == TENANT and where.scope is Scope.ACTION:
            pair, known = self.space.tenant.answer(asked), self.space.tenant_known
            return Pair(both((known, pair.true)), both((known, pair.false)))
        return where.values[name].answer(asked)

    def _known(self, name: str, where: Where) -> Formula:
        is_tenant = name == TENANT and where.scope is Scope.ACTION
        return self.space.tenant_known if is_tenant else where.values[name].known

    def _one_of(self, rows: Rows, where: Where) -> Pair:
        """Return whether an entry has these values; unknown where a missing value could make them one."""
        members = entries(rows)
        known = both(self._known(name, where) for name in members.facts)
        could = either(
            both(
                either((no(self._known(name, where)), self._answer(name, Reading((column,)), where).true))
                for name, column in zip(members.facts, row, strict=True)
            )
            for row in members.rows
        )
        return Pair(both((known, could)), no(could))

    def _bounded(self, pair: Pair, fact: Fact, operator: str) -> Pair:
        """Return only the answer that more messages cannot change, unless all messages are there."""
        sure, complete = OPERATORS[operator].sure if fact.type in SETS else None, self.space.complete
        true = pair.true if sure is True else both((complete, pair.true))
        false = pair.false if sure is False else both((complete, pair.false))
        return Pair(true, false)

    def _fresh(self, test: Test, pair: Pair) -> Pair:
        """Return the answer where every list that is fed from elsewhere is fresh enough; else it is unknown."""
        fresh = []
        for one in test.fresh:
            fact = fact_of(one.fact, Scope.ACTION)
            asked = Test(fact=one.fact, operator="olderThan", operand=one.within, wording="", mark=test.mark)
            fresh.append(self._answer(one.fact, reading(asked, fact, one.within), self._action).false)
        return Pair(both((*fresh, pair.true)), both((*fresh, pair.false)))

    # Messages

    def _messages(self, condition: Messages) -> Pair:
        slots = self.space.slots
        answers = [
            self._holds(condition.condition, Where(slot.values, Scope.MESSAGE, at))
            for at, slot in enumerate(slots)
        ]
        true = [both((slot.is_there, one.true)) for slot, one in zip(slots, answers, strict=True)]
        false = [both((slot.is_there, one.false)) for slot, one in zip(slots, answers, strict=True)]
        unknown = [both((slot.is_there, one.unknown)) for slot, one in zip(slots, answers, strict=True)]
        whole = both((self.space.complete, self.space.some_message))
        match condition.quantifier:
            case "any" | "none":
                self._show(witness(condition), true, unknown)
                pair = Pair(either(true), both((whole, neither(*true, *unknown))))
                return pair if condition.quantifier == "any" else pair.opposite
            case "all":
                self._show(witness(condition), false, unknown)
                return Pair(both((whole, neither(*false, *unknown))), either(false))
            case _:
                pair = self._share(condition, slots, true, false)
                return Pair(both((whole, pair.true)), both((whole, pair.false)))

    def _show(self, key: Witness, settling: list[Formula], unknown: list[Formula]) -> None:
        """Let the condition's own message show how it turns out, since it may as well be that one.

        So the solver need not try the messages in every order. An example is freed of it, and can do with fewer.
        """
        if key in self._witnessed or not self.space.asked.is_orderly:
            return
        self._witnessed.add(key)
        at = self.space.asked.witnesses[key]
        orderly = self.space.orderly
        self.space.rule(implies(both((orderly, either(settling))), settling[at]))
        self.space.rule(implies(both((orderly, either(unknown))), either((*settling, unknown[at]))))

    def _share(
        self, condition: Messages, slots: tuple[Slot, ...], true: list[Formula], false: list[Formula]
    ) -> Pair:
        counts: list[Number] = [slot.count for slot in slots]
        of_all = total((TRUE, count) for count in counts)
        least = total(zip(true, counts, strict=True))
        most = of_all - total(zip(false, counts, strict=True))
        low, high = ratio(condition.at_least), ratio(condition.at_most)
        inside = both((at_least(least, low, of_all), at_most(most, high, of_all)))
        none_between = no(some_between(low, high, of_all))
        outside = either((no(at_least(most, low, of_all)), no(at_most(least, high, of_all)), none_between))
        pair = Pair(inside, outside)
        if is_modelled(condition):
            return pair
        return self.space.loosened(pair, f"`messages` share from {condition.at_least} to {condition.at_most}")
