"""Where people go from a notice: to the agent's own page of what it is about, or to Defender where there are no pages.

A link finds the page and authorises nothing: whoever opens it signs in first.
"""

from collections.abc import Collection, Sequence
from urllib.parse import quote

from agent.model.chain import Escalating
from agent.model.escalation import Item, Page

OF_INCIDENT = "incident:"
"""How the group of an incident's page begins; the incident's id follows."""

PENDING = "/pending"
STATUS = "/status"


def link_of(items: Sequence[Item], rules: Escalating) -> str:
    """Return where people answer: the page of the one action, of the one incident, or of all that waits.

    Without pages it is the incident of the most urgent action in Defender, or Defender.
    """
    if not rules.pages:
        return next((item.incident_url for item in items if item.incident_url), rules.portal)
    actions = {item.action_id for item in items}
    return f"{rules.pages}{_of(actions, {item.incident_id for item in items})}"


def link_back(page: Page, rules: Escalating) -> str:
    """Return where people see what became of a page that needs nobody any more."""
    if not rules.pages:
        return rules.portal
    group = page.group
    incidents = {group.removeprefix(OF_INCIDENT)} if group.startswith(OF_INCIDENT) else set()
    return f"{rules.pages}{_of({member.action_id for member in page.members}, incidents)}"


def link_to_action(action_id: str, otherwise: str | None, rules: Escalating) -> str | None:
    """Return the page of an action; what is given otherwise where there are no pages."""
    return f"{rules.pages}{_of({action_id}, ())}" if rules.pages else otherwise


def link_to_status(rules: Escalating) -> str:
    """Return where people see how the agent stands."""
    return f"{rules.pages}{STATUS}" if rules.pages else rules.portal


def link_to_pending(otherwise: str | None, rules: Escalating) -> str | None:
    """Return where everything is that waits; what is given otherwise where there are no pages."""
    return f"{rules.pages}{PENDING}" if rules.pages else otherwise


def _of(actions: Collection[str], incidents: Collection[str]) -> str:
    if len(actions) == 1:
        return f"/actions/{_segment(next(iter(actions)))}"
    if len(incidents) == 1 and all(incidents):
        return f"/incidents/{_segment(next(iter(incidents)))}"
    return PENDING


def _segment(text: str) -> str:
    return quote(text, safe="")
