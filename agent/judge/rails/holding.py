"""A hold stands: a person laid it, or the agent itself when approvals left their usual band."""

from agent.judge.quote import quote
from agent.judge.rails.scene import Scene
from agent.judge.rails.surge import HOUR
from agent.model.decision import Guarded
from agent.model.hold import BRAKE, KILL_SWITCH, Hold

WOULD_BRAKE = "approvals left their usual band: the brake would be on until a person released it"


def hold(scene: Scene) -> Guarded | None:
    """Say that a person holds everything."""
    found = next((one for one in scene.holds if one.name != BRAKE), None)
    return None if found is None else Guarded(guard=KILL_SWITCH, words=held_words(found))


def brake(scene: Scene) -> Guarded | None:
    """Say that the brake is on, until a person releases it; or that it would be, which ends by itself."""
    found = next((one for one in scene.holds if one.name == BRAKE), None)
    if found is not None:
        return Guarded(guard=BRAKE, words=held_words(found))
    return Guarded(guard=BRAKE, words=WOULD_BRAKE, until=scene.now + HOUR) if scene.surges else None


def held_words(found: Hold) -> str:
    """Say since when, by whom and why it stands, and what ends it.

    What the brake asks stands in its alarm, once, and not in every action that it holds.
    """
    since = found.since.strftime("%Y-%m-%d %H:%MZ")
    if found.name == BRAKE:
        return f"approvals left their usual band at {since}; {found.ended_by} ends it"
    return f"{quote(found.by)} holds everything since {since}: {quote(found.reason, 200)}; {found.ended_by} ends it"
