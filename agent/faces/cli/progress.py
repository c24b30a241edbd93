"""Bars of progress for work that takes a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from agent.faces.cli.output import console


@contextmanager
def progress(count: ProgressColumn | None = None) -> Iterator[Progress]:
    """Give what shows bars on standard error, where that is a terminal, until the work is done.

    `count` stands beside each bar: how many of how many, if left out.
    """
    out = console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        count or MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bars:
        yield bars


@contextmanager
def bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """Give what is told how many of how many are done, and shows that on a terminal."""
    with progress() as bars:
        task = bars.add_task(words, total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)
