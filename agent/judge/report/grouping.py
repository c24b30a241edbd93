"""Comparisons, one after the other -> how many stand how: in all, of each policy, of each kind, and week by week.

However many there are, only numbers are kept: how many there were of each policies, kind, week and outcome together, from
which every group is added up in the end.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

from agent.judge.report.compare import Both
from agent.judge.report.rate import agreement, risk
from agent.model.decision import Verb
from agent.model.report import LEFT, UNJUDGED, Asked, Compared, Group, Lens, Standing, Tally

Cell = tuple[tuple[str, ...], str, int, str]
"""Policies, kind, week, and an outcome."""

DAYS = 7


class Grouping:
    """Groups what is asked for."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._cells: Counter[Cell] = Counter()
        self._in_force: Counter[str] = Counter()
        self._undecided: Counter[str] = Counter()

    def take(self, both: Both) -> Compared | None:
        """Count one life, and return it as it is compared; None where it is not asked for."""
        one = chosen(both, self._asked)
        if one is None:
            return None
        came = outcome(one)
        self._cells[one.policies, one.kind, _week(one.moment), came] += 1
        self._in_force[came if both.in_force is one else outcome(both.in_force)] += 1
        if one.standing is Standing.UNDECIDED:
            self._undecided[why(one)] += 1
        return one

    def whole(self, name: str) -> Group:
        """Return everything under one name."""
        outcomes: Counter[str] = Counter()
        for cell, count in self._cells.items():
            outcomes[cell[3]] += count
        return self._group(name, outcomes)

    def in_force(self) -> Group:
        """Return everything, through the lens of what was in force."""
        return self._group(str(Lens.IN_FORCE), self._in_force)

    def policies(self) -> tuple[Group, ...]:
        """Return a group for each policy, by name."""
        return self._groups(lambda cell: cell[0])

    def kinds(self) -> tuple[Group, ...]:
        """Return a group for each kind, by name."""
        return self._groups(lambda cell: (cell[1],))

    def weeks(self) -> tuple[Group, ...]:
        """Return a group for each week from the first to the last that has something, also for those that have nothing."""
        found: dict[int, Counter[str]] = {}
        for (_, _, week, name), count in self._cells.items():
            found.setdefault(week, Counter())[name] += count
        between = range(min(found, default=0), max(found, default=-1) + 1)
        return tuple(self._group(_monday(week), found.get(week, Counter())) for week in between)

    def undecided(self) -> Mapping[str, int]:
        """Return how many are not compared, by why."""
        return {name: self._undecided[name] for name in sorted(self._undecided)}

    def _groups(self, names_of: Callable[[Cell], Iterable[str]]) -> tuple[Group, ...]:
        found: dict[str, Counter[str]] = {}
        for cell, count in self._cells.items():
            for name in names_of(cell):
                found.setdefault(name, Counter())[cell[3]] += count
        return tuple(self._group(str(name), found[name]) for name in sorted(found))

    def _group(self, name: str, outcomes: Counter[str]) -> Group:
        tally = tally_of(outcomes)
        enough = self._asked.enough
        return Group(name=name, tally=tally, agreement=agreement(tally, enough), risk=risk(tally, enough))


def chosen(both: Both, asked: Asked) -> Compared | None:
    """Return one life as it is compared; None where it is not asked for.

    What is narrowed by policies is chosen through the lens that is asked for; a report then sees the same lives also by what
    was in force.
    """
    one = both.through(asked.lens)
    is_asked = (
        asked.since <= one.moment < asked.until
        and (not asked.kinds or one.kind in asked.kinds)
        and (not asked.policies or any(name in asked.policies for name in one.policies))
        and (asked.revision is None or (one.revision == asked.revision and one.decided is not None))
    )
    return one if is_asked else None


def outcome(one: Compared) -> str:
    """Return which field of a tally counts it; `both_rejected` where that is `agreed` alone."""
    if one.standing is Standing.AGREED:
        return "both_approved" if one.verb is Verb.APPROVE else "both_rejected"
    if one.standing is Standing.STRICTER:
        return "rejected" if one.verb is Verb.REJECT else "left"
    return str(one.standing)


def tally_of(outcomes: Counter[str]) -> Tally:
    """Return how many stand how."""
    return Tally(
        agreed=outcomes["both_approved"] + outcomes["both_rejected"],
        both_approved=outcomes["both_approved"],
        looser=outcomes["looser"],
        rejected=outcomes["rejected"],
        left=outcomes["left"],
        undecided=outcomes["undecided"],
    )


def why(one: Compared) -> str:
    """Return why it is not compared: an `Unknown`, `LEFT` or `UNJUDGED`."""
    if one.unknown is not None:
        return str(one.unknown)
    return UNJUDGED if one.verb is None else LEFT


def _week(at: datetime) -> int:
    """Return the number of a week: the first day of the calendar was a Monday."""
    return (at.toordinal() - 1) // DAYS


def _monday(week: int) -> str:
    return date.fromordinal(week * DAYS + 1).isoformat()
