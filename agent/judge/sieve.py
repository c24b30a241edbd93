"""Which policies cannot match, by one look-up for each fact instead of one test for each policy.

Most policies name an exact verdict, a word or two, or a ceiling. For each such fact a table says, by its
value, which policies are still possible, as bits of a number; what is left of all tables together is judged
in full. A policy is ruled out only where one of the conditions of its `match` is false for certain, which
makes the whole false whatever the others are. A fact that is missing rules nothing out. Entries of lists
that have expired count as if they had not, and a test on a list that may be stale is passed over: both only
leave more to be judged in full.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

import msgspec

from agent.judge.operators import NUMBERS, OPERATORS
from agent.judge.seen import Seen, fact_of, key_of
from agent.judge.vocabulary import Scope
from agent.model.policy import Policy, Test


class _ByWord(msgspec.Struct, frozen=True):
    """What is possible by the exact value of one fact, and for values that no policy names."""

    key: str
    possible: Mapping[str, int]
    otherwise: int


class _ByNumber(msgspec.Struct, frozen=True):
    """What is possible by where a number lies: below the first bound, on it, above it, and so on."""

    key: str
    bounds: tuple[float, ...]
    possible: tuple[int, ...]


class Sieve:
    """Rules policies out; bit n stands for the n-th policy."""

    def __init__(self, policies: Sequence[Policy], *, is_complete: bool) -> None:
        self._all = (1 << len(policies)) - 1
        words: dict[str, list[tuple[int, frozenset[str]]]] = defaultdict(list)
        numbers: dict[str, list[tuple[int, Test]]] = defaultdict(list)
        for at, policy in enumerate(policies):
            for test in policy.match.conditions:
                if not isinstance(test, Test) or test.operator == "oneOf" or test.fresh:
                    continue
                fact = fact_of(test.fact, Scope.ACTION)
                if fact.over_messages and not is_complete:
                    continue
                if test.operator == "in" or (test.operator == "equals" and isinstance(test.operand, str)):
                    named = {test.operand} if test.operator == "equals" else test.operand
                    words[key_of(fact, test.operator)].append((1 << at, frozenset(cast("set[str]", named))))
                elif fact.type in NUMBERS and OPERATORS[test.operator].types == NUMBERS:
                    numbers[fact.name].append((1 << at, test))
        self._words = tuple(self._by_word(key, tests) for key, tests in words.items())
        self._numbers = tuple(self._by_number(key, tests) for key, tests in numbers.items())

    def possible(self, seen: Seen) -> int:
        """Return the policies that may match, as bits."""
        left = self._all
        for by_word in self._words:
            value = seen.get(by_word.key)
            if value is not None:
                left &= by_word.possible.get(value, by_word.otherwise)
        for by_number in self._numbers:
            value = seen.get(by_number.key)
            if value is not None:
                bounds = by_number.bounds
                at = bisect_left(bounds, value)
                on = at < len(bounds) and bounds[at] == value
                left &= by_number.possible[2 * at + on]
        return left

    def _by_word(self, key: str, tests: Sequence[tuple[int, frozenset[str]]]) -> _ByWord:
        def possible(value: str | None) -> int:
            ruled_out = 0
            for bit, named in tests:
                if value not in named:
                    ruled_out |= bit
            return self._all & ~ruled_out

        named = {value for _, values in tests for value in values}
        return _ByWord(key, {value: possible(value) for value in named}, possible(None))

    def _by_number(self, key: str, tests: Sequence[tuple[int, Test]]) -> _ByNumber:
        def possible(value: float) -> int:
            ruled_out = 0
            for bit, test in tests:
                if OPERATORS[test.operator].holds(value, test.operand, _NO_MOMENT) is False:
                    ruled_out |= bit
            return self._all & ~ruled_out

        operands = [test.operand for _, test in tests]
        flat = {bound for one in operands for bound in (one if isinstance(one, tuple) else (one,))}
        bounds = tuple(sorted(cast("set[float]", flat)))
        between = [(low + high) / 2 for low, high in pairwise(bounds)]
        gaps = [bounds[0] - 1, *between, bounds[-1] + 1]
        masks = [possible(gaps[0])]
        for bound, gap in zip(bounds, gaps[1:], strict=True):
            masks += [possible(bound), possible(gap)]
        return _ByNumber(key, bounds, tuple(masks))


_NO_MOMENT = cast("Any", None)
"""Operators on numbers do not look at the moment."""
