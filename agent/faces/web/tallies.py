"""What each policy did within the last 30 days, counted hour by hour and kept in memory.

A decision is never changed. So an hour that is over is counted once, and each look reads on from the hour before the last
one: decisions are written some moments after the moment that they carry.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from agent.judge.quote import counted
from agent.model.decision import Verb
from agent.model.history import Decided, Decider, place_of
from agent.ports.archive import Archive

WINDOW = timedelta(days=30)

HOUR = timedelta(hours=1)

KEPT = timedelta(minutes=1)
"""How long a count is shown as it is."""

AT_ONCE = 2000
"""Decisions read at a time; other pages are answered in between."""

SAID = {Verb.APPROVE: "approved", Verb.REJECT: "rejected", Verb.ESCALATE: "left to people"}
WOULD = {
    Verb.APPROVE: "would have approved",
    Verb.REJECT: "would have rejected",
    Verb.ESCALATE: "would have escalated",
}


class Deeds(msgspec.Struct, frozen=True, kw_only=True):
    """How many decisions a policy had a part in, by what came of it."""

    decided: Mapping[Verb, int] = {}
    """By the policy, alone or with others that said the same."""
    held: Mapping[str, int] = {}
    """Its approvals that a guard rail held, by the guard."""
    answered: Mapping[Verb, int] = {}
    """By people, to whom it had left them."""
    lapsed: int = 0
    """What it left to people, and nobody answered in time."""
    observed: Mapping[Verb, int] = {}
    """What it would have decided, while it only observed."""

    @property
    def count(self) -> int:
        """All of them."""
        some = (self.decided, self.held, self.answered, self.observed)
        return sum(sum(one.values()) for one in some) + self.lapsed

    @property
    def words(self) -> tuple[str, ...]:
        """Say it, each part by itself; nothing where it did nothing."""
        return tuple(self._words())

    def _words(self) -> Iterator[str]:
        yield from (f"{count:,} {SAID[verb]}" for verb, count in sorted(self.decided.items()))
        for guard, count in sorted(self.held.items()):
            yield f"{count:,} held ({guard})"
        for verb, count in sorted(self.answered.items()):
            yield f"{counted(count, 'answer', 'answers')} by people: {SAID[verb]}"
        if self.lapsed:
            yield f"{self.lapsed:,} answered by nobody in time"
        yield from (f"{WOULD[verb]} {count:,}" for verb, count in sorted(self.observed.items()))


Deed = tuple[str, str, str]
"""A policy, which part of its deeds, and which entry of that."""


@dataclass(slots=True)
class Tallies:
    """The counts of one tenant."""

    _hours: dict[datetime, Counter[Deed]] = field(default_factory=dict)
    _read: datetime | None = None
    """Until when everything is counted; None before the first look."""
    _deeds: Mapping[str, Deeds] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def now(self, archive: Archive, now: datetime) -> Mapping[str, Deeds]:
        """Return what each policy did, by its name; those that did nothing are left out.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        async with self._lock:
            if self._read is None or not timedelta(0) <= now - self._read < KEPT:
                await self._catch_up(archive, now)
                self._read = now
                self._deeds = _summed(self._hours.values())
            return self._deeds

    async def _catch_up(self, archive: Archive, now: datetime) -> None:
        first = _hour(now - WINDOW)
        since = first if self._read is None else max(first, _hour(min(self._read, now)) - HOUR)
        self._hours = {hour: count for hour, count in self._hours.items() if first <= hour < since}
        after = None
        while found := await archive.course(since, after=after, limit=AT_ONCE):
            for one in found:
                self._hours.setdefault(_hour(one.at), Counter()).update(deeds(one))
            if len(found) < AT_ONCE:
                return
            after = place_of(found[-1])


def deeds(one: Decided) -> Iterator[Deed]:
    """Give what each policy did in one decision."""
    for policy in one.policies if one.verb is not None else ():
        match one.by:
            case Decider.GUARD:
                yield policy, "held", one.guard or ""
            case Decider.PEOPLE:
                yield policy, "answered", str(one.verb)
            case Decider.NOBODY:
                yield policy, "lapsed", ""
            case Decider.POLICIES | Decider.ELSEWHERE:
                yield policy, "decided", str(one.verb)
    if one.shadow is not None and one.by in (Decider.POLICIES, Decider.GUARD):
        for policy in one.shadow_policies:
            if policy not in one.policies:
                yield policy, "observed", str(one.shadow)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _summed(hours: Iterable[Counter[Deed]]) -> Mapping[str, Deeds]:
    total: Counter[Deed] = Counter()
    for one in hours:
        total.update(one)
    names = {policy for policy, _, _ in total}
    return {name: _of(name, total) for name in names}


def _of(name: str, total: Counter[Deed]) -> Deeds:
    def part(of: str) -> dict[str, int]:
        return {
            entry: count for (policy, what, entry), count in total.items() if (policy, what) == (name, of)
        }

    return Deeds(
        decided=_by_verb(part("decided")),
        held=part("held"),
        answered=_by_verb(part("answered")),
        lapsed=sum(part("lapsed").values()),
        observed=_by_verb(part("observed")),
    )


def _by_verb(counts: Mapping[str, int]) -> Mapping[Verb, int]:
    return {Verb(verb): count for verb, count in counts.items()}
