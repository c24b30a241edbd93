"""The simulator that is measured against: tenants behind one address in a process of their own, to which actions come on time."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from agent.simulator import happenings, mailings, serve, tenant
from agent.simulator.app import Simulator, build
from agent.simulator.clock import RealClock
from agent.simulator.furnishing import furnish
from agent.simulator.making import Maker
from agent.simulator.several import Several, tenant_ids
from agent.simulator.switches import Switches

MESSAGES = 5
"""Messages of each action."""

APART = 1_000_000
"""Added to the seed of what comes: of one seed some alerts would have the ids of what waits, and move it to their incident."""

THROTTLE = 150
"""Requests of a tenant that are answered in a minute, as Graph throttles what asks for security."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in each tenant, and what comes from `begin` to `end`, in seconds: evenly, each at any moment of its part."""

    tenants: int = 1
    waiting: int = 0
    arriving: int = 0
    begin: float = 0.0
    end: float = 0.0


@contextmanager
def simulated(plan: Plan) -> Iterator[str]:
    """Give the address of these tenants while they live."""
    command = [sys.executable, "-m", "tests.bench.tenants", msgspec.json.encode(plan).decode()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def main(plan: Plan) -> None:
    """Serve them until killed, and say on which port."""
    now, chance = datetime.now(UTC), Random(5)  # noqa: TID251  the clock that agents go by as well
    apps = {
        one: _tenant(number, one, plan, now, chance) for number, one in enumerate(tenant_ids(plan.tenants))
    }
    serve.serve(Several(apps), on_ready=lambda port: print(port, flush=True))


def _tenant(number: int, tenant_id: str, plan: Plan, now: datetime, chance: Random) -> Simulator:
    state = tenant.burst(number, now, actions=plan.waiting, messages_each=MESSAGES)
    state.tenant_id = tenant_id
    furnish(state.directory, number)
    maker = Maker(number + APART, now, first_incident=500_000)
    for one in range(plan.arriving):
        part = (one + chance.random()) / plan.arriving
        due = now + timedelta(seconds=plan.begin + (plan.end - plan.begin) * part)
        state.plan(due, happenings.arrive(mailings.one_url(maker, f"New {one}", due, size=MESSAGES)))
    return build(state, Switches(throttle_per_minute=THROTTLE), clock=RealClock(now, 1.0))


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Plan))
