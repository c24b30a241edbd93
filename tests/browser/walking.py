"""Every page that can be opened, found by the site's own routes: one that is added is looked at without being named here."""

from collections.abc import Iterator
from urllib.parse import urlencode

from starlette.routing import Route

from agent.faces.web.app import routes
from agent.model.enactment import State
from tests.browser.browsing import Place
from tests.browser.scene import DELETED, HANDED, QUESTION

NOT_PAGES = ("/healthz", "/readyz", "/live")
"""What answers without a page."""

OPEN = ("/sign-in",)
"""What is for those who are not signed in."""


def pages() -> tuple[str, ...]:
    """Return the paths of all pages, with names in braces for what differs."""
    return tuple(
        one.path
        for one in routes()
        if isinstance(one, Route)
        and "GET" in (one.methods or set())
        and not one.path.endswith((".json", ".csv"))
        and one.path not in {*NOT_PAGES, "/"}
        and not one.path.startswith(OPEN)
    )


async def addresses(place: Place, path: str) -> list[str]:
    """Return where this page is to be found in the week's work, at least once."""
    records = {record.action.incident.id: record for record in await place.bench.records()}
    policies = await place.house.site.policies.now()
    several = (
        (QUESTION, DELETED, HANDED)
        if path.startswith("/actions/{id}") and path.endswith("}")
        else (QUESTION,)
    )
    known = {
        "/actions/": [records[one].action.id for one in several],
        "/incidents/": [QUESTION],
        "/policies/": sorted(policies.judge.policies)[:1],
    }
    waiting = [one.action.id for one in records.values() if one.state is State.ESCALATED]
    if path == "/pending/chosen":
        return [f"{path}?{urlencode({'verb': 'approve', 'id': waiting[:2]}, doseq=True)}"]
    found = [path] if "{" not in path else list(_filled(path, known))
    assert found, f"no example of {path}"
    return found


def _filled(path: str, known: dict[str, list[str]]) -> Iterator[str]:
    before, _, rest = path.partition("{")
    after = rest.partition("}")[2]
    for value in known[before]:
        yield f"{before}{value}{after}"
