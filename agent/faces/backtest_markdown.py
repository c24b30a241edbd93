"""A backtest as Markdown, made for a comment on a pull request.

Labels and reasons quote an attacker's text. It stands in `<code>`, where GitHub makes neither mentions nor
references of it, and every mark in it is written as an entity, so that Markdown finds nothing in it to act
on: no end of a cell, no HTML, no link.
"""

from collections.abc import Iterable, Sequence

from agent.faces.backtest_words import LATER, came, compared, consequences, headline, looked_at, what
from agent.judge.quote import moment
from agent.model.backtest import Backtest, Flip, Unsaid
from agent.scrub.visible import visible

LONGEST = 60_000
"""Characters of the whole; GitHub takes 65,536 in a comment."""

SHORT = 10
"""Rows up to which a table is shown open."""

CELL = 300
"""Characters of foreign text in one cell."""

PLAIN = frozenset(" -,")
"""Marks that mean nothing in the middle of a cell."""


def code(text: str, most: int = CELL) -> str:
    """Return foreign text as code in which nothing acts."""
    if not text:
        return ""
    return f"<code>{''.join(map(_inert, visible(text, most)))}</code>"


def _inert(letter: str) -> str:
    if letter == "@":
        # The comment keeps it from being taken for an address or a name.
        return "&#64;<!-- -->"
    if letter in PLAIN or (letter.isalnum() and letter.isascii()):
        return letter
    return f"&#{ord(letter)};"


def markdown(found: Backtest, *, most: int) -> str:
    """Return the whole as Markdown, cut where a comment would be too long, which it then says."""
    head = "\n".join(_head(found))
    left = LONGEST - len(head)
    flips = _table(
        ("action", "what", "before", "after", "by", "why"),
        (_flip_row(one) for one in found.flips[:most]),
        left,
    )
    unsaid = _table(
        ("action", "what", "hangs on", "read by", "may be"),
        (_unsaid_row(one) for one in found.unsaid[:most]),
        left - sum(map(len, flips)),
    )
    parts = [head]
    parts += _section("flips", flips, len(found.flips))
    parts += _section("of which it cannot be said", unsaid, len(found.unsaid))
    return "\n".join(parts) + "\n"


def _head(found: Backtest) -> Iterable[str]:
    totals = found.totals
    yield f"### Backtest of policies: {headline(totals)}"
    yield ""
    yield f"* before: {code(compared(found.before))}"
    yield f"* after: {code(compared(found.after))}"
    yield f"* {looked_at(found)}"
    for said in consequences(totals):
        yield f"* {said}"
    if totals.between:
        yield ""
        yield "| before | after | actions |"
        yield "| --- | --- | ---: |"
        for between, count in totals.between.items():
            one, _, other = between.partition(" -> ")
            yield f"| {one} | {other} | {count:,} |"
        yield ""
        yield "| by policy | actions |"
        yield "| --- | ---: |"
        for name, count in sorted(totals.by_policy.items(), key=lambda one: (-one[1], one[0])):
            yield f"| {code(name)} | {count:,} |"


def _flip_row(one: Flip) -> Sequence[str]:
    return (
        f"{code(one.action_id[:8])}<br>{moment(one.at)}",
        code(what(one), 160),
        code(came(one.before)),
        code(came(one.after)),
        code(", ".join(one.by)),
        f"before: {code(one.reason_before)}<br>after: {code(one.reason_after)}",
    )


def _unsaid_row(one: Unsaid) -> Sequence[str]:
    return (
        f"{code(one.action_id[:8])}<br>{moment(one.at)}",
        code(what(one), 160),
        code(", ".join(one.facts)),
        code(", ".join(one.policies)),
        code(f"{' or '.join(one.before)} -> {' or '.join(one.after)}"),
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], most: int) -> list[str]:
    """Return the lines of a table, as many rows as find room."""
    table = [f"| {' | '.join(columns)} |", f"| {' | '.join('---' for _ in columns)} |"]
    used = sum(map(len, table))
    for row in rows:
        line = f"| {' | '.join(row)} |"
        used += len(line) + 1
        if used > most:
            break
        table.append(line)
    return table


def _section(name: str, table: list[str], count: int) -> list[str]:
    if not count:
        return []
    shown = len(table) - 2
    rest = [] if shown == count else ["", f"and {count - shown:,} more {name}: `--format json` has all"]
    if count <= SHORT:
        return ["", *table, *rest, *_note(name)]
    summary = f"<details><summary>{count:,} {name}</summary>"
    return ["", summary, "", *table, *rest, *_note(name), "", "</details>"]


def _note(name: str) -> list[str]:
    return ["", f"<sub>{LATER}</sub>"] if name == "flips" else []
