"""The policies that the agent goes by, and went by, as its ledger keeps them: compiled once for each revision."""

from dataclasses import dataclass, field

from agent.judge.compile import Judge
from agent.loop.policies import InForce
from agent.loop.replaying import judge_of
from agent.loop.run import load
from agent.model.errors import PolicyError
from agent.model.policy import KeptSet, Members
from agent.ports.world import Desk

MOST_PAST = 8
"""Sets of the past that are kept compiled: pages ask again and again for the same few."""


@dataclass(slots=True)
class Known:
    """The set in force. What the ledger keeps counts, not what lies in the folder: the agent decides by that."""

    desk: Desk
    _mark: tuple[object, ...] = ()
    _known: InForce | PolicyError | None = None
    _past: dict[str, Judge] = field(default_factory=dict)

    async def now(self) -> InForce:
        """Return the policies in force with who is in the groups of their lists; those of the folder before the first start.

        Raises:
            PolicyError: they do not load in this version.
        """
        kept = await self.desk.ledger.kept_set()
        if kept is None:
            return await load(self.desk)
        members = dict(await self.desk.ledger.members())
        mark = (kept.revision, kept.git, tuple(sorted((key, one.at) for key, one in members.items())))
        if self._known is None or mark != self._mark:
            self._known, self._mark = _compiled(kept, members), mark
        if isinstance(self._known, PolicyError):
            raise self._known.with_traceback(None)
        return self._known

    async def now_or_why(self) -> InForce | str:
        """Return the policies in force, or in words why they cannot be had."""
        try:
            return await self.now()
        except PolicyError as error:
            return str(error)

    async def of(self, revision: str) -> Judge | str:
        """Return the policies of a revision as they were in force, or in words why they are not at hand."""
        known = self._past.pop(revision, None)
        found = await judge_of(self.desk.ledger, revision) if known is None else known
        if isinstance(found, Judge):
            self._past[revision] = found
            while len(self._past) > MOST_PAST:
                del self._past[next(iter(self._past))]
        return found


def _compiled(kept: KeptSet, members: dict[str, Members]) -> InForce | PolicyError:
    """Return a set, or why it does not load: to find that out takes as long, and every page asks."""
    try:
        return InForce(kept.files, members, git=kept.git, is_past=True)
    except PolicyError as error:
        return error
