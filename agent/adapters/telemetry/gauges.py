"""One reading -> the values of each gauge, by their labels. What is not known has no value."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from agent.model.enactment import OPEN
from agent.model.hold import BRAKE, KILL_SWITCH
from agent.model.pending import LIFETIME
from agent.model.telemetry import Reading

Values = Iterator[tuple[Mapping[str, str], float]]

NONE: Mapping[str, str] = {}


def info(reading: Reading, _: datetime) -> Values:
    """Give who it is."""
    yield {"mode": reading.mode, "version": reading.version}, 1


def reading_age(reading: Reading, now: datetime) -> Values:
    """Give how old it is."""
    yield NONE, _since(reading.at, now)


def actions(reading: Reading, _: datetime) -> Values:
    """Give how many actions are in each state."""
    if reading.sums is not None:
        yield from (({"state": state.value}, reading.sums.open.get(state, 0)) for state in OPEN)
    yield from (({"state": state.value}, count) for state, count in reading.ended.items())


def at_risk(reading: Reading, _: datetime) -> Values:
    """Give how many actions are at risk of expiry, by their state."""
    if reading.sums is not None:
        yield from (({"state": state.value}, one.at_risk) for state, one in reading.sums.waiting.items())


def oldest(reading: Reading, now: datetime) -> Values:
    """Give how old the oldest action is that waits, by its state."""
    if reading.sums is not None:
        for state, one in reading.sums.waiting.items():
            if one.deadline is not None:
                yield {"state": state.value}, _since(one.deadline - LIFETIME, now)


def deadline(reading: Reading, now: datetime) -> Values:
    """Give how long until the first week ends."""
    waiting = () if reading.sums is None else reading.sums.waiting.values()
    ends = [one.deadline for one in waiting if one.deadline is not None]
    if ends:
        yield NONE, (min(ends) - now).total_seconds()


def watermark(reading: Reading, now: datetime) -> Values:
    """Give how far the watermark lies back."""
    if reading.sums is not None and reading.sums.watermark is not None:
        yield NONE, _since(reading.sums.watermark, now)


def poll_age(reading: Reading, now: datetime) -> Values:
    """Give how long ago all news were read."""
    if reading.polled is not None:
        yield NONE, _since(reading.polled, now)


def pass_age(reading: Reading, now: datetime) -> Values:
    """Give how long ago the last pass ended."""
    if reading.passing is not None:
        yield NONE, _since(reading.passing.began + reading.passing.took, now)


def overdue(reading: Reading, now: datetime) -> Values:
    """Give for how long the next pass was to be over."""
    if reading.passing is not None:
        yield NONE, _since(reading.passing.due + reading.passing.longest, now)


def budget_limit(reading: Reading, _: datetime) -> Values:
    """Give each API's budget."""
    yield from (({"api": one.system}, one.allowed) for one in reading.usage)


def budget_left(reading: Reading, _: datetime) -> Values:
    """Give what is left of each."""
    yield from (({"api": one.system}, max(0, one.allowed - one.used)) for one in reading.usage)


def throttled(reading: Reading, now: datetime) -> Values:
    """Give for how long nothing leaves."""
    for one in reading.usage:
        yield {"api": one.system}, 0.0 if one.until is None else _since(now, one.until)


def under_way(reading: Reading, _: datetime) -> Values:
    """Give how many calls are under way."""
    if reading.sums is not None:
        yield NONE, reading.sums.under_way


def held(reading: Reading, _: datetime) -> Values:
    """Give whether this process is held."""
    yield NONE, int(reading.is_held)


def holds(reading: Reading, _: datetime) -> Values:
    """Give how many holds stand."""
    if reading.sums is not None:
        yield from (({"guard": guard}, reading.sums.holds.get(guard, 0)) for guard in (KILL_SWITCH, BRAKE))


def kill_switch(reading: Reading, now: datetime) -> Values:
    """Give how long ago the kill switch was read."""
    if reading.switch_read is not None:
        yield NONE, _since(reading.switch_read, now)


def alarms(reading: Reading, _: datetime) -> Values:
    """Give how many alarms stand."""
    if reading.sums is not None:
        yield from (({"alarm": family}, count) for family, count in reading.sums.alarms.items())


def pages(reading: Reading, _: datetime) -> Values:
    """Give how many pages are open."""
    if reading.sums is not None:
        yield NONE, reading.sums.pages


def notices_waiting(reading: Reading, _: datetime) -> Values:
    """Give how many notices wait."""
    if reading.sums is not None:
        yield NONE, reading.sums.notices


def notices_overdue(reading: Reading, now: datetime) -> Values:
    """Give for how long the oldest of them is overdue."""
    if reading.sums is not None:
        since = reading.sums.notices_since
        yield NONE, 0.0 if since is None else _since(since, now)


def unshipped(reading: Reading, now: datetime) -> Values:
    """Give how old the oldest entry is that was not shipped."""
    if reading.sums is not None:
        since = reading.sums.unshipped
        yield NONE, 0.0 if since is None else _since(since, now)


def credentials(reading: Reading, now: datetime) -> Values:
    """Give how long each credential lasts; one that has ended is below zero."""
    for one in reading.expiries:
        if one.ends is not None:
            yield {"credential": one.what}, (one.ends - now).total_seconds()


def agreement(reading: Reading, _: datetime) -> Values:
    """Give how decisions stand to people's."""
    yield from (({"standing": standing.value}, count) for standing, count in reading.agreement.items())


def policies(reading: Reading, _: datetime) -> Values:
    """Give how many policies there are."""
    yield from (({"mode": mode}, count) for mode, count in reading.policies.items())


def _since(earlier: datetime, later: datetime) -> float:
    """Return the seconds between two moments; 0 where a clock was set back."""
    return max(later - earlier, timedelta(0)).total_seconds()
