"""What a policy's conditions came to, clause by clause, in words for people on call.

Made only for the policies that matter to a decision, from the same conditions as the closures.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from agent.judge import calendar
from agent.judge.fold import folded
from agent.judge.operand import operand_at, stale
from agent.judge.operators import OPERATORS, Rows
from agent.judge.quote import members, quote, shorten, span, visible
from agent.judge.seen import fact_of
from agent.judge.truth import Here, holds, is_known
from agent.judge.vocabulary import MEMBER, SETS, Fact, list_of
from agent.judge.walk import names_of, tests_of
from agent.model.decision import Clause
from agent.model.facts import Facts, Value
from agent.model.policy import All, AnyOf, Condition, Fresh, Messages, Moment, Not, Policy, Test

THE_MESSAGES = "messages"
"""What a clause names as its fact where the messages as such are unknown."""


def match_clauses(policy: Policy, facts: Facts) -> tuple[Clause, ...]:
    """Return the conditions of `match`, each as it turned out."""
    here = Here(facts=facts, values=facts.values)
    return tuple(_clause(one, here) for one in policy.match.conditions)


def unless_clauses(policy: Policy, facts: Facts) -> tuple[Clause, ...]:
    """Return the conditions of `unless`, each as it turned out: one that held is in the way."""
    here = Here(facts=facts, values=facts.values)
    return tuple(_clause(one, here) for one in policy.unless)


def _clause(condition: Condition, here: Here) -> Clause:
    held = holds(condition, here)
    names = _missing(condition, here) if held is None else _named(condition)
    return Clause(
        words=words(condition, here),
        held=held,
        facts=tuple(dict.fromkeys(names)),
        line=condition.mark.line,
        column=condition.mark.column,
    )


def _named(condition: Condition) -> Iterable[str]:
    """Give every fact that the condition names."""
    return (name for test in tests_of(condition) for name in names_of(test))


def _missing(condition: Condition, here: Here) -> Iterable[str]:
    """Give the facts that make the condition unknown."""
    if holds(condition, here) is not None:
        return
    match condition:
        case Test() if lists := stale(condition, here.facts):
            yield from (one.fact for one in lists)
            yield from (name for name in _named(condition) if not is_known(name, here))
        case Test(operator="oneOf"):
            yield from (name for name in names_of(condition) if not is_known(name, here))
        case Test(fact=name):
            yield name
        case All(conditions=conditions) | AnyOf(conditions=conditions):
            for one in conditions:
                yield from _missing(one, here)
        case Not(condition=inner):
            yield from _missing(inner, here)
        case Messages(condition=inner):
            unknown = next((each for each in here.messages if holds(inner, each) is None), None)
            if unknown is None or not here.facts.messages_complete:
                yield THE_MESSAGES
            else:
                yield from _missing(inner, unknown)
        case Moment():
            return


def words(condition: Condition, here: Here) -> str:
    """Say the condition as it turned out: the fact, its value, and what was asked of it."""
    match condition:
        case Test() if lists := stale(condition, here.facts):
            return " and ".join(_words_of_age(one, here.facts) for one in lists)
        case Test(operator="exists", fact=name):
            return f"`{name}` is {'known' if is_known(name, here) else 'not known'}"
        case Test(operator="oneOf"):
            return _words_of_rows(condition, here)
        case Test():
            return _words_of_test(condition, here)
        case All() | AnyOf():
            return _joined(condition, here)
        case Not(condition=Moment() as inner):
            return words(inner, here)
        case Not(condition=inner):
            return f"not ({words(inner, here)})"
        case Messages():
            return _words_of_messages(condition, here)
        case Moment():
            side = "inside" if holds(condition, here) else "outside"
            return f"it is {calendar.local_time(condition, here.facts.now)}, {side} {condition.wording}"


def _joined(condition: All | AnyOf, here: Here) -> str:
    """Say those that came out as the whole did, since they are why; one is enough where any would do."""
    whole = holds(condition, here)
    telling = [one for one in condition.conditions if holds(one, here) is whole]
    if isinstance(condition, AnyOf) and whole:
        telling = telling[:1]
    return " and ".join(words(one, here) for one in telling)


def _words_of_age(one: Fresh, facts: Facts) -> str:
    """Say why a list that is fed cannot be relied on."""
    name, fetched = list_of(one.fact), facts.values.get(one.fact)
    if not isinstance(fetched, datetime):
        return f"`${name}` was never fetched"
    return f"`${name}` was last refreshed {span(facts.now - fetched)} ago, {span(one.within)} asked"


def _words_of_test(test: Test, here: Here) -> str:
    fact = fact_of(test.fact, here.scope)
    raw = here.values.get(test.fact)
    held = holds(test, here)
    phrase = OPERATORS[test.operator].phrase.format(visible(test.wording))
    asked = "" if held else f", {phrase} asked"
    if held is None:
        return f"`{fact.name}` is {_unknown(fact, raw, here)}{asked}"
    value = cast("Value", raw)
    if fact.type in SETS:
        return _words_of_set(fact, test, cast("frozenset[str]", value), asked, here.facts.now)
    if held and test.operator != "equals":
        return f"`{fact.name}` is {quote(value)}, {phrase}"
    return f"`{fact.name}` is {quote(value)}{asked}"


def _unknown(fact: Fact, raw: Value | None, here: Here) -> str:
    if fact.over_messages and not here.facts.messages_complete:
        return f"known only in part{_why(here.facts)}"
    if raw is None:
        return f"unknown{_why(here.facts) if fact.over_messages else ''}"
    return f"{quote(raw)}, which tells nothing"


def _why(facts: Facts) -> str:
    return f" ({visible(shorten(facts.unresolved))})" if facts.unresolved else ""


def _words_of_set(fact: Fact, test: Test, raw: frozenset[str], asked: str, now: datetime) -> str:
    """Say which members mattered, and of how many; `asked` is empty where the test held."""
    if not raw:
        return f"`{fact.name}` is empty{asked}"
    kind = MEMBER[fact.type]
    operand = operand_at(test, now)
    listed = frozenset({operand}) if test.operator == "contains" else cast("frozenset[str]", operand)
    inside = frozenset(one for one in raw if folded(kind, one) in listed)
    mattered = raw - inside if test.operator == "allIn" else inside
    if not mattered:
        every = "all" if test.operator == "allIn" else "none"
        return f"`{fact.name}` is {members(raw)}{asked or f', {every} in {visible(test.wording)}'}"
    count = f" ({len(mattered)} of {len(raw)})" if len(raw) > 1 else ""
    where = "" if test.operator == "contains" else f", in {visible(test.wording)}"
    return f"`{fact.name}` has {members(mattered)}{count}{asked or where}"


def _words_of_rows(test: Test, here: Here) -> str:
    rows = cast("Rows", test.operand)
    told = []
    for name in rows.facts:
        raw = here.values.get(name)
        told.append(f"`{name}` is {'unknown' if raw is None else quote(raw)}")
    held = holds(test, here)
    end = f"together one of {visible(test.wording)}" + ("" if held else " asked")
    return f"{' and '.join(told)}, {end}"


def _words_of_messages(condition: Messages, here: Here) -> str:
    facts, inner = here.facts, condition.condition
    if not here.messages:
        otherwise = " (not looked up)" if facts.messages is None else " (there are none)"
        return f"`{THE_MESSAGES}` are unknown{_why(facts) or otherwise}"
    answers = [holds(inner, each) for each in here.messages]
    held = holds(condition, here)
    count = answers.count(True)
    telling = telling_message(condition, answers, held, is_complete=facts.messages_complete)
    asked = f", {bounds(condition)}{'' if held else ' asked'}"
    if held is None:
        asked += _why(facts) or f", {answers.count(None)} unknown"
    return f"in {count} of {len(answers)} messages{asked}: {words(inner, here.messages[telling])}"


def telling_message(
    condition: Messages, answers: Sequence[bool | None], held: bool | None, *, is_complete: bool
) -> int:
    """Return which of the messages shows best why the condition turned out as it did."""
    if held is None and is_complete:
        return answers.index(None)
    wants_some = condition.quantifier in ("any", "none")
    return next((at for at, answer in enumerate(answers) if (answer is True) is wants_some), 0)


def bounds(condition: Messages) -> str:
    """Say the quantifier, or between what the share is to lie."""
    if condition.quantifier != "share":
        return condition.quantifier
    least, most = condition.at_least, condition.at_most
    low = [f"at least {least:g}"] if least > 0 else []
    return " and ".join([*low, *([f"at most {most:g}"] if most < 1 else [])]) or "any share"
