"""The one place where an error becomes words on standard error and an exit code."""

import errno
import os
import sys
from contextlib import suppress
from typing import Any

from agent.faces.cli.tenants import Tenanted
from agent.model.errors import AgentError, LedgerError, PolicyError, Refused, SettingsError, Unavailable
from agent.scrub.visible import visible

FINE, FINDINGS, WRONG_USE, OUT_OF_REACH = 0, 1, 2, 3

STUCK = 4
"""How `run` ends that stood still, and said where."""

INTERRUPTED = 130
"""How a command ends that was stopped by Ctrl-C."""

LINE = 2000
"""Characters of one line of an error."""


class Ending(Exception):
    """A command has said everything and ends with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Commands(Tenanted):
    """The commands, none of which shows a traceback for something that its user can mend."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; end with the exit code that its error stands for."""
        try:
            return _flushed(super().invoke(ctx))
        except Ending as ending:
            ctx.exit(ending.code)
        except AgentError as error:
            complain(error)
            ctx.exit(exit_code(error))
        except OSError as error:
            if not _is_of_output(error):
                raise
            why = (error.strerror or "no reason was given").lower()
            complain(SettingsError(f"standard output cannot be written to: {why}"))
            ctx.exit(WRONG_USE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


def _flushed(done: Any) -> Any:
    """Return what the command came to, with everything it said written, so that a full disk is noticed here."""
    if sys.stdout is not None:
        sys.stdout.flush()
    return done


def _is_of_output(error: OSError) -> bool:
    """Whether standard output takes no more, such as on a full disk; what it holds back is then let go.

    A reader that has gone away is another matter, which click knows about.
    """
    if error.errno == errno.EPIPE or sys.stdout is None:
        return False
    try:
        # What failed may not be held back, and then only another letter shows it.
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError as again:
        if again.errno != error.errno:
            return False
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return True
    return False


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
    if sys.stderr is None:
        return
    with suppress(OSError):
        for line in str(error).splitlines() or ["no reason was given"]:
            sys.stderr.write(f"error: {visible(line, LINE)}\n")
        sys.stderr.flush()
