"""Who is signed in to the pages."""

from datetime import datetime
from typing import Protocol

from agent.model.session import Session


class Sessions(Protocol):
    """The sessions of one tenant, shared by every process that shows its pages.

    Raises LedgerError where the ledger cannot be used.
    """

    async def find(self, session_id: str) -> Session | None:
        """Return the session as it is now, however old; None where there is none, or none that this version can read."""
        ...

    async def begin(self, session: Session) -> None:
        """Write a session that there was not before."""
        ...

    async def keep(self, session: Session) -> None:
        """Write what became of the session, but for when it was seen; nothing where it was ended meanwhile."""
        ...

    async def touch(self, session_id: str, seen: datetime) -> None:
        """Write when the session was used, and nothing else of it; nothing where it was ended meanwhile."""
        ...

    async def end(self, session_id: str) -> None:
        """Forget the session; nothing where there is none."""
        ...

    async def end_all(self, object_id: str) -> int:
        """Forget every session of this person; return how many."""
        ...

    async def expire(self, seen_before: datetime, began_before: datetime) -> int:
        """Forget the sessions that were last used, or begun, before these moments; return how many."""
        ...
