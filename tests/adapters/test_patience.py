"""How long to wait: every kind of Retry-After, and our own growing waits."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.patience import backoff, retry_after
from tests.clock import NOON


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("1", 1.0),
        ("0.249", 0.249),
        (" 41 ", 41.0),
        ("179", 179.0),
        ("180", 180.0),
        ("31536000", 86_400.0),
        ("1e400", None),
        ("nan", None),
        ("0", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("soon", None),
        ("Tue, 01 Sep 2026 12:00:30 GMT", 30.0),
        ("Tue, 01 Sep 2026 12:00:30 -0000", 30.0),
        ("Tue, 01 Sep 2026 11:59:30 GMT", None),
        ("Tue, 01 Sep 2026 12:00:00 GMT", None),
        ("Tue, 99 Sep 2026 12:00:30 GMT", None),
        ("Tue, 01 Sep 99999 12:00:30 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    wait = retry_after(header, NOON)

    assert (None if wait is None else wait.total_seconds()) == seconds


@given(st.text(max_size=40))
def test_no_header_breaks_us_or_makes_us_go_back_in_time(header: str) -> None:
    wait = retry_after(header, NOON)

    assert wait is None or wait > timedelta(0)


@given(st.integers(1, 1000), st.integers())
def test_a_wait_of_our_own_is_never_long_and_never_nothing(attempt: int, seed: int) -> None:
    wait = backoff(attempt, Random(seed))

    assert timedelta(seconds=0.5) <= wait <= timedelta(seconds=8)


def test_waits_grow() -> None:
    waits = [backoff(attempt, Random(1)) for attempt in range(1, 6)]

    assert waits == sorted(waits)
    assert waits[-1] > 4 * waits[0]
