"""(Policies, files of cases) -> which cases hold, which assert nothing, and which policies have too few.

A case that expects `escalate` by no policy asserts nothing by that alone: any mistake in its facts gives the
same. It has to name, in the words of its reason, what stood in the way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from agent.judge.cases import (
    CaseFile,
    PolicyCase,
    Situations,
    decision_on,
    differences,
    parse_cases,
    unfed,
)
from agent.judge.compile import Judge
from agent.judge.layout import CASES, is_situation
from agent.judge.literals import nearest
from agent.judge.situations import parse_base
from agent.judge.strict_yaml import shown
from agent.model.decision import Clause, Decision, Match, Verb
from agent.model.errors import PolicyError, Problem
from agent.model.policy import Policy, PolicySet
from agent.model.situation import Situation

NO_POLICY_AT_ALL = "for kind"
"""In a reason that says that there is no policy for the kind, which then is all that stood in the way."""


class CaseBook(msgspec.Struct, frozen=True, kw_only=True):
    """The files of cases that can be read, and what is wrong with them, with the others and with the situations."""

    files: tuple[CaseFile, ...]
    problems: tuple[Problem, ...]

    @property
    def cases(self) -> tuple[PolicyCase, ...]:
        """Every case of every file."""
        return tuple(case for file in self.files for case in file.cases)


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """A case and what the set decided on it.

    `wrong` says how that differs from what the case expects; `hollow` why the case asserts nothing, and is
    empty where it does.
    """

    case: PolicyCase
    decision: Decision
    wrong: tuple[str, ...]
    hollow: str = ""

    @property
    def failure(self) -> str:
        """What is wrong, with the reason of the decision; nothing where all is well."""
        if self.wrong:
            return f"{'; '.join(self.wrong)}: {self.decision.reason}"
        return self.hollow


def case_book(files: Mapping[str, bytes], policies: PolicySet) -> CaseBook:
    """Return the cases of this set that stand in these files, by their paths.

    Other files than cases and situations do not count. A case that gives the members of a list which is not
    fed is told, and is not among them.
    """
    problems: list[Problem] = []
    situations = _situations(files, problems)
    names = {policy.name for policy in policies.policies}
    found = []
    for file, data in sorted(files.items()):
        if not file.endswith(CASES):
            continue
        try:
            one = parse_cases(file, data, situations, names)
        except PolicyError as error:
            problems.extend(error.problems)
            continue
        wrong = {case.name: unfed(policies, case) for case in one.cases}
        problems.extend(problem for some in wrong.values() for problem in some)
        problems.extend(_stray(policies, one))
        found.append(replace(one, cases=tuple(case for case in one.cases if not wrong[case.name])))
    return CaseBook(files=tuple(found), problems=tuple(problems))


def _stray(policies: PolicySet, file: CaseFile) -> Iterator[Problem]:
    """Give that the policy of these cases is not there, where it is not."""
    names = {policy.name for policy in policies.policies}
    if file.policy not in names:
        message = f"unknown policy `{shown(file.policy)}`{nearest(file.policy, names)}"
        yield Problem(file=file.file, line=1, column=1, message=message)


def _situations(files: Mapping[str, bytes], problems: list[Problem]) -> Situations:
    """Return the situations by name, the file's without its ending; None for one that does not load."""
    found: dict[str, Situation | None] = {}
    places: dict[str, str] = {}
    for file, data in sorted(files.items()):
        if not is_situation(file) or file.endswith(CASES):
            continue
        name = file.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
        if name in places:
            message = f"a situation `{shown(name)}` is in `{places[name]}` already: rename one of them"
            problems.append(Problem(file=file, line=1, column=1, message=message))
            continue
        places[name] = file
        try:
            found[name] = parse_base(file, data)
        except PolicyError as error:
            problems.extend(error.problems)
            found[name] = None
    return found


def examine(judge: Judge, case: PolicyCase) -> Examined:
    """Return what the set decides on the case, and how far that is what the case says."""
    decision = decision_on(judge, case)
    wrong = differences(case, decision)
    return Examined(
        case=case, decision=decision, wrong=wrong, hollow="" if wrong else _hollow(case, decision)
    )


def _hollow(case: PolicyCase, decision: Decision) -> str:
    """Return why a case that holds asserts nothing; nothing where it does assert something."""
    if case.verb is not Verb.ESCALATE or case.policies or case.inform:
        return ""
    if any(_names_obstacle(words, decision) for words in case.reason):
        return ""
    clauses = _obstacles(decision)
    if not clauses:
        words = f"no policy is for kind `{case.situation.kind}`"
        return (
            f"asserts nothing, since any other kind without a policy gives the same: say in `reason` {words}"
        )
    example = next((name for clause in clauses for name in clause.facts), clauses[0].words)
    return f"asserts nothing, since any other mismatch gives the same: name in `reason` what stood in the way, such as `{example}`"


def _obstacles(decision: Decision) -> tuple[Clause, ...]:
    """Return the clauses that kept the nearest policies from matching."""
    nearest = (one for one in decision.findings if one.answer is Match.NOT_MATCHED)
    return tuple(clause for finding in nearest for clause in finding.clauses)


def _names_obstacle(words: str, decision: Decision) -> bool:
    """Whether the words name a fact that stood in the way; or say the clause, where it is about no fact."""
    clauses = _obstacles(decision)
    if not clauses:
        return NO_POLICY_AT_ALL in words
    return any(
        any(name in words for name in clause.facts) if clause.facts else words in clause.words
        for clause in clauses
    )


def acts(policy: Policy, decision: Decision) -> bool:
    """Whether the policy matched, and what it asks for is what was decided, or was told to people."""
    if not _answered(policy, decision, Match.MATCHED):
        return False
    if not policy.decides:
        return policy.inform in decision.inform
    return policy.name in decision.policies and decision.verb is policy.verb


def is_out(policy: Policy, decision: Decision) -> bool:
    """Whether the policy did not match, for certain."""
    return not _answered(policy, decision, Match.MATCHED) and not _answered(policy, decision, Match.UNDECIDED)


def _answered(policy: Policy, decision: Decision, answer: Match) -> bool:
    return any(finding.policy == policy.name and finding.answer is answer for finding in decision.findings)


def shortcomings(
    policies: Sequence[Policy], book: CaseBook, examined: Iterable[Examined]
) -> tuple[Problem, ...]:
    """Return which of these policies have no cases, or only such in which they act, or only such in which not."""
    broken = {problem.file for problem in book.problems}
    own = {file.policy for file in book.files}
    none = []
    for policy in policies:
        if policy.name in own or beside(policy) in broken:
            continue
        name = beside(policy).replace("\\", "/").rpartition("/")[2]
        message = (
            f"no cases: write `{name}` beside it, with a case in which it acts and one in which it does not"
        )
        mark = policy.mark
        none.append(Problem(file=policy.file, line=mark.line, column=mark.column, message=message))
    return (*none, *one_sided(policies, book, examined))


def one_sided(
    policies: Sequence[Policy], book: CaseBook, examined: Iterable[Examined]
) -> tuple[Problem, ...]:
    """Return which of these policies have cases, but only such in which they act, or only such in which not."""
    by_file: dict[str, list[Decision]] = {}
    for one in examined:
        by_file.setdefault(one.case.file, []).append(one.decision)
    found: list[Problem] = []
    for policy in policies:
        files = [file.file for file in book.files if file.policy == policy.name]
        decisions = [decision for file in files for decision in by_file.get(file, ())]
        if files:
            found += [
                Problem(file=files[0], line=1, column=1, message=message)
                for message in _one_sided(policy, decisions)
            ]
    return tuple(found)


def beside(policy: Policy) -> str:
    """Return the path at which the cases of the policy belong."""
    return f"{policy.file.rpartition('.')[0]}{CASES}"


def _one_sided(policy: Policy, decisions: Sequence[Decision]) -> Iterable[str]:
    if not any(acts(policy, decision) for decision in decisions):
        does = f"decides `{policy.verb}`" if policy.decides else "informs"
        yield f"no case in which `{policy.name}` {does}: add one, or nobody knows that it ever does"
    if not any(is_out(policy, decision) for decision in decisions):
        yield f"no case in which `{policy.name}` does not match: add one, or nobody knows where it ends"
