"""Conditions as their author wrote them, short enough for a sentence."""

from agent.judge.spell import spelled
from agent.judge.strict_yaml import shown
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Test

MOST = 100


def written(condition: Condition) -> str:
    """Return the condition in backticks, as it stands in the file; what is long within it is left out."""
    match condition:
        case All(conditions=(one,)) | AnyOf(conditions=(one,)):
            return written(one)
        case Test():
            told = spelled(condition)
        case All(conditions=conditions):
            told = f"all of {len(conditions)} conditions"
        case AnyOf(conditions=conditions):
            told = f"any of {len(conditions)} conditions"
        case Not():
            told = "not: {…}"
        case Messages(quantifier=quantifier):
            told = f"messages: {{{quantifier}: {{…}}}}"
        case Moment(wording=wording):
            told = f"moment: {wording}"
    return f"`{shown(told, MOST)}`"


def on_line(one: Condition, beside: Condition) -> str:
    """Return on which line a condition stands; nothing where the other one stands there too."""
    return "" if one.mark.line == beside.mark.line else f" on line {one.mark.line}"
