"""How many distinct users and devices are touched within a day, as they are counted and as a part of the tenant.

A part means nothing in a small tenant, where one mailbox of twenty is a twentieth: up to a floor it is not asked.
A user is counted by the name a target has, a mailbox by its address, an account by its id: one who is touched in
both ways counts twice, which errs on the safe side.
"""

from collections.abc import Iterable

from agent.judge.quote import counted
from agent.judge.rails.scene import DAY, Scene
from agent.model.decision import Guarded
from agent.model.enactment import DEVICE_EFFECTS, MAIL_EFFECTS, RULE_EFFECTS, Effect

GUARD = "radius"

BY_PLACE = MAIL_EFFECTS | RULE_EFFECTS
"""Effects whose target names the user in its place: a mailbox."""


def users_of(effects: Iterable[Effect]) -> frozenset[str]:
    """Return whose mailboxes and accounts these effects touch."""
    return frozenset(
        (pair[1] if effect.kind in BY_PLACE else pair[0]).lower()
        for effect in effects
        if effect.kind not in DEVICE_EFFECTS
        for pair in effect.targets
    )


def devices_of(effects: Iterable[Effect]) -> frozenset[str]:
    """Return which devices these effects touch."""
    return frozenset(
        pair[1].lower() for effect in effects if effect.kind in DEVICE_EFFECTS for pair in effect.targets
    )


def radius(scene: Scene) -> Guarded | None:
    """Say that with it too many users or devices would be touched within the day."""
    recent = [effect for effect in scene.given if scene.now - effect.intended_at < DAY]
    rails = scene.rails
    users, devices = users_of(scene.effects), devices_of(scene.effects)
    words = None
    if users:
        count = len(users | users_of(recent))
        words = _passed(count, rails.users_per_day, "user") or _share(
            count, rails.users, rails.share_of_users, rails.share_from, "user"
        )
    if devices and words is None:
        count = len(devices | devices_of(recent))
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
