"""A set of policies that loads, its cases and the moment -> everything that its authors should know about it."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from agent.judge.cases import CaseFile
from agent.judge.lint.approvals import approvals
from agent.judge.lint.calls import calls
from agent.judge.lint.clauses import clauses
from agent.judge.lint.examples import examples
from agent.judge.lint.patterns import patterns
from agent.judge.lint.reach import reach
from agent.judge.lint.rivals import rivals
from agent.judge.lint.shelves import shelves
from agent.model.policy import PolicySet
from agent.model.remark import Remark


def lint(
    found: PolicySet,
    cases: Sequence[CaseFile],
    now: datetime,
    *,
    unread: Collection[str] = (),
    claimed: Collection[str] = (),
) -> tuple[Remark, ...]:
    """Return every remark on the set, by file and place.

    Args:
        found: the policies, and their lists, chains and channels.
        cases: the files of cases that can be read.
        now: what has ended has ended by then.
        unread: the files of cases that cannot be read: of what they would say nothing is said.
        claimed: the lists that claims about the set name, which makes them used.
    """
    return tuple(sorted(set(_all(found, cases, now, unread, claimed)), key=place))


def place(one: Remark) -> tuple[str, int, int, str, str]:
    """Return by what remarks are put in order."""
    return one.file, one.line, one.column, one.code, one.message


def _all(
    found: PolicySet,
    cases: Sequence[CaseFile],
    now: datetime,
    unread: Collection[str],
    claimed: Collection[str],
) -> Iterator[Remark]:
    for policy in found.policies:
        yield from clauses(policy, now)
        yield from reach(policy, now)
        yield from approvals(policy, now)
        yield from patterns(policy)
    yield from rivals(found.policies, now)
    yield from shelves(found, now, claimed)
    yield from calls(found)
    yield from examples(found.policies, cases, unread)
