"""(A change that led to another decision) -> how far it goes: which other values of the fact would have done as well."""

from collections.abc import Sequence
from typing import cast

import msgspec

from agent.judge.flips import links
from agent.judge.flips.advance import Step, World, advanced
from agent.judge.flips.alter import Put, Resize, altered
from agent.judge.flips.edges import OTHERS, is_gap
from agent.judge.flips.flip import Bench, Found
from agent.judge.flips.ground import Root, raised_to
from agent.judge.quote import visible
from agent.judge.seen import fact_of
from agent.judge.truth import Here, holds
from agent.judge.vocabulary import MEMBER, WORDS, Scope
from agent.model.decision import Verb
from agent.model.facts import FactType, Value
from agent.model.policy import Test


class Widening:
    """One changed fact of those that were found; the others stay as they were found."""

    def __init__(self, bench: Bench, found: Found, verb: Verb, at: int) -> None:
        self.bench = bench
        self.found = found
        self.verb = verb
        self.at = at
        self.step = found.steps[at]
        self.scope, self.fact = self.step.told

    @property
    def root(self) -> Root:
        """Return what was changed."""
        edit = self.step.edit
        name = edit.fact if isinstance(edit, Put | Resize) else self.fact
        scope = edit.scope if isinstance(edit, Put) else Scope.ACTION
        return Root(scope, name, is_size=isinstance(edit, Resize))

    def sides(self) -> tuple[list[Value], list[Value] | None]:
        """Return the values with which the decision is the other one, and those with which it is not.

        The latter are all there are, or None where they cannot be named one by one; of the former one stands for
        all that are alike, but for facts that have known words.
        """
        ground, now = self.bench.ground, self.bench.facts.now
        view = next((view.of for view in ground.views(self.root) if view.fact == self.fact), links.itself)
        goes: dict[Value, None] = {}
        stays: dict[Value, None] | None = {}
        for part in ground.values(self.root, now):
            every = ground.every(self.root, part, now)
            if self.is_other(part):
                some = every if every is not None and self.root.fact in WORDS else (part,)
                goes.update({seen: None for one in some if (seen := view(one)) is not None})
            elif every is None or self.has_gaps():
                stays = None
            elif stays is not None:
                stays.update({seen: None for one in every if (seen := view(one)) is not None})
        return list(goes), None if stays is None else list(stays)

    def is_unnamed(self, values: Sequence[Value]) -> bool:
        """Whether one of the values is alike to those that most likely nobody names."""
        ground, now = self.bench.ground, self.bench.facts.now
        row = fact_of(self.root.fact, self.root.scope)
        kind = MEMBER.get(row.type, row.type)
        if kind in (FactType.YESNO, FactType.NUMBER) or row.name in WORDS or self.fact in WORDS:
            return False
        view = next((view for view in ground.views(self.root) if view.fact == self.fact), None)
        unnamed = {ground.mark(self.root, other, now) for other in OTHERS.get(kind, ())}
        raised = (value if view is None else raised_to(value, view) for value in values)
        return any(ground.mark(self.root, value, now) in unnamed for value in raised)

    def has_gaps(self) -> bool:
        """Whether there may be values that the parts do not stand for."""
        views = self.bench.ground.views(self.root)
        return any(is_gap(test) for view in views for test in self.bench.ground.tests(view.scope, view.fact))

    def listed(self, goes: Sequence[Value], before: Value | None) -> str:
        """Say that one of a list would do, where each part of it does."""
        asked = self.step.asked
        if not isinstance(asked, Test) or not asked.wording.startswith("$") or asked.fact != self.fact:
            return ""
        if asked.operator not in ("in", "domainIn", "cidr") or (
            before is not None and self._holds(asked, before)
        ):
            return ""
        parts = self.bench.ground.values(self.root, self.bench.facts.now)
        views = {view.fact: view.of for view in self.bench.ground.views(self.root)}
        seen = [views[self.fact](part) for part in parts if self.fact in views]
        if self.has_gaps():
            return ""
        inside_it = [value for value in seen if value is not None and self._holds(asked, value)]
        return f"one of {visible(asked.wording)}" if inside_it and set(inside_it) <= set(goes) else ""

    def _holds(self, test: Test, value: Value) -> bool:
        here = Here(facts=self.bench.facts, values={test.fact: value}, scope=self.scope)
        return holds(test, here) is True

    def is_edge(self, number: int) -> bool:
        """Whether a policy names the number as one above which something begins."""
        tests = self.bench.ground.tests(self.root.scope, self.root.fact)
        return any(test.operator in ("above", "atMost") and test.operand == number for test in tests)

    def range(self, value: int) -> tuple[int | None, int | None]:
        """Return the ends of the range around the value; None where there is none on that side."""
        if isinstance(self.step.edit, Resize) and any(
            self.rows(step) for step in self.found.steps[self.at :]
        ):
            return value, value
        around = sorted({*self.bench.ground.numbers(self.root), value})
        at = around.index(value)
        most, least = self._last(around[at:]), self._last(around[: at + 1][::-1])
        return (
            None if least == around[0] else least,
            None if most == around[-1] else most,
        )

    def _last(self, numbers: Sequence[int]) -> int:
        """Return the last of these numbers, from the first on, with which the decision is still the other one."""
        root, now, last = self.root, self.bench.facts.now, numbers[0]
        for number in numbers[1:]:
            is_alike = not root.is_size and self.bench.ground.mark(
                root, number, now
            ) == self.bench.ground.mark(root, last, now)
            if not is_alike and not self.is_other(number):
                return last
            last = number
        return last

    def rows(self, step: Step) -> tuple[int, ...]:
        """Return the messages that the step changes one by one."""
        return step.edit.rows if isinstance(step.edit, Put) else ()

    def is_other(self, value: Value) -> bool:
        """Whether the decision is the other one with this value of the root in place of what was found."""
        world = World(facts=self.bench.facts)
        for at, step in enumerate(self.found.steps):
            edit = step.edit
            if at == self.at or (step.root == self.step.root and step.told == self.step.told):
                if isinstance(edit, Put):
                    edit = msgspec.structs.replace(edit, values=(value,) * len(edit.values))
                elif isinstance(edit, Resize):
                    edit = msgspec.structs.replace(edit, count=cast("int", value))
            keep = frozenset(row for _, row in world.fixed_rows)
            after = altered(world.facts, edit, keep)
            if after is None:
                return False
            world = advanced(world, msgspec.structs.replace(step, edit=edit, facts=after))
        return self.bench.judged(world.facts)[0].verb is self.verb
