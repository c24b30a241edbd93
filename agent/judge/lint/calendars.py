"""Whether one moment can lie inside some calendars and outside others."""

from collections.abc import Sequence
from datetime import date
from itertools import combinations

from agent.judge.shape import bare
from agent.model.policy import Moment


def times_can_be(asked: Sequence[tuple[Moment, bool]]) -> bool:
    """Whether some moment lies inside each that is to hold, and outside each that is to fail."""
    inside = [moment for moment, wanted in asked if wanted]
    outside = {bare(moment) for moment, wanted in asked if not wanted}
    if any(bare(moment) in outside for moment in inside) or not all(map(_has_a_day, inside)):
        return False
    return all(_meet(one, other) for one, other in combinations(inside, 2))


def _has_a_day(moment: Moment) -> bool:
    """Whether one of its dates falls on one of its days."""
    if moment.dates is None or moment.days is None or not moment.dates:
        return True
    return any(date.fromisoformat(day).weekday() in moment.days for day in moment.dates)


def _meet(one: Moment, other: Moment) -> bool:
    """Whether two calendars can hold together; those that cross midnight, or of two zones, are taken to."""
    if one.zone != other.zone or _crosses(one) or _crosses(other):
        return True
    if one.days is not None and other.days is not None and not one.days & other.days:
        return False
    if one.hours is not None and other.hours is not None:
        latest, earliest = max(one.hours[0], other.hours[0]), min(one.hours[1], other.hours[1])
        if latest >= earliest:
            return False
    if not one.dates or not other.dates:
        return True
    return bool(one.dates & other.dates)


def _crosses(moment: Moment) -> bool:
    return moment.hours is not None and moment.hours[0] >= moment.hours[1]
