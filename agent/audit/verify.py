"""The whole audit: every chain from its beginning to its head, its copies elsewhere, and the ledger's own tables."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from agent.audit.chain import Body, read_body
from agent.audit.claims import Claims
from agent.audit.erasures import Erasures
from agent.audit.following import Following
from agent.audit.key import Key
from agent.audit.witness import Copy
from agent.model.audit import Carried, Chained, Decided, Fault, Head, Kept, Link, Verdict

Progress = Callable[[int], None]
"""Told now and then how many entries have been looked at."""

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

    def links(self, replica: str) -> Iterator[Link]:
        """Give the entries of one chain by their numbers."""
        ...

    def values(self, replica: str) -> Iterator[Kept]:
        """Give the personal values of one chain by the numbers of their entries."""
        ...

    def decided(self) -> Iterator[Decided]:
        """Give every decision."""
        ...

    def carried(self) -> Iterator[Carried]:
        """Give every effect that was meant to leave."""
        ...


def verify(
    told: Told, key: Key, tenant_id: str, *, copies: Sequence[Copy] = (), progress: Progress = lambda _: None
) -> Verdict:
    """Return what is found of the whole audit: every chain is followed to its first bad entry.

    Where a chain breaks, what came after it in that chain is not gone by, so that the ledger's other tables are only
    compared where all chains hold.
    """
    heads = {head.replica: head for head in told.heads()}
    names = {*heads, *told.replicas(), *(name for copy in copies for name in copy.chains)}
    erasures = Erasures(_bodies(told.erasures()))
    claims = Claims(key, tenant_id)
    counted = _Counted(progress)
    chains: list[Chained] = []
    erased = 0
    for replica in sorted(names, key=str):
        if not isinstance(replica, str):
            words = "something was added under a name that is none"
            chains.append(_stray(repr(replica), words))
            continue
        witnesses = [copy.chains[replica] for copy in copies if replica in copy.chains]
        chain = Following(key, tenant_id, replica, witnesses=witnesses, erasures=erasures)
        fault = _followed(told, chain, claims, counted) or chain.end(heads.get(replica))
        fault = fault or _unshipped(chain, heads.get(replica), copies)
        chains.append(_chained(chain, fault))
        erased += chain.erased
    faults = [one.fault for one in chains if one.fault is not None]
    faults += [fault for copy in copies for fault in copy.faults]
    faults += claims.twice
    if not faults:
        faults += [*claims.of_decisions(told.decided()), *claims.of_effects(told.carried())]
    decisions, calls = claims.count()
    return Verdict(
        chains=tuple(chains),
        faults=tuple(faults),
        decisions=decisions,
        calls=calls,
        unaudited=sum(claims.before),
        erased=erased,
        witnesses=tuple(copy.words for copy in copies),
    )


class _Counted:
    """How many entries have been looked at, told to whoever waits."""

    def __init__(self, progress: Progress) -> None:
        self._count = 0
        self._progress = progress

    def one_more(self) -> None:
        self._count += 1
        if self._count % EVERY == 0:
            self._progress(self._count)


def _bodies(raw: Iterable[bytes]) -> Iterator[Body]:
    """Give the bodies that can be read; one that cannot is found where its chain is followed."""
    for content in raw:
        try:
            yield read_body(content)
        except (msgspec.DecodeError, TypeError):
            continue


def _followed(told: Told, chain: Following, claims: Claims, counted: _Counted) -> Fault | None:
    """Follow a chain's entries, each with its values; return the first fault."""
    values = told.values(chain.replica)
    waiting = next(values, None)
    for link in told.links(chain.replica):
        kept: list[Kept] = []
        while waiting is not None and waiting.number == link.number:
            kept.append(waiting)
            waiting = next(values, None)
        if waiting is not None and _is_before(waiting, link):
            return chain.beside(waiting)
        said = chain.take(link, kept)
        if isinstance(said, Fault):
            return said
        claims.add(chain.replica, link.number, said)
        counted.one_more()
    return None if waiting is None else chain.beside(waiting)


def _is_before(waiting: Kept, link: Link) -> bool:
    return type(waiting.number) is int and type(link.number) is int and waiting.number < link.number


def _unshipped(chain: Following, head: Head | None, copies: Sequence[Copy]) -> Fault | None:
    """Return the fault of copies that do not reach as far as the ledger says that entries were shipped."""
    found = [copy for copy in copies if copy.is_of_entries]
    if (
        head is None
        or not found
        or any(fault.replica == chain.replica for copy in found for fault in copy.faults)
    ):
        return None
    last = max((copy.chains[chain.replica].last for copy in found if chain.replica in copy.chains), default=0)
    if last >= head.shipped:
        return None
    names = ", ".join(copy.words for copy in found)
    words = f"is not in {names}, and the ledger says that {head.shipped} were shipped: lines were cut off"
    return Fault(replica=chain.replica, number=last + 1, at=None, words=words)


def _stray(replica: str, words: str) -> Chained:
    fault = Fault(replica=replica, number=None, at=None, words=words)
    return Chained(replica=replica, entries=0, since=None, until=None, fault=fault)


def _chained(chain: Following, fault: Fault | None) -> Chained:
    return Chained(
        replica=chain.replica, entries=chain.number, since=chain.since, until=chain.until, fault=fault
    )
