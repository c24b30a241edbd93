"""The history in the order of time -> how often policies and people agreed within a window of it.

The same comparison as a report's, for whoever reads the history once for this and for other things: so what was decided on
each action is kept until all is read.
"""

from collections import Counter
from collections.abc import Collection, Mapping

import msgspec

from agent.judge.report.compare import comparisons
from agent.judge.report.grouping import Grouping, why
from agent.model.history import Decided
from agent.model.pending import ActionKind
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

    @property
    def unknown(self) -> tuple[str, ...]:
        """Actions of unknown kind: some of them may go on under another id."""
        return tuple(name for name, rows in self._rows.items() if rows[-1].kind is ActionKind.UNKNOWN)

    def know(self, truths: Mapping[str, tuple[Truth, ...]]) -> None:
        """Take what is known of actions' proposals."""
        self._truths.update(truths)

    def found(self, moved: Collection[str] = ()) -> Agreement:
        """Return what came of it; `moved` are actions that go on under another id."""
        grouping = Grouping(msgspec.structs.replace(self._asked, lens=Lens.WOULD))
        looser: dict[Lens, dict[str, None]] = {lens: {} for lens in Lens}
        left: Counter[str] = Counter()
        for action_id, rows in self._rows.items():
            known = self._truths.get(action_id, ())
            for both in comparisons(rows, known, is_moved=action_id in moved):
                if grouping.take(both) is None:
                    continue
                if both.in_force.standing is Standing.UNDECIDED:
                    left[why(both.in_force)] += 1
                if both.would.standing is Standing.LOOSER:
                    looser[Lens.WOULD][action_id] = None
                if both.in_force.standing is Standing.LOOSER:
                    looser[Lens.IN_FORCE][action_id] = None
        would = grouping.whole("total")
        return Agreement(
            actions=would.tally.actions,
            in_force=Side(
                group=grouping.in_force(),
                undecided={name: left[name] for name in sorted(left)},
                looser=tuple(looser[Lens.IN_FORCE]),
            ),
            would=Side(group=would, undecided=grouping.undecided(), looser=tuple(looser[Lens.WOULD])),
            policies={one.name: one for one in grouping.policies()},
        )
