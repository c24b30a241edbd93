"""Every page that can be opened, found by the site's own routes: one that is added is looked at without being named here."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from starlette.routing import Route

from agent.faces.web.app import routes
from agent.model.enactment import Record
from agent.model.pending import ActionKind
from tests.browser.browsing import Place

NOT_PAGES = ("/health", "/live")
"""What answers without a page."""

OPEN = ("/sign-in",)
"""What is for those who are not signed in."""


CHOSEN = "/pending/chosen"
"""What shows several actions together."""


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
    """Return where this page is to be found in the week's work, at least once; each state of an action has its own."""
    records = await place.bench.records()
    policies = await place.house.site.policies.now()
    known = {
        "/actions/": sorted({record.action.id for record in records}),
        "/incidents/": sorted({record.action.incident.id for record in records}),
        "/policies/": sorted(policies.judge.policies),
    }
    if path == CHOSEN:
        return [_chosen(records, verb) for verb in ("approve", "reject")]
    found = [path] if "{" not in path else list(_filled(path, known))
    assert found, f"no example of {path}"
    return found


def _chosen(records: Sequence[Record], verb: str) -> str:
    """Return where several clusters are shown together, those that can be answered and those that cannot."""
    clusters = [("id", one.action.id) for one in records if one.action.kind is ActionKind.SOFT_DELETE_CLUSTER]
    return f"{CHOSEN}?{urlencode([('verb', verb), *clusters])}"


def _filled(path: str, known: dict[str, list[str]]) -> Iterator[str]:
    before, _, rest = path.partition("{")
    after = rest.partition("}")[2]
    for value in known[before]:
        yield f"{before}{value}{after}"
