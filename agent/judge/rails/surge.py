"""(How many approvals there were in each hour, of two weeks) -> whether they have left their usual band.

What is counted is what policies approve, be it held or not, each pending action once: with the caps in place what
is carried out can never surge, and it is the wish that tells of a signature gone wrong.

The usual band is the peak of an ordinary day: the median of the busiest hours of the days on which anything was
approved. A burst lifts the peak of one day or two, and the median of fourteen does not move; nor do quiet
weekends. Up to a floor the brake never opens, so that a quiet tenant may have a busy hour. Until there are days
enough to call one of them ordinary, nobody can say what is unusual: it then opens where the tenant's own cap for an
hour would be passed, so that a first day with a queue is carried out up to that cap, and asks one question beyond.
While the agent observes it learns this band, and opens nothing: nothing could be stopped. What is approved beyond the band
is held all the same, as it would be, until an hour's approvals are within it again.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from statistics import median

import msgspec

from agent.judge.quote import counted
from agent.model.decision import Unit
from agent.model.rails import Rails

HOUR = timedelta(hours=1)
HISTORY = timedelta(days=14)
"""How far back the usual band is taken from."""

ENOUGH_DAYS = 3
"""Days with approvals from which on one can be called ordinary: of two, one may be the burst."""

HOURS_A_DAY = 24


class Surge(msgspec.Struct, frozen=True, kw_only=True):
    """How many approvals there are within the hour, and how many there may be; `usual` is None in the first days."""

    count: int
    most: int
    usual: float | None

    @property
    def is_over(self) -> bool:
        """Whether they have left their usual band."""
        return self.count > self.most


def surge(rails: Rails, count: int, by_hour: Mapping[int, int]) -> Surge:
    """Return how the approvals of the last hour stand.

    Args:
        rails: the floor and the factor.
        count: approvals within the last hour.
        by_hour: approvals in the hours before that, by how many hours ago they ended: 1 for the one before.
    """
    usual = usual_peak(by_hour)
    most = max(rails.brake_floor, _hourly(rails) if usual is None else int(rails.brake_factor * usual))
    return Surge(count=count, most=most, usual=usual)


def _hourly(rails: Rails) -> int:
    """Return how many actions the tenant's own cap lets through in an hour; 0 where it has none."""
    hourly = (
        cap.count
        for cap in rails.caps
        if cap.unit is Unit.ACTIONS and cap.kinds is None and cap.window == HOUR
    )
    return min(hourly, default=0)


def usual_peak(by_hour: Mapping[int, int]) -> float | None:
    """Return the busiest hour of an ordinary day; None where there are too few days to tell."""
    peaks: dict[int, int] = defaultdict(int)
    for ago, count in by_hour.items():
        if ago >= 1 and count > 0:
            day = (ago - 1) // HOURS_A_DAY
            peaks[day] = max(peaks[day], count)
    return median(peaks.values()) if len(peaks) >= ENOUGH_DAYS else None


def question(found: Surge) -> str:
    """Return the one question for people, when the brake opens."""
    usual = (
        "there are too few days to know what is usual"
        if found.usual is None
        else f"the busiest hour of an ordinary day has {found.usual:g}"
    )
    return (
        f"policies approve {counted(found.count, 'action', 'actions')} within an hour and {found.most:,} are the "
        f"most before a person looks ({usual}): is this right, or has a signature or a policy gone wrong?"
    )
