"""Errors, named by what the loop does next.

    AgentError
    ├── SettingsError    the start stops; the message names the setting
    ├── PolicyError      tells the author where; the last good set stays in force
    ├── LedgerError      the start stops: the ledger cannot be opened, or is newer than this agent
    ├── Conflict         somebody else changed the record first: read it again
    │   └── Lost         the tenant is another replica's: everything in it ends here at once
    ├── Held             a guard rail says no: nothing is sent, and a person is asked
    ├── Unavailable      tries again later; the cursor does not move
    ├── Refused          does not try again; a person must change something
    └── Malformed        leaves this thing to a person and goes on

Anything else is a bug. An adapter turns a library's exception into one of these and keeps the
original as its cause. Messages are one lower-case line without a full stop.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec


class AgentError(Exception):
    """Says what went wrong, to the person who can mend it."""


class SettingsError(AgentError):
    """A setting is missing or wrong: the start stops."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong in a policy or list file, with its place; lines and columns count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class PolicyError(AgentError):
    """A set of policies does not load; carries everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class LedgerError(AgentError):
    """The ledger cannot be used as it is."""


class Conflict(AgentError):
    """The record was changed since it was read."""


class Lost(Conflict):
    """The tenant is another replica's by now, or is about to be: nothing was written or sent, and nothing can be."""


class Held(AgentError):
    """A guard rail keeps something from being carried out; nothing was sent."""

    def __init__(self, guard: str, words: str, until: datetime | None = None) -> None:
        super().__init__(f"held by `{guard}`: {words}")
        self.guard = guard
        self.words = words
        self.until = until
        """When the guard will have nothing more to say by itself; None where only a person or other facts end it."""


class Unavailable(AgentError):
    """The system is away or asks for patience; nothing was applied by the call that raised this."""

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until
        """Not before this moment, or None where the system named none."""


class Refused(AgentError):
    """The system said no, and would say no again."""


class Malformed(AgentError):
    """An answer is not in the shape that is documented."""
