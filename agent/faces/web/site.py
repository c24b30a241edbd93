"""What the pages show and write to: one tenant's desk, its past, who is signed in, and the policies in force.

Nothing here logs in to Graph. Whoever takes the pages over can answer as those who are signed in, and delete nothing:
the agent reads everything again before it carries an answer out, and asks Entra ID whether its people are approvers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from agent.faces.web.door import Door
from agent.faces.web.in_force import Known
from agent.faces.web.measuring import Measuring
from agent.faces.web.patience import Patiently
from agent.faces.web.pressing import Pressing
from agent.faces.web.retrospect import Looking
from agent.faces.web.tallies import Deeds, Tallies
from agent.model.report import Group
from agent.ports.archive import Archive
from agent.ports.escalation import Pages
from agent.ports.host import Clock
from agent.ports.ledger import Trail
from agent.ports.sessions import Sessions
from agent.ports.world import Desk
from agent.settings.subjects import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that a page may need; it lives as long as the process."""

    settings: Settings
    desk: Desk
    pages: Pages
    """What people on call were told."""
    archive: Archive
    trail: Trail
    sessions: Sessions
    policies: Known
    door: Door
    """How people sign in."""
    wall: Clock
    """Real time, by which sign-ins last: the desk's own runs faster in a demo."""
    pressing: Pressing = field(default_factory=Pressing)
    """What people have to press in Defender."""
    measuring: Measuring = field(default_factory=Measuring)
    """How the cases go on the set in force."""
    tallies: Tallies = field(default_factory=Tallies)
    """What each policy did lately."""
    counted: Patiently[tuple[Mapping[str, Deeds], Mapping[str, Group]]] = field(default_factory=Patiently)
    """The same, with how often people agreed."""
    looking: Looking = field(default_factory=Looking)
    """What lies behind, summed up."""


def site_of(request: Request) -> Site:
    """Return the site that is asked for something."""
    found: Site = request.app.state.site
    return found
