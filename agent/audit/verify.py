"""The whole audit: every chain from its beginning to its head, its copies elsewhere, and the ledger's own tables."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Protocol

import msgspec

from agent.audit.chain import Body, read_body
from agent.audit.claims import Claims
from agent.audit.erasures import Erasures
from agent.audit.following import Following
from agent.audit.key import Key
from agent.audit.restores import Restores
from agent.audit.witness import Copy
from agent.model.audit import Carried, Chained, Decided, Fault, Given, Head, Kept, Link, Verdict

Progress = Callable[[int, int], None]
"""Told now and then how many entries have been looked at, and how many there are."""

EVERY = 5_000
"""Entries between two words of progress."""


class Told(Protocol):
    """The ledger as it was at one moment, read raw."""

    def heads(self) -> Sequence[Head]:
        """Return the head of every chain."""
        ...

    def replicas(self) -> Sequence[str]:
        """Return every replica that has entries or values, by name."""
        ...

    def erasures(self) -> Iterator[bytes]:
        """Give the bodies of all entries that say that they are of erasures."""
        ...

    def restores(self) -> Iterator[bytes]:
        """Give the bodies of all entries that say that they are of restores."""
        ...

    def links(self, replica: str) -> "Generator[Link]":
        """Give the entries of one chain by their numbers."""
        ...

    def values(self, replica: str) -> "Generator[Kept]":
        """Give the personal values of one chain by the numbers of their entries."""
        ...

    def decided(self) -> Iterator[Decided]:
        """Give every decision."""
        ...

    def given(self) -> Iterator[Given]:
        """Give every answer of a person."""
        ...

    def carried(self) -> Iterator[Carried]:
        """Give every effect that was meant to leave."""
        ...


def verify(
    told: Told,
    key: Key,
    tenant_id: str,
    *,
    copies: Sequence[Copy] = (),
    are_all: bool = False,
    progress: Progress = lambda _done, _of: None,
) -> Verdict:
    """Return what is found of the whole audit: every chain is followed to its first bad entry.

    Where a chain breaks, what came after it in that chain is not gone by, so that the ledger's other tables are only
    compared where all chains hold.

    Args:
        told: the ledger.
        key: the audit's.
        tenant_id: whose audit it is.
        copies: what stands outside the ledger.
        are_all: whether these are all files that entries were shipped to, so that what is in none of them was cut out.
        progress: is told now and then how many entries of how many were looked at.
    """
    heads = {head.replica: head for head in told.heads()}
    total = sum(head.number for head in heads.values() if type(head.number) is int)
    names = {*heads, *told.replicas(), *(name for copy in copies for name in copy.chains)}
    erasures, restores = Erasures(_bodies(told.erasures())), Restores(_bodies(told.restores()))
    claims = Claims(key, tenant_id, restores)
    counted = _Counted(progress, total)
    chains: list[Chained] = []
    erased = 0
    for replica in sorted(names, key=str):
        if not isinstance(replica, str):
            words = "something was added under a name that is none"
            chains.append(_stray(repr(replica), words))
            continue
        witnesses = [copy.chains[replica] for copy in copies if replica in copy.chains]
        chain = Following(key, tenant_id, replica, witnesses=witnesses, erasures=erasures, restores=restores)
        fault = _followed(told, chain, claims, counted) or chain.end(heads.get(replica))
        if are_all:
            fault = fault or _unshipped(chain, heads.get(replica), copies)
        chains.append(_chained(chain, fault))
        erased += chain.erased
    faults = [one.fault for one in chains if one.fault is not None]
    faults += [fault for copy in copies for fault in copy.faults]
    faults += claims.twice
    if not faults:
        faults += _of_tables(told, claims)
    (decisions, calls), compared = claims.count(), {name for copy in copies for name in copy.chains}
    return Verdict(
        chains=tuple(chains),
        faults=tuple(faults),
        decisions=decisions,
        calls=calls,
        unaudited=sum(claims.before),
        erased=erased,
        witnesses=tuple(copy.words for copy in copies),
        restored=_restored(restores, claims),
        uncompared=tuple(one for one in sorted(heads, key=str) if one not in compared),
    )


def _of_tables(told: Told, claims: Claims) -> list[Fault]:
    """Return where the ledger's other tables say otherwise than the entries."""
    return [
        *claims.of_decisions(told.decided()),
        *claims.of_answers(told.given()),
        *claims.of_effects(told.carried()),
    ]


def _restored(restores: Restores, claims: Claims) -> tuple[str, ...]:
    """Say when the ledger was restored, and what only the audit knows since."""
    words = [
        f"restored at {one.at:%Y-%m-%d %H:%MZ} from the backup of {one.backup_at:%Y-%m-%d %H:%MZ}"
        + ("" if one.is_known else "; what was sent between is not all known")
        for one in restores.found
    ]
    lost = claims.lost
    if any(lost):
        words.append(
            f"{lost[0]} decisions, {lost[1]} answers and {lost[2]} calls are in the audit alone, since the ledger was restored"
        )
    return tuple(words)


class _Counted:
    """How many entries have been looked at, told to whoever waits."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._count = 0
        self._progress = progress
        self._total = total

    def one_more(self) -> None:
        self._count += 1
        if self._count % EVERY == 0:
            self._progress(self._count, self._total)


def _bodies(raw: Iterable[bytes]) -> Iterator[Body]:
    """Give the bodies that can be read; one that cannot is found where its chain is followed."""
    for content in raw:
        try:
            yield read_body(content)
        except (msgspec.DecodeError, TypeError):
            continue


class Beside:
    """The personal values of one chain, handed out with their entries; both come by their numbers."""

    def __init__(self, values: Iterator[Kept]) -> None:
        self._values = values
        self.next = next(values, None)
        """The first value that was not handed out yet; None where all were."""

    def of(self, link: Link) -> list[Kept]:
        """Return the values of this entry; what stands before them belongs to none and is passed over."""
        found: list[Kept] = []
        while self.next is not None and _is_upto(self.next, link):
            if self.next.number == link.number:
                found.append(self.next)
            self.next = next(self._values, None)
        return found


def _is_upto(kept: Kept, link: Link) -> bool:
    return type(kept.number) is int and type(link.number) is int and kept.number <= link.number


def _followed(told: Told, chain: Following, claims: Claims, counted: _Counted) -> Fault | None:
    """Follow a chain's entries, each with its values; return the first fault."""
    with closing(told.links(chain.replica)) as links, closing(told.values(chain.replica)) as kept:
        values = Beside(kept)
        for link in links:
            # One between two entries is next to a gap, which is told where the next entry does not follow.
            if values.next is not None and _is_stray(values.next, chain):
                return chain.beside(values.next)
            said = chain.take(link, values.of(link))
            if isinstance(said, Fault):
                return said
            claims.add(chain.replica, link.number, said)
            counted.one_more()
        return None if values.next is None else chain.beside(values.next)


def _is_stray(kept: Kept, chain: Following) -> bool:
    return type(kept.number) is int and kept.number <= chain.number


def _unshipped(chain: Following, head: Head | None, copies: Sequence[Copy]) -> Fault | None:
    """Return the first entry that was shipped and that none of these copies has; what was rotated away is no loss."""
    if head is None or any(fault.replica == chain.replica for copy in copies for fault in copy.faults):
        return None
    spans = sorted(span for copy in copies for span in copy.spans.get(chain.replica, ()))
    reached = spans[0][0] - 1 if spans else 0
    for first, last in spans:
        if first > reached + 1:
            break
        reached = max(reached, last)
    if reached >= head.shipped:
        return None
    missing = (
        "is in none of the copies"
        if any(copy.spans for copy in copies)
        else "no file of what was shipped is here"
    )
    words = f"was shipped, and {missing}: the ledger says that {head.shipped} were shipped"
    return Fault(replica=chain.replica, number=reached + 1, at=None, words=words)


def _stray(replica: str, words: str) -> Chained:
    fault = Fault(replica=replica, number=None, at=None, words=words)
    return Chained(replica=replica, entries=0, since=None, until=None, fault=fault)


def _chained(chain: Following, fault: Fault | None) -> Chained:
    return Chained(
        replica=chain.replica, entries=chain.number, since=chain.since, until=chain.until, fault=fault
    )
