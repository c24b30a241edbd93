"""The shipped audit after a backup: which entries go on from where the backup's chains end, and what they tell was done.

An entry counts if its mac fits what came before it, in the backup or in the files. One that goes on from the end of a
chain is the chain's own; one that fits somewhere before is of another ledger that was begun with the same key, and
whatever that one sent was sent all the same. What fits nowhere was changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from agent.audit.chain import MARK, Body, genesis, mac, read_body
from agent.audit.key import Key
from agent.audit.witness import HIGHEST, MAC
from agent.model.audit import Detail, Event, Link

SENT = "sent"
INTENDED = "intended"
DROPPED = "dropped"


class Broken(Exception):
    """A line of the shipped audit cannot be what the agent wrote; says which, and why."""


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """One entry that the backup does not have. `is_next` is whether it goes on from the end of its chain."""

    link: Link
    body: Body
    is_next: bool


@dataclass(slots=True)
class Done:
    """What entries tell of one effect. `marks` are None where its intent was told by an agent that wrote none."""

    effect_id: str
    action_id: str = ""
    kind: str = ""
    targets: int = 0
    marks: tuple[str, ...] | None = None
    intended_at: datetime | None = None
    went: str = INTENDED
    attempts: int = 0
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    sent_by: str = ""
    bulk_id: str | None = None
    request_id: str | None = None

    @property
    def has_left(self) -> bool:
        """Whether a call was made that may have been applied."""
        return self.attempts > 0 and self.went not in {INTENDED, DROPPED}


@dataclass(slots=True)
class Told:
    """What all of them tell together."""

    effects: dict[str, Done] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)
    fallen: dict[str, tuple[Entered, ...]] = field(default_factory=dict)
    """By policy, that it fell back or was reinstated, in order."""
    held: dict[str, bool] = field(default_factory=dict)
    """By name, whether a hold was laid last, or released."""
    restores: list[Body] = field(default_factory=list)
    """The entries of restores from the same backup or a later one, whose ledgers are lost too."""
    entries: int = 0
    calls: int = 0
    until: datetime | None = None

    def add(self, entry: Entered) -> None:
        """Take one more entry."""
        body, said = entry.body, entry.body.detail
        self.entries += 1
        self.until = body.at if self.until is None else max(self.until, body.at)
        match body.event:
            case Event.INTENT | Event.UNDO:
                self._intended(body)
            case Event.CALL:
                self._called(body)
            case Event.OUTCOME:
                done = self._effect(body)
                done.went, done.settled_at = str(said.get("went")), body.at
                done.bulk_id = _text(said.get("bulk_id")) or done.bulk_id
                done.request_id = _text(said.get("request_id")) or done.request_id
            case Event.DROPPED:
                done = self._effect(body)
                done.went, done.settled_at = DROPPED, body.at
            case Event.ANSWER:
                self.answered.add(body.action_id or "")
            case Event.FALLBACK | Event.REINSTATED:
                policy = str(said.get("policy"))
                self.fallen[policy] = (*self.fallen.get(policy, ()), entry)
            case Event.HOLD | Event.RELEASE:
                self.held[str(said.get("name"))] = body.event == Event.HOLD
            case Event.RESTORED:
                self.restores.append(body)

    def _intended(self, body: Body) -> None:
        done, said = self._effect(body), body.detail
        done.kind, done.intended_at, done.went = str(said.get("kind")), body.at, INTENDED
        done.targets = _count(said.get("targets"))
        marks = _text(said.get("marks")) or ""
        some = tuple(marks[place : place + MARK] for place in range(0, len(marks), MARK))
        done.marks = some if len(some) == done.targets else None
        if body.event == Event.UNDO:
            self.undone.add(body.action_id or "")

    def _called(self, body: Body) -> None:
        done, said = self._effect(body), body.detail
        self.calls += 1
        done.kind, done.targets = str(said.get("kind")), _count(said.get("targets"))
        done.went, done.sent_at, done.settled_at = SENT, body.at, None
        done.attempts = max(done.attempts, _count(said.get("attempt")))
        done.sent_by = body.actor.removeprefix("agent ")

    def _effect(self, body: Body) -> Done:
        effect_id = str(body.detail.get("effect"))
        done = self.effects.setdefault(effect_id, Done(effect_id))
        done.action_id = body.action_id or done.action_id
        return done


class Chains:
    """The backup's chains, and how far the shipped audit goes on from them."""

    def __init__(self, key: Key, tenant_id: str) -> None:
        self._key = key
        self._tenant_id = tenant_id
        self._keys: dict[str, bytes] = {}
        self._macs: dict[str, bytearray] = defaultdict(bytearray)
        self._others: dict[str, dict[int, set[bytes]]] = defaultdict(lambda: defaultdict(set))
        self.reached: dict[str, int] = {}
        """The highest number of each chain that a file has, and that goes on without a gap from the backup or is in it."""
        self.missing: dict[str, int] = {}
        """The first entry of a chain that no file has, where later ones are in them."""
        self.forked: set[str] = set()
        """Chains that another ledger has begun with the same key."""

    def know(self, replica: str, found: bytes) -> None:
        """Add the next entry of a chain that the backup has, by its mac."""
        self._macs[replica] += found

    def last(self, replica: str) -> tuple[int, bytes] | None:
        """Return the number and the mac of the last entry of a chain; None where it has none."""
        number = self.end(replica)
        found = self._known(replica, number) if number else None
        return None if found is None else (number, found)

    def read(self, lines: Iterable[tuple[str, Link]]) -> Iterator[Entered]:
        """Give every entry that the backup does not have; lines of other tenants are passed over.

        Raises:
            Broken: a line was changed.
        """
        for tenant, link in lines:
            if tenant == self._tenant_id and (entry := self._taken(link)) is not None:
                yield entry

    def _taken(self, link: Link) -> Entered | None:
        number, replica = link.number, link.replica
        if not 1 <= number <= HIGHEST or len(link.mac) != MAC:
            raise Broken(f"entry {number} of `{replica}` cannot be one")
        if self._known(replica, number) == link.mac:
            self.reached[replica] = max(self.reached.get(replica, 0), number)
            return None
        if link.mac in self._others[replica][number]:
            return None
        earlier = self._earlier(replica, number)
        if not earlier:
            self.missing.setdefault(replica, self.end(replica) + 1)
            return None
        key = self._chain_key(replica)
        if all(mac(key, one, number, link.body) != link.mac for one in earlier):
            raise Broken(
                f"entry {number} of `{replica}` was changed: its mac does not fit what came before it"
            )
        return self._added(link, key)

    def _added(self, link: Link, key: bytes) -> Entered:
        replica, number = link.replica, link.number
        last = self._known(replica, number - 1) if number > 1 else genesis(key)
        is_next = (
            number == self.end(replica) + 1
            and last is not None
            and mac(key, last, number, link.body) == link.mac
        )
        if is_next:
            self._macs[replica] += link.mac
            self.reached[replica] = number
        else:
            self._others[replica][number].add(link.mac)
            self.forked.add(replica)
        return Entered(link=link, body=read_body(link.body), is_next=is_next)

    def _earlier(self, replica: str, number: int) -> list[bytes]:
        """Return the macs that an entry of this number may follow."""
        known = genesis(self._chain_key(replica)) if number == 1 else self._known(replica, number - 1)
        others = self._others[replica].get(number - 1, ())
        return [*([] if known is None else [known]), *others]

    def _known(self, replica: str, number: int) -> bytes | None:
        start = (number - 1) * MAC
        return bytes(self._macs[replica][start : start + MAC]) or None

    def end(self, replica: str) -> int:
        """Return the number of the last entry of a chain that is known; 0 where there is none."""
        return len(self._macs[replica]) // MAC

    def _chain_key(self, replica: str) -> bytes:
        if replica not in self._keys:
            self._keys[replica] = self._key.of_chain(self._tenant_id, replica)
        return self._keys[replica]


def _count(said: Detail) -> int:
    return said if isinstance(said, int) else 0


def _text(said: Any) -> str | None:
    return said if isinstance(said, str) else None
