"""The one place where an error becomes words on standard error and an exit code."""

import sys
from typing import Any

from typer.core import TyperGroup

from agent.faces.text import visible
from agent.model.errors import AgentError, LedgerError, PolicyError, Refused, SettingsError, Unavailable

FINE, FINDINGS, WRONG_USE, OUT_OF_REACH = 0, 1, 2, 3

LINE = 2000
"""Characters of one line of an error."""


class Ending(Exception):
    """A command has said everything and ends with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Commands(TyperGroup):
    """The commands, none of which shows a traceback for something that its user can mend."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; end with the exit code that its error stands for."""
        try:
            return super().invoke(ctx)
        except Ending as ending:
            ctx.exit(ending.code)
        except AgentError as error:
            complain(error)
            ctx.exit(exit_code(error))
        except KeyboardInterrupt:
            ctx.exit(130)


def exit_code(error: AgentError) -> int:
    """Return 2 for what the user must set right, 3 where Graph is out of reach, 1 for the rest."""
    match error:
        case SettingsError() | PolicyError() | LedgerError() | Refused():
            return WRONG_USE
        case Unavailable():
            return OUT_OF_REACH
        case _:
            return FINDINGS


def complain(error: AgentError) -> None:
    """Print the error, one line for each thing that is wrong."""
    for line in str(error).splitlines() or ["no reason was given"]:
        sys.stderr.write(f"error: {visible(line, LINE)}\n")
    sys.stderr.flush()
