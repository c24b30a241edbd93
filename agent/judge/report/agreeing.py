"""The history in the order of time -> how often policies and people agreed within a window of it.

The same comparison as a report's, for whoever reads the history once for this and for other things: so what was decided on
each action is kept until all is read.
"""

from collections.abc import Mapping

import msgspec

from agent.judge.report.compare import comparisons
from agent.judge.report.counting import Counting
from agent.model.history import Decided
from agent.model.report import Asked, Group, Lens, Standing
from agent.model.truth import Truth


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison: of what was in force, or of what would have been decided had observing policies counted."""

    group: Group
    undecided: Mapping[str, int]
    """Actions that are not compared, by why: as a report tells it."""
    looser: tuple[str, ...]
    """The actions that policies approved, or would have, and people rejected."""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How often policies and people agreed."""

    actions: int
    in_force: Side
    would: Side
    policies: Mapping[str, Group]
    """By policy that took part in what would have been decided."""


class Agreeing:
    """Takes the history of a window, and what is known of its proposals, and compares."""

    def __init__(self, asked: Asked) -> None:
        """Compare what `asked` is about, through both lenses. The history before the window says what was thought then."""
        self._asked = asked
        self._rows: dict[str, list[Decided]] = {}
        self._truths: dict[str, tuple[Truth, ...]] = {}

    def look(self, row: Decided) -> None:
        """Take one decision of the history, oldest first."""
        self._rows.setdefault(row.action_id, []).append(row)

    def know(self, truths: Mapping[str, tuple[Truth, ...]]) -> None:
        """Take what is known of actions' proposals."""
        self._truths.update(truths)

    def found(self) -> Agreement:
        """Return what came of it."""
        counting = {lens: Counting(msgspec.structs.replace(self._asked, lens=lens)) for lens in Lens}
        looser: dict[Lens, list[str]] = {lens: [] for lens in Lens}
        for action_id, rows in self._rows.items():
            for both in comparisons(rows, self._truths.get(action_id, ())):
                for lens in Lens:
                    one = counting[lens].take(both)
                    if one is not None and one.standing is Standing.LOOSER:
                        looser[lens].append(action_id)
        reports = {lens: counting[lens].report() for lens in Lens}
        would = reports[Lens.WOULD]
        sides = {
            lens: Side(
                group=report.total,
                undecided=report.undecided,
                looser=tuple(dict.fromkeys(looser[lens])),
            )
            for lens, report in reports.items()
        }
        return Agreement(
            actions=would.actions,
            in_force=sides[Lens.IN_FORCE],
            would=sides[Lens.WOULD],
            policies={one.name: one for one in would.policies},
        )
