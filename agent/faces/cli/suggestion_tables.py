"""Drafts on a terminal: what each decides and rests on, what is left out and why, and what to do next."""

import shlex
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.faces.cli.output import COLOURS, command, lines, safe
from agent.faces.report.numbers import rated
from agent.faces.suggestions import (
    REASONS,
    Suggested,
    agreement,
    decisions,
    evidence,
    expected,
    flips_of,
    held_of,
    of_what,
)
from agent.judge.quote import counted, moment
from agent.judge.suggest.drafting import Drafted
from agent.judge.suggest.naming import in_words
from agent.model.suggestion import Why

LONGEST = 2_000

DROPPED = frozenset({Why.CHECK, Why.NO_EXAMPLE, Why.LOOSER})
"""Why a draft that was made is not kept."""


def tell(out: Console, found: Suggested, output: Path) -> None:
    """Print it."""
    lives = counted(found.lives, "proposal", "proposals")
    out.print(f"{lives} that people decided from {moment(found.since)} to {moment(found.until)}")
    if found.drafts:
        out.print(_drafts(found))
        out.print(f"without the drafts, observing policies counted: {agreement(found.before)}")
        out.print(f"with them:                                      {agreement(found.after)}")
    else:
        out.print(_nothing(found), soft_wrap=True)
    if found.left_out:
        out.print()
        out.print(_left_out(found))
    if found.drafts:
        out.print()
        words = counted(len(found.drafts), "draft is", "drafts are")
        out.print(
            safe(
                f"{words} in {output}, and nothing is in force: begin with {output / 'README.md'}",
                limit=LONGEST,
            ),
            soft_wrap=True,
        )
        out.print(
            safe(
                f"then move what you mean to {found.policies}, each with its cases, and run: "
                f"{command()} policy test {shlex.quote(found.policies)}",
                limit=LONGEST,
            ),
            soft_wrap=True,
        )


def _nothing(found: Suggested) -> str:
    if not found.lives:
        return "of nothing it is known what people decided: let the agent observe for a while, or run `air-agent backfill`"
    if any(one.why in DROPPED for one in found.left_out):
        return "people were consistent, and no draft of that could be kept: nothing was written"
    return "nothing was decided so consistently that a policy could be drafted of it: nothing was written"


def _drafts(found: Suggested) -> Table:
    table = Table(box=box.ROUNDED, show_lines=True, expand=True)
    table.add_column("draft", ratio=4, overflow="fold")
    table.add_column("decides", ratio=4, overflow="fold")
    table.add_column("people", ratio=3, overflow="fold")
    table.add_column("expected, decided otherwise", ratio=3, overflow="fold")
    for one in found.drafts:
        draft = one.draft
        table.add_row(
            lines(safe(draft.name), *_remarks(one)),
            lines(safe(draft.verb, COLOURS.get(draft.verb, "")), safe(in_words(draft.sort))),
            lines(safe(evidence(draft)), safe(rated(draft.evidence.rate), "dim")),
            lines(safe(expected(found.tried[draft.name])), safe(_otherwise(found, draft.name), "dim")),
        )
    return table


def _remarks(one: Drafted) -> list[Text]:
    return [safe(f"{each.severity}: {each.message}", "yellow") for each in one.remarks]


def _otherwise(found: Suggested, name: str) -> str:
    if found.backtest is None:
        return ""
    flips = counted(flips_of(found.backtest, name), "recorded action", "recorded actions")
    held = held_of(found.backtest, name)
    return f"{flips} otherwise{f', {held:,} held by its limits' if held else ''}"


def _left_out(found: Suggested) -> Table:
    table = Table(title="left out", title_justify="left", box=box.ROUNDED, expand=True)
    table.add_column("what", ratio=4, overflow="fold")
    table.add_column("people", ratio=3, overflow="fold")
    table.add_column("why", ratio=6, overflow="fold")
    for one in found.left_out:
        why = f"{REASONS[one.why]}: {one.words}" if one.words else REASONS[one.why]
        table.add_row(safe(of_what(one)), decisions(one), safe(why, limit=LONGEST))
    return table
