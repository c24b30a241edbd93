"""One action's page, the list of its targets, and the answer that a person gives there."""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from agent.faces.doing import Line, does
from agent.faces.holds import is_gone
from agent.faces.questions import Target, narrowed, targets
from agent.faces.story import story
from agent.faces.telling import remaining
from agent.faces.web.action_page import action_page, effects_of, lines_of
from agent.faces.web.addresses import twins
from agent.faces.web.again import asked_again, is_high_risk
from agent.faces.web.answer_form import Shown, Standing, answer_form, attempt_of
from agent.faces.web.forms import form_of
from agent.faces.web.query import Leaf, Query, leaf, query_of
from agent.faces.web.refusing import NotHere
from agent.faces.web.sent import Sent, Unfit, chosen_of, of_draft, pairs_of, sent_of, verb_of
from agent.faces.web.showing import show
from agent.faces.web.site import Site, site_of
from agent.faces.web.visit import visit_of
from agent.faces.why import Explained, explained
from agent.judge.answering import Attempt
from agent.judge.bind import offer_of
from agent.judge.compile import Judge
from agent.loop.answering import answer, put
from agent.loop.policies import InForce
from agent.model.answer import Person
from agent.model.decision import Verb
from agent.model.enactment import Effect, Record
from agent.model.errors import Conflict, PolicyError
from agent.model.session import Draft

VIA = "page"


class TargetsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Every target of one action, a page at a time."""

    id: str
    what: str
    does: str
    has_gone: bool
    digest: str
    list: Leaf[Line]
    query: Query


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


async def in_force(site: Site) -> InForce | str:
    """Return the policies in force, or why they cannot be had."""
    try:
        return await site.policies.now()
    except PolicyError as error:
        return str(error)


async def open_action(request: Request) -> Response:
    """Show one action."""
    record = await found(request)
    draft = visit_of(request).session.draft
    listed = targets(effects_of(record, await site_of(request).desk.ledger.effects(record.action.id)))
    is_of_it = draft is not None and draft.action_id == record.action.id
    return await _shown(request, record, of_draft(draft, len(listed)) if draft and is_of_it else None)


async def _shown(
    request: Request, record: Record, sent: Sent | None, error: str = "", status: int = 200
) -> Response:
    """Show one action, with its form filled in as it was sent."""
    site, now = site_of(request), site_of(request).desk.clock.now()
    policies = await in_force(site)
    told = await story(site.desk.ledger, site.pages, record, now, site.settings.graph.cloud)
    listed = lines_of(record, told.effects)
    standing = await _standing(site, policies, record, visit_of(request).person, told.effects)
    form = answer_form(standing, _form_shown(site, record, standing, told.effects, listed), sent, error)
    apart = await _apart(site, policies, record)
    page = action_page(record, told, apart, form, listed, site.settings.graph.cloud)
    if form.done and not await _is_anybody_there(site):
        words = f"{form.done}. No agent runs on this ledger now: it is taken up when one starts"
        page = msgspec.structs.replace(page, answer=msgspec.structs.replace(form, done=words))
    return await show(request, "action.html", page, status=status)


async def _standing(
    site: Site, policies: InForce | str, record: Record, person: Person, effects: tuple[Effect, ...]
) -> Standing:
    if isinstance(policies, str):
        why = f"whose answers count cannot be told, since the policies in force cannot be read: {policies}"
        return Standing(question=None, why=why)
    attempt = attempt_of(person, Verb.APPROVE, "")
    question = await put(site.desk, policies, record, attempt, effects, site.desk.clock.now())
    return Standing(question=question)


def _form_shown(
    site: Site, record: Record, standing: Standing, effects: tuple[Effect, ...], listed: tuple[Line, ...]
) -> Shown:
    question = standing.question
    chain = question.terms.chain if question is not None else None
    numbered = tuple(Target(number=one.number, pair=one.pair, does=()) for one in listed)
    approvals = question.counted.approvals if question is not None else ()
    return Shown(
        lines=listed,
        does=does(effects_of(record, effects)),
        narrowed=tuple(narrowed(approvals, numbered)),
        is_high_risk=is_high_risk(site, record.action.kind, len(listed)),
        valid=remaining(chain.approvers.valid) if chain is not None else "",
    )


async def _apart(site: Site, policies: InForce | str, record: Record) -> Explained | None:
    """Return the decision taken apart, in a thread of its own: with many messages it takes a while."""
    decision = record.decision
    if decision is None:
        return None
    now: Judge | str = policies.judge if isinstance(policies, InForce) else policies
    is_same = isinstance(now, Judge) and now.revision == decision.revision
    then = now if is_same else await site.policies.of(decision.revision)
    return await asyncio.to_thread(explained, record.action, decision, then, now)


async def _is_anybody_there(site: Site) -> bool:
    now = site.desk.clock.now()
    return any(not is_gone(one, now) for one in await site.desk.ledger.replicas())


# Targets


async def open_targets(request: Request) -> Response:
    """Show a part of an action's targets."""
    record = await found(request)
    query = query_of(request, (), ("number",), sort="number")
    effects = await site_of(request).desk.ledger.effects(record.action.id)
    listed = lines_of(record, effects)
    ordered = listed[::-1] if query.is_descending else listed
    offered = offer_of(record)
    page = TargetsPage(
        id=record.action.id,
        what=record.action.label,
        does=does(effects_of(record, effects)),
        has_gone=offered is None and bool(effects),
        digest=offered.digest if offered is not None else "",
        list=leaf(ordered, query, len(listed)),
        query=query,
    )
    return await show(request, "targets.html", page)


# Answering


async def answer_action(request: Request) -> Response:
    """Take a person's answer. It counts once, for what they were shown, and not at all where they may not give it."""
    form = await form_of(request)
    record, sent, site = await found(request), sent_of(form), site_of(request)
    offered = offer_of(record)
    listed = targets(offered.effects) if offered is not None else ()
    is_same = offered is not None and offered.digest == sent.digest
    try:
        verb = verb_of(sent)
        # Numbers mean something only beside the list that they were read from.
        chosen = chosen_of(sent, listed) if is_same else None
    except Unfit as error:
        return await _shown(request, record, sent, str(error), 400)
    if is_same:
        again = await _again(request, record, sent, verb, chosen, len(listed))
        if again is not None:
            return again
    attempt = Attempt(
        person=visit_of(request).person,
        verb=verb,
        reason=sent.reason,
        digest=sent.digest,
        targets=pairs_of(chosen, listed),
    )
    try:
        replied = await answer(site.desk, await site.policies.now(), record.action.id, attempt, via=VIA)
    except Conflict:
        words = "others changed it again and again at the same moment: look at it again"
        return await _shown(request, await found(request), sent, words, 409)
    if not replied.counts:
        return await _shown(request, await found(request), sent, replied.words, 409)
    return RedirectResponse(f"/actions/{record.action.id}#answer", 303)


async def _again(
    request: Request, record: Record, sent: Sent, verb: Verb, chosen: tuple[int, ...] | None, count: int
) -> Response | None:
    """Return the page on which whoever answers signs in again first; None where they need not."""
    action = record.action
    touched = count if chosen is None else len(chosen)
    draft = Draft(action_id=action.id, verb=verb.value, reason=sent.reason, digest=sent.digest, chosen=chosen)
    is_risk = verb is Verb.APPROVE and is_high_risk(site_of(request), action.kind, touched)
    return await asked_again(request, back=f"/actions/{action.id}", high_risk=is_risk, draft=draft)


ROUTES: tuple[BaseRoute, ...] = (
    *twins("/actions/{id}/targets", open_targets),
    Route("/actions/{id}/answer", answer_action, methods=["POST"]),
    *twins("/actions/{id}", open_action),
)
"""The addresses of one action; the longer ones first."""
