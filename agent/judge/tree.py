"""(A condition, facts) -> a tree that says of each clause whether it held, on what value, and where that is from."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from agent.judge import calendar, fold
from agent.judge.explain import bounds, telling_message, words
from agent.judge.fold import folded
from agent.judge.guard import span
from agent.judge.operand import stale
from agent.judge.operators import ONE_OF, Rows, within
from agent.judge.quote import quote, visible
from agent.judge.seen import fact_of
from agent.judge.truth import Here, holds, is_known
from agent.judge.vocabulary import MEMBER, SETS, Fact
from agent.judge.walk import names_of
from agent.model.explanation import Branch, Entry, Held, Hours, Joint, Leaf, Sample, Sight, Tree
from agent.model.facts import Facts, Value
from agent.model.policy import (
    All,
    AnyOf,
    Condition,
    ListEntry,
    Messages,
    Moment,
    Not,
    Policy,
    PolicyList,
    Test,
)

HELD = {True: Held.HELD, False: Held.FAILED, None: Held.UNKNOWN}

_NAMED = re.compile(r"\$([A-Za-z0-9_-]+)")


def match_trees(policy: Policy, facts: Facts, lists: Sequence[PolicyList]) -> tuple[Tree, ...]:
    """Return the conditions of `match`, each as it turned out."""
    here = Here(facts=facts, values=facts.values)
    return tuple(tree(one, here, _named(policy, lists)) for one in policy.match.conditions)


def unless_trees(policy: Policy, facts: Facts, lists: Sequence[PolicyList]) -> tuple[Tree, ...]:
    """Return the conditions of `unless`, each as it turned out: one that held is in the way."""
    here = Here(facts=facts, values=facts.values)
    return tuple(tree(one, here, _named(policy, lists)) for one in policy.unless)


def _named(policy: Policy, lists: Sequence[PolicyList]) -> tuple[PolicyList, ...]:
    return tuple(one for one in lists if one.name in policy.lists)


def tree(condition: Condition, here: Here, lists: Sequence[PolicyList] = ()) -> Tree:
    """Return the condition as it turned out, and everything below it."""
    held = HELD[holds(condition, here)]
    match condition:
        case Test():
            return _leaf(condition, here, held, lists)
        case All(conditions=conditions, mark=mark):
            parts = tuple(tree(one, here, lists) for one in conditions)
            return Branch(held=held, joint=Joint.ALL, parts=parts, mark=mark)
        case AnyOf(conditions=conditions, mark=mark):
            parts = tuple(tree(one, here, lists) for one in conditions)
            return Branch(held=held, joint=Joint.ANY, parts=parts, mark=mark)
        case Not(condition=inner, mark=mark):
            return Branch(held=held, joint=Joint.NOT, parts=(tree(inner, here, lists),), mark=mark)
        case Messages():
            return _sample(condition, here, held, lists)
        case Moment(wording=wording, zone=zone, mark=mark):
            today = calendar.day_of(condition, here.facts.now).isoformat()
            entries = tuple(_entries(condition.wording, lists, here, lambda entry: entry.wording == today))
            return Hours(
                held=held,
                words=words(condition, here),
                asked=f"{wording} {zone}",
                entries=entries if condition.dates is not None else (),
                mark=mark,
            )


def _leaf(test: Test, here: Here, held: Held, lists: Sequence[PolicyList]) -> Leaf:
    names = names_of(test)
    is_settled = held is not Held.UNKNOWN
    return Leaf(
        held=held,
        words=words(test, here),
        operator=test.operator,
        asked=test.wording,
        seen=(*(sight(name, here, is_settled=is_settled) for name in names), *_aged(test, here.facts)),
        entries=tuple(_entries(test.wording, lists, here, lambda entry: _covers(entry, test, here))),
        mark=test.mark,
    )


def sight(name: str, here: Here, *, is_settled: bool) -> Sight:
    """Return the fact as it is seen here; `is_settled` is False where the test of it is unknown."""
    fact = fact_of(name, here.scope)
    raw = here.values.get(name)
    unknown = "" if is_settled and raw is not None else why_unknown(fact, raw, here)
    return Sight(fact=name, value=raw, source=fact.source, unknown=unknown)


def why_unknown(fact: Fact, raw: Value | None, here: Here) -> str:
    """Say why the fact tells nothing."""
    facts = here.facts
    if fact.over_messages and not facts.messages_complete:
        return f"not all messages are known: {_unresolved(facts)}"
    if raw is None and fact.since > facts.vocabulary:
        return "it was not asked for yet when these facts were gathered"
    if raw is None and fact.over_messages and facts.messages is None:
        return f"the messages were not looked up{_because(facts)}"
    if raw is None:
        return fact.unknown_when
    if not is_known(fact.name, here):
        return f"it is no {MEMBER.get(fact.type, fact.type)} that can be read"
    if isinstance(raw, frozenset) and not raw:
        return "of a set without members nothing is known"
    return "its value does not tell"


def _unresolved(facts: Facts) -> str:
    return visible(facts.unresolved) or "some could not be looked up"


def _because(facts: Facts) -> str:
    return f": {visible(facts.unresolved)}" if facts.unresolved else ""


def _aged(test: Test, facts: Facts) -> Iterator[Sight]:
    """Give the lists that the test goes by and that are too old to be relied on, or were never fetched."""
    for one in stale(test, facts):
        fetched = facts.values.get(one.fact)
        why = (
            "it was never fetched"
            if fetched is None
            else f"it was fetched longer ago than {span(one.within)}"
        )
        yield Sight(fact=one.fact, value=fetched, source="when the list was last fetched", unknown=why)


def _sample(condition: Messages, here: Here, held: Held, lists: Sequence[PolicyList]) -> Sample:
    rows = here.messages
    answers = [holds(condition.condition, each) for each in rows]
    is_complete = here.facts.messages_complete
    unknown = ""
    if held is Held.UNKNOWN and not rows:
        there = "the messages were not looked up" if here.facts.messages is None else "there are no messages"
        unknown = f"{there}{_because(here.facts)}"
    elif held is Held.UNKNOWN and not is_complete:
        unknown = f"not all messages are known: {_unresolved(here.facts)}"
    at = None
    if rows:
        at = telling_message(condition, answers, holds(condition, here), is_complete=is_complete)
    return Sample(
        held=held,
        words=words(condition, here),
        asked=bounds(condition),
        messages=len(rows),
        held_in=answers.count(True),
        failed_in=answers.count(False),
        unknown_in=answers.count(None),
        unknown=unknown,
        telling=None if at is None else at + 1,
        telling_label="" if at is None else _label(rows[at]),
        part=None if at is None else tree(condition.condition, rows[at], lists),
        mark=condition.mark,
    )


def _label(row: Here) -> str:
    recipient = row.values.get("recipient")
    return "" if recipient is None else f"to {quote(recipient)}"


def _entries(
    wording: str, lists: Sequence[PolicyList], here: Here, covers: Callable[[ListEntry], bool]
) -> Iterator[Entry]:
    """Give the entries that cover what was seen, of the lists that the operand names."""
    named = set(_NAMED.findall(wording))
    for each in lists:
        if not {each.name, each.adds_to} & named and not wording.endswith(" more"):
            continue
        members = (_member(one, each) for one in each.members or ())
        for entry in filter(covers, (*each.entries, *members)):
            yield Entry(
                list=each.name,
                wording=entry.wording,
                file=each.file,
                line=entry.mark.line,
                reason=entry.reason,
                owner=entry.owner,
                ticket=entry.ticket,
                expires=entry.expires,
                is_over=entry.expires is not None and here.facts.now >= entry.expires,
            )


def _member(wording: str, of: PolicyList) -> ListEntry:
    """Return a member of the list's group as an entry."""
    group = of.feed.group if of.feed is not None else ""
    return ListEntry(wording=wording, mark=of.mark, reason=f"a member of the group {group}")


def _covers(entry: ListEntry, test: Test, here: Here) -> bool:
    """Whether the entry is about a value that was seen."""
    if test.operator == ONE_OF:
        return _covers_row(entry, cast("Rows", test.operand), here)
    raw = here.values.get(test.fact)
    if raw is None:
        return False
    fact = fact_of(test.fact, here.scope)
    kind = MEMBER.get(fact.type, fact.type)
    seen = cast("frozenset[Value]", raw) if fact.type in SETS else frozenset({raw})
    forms = {folded(kind, one) for one in seen} - {None}
    match test.operator:
        case "domainIn":
            listed = frozenset({fold.domain(entry.wording)})
            return any(within(str(form).rpartition("@")[2], listed) for form in forms)
        case "cidr":
            return any(_is_in(str(form), entry.wording) for form in forms)
        case _:
            return folded(kind, entry.wording) in forms


def _is_in(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network)
    except ValueError:
        return False


def _covers_row(entry: ListEntry, rows: Rows, here: Here) -> bool:
    """Whether each member of an entry written as `{fact: value, …}` equals the fact that was seen."""
    written = dict(part.split(": ", 1) for part in entry.wording.strip("{}").split(", ") if ": " in part)
    if set(written) != set(rows.facts):
        return False
    for name in rows.facts:
        raw, kind = here.values.get(name), fact_of(name, here.scope).type
        if raw is None or folded(kind, raw) != folded(kind, written[name]):
            return False
    return True
