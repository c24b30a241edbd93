"""Times in which nothing is carried out by itself: freezes, and all but the business hours.

Hours are those of a clock on a wall in their zone, so that they move with it when it is changed: an hour that the
clock skips is not waited for, and one that it shows twice counts twice.
"""

from datetime import datetime

from agent.judge.calendar import inside, local_time, turns
from agent.judge.rails.scene import Scene
from agent.model.decision import Guarded
from agent.model.policy import Moment

LOOKED_AHEAD = 8
"""Days within which hours begin again: a week, and the day that the clock may be changed on."""


def frozen(scene: Scene) -> Guarded | None:
    """Say that this is a time of a freeze, and when the last of those that overlap is over."""
    until = scene.now
    while standing := [one for one in scene.rails.freezes if one.begins <= until < one.ends]:
        until = max(one.ends for one in standing)
    if until == scene.now:
        return None
    ends = until.strftime("%Y-%m-%d %H:%MZ")
    return Guarded(guard="frozen", words=f"`guards.freeze` lasts until {ends}", until=until)


def hours(scene: Scene) -> Guarded | None:
    """Say that this is outside the business hours, and when they begin again."""
    wanted = scene.rails.hours
    if wanted is None or inside(wanted, scene.now):
        return None
    here = local_time(wanted, scene.now)
    return Guarded(
        guard="hours",
        words=f"`guards.hours` are {wanted.wording}, and it is {here}",
        until=next_inside(wanted, scene.now),
    )


def next_inside(wanted: Moment, now: datetime) -> datetime | None:
    """Return the first moment after now that lies inside; None where none does within days."""
    later = (at for at in turns(wanted, now, LOOKED_AHEAD) if at > now and inside(wanted, at))
    return min(later, default=None)
