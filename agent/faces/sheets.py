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
from functools import lru_cache

from agent.scrub.visible import visible

Cell = str | int | float | bool | datetime | Iterable[str] | None

SECONDS = len("2026-11-26T16:19:58")
"""Characters of a moment up to its seconds."""

SHORT = 100
"""Characters up to which a text, such as a policy's name, may come again and is kept."""

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
        case str():
            return _text(value)
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return str(value)
        case datetime():
            in_utc = value if value.tzinfo is UTC else value.astimezone(UTC)
            return f"{in_utc.isoformat(timespec='seconds')[:SECONDS]}Z"
        case _:
            return _text(", ".join(value))


def _text(text: str) -> str:
    """Return a text that starts nothing. Plain words are what most of a million rows hold, and are known at a glance."""
    if (text.isascii() and text.isalnum()) or not text:
        return text
    return _kept_safe(text) if len(text) <= SHORT else _safe(text)


def _safe(text: str) -> str:
    is_plain = text.isascii() and text.isprintable() and len(text) <= LONGEST
    told = FORMULA.sub(r"\1'\2", text if is_plain else visible(text, LONGEST))
    return f"'{told}" if text.startswith(BREAKS) else told


_kept_safe = lru_cache(maxsize=4096)(_safe)
