"""A question to the solver -> a proof, a situation that the judge has confirmed, or why neither.

First only situations are looked for that can be written down: every answer that the solver may choose is bound to
values that were found. Where there is none, the same is asked without these bounds; only if there is none then
either, it is a proof.
"""

from collections.abc import Callable, Collection

import msgspec

from agent.judge.proof.examples import MOST_MESSAGES, plainest, situation_of, wishes
from agent.judge.proof.solver import TRUE, Formula, Solver, implies, total, variable
from agent.judge.proof.space import Loose, Space
from agent.model.proof import Outcome
from agent.model.situation import Situation


class Question(msgspec.Struct, frozen=True):
    """Whether there is a situation in which the formula holds.

    `shows` asks the judge whether a situation is one; `kept` are the facts that an example is to tell of.
    """

    formula: Formula
    shows: Callable[[Situation], bool]
    kept: Collection[str] = ()


class Reply(msgspec.Struct, frozen=True):
    """A proof that there is none, or a situation, or why neither."""

    outcome: Outcome
    situation: Situation | None = None
    why: str = ""
    depends: tuple[str, ...] = ()


class Asking:
    """One space and its solver."""

    def __init__(self, space: Space, *, within: float) -> None:
        self.space = space
        self._within = within
        self._solver = Solver(within=within)
        self._asked = 0
        self._taken = 0
        self._few = variable("as many messages as can be written down")
        self._is_counted = bool(space.slots) and bool(space.asked.shares)
        if self._is_counted:
            count = total((TRUE, slot.count) for slot in space.slots)
            self._solver.assume([implies(self._few, count <= MOST_MESSAGES)])

    def is_possible(self, formula: Formula) -> bool:
        """Whether there may be a situation in which the formula holds; yes where the time was up."""
        return self._ask(self._question(formula)) is not False

    def ask(self, question: Question) -> Reply:
        """Return the reply to a question."""
        asked = self._question(question.formula)
        loose = [*self.space.loose, *([Loose((_MANY,), self._few)] if self._is_counted else [])]
        bounds = {str(one.bound): one for one in loose}
        orderly = self.space.orderly
        answer = self._ask(asked, orderly, *(one.bound for one in loose))
        if answer is None:
            return self._too_long()
        if answer:
            return self._example(question, asked, [one.bound for one in loose])
        needed = [bounds[name] for name in sorted(self._solver.core()) if name in bounds]
        if not needed:
            return Reply(Outcome.PROVED)
        answer = self._ask(asked, orderly)
        if answer is None:
            return self._too_long()
        if not answer:
            return Reply(Outcome.PROVED)
        depends = tuple(sorted({words for one in needed for words in one.words}))
        return Reply(
            Outcome.CANNOT_SAY, why="it depends on what the solver takes as it comes", depends=depends
        )

    def _question(self, formula: Formula) -> Formula:
        """Return a variable that stands for the formula, so that the solver can be asked of it alone."""
        self._asked += 1
        asked = variable(f"question {self._asked}")
        self._solver.assume([implies(asked, formula)])
        return asked

    def _ask(self, *formulas: Formula) -> bool | None:
        rules = self.space.rules
        self._solver.assume(rules[self._taken :])
        self._taken = len(rules)
        return self._solver.ask(*formulas)

    def _example(self, question: Question, asked: Formula, bounds: list[Formula]) -> Reply:
        """Return the likeliest example, confirmed by the judge; or that the judge says otherwise."""
        granted = [asked, *bounds]
        model = self._solver.model()
        for wish in wishes(self.space):
            if model.holds(wish):
                granted.append(wish)
            elif self._ask(*granted, wish):
                granted.append(wish)
                model = self._solver.model()
        found = situation_of(self.space, model)
        if not question.shows(found):
            why = "the solver and the judge disagree on this situation, which is a bug of this program: tell us of it"
            return Reply(Outcome.BROKEN, situation=found, why=why)
        return Reply(Outcome.REFUTED, situation=plainest(found, question.shows, question.kept))

    def _too_long(self) -> Reply:
        why = f"not decided within {self._within:g} s: give it longer with `--timeout`"
        return Reply(Outcome.CANNOT_SAY, why=why)


_MANY = f"more than {MOST_MESSAGES:,} messages at once"
