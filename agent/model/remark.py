"""A remark: one thing that a check of policies found, with its place and how to mend it."""

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How bad it is: an error is a finding, a warning one where that is asked for, a note never."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found. `code` is a row of the table of rules; lines and columns count from 1.

    `message` is one sentence without a full stop. `mend` says what to do; empty where the message does.
    """

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    message: str
    mend: str = ""

    @property
    def told(self) -> str:
        """What was found, and what to do."""
        return f"{self.message}: {self.mend}" if self.mend else self.message

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.told}"
