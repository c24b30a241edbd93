"""What would have changed a decision, at an address of its own: the search may take many seconds."""

from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from agent.faces.web.addresses import twins
from agent.faces.web.showing import show
from agent.faces.web.site import site_of
from agent.faces.web.slowly import UNDER_WAY, slowly
from agent.faces.web.whys import found
from agent.judge.account import Account
from agent.judge.because import because
from agent.judge.compile import Judge
from agent.judge.people import by
from agent.model.decision import Decision
from agent.model.enactment import Record
from agent.model.explanation import Flips


class FlipsPage(msgspec.Struct, frozen=True, kw_only=True):
    """What would have led to other decisions on one action."""

    id: str
    what: str
    decided: str
    decided_by: str
    because: str
    flips: tuple[Flips, ...] = ()
    why_none: str = ""
    """Why nothing can be told, or not yet; empty where it can."""
    is_searching: bool = False


def searched(record: Record, decision: Decision, judge: Judge) -> tuple[Flips, ...]:
    """Return what would have changed the decision."""
    account = Account(judge, record.action, decision.facts, enforces_observers=decision.enforces_observers)
    return account.flips()


async def open_flips(request: Request) -> Response:
    """Show what would have changed the decision on an action."""
    record = await found(request)
    decision = record.decision
    page = FlipsPage(
        id=record.action.id,
        what=record.action.label,
        decided=decision.verb.value if decision is not None else "none yet",
        decided_by=by(decision) if decision is not None else "",
        because=because(decision) if decision is not None else "",
    )
    if decision is None:
        page = msgspec.structs.replace(
            page, why_none="it was not judged yet, so that nothing would have changed it"
        )
        return await show(request, "flips.html", page)
    judge = await site_of(request).policies.of(decision.revision)
    if isinstance(judge, str):
        return await show(request, "flips.html", msgspec.structs.replace(page, why_none=judge))
    key = ("flips", record.action.id, decision.at, decision.grounds, decision.revision)
    result = await slowly(request).get(key, partial(searched, record, decision, judge))
    if result is None:
        waiting = msgspec.structs.replace(page, why_none=UNDER_WAY, is_searching=True)
        return await show(request, "flips.html", waiting, status=202)
    return await show(request, "flips.html", msgspec.structs.replace(page, flips=result))


ROUTES: tuple[BaseRoute, ...] = twins("/actions/{id}/flips", open_flips)
