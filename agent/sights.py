"""What is looked at every few seconds, whatever the loop waits for: of one tenant, or of all in a process together."""

import asyncio
import os
from dataclasses import dataclass, field
from datetime import datetime

from agent.adapters.hold_file import HoldFile, HoldFiles, hold_files
from agent.adapters.ledger.glances import Files, files
from agent.connecting import replica_of
from agent.model.hold import Hold
from agent.settings.subjects import Settings
from agent.shelves import Shelves, shelves_together


@dataclass(frozen=True, slots=True)
class Sights:
    """What a process of many tenants looks at for all of them together."""

    ledgers: Files = field(default_factory=files)
    hold_files: HoldFiles = field(default_factory=hold_files)
    shelves: Shelves = field(default_factory=shelves_together)


def switch_of(settings: Settings, sights: Sights | None = None) -> HoldFile | None:
    """Return the kill switch's file; None where there is none."""
    file = settings.hold_file()
    together = None if sights is None else sights.hold_files
    return None if file is None else HoldFile(file, replica_of(settings), together)


async def with_file(settings: Settings, holds: tuple[Hold, ...], now: datetime) -> tuple[Hold, ...]:
    """Return these holds and the one of the file, where that is there and no agent has told of it yet.

    A file that this user cannot see says nothing here: it is the agents that must be able to read it.
    """
    switch, file = switch_of(settings), settings.hold_file()
    if switch is None or file is None or not await asyncio.to_thread(os.path.lexists, file):
        return holds
    found = await switch.read(now)
    is_known = found is None or any(hold.name == found.name for hold in holds)
    return holds if is_known or found is None else (*holds, found)
