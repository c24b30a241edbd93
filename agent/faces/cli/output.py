"""What the commands print: tables for people, one JSON document for programs, nothing of an attacker's unescaped."""

import os
import shlex
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.faces.documents import as_json
from agent.faces.telling import Row, remaining
from agent.judge.quote import moment
from agent.model.errors import SettingsError
from agent.model.pending import KindSource
from agent.scrub.visible import visible

PIPED_WIDTH = 160
"""Columns where no terminal says how many it has."""

WIDE = 140
"""Columns from which every part of a row has a column of its own."""

CELL = 600
"""Characters of one text in a table; what is cut says so."""

POLICY = 28
"""Columns for names of policies, which break badly."""

COLOURS = {"approve": "green", "reject": "yellow", "escalate": "magenta", "none yet": "dim", "none": "dim"}


def console(*, stderr: bool = False) -> Console:
    """Return where to print, as wide as the terminal, or as wide as a table needs where there is none."""
    stream = sys.stderr if stderr else _stdout()
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def safe(text: str, style: str = "", limit: int = CELL) -> Text:
    """Return foreign text that does nothing but stand there."""
    return Text(visible(text, limit), style=style)


def lines(*parts: Text) -> Text:
    """Return these one below the other."""
    return Text("\n").join(parts)


def print_json(document: Any) -> None:
    """Print one JSON document in ASCII: a terminal that shows it cannot be made to act by what stands in it."""
    print_plain(as_json(document, indent=2))


def print_plain(text: str) -> None:
    """Print our own text as it is, whatever the width of the terminal."""
    out = _stdout()
    out.write(text + "\n")
    out.flush()


def print_text(text: str) -> None:
    """Print a text that is to be read by a program as it stands."""
    out = _stdout()
    out.write(text)
    out.flush()


def _stdout() -> TextIO:
    """Return standard output, which a shell's `>&-` closes before the process begins.

    Raises:
        SettingsError: it is closed.
    """
    if sys.stdout is None:
        raise SettingsError("standard output is closed: leave it open, or send it to a file")
    return sys.stdout


def rows_table(rows: Sequence[Row], *, width: int, title: str = "") -> Table:
    """Return the rows as a table that folds rather than cuts: in one column each where there is room."""
    table = Table(title=title or None, title_justify="left", box=box.ROUNDED, show_lines=True, expand=True)
    if width >= WIDE:
        _wide(table, rows)
    else:
        _narrow(table, rows)
    return table


def _wide(table: Table, rows: Sequence[Row]) -> None:
    table.add_column("id", width=8)
    table.add_column("what", ratio=5, overflow="fold")
    table.add_column("decision", width=8)
    table.add_column("policy", width=_policy_width(rows), overflow="fold")
    table.add_column("reason", ratio=8, overflow="fold")
    table.add_column("enactment", ratio=5, overflow="fold")
    table.add_column("confirmation", ratio=4, overflow="fold")
    table.add_column("deadline", width=17)
    for row in rows:
        table.add_row(
            _id(row),
            lines(*_what(row)),
            _decision(row),
            safe(row.policy),
            _reason(row),
            safe(row.enactment),
            safe(row.confirmation),
            _deadline(row),
        )


def _what(row: Row) -> tuple[Text, ...]:
    """Return what would be done, and who says so where the evidence does not."""
    if row.kind_source != KindSource.HUNTING:
        return (safe(row.what),)
    return (safe(row.what), safe("named by AIR's own row", "dim"))


def _narrow(table: Table, rows: Sequence[Row]) -> None:
    table.add_column("what, deadline", ratio=4, overflow="fold")
    table.add_column("decision, policy", width=_policy_width(rows), overflow="fold")
    table.add_column("reason", ratio=6, overflow="fold")
    table.add_column("enactment, confirmation", ratio=6, overflow="fold")
    for row in rows:
        table.add_row(
            lines(_id(row), *_what(row), _deadline(row)),
            lines(_decision(row), safe(row.policy)),
            _reason(row),
            lines(safe(row.enactment), safe(row.confirmation, "dim")),
        )


def _reason(row: Row) -> Text:
    """Return why it was decided so, and what observing policies would have made of it."""
    return lines(safe(row.reason), safe(row.would_have, "dim")) if row.would_have else safe(row.reason)


def _policy_width(rows: Sequence[Row]) -> int:
    return max(10, min(max((len(one.policy) for one in rows), default=0), POLICY))


def _id(row: Row) -> Text:
    return Text(row.id[:8], style="bold")


def _decision(row: Row) -> Text:
    return Text(row.decision, style=COLOURS.get(row.decision, ""))


def _deadline(row: Row) -> Text:
    left = remaining(timedelta(seconds=row.remaining_seconds))
    said = f"{moment(row.deadline)}\n" + (left if left == "over" else f"in {left}")
    return Text(said, style="red" if row.remaining_seconds < 86_400 else "")


def command() -> str:
    """Return how this program was called, to be typed again: a virtual environment may not be on the path."""
    called = Path(sys.argv[0])
    if called.name == "air-agent":
        return shlex.quote(sys.argv[0])
    return f"{shlex.quote(sys.executable)} -m agent"
