"""(The set in force, the files of cases) -> what its cases show of each policy: which hold, what they saw, what lint says.

A ledger keeps the set in force, and no cases: they lie in the folder, whose policies may be others by now. The cases are
tried on the set in force, so that what is told is true of what decides; where the folder has another text of a policy,
that is told with it. Lists that are fed have no members but those that a case gives: so it is wherever cases are tried.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from agent.judge.compile import Judge, compile_set
from agent.judge.coverage import ClauseCoverage, coverage
from agent.judge.examine import CaseBook, Examined, case_book, examine, shortcomings
from agent.judge.fallen import is_made
from agent.judge.layout import CASES, folder_of, is_chain, is_channel, is_list, is_policy, is_situation
from agent.judge.lint.lint import lint
from agent.judge.parse import parse_set
from agent.model.decision import Verb
from agent.model.policy import Policy, PolicySet
from agent.model.remark import Remark, Severity

Files = Mapping[str, bytes]


class CaseRun(msgspec.Struct, frozen=True, kw_only=True):
    """One case as it went: what it expects, and what was wrong; nothing where it holds."""

    name: str
    line: int
    verb: Verb
    policies: tuple[str, ...]
    failure: str
    decided: str
    """Why it was decided as it was."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What its cases show of one policy."""

    file: str
    """Of its cases, as it is named in the set's own folder; empty where there are none."""
    is_newer: bool
    """Whether the folder has another text of the policy than is in force, or has it no more."""
    cases: tuple[CaseRun, ...]
    problems: tuple[str, ...]
    """What is wrong with the cases themselves, or missing among them."""
    clauses: tuple[ClauseCoverage, ...]
    wanted: int
    seen: int
    remarks: tuple[Remark, ...]
    """What lint says of the policy in force, the most important first."""

    @property
    def failing(self) -> int:
        """How many cases do not hold."""
        return sum(bool(one.failure) for one in self.cases)


def measure(in_force: Files, folder: Files, now: datetime) -> Mapping[str, Measured]:
    """Return what the cases of the folder show of each policy in force, by its name.

    Args:
        in_force: the files of the set in force, by their paths as they are shown to people.
        folder: all files of the folder of policies; none where it cannot be read.
        now: what has ended has ended by then, for lint.

    Raises:
        PolicyError: the set in force does not load.
    """
    written = {file: data for file, data in in_force.items() if not is_made(file)}
    policies = parse_set(written, is_past=True)
    beside = rebased(folder, written)
    judge, base = compile_set(policies), _base_alone(written, policies)
    book = case_book(beside, policies)
    linted = lint(policies, book.files, now, unread={one.file for one in book.problems})
    found = {}
    for policy in policies.policies:
        own = [file for file in book.files if file.policy == policy.name]
        by = base if base is not None and policy.name in base.policies else judge
        examined = [examine(by, case) for file in own for case in file.cases]
        covered = coverage(by.policy(policy.name), (one.case for one in examined), by.policy_set)
        file = own[0].file if own else _beside(policy, beside)
        found[policy.name] = Measured(
            file=file,
            is_newer=bool(folder) and beside.get(policy.file) != written[policy.file],
            cases=tuple(_run(one) for one in examined),
            problems=tuple(_problems(policy, book, examined, file)) if folder else (),
            clauses=covered.clauses,
            wanted=covered.wanted,
            seen=covered.seen,
            remarks=_remarks(linted, {policy.file, file}),
        )
    return found


def _base_alone(files: Files, policies: PolicySet) -> Judge | None:
    """Return the judge of a base alone, by which its cases go: a tenant may decide more strictly. None where there is none."""
    folders = policies.folders
    if folders is None:
        return None
    ours = {file: data for file, data in files.items() if folders.is_base(file)}
    return compile_set(parse_set(ours, is_past=True))


def rebased(folder: Files, in_force: Files) -> Files:
    """Return the files of a folder, named as those in force are: both may name the way to it otherwise."""
    return {_moved(file, *_roots(folder, in_force)): data for file, data in folder.items()}


def named_there(file: str, folder: Files, in_force: Files) -> str:
    """Return how the folder names a file that is in force."""
    here, there = _roots(folder, in_force)
    return _moved(file, there, here)


def _roots(folder: Files, in_force: Files) -> tuple[str, str]:
    """Return where the set lies in the folder's names, and where in those in force. Only what both have tells that."""
    return folder_of(filter(_is_of_set, folder)), folder_of(filter(_is_of_set, in_force))


def _is_of_set(file: str) -> bool:
    return is_policy(file) or is_list(file) or is_chain(file) or is_channel(file)


def _moved(file: str, root: str, to: str) -> str:
    inside = file.removeprefix(root).lstrip("/") if root and file.startswith(f"{root}/") else file
    return f"{to}/{inside}" if to else inside


def _beside(policy: Policy, files: Files) -> str:
    """Return the file beside the policy where its cases should be; empty where there is none."""
    file = f"{policy.file.rpartition('.')[0]}{CASES}"
    return file if file in files else ""


def _run(one: Examined) -> CaseRun:
    case = one.case
    return CaseRun(
        name=case.name,
        line=case.line,
        verb=case.verb,
        policies=case.policies,
        failure=one.failure,
        decided=one.decision.reason,
    )


def _problems(policy: Policy, book: CaseBook, examined: Sequence[Examined], file: str) -> Iterator[str]:
    for one in book.problems:
        # A situation that does not load takes the cases that stand on it along.
        if one.file == file or (is_situation(one.file) and not examined):
            yield f"{one.file}:{one.line}: {one.message}"
    yield from (one.message for one in shortcomings([policy], book, examined))


def _remarks(linted: Sequence[Remark], files: set[str]) -> tuple[Remark, ...]:
    ranks = list(Severity)
    ours = [one for one in linted if one.file in files]
    return tuple(sorted(ours, key=lambda one: (ranks.index(one.severity), one.line, one.column)))
