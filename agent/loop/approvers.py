"""Whether those who approved are approvers still: asked of the directory when their answers are to carry something out.

A role of the sign-in is read once from a token, and may be taken away an hour later. What may not be read does not
count: nobody is taken for an approver because the agent was not allowed to look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.judge.count import ROLE, grant_of
from agent.judge.quote import quote
from agent.model.answer import Answer
from agent.model.chain import Chain
from agent.model.errors import Malformed, Refused
from agent.ports.world import World


@dataclass(slots=True)
class Approvers:
    """Who holds which role, as it was read once."""

    holders: dict[str, frozenset[str] | str] = field(default_factory=dict)
    """By role; in words why not, where they may not be read."""

    async def gone(self, world: World, approvals: Sequence[Answer], chain: Chain | None) -> Mapping[int, str]:
        """Return of which of these approvals, by their numbers, the person is no approver any more, and why.

        Raises:
            Unavailable: it cannot be read now.
        """
        if not approvals or chain is None:
            return {}
        enabled = await self._enabled(world, [one.person.object_id for one in approvals])
        found = {one.number: await self._why(world, one, chain, enabled) for one in approvals}
        return {number: words for number, words in found.items() if words}

    async def _why(self, world: World, one: Answer, chain: Chain, enabled: frozenset[str] | str) -> str:
        name = quote(one.person.name)
        if isinstance(enabled, str):
            return f"whether the account of {name} is enabled may not be read: {enabled}"
        if one.person.object_id not in enabled:
            return f"the account of {name} is disabled, or gone"
        grant = grant_of(one.person, chain)
        if not grant.startswith(ROLE):
            return ""
        role = grant.removeprefix(ROLE)
        holders = await self._holders(world, role)
        if isinstance(holders, str):
            return f"who has role {quote(role)} may not be read: {holders}"
        return "" if one.person.object_id in holders else f"{name} does not have role {quote(role)} any more"

    async def _holders(self, world: World, role: str) -> frozenset[str] | str:
        if role not in self.holders:
            try:
                self.holders[role] = await world.directory.holders(role)
            except (Refused, Malformed) as error:
                self.holders[role] = str(error)
        return self.holders[role]

    async def _enabled(self, world: World, object_ids: Sequence[str]) -> frozenset[str] | str:
        try:
            return await world.directory.enabled(object_ids)
        except (Refused, Malformed) as error:
            return str(error)
