"""(Caps, what others were given within their windows) -> each cap as it stands against one approval."""

from agent.judge.guard import weigh_cap
from agent.judge.rails.scene import Scene
from agent.model.decision import Unit, Weighed
from agent.model.rails import Cap


def caps_as_they_stand(scene: Scene) -> tuple[Weighed, ...]:
    """Return every cap that counts any of the effects, in the order in which they are set."""
    found = (weigh_cap(cap, spent_of(cap, scene), scene.effects) for cap in scene.rails.caps)
    return tuple(one for one in found if one is not None)


def spent_of(cap: Cap, scene: Scene) -> int:
    """Return what was given within the cap's window: other actions, each once; or messages, whichever they are of.

    Exactly a window ago is within it, as with the limits of policies.
    """
    if cap.unit is Unit.MESSAGES:
        return scene.given.messages(cap, scene.now)
    return scene.given.actions(cap, scene.now, but=scene.action.id)
