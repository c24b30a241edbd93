"""What the operand of a test may still be from a moment on, at most and at least: entries of lists end."""

from datetime import datetime

from agent.judge.operand import operand_at, without
from agent.judge.operators import OF_LISTS, OPERATORS, Rows
from agent.model.policy import Test


def most(test: Test, now: datetime) -> object:
    """Return the operand with everything that is in it at this moment or later: what has ended is left out."""
    return operand_at(test, now)


def least(test: Test) -> object:
    """Return the operand with nothing but what is in it for ever."""
    return without(test.operand, frozenset[object]().union(*(expiry.values for expiry in test.expiries)))


def is_on_nothing(test: Test, now: datetime) -> bool:
    """Whether the test is on lists that have no entries; one that is fed from elsewhere may get some."""
    if test.fresh:
        return False
    operand = most(test, now)
    if isinstance(operand, Rows):
        return not operand.rows
    row = OPERATORS.get(test.operator)
    return row is not None and row.operand in OF_LISTS and not operand
