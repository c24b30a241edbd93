"""How many distinct users and devices are touched within a day, as they are counted and as a part of the tenant.

A part means nothing in a small tenant, where one mailbox of twenty is a twentieth: up to a floor it is not asked.
A user is counted by the name a target has, a mailbox by its address, an account by its id: one who is touched in
both ways counts twice, which errs on the safe side.
"""

from agent.judge.quote import counted
from agent.judge.rails.given import devices_of, users_of
from agent.judge.rails.scene import Scene
from agent.model.decision import Guarded

GUARD = "radius"


def radius(scene: Scene) -> Guarded | None:
    """Say that with it too many users or devices would be touched within the day."""
    rails = scene.rails
    users, devices = frozenset(users_of(scene.effects)), frozenset(devices_of(scene.effects))
    words = None
    if users:
        count = scene.given.users(scene.now, users)
        words = _passed(count, rails.users_per_day, "user") or _share(
            count, rails.users, rails.share_of_users, rails.share_from, "user"
        )
    if devices and words is None:
        count = scene.given.devices(scene.now, devices)
        words = _passed(count, rails.devices_per_day, "device") or _share(
            count, rails.devices, rails.share_of_devices, rails.share_from, "device"
        )
    return None if words is None else Guarded(guard=GUARD, words=words)


def _passed(count: int, most: int, one: str) -> str | None:
    if count <= most:
        return None
    return (
        f"with it {counted(count, one, f'{one}s')} would be touched within a day, and {most:,} are the most"
    )


def _share(count: int, of: int | None, share: float, floor: int, one: str) -> str | None:
    if of is None or count <= floor or count <= share * of:
        return None
    return (
        f"with it {counted(count, one, f'{one}s')} of the tenant's {of:,} would be touched within a day, "
        f"and {share:.0%} are the most"
    )
