"""A tenant over weeks: incidents of every kind by day and hour, one campaign, and people who decide what is pending."""

from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from itertools import accumulate

from agent.simulator.daily import Day, drawn
from agent.simulator.directory import USER, user
from agent.simulator.furnishing import furnish, place_one
from agent.simulator.lots import guid, lots
from agent.simulator.names import REGISTERED
from agent.simulator.nouns import Bundle
from agent.simulator.people import ZONE, Crew, Habits
from agent.simulator.state import Happening, State

DAYS = 28
"""Four whole weeks."""
ACTIONS = 1_500

_OF_DAY = (1.0, 1.05, 1.0, 0.95, 0.85, 0.3, 0.2)
"""How much arrives on each day of the week, from Monday."""
_OF_HOUR = (
    *(0.2, 0.15, 0.15, 0.15, 0.2, 0.3, 0.6, 1.2),
    *(2.0, 2.4, 2.2, 1.9, 1.6, 1.5, 1.8, 1.9),
    *(1.7, 1.3, 0.9, 0.7, 0.6, 0.5, 0.4, 0.3),
)
"""How much arrives in each hour of the day, where the office is."""

WAVES, CLUSTERS = 12, 3
"""A campaign: so many incidents within an hour and a half, each with so many clusters."""
LASTS = timedelta(minutes=90)
SHOWN_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time to be lived: from a midnight, so many days, with about so many pending actions, the campaign's among them."""

    seed: int
    start: datetime
    days: int = DAYS
    actions: int = ACTIONS

    @property
    def until(self) -> datetime:
        """When it is over."""
        return self.start + timedelta(days=self.days)


def lived(span: Span, habits: Habits | None = None) -> State:
    """Return a tenant in which all of it is still to happen, and its people."""
    state = State(span.seed, span.start)
    furnish(state.directory, span.seed)
    draw = lots(span.seed, "register")
    for address in REGISTERED:
        state.directory.admit(USER, user(guid(draw), address))
    crew = Crew(span.seed, habits)
    for bundle, due in _traffic(span):
        state.plan(due, _appears(bundle, crew))
    return state


def _traffic(span: Span) -> list[tuple[Bundle, datetime]]:
    """Return everything that arrives, oldest first: what is usual, a campaign, and the same two rules each week."""
    day = Day(span.seed, span.start)
    waves = WAVES if span.actions > 10 * WAVES * CLUSTERS else 1
    weekly = [(span.start + when, owner) for when, owner in _found_again(span)]
    usual = span.actions - waves * CLUSTERS - len(weekly)
    begins = _campaign(span)
    making: list[tuple[datetime, Callable[[datetime], Bundle]]] = [
        *(
            (due, partial(day.bundle, name))
            for due, name in zip(_moments(span, usual), drawn(span.seed, usual), strict=True)
        ),
        *(
            (begins + LASTS * number / waves, partial(day.wave, "Overdue invoice", 9, CLUSTERS))
            for number in range(waves)
        ),
        *((due, partial(day.registered, owner)) for due, owner in weekly),
    ]
    # Defender shows an incident a little after it began.
    return [(make(due - SHOWN_AFTER), due) for due, make in sorted(making, key=lambda one: one[0])]


def _found_again(span: Span) -> Iterator[tuple[timedelta, str]]:
    """Give when the rules that the register has are found: soon after one week's proposal ends, the next begins."""
    for week in range(-(-span.days // 7)):
        for number, owner in enumerate(REGISTERED):
            yield timedelta(days=7 * week + 1 + number, hours=9 + week), owner


def _moments(span: Span, count: int) -> list[datetime]:
    """Draw when something arrives: more in office hours, little at weekends, never the same second twice."""
    draw = lots(span.seed, "arrivals")
    hours = [span.start + timedelta(hours=number) for number in range(24 * span.days)]
    local = [hour.astimezone(ZONE) for hour in hours]
    weights = list(accumulate(_OF_DAY[one.weekday()] * _OF_HOUR[one.hour] for one in local))
    seconds: set[datetime] = set()
    while len(seconds) < count:
        hour = hours[bisect(weights, draw.random() * weights[-1])]
        seconds.add(hour + timedelta(seconds=draw.randrange(3_600)))
    return sorted(seconds)


def _campaign(span: Span) -> datetime:
    """Return when the campaign begins: a quarter past nine in the middle of the time."""
    day = (span.start + timedelta(days=span.days // 2)).astimezone(ZONE).date()
    return datetime.combine(day, time(9, 15), ZONE).astimezone(span.start.tzinfo)


def _appears(bundle: Bundle, crew: Crew) -> Happening:
    def appear(state: State, now: datetime) -> None:
        state.admit(bundle, now)
        for alert in bundle.alerts:
            for proposal in state.open_proposals(alert["id"]):
                place_one(state, proposal)
        crew.meet(state, bundle, now)

    return appear
