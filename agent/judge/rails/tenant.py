"""What is acted on is of the tenant that the credential is of, and says so.

A client that was made for one tenant and reads another's objects has been seen to happen [microsoftgraph/
msgraph-sdk-python-core#140]. So every tenant that Defender names has to be ours, and the incident has to name one:
an alert that names none is one of its incident's. The token's own tenant is held to the settings by the login.
"""

from agent.judge.quote import quote
from agent.judge.rails.scene import Scene
from agent.model.decision import Guarded

GUARD = "tenant"


def tenant(scene: Scene) -> Guarded | None:
    """Say that it is another tenant's, or that nothing says whose it is."""
    ours = scene.tenant_id.lower()
    action = scene.action
    said = {
        one.lower()
        for one in (
            action.tenant_id,
            action.incident.tenant_id,
            *(sighting.tenant_id for sighting in action.sightings),
        )
        if one
    }
    others = sorted(said - {ours})
    if others:
        words = (
            f"Defender says that it is of tenant {quote(others[0])}, and this agent looks after {quote(ours)}"
        )
        return Guarded(guard=GUARD, words=words)
    if not action.incident.tenant_id:
        return Guarded(guard=GUARD, words="the incident does not say of which tenant it is")
    return None
