"""An import that writes nothing: what it would bring in is only counted."""
# ruff: noqa: D102  # what each method promises stands in `ports.Imports`, once

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agent.model.imported import Imported, Importing, Lives, Outcome, outcome_of
from agent.ports.importing import Imports


class Rehearsing:
    """`ports.Imports` over those of a ledger that is read and not written."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports
        self._found: dict[tuple[str, datetime], Imported] = {}

    async def last(self) -> Importing | None:
        return None

    async def lives(self, action_ids: Sequence[str]) -> Mapping[str, Lives]:
        lives = dict(await self._imports.lives(action_ids))
        for one in self._found.values():
            if one.action.id in action_ids:
                known = lives.get(one.action.id, Lives())
                imported = {each.life: each for each in (*known.imported, one)}
                lives[one.action.id] = msgspec.structs.replace(known, imported=tuple(imported.values()))
        return lives

    async def bring_in(
        self,
        found: Sequence[Imported],
        again: Sequence[Imported],
        importing: Importing,  # noqa: ARG002  nothing is kept of it
        *,
        moves: bool = True,  # noqa: ARG002  nothing moves
    ) -> None:
        self._found.update({one.life: one for one in (*found, *again)})

    async def outcome(self, importing: Importing) -> Outcome:  # noqa: ARG002  there is only one
        return outcome_of(Counter((one.truth.verb, one.truth.unknown) for one in self._found.values()))

    async def imported(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Imported, ...]]:
        return await self._imports.imported(action_ids)
