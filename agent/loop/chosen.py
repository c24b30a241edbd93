"""One pass over some incidents only, named by whoever asks."""

import asyncio
from collections.abc import Sequence

from agent.loop.cycle import judge_due
from agent.loop.feeding import Feeding
from agent.loop.policies import InForce
from agent.loop.poll import save_incidents, surviving
from agent.loop.report import PassReport
from agent.model.errors import Refused
from agent.ports.world import World


async def pass_over(
    world: World, policies: InForce, incident_ids: Sequence[str], stop: asyncio.Event, report: PassReport
) -> None:
    """Ask who is in the groups, read these incidents, or those they were merged into, and decide what they show.

    How long ago they changed does not matter.

    Raises:
        Refused: Graph does not show one of them, or says no.
        Unavailable, Malformed: the first that came up.
    """
    await Feeding().go(world, policies, report)
    for incident_id in dict.fromkeys(incident_ids):
        incident = await surviving(world, incident_id)
        if incident is None:
            raise Refused(f"incident {incident_id}: Graph shows none of this id to this app")
        await save_incidents(world, [incident], report, even_unmoved=True)
    await judge_due(world, policies, report, stop)
