"""What would have changed a decision, at an address of its own: the search may take many seconds.

One search runs at a time, in a thread, so that the other pages stay as quick as they are. Whoever asks waits a while; where
it is not over by then the page says so, the search goes on, and the next look finds it. What was found is kept for as long
as the same grounds were decided by the same policies.
"""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from agent.faces.web.actions import found
from agent.faces.web.addresses import twins
from agent.faces.web.showing import show
from agent.faces.web.site import site_of
from agent.judge.account import Account
from agent.judge.because import because
from agent.judge.compile import Judge
from agent.judge.people import by
from agent.model.decision import Decision
from agent.model.enactment import Record
from agent.model.explanation import Flips

PATIENCE = 8.0
"""Seconds that whoever asks waits for a search."""

KEPT = 200
"""Results that are kept."""

AT_ONCE = 20
"""Searches that wait or run; whoever asks for one more is told to come later."""

Key = tuple[str, str, str]
"""The action, the grounds of its decision, and the policies that it was made by."""


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


class Searches:
    """The searches of one site: those that run, and what the last ones found."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._one = asyncio.Lock()
        self._under_way: dict[Key, asyncio.Task[tuple[Flips, ...]]] = {}
        self._found: dict[Key, tuple[Flips, ...]] = {}

    async def flips(self, record: Record, decision: Decision, judge: Judge) -> tuple[Flips, ...] | str:
        """Return what would have changed the decision, or in words why that is not known yet."""
        key = (record.action.id, decision.grounds, decision.revision)
        if key in self._found:
            return self._found[key]
        task = self._under_way.get(key)
        if task is None:
            if len(self._under_way) >= AT_ONCE:
                return "many searches are waiting already: look again in a minute"
            task = asyncio.create_task(self._search(key, record, decision, judge))
            self._under_way[key] = task
        done, _ = await asyncio.wait({task}, timeout=self._patience)
        if not done:
            return "it is being searched for: many messages take up to half a minute"
        return task.result()

    async def _search(self, key: Key, record: Record, decision: Decision, judge: Judge) -> tuple[Flips, ...]:
        try:
            async with self._one:
                self._found[key] = await asyncio.to_thread(_searched, record, decision, judge)
        finally:
            del self._under_way[key]
        while len(self._found) > KEPT:
            del self._found[next(iter(self._found))]
        return self._found[key]


def _searched(record: Record, decision: Decision, judge: Judge) -> tuple[Flips, ...]:
    account = Account(judge, record.action, decision.facts, enforces_observers=decision.enforces_observers)
    return account.explanation().flips


async def open_flips(request: Request) -> Response:
    """Show what would have changed the decision on an action."""
    record = await found(request)
    decision = record.decision
    page = FlipsPage(
        id=record.action.id,
        what=record.action.label,
        decided=decision.verb.value if decision is not None else "none yet",
        decided_by=by(decision) if decision is not None else "",
        because=because(decision, ()) if decision is not None else "",
    )
    if decision is None:
        page = msgspec.structs.replace(
            page, why_none="it was not judged yet, so that nothing would have changed it"
        )
        return await show(request, "flips.html", page)
    judge = await site_of(request).policies.of(decision.revision)
    if isinstance(judge, str):
        return await show(request, "flips.html", msgspec.structs.replace(page, why_none=judge))
    result = await searches_of(request).flips(record, decision, judge)
    if isinstance(result, str):
        waiting = msgspec.structs.replace(page, why_none=result, is_searching=True)
        return await show(request, "flips.html", waiting, status=202)
    return await show(request, "flips.html", msgspec.structs.replace(page, flips=result))


def searches_of(request: Request) -> Searches:
    """Return the searches of this site, which live as long as the process."""
    known: Searches | None = getattr(request.app.state, "searches", None)
    if known is None:
        known = request.app.state.searches = Searches()
    return known


ROUTES: tuple[BaseRoute, ...] = twins("/actions/{id}/flips", open_flips)
