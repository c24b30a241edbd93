"""Whether there is room where the agent writes.

A ledger that cannot be written stops everything: what cannot be written is not done. A part of a disk alone says little:
a twentieth of ten terabytes is plenty, and of ten gigabytes next to nothing. So a part only counts below an amount.
"""

from collections import defaultdict
from collections.abc import Sequence

from agent.model.checkup import Room, Seen, failed, passed, warned

MIB, GIB = 1024**2, 1024**3

LEAST = 200 * MIB
"""Less is a failure: SQLite needs as much again as it writes, until its log is taken in."""

FULL = 0.01
FULL_BELOW = 2 * GIB
"""A hundredth is a failure where it is less than this."""

LOW = GIB
"""Less is a warning: a day with 10,000 actions writes some hundred megabytes."""

NEARLY = 0.05
NEARLY_BELOW = 20 * GIB
"""A twentieth is a warning where it is less than this."""

FILES = 1_000
"""Fewer files that can still be made are a warning."""

MEND = "free some space there, make the volume larger, or put `{what}` on another one"


def judge_disk(rooms: Sequence[Room]) -> tuple[Seen, ...]:
    """Return how much room there is on each device that something is written to."""
    devices: dict[int, list[Room]] = defaultdict(list)
    for one in rooms:
        devices[one.device].append(one)
    return tuple(_judged(some) for some in devices.values())


def _judged(rooms: Sequence[Room]) -> Seen:
    one = rooms[0]
    what = ", ".join(dict.fromkeys(each.what for each in rooms))
    share = one.free / one.total if one.total else 0.0
    words = f"{_size(one.free)} free of {_size(one.total)} ({100 * share:.0f} %) at {one.path}, for {what}"
    mend = MEND.format(what=rooms[0].what)
    if one.free < LEAST or (share < FULL and one.free < FULL_BELOW):
        return failed(words, mend)
    if one.free < LOW or (share < NEARLY and one.free < NEARLY_BELOW):
        return warned(words, mend)
    if one.free_files is not None and one.free_files < FILES:
        return warned(
            f"only {one.free_files} files can still be made at {one.path}, for {what}",
            "remove files that nobody needs there (`df -i` shows how many there are)",
        )
    return passed(words)


def _size(count: int) -> str:
    return f"{count / GIB:,.1f} GiB" if count >= GIB else f"{count / MIB:,.0f} MiB"
