"""The history of a window -> how many pending actions were decided by whom, and how soon.

Each action counts once, by the last decision that it had in the window, so that what policies left to people and people
then answered is people's. One that is proposed anew after its week is another action. Nothing is estimated: what would have
happened without the agent is nowhere in here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import msgspec

from agent.model.decision import Verb
from agent.model.history import Decided, Decider, Ending
from agent.model.pending import ActionKind

DAY = timedelta(days=1)

T = TypeVar("T")


class Stand(StrEnum):
    """How an action stands by the last decision that it had."""

    POLICIES = "policies"
    """Policies approved or rejected it."""
    PEOPLE = "people"
    """People who answered here did."""
    ELSEWHERE = "elsewhere"
    """Defender shows it decided."""
    GUARD = "guard"
    """A guard rail holds it, and people are asked."""
    ASKED = "asked"
    """It was left to people, and they have not answered."""
    NOBODY = "nobody"
    """Nobody decided it in time."""


STANDS = {
    Decider.POLICIES: Stand.POLICIES,
    Decider.PEOPLE: Stand.PEOPLE,
    Decider.GUARD: Stand.GUARD,
    Decider.ELSEWHERE: Stand.ELSEWHERE,
    Decider.NOBODY: Stand.NOBODY,
}
"""What each decider's last decision makes of an action, but for policies that leave it to people."""

SETTLED = frozenset({Stand.POLICIES, Stand.PEOPLE, Stand.ELSEWHERE})
"""Where it was approved or rejected, by whomever."""

STEPS = (
    ("under 1 m", timedelta(minutes=1)),
    ("1 to 5 m", timedelta(minutes=5)),
    ("5 to 15 m", timedelta(minutes=15)),
    ("15 m to 1 h", timedelta(hours=1)),
    ("1 to 4 h", timedelta(hours=4)),
    ("4 to 12 h", timedelta(hours=12)),
    ("12 h to 1 d", timedelta(days=1)),
    ("1 to 3 d", timedelta(days=3)),
    ("over 3 d", timedelta.max),
)
"""How long something took, and below how much that is."""


class Lengths(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took, of so many actions; `counts` has one number for each of `STEPS`."""

    count: int
    median: timedelta | None
    ninetieth: timedelta | None
    """At most so long it took in nine of ten."""
    counts: tuple[int, ...]


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """The actions whose last decision in the window was on one day, in UTC, by how they stand."""

    day: date
    stands: Mapping[Stand, int]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a window had."""

    actions: int
    stands: Mapping[Stand, int]
    verbs: Mapping[Stand, Mapping[Verb, int]]
    """What policies and people decided."""
    days: tuple[Day, ...]
    """Every day of the window, oldest first, also those with nothing."""
    kinds: Mapping[ActionKind, Mapping[Stand, int]]
    until_decided: Mapping[Stand, Lengths]
    """From when an action was first seen until it was decided, by whom."""
    until_answered: Lengths
    """From when people were first asked until the last of them answered that it took."""
    guards: Mapping[str, int]
    """Actions that each guard rail held at least once, also where people answered them since."""
    expired: int
    in_time: int
    """Actions that were decided before their week was over."""
    last_day: int
    """Those of them that were decided within its last 24 hours."""


class _Life(msgspec.Struct, kw_only=True):
    deadline: datetime
    last: Decided
    asked: datetime | None = None
    """Since when people are asked."""


class Summing:
    """Goes through the history, oldest first, and sums up a window of it."""

    def __init__(self, since: datetime, until: datetime) -> None:
        """Sum up what was decided from `since` on and before `until`; what is shown before says since when people were asked."""
        self._since = since
        self._until = until
        self._lives: dict[str, _Life] = {}
        self._over: list[_Life] = []
        self._answered: list[timedelta] = []
        self._held: set[tuple[str, str]] = set()

    def look(self, row: Decided) -> None:
        """Take one decision of the history; what was judged only afterwards is none of that time."""
        if row.is_imported:
            return
        life = self._lives.get(row.action_id)
        if life is None or row.first_seen >= life.deadline:
            self._over += [] if life is None else [life]
            life = self._lives[row.action_id] = _Life(deadline=row.deadline, last=row)
        life.last = row
        stand = stand_of(row)
        if row.at >= self._since:
            if row.guard is not None:
                self._held.add((row.guard, row.action_id))
            if stand is Stand.PEOPLE and row.answered is not None and life.asked is not None:
                self._answered.append(max(row.answered - life.asked, timedelta(0)))
        if stand in {Stand.ASKED, Stand.GUARD}:
            life.asked = life.asked or row.at
        else:
            life.asked = None

    def found(self) -> Summary:
        """Return what came of it so far."""
        last = [life.last for life in (*self._over, *self._lives.values()) if life.last.at >= self._since]
        by_stand: dict[Stand, list[Decided]] = {stand: [] for stand in Stand}
        for row in last:
            by_stand[stand_of(row)].append(row)
        settled = [row for stand in SETTLED for row in by_stand[stand] if row.at < row.deadline]
        return Summary(
            actions=len(last),
            stands={stand: len(rows) for stand, rows in by_stand.items()},
            verbs={stand: _verbs(by_stand[stand]) for stand in (Stand.POLICIES, Stand.PEOPLE)},
            days=self._days(last),
            kinds=_kinds(last),
            until_decided={
                stand: lengths(row.at - row.first_seen for row in rows)
                for stand, rows in by_stand.items()
                if stand in SETTLED
            },
            until_answered=lengths(self._answered),
            guards=dict(Counter(guard for guard, _ in self._held).most_common()),
            expired=sum(row.ended is Ending.EXPIRED for row in last),
            in_time=len(settled),
            last_day=sum(row.at >= row.deadline - DAY for row in settled),
        )

    def _days(self, last: Sequence[Decided]) -> tuple[Day, ...]:
        counts: dict[date, Counter[Stand]] = {}
        for row in last:
            counts.setdefault(row.at.date(), Counter())[stand_of(row)] += 1
        first, end = self._since.date(), self._until.date()
        days = [first + number * DAY for number in range((end - first).days + 1)]
        return tuple(
            Day(day=day, stands={stand: counts.get(day, Counter())[stand] for stand in Stand}) for day in days
        )


def stand_of(row: Decided) -> Stand:
    """Return how an action stands by one decision."""
    if row.by is Decider.POLICIES and row.verb is Verb.ESCALATE:
        return Stand.ASKED
    return STANDS[row.by]


def lengths(took: Iterable[timedelta]) -> Lengths:
    """Return how long something took: the middle one of all, the one that nine of ten do not pass, and how many by steps."""
    ordered = sorted(took)
    counts = [0] * len(STEPS)
    for one in ordered:
        counts[next(place for place, (_, below) in enumerate(STEPS) if one < below)] += 1
    return Lengths(
        count=len(ordered),
        median=nth(ordered, 50),
        ninetieth=nth(ordered, 90),
        counts=tuple(counts),
    )


def nth(ordered: Sequence[T], percent: int) -> T | None:
    """Return the smallest that is not passed by so many in a hundred; None of none."""
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None


def _verbs(rows: Iterable[Decided]) -> Mapping[Verb, int]:
    counts = Counter(row.verb for row in rows)
    return {verb: counts[verb] for verb in (Verb.APPROVE, Verb.REJECT)}


def _kinds(rows: Iterable[Decided]) -> Mapping[ActionKind, Mapping[Stand, int]]:
    counts: dict[ActionKind, Counter[Stand]] = {}
    for row in rows:
        counts.setdefault(row.kind, Counter())[stand_of(row)] += 1
    most = sorted(counts, key=lambda kind: (-counts[kind].total(), kind))
    return {kind: {stand: counts[kind][stand] for stand in Stand} for kind in most}
