"""One pass over some incidents only, named by whoever asks."""

import asyncio
from collections.abc import Sequence

from agent.judge.compile import Judge
from agent.loop.cycle import judge_due
from agent.loop.poll import save_incidents, surviving
from agent.loop.report import PassReport
from agent.model.errors import Refused
from agent.ports import World


async def pass_over(
    world: World, judge: Judge, incident_ids: Sequence[str], stop: asyncio.Event, report: PassReport
) -> None:
    """Read these incidents, or those they were merged into, however long ago they changed, and decide what they show.

    Raises:
        Refused: Graph does not show one of them, or says no.
        Unavailable, Malformed: the first that came up.
    """
    for incident_id in dict.fromkeys(incident_ids):
        incident = await surviving(world, incident_id)
        if incident is None:
            raise Refused(f"incident {incident_id}: Graph shows none of this id to this app")
        await save_incidents(world, [incident], report, even_unmoved=True)
    await judge_due(world, judge, report, stop)
