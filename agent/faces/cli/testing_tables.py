"""What `policy test` prints for people: what failed, what was never seen, what nobody would notice, and the sums."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.faces.cli.output import console, safe
from agent.faces.cli.tested import Checked, PolicyTested, Tested, percent
from agent.judge.coverage import ANSWERS, ClauseCoverage
from agent.judge.quote import counted

LINE = 2000


def tell(tested: Tested, *, is_detailed: bool) -> None:
    """Print it, failures first and the sum last."""
    out = console()
    for check in tested.failed:
        _line(out, _failure(check))
    if is_detailed:
        for one in tested.policies:
            out.print(_clauses(one))
    for one in tested.policies:
        for mutant in one.unnoticed:
            _line(out, f"{one.file}:{mutant.line}:{mutant.column}: no case notices: {mutant.words}")
    if tested.policies:
        out.print(_sums(tested))
    _line(out, _summary(tested))


def _line(out: Console, text: str) -> None:
    out.print(safe(text, limit=LINE), soft_wrap=True)


def _failure(check: Checked) -> str:
    what = f"case `{check.name}`: " if check.is_case else ""
    return f"{check.file}:{check.line}:{check.column}: {what}{check.failure}"


def _clauses(one: PolicyTested) -> Table:
    """Return the clauses of one policy, with how many cases saw each as what, and what each can never be."""
    title = safe(f"{one.file}: {one.seen} of {one.wanted} seen")
    table = Table(title=title, title_justify="left", box=box.ROUNDED)
    table.add_column("place", justify="right")
    table.add_column("clause", overflow="fold")
    for answer in ANSWERS.values():
        table.add_column(answer, justify="right")
    table.add_column("can never be", overflow="fold")
    for clause in one.clauses:
        why = "; ".join(f"{each.answer}: {each.why}" for each in clause.exempt)
        table.add_row(
            f"{clause.line}:{clause.column}",
            safe(clause.words),
            *(_count(clause, answer) for answer in ANSWERS.values()),
            safe(why, "dim"),
        )
    return table


def _count(clause: ClauseCoverage, answer: str) -> Text:
    if answer in clause.never:
        return Text("never", style="red")
    return Text(str(getattr(clause, answer)) if answer in clause.wanted else "-")


def _sums(tested: Tested) -> Table:
    table = Table(box=box.ROUNDED)
    table.add_column("policy", overflow="fold")
    table.add_column("cases", justify="right")
    table.add_column("clauses seen", justify="right")
    if tested.is_mutated:
        table.add_column("mutants noticed", justify="right")
    for one in tested.policies:
        cells: list[str | Text] = [safe(one.policy), str(one.cases), _share(one.seen, one.wanted)]
        if tested.is_mutated:
            cells.append(_share(one.noticed, one.mutants))
        table.add_row(*cells)
    return table


def _share(part: int, whole: int) -> Text:
    return Text(f"{part} of {whole} ({percent(part, whole):3} %)", style="" if part == whole else "yellow")


def _summary(tested: Tested) -> str:
    cases = [check for check in tested.checks if check.is_case]
    where = f"in {tested.path}"
    if tested.revision is None:
        return f"nothing was tested {where}: the policies do not load"
    if not tested.passed:
        early = "; mutants are tried once nothing fails" if tested.is_too_early else ""
        return f"{_failures(tested, cases, where)}{early}"
    told = [f"{counted(len(cases), 'case holds', 'cases hold')} {where}"]
    seen, wanted = sum(one.seen for one in tested.policies), sum(one.wanted for one in tested.policies)
    told.append(f"clauses were seen in {seen} of {wanted} ways ({percent(seen, wanted)} %)")
    if tested.is_mutated:
        told.append(_noticed(tested))
    return ", ".join(told)


def _failures(tested: Tested, cases: Sequence[Checked], where: str) -> str:
    """Say how many cases failed, and how much else."""
    failing = sum(bool(check.failure) for check in cases)
    others = len(tested.failed) - failing
    hold = counted(len(cases), "case holds", "cases hold") if cases else "there are no cases"
    if not failing:
        return f"{counted(others, 'failure', 'failures')} {where}, {hold}"
    more = f", and {counted(others, 'other failure', 'other failures')}" if others else ""
    return f"{failing} of {counted(len(cases), 'case', 'cases')} {where} failed{more}"


def _noticed(tested: Tested) -> str:
    noticed, mutants = (
        sum(one.noticed for one in tested.policies),
        sum(one.mutants for one in tested.policies),
    )
    words = sum(one.noticed_by_words for one in tested.policies)
    by_words = f", {words} of them only by the words of a reason" if words else ""
    return f"{noticed} of {mutants} mutants noticed ({percent(noticed, mutants)} %{by_words})"
