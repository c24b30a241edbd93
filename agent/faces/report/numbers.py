"""Numbers of a report as people read them: nothing is rounded to what it is not."""

from datetime import timedelta

from agent.model.report import Rate

FEW = "too few to say"


def percent(share: float) -> str:
    """Return a share in per cent with one decimal; never 0 of something, nor 100 where something is missing."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    if 0.9995 <= share < 1:
        return "over 99.9 %"
    return f"{_decimal(share)} %"


def between(rate: Rate) -> str:
    """Return the interval of a rate, such as `95.5 to 97.7 %`."""
    return f"{_decimal(rate.low)} to {_decimal(rate.high)} %"


def rated(rate: Rate | None) -> str:
    """Return a rate with its interval, such as `96.8 % (95.5 to 97.7 %)`."""
    return FEW if rate is None else f"{percent(rate.share)} ({between(rate)})"


def span(length: timedelta | None) -> str:
    """Return a length of time in its two largest units, such as `3 h 20 min`."""
    if length is None:
        return "not known"
    minutes = int(length.total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{minutes} min" if minutes else "under 1 min"


def _decimal(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")
