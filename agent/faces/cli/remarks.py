"""Remarks as lines for people, and as commands that GitHub Actions shows beside the lines of a pull request."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.text import Text

from agent.faces.cli.output import safe
from agent.faces.cli.sarif import named_from
from agent.judge.quote import counted
from agent.model.remark import Remark, Severity
from agent.scrub.visible import visible

LONGEST = 2_000
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def line_of(one: Remark) -> Text:
    """Return the remark on one line: where it is, how bad, by which rule, what, and how to mend it."""
    place = f"{one.file}:{one.line}:{one.column}:"
    return Text(" ").join(
        [
            safe(place, limit=LONGEST),
            Text(one.severity.value, style=STYLES[one.severity]),
            Text(f"{one.code}:", style="dim"),
            safe(one.told, limit=LONGEST),
        ]
    )


def commands(remarks: Iterable[Remark], here: Path) -> Iterator[str]:
    """Give one workflow command for each remark; files inside the folder `here` are named from there.

    Source: GitHub Actions, workflow commands: `%`, line breaks, and in properties `:` and `,` are escaped.
    """
    for one in remarks:
        file = named_from(one.file, here).as_posix()
        properties = (
            f"file={_property(visible(file, LONGEST))},line={one.line},col={one.column},"
            f"title={_property(one.code)}"
        )
        yield f"::{COMMANDS[one.severity]} {properties}::{_data(visible(one.told, LONGEST))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def by_severity(remarks: Sequence[Remark]) -> str:
    """Return how many remarks of each severity there are, the worst first; nothing where there is none."""
    counts = Counter(one.severity for one in remarks)
    return ", ".join(counted(counts[each], each.value, f"{each.value}s") for each in Severity if counts[each])
