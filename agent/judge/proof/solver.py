"""What is used of Z3, with types: formulas are opaque, and a question has three answers."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import msgspec
import z3

Formula = Any
"""A formula of Z3 that is true or false."""

Number = Any
"""A formula of Z3 that is a whole number."""

TRUE: Formula = z3.BoolVal(val=True)
FALSE: Formula = z3.BoolVal(val=False)


class Pair(msgspec.Struct, frozen=True):
    """An answer of three values: when it is true, and when it is false; never both, and else it is unknown."""

    true: Formula
    false: Formula

    @property
    def opposite(self) -> "Pair":
        """The other answer; unknown stays unknown."""
        return Pair(self.false, self.true)

    @property
    def unknown(self) -> Formula:
        """When it is neither."""
        return neither(self.true, self.false)


HOLDS, FAILS = Pair(TRUE, FALSE), Pair(FALSE, TRUE)


def variable(name: str) -> Formula:
    """Return a variable that is true or false."""
    return z3.Bool(name)


def counter(name: str) -> Number:
    """Return a variable that is a whole number."""
    return z3.Int(name)


def both(formulas: Iterable[Formula]) -> Formula:
    """Return that all hold."""
    found = [one for one in formulas if one is not TRUE]
    if any(one is FALSE for one in found):
        return FALSE
    return found[0] if len(found) == 1 else z3.And(found) if found else TRUE


def either(formulas: Iterable[Formula]) -> Formula:
    """Return that one holds."""
    found = [one for one in formulas if one is not FALSE]
    if any(one is TRUE for one in found):
        return TRUE
    return found[0] if len(found) == 1 else z3.Or(found) if found else FALSE


def no(formula: Formula) -> Formula:
    """Return that it does not hold."""
    if formula is TRUE:
        return FALSE
    return TRUE if formula is FALSE else z3.Not(formula)


def neither(*formulas: Formula) -> Formula:
    """Return that none holds."""
    return both(no(one) for one in formulas)


def implies(one: Formula, other: Formula) -> Formula:
    """Return that the other holds wherever the one does."""
    return either((no(one), other))


def just_one(formulas: Sequence[Formula]) -> Formula:
    """Return that exactly one holds."""
    return formulas[0] if len(formulas) == 1 else z3.PbEq([(one, 1) for one in formulas], 1)


def total(parts: Iterable[tuple[Formula, Number]]) -> Number:
    """Return the sum of the numbers whose formulas hold."""
    return z3.Sum([z3.If(formula, number, z3.IntVal(0)) for formula, number in parts])


def at_least(part: Number, share: Fraction, whole: Number) -> Formula:
    """Return that the part is at least this share of the whole."""
    return share.denominator * part >= share.numerator * whole


def at_most(part: Number, share: Fraction, whole: Number) -> Formula:
    """Return that the part is at most this share of the whole."""
    return share.denominator * part <= share.numerator * whole


def some_between(low: Fraction, high: Fraction, whole: Number) -> Formula:
    """Return that some whole number is from the one share of the whole to the other."""
    if low == 0 or high == 1:
        return TRUE
    least = (low.numerator * whole + (low.denominator - 1)) / low.denominator
    return least * high.denominator <= high.numerator * whole


def every(pairs: Iterable[Pair]) -> Pair:
    """Return the answer of `all`: false as soon as one is false."""
    found = tuple(pairs)
    return Pair(both(one.true for one in found), either(one.false for one in found))


def some(pairs: Iterable[Pair]) -> Pair:
    """Return the answer of `any`: true as soon as one is true."""
    found = tuple(pairs)
    return Pair(either(one.true for one in found), both(one.false for one in found))


class Model:
    """One way in which everything asked for holds together."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def holds(self, formula: Formula) -> bool:
        """Whether the formula holds in it."""
        return bool(z3.is_true(self._model.eval(formula, model_completion=True)))

    def number(self, formula: Number) -> int:
        """Return what the number is in it."""
        return int(self._model.eval(formula, model_completion=True).as_long())


class Solver:
    """Formulas that hold, and questions whether more can hold with them."""

    def __init__(self, *, within: float) -> None:
        self._solver = z3.Solver()
        self._solver.set("timeout", max(1, int(within * 1_000)))

    def assume(self, formulas: Iterable[Formula]) -> None:
        """Take these as given from now on."""
        self._solver.add(*formulas)

    def ask(self, *formulas: Formula) -> bool | None:
        """Whether these can hold together with what is given; None where the time was up before that was known."""
        answer = self._solver.check(*formulas)
        if answer == z3.sat:
            return True
        return False if answer == z3.unsat else None

    def model(self) -> Model:
        """Return how the last question can hold; only after it was answered with yes."""
        return Model(self._solver.model())

    def core(self) -> frozenset[str]:
        """Return the names of the variables among the last question's that cannot hold together."""
        return frozenset(str(one) for one in self._solver.unsat_core())
