"""What a search for other decisions stands on: which facts can be different, and which values of them matter.

Facts that are linked (`alter`) have one root, which is what is changed and what is counted: a message's
`recipient.domain`, `recipients` and `recipients.count` all hang on its `recipient`. What is not the world's to
change has none: the tenant, the kind, the type of evidence. The moment stands for the facts that move with the
week: `action.firstSeen` is not put anywhere else, but it may be judged later.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain
from typing import cast

import msgspec

from agent.judge import calendar
from agent.judge.flips import links
from agent.judge.flips.edges import MOST_PARTS, Part, candidates, is_gap, is_set, sets
from agent.judge.fold import folded
from agent.judge.operators import ONE_OF, Rows
from agent.judge.seen import fact_of
from agent.judge.truth import Here, holds
from agent.judge.vocabulary import MEMBER, MESSAGE_FACTS, WORDS, Scope
from agent.judge.walk import names_of, walk_policy
from agent.model.facts import Facts, FactType, Value
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Policy, Test

FIXED = frozenset({"tenant.id", "action.kind", "action.kindSource", "evidence.type"})
ALWAYS_KNOWN = frozenset({"recipient"})
"""Roots that no message lacks."""

NEVER_EMPTY = frozenset(
    {"recipients", "recipients.domains", "senders", "senders.domains", "locations", "directions", "subjects"}
)
"""Sets over messages, each of which adds a member."""

WITH_THE_WEEK = frozenset({"action.firstSeen", "action.deadline"})

NOW = "now"
MESSAGES = "messages"

_BY_NAME = frozenset({"equals", "in", "notIn", "anyIn", "noneIn", "allIn", "exists", ONE_OF})
"""Operators that only ask whether a value is one of some."""

MINUTE = timedelta(minutes=1)

DAYS_AROUND = 8
"""How many days before and after are looked at for another moment."""


class Root(msgspec.Struct, frozen=True):
    """What is changed where a fact is to be different."""

    scope: Scope
    fact: str
    is_size: bool = False

    @property
    def name(self) -> str:
        """What it is counted as."""
        return f"{self.scope}:{self.fact}"


class View(msgspec.Struct, frozen=True):
    """A fact that hangs on a root: how it is worked out from the root's value."""

    scope: Scope
    fact: str
    of: links.View


class Ground:
    """The tests of some policies, and the facts as they are."""

    def __init__(self, policies: Iterable[Policy], facts: Facts) -> None:
        self.facts = facts
        self.gaps: set[str] = set()
        self._probe = msgspec.structs.replace(facts, messages_complete=True)
        self._tests: dict[tuple[Scope, str], dict[object, Test]] = {}
        self._calendars: dict[Moment, None] = {}
        self._policies = tuple(policies)
        for policy in self._policies:
            for condition, scope in walk_policy(policy):
                self._take(condition, scope)
        self._linked = {
            name
            for name, value in links.worked_out(facts)
            if name in facts.values and links.agrees(name, facts.values[name], value)
        }
        self._roots: dict[tuple[Scope, str], Root | None] = {}
        self._values: dict[tuple[Root, datetime], tuple[Value, ...]] = {}
        self._alike: dict[tuple[Root, datetime, Part], tuple[Value, ...]] = {}
        self._row_keys: dict[int, tuple[Mapping[str, Value], tuple[object, ...]]] = {}
        self._moments: dict[object, tuple[datetime, ...]] = {}
        self._marks: dict[tuple[Root, Value | None, datetime], Part] = {}

    def tests(self, scope: Scope, name: str) -> tuple[Test, ...]:
        """Return what is asked of the fact, each test once."""
        return tuple(self._tests.get((scope, name), {}).values())

    def _take(self, condition: Condition, scope: Scope) -> None:
        match condition:
            case Test(operator=operator, operand=operand):
                for name in names_of(condition):
                    same = (operator, operand, condition.fresh, condition.expiries)
                    self._tests.setdefault((scope, name), {})[same] = condition
            case Moment():
                self._calendars[condition] = None
            case All() | AnyOf() | Not() | Messages():
                pass

    # Roots

    def root(self, scope: Scope, name: str) -> Root | None:
        """Return what is changed where the fact is to be different; None where it cannot be."""
        key = (scope, name)
        if key not in self._roots:
            self._roots[key] = self._root(scope, name)
        return self._roots[key]

    def _root(self, scope: Scope, name: str) -> Root | None:
        if name in FIXED:
            return None
        if name in WITH_THE_WEEK:
            return Root(Scope.ACTION, NOW)
        if scope is Scope.MESSAGE:
            source = links.OF_ROW.get(name)
            is_linked = source is not None and self._agrees_in_every_row(name, *source)
            return Root(scope, source[0] if source is not None and is_linked else name)
        if name in links.OVER_ROWS and self.is_over_rows(name):
            return Root(Scope.MESSAGE, links.OVER_ROWS[name][0])
        if name in self._linked and (name in links.SIZES or name in links.SET_SIZES):
            return Root(scope, name, is_size=True)
        if name in links.OVER_SETS and name in self._linked:
            return Root(scope, links.OVER_SETS[name])
        if name in links.OF_ACTION and name in self._linked:
            return Root(scope, links.OF_ACTION[name][0])
        return Root(scope, name)

    def is_over_rows(self, name: str) -> bool:
        """Whether the fact is what the messages make it, so that it is they that must be different."""
        return bool(self.facts.messages) and name in links.OVER_ROWS and name in self._linked

    def _agrees_in_every_row(self, name: str, source: str, view: links.View) -> bool:
        rows = self.facts.messages or ()
        return all(links.agrees(name, row.get(name), view(row.get(source)), Scope.MESSAGE) for row in rows)

    def views(self, root: Root) -> Iterator[View]:
        """Give the facts that hang on the root, itself among them."""
        yield View(root.scope, root.fact, links.itself)
        within = links.OF_ROW if root.scope is Scope.MESSAGE else links.OF_ACTION
        for target, (source, view) in within.items():
            if source == root.fact and self.root(root.scope, target) == root:
                yield View(root.scope, target, view)
        if root.scope is Scope.MESSAGE:
            for target, (source, view) in links.OVER_ROWS.items():
                if source == root.fact and self.is_over_rows(target):
                    yield View(Scope.ACTION, target, view)
        for target, source in links.OVER_SETS.items():
            if root.scope is Scope.ACTION and source == root.fact and self.root(root.scope, target) == root:
                yield View(Scope.ACTION, target, links.domain_of)

    # Values

    def values(self, root: Root, now: datetime) -> tuple[Value, ...]:
        """Return one value, or one member of a set, for each part in which all tests answer the same."""
        key = (root, now)
        if key not in self._values:
            self._values[key] = self._parts(root, now)
        return self._values[key]

    def every(self, root: Root, value: Value, now: datetime) -> tuple[Value, ...] | None:
        """Return all values that are alike to this one; None where they cannot be named one by one.

        So it is where the fact is tested for more than being one of some values, or another fact hangs on
        the root and is tested too.
        """
        known = WORDS.get(root.fact)
        mark = self.mark(root, value, now)
        if known is not None:
            return tuple(sorted(word for word in known if self.mark(root, word, now) == mark))
        asked = [(view, test) for view in self.views(root) for test in self.tests(view.scope, view.fact)]
        if len({view for view, _ in asked}) > 1 or any(test.operator not in _BY_NAME for _, test in asked):
            return None
        fact = fact_of(root.fact, root.scope)
        values = self._alike.get((root, now, mark), ())
        kind = MEMBER.get(fact.type, fact.type)
        return tuple({folded(kind, one): one for one in reversed(values)}.values())[::-1]

    def _parts(self, root: Root, now: datetime) -> tuple[Value, ...]:
        fact, current = fact_of(root.fact, root.scope), self._current(root)
        found: dict[Part, list[Value]] = {}
        pool: list[Value] = []
        for view in self.views(root):
            tests = self.tests(view.scope, view.fact)
            self.gaps.update(f"`{view.fact}`" for test in tests if is_gap(test))
            row = fact_of(view.fact, view.scope)
            seen = [value for value in map(view.of, current) if value is not None]
            some = candidates(row, tests, seen, now)
            pool += [raised for one in some if (raised := raised_to(one, view)) is not None]
        for value in _in_order(pool, current, fact.type):
            found.setdefault(self.mark(root, value, now), []).append(value)
        for part, values in found.items():
            self._alike[root, now, part] = tuple(dict.fromkeys(values))
        return tuple(values[0] for values in found.values())

    def numbers(self, root: Root) -> tuple[int, ...]:
        """Return every whole number on an edge of a test or next to one, lowest first."""
        fact, now = fact_of(root.fact, root.scope), self.facts.now
        some = candidates(fact, self.tests(root.scope, root.fact), (), now)
        return tuple(sorted({number for number in some if isinstance(number, int)}))

    def _current(self, root: Root) -> list[Value]:
        tables = [self.facts.values] if root.scope is Scope.ACTION else list(self.facts.messages or ())
        values = [table[root.fact] for table in tables if root.fact in table]
        members = chain.from_iterable(
            sorted(value) if isinstance(value, frozenset) else (value,) for value in values
        )
        return list(dict.fromkeys(members))

    def mark(self, root: Root, value: Value | None, now: datetime) -> Part:
        """Return what every test on the root answers for this value, or this member: alike is alike to all policies."""
        key = (root, value, now)
        if key not in self._marks:
            self._marks[key] = tuple(
                self._answer(test, view, view.of(value), now)
                for view in self.views(root)
                for test in self.tests(view.scope, view.fact)
            )
        return self._marks[key]

    def _answer(self, test: Test, view: View, value: Value | None, now: datetime) -> object:
        fact = fact_of(view.fact, view.scope)
        if test.operator == ONE_OF:
            rows = cast("Rows", test.operand)
            column, form = rows.facts.index(view.fact), None if value is None else folded(fact.type, value)
            return form if any(row[column] == form for row in rows.rows) else None
        shown = frozenset({str(value)}) if is_set(fact) and value is not None else value
        probe = msgspec.structs.replace(self._probe, now=now)
        here = Here(facts=probe, values={} if shown is None else {view.fact: shown}, scope=view.scope)
        return holds(test, here)

    def set_values(self, root: Root, seen: frozenset[str], now: datetime) -> Iterator[frozenset[str]]:
        """Give every set that makes a difference, those that differ least from the one seen first."""
        parts = {self.mark(root, value, now): str(value) for value in self.values(root, now)}
        part_of = {member: self.mark(root, member, now) for member in seen}
        parts.update({part: member for member, part in part_of.items()})
        if len(parts) > MOST_PARTS:
            self.gaps.add(f"`{root.fact}`")
            for test in self.tests(root.scope, root.fact):
                named = test.operand if isinstance(test.operand, frozenset) else frozenset({test.operand})
                yield frozenset(member for member in seen if member not in named)
                yield frozenset(member for member in seen if member in named)
        yield from sets(seen, parts, part_of)

    def may_be_empty(self, root: Root) -> bool:
        """Whether there is a world in which the set is known to have no members."""
        return root.scope is Scope.MESSAGE or root.fact not in NEVER_EMPTY

    def row_key(self, row: Mapping[str, Value]) -> tuple[object, ...]:
        """Return what all tests see of one message: messages alike in this are alike to all policies."""
        known = self._row_keys.get(id(row))
        if known is None:
            key = tuple(self._row_mark(root, row.get(root.fact)) for root in self._row_roots)
            # The message is kept with its key, so that no other can take its place in memory.
            known = self._row_keys[id(row)] = (row, key)
        return known[1]

    @cached_property
    def _row_roots(self) -> tuple[Root, ...]:
        roots = {self.root(Scope.MESSAGE, name) for name in MESSAGE_FACTS}
        return tuple(sorted((root for root in roots if root is not None), key=lambda root: root.fact))

    def _row_mark(self, root: Root, value: Value | None) -> object:
        if isinstance(value, frozenset):
            return frozenset(self.mark(root, member, self.facts.now) for member in value)
        return (value is None, self.mark(root, value, self.facts.now))

    # Moments

    def moments(self, facts: Facts, deadline: datetime) -> tuple[datetime, ...]:
        """Return moments at which what goes by the clock comes out in another way, nearest first."""
        now = facts.now
        key = (now, *(facts.values.get(name) for name in self._aging))
        if key not in self._moments:
            self._moments[key] = self._other_moments(facts, deadline)
        return self._moments[key]

    @cached_property
    def _aging(self) -> tuple[str, ...]:
        """The facts of the action that are moments."""
        return tuple(
            name
            for scope, name in self._tests
            if scope is Scope.ACTION and fact_of(name, scope).type is FactType.MOMENT
        )

    def _other_moments(self, facts: Facts, deadline: datetime) -> tuple[datetime, ...]:
        now = facts.now
        found = set(self._turns(facts, deadline)) - {now}
        nearest: dict[object, datetime] = {}
        for at in sorted(found, key=lambda at: (abs(at - now), at)):
            nearest.setdefault(self._clock(at, facts, deadline), at)
        return tuple(nearest.values())

    def _turns(self, facts: Facts, deadline: datetime) -> Iterator[datetime]:
        ends = [deadline, *(policy.expires for policy in self._policies if policy.expires is not None)]
        for name in WITH_THE_WEEK:
            start = facts.values.get(name)
            for test in self.tests(Scope.ACTION, name):
                if isinstance(start, datetime) and isinstance(test.operand, timedelta):
                    ends.append(start + test.operand)
        for end in ends:
            yield from (end - MINUTE, end, end + MINUTE)
        for condition in self._calendars:
            yield from calendar.turns(condition, facts.now, DAYS_AROUND)

    def _clock(self, at: datetime, facts: Facts, deadline: datetime) -> object:
        """Return everything that goes by the clock, as it is at the moment."""
        then = Here(facts=msgspec.structs.replace(facts, now=at), values=facts.values)
        aged = [holds(test, then) for name in self._aging for test in self.tests(Scope.ACTION, name)]
        ended = [policy.has_expired(at) for policy in self._policies]
        return (*(calendar.inside(one, at) for one in self._calendars), *aged, *ended, at < deadline)


def raised_to(value: Value, view: View) -> Value | None:
    """Return a value of the root from which the view's value is worked out."""
    if view.of is links.domain_of:
        return f"somebody@{value}" if "@" not in str(value) else value
    if view.of is links.host_of:
        return f"https://{value}/"
    if view.of is links.in_mailbox:
        return "inbox_folder" if value is True else "quarantine"
    return value


def _in_order(pool: list[Value], current: list[Value], kind: FactType) -> list[Value]:
    """Return the values with numbers and moments in the order of how far they are from what there is."""
    start = current[0] if current else None
    if kind is FactType.NUMBER:
        middle = start if isinstance(start, int | float) else 0
        return sorted(pool, key=lambda one: (abs(cast("float", one) - middle), cast("float", one)))
    if kind is FactType.MOMENT and isinstance(start, datetime):
        return sorted(pool, key=lambda one: abs(cast("datetime", one) - start))
    return pool
