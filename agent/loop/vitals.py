"""How this process fares: kept here by the loop, and told to the ledger by the lookout with each sign of life."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.model.vitals import Expiry, Passing

REMEMBERED = 20
"""Passes whose length is remembered."""

MOST_PROBLEMS, LONGEST = 5, 300
"""Problems of a pass that are told, and characters of each: the log has them all."""


@dataclass(slots=True)
class Vitals:
    """What is known by now."""

    passing: Passing | None = None
    polled: datetime | None = None
    """When the news of incidents were last read to the end; None before the first time."""
    expiries: tuple[Expiry, ...] = ()
    lengths: deque[timedelta] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def passed(self, began: datetime, now: datetime, due: datetime, problems: Sequence[str]) -> None:
        """Note that a pass is over, and when the next one is due."""
        took = max(now - began, timedelta(0))  # a clock may be set back meanwhile
        self.lengths.append(took)
        said = [one[:LONGEST] for one in problems[:MOST_PROBLEMS]]
        if len(problems) > MOST_PROBLEMS:
            said.append(f"and {len(problems) - MOST_PROBLEMS:,} more: see the log")
        self.passing = Passing(
            began=began,
            took=took,
            longest=max(self.lengths),
            of=len(self.lengths),
            due=due,
            problems=tuple(said),
        )
