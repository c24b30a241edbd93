"""A backtest on a terminal."""

from rich import box
from rich.console import Console
from rich.table import Table

from agent.faces.backtest_words import LATER, came, compared, consequences, headline, looked_at, what
from agent.faces.cli.output import COLOURS, POLICY, lines, safe
from agent.faces.telling import moment
from agent.judge.quote import counted
from agent.model.backtest import Backtest, Fate, Flip, Unsaid

FATE_COLOURS = {**COLOURS, Fate.HELD.value: "cyan"}


def tell(out: Console, found: Backtest, *, most: int) -> None:
    """Print what was compared, what flips, what cannot be said, and what it comes to."""
    out.print(safe(f"before: {compared(found.before)}"), soft_wrap=True)
    out.print(safe(f"after:  {compared(found.after)}"), soft_wrap=True)
    out.print(safe(looked_at(found)), soft_wrap=True)
    if found.flips:
        out.print(_flips(found.flips[:most]))
        _print_rest(out, len(found.flips) - most, "flips")
    if found.unsaid:
        out.print(_unsaid(found.unsaid[:most]))
        _print_rest(out, len(found.unsaid) - most, "of which it cannot be said")
    _summary(out, found)


def _print_rest(out: Console, more: int, name: str) -> None:
    if more > 0:
        out.print(f"and {more:,} more {name}: --limit shows more of them, --format json all")


def _flips(flips: tuple[Flip, ...]) -> Table:
    table = Table(box=box.ROUNDED, show_lines=True, expand=True)
    table.add_column("id, at", width=17)
    table.add_column("what", ratio=3, overflow="fold")
    table.add_column("before, after", ratio=2, overflow="fold")
    table.add_column("by", width=_widest(flips), overflow="fold")
    table.add_column("why", ratio=6, overflow="fold")
    for one in flips:
        table.add_row(
            lines(safe(one.action_id[:8], "bold"), safe(moment(one.at))),
            safe(what(one), limit=200),
            lines(
                safe(came(one.before), FATE_COLOURS[one.before.fate.value]),
                safe(f"-> {came(one.after)}", FATE_COLOURS[one.after.fate.value]),
            ),
            lines(*(safe(name) for name in one.by)),
            lines(safe(f"before: {one.reason_before}", "dim"), safe(f"after: {one.reason_after}")),
        )
    return table


def _widest(flips: tuple[Flip, ...]) -> int:
    """Return columns for names of policies, which break badly."""
    return max(6, min(max(len(name) for one in flips for name in one.by or ("",)), POLICY))


def _unsaid(unsaid: tuple[Unsaid, ...]) -> Table:
    table = Table(title="cannot say", title_justify="left", box=box.ROUNDED, show_lines=True, expand=True)
    table.add_column("id, at", width=17)
    table.add_column("what", ratio=3, overflow="fold")
    table.add_column("hangs on facts that were not recorded", ratio=4, overflow="fold")
    table.add_column("may be", ratio=3, overflow="fold")
    for one in unsaid:
        table.add_row(
            lines(safe(one.action_id[:8], "bold"), safe(moment(one.at))),
            safe(what(one), limit=200),
            lines(safe(", ".join(one.facts)), safe(f"read by {', '.join(one.policies)}", "dim")),
            safe(f"{' or '.join(one.before)} -> {' or '.join(one.after)}"),
        )
    return table


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
