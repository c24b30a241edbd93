"""Copies of macs outside the ledger: anchors and shipped entries. They tell what the chain alone cannot.

Whoever has the key can write a chain anew, and whoever has the database can cut its tail off together with the head:
both fit in themselves. What was anchored or shipped before then differs, or goes further.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.audit.chain import genesis, is_ours, mac
from agent.audit.key import Key
from agent.model.audit import Anchor, Fault, Link


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
    """Shipped entries of one chain, without a gap; a file that was rotated begins later than with the first.

    Each line is checked against the one before it, so that a copy which was edited is told from a ledger which was.
    """

    def __init__(self, words: str, key: Key, tenant_id: str, replica: str) -> None:
        self.words = words
        self._replica = replica
        self._key = key.of_chain(tenant_id, replica)
        self._first = 0
        self._macs = bytearray()

    @property
    def last(self) -> int:
        """The highest number that was shipped."""
        return self._first + len(self._macs) // 32 - 1 if self._first else 0

    def mac(self, number: int) -> bytes | None:
        """Return the mac that was shipped."""
        if not self._first <= number <= self.last or not self._first:
            return None
        place = (number - self._first) * 32
        return bytes(self._macs[place : place + 32])

    def take(self, link: Link) -> Fault | None:
        """Add the next line; return what is wrong with it, if anything is.

        A line that was shipped twice is the same line twice: a crash between shipping and remembering repeats some.
        """
        number, last = link.number, self.last
        if self._first and number <= last:
            known = self.mac(number)
            previous = self.mac(number - 1)
            is_same = known == link.mac and (previous is None or self._fits(link, previous))
            return None if is_same else self._fault(link, "stands twice, and not the same")
        if self._first and number != last + 1:
            return self._fault(link, f"does not follow {last}: lines are missing before it", number=last + 1)
        if number < 1 or len(link.mac) != 32:
            return self._fault(link, "cannot be an entry")
        previous = genesis(self._key) if number == 1 else self.mac(last)
        if previous is not None and not self._fits(link, previous):
            return self._fault(link, "was changed: its mac does not fit what it says and what came before it")
        self._first = self._first or number
        self._macs += link.mac
        return None

    def _fits(self, link: Link, previous: bytes) -> bool:
        return mac(self._key, previous, link.number, link.body) == link.mac

    def _fault(self, link: Link, words: str, *, number: int | None = None) -> Fault:
        where = link.number if number is None else number
        return Fault(
            replica=self._replica, number=where, at=None, words=f"{self.words}: entry {link.number} {words}"
        )


@dataclass(frozen=True, slots=True)
class Copy:
    """One file beside the ledger: what it has of each replica's chain, and what is wrong with itself."""

    words: str
    chains: Mapping[str, Witness]
    faults: Sequence[Fault] = ()
    is_of_entries: bool = False
    """Whether it has every entry, and so goes as far as the ledger says that entries were shipped."""


def anchors(words: str, key: Key, tenant_id: str, found: Iterable[Anchor]) -> Copy:
    """Return what was anchored. Anchors of other tenants are passed over."""
    seal = key.of_anchors(tenant_id)
    macs: dict[str, dict[int, bytes]] = {}
    faults: list[Fault] = []
    for one in found:
        if one.tenant != tenant_id:
            continue
        wrong = ""
        if not is_ours(seal, one):
            wrong = "the anchor itself was changed, or made with another key"
        elif macs.setdefault(one.replica, {}).setdefault(one.number, bytes.fromhex(one.mac)).hex() != one.mac:
            wrong = "the entry was anchored twice, and not the same: the chain was written anew in between"
        if wrong:
            faults.append(Fault(replica=one.replica, number=one.number, at=one.at, words=f"{words}: {wrong}"))
    return Copy(words, {replica: Anchors(words, some) for replica, some in macs.items()}, faults)


def shipped(words: str, key: Key, tenant_id: str, lines: Iterable[tuple[str, Link]]) -> Copy:
    """Return what was shipped, and the first fault of each chain. Lines of other tenants are passed over.

    Args:
        words: what the copy is called, to people.
        key: the audit's.
        tenant_id: whose lines are taken.
        lines: tenant and entry of each, in their order.
    """
    found: dict[str, Shipped] = {}
    faults: dict[str, Fault] = {}
    for tenant, link in lines:
        if tenant != tenant_id or link.replica in faults:
            continue
        one = found.setdefault(link.replica, Shipped(words, key, tenant_id, link.replica))
        fault = one.take(link)
        if fault is not None:
            faults[link.replica] = fault
    return Copy(words, found, tuple(faults.values()), is_of_entries=True)
