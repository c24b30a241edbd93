"""A report on a terminal: the figures first, then the looser ones, what to do next, and the tables."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as Shown
from rich.text import Text

from agent.faces.cli.output import safe
from agent.faces.report.difference import Difference
from agent.faces.report.figures import Figure, Tone
from agent.faces.report.looser import Looser
from agent.faces.report.numbers import FEW
from agent.faces.report.outline import Column, Outline, Table
from agent.judge.quote import moment

COLOURS = {Tone.PLAIN: "bold", Tone.GOOD: "bold green", Tone.BAD: "bold red"}

ROOMY = 130
"""Columns from which an interval stands beside its share, and not below it."""

NAMES = 12
"""Columns that a name has at least."""

INDENT = 4

LONG = 1_000
"""Characters of one sentence."""


def tell(out: Console, outline: Outline) -> None:
    """Print a report."""
    out.print(
        safe(f"report of {outline.tenant}: what policies would have done, and what people did", "bold"),
        soft_wrap=True,
    )
    out.print(safe(f"{outline.window}; {outline.asked}", limit=LONG), soft_wrap=True)
    out.print()
    out.print(_figures(outline.figures))
    _looser(out, outline)
    if outline.steps:
        out.print()
        out.print(Text("next", style="bold"))
        for one in outline.steps:
            _indented(out, f"{one.command}: {one.words}" if one.command else one.words)
    for table in outline.tables:
        _print_table(out, table)
    out.print()
    out.print(safe(f"the same again: {outline.again}", "dim", limit=LONG), soft_wrap=True)


def tell_difference(out: Console, found: Difference) -> None:
    """Print what differs between two reports."""
    out.print(safe(f"what differs between two reports of {found.tenant}", "bold"), soft_wrap=True)
    for name, side in (("A", found.a), ("B", found.b)):
        out.print(safe(f"{name}: {side.name}: {side.words}", limit=LONG), soft_wrap=True)
    out.print(safe(found.headline, "bold"), soft_wrap=True)
    for table in found.tables:
        _print_table(out, table)
    out.print()
    out.print(safe(f"the same again: {found.again}", "dim", limit=LONG), soft_wrap=True)


def _figures(figures: Sequence[Figure]) -> Shown:
    table = Shown(box=None, show_header=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(ratio=1, overflow="fold")
    for one in figures:
        name = one.name.upper() if one.tone is Tone.BAD else one.name.lower()
        table.add_row(
            safe(name, COLOURS[one.tone]), safe(one.value, COLOURS[one.tone]), safe(one.words, limit=LONG)
        )
    return table


def _looser(out: Console, outline: Outline) -> None:
    out.print()
    out.print(
        safe(f"looser: {outline.looser_words}", "bold red" if outline.looser else "bold"), soft_wrap=True
    )
    for one in outline.looser:
        _print_looser(out, one)
    if outline.looser_more:
        out.print()
        out.print(safe(outline.looser_more, limit=LONG), soft_wrap=True)


def _print_looser(out: Console, one: Looser) -> None:
    out.print()
    head = (
        safe(one.action_id[:8], "bold"),
        safe(f"rejected {moment(one.at)}"),
        safe(f"incident {one.incident_id}"),
    )
    out.print(Text("  ").join(head), soft_wrap=True)
    by = f" by {', '.join(one.by)}" if one.by else ""
    held = f", but held by {one.guard}" if one.guard else ""
    _indented(out, one.about)
    _indented(out, f"rejected{by} ({one.told})")
    _indented(out, f"would have been approved by {', '.join(one.policies)}{held}: {one.why}")
    if one.incident_url:
        out.print(Text(" " * INDENT) + safe(one.incident_url, limit=LONG), soft_wrap=True)


def _indented(out: Console, words: str) -> None:
    for line in safe(words).wrap(out, max(out.width - INDENT, 2 * INDENT)):
        line.rstrip()
        out.print(Text(" " * INDENT) + line, soft_wrap=True)


def _print_table(out: Console, table: Table) -> None:
    out.print()
    out.print(Text(table.title.lower(), style="bold"))
    shown = Shown(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), expand=out.width < ROOMY)
    for name, column in zip(table.head, table.columns, strict=True):
        if column is Column.NUMBER:
            shown.add_column(name, justify="right", no_wrap=True)
        else:
            shown.add_column(name, overflow="fold", ratio=1 if out.width < ROOMY else None, min_width=NAMES)
    for row in table.rows:
        shown.add_row(*(_cell(out, value, column) for value, column in zip(row, table.columns, strict=True)))
    out.print(shown)
    if table.words:
        out.print(safe(table.words, "dim", limit=LONG))
    if table.more:
        out.print(safe(table.more, limit=LONG), soft_wrap=True)


def _cell(out: Console, value: str, column: Column) -> Text:
    """Return a cell; where there is little room, an interval stands below its share."""
    if column is Column.TEXT or out.width >= ROOMY:
        return safe(value)
    if value == FEW:
        return Text("too few\nto say", style="dim")
    share, bracket, interval = value.partition(" (")
    if not bracket:
        return safe(value)
    return Text("\n").join([safe(share), safe(interval.removesuffix(" %)").replace(" to ", "-"), "dim")])
