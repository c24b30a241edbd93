"""How long to wait before a call is repeated: what Graph asks for, or a growing wait of our own."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random

ATTEMPTS = 5
"""How often one read is tried."""

SHORT = timedelta(seconds=10)
"""Up to this a wait is slept where it is met; a longer one parks the tenant."""

_FIRST, _LONGEST = 0.5, 8.0


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Return the wait that a Retry-After header asks for, or None where it asks for nothing usable.

    Takes seconds, decimals (Graph sends 0.249) and HTTP dates. Absent, junk, zero, negative and past
    values ask for nothing. An absurd value comes back as it is; the budget cuts it.
    """
    text = (header or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _until_date(text, now)
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    return timedelta(seconds=min(seconds, 86_400.0))


def _until_date(text: str, now: datetime) -> timedelta | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        wait = moment - now
    except OverflowError:
        return None
    return wait if wait > timedelta(0) else None


def backoff(attempt: int, lots: Random) -> timedelta:
    """Return a wait that doubles with each attempt, half of it by lot, so that many callers spread out.

    Args:
        attempt: attempts already made, 1 after the first failure.
        lots: where the lot comes from.
    """
    full = min(_LONGEST, _FIRST * 2.0 ** min(attempt, 10))
    return timedelta(seconds=full / 2 + lots.random() * full / 2)
