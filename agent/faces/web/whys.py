"""Why one action was decided so, clause by clause.

With few messages the action's own page has it whole. With many it takes seconds, so that the page has what was recorded
with the decision, and the whole stands at an address of its own.
"""

import asyncio
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from agent.faces.web.addresses import twins
from agent.faces.web.refusing import NotHere
from agent.faces.web.showing import show
from agent.faces.web.site import Site, site_of
from agent.faces.web.slowly import UNDER_WAY, slowly
from agent.faces.why import Why, recorded, taken_apart
from agent.judge.compile import Judge
from agent.judge.quote import counted
from agent.loop.policies import InForce
from agent.model.enactment import Record

AT_ONCE = 250
"""Messages up to which a decision is taken apart while its page waits."""


class WhyPage(msgspec.Struct, frozen=True, kw_only=True):
    """Why one action was decided so."""

    id: str
    what: str
    reason: str
    why: Why | None
    is_searching: bool


async def found(request: Request) -> Record:
    """Return the action that the address names.

    Raises:
        NotHere: this tenant has none of this id.
    """
    action_id: str = request.path_params["id"]
    record = (await site_of(request).desk.ledger.load([action_id])).get(action_id)
    if record is None:
        raise NotHere("nothing is known of an action of this id here")
    return record


async def why_of(
    request: Request, policies: InForce | str, record: Record
) -> tuple[Judge | None, Why | None]:
    """Return the policies that decided, where they are at hand, and why: as it was recorded where that is quicker."""
    decision = record.decision
    if decision is None:
        return None, None
    now = _judge_of(policies)
    then = await _then(site_of(request), now, decision.revision)
    if isinstance(then, str):
        return None, recorded(decision, now, then)
    messages = len(decision.facts.messages or ())
    if messages > AT_ONCE:
        lacks = f"with {counted(messages, 'message', 'messages')} it takes a while to take it apart"
        return then, recorded(decision, now, lacks)
    return then, await asyncio.to_thread(taken_apart, record.action, decision, then, now)


def _judge_of(policies: InForce | str) -> Judge | str:
    return policies.judge if isinstance(policies, InForce) else policies


async def _then(site: Site, now: Judge | str, revision: str) -> Judge | str:
    is_same = isinstance(now, Judge) and now.revision == revision
    return now if is_same else await site.policies.of(revision)


async def open_why(request: Request) -> Response:
    """Show why an action was decided so, whole, however long that takes."""
    record = await found(request)
    decision, now = record.decision, _judge_of(await site_of(request).policies.now_or_why())
    if decision is None:
        raise NotHere("this action was not judged yet, so that there is nothing to explain")
    then = await _then(site_of(request), now, decision.revision)
    page = WhyPage(
        id=record.action.id, what=record.action.label, reason=decision.reason, why=None, is_searching=False
    )
    if isinstance(then, str):
        page = msgspec.structs.replace(page, why=recorded(decision, now, then))
        return await show(request, "why.html", page)
    in_its_place = now.revision if isinstance(now, Judge) else ""
    key = ("why", record.action.id, decision.at, decision.grounds, decision.revision, in_its_place)
    why = await slowly(request).get(key, partial(taken_apart, record.action, decision, then, now))
    if why is None:
        page = msgspec.structs.replace(page, why=recorded(decision, now, UNDER_WAY), is_searching=True)
        return await show(request, "why.html", page, status=202)
    return await show(request, "why.html", msgspec.structs.replace(page, why=why))


ROUTES: tuple[BaseRoute, ...] = twins("/actions/{id}/why", open_why)
