"""A backtest on a terminal: a block for each flip, which of its reasons tells only what differs."""

from difflib import SequenceMatcher

from rich.console import Console
from rich.text import Text

from agent.faces.backtest_words import (
    LATER,
    came,
    compared,
    consequences,
    headline,
    looked_at,
    parts_of_reasons,
    what,
)
from agent.faces.cli.output import COLOURS, safe
from agent.judge.quote import counted, moment
from agent.model.backtest import Backtest, Fate, Flip, Unsaid
from agent.scrub.visible import visible

FATE_COLOURS = {**COLOURS, Fate.HELD.value: "cyan"}

LABEL = 200
"""Characters of what an action is about."""

INDENT = 4
"""Columns before what is told of an action."""

LEGEND = "of their reasons, what stands only before (-) and only after (+):"


def tell(out: Console, found: Backtest, *, most: int) -> None:
    """Print what was compared, what flips, what cannot be said, and what it comes to."""
    out.print(safe(f"before: {compared(found.before)}"), soft_wrap=True)
    out.print(safe(f"after:  {compared(found.after)}"), soft_wrap=True)
    out.print(safe(looked_at(found)), soft_wrap=True)
    if found.flips:
        out.print()
        out.print(f"{counted(len(found.flips), 'flip', 'flips')}; {LEGEND}")
        for flip in found.flips[:most]:
            _print_flip(out, flip)
        _print_rest(out, len(found.flips) - most, "flips")
    if found.unsaid:
        out.print()
        out.print(
            f"{len(found.unsaid):,} of which it cannot be said, for want of facts that were not recorded:"
        )
        for one in found.unsaid[:most]:
            _print_unsaid(out, one)
        _print_rest(out, len(found.unsaid) - most, "of which it cannot be said")
    out.print()
    _summary(out, found)


def _print_rest(out: Console, more: int, name: str) -> None:
    if more > 0:
        out.print()
        out.print(f"and {more:,} more {name}: --limit shows more of them, --format json all")


def _print_flip(out: Console, one: Flip) -> None:
    between = Text(" -> ").join(
        safe(came(each), FATE_COLOURS[each.fate.value]) for each in (one.before, one.after)
    )
    by = safe(f"by {', '.join(one.by)}") if one.by else Text()
    _print_head(out, one, between, by)
    _print_indented(out, [("", visible(what(one), LABEL), ""), *_difference(one)])


def _print_unsaid(out: Console, one: Unsaid) -> None:
    between = safe(f"{' or '.join(one.before)} -> {' or '.join(one.after)}")
    _print_head(out, one, between, Text())
    hangs = f"hangs on {', '.join(one.facts)}, read by {', '.join(one.policies)}"
    _print_indented(out, [("", visible(what(one), LABEL), ""), ("", hangs, "dim")])


def _print_head(out: Console, one: Flip | Unsaid, *parts: Text) -> None:
    out.print()
    head = (safe(one.action_id[:8], "bold"), safe(moment(one.at)), *parts)
    out.print(Text("  ").join(part for part in head if part.plain))


def _print_indented(out: Console, rows: list[tuple[str, str, str]]) -> None:
    """Print lines with their marks, folded beside them."""
    for mark, words, style in rows:
        folded = safe(words, style).wrap(out, max(out.width - INDENT, INDENT))
        for number, line in enumerate(folded):
            line.rstrip()
            start = f"  {mark}" if number == 0 else ""
            out.print(Text(f"{start:<{INDENT}}", style=style) + line, soft_wrap=True)


def _difference(one: Flip) -> list[tuple[str, str, str]]:
    """Return the parts of the two reasons that differ; where none does, the reason once."""
    before, after = parts_of_reasons(one.reason_before, one.reason_after)
    rows: list[tuple[str, str, str]] = []
    for step, start, end, also_start, also_end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if step != "equal":
            rows += [("-", part, "red") for part in before[start:end]]
            rows += [("+", part, "green") for part in after[also_start:also_end]]
    return rows or [("", part, "dim") for part in after if part]


def _summary(out: Console, found: Backtest) -> None:
    totals = found.totals
    out.print(safe(headline(totals), "bold"), soft_wrap=True)
    for between, count in totals.between.items():
        out.print(safe(f"{count:>8,}  {between}"), soft_wrap=True)
    if totals.by_policy:
        ranked = sorted(totals.by_policy.items(), key=lambda one: (-one[1], one[0]))
        by = ", ".join(f"{name} {counted(count, 'action', 'actions')}" for name, count in ranked)
        out.print(safe(f"by policy: {by}", limit=2000), soft_wrap=True)
    for said in consequences(totals):
        out.print(safe(said), soft_wrap=True)
    if totals.flips:
        out.print(safe(LATER, "dim"), soft_wrap=True)
