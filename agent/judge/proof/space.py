"""All situations of one kind, as variables: every choice of them is a situation, and every situation is a choice.

What the agent itself makes of the action, its kind and its tenant, is always known.

Facts are taken apart from each other: that a count of recipients should go with a set of them, or that what is over
all messages should go with each, is not asked for. So a proof holds for more than there can be; an example may have
facts that do not go together, and is a likely one where it can be.
"""

from collections.abc import Mapping

import msgspec

from agent.judge.proof.candidates import DEADLINE
from agent.judge.proof.classes import classes_of
from agent.judge.proof.columns import Column, Reading
from agent.judge.proof.gathering import NOT_OVER, Asked
from agent.judge.proof.kinds import only
from agent.judge.proof.moments import instants
from agent.judge.proof.solver import (
    TRUE,
    Formula,
    Number,
    Pair,
    both,
    counter,
    either,
    implies,
    no,
    variable,
)
from agent.judge.proof.unknowns import Single, Unknown, When, unknown
from agent.judge.seen import fact_of
from agent.judge.situations import KIND, SOURCE, TENANT
from agent.judge.vocabulary import Scope
from agent.model.pending import MAIL_KINDS, ActionKind


class Slot(msgspec.Struct, frozen=True):
    """A message that may be there: its facts, and how often it is."""

    values: Mapping[str, Unknown]
    is_there: Formula
    count: Number | None


class Loose(msgspec.Struct, frozen=True):
    """What the solver takes as either true or false: in words, and a variable that binds it to what was found."""

    words: tuple[str, ...]
    bound: Formula


class Space:
    """The variables of one kind of pending action, for all that is asked of it."""

    def __init__(self, kind: ActionKind, asked: Asked) -> None:
        self.kind = kind
        self.asked = asked
        self.loose: list[Loose] = []
        self.abstracted: list[str] = []
        """What is not modelled, in words; that nobody knows who a group has in it is another matter."""
        self.orderly = variable("messages are in order")
        self._rules: list[Formula] = []
        self.when = When(instants(frozenset(asked.clocks), frozenset(asked.ends)))
        self._rules += self.when.rules()
        self.has_messages = kind in MAIL_KINDS
        self.complete = variable("messages are complete") if self.has_messages else TRUE
        tenants = asked.action.get(TENANT, {})
        self.tenant = Single("tenant", classes_of(fact_of(TENANT, Scope.ACTION), tenants), is_given=True)
        self.tenant_known = variable(f"{TENANT} is known")
        self.rule(self.tenant_known)
        self._take(self.tenant, TENANT, tenants)
        self.action = self._values(asked.action, Scope.ACTION, "action")
        self.slots = tuple(self._slot(at) for at in range(asked.messages)) if self.has_messages else ()
        deadline = self.action[DEADLINE].answer(Reading((NOT_OVER,)))
        self.over = deadline.false
        """Defender's week has ended."""

    @property
    def rules(self) -> list[Formula]:
        """What holds in every situation."""
        return list(self._rules)

    def rule(self, formula: Formula) -> None:
        """Take this as given."""
        self._rules.append(formula)

    def _values(
        self, columns: Mapping[str, Mapping[Column, str]], scope: Scope, where: str
    ) -> Mapping[str, Unknown]:
        found: dict[str, Unknown] = {}
        for name, told in columns.items():
            if name == TENANT:
                continue
            allowed = only(self.kind, name) if scope is Scope.ACTION else None
            one = unknown(f"{where}: {name}", classes_of(fact_of(name, scope), told, allowed))
            self._take(one, name, told)
            if name in (KIND, SOURCE) and scope is Scope.ACTION:
                self.rule(one.known)
            found[name] = one
        return found

    def _take(self, one: Unknown, name: str, told: Mapping[Column, str]) -> None:
        self._rules += one.rules()
        found = one.found()
        if found is not TRUE:
            words = {column: f"`{name}` {told[column]}" for column in one.classes.open}
            self._bind(tuple(words.values()), found)
            self.abstracted += [said for column, said in words.items() if not column.fed]

    def _bind(self, words: tuple[str, ...], found: Formula) -> None:
        bound = variable(f"bound {len(self.loose)}")
        self.loose.append(Loose(words, bound))
        self.rule(implies(bound, found))

    def loosened(self, pair: Pair, words: str) -> Pair:
        """Return an answer that may be anything, and is this one where the solver is bound to what was found."""
        at = len(self.loose)
        free = Pair(variable(f"loose {at} is true"), variable(f"loose {at} is false"))
        self.rule(no(both((free.true, free.false))))
        same = (_same(free.true, pair.true), _same(free.false, pair.false))
        self._bind((words,), both(same))
        self.abstracted.append(words)
        return free

    def _slot(self, at: int) -> Slot:
        values = self._values(self.asked.message, Scope.MESSAGE, f"message {at}")
        if not self.asked.shares:
            return Slot(values=values, is_there=variable(f"message {at} is there"), count=None)
        count = counter(f"count of message {at}")
        self.rule(count >= 0)
        return Slot(values=values, is_there=count > 0, count=count)

    @property
    def some_message(self) -> Formula:
        """That there is a message."""
        return either(slot.is_there for slot in self.slots)


def _same(one: Formula, other: Formula) -> Formula:
    return both((implies(one, other), implies(other, one)))
