"""What became of the question whether a tenant's set only tightens the base that it adds to."""

from enum import StrEnum

import msgspec

from agent.model.errors import Problem
from agent.model.pending import ActionKind
from agent.model.proof import Example, Outcome


class Means(StrEnum):
    """By what it is known that a set only tightens its base."""

    FORM = "form"
    """By its form alone: nothing in it could loosen anything."""
    SOLVER = "solver"
    """The solver found no situation in which anything is loosened, and there is none."""


class Loosened(msgspec.Struct, frozen=True, kw_only=True):
    """What may loosen the base for one kind of action; with a situation in which it does, where one was found."""

    kind: ActionKind
    outcome: Outcome
    problem: Problem
    """Told at its place, with the situation where there is one."""
    words: str
    """The same in short."""
    example: Example | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a tenant's set only tightens its base: it does where nothing is found.

    `people` are places at which fewer people could approve than the base asks for. `means` is None where something is
    found, and `kinds` are those for which the solver was asked.
    """

    loosened: tuple[Loosened, ...] = ()
    people: tuple[Problem, ...] = ()
    means: Means | None = None
    kinds: tuple[ActionKind, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is found, each at its place, once."""
        every = dict.fromkeys((*self.people, *(one.problem for one in self.loosened)))
        return tuple(sorted(every, key=lambda one: (one.file, one.line, one.column, one.message)))
