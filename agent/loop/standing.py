"""How the agent stands, read from its ledger while it runs or not."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from agent.judge.escalation.apart import is_apart
from agent.judge.parse import parse_set
from agent.loop.failing import ALARM as CHANNEL
from agent.loop.reloading import ALARM
from agent.model.alarm import Alarm
from agent.model.enactment import OPEN
from agent.model.errors import PolicyError
from agent.model.policy import KeptSet, Mode
from agent.model.standing import Brief, SetInForce, Standing, Telling
from agent.ports.escalation import Pages
from agent.ports.ledger import Ledger

LONGEST_STEP = timedelta(minutes=10)
"""How long a step may go on without leaving anything, such as looking up mail where hunting is not granted."""

MISSED = 3
"""Polls that may be missed before an agent is taken for dead."""


async def standing(
    ledger: Ledger,
    pages: Pages,
    now: datetime,
    mode: Mode,
    *,
    poll_every: timedelta,
    enforces_observers: bool,
) -> Standing:
    """Return how the agent stands at `now`; what the settings say of it is told as it is given."""
    kept = await ledger.kept_set()
    alarms = await ledger.alarms()
    alive = await ledger.alive()
    return Standing(
        now=now,
        mode=mode.value,
        policies=None if kept is None else _in_force(kept, alarms, enforces_observers=enforces_observers),
        alarms=alarms,
        fallbacks=await ledger.fallbacks(),
        holds=await ledger.holds(),
        replicas=await ledger.replicas(),
        alive=alive,
        is_silent=is_silent(alive, now, poll_every),
        watermark=await ledger.cursor(),
        swept=await ledger.swept(),
        next_due=await ledger.next_due(),
        states=await ledger.counts(),
        telling=await _telling(pages, alarms),
    )


async def briefly(
    ledger: Ledger, now: datetime, mode: Mode, *, tenant: str, tenant_id: str, poll_every: timedelta
) -> Brief:
    """Return how the agent stands in one of many tenants: what is quickly read, also where there are very many."""
    alive = await ledger.alive()
    states = await ledger.counts()
    earliest = await ledger.listed(states=OPEN, limit=1)
    newest = max(await ledger.replicas(), key=lambda one: one.alive, default=None)
    return Brief(
        tenant=tenant,
        tenant_id=tenant_id,
        mode=mode.value,
        alarms=await ledger.alarms(),
        holds=await ledger.holds(),
        fallbacks=await ledger.fallbacks(),
        alive=alive,
        is_silent=is_silent(alive, now, poll_every),
        open=sum(states.get(state, 0) for state in OPEN),
        deadline=next((one.action.deadline for one in earliest), None),
        passing=None if newest is None else newest.passing,
    )


async def _telling(pages: Pages, alarms: Sequence[Alarm]) -> Telling:
    named = [one.name for one in alarms]
    return Telling(
        pages=sum(not is_apart(page) for page in await pages.open()),
        waiting=await pages.waiting(),
        failing=tuple(name.removeprefix(CHANNEL) for name in named if name.startswith(CHANNEL)),
    )


def is_silent(alive: datetime | None, now: datetime, poll_every: timedelta) -> bool:
    """Whether no agent can be running that polls so often, since the newest sign of life is this one."""
    return alive is None or now - alive > MISSED * poll_every + LONGEST_STEP


def _in_force(kept: KeptSet, alarms: Sequence[Alarm], *, enforces_observers: bool) -> SetInForce:
    problem = next((one.words for one in alarms if one.name == ALARM), "")
    known = SetInForce(revision=kept.revision, git=kept.git, since=kept.at, problem=problem)
    try:
        found = parse_set(kept.files, is_past=True)
    except PolicyError as error:
        problem = f"another version of the agent keeps it, and this one does not load it: {error.problems[0]}"
        return msgspec.structs.replace(known, problem=problem)
    enforcing = sum(one.enforces_somewhere(enforces_observers=enforces_observers) for one in found.policies)
    return msgspec.structs.replace(
        known,
        enforcing=enforcing,
        observing=len(found.policies) - enforcing,
        lists=len(found.lists),
        chains=len(found.chains),
        channels=len(found.channels),
    )
