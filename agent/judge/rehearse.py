"""(A set, its cases) -> everything that its authors have to know of how they went, by cause.

One policy that is too broad makes many cases fail: what they have in common is the cause, so that it can be told
once for all of them.
"""

from collections.abc import Callable

import msgspec

from agent.judge.cases import PolicyCase
from agent.judge.compile import Judge
from agent.judge.examine import CaseBook, Examined, examine, one_sided
from agent.judge.vocabulary import list_of
from agent.model.decision import Match
from agent.model.errors import Problem


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """A case that fails, and in words what it has in common with others that fail for the same cause."""

    problem: Problem
    cause: str


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """How the cases went.

    `hollow` are those that hold and assert nothing; `one_sided` the policies whose cases hold and show one side
    only: what those show that fail is to be mended first.
    """

    cases: int
    unread: tuple[Problem, ...] = ()
    failing: tuple[Failing, ...] = ()
    hollow: tuple[Problem, ...] = ()
    one_sided: tuple[Problem, ...] = ()


def rehearse(judge: Judge, book: CaseBook, *, only: Callable[[str], bool] = lambda _: True) -> Rehearsal:
    """Return how the cases of the book went; `only` says of which files."""
    examined = [examine(judge, case) for case in book.cases if only(case.file)]
    failing = {one.case.file for one in examined if one.wrong}
    return Rehearsal(
        cases=len(examined),
        unread=tuple(problem for problem in book.problems if only(problem.file)),
        failing=tuple(_failing(one) for one in examined if one.wrong),
        hollow=tuple(_told(one.case, one.hollow) for one in examined if one.hollow),
        one_sided=tuple(
            one
            for one in one_sided(judge.policy_set.policies, book, examined)
            if only(one.file) and one.file not in failing
        ),
    )


def _failing(one: Examined) -> Failing:
    unnamed = _never_fetched(one)
    if not unnamed:
        return Failing(problem=_told(one.case, one.failure), cause=_cause(one))
    lists = ", ".join(f"`${name}`" for name in unnamed)
    members = ", ".join(f"{name}: […]" for name in unnamed)
    mend = f"write `lists: {{{members}}}` in the case or under `given`"
    return Failing(
        problem=_told(one.case, f"nobody says who is in {lists}: {mend}: {one.failure}"),
        cause=f"do not say who is in {lists}, which a group feeds: {mend}",
    )


def _never_fetched(one: Examined) -> tuple[str, ...]:
    """Return the lists for want of whose members a policy could not tell, and of which the case says nothing."""
    undecided = (finding for finding in one.decision.findings if finding.answer is Match.UNDECIDED)
    facts = (name for finding in undecided for clause in finding.clauses for name in clause.facts)
    lists = dict.fromkeys(name for name in map(list_of, facts) if name is not None)
    given = one.case.situation.facts.values
    return tuple(
        name
        for name in lists
        if name not in one.case.situation.lists and f"list.{name}.refreshed" not in given
    )


def _cause(one: Examined) -> str:
    """Return in words what decides the case otherwise than it says."""
    expected, got = set(one.case.policies), set(one.decision.policies)
    new, gone = sorted(got - expected), sorted(expected - got)
    if new:
        return f"are now decided otherwise, by {_names(new)}"
    if gone:
        return f"are not decided by {_names(gone)} any more"
    if one.decision.verb is not one.case.verb:
        return f"are now decided `{one.decision.verb}` by {_names(sorted(got)) or 'no policy'}"
    return "fail by their reason or by who is informed"


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _told(case: PolicyCase, message: str) -> Problem:
    return Problem(
        file=case.file, line=case.line, column=case.column, message=f"case `{case.name}`: {message}"
    )
