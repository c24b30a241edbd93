"""How the agent stands, read from its ledger while it runs or not."""

from datetime import datetime

import msgspec

from agent.judge.parse import parse_set
from agent.model.errors import PolicyError
from agent.model.policy import KeptSet, Mode
from agent.model.standing import SetInForce, Standing
from agent.ports import Ledger


async def standing(ledger: Ledger, now: datetime, mode: Mode, *, enforces_observers: bool) -> Standing:
    """Return how the agent stands at `now`; what the settings say of it is told as it is given."""
    kept = await ledger.kept_set()
    return Standing(
        now=now,
        mode=mode.value,
        policies=None if kept is None else _in_force(kept, enforces_observers=enforces_observers),
        alarms=await ledger.alarms(),
        watermark=await ledger.cursor(),
        swept=await ledger.swept(),
        next_due=await ledger.next_due(),
        states=await ledger.counts(),
    )


def _in_force(kept: KeptSet, *, enforces_observers: bool) -> SetInForce:
    known = SetInForce(revision=kept.revision, git=kept.git, since=kept.at)
    try:
        found = parse_set(kept.files)
    except PolicyError as error:
        problem = f"another version of the agent keeps it, and this one does not load it: {error.problems[0]}"
        return msgspec.structs.replace(known, problem=problem)
    enforcing = sum(enforces_observers or one.mode is Mode.ENFORCE for one in found.policies)
    return msgspec.structs.replace(
        known,
        enforcing=enforcing,
        observing=len(found.policies) - enforcing,
        lists=len(found.lists),
    )
