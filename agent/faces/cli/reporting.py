"""`report`: what policies decided, or would have, beside what people did; and what differs between two such reports."""

import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from rich.console import Console

from agent.adapters.ledger.ledger import SqlLedger
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.looking import reading
from agent.faces.cli.options import loaded_to_look, one_of
from agent.faces.cli.output import PIPED_WIDTH, console, safe
from agent.faces.cli.progress import progress
from agent.faces.cli.report_asked import Question, Wanted, questioned, require_known, with_revision
from agent.faces.cli.report_file import writing
from agent.faces.cli.report_tables import tell, tell_difference
from agent.faces.documents import as_json
from agent.faces.report.difference import SAYS, difference
from agent.faces.report.junit import as_tests
from agent.faces.report.looser import AT_ONCE, Looser, looked_up
from agent.faces.report.making import PAGE, Most, Progress, made
from agent.faces.report.markdown import markdown, markdown_of_difference
from agent.faces.report.page import page_of_difference
from agent.faces.report.rows import FORMAT, as_document, as_sheet, rows_of, sheet_of
from agent.judge.quote import counted
from agent.judge.report.counting import Counting
from agent.loop.comparing import compared, make_report
from agent.model.errors import SettingsError
from agent.model.report import Asked, Compared, Standing


class Form(StrEnum):
    """How a report is laid out."""

    TERMINAL = "terminal"
    HTML = "html"
    MARKDOWN = "md"
    CSV = "csv"
    JSON = "json"
    JUNIT = "junit"


ENDINGS = {".html": Form.HTML, ".htm": Form.HTML, ".md": Form.MARKDOWN, ".csv": Form.CSV, ".json": Form.JSON, ".xml": Form.JUNIT}  # fmt: skip
"""How files end of each form; one that ends in nothing, `.txt` or `.log` is what a terminal shows."""

TEXTS = frozenset({"", ".txt", ".log"})

MOST = {Form.TERMINAL: Most(20, 30), Form.MARKDOWN: Most(200, 200), Form.HTML: PAGE}

Write = Callable[[str], None]


def form(word: str | None, output: Path | None, *, as_json: bool) -> Form:
    """Return how the report is to be laid out: as `--format` says, or else as the file's name ends.

    Raises:
        SettingsError: the word or the name's end is none that is known, or two are asked for.
    """
    chosen = None if word is None else one_of("--format", word, Form)
    if as_json and chosen not in {None, Form.JSON}:
        raise SettingsError(f"`--json` and `--format {chosen}` ask for two formats: leave one of them out")
    if as_json or chosen is not None:
        return chosen or Form.JSON
    end = "" if output is None else output.suffix.lower()
    if end in ENDINGS:
        return ENDINGS[end]
    if end in TEXTS:
        return Form.TERMINAL
    raise SettingsError(
        f"`--output {output}` ends like no format: end it with {', '.join(ENDINGS)} or .txt, or add `--format`"
    )


def report(settings_file: Path | None, wanted: Wanted, how: Form) -> None:
    """Print or write a report; end with 1 where more actions are looser than are allowed."""
    settings = loaded_to_look(settings_file)
    question = questioned(settings, wanted)
    if question.sides and how is Form.JUNIT:
        raise SettingsError("`--diff` has no tests: use another format than `junit`")

    async def ask(ledger: SqlLedger) -> int:
        with writing(wanted.output) as write, _bar() as on_progress:
            if question.sides:
                return await _difference(ledger, question, how, write, on_progress)
            return await _report(ledger, question, how, write, on_progress)

    looser = reading(question.settings, ask)
    if wanted.output is not None:
        console(stderr=True).print(safe(f"written to {wanted.output}", limit=2_000), soft_wrap=True)
    _gate(looser, wanted.most_looser)


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show how many decisions have been gone through, on a terminal only."""
    with progress() as bars:
        task = bars.add_task("going through decisions", total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)


async def _report(
    ledger: SqlLedger, question: Question, how: Form, write: Write, on_progress: Progress
) -> int:
    """Write a report, and return how many actions are looser."""
    if how in MOST:
        found = await made(
            ledger, ledger.archive, question.asked, MOST[how], again=question.again, progress=on_progress
        )
        await require_known(ledger, found.report)
        match how:
            case Form.HTML:
                write(found.page)
            case Form.MARKDOWN:
                write(markdown(found.outline))
            case _:
                _print(lambda out: tell(out, found.outline), question, write)
        return found.report.total.tally.looser
    counting = Counting(question.asked)
    async for part in _parts(ledger, question.asked, how, counting, on_progress):
        write(part)
    report = counting.report()
    await require_known(ledger, report)
    return report.total.tally.looser


def _print(print_on: Callable[[Console], None], question: Question, write: Write) -> None:
    """Print on the terminal as it is, or write what one without colours shows."""
    if question.output is None:
        print_on(console())
        return
    kept = io.StringIO()
    print_on(Console(file=kept, width=PIPED_WIDTH, highlight=False, markup=False, emoji=False))
    write(kept.getvalue())


async def _parts(
    ledger: SqlLedger, asked: Asked, how: Form, counting: Counting, on_progress: Progress
) -> AsyncIterator[str]:
    """Give a report that has every action, part by part; it is counted on the way."""
    found = compared(ledger.archive, asked, counting=counting, progress=on_progress)
    match how:
        case Form.CSV:
            parts = as_sheet(rows_of(ledger.archive, found, asked.lens))
        case Form.JSON:
            parts = as_document(rows_of(ledger.archive, found, asked.lens), counting.report)
        case _:
            parts = as_tests(_looser(ledger, found, asked), counting.report)
    async for part in parts:
        yield part


async def _looser(ledger: SqlLedger, found: AsyncIterator[Compared], asked: Asked) -> AsyncIterator[Looser]:
    some: list[Compared] = []
    async for one in found:
        some += [one] if one.standing is Standing.LOOSER else []
        if len(some) == AT_ONCE:
            for told in await looked_up(ledger.archive, some, asked.lens):
                yield told
            some = []
    for told in await looked_up(ledger.archive, some, asked.lens):
        yield told


async def _difference(
    ledger: SqlLedger, question: Question, how: Form, write: Write, on_progress: Progress
) -> int:
    """Write what differs between two reports, and return how many actions of the second are looser."""
    first, second = [
        await make_report(ledger.archive, one, progress=on_progress)
        for one in await with_revision(ledger, question)
    ]
    await require_known(ledger, first, second)
    names = (question.sides[0].name, question.sides[1].name)
    found = difference(first, second, names=names, again=question.again)
    match how:
        case Form.HTML:
            write(page_of_difference(found))
        case Form.MARKDOWN:
            write(markdown_of_difference(found))
        case Form.CSV:
            write(sheet_of(SAYS, [row for table in found.tables for row in table.rows]))
        case Form.JSON:
            write(as_json({"format": FORMAT, "a": first, "b": second, "difference": found}, indent=2) + "\n")
        case _:
            _print(lambda out: tell_difference(out, found), question, write)
    return second.total.tally.looser


def _gate(looser: int, most: int | None) -> None:
    if most is None or looser <= most:
        return
    actions = counted(looser, "action is looser", "actions are looser")
    allowed = "none may be" if most == 0 else f"at most {most:,} may be"
    console(stderr=True).print(safe(f"error: {actions}, {allowed}"), soft_wrap=True)
    raise Ending(FINDINGS)
