"""What is done only once a person types that it is meant: Enter alone does nothing."""

import sys

from rich.console import Console


def is_typed(out: Console, wanted: str, what: str) -> bool:
    """Ask, and return whether exactly what is wanted was typed; a standard input that has ended types nothing."""
    out.print(f"type {wanted} to {what}: ", end="")
    return sys.stdin.readline().strip() == wanted
