"""What a set of conditions asks of a situation: columns of facts, clocks, moments at which something ends, messages."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction

import msgspec

from agent.judge.operators import ONE_OF
from agent.judge.proof.candidates import DEADLINE
from agent.judge.proof.columns import Column, asked
from agent.judge.shape import bare, shape
from agent.judge.situations import TENANT
from agent.judge.vocabulary import Scope
from agent.judge.walk import names_of, walk, walk_policy
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Policy, Test

NOT_OVER = Column("newerThan", timedelta(0))
"""Of a deadline: that it has not come."""

MOST_DECIMALS = 10**6
"""A share with more decimals is compared as floating point rounds it, which is not modelled."""

Witness = tuple[str, Condition]
"""The shape of a condition on any or all messages, by what shows how it turns out."""


class Asked(msgspec.Struct, frozen=True):
    """All that is asked. Columns are told as they are written, for people."""

    action: dict[str, dict[Column, str]] = {}
    message: dict[str, dict[Column, str]] = {}
    clocks: set[Moment] = set()
    ends: set[datetime] = set()
    witnesses: dict[Witness, int] = {}
    """For each condition on any or on all messages, the message that shows how it turns out."""
    shares: set[Condition] = set()
    exact: set[Condition] = set()
    """Those shares that are bounded from both sides."""

    @property
    def messages(self) -> int:
        """How many different messages are enough to show every way in which the conditions can turn out.

        Whatever the messages are, of those for which a condition on any is true or unknown one is enough, and
        of those for which one on all is false or unknown; the others may go. A share is a matter of counts: of
        the messages that hold, of those that fail, of all. Messages that answer alike are counted together, and
        the counts are a sum of vectors, one for each way to answer.

        Where every share has but one bound, a common factor of all counts changes nothing, so that they may be
        any numbers, and of the vectors no more than there are counts are needed to reach the same point
        (Carathéodory): two for each share and one more. Where a share has two bounds, none may lie between them
        for want of messages, and the counts must stay what they are: then one for each way to answer is looked
        at, and as a message can be one's witness and be counted too, `is_orderly` is not so.
        """
        if not self.shares:
            return max(1, len(self.witnesses))
        ways = 2 * len(self.shares) + 1 if self.is_orderly else 3 ** len(self.shares)
        return len(self.witnesses) + ways

    @property
    def is_orderly(self) -> bool:
        """Whether each condition on any or on all messages may have a message of its own that shows it."""
        return not self.exact


def gathered(policies: Iterable[Policy], conditions: Iterable[Condition]) -> Asked:
    """Return all that these policies and conditions ask."""
    found = Asked(action={}, message={}, clocks=set(), ends=set(), witnesses={}, shares=set(), exact=set())
    _column(found, DEADLINE, NOT_OVER, "not over")
    for policy in policies:
        if policy.tenants is not None:
            _column(found, TENANT, Column("in", policy.tenants), "one of its tenants")
        if policy.expires is not None:
            found.ends.add(policy.expires)
        for condition, scope in walk_policy(policy):
            _add(found, condition, scope)
    for claimed in conditions:
        for condition, scope in walk(claimed):
            _add(found, condition, scope)
    return found


def _column(found: Asked, name: str, column: Column, told: str) -> None:
    found.action.setdefault(name, {}).setdefault(column, told)


def _add(found: Asked, condition: Condition, scope: Scope) -> None:
    match condition:
        case Test():
            _add_test(found, condition, scope)
        case Messages(quantifier="share", condition=inner):
            found.shares.add(shape(inner))
            if condition.at_least > 0 and condition.at_most < 1:
                found.exact.add(shape(inner))
        case Messages():
            found.witnesses.setdefault(witness(condition), len(found.witnesses))
        case Moment():
            found.clocks.add(bare(condition))
        case All() | AnyOf() | Not():
            pass


def _add_test(found: Asked, test: Test, scope: Scope) -> None:
    here = found.action if scope is Scope.ACTION else found.message
    if test.operator != ONE_OF:
        here.setdefault(test.fact, {})
    found.ends.update(expiry.at for expiry in test.expiries)
    freshness = {fresh.fact for fresh in test.fresh}
    for fact, column in asked(test, scope):
        is_own = fact.name not in freshness
        there = here if is_own else found.action
        there.setdefault(fact.name, {}).setdefault(column, f"{test.operator} {test.wording}")


def witness(condition: Messages) -> Witness:
    """Return the shape of the condition with what shows how it turns out: a message that holds, or one that fails."""
    return ("all" if condition.quantifier == "all" else "any", shape(condition.condition))


def ratio(share: float) -> Fraction:
    """Return the share as the author wrote it."""
    return Fraction(str(share))


def is_modelled(condition: Messages) -> bool:
    """Whether its bounds have so few decimals that how floating point rounds makes no difference."""
    return all(ratio(bound).denominator <= MOST_DECIMALS for bound in (condition.at_least, condition.at_most))


def facts_named(condition: Condition) -> frozenset[str]:
    """Return the facts of the action that the condition names."""
    return frozenset(
        name
        for test, scope in walk(condition)
        if isinstance(test, Test) and scope is Scope.ACTION
        for name in names_of(test)
    )
