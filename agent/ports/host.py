"""The machine the agent runs on: time, policies, the kill switch, and where the audit is shipped to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from agent.model.audit import Head, Link
from agent.model.hold import Hold


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return when `moment` has come; at once where it is past."""
        ...


class AuditSink(Protocol):
    """Where the audit goes outside the ledger. Both raise Unavailable where it cannot be reached."""

    async def ship(self, links: Sequence[Link]) -> None:
        """Add these entries to what was shipped, durable when it returns. An entry may come twice, by its number."""
        ...

    async def anchor(self, head: Head, now: datetime) -> None:
        """Keep this head in the second place, sealed. Nothing where there is none."""
        ...


class PolicyShelf(Protocol):
    """Where policies lie."""

    def files(self) -> Mapping[str, bytes]:
        """Return the bytes of every policy and list file by its path, as it is to be named to people.

        Raises:
            PolicyError: the folder or one of its files cannot be read.
        """
        ...

    async def look(self) -> Mapping[str, bytes]:
        """Return the same while other things go on. Raises PolicyError."""
        ...

    def git(self, files: Mapping[str, bytes]) -> str:
        """Return the commit that these files are of, with `+` where they differ from it; empty for none."""
        ...

    def authors(self, files: Sequence[str]) -> frozenset[str]:
        """Return the mail addresses, lower case, of whoever last changed each of these files.

        Files that git does not know have no author.
        """
        ...


class Switch(Protocol):
    """The part of the kill switch that needs neither the ledger nor a command: a file, say, that anybody can make."""

    async def read(self, now: datetime) -> Hold | None:
        """Return the hold that it lays; None only where it is certain that it lays none.

        Raises nothing: what cannot be read holds, and its reason says why it could not. Answers within seconds.
        """
        ...


class Heart(Protocol):
    """A dead man's switch elsewhere, which sounds an alarm where it is told nothing for too long."""

    async def beat(self) -> None:
        """Tell it that all is well. Answers within half a minute.

        Raises:
            Unavailable, Refused, Malformed: it was not taken.
        """
        ...
