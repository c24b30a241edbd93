"""What incidents show, with the kinds that AIR's own rows name."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from agent.judge.naming import ids_to_look_for, leaves_open, named, places_of
from agent.judge.recognise import recognise
from agent.model.air import AirAction
from agent.model.defender import Incident
from agent.model.pending import PendingAction
from agent.ports.world import World


async def shown(world: World, incidents: Iterable[Incident], now: datetime) -> list[PendingAction]:
    """Return everything in these incidents that awaits approval, or may have awaited it before."""
    seen = [one for each in incidents for one in recognise(each, tenant_id=world.tenant_id, now=now)]
    asked = [one for one in seen if one.is_pending or leaves_open(one)]
    places = dict.fromkeys(place for one in asked for place in places_of(one))
    rows: dict[str, list[AirAction]] = defaultdict(list)
    for row in await world.ledger.air_actions(list(places)):
        for place in row.places:
            rows[place].append(row)
    ids = dict.fromkeys(name for one in asked if leaves_open(one) for name in ids_to_look_for(one))
    known = await world.ledger.load(list(ids)) if ids else {}
    found: list[PendingAction] = []
    for one in seen:
        about = {row.id: row for place in places_of(one) for row in rows.get(place, ())}
        found += named(one, about.values(), known)
    return found
