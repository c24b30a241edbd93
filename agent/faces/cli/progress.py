"""Bars of progress for work that takes a while."""

from collections.abc import Iterator
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
