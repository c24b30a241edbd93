"""What the operand of a test may still be from a moment on, at most and at least: entries of lists end."""

from datetime import datetime
from itertools import chain

from agent.judge.operators import OPERATORS, Operand, Rows
from agent.model.policy import Test

OF_LISTS = frozenset({Operand.MANY, Operand.DOMAINS, Operand.NETWORKS})


def most(test: Test, now: datetime) -> object:
    """Return the operand with everything that is in it at this moment or later; what has ended is left out."""
    later = set(chain.from_iterable(expiry.values for expiry in test.expiries if expiry.at > now))
    ended = set(chain.from_iterable(expiry.values for expiry in test.expiries if expiry.at <= now))
    return _without(test.operand, ended - later)


def least(test: Test) -> object:
    """Return the operand with nothing but what is in it for ever."""
    return _without(test.operand, set(chain.from_iterable(expiry.values for expiry in test.expiries)))


def _without(operand: object, values: set[object]) -> object:
    match operand:
        case _ if not values:
            return operand
        case frozenset():
            return operand - values
        case tuple():
            return tuple(value for value in operand if value not in values)
        case Rows(facts=facts, rows=rows):
            return Rows(facts=facts, rows=frozenset(rows - values))
        case _:
            return operand


def is_on_nothing(test: Test, now: datetime) -> bool:
    """Whether the test is on lists that have no entries; one that is fed from elsewhere may get some."""
    if test.fresh:
        return False
    operand = most(test, now)
    if isinstance(operand, Rows):
        return not operand.rows
    row = OPERATORS.get(test.operator)
    return row is not None and row.operand in OF_LISTS and not operand
