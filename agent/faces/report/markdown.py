"""A report as Markdown, for a ticket, a wiki or a pull request. What others wrote stands as code in which nothing acts."""

from collections.abc import Iterable, Sequence

from agent.faces.backtest_markdown import code
from agent.faces.report.difference import Difference
from agent.faces.report.looser import Looser
from agent.faces.report.outline import Column, Outline, Table
from agent.faces.report.steps import Step
from agent.judge.quote import moment


def markdown(outline: Outline) -> str:
    """Return the whole as Markdown."""
    return "\n".join(_lines(outline)) + "\n"


def _lines(outline: Outline) -> Iterable[str]:
    yield f"# What policies would have done, and what people did: {code(outline.tenant)}"
    yield ""
    yield f"{outline.window}; {code(outline.asked)}"
    yield ""
    yield "| | | |"
    yield "| --- | ---: | --- |"
    for one in outline.figures:
        yield f"| **{one.name}** | {one.value} | {one.words} |"
    yield from _section("Looser", outline.looser_words)
    yield from (line for one in outline.looser for line in _looser(one))
    if outline.looser_more:
        yield from ("", outline.looser_more)
    if outline.steps:
        yield from _section("Next")
        yield from (_step(one) for one in outline.steps)
    for table in outline.tables:
        yield from _section(table.title, table.words)
        yield from _table(table)
    yield from ("", f"The same again: `{outline.again}`")


def _section(title: str, words: str = "") -> Iterable[str]:
    yield from ("", f"## {title}", "")
    if words:
        yield from (words, "")


def _looser(one: Looser) -> Iterable[str]:
    incident = f"[incident {code(one.incident_id)}](<{one.incident_url}>)" if one.incident_url else ""
    yield f"* {code(one.action_id[:8])} {code(one.about)} {incident}".rstrip()
    held = f"; {code(one.guard)} would have held it" if one.guard else ""
    yield f"  * would have been approved by {code(', '.join(one.policies))}{held}: {code(one.why)}"
    by = f" by {code(', '.join(one.by))}" if one.by else ""
    yield f"  * rejected {moment(one.at)}{by} ({one.told})"


def _step(one: Step) -> str:
    return f"* {code(one.command)}: {code(one.words)}" if one.command else f"* {code(one.words)}"


def _table(table: Table) -> Iterable[str]:
    yield f"| {' | '.join(table.head)} |"
    yield f"| {' | '.join('---:' if one is Column.NUMBER else '---' for one in table.columns)} |"
    yield from (_row(row, table.columns) for row in table.rows)
    if table.more:
        yield from ("", table.more)


def _row(row: Sequence[str], columns: Sequence[Column]) -> str:
    cells = (
        value if column is Column.NUMBER else code(value) for value, column in zip(row, columns, strict=True)
    )
    return f"| {' | '.join(cells)} |"


def markdown_of_difference(found: Difference) -> str:
    """Return what differs between two reports as Markdown."""
    lines = [
        f"# What differs between two reports: {code(found.tenant)}",
        "",
        f"* A: {code(found.a.name)}: {found.a.words}",
        f"* B: {code(found.b.name)}: {found.b.words}",
        "",
        f"**{found.headline}**",
    ]
    for table in found.tables:
        lines += [*_section(table.title, table.words), *_table(table)]
    return "\n".join([*lines, "", f"The same again: `{found.again}`"]) + "\n"
