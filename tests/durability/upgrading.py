"""An agent of an older version is replaced by newer ones while it works: on one PostgreSQL, whose schema changes under it."""

import time
from pathlib import Path

from tests.durability.replicas import Plan, Play, Shared
from tests.durability.theatre import Replica, Theatre

ARRIVALS = 6
"""Incidents that arrive in each act."""

OLDER = "older"

REFUSED = 2
"""The code with which an agent ends that may not work with the ledger."""


class Upgrade(Play):
    """One tenant, an agent that brought the schema up in its own form, and two that come later."""

    def __init__(self, theatre: Theatre, code: Path) -> None:
        super().__init__(theatre, Plan())
        self.code = code

    def go(self, _: object = None) -> Shared:
        """Do all of it, and return what came of it."""
        began = time.monotonic()
        older = self.theatre.start(OLDER, self.code)
        self._works("older alone", older)
        first = self._revision()
        newer = [self.theatre.start(name) for name in ("red", "green")]
        self._wait("newer: schema changed", lambda: self._revision() != first)
        self._works("older on the newer schema", older)
        self._works("newer beside the older", *newer)
        newer[0].kill()
        self.theatre.start("red")
        self._works("newer after a kill, beside the older", *newer)
        older.kill()
        self._starts_again(older)
        self._works("newer alone", *newer)
        self._end()
        self.shared.seconds = time.monotonic() - began
        return self.shared

    def _works(self, what: str, *some: Replica) -> None:
        """Let incidents arrive, and wait until one of these has decided some of them and carried something out."""
        before, decided = self._calls(*some), self._decisions(*some)
        self.theatre.wanted.value += ARRIVALS
        self._wait(
            f"{what}: decides and sends",
            lambda: self._calls(*some) > before and self._decisions(*some) > decided,
        )

    def _starts_again(self, older: Replica) -> None:
        """Start the older one once more: it works with the newer schema where that says so, or says why it does not."""
        self.theatre.start(older.name, self.code)
        if self._serves():
            self._works("older started again", older)
            older.kill()
            return
        code = older.wait()
        if code != REFUSED or "was written by a newer air-agent" not in older.log.read_text():
            self.shared.problems.append(f"the older agent ended with {code}: {older.log.read_text()[-300:]}")
        older.log.write_text("")

    def _serves(self) -> bool:
        """Whether the older version asks the schema at all: the one before 0.7.0 did not."""
        return (self.code / "agent/adapters/ledger/share_tables.py").exists()

    def _calls(self, *some: Replica) -> int:
        return self._entries("call", *some)

    def _decisions(self, *some: Replica) -> int:
        return self._entries("decision", *some)

    def _entries(self, event: str, *some: Replica) -> int:
        names = ", ".join(f"'{one.name}'" for one in some)
        query = f"SELECT count(*) FROM audit_entries WHERE event = '{event}' AND replica IN ({names})"
        return int(self.theatre.query(query)[0][0]) if self._revision() else 0

    def _revision(self) -> str:
        there = self.theatre.query("SELECT to_regclass('ledger_version') IS NOT NULL")[0][0]
        return str(self.theatre.query("SELECT version_num FROM ledger_version")[0][0]) if there else ""
