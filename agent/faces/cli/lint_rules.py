"""`policy check --rules`: what lint looks for, from the table of its rules."""

import msgspec
from rich import box
from rich.table import Table
from rich.text import Text

from agent.faces.cli.options import Format
from agent.faces.cli.output import console, lines, print_json
from agent.faces.cli.remarks import STYLES
from agent.judge.lint.rules import RULES, Rule
from agent.model.errors import SettingsError


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What `policy check --rules --format json` tells."""

    rules: tuple[Rule, ...] = tuple(RULES.values())


def print_rules(format_: Format) -> None:
    """Print every rule: its code, how bad it is, what it finds, why that matters and how to mend it.

    Raises:
        SettingsError: the format is for findings.
    """
    match format_:
        case Format.JSON:
            print_json(Rules())
        case Format.TEXT:
            console().print(_table())
        case _:
            raise SettingsError(f"`--format {format_}` is for findings: list rules as text or json")


def _table() -> Table:
    table = Table(box=box.ROUNDED, show_lines=True, expand=True)
    table.add_column("code, severity", width=max(map(len, RULES)), overflow="fold")
    table.add_column("what is found, why it matters, how to mend it", ratio=1, overflow="fold")
    for rule in RULES.values():
        table.add_row(
            lines(
                Text(rule.code.value, style="bold"), Text(rule.severity.value, style=STYLES[rule.severity])
            ),
            lines(Text(rule.finds), Text(rule.why, style="dim"), Text(f"mend: {rule.mend}")),
        )
    return table
