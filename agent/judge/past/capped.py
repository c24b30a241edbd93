"""The caps of the tenant along a record: which were asked is known from the approvals that were weighed against them.

Caps are settings and no part of a set of policies, so both sets meet the same ones: those that an action of this
kind was last weighed against. What was spent of one is what was recorded, plus what the set approved so far, less
what the record approved, as with the limits of policies.
"""

from collections import defaultdict

import msgspec

from agent.judge.past.spending import Window
from agent.model.decision import Unit, Weighed
from agent.model.past import Judged
from agent.model.pending import ActionKind


class Capped:
    """The caps as they stand while one set goes through the record. Moments must not go back."""

    def __init__(self) -> None:
        self._known: dict[ActionKind, dict[str, Weighed]] = defaultdict(dict)
        self._ours: dict[str, Window] = {}
        self._theirs: dict[str, Window] = {}

    def stand(self, judged: Judged, kind: ActionKind, messages: int) -> tuple[Weighed, ...]:
        """Return each cap as it stands against an approval of this action."""
        told = {one.cap: one for one in judged.weighed if one.cap}
        self._learn(kind, told)
        return tuple(
            self._stands(one, told.get(name), judged, messages) for name, one in self._known[kind].items()
        )

    def _learn(self, kind: ActionKind, told: dict[str, Weighed]) -> None:
        self._known[kind].update(told)
        for name, one in told.items():
            self._ours.setdefault(name, Window(one.window))
            self._theirs.setdefault(name, Window(one.window))

    def _stands(self, one: Weighed, told: Weighed | None, judged: Judged, messages: int) -> Weighed:
        place = (one.unit, judged.at, judged.action_id)
        spent = self._ours[one.cap].spent(*place)
        if told is not None:
            spent = max(0, told.spent + spent - self._theirs[one.cap].spent(*place))
        asked = 1 if one.unit is Unit.ACTIONS else messages
        return msgspec.structs.replace(told or one, spent=spent, asked=asked)

    def add(self, judged: Judged, kind: ActionKind, messages: int, *, ours: bool, theirs: bool) -> None:
        """Count an approval of the set, of the record, or of both."""
        self._learn(kind, {one.cap: one for one in judged.weighed if one.cap})
        for name in self._known[kind]:
            if ours:
                self._ours[name].add(judged.at, judged.action_id, messages)
            if theirs:
                self._theirs[name].add(judged.at, judged.action_id, messages)
