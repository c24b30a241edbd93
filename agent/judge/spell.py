"""Conditions -> YAML as their author could have written it, on one line, for lists of clauses and of mutants."""

from datetime import timedelta

from agent.judge.literals import DAYS
from agent.judge.operators import OF_LISTS, ONE_OF, OPERATORS, Operand
from agent.judge.quote import visible
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Test

_IN_BRACKETS = OF_LISTS | {Operand.PAIR}
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def spelled(condition: Condition) -> str:
    """Return the condition as it may stand between the braces of a mapping."""
    match condition:
        case Test():
            return _test(condition)
        case All(conditions=conditions):
            return _all(conditions)
        case AnyOf(conditions=conditions):
            return f"any: [{', '.join(_braced(one) for one in conditions)}]"
        case Not(condition=inner):
            return f"not: {_braced(inner)}"
        case Messages(quantifier="share"):
            return f"messages: {{share: {{{_share(condition)}}}}}"
        case Messages(quantifier=quantifier, condition=inner):
            return f"messages: {{{quantifier}: {_braced(inner)}}}"
        case Moment():
            return f"moment: {{{_moment(condition)}}}"


def _braced(condition: Condition) -> str:
    return f"{{{spelled(condition)}}}"


def _all(conditions: tuple[Condition, ...]) -> str:
    """Write one mapping where no key would come twice, else a list."""
    entries = [spelled(one) for one in conditions]
    keys = {entry.partition(":")[0] for entry in entries}
    if entries and len(keys) == len(entries):
        return ", ".join(entries)
    return f"all: [{', '.join(_braced(one) for one in conditions)}]"


def _test(test: Test) -> str:
    wording = visible(test.wording)
    if test.operator == ONE_OF:
        return f"{ONE_OF}: {bracketed(wording)}"
    if test.operator == "equals":
        return f"{test.fact}: {wording}"
    operand = bracketed(wording) if OPERATORS[test.operator].operand in _IN_BRACKETS else wording
    return f"{test.fact}: {{{test.operator}: {operand}}}"


def bracketed(wording: str) -> str:
    """Return a list as its author wrote it: `$name` by itself, and anything else in brackets."""
    return wording if names_list(wording) and ", " not in wording else f"[{wording}]"


def names_list(wording: str) -> bool:
    """Whether an operand names a list, alone or among its values."""
    return any(part.startswith("$") for part in wording.split(", "))


def _share(condition: Messages) -> str:
    bounds = [f"of: {_braced(condition.condition)}"]
    if condition.at_least > 0:
        bounds.append(f"atLeast: {condition.at_least:g}")
    if condition.at_most < 1:
        bounds.append(f"atMost: {condition.at_most:g}")
    return ", ".join(bounds)


def _moment(condition: Moment) -> str:
    parts = [f"zone: {condition.zone}"]
    if condition.days is not None:
        parts.append(f"days: {days(condition.days)}")
    if condition.hours is not None:
        parts.append(f"hours: {clock(condition.hours[0])}-{clock(condition.hours[1])}")
    if condition.dates is not None:
        parts.append(f"dates: {dates_of(condition)}")
    return ", ".join(parts)


def dates_of(condition: Moment) -> str:
    """Return the dates; `$name` where they are a list's, which then ends what the author wrote."""
    last = condition.wording.rpartition(" ")[2]
    return last if last.startswith("$") else f"[{', '.join(sorted(condition.dates or ()))}]"


def days(some: frozenset[int]) -> str:
    """Return days of the week, as `mon-fri` where they follow each other."""
    ordered = sorted(some)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{DAYS[ordered[0]]}-{DAYS[ordered[-1]]}"
    return f"[{', '.join(DAYS[day] for day in ordered)}]"


def clock(minutes: int) -> str:
    """Return minutes after midnight as a clock shows them."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def span(duration: timedelta) -> str:
    """Return a duration in the largest unit that it is a multiple of."""
    unit, length = next((unit, length) for unit, length in _UNITS if not duration % length)
    return f"{duration // length}{unit}"
