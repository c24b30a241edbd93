"""What a demo shows while it runs: a live board on a terminal, a line now and then elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from agent.faces.cli.output import COLOURS, safe
from agent.judge.quote import moment
from agent.model.enactment import State

LATEST = 6
"""Decisions on the board."""

LONGEST = 400
"""Characters of a line that stays."""

PLAIN_EVERY = 3.0
"""Seconds between lines where there is no terminal."""


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that was just made."""

    id: str
    what: str
    decision: str
    reason: str


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """How things stand at one moment of a demo."""

    elapsed: float
    limit: float
    now: datetime
    """Virtual time."""
    states: Mapping[State, int]
    waiting: bool
    """Whether incidents are still to be written to."""
    requests: int
    pending: int
    """What still awaits approval in the tenant."""
    latest: Sequence[Latest] = ()
    kills: int = 0

    @property
    def decided(self) -> int:
        """How many pending actions have been judged."""
        return sum(count for state, count in self.states.items() if state is not State.SEEN)


class Screen:
    """Shows each glance in its place."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._live = Live(console=out, auto_refresh=False, transient=True) if out.is_terminal else None
        self._said = -PLAIN_EVERY

    def open(self) -> AbstractContextManager[object]:
        """Keep the board on the terminal inside the `with`."""
        return self._live if self._live is not None else nullcontext()

    def tell(self, lines: Iterable[str]) -> None:
        """Print lines that stay, above the board where there is one."""
        for line in lines:
            self._out.print(safe(line, limit=LONGEST), soft_wrap=True)

    def show(self, glance: Glance) -> None:
        """Show how things stand."""
        if self._live is not None:
            self._live.update(_board(glance), refresh=True)
        elif glance.elapsed - self._said >= PLAIN_EVERY:
            self._said = glance.elapsed
            self._out.print(_line(glance), soft_wrap=True)


def _line(glance: Glance) -> str:
    states = (
        ", ".join(f"{count} {state.value}" for state, count in sorted(glance.states.items()))
        or "nothing seen yet"
    )
    return (
        f"{glance.elapsed:4.0f} s, {moment(glance.now)}: {states}; {glance.pending} pending in the tenant, "
        f"{glance.requests} requests"
    )


def _board(glance: Glance) -> Group:
    head = Text.assemble(
        Text("the agent at work", style="bold"),
        f"   {moment(glance.now)} virtual time",
        f"   {glance.requests} requests to Graph",
        f"   {glance.pending} pending in the tenant",
        f"   killed {glance.kills} times" if glance.kills else "",
    )
    bar = Table.grid(expand=True)
    bar.add_row(ProgressBar(total=glance.limit, completed=min(glance.elapsed, glance.limit)))
    counts = Text("   ").join(
        Text.assemble(Text(str(count), style="bold"), f" {state.value}")
        for state, count in sorted(glance.states.items())
    )
    latest = Table.grid(padding=(0, 2), expand=True)
    latest.add_column(width=8)
    latest.add_column(width=8)
    latest.add_column(ratio=2, no_wrap=True, overflow="ellipsis")
    latest.add_column(ratio=5, no_wrap=True, overflow="ellipsis")
    for one in glance.latest[:LATEST]:
        latest.add_row(
            one.id[:8],
            Text(one.decision, style=COLOURS.get(one.decision, "")),
            safe(one.what),
            safe(one.reason),
        )
    return Group(head, bar, counts, Text(), latest)
