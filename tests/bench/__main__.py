"""`python -m tests.bench [part ...]`: measures against baselines in the same run, and prints a table."""

import sys
from importlib import import_module

from rich.console import Console
from rich.table import Table

PARTS = (
    "decode",
    "policies",
    "loop",
    "backtest",
    "audit",
    "pending",
    "history",
    "report",
    "loose",
    "scale",
    "fleet",
    "flood",
)

BY_THEMSELVES = ("starting", "arriving")
"""Parts of `scale`, for whoever wants one of them alone."""


def main(parts: list[str]) -> int:
    """Print the rows of these parts, of all where none is named."""
    unknown = [part for part in parts if part not in (*PARTS, *BY_THEMSELVES)]
    if unknown:
        print(f"unknown part `{unknown[0]}`: use {', '.join((*PARTS, *BY_THEMSELVES))}", file=sys.stderr)
        return 2
    table = Table("what", "measured", "goal")
    for part in parts or PARTS:
        for row in import_module(f"tests.bench.{part}").run():
            table.add_row(*row)
    Console().print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
