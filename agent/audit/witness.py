"""Copies of macs outside the ledger: anchors and shipped entries. They tell what the chain alone cannot.

Whoever has the key can write a chain anew, and whoever has the database can cut its tail off together with the head:
both fit in themselves. What was anchored or shipped before then differs, or goes further.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.audit.chain import genesis, is_ours, mac, moment_of
from agent.audit.key import Key
from agent.audit.lines import Unreadable
from agent.model.audit import Anchor, Fault, Link

MAC = 32
"""Bytes of a mac."""

HIGHEST = 2**63 - 1
"""The highest number that an entry can have in a database."""


class Witness(Protocol):
    """What one copy has of one replica's chain."""

    words: str
    """What it is called, to people."""

    @property
    def last(self) -> int:
        """The highest number that it has; 0 where it has none."""
        ...

    def mac(self, number: int) -> bytes | None:
        """Return the mac that it has of this entry; None where it has none."""
        ...


class Anchors:
    """Anchored heads of one chain."""

    def __init__(self, words: str, macs: Mapping[int, bytes]) -> None:
        self.words = words
        self._macs = macs
        self._last = max(macs, default=0)

    @property
    def last(self) -> int:
        """The highest number that was anchored."""
        return self._last

    def mac(self, number: int) -> bytes | None:
        """Return the mac that was anchored."""
        return self._macs.get(number)


class Shipped:
    """Shipped entries of one chain, as one file has them: in runs, since what a stopped replica left another ships.

    Each line is checked against the one before it, so that a copy which was edited is told from a ledger which was.
    """

    def __init__(self, words: str, key: Key, tenant_id: str, replica: str) -> None:
        self.words = words
        self._replica = replica
        self._key = key.of_chain(tenant_id, replica)
        self._firsts: list[int] = []
        self._runs: list[bytearray] = []
        """The macs of each run, one after the other, in the order of `_firsts`."""

    @property
    def last(self) -> int:
        """The highest number that was shipped."""
        return self._firsts[-1] + len(self._runs[-1]) // MAC - 1 if self._firsts else 0

    @property
    def runs(self) -> Sequence[tuple[int, int]]:
        """The first and the last number of each run."""
        return [(one, one + len(run) // MAC - 1) for one, run in zip(self._firsts, self._runs, strict=True)]

    def mac(self, number: int) -> bytes | None:
        """Return the mac that was shipped."""
        place = bisect_right(self._firsts, number) - 1
        if place < 0:
            return None
        start = (number - self._firsts[place]) * MAC
        return bytes(self._runs[place][start : start + MAC]) or None

    def take(self, link: Link) -> Fault | None:
        """Add the next line; return what is wrong with it, if anything is.

        A line that was shipped twice is the same line twice: a crash between shipping and remembering repeats some.
        """
        number = link.number
        if not 1 <= number <= HIGHEST or len(link.mac) != MAC:
            return self._fault(link, "cannot be an entry")
        known, previous = self.mac(number), genesis(self._key) if number == 1 else self.mac(number - 1)
        if known is not None and known != link.mac:
            return self._fault(link, "stands twice, and not the same")
        if previous is not None and mac(self._key, previous, number, link.body) != link.mac:
            return self._fault(link, "was changed: its mac does not fit what it says and what came before it")
        if known is None:
            self._add(number, link.mac)
        return None

    def _add(self, number: int, found: bytes) -> None:
        place = bisect_right(self._firsts, number) - 1
        if place >= 0 and self._firsts[place] + len(self._runs[place]) // MAC == number:
            self._runs[place] += found
            return
        self._firsts.insert(place + 1, number)
        self._runs.insert(place + 1, bytearray(found))

    def _fault(self, link: Link, words: str) -> Fault:
        at = moment_of(link.at)
        return Fault(replica=self._replica, number=link.number, at=at, words=words, place=self.words)


@dataclass(frozen=True, slots=True)
class Copy:
    """One file beside the ledger: what it has of each replica's chain, and what is wrong with itself."""

    words: str
    chains: Mapping[str, Witness]
    faults: Sequence[Fault] = ()

    @property
    def spans(self) -> Mapping[str, Sequence[tuple[int, int]]]:
        """Which entries it has, by replica; of anchors none, which are but some."""
        return {name: one.runs for name, one in self.chains.items() if isinstance(one, Shipped)}


def anchors(words: str, key: Key, tenant_id: str, found: Iterable[Anchor]) -> Copy:
    """Return what was anchored. Anchors of other tenants are passed over."""
    seal = key.of_anchors(tenant_id)
    macs: dict[str, dict[int, bytes]] = {}
    faults: list[Fault] = []
    for one in _readable(words, found, faults):
        if one.tenant != tenant_id:
            continue
        wrong = ""
        if not is_ours(seal, one):
            wrong = "has an anchor that was changed, or made with another key"
        elif macs.setdefault(one.replica, {}).setdefault(one.number, bytes.fromhex(one.mac)).hex() != one.mac:
            wrong = "was anchored twice, and not the same: the chain was written anew in between"
        if wrong:
            faults.append(Fault(replica=one.replica, number=one.number, at=one.at, words=wrong, place=words))
    return Copy(words, {replica: Anchors(words, some) for replica, some in macs.items()}, faults)


def _readable(words: str, found: Iterable[Anchor], faults: list[Fault]) -> Iterator[Anchor]:
    """Give anchors up to the first line that is none; that is a fault then."""
    try:
        yield from found
    except Unreadable as error:
        faults.append(_unreadable(words, error))


def shipped(words: str, key: Key, tenant_id: str, lines: Iterable[tuple[str, Link]]) -> Copy:
    """Return what was shipped, and the first fault of each chain. Lines of other tenants are passed over.

    Args:
        words: what the copy is called, to people.
        key: the audit's.
        tenant_id: whose lines are taken.
        lines: tenant and entry of each, in their order.
    """
    found: dict[str, Shipped] = {}
    faults: dict[str | None, Fault] = {}
    try:
        for tenant, link in lines:
            if tenant != tenant_id or link.replica in faults:
                continue
            one = found.setdefault(link.replica, Shipped(words, key, tenant_id, link.replica))
            fault = one.take(link)
            if fault is not None:
                faults[link.replica] = fault
    except Unreadable as error:
        faults[None] = _unreadable(words, error)
    return Copy(words, found, tuple(faults.values()))


def _unreadable(words: str, error: Unreadable) -> Fault:
    return Fault(replica=None, number=None, at=None, words=str(error), place=words)
