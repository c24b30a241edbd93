"""A list as CSV, which opens in a spreadsheet and starts nothing there.

A spreadsheet takes a cell that begins with one of a few characters for a formula, and a subject or a file's name is an
attacker's to choose. Such a cell gets an apostrophe in front: it is text then. Every cell is quoted. Where a spreadsheet
separates at semicolons, as many outside English do, it cuts a cell of ours at them, so that what follows one counts as the
beginning of a cell too. Whatever has no picture is written as its escape, so that no tab or line break cuts anything.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from agent.scrub.visible import visible

Cell = str | int | float | bool | datetime | Iterable[str] | None

LONGEST = 30_000
"""Characters of one cell: spreadsheets take 32,767."""

FORMULA = re.compile(r"(?:^|(?<=;))([\s\"']*)([=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a cell begins that a spreadsheet would work out. The wide forms count in Japanese and Chinese ones."""

BREAKS = ("\t", "\r", "\n")
"""What some spreadsheets pass over before they look whether a cell is a formula."""


def csv_of(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as CSV, the columns' names too where they are the first."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([cell(one) for one in row] for row in rows)
    return out.getvalue()


def cell(value: Cell) -> str:
    """Return one cell: what is not known is empty, moments are ISO 8601 in UTC, several texts stand on one line."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        case str():
            return _safe(value)
        case _:
            return _safe(", ".join(value))


def _safe(text: str) -> str:
    is_plain = text.isascii() and text.isprintable() and len(text) <= LONGEST
    told = FORMULA.sub(r"\1'\2", text if is_plain else visible(text, LONGEST))
    return f"'{told}" if text.startswith(BREAKS) else told
