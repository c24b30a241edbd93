"""One chain, followed from its first entry to its head: the first thing that does not fit ends it.

Nothing is assumed of what is read, not even its type: a column of SQLite holds what somebody put there.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from agent.audit.chain import Body, genesis, mac, micros, moment_of, read_body, value_digest
from agent.audit.erasures import Erasures
from agent.audit.key import Key
from agent.audit.restores import Restores
from agent.audit.witness import Witness
from agent.model.audit import Fault, Head, Kept, Link


class Following:
    """How far one chain has been followed. `erased` counts values that are gone by right."""

    def __init__(
        self,
        key: Key,
        tenant_id: str,
        replica: str,
        witnesses: Sequence[Witness] = (),
        erasures: Erasures | None = None,
        restores: Restores | None = None,
    ) -> None:
        self.replica = replica
        self.number = 0
        self.mac = genesis(key.of_chain(tenant_id, replica))
        self.since: datetime | None = None
        self.until: datetime | None = None
        self.erased = 0
        self._chain_key = key.of_chain(tenant_id, replica)
        self._values_key = key.of_values(tenant_id)
        self._witnesses = tuple(witnesses)
        self._erasures = erasures or Erasures()
        self._restores = restores or Restores()

    def take(self, link: Link, kept: Sequence[Kept] = ()) -> Body | Fault:
        """Follow the next entry; return what it says, or what is wrong."""
        number = self.number + 1
        if type(link.number) is not int or link.number != number:
            return self._misplaced(link)
        if not isinstance(link.body, bytes) or not isinstance(link.mac, bytes):
            return self._fault(link, "was changed: it does not consist of bytes")
        if mac(self._chain_key, self.mac, number, link.body) != link.mac:
            return self._fault(link, self._unfit(number))
        last = self._restores.end(self.replica)
        if last is not None and number > last:
            return self._fault(
                link, f"was added: the chain was closed after {last} when the ledger was restored"
            )
        try:
            body = read_body(link.body)
        except msgspec.DecodeError:
            return self._fault(link, "cannot be read by this version: run the version that wrote it")
        words = self._columns(link, body) or self._values(body, number, kept)
        if words:
            return self._fault(link, words, at=body.at)
        for witness in self._witnesses:
            known = witness.mac(number)
            if known is not None and known != link.mac:
                return self._fault(
                    link, f"differs from {witness.words}: the chain was written anew", at=body.at
                )
        self.number, self.mac, self.until = number, link.mac, body.at
        self.since = self.since or body.at
        return body

    def end(self, head: Head | None) -> Fault | None:
        """Return what is wrong with the chain's end, if anything is, once every entry has been followed."""
        for witness in self._witnesses:
            if witness.last > self.number and self._restores.end(self.replica) is None:
                words = (
                    f"is missing: {witness.words} goes up to {witness.last}: the end of the chain was cut off"
                )
                return self._missing(words)
        if head is None:
            if self.number == 0:
                return None
            return self._at_end("the chain's head is missing: somebody removed it")
        if type(head.number) is not int or not isinstance(head.mac, bytes) or type(head.shipped) is not int:
            return self._at_end("the chain's head was changed: it is none")
        if head.number > self.number:
            return self._missing(
                f"is missing: the head says that there are {head.number}: the end was cut off"
            )
        if head.number < self.number or head.mac != self.mac:
            return self._at_end(
                f"the chain's head was changed: it says {head.number}, and the chain ends here"
            )
        if not 0 <= head.shipped <= head.number:
            return self._at_end(f"the chain's head was changed: it says that {head.shipped} were shipped")
        return None

    def beside(self, kept: Kept) -> Fault:
        """Return the fault of a value that belongs to no entry."""
        words = "has a personal value beside it, and is not there"
        number = kept.number if type(kept.number) is int else None
        return Fault(replica=self.replica, number=number, at=moment_of(kept.at), words=words)

    def _misplaced(self, link: Link) -> Fault:
        number = self.number + 1
        if type(link.number) is int and link.number > number:
            return self._missing(f"is missing: {_after(self.number)} follows {link.number}")
        if type(link.number) is int and link.number < 1:
            return self._fault(link, "was added: a chain begins with 1")
        return Fault(
            replica=self.replica,
            number=number,
            at=self.until,
            words=f"is missing: {_after(self.number)} follows one whose number was changed",
        )

    def _unfit(self, number: int) -> str:
        words = "was changed: its mac does not fit what it says and what came before it"
        return f"{words}; or this is not the key that the chain was written with" if number == 1 else words

    def _columns(self, link: Link, body: Body) -> str:
        """Return what the columns beside the body say otherwise than it does; empty where nothing."""
        if type(link.at) is not int or link.at != micros(body.at):
            return "was changed: its moment is not the one in its body"
        if link.event != body.event:
            return "was changed: its event is not the one in its body"
        if link.action_id != body.action_id:
            return "was changed: its action is not the one in its body"
        return ""

    def _values(self, body: Body, number: int, kept: Sequence[Kept]) -> str:
        """Return what is wrong with the personal values beside it; empty where nothing."""
        at = micros(body.at)
        missing = dict(body.personal)
        for one in kept:
            digest = missing.pop(one.name, None) if isinstance(one.name, str) else None
            if digest is None:
                return "has a personal value beside it that it does not name"
            if not isinstance(one.salt, bytes) or not isinstance(one.value, str) or one.at != at:
                return f"has a personal value that was changed: `{one.name}`"
            if value_digest(self._values_key, one.salt, one.name, one.value) != digest:
                return f"has a personal value that was changed: `{one.name}`"
        if missing and self._restores.has_lost(self.replica, number):
            return ""
        for name in missing:
            if not self._erasures.account_for(self.replica, number, name, at):
                return f"has lost its personal value `{name}`, and no erasure accounts for it"
        self.erased += len(missing)
        return ""

    def _fault(self, link: Link, words: str, *, at: datetime | None = None) -> Fault:
        return Fault(replica=self.replica, number=link.number, at=at or moment_of(link.at), words=words)

    def _missing(self, words: str) -> Fault:
        """Return the fault of the entry that should come next; its moment is that of the one before it."""
        return Fault(replica=self.replica, number=self.number + 1, at=self.until, words=words)

    def _at_end(self, words: str) -> Fault:
        return Fault(replica=self.replica, number=self.number, at=self.until, words=words)


def _after(number: int) -> str:
    return f"after {number}" if number else "at the beginning"
