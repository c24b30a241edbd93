"""Reads that lag behind writes: for a while after a write, the old state is still shown."""

from collections import defaultdict
from copy import deepcopy
from datetime import datetime

from agent.simulator.shapes import Json


class Lagging:
    """What each thing was before its latest writes, and until when that is still what reads see."""

    def __init__(self) -> None:
        self._before: dict[str, list[tuple[datetime, Json]]] = defaultdict(list)

    def wrote(self, key: str, before: Json, until: datetime) -> None:
        """Note that a thing is about to change; until then reads see it as it was."""
        self._before[key].append((until, deepcopy(before)))

    def shown(self, key: str, thing: Json, now: datetime) -> Json:
        """Return the thing as reads see it now."""
        kept = [(until, before) for until, before in self._before.get(key, ()) if until > now]
        if not kept:
            self._before.pop(key, None)
            return thing
        self._before[key] = kept
        return kept[0][1]
