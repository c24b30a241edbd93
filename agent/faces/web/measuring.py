"""How the cases go on the set in force, worked out beside the pages and kept until the set or the folder changes.

A large set takes seconds to try, for which no page waits: whoever asks too early is told that it is being measured.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from agent.faces.web.patience import PATIENCE
from agent.judge.fallen import is_made
from agent.judge.measure import Measured, measure, named_there
from agent.judge.policies import digest
from agent.loop.policies import InForce
from agent.model.errors import PolicyError
from agent.ports.host import PolicyShelf
from agent.ports.world import Desk

LOOKED = timedelta(seconds=15)
"""How long it holds what was read from the folder."""


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of one set. `problem` says why the folder cannot be read; then there are no cases."""

    of: str
    """Digest of what it was measured on."""
    policies: Mapping[str, Measured]
    problem: str = ""
    folder: Mapping[str, bytes]


@dataclass(slots=True)
class Measuring:
    """The newest measures, and whoever works on others."""

    _found: Measures | None = None
    _looked: datetime | None = None
    _task: asyncio.Task[Measures] | None = None

    async def now(self, desk: Desk, in_force: InForce, wall: datetime) -> Measures | None:
        """Return how the cases go on this set; None while that is being measured."""
        is_fresh = self._looked is not None and wall < self._looked + LOOKED
        if self._task is None and not (is_fresh and self._is_of(in_force)):
            self._looked = wall
            work = asyncio.to_thread(_measured, desk.shelf, _files(in_force), desk.clock.now(), self._found)
            self._task = asyncio.create_task(work)
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=PATIENCE)
            self._settle()
        return self._found if self._is_of(in_force) else None

    def _settle(self) -> None:
        if self._task is not None and self._task.done():
            done, self._task = self._task, None
            self._found = done.result()

    def _is_of(self, in_force: InForce) -> bool:
        return self._found is not None and self._found.of.startswith(_digest(_files(in_force)))


def _files(in_force: InForce) -> Mapping[str, bytes]:
    """Return what was written of the set; who is in a group today changes nothing about its cases."""
    files = in_force.judge.policy_set.files
    return {file: data for file, data in files.items() if not is_made(file)}


def _digest(files: Mapping[str, bytes]) -> str:
    return digest(sorted(files.items()))


def _measured(
    shelf: PolicyShelf, in_force: Mapping[str, bytes], now: datetime, known: Measures | None
) -> Measures:
    """Read the folder, and try what lies there on the set, unless that was done already."""
    problem = ""
    try:
        folder = shelf.files()
    except PolicyError as error:
        folder, problem = {}, str(error.problems[0])
    of = f"{_digest(in_force)} {_digest(folder)} {problem}"
    if known is not None and known.of == of:
        return known
    return Measures(of=of, policies=measure(in_force, folder, now), problem=problem, folder=folder)


async def authors_of(desk: Desk, file: str, measures: Measures, in_force: InForce) -> tuple[str, ...]:
    """Return who changed a file of the folder last, as git says; nothing where it cannot say."""
    name = named_there(file, measures.folder, _files(in_force))
    if name not in measures.folder:
        return ()
    return tuple(sorted(await asyncio.to_thread(desk.shelf.authors, [name])))
