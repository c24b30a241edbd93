"""What is judged before all else that is due, where there is more of it than can be judged in a moment."""

from datetime import datetime

import msgspec

from agent.model.enactment import Record, State


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken first: records for which any of these is true, earliest deadline first as the others behind them."""

    states: tuple[State, ...]
    """It is in one of these states."""
    came_after: datetime
    """It has no decision, and has been due since later than that: it is not only to be decided once more."""
    ends_before: datetime
    """Its deadline is before that."""

    def has(self, record: Record) -> bool:
        """Whether a record is among them."""
        is_late = record.due is not None and record.due > self.came_after
        is_new = is_late and record.decision is None
        return record.state in self.states or is_new or record.action.deadline < self.ends_before
