"""The policies by which the past is judged: those in force, with who is in their groups now.

Nothing of the agent's own is touched: who is in a group is asked and not written down, since what is recorded would be judged
anew by it; and a set that is kept never takes the place of the one in force.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from agent.judge.lists import group_key
from agent.judge.past.afterwards import By
from agent.loop.policies import InForce
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.policy import KeptSet, ListType, Members
from agent.ports.world import World


async def feed(world: World, policies: InForce) -> list[str]:
    """Ask who is in the groups that lists are fed from, where that is not known already; return what went wrong.

    It is not written down: the agent's own lists, and what was judged by them, are no matter of an import.
    """
    problems = list[str]()
    for one in policies.fed:
        if one.feed is None or one.name in _fresh(policies, world.clock.now()):
            continue
        ask = world.directory.devices if one.type is ListType.DEVICES else world.directory.people
        asked = world.clock.now()
        try:
            values = await ask(one.feed.group)
        except (Refused, Malformed, Unavailable) as error:
            problems.append(f"list {one.name}: {error}")
            continue
        key = group_key(one)
        policies.members[key] = Members(group=key, at=asked, values=values)
    policies.renew()
    return problems


def _fresh(policies: InForce, now: datetime) -> tuple[str, ...]:
    """Return the lists that are fed and not too old to be gone by."""
    fetched = policies.fetched
    return tuple(
        one.name
        for one in policies.fed
        if one.feed is not None and one.name in fetched and now - fetched[one.name] <= one.feed.stale
    )


async def keep_beside(world: World, policies: InForce) -> None:
    """Keep the set in the ledger, for its revision to be looked up, and leave the one in force the newest there."""
    judge = policies.judge
    if await world.ledger.kept_set(judge.revision) is not None:
        return
    newest = await world.ledger.kept_set()
    now = world.clock.now()
    at = now if newest is None else min(now, newest.at - timedelta(microseconds=1))
    await world.ledger.keep_set(
        KeptSet(revision=judge.revision, git=judge.git, at=at, files=judge.policy_set.files)
    )


def by_these(world: World, policies: InForce) -> By:
    """Return what is judged by."""
    return By(
        judge=policies.judge,
        fed=_fresh(policies, world.clock.now()),
        rails=world.rails,
        own=world.own,
        enforces_observers=world.enforces_observers,
        targets_per_call=world.pace.targets_per_call,
        version=world.version,
    )


def digest_of(policies: InForce) -> str:
    """Return a digest of the files that are judged by; who is in a group changes too often to begin anew for."""
    whole = sha256()
    for name, data in sorted(policies.written.items()):
        whole.update(f"{name}\x1f{len(data)}\x1f".encode())
        whole.update(data)
    return whole.hexdigest()[:16]
