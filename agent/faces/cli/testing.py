"""`policy test`: whether the policies decide their cases, and whether those cases would notice a mistake.

The whole set judges, since policies need each other; told is what was asked for, the folder or one policy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import msgspec
from msgspec.structs import replace

from agent.adapters.host import SUFFIXES
from agent.adapters.two_folders import plainly
from agent.faces.cli import junit, testing_tables
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.output import print_json
from agent.faces.cli.progress import progress
from agent.faces.cli.tested import Checked, PolicyTested, Tested, Unnoticed, percent
from agent.judge.cases import PolicyCase
from agent.judge.compile import Judge, compile_set
from agent.judge.coverage import coverage
from agent.judge.examine import CaseBook, beside, case_book, examine, shortcomings
from agent.judge.layout import is_beside, is_situation
from agent.judge.mutants.mutate import Mutant, Trials, mutants
from agent.judge.parse import parse_set
from agent.model.errors import PolicyError, Problem, SettingsError
from agent.model.policy import Policy, PolicySet
from agent.shelves import shelf_in

USUAL = Path("policies")

BOTH_SIDES = "its cases show where it acts, and where it does not"
FILES = "files"
"""The suite of what cannot be read."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the test; shares are in percent, and None asks for none."""

    path: Path | None = None
    base: Path | None = None
    is_detailed: bool = False
    is_mutated: bool = False
    least_coverage: float | None = None
    least_noticed: float | None = None
    junit: Path | None = None


class _Ground(msgspec.Struct, frozen=True, kw_only=True):
    """The whole set with all cases there are, and the policies that are asked about."""

    files: Mapping[str, bytes]
    policies: PolicySet
    judge: Judge
    book: CaseBook
    chosen: tuple[Policy, ...]


def test(asked: Asked, *, as_json: bool) -> None:
    """Run the cases, print what failed and what was never seen; end with 1 where anything failed."""
    tested = rehearsed(asked)
    if asked.junit is not None:
        junit.write(asked.junit, tested)
    if as_json:
        print_json(tested)
    else:
        testing_tables.tell(tested, is_detailed=asked.is_detailed)
    if not tested.passed:
        raise Ending(FINDINGS)


def rehearsed(asked: Asked) -> Tested:
    """Return how the cases went.

    Raises:
        SettingsError: the path is none that has cases.
    """
    path = asked.path or USUAL
    path = path if asked.base is None else plainly(path)
    folder = _folder(path)
    try:
        files = shelf_in(folder, asked.base).files()
        policies = parse_set(files, folder=str(folder))
    except PolicyError as error:
        return Tested(path=str(path), checks=tuple(map(_unread, error.problems)))
    book = case_book(files, policies)
    ours = _ours(policies)
    chosen = tuple(one for one in ours if path.is_dir() or _is_of(path, one, book))
    ground = _Ground(files=files, policies=policies, judge=compile_set(policies), book=book, chosen=chosen)
    checks = [*_unreadable(ground, path), *(check for one in chosen for check in _examined(ground, one))]
    if not checks and asked.base is None:
        raise SettingsError(f"`{path}` is read neither as a policy nor as cases: name the folder instead")
    failed = any(check.failure for check in checks)
    told = [_covered(ground, policy) for policy in chosen]
    wants_mutants = asked.is_mutated or asked.least_noticed is not None
    if wants_mutants and not failed:
        told = _mutated(ground, told)
    checks += [check for one in told for check in _shares(asked, one, is_mutated=not failed)]
    return Tested(
        path=str(path),
        revision=policies.revision,
        passed=not any(check.failure for check in checks),
        checks=tuple(checks),
        policies=tuple(told),
        is_mutated=wants_mutants and not failed,
        is_too_early=wants_mutants and failed,
    )


def _ours(policies: PolicySet) -> Iterator[Policy]:
    """Give the policies whose cases are run: not those of a base, whose cases are about the base alone."""
    folders = policies.folders
    return (one for one in policies.policies if folders is None or not folders.is_base(one.file))


def _folder(path: Path) -> Path:
    """Return the folder whose policies are judged together.

    Raises:
        SettingsError: the path is none, nor a file that has cases or can have them.
    """
    if not path.exists():
        raise SettingsError(
            f"`{path}` is not there: name the folder in which the policies lie, a policy or its cases"
        )
    if path.is_dir():
        return path
    file = str(path.absolute())
    if path.suffix not in SUFFIXES or is_beside(file):
        raise SettingsError(
            f"`{path}` has no cases of its own: name a policy, its cases, or the folder in which they lie"
        )
    return path.parent


def _is_of(path: Path, policy: Policy, book: CaseBook) -> bool:
    """Whether the file is that of the policy or has cases of it."""
    files = (one.file for one in book.files if one.policy == policy.name)
    return str(path) in (policy.file, beside(policy), *files)


def _unread(problem: Problem) -> Checked:
    return Checked(
        suite=FILES,
        name=problem.file,
        file=problem.file,
        line=problem.line,
        column=problem.column,
        failure=problem.message,
        is_broken=True,
    )


def _unreadable(ground: _Ground, path: Path) -> Iterator[Checked]:
    """Give what cannot be read: where one policy is asked about, of its cases and of situations only."""
    ours = {str(path), *map(beside, ground.chosen)}
    for problem in ground.book.problems:
        folders = ground.policies.folders
        if folders is not None and folders.is_base(problem.file):
            continue
        if path.is_dir() or is_situation(problem.file) or problem.file in ours:
            yield _unread(problem)


def _own(ground: _Ground, policy: str) -> tuple[PolicyCase, ...]:
    return tuple(case for file in ground.book.files if file.policy == policy for case in file.cases)


def _examined(ground: _Ground, policy: Policy) -> Iterator[Checked]:
    """Give the cases of a policy as they went, and whether they show both of its sides."""
    examined = []
    for case in _own(ground, policy.name):
        start = perf_counter()
        one = examine(ground.judge, case)
        examined.append(one)
        yield Checked(
            suite=policy.name,
            name=case.name,
            file=case.file,
            line=case.line,
            column=case.column,
            failure=one.failure,
            seconds=perf_counter() - start,
            is_case=True,
        )
    lacking = shortcomings([policy], ground.book, examined)
    if not lacking:
        unread = {problem.file for problem in ground.book.problems}
        skipped = "its cases do not load" if not examined and beside(policy) in unread else ""
        yield Checked(suite=policy.name, name=BOTH_SIDES, file=policy.file, skipped=skipped)
    for problem in lacking:
        yield Checked(
            suite=policy.name,
            name=BOTH_SIDES,
            file=problem.file,
            line=problem.line,
            column=problem.column,
            failure=problem.message,
        )


def _covered(ground: _Ground, policy: Policy) -> PolicyTested:
    cases = _own(ground, policy.name)
    covered = coverage(policy, cases, ground.policies)
    return PolicyTested(
        policy=policy.name,
        file=policy.file,
        cases=len(cases),
        clauses=covered.clauses,
        wanted=covered.wanted,
        seen=covered.seen,
    )


def _mutated(ground: _Ground, told: Sequence[PolicyTested]) -> list[PolicyTested]:
    """Try every mutant of the chosen policies on all cases that hold, the policy's own first."""
    holding = [case for case in ground.book.cases if not examine(ground.judge, case).wrong]
    found = {one.name: mutants(one, ground.policies, ground.files[one.file]) for one in ground.chosen}
    with _bar(sum(map(len, found.values()))) as advance:
        return [
            _tried(ground, one, policy, found[policy.name], holding, advance)
            for one, policy in zip(told, ground.chosen, strict=True)
        ]


def _tried(
    ground: _Ground,
    told: PolicyTested,
    policy: Policy,
    found: Sequence[Mutant],
    cases: Iterable[PolicyCase],
    advance: Callable[[], None],
) -> PolicyTested:
    own = {case.file for case in _own(ground, policy.name)}
    bench = Trials(policy, ground.policies, sorted(cases, key=lambda case: case.file not in own))
    trials = []
    for mutant in found:
        trials.append(bench.trial(mutant))
        advance()
    unnoticed = [one.mutant for one in trials if one.noticed_by is None]
    return replace(
        told,
        mutants=len(trials),
        noticed=len(trials) - len(unnoticed),
        noticed_by_words=sum(one.by_words for one in trials),
        unnoticed=tuple(
            Unnoticed(line=one.mark.line, column=one.mark.column, words=one.words) for one in unnoticed
        ),
    )


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    """Show on standard error, where that is a terminal, how many mutants have been tried."""
    with progress() as bars:
        task = bars.add_task("mutants", total=total)
        yield lambda: bars.advance(task)


def _shares(asked: Asked, one: PolicyTested, *, is_mutated: bool) -> Iterator[Checked]:
    """Give whether the policy's clauses were seen, and its mutants noticed, as far as is asked for."""
    if asked.least_coverage is not None:
        told = f"its clauses were seen in {one.seen} of {one.wanted} ways ({percent(one.seen, one.wanted)} %)"
        yield _share(
            one, "clauses seen", asked.least_coverage, (one.seen, one.wanted), f"{told}: see `--coverage`"
        )
    if asked.least_noticed is not None and is_mutated:
        told = (
            f"{one.noticed} of its {one.mutants} mutants are noticed ({percent(one.noticed, one.mutants)} %)"
        )
        yield _share(one, "mutants noticed", asked.least_noticed, (one.noticed, one.mutants), told)


def _share(one: PolicyTested, name: str, least: float, share: tuple[int, int], told: str) -> Checked:
    part, whole = share
    is_enough = 100 * part >= least * whole
    return Checked(
        suite=one.policy,
        name=f"{name}: at least {least:g} %",
        file=one.file,
        failure="" if is_enough else f"{least:g} % are asked for, and {told}",
    )
