"""One action's page, the list of its targets, and the answer that a person gives there."""

import asyncio
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from agent.faces.doing import Line, does
from agent.faces.holds import is_gone
from agent.faces.pages import opened
from agent.faces.questions import Target, narrowed, targets
from agent.faces.telling import remaining
from agent.faces.timeline import Past
from agent.faces.web.action_page import Gathered, action_page, asked_about, effects_of, has_gone, lines_of
from agent.faces.web.addresses import twins
from agent.faces.web.again import asked_again, is_high_risk
from agent.faces.web.answer_form import ANOTHER, Shown, answer_form, attempt_of
from agent.faces.web.forms import form_of
from agent.faces.web.query import Leaf, Query, leaf, query_of
from agent.faces.web.sent import MOST_BOXES, Sent, Unfit, chosen_of, of_draft, pairs_of, sent_of, verb_of
from agent.faces.web.showing import show
from agent.faces.web.site import Site, site_of
from agent.faces.web.visit import visit_of
from agent.faces.web.whys import found, why_of
from agent.judge.answering import Attempt, Question
from agent.judge.bind import offer_of
from agent.loop.answering import answer, put
from agent.loop.policies import InForce
from agent.model.answer import Person
from agent.model.decision import Verb
from agent.model.enactment import Effect, Record
from agent.model.errors import Conflict
from agent.model.hold import Replica
from agent.model.policy import Mode
from agent.model.session import Draft

VIA = "page"

DECISIONS = 50
"""Decisions of one action that its page tells of, the newest."""


class TargetsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Every target of one action, a page at a time."""

    id: str
    what: str
    does: str
    has_gone: bool
    digest: str
    list: Leaf[Line]
    query: Query


async def open_action(request: Request) -> Response:
    """Show one action."""
    record = await found(request)
    draft = visit_of(request).session.draft
    return await _shown(request, record, draft if draft and draft.action_id == record.action.id else None)


async def _shown(
    request: Request, record: Record, typed: Sent | Draft | None, error: str = "", status: int = 200
) -> Response:
    """Show one action, with its form filled in as it was sent, or was about to be."""
    site, now = site_of(request), site_of(request).desk.clock.now()
    policies = await site.policies.now_or_why()
    past = await _past(site, record, now)
    listed = targets(effects_of(record, past.effects))
    sent = of_draft(typed, len(listed)) if isinstance(typed, Draft) else typed
    question = await _question(site, policies, record, visit_of(request).person, past.effects)
    agents = await _agents(site, now)
    shown = _form_shown(site, record, question, past.effects, listed, agents)
    form = answer_form(question, shown, sent, error)
    if form.done and not agents:
        words = f"{form.done}. No agent runs on this ledger now: it is taken up when one starts"
        form = msgspec.structs.replace(form, done=words)
    judge, why = await why_of(request, policies, record)
    page = action_page(
        Gathered(
            record=record,
            now=now,
            cloud=site.settings.graph.cloud,
            judge=judge,
            why=why,
            past=past,
            holds=await site.desk.ledger.holds(),
            targets=listed,
            form=form,
            truths=(await site.desk.ledger.truths([record.action.id])).get(record.action.id, ()),
        )
    )
    return await show(request, "action.html", page, status=status)


async def _past(site: Site, record: Record, now: datetime) -> Past:
    action_id, ledger = record.action.id, site.desk.ledger
    pages = await site.pages.of_action(action_id)
    return Past(
        decisions=tuple(await site.archive.ruled(action_id, limit=DECISIONS)),
        effects=await ledger.effects(action_id),
        answers=(await ledger.answers([action_id])).get(action_id, ()),
        pages=tuple([await opened(site.pages, page, now) for page in pages]),
    )


async def _question(
    site: Site, policies: InForce | str, record: Record, person: Person, effects: tuple[Effect, ...]
) -> Question | str:
    """Return the question as it stands for this person, or why nobody can answer it now."""
    if isinstance(policies, str):
        return f"whose answers count cannot be told, since the policies in force cannot be read: {policies}"
    attempt = attempt_of(person, Verb.APPROVE, "")
    return await put(site.desk, policies, record, attempt, effects, site.desk.clock.now())


def _form_shown(
    site: Site,
    record: Record,
    question: Question | str,
    effects: tuple[Effect, ...],
    listed: tuple[Target, ...],
    agents: tuple[Replica, ...],
) -> Shown:
    chain = question.terms.chain if isinstance(question, Question) else None
    approvals = question.counted.approvals if isinstance(question, Question) else ()
    return Shown(
        targets=len(listed),
        boxes=lines_of(record, effects, listed) if len(listed) <= MOST_BOXES else (),
        does=does(effects_of(record, effects)),
        narrowed=tuple(narrowed(approvals, _offered_targets(record))),
        needs_step_up=site.settings.web.step_up is not None
        and is_high_risk(site, record.action.kind, len(listed)),
        valid=remaining(chain.approvers.valid) if chain is not None else "",
        observes=bool(agents) and all(one.mode == Mode.OBSERVE for one in agents),
    )


async def _agents(site: Site, now: datetime) -> tuple[Replica, ...]:
    """Return the agents that run on this ledger now."""
    return tuple(one for one in await site.desk.ledger.replicas() if not is_gone(one, now))


def _offered_targets(record: Record) -> tuple[Target, ...]:
    """Return the targets as people were asked about them: what they chose is numbered by these, also once it is decided."""
    offered = offer_of(record)
    return targets(offered.effects) if offered is not None else ()


# Targets


async def open_targets(request: Request) -> Response:
    """Show a part of an action's targets."""
    record = await found(request)
    query = query_of(request, (), ("number",), sort="number")
    effects = await site_of(request).desk.ledger.effects(record.action.id)
    listed = targets(effects_of(record, effects))
    part = leaf(listed[::-1] if query.is_descending else listed, query, len(listed))
    offered = asked_about(record)
    page = TargetsPage(
        id=record.action.id,
        what=record.action.label,
        does=does(effects_of(record, effects)),
        has_gone=has_gone(record, effects),
        digest=offered.digest if offered is not None else "",
        list=Leaf(
            items=lines_of(record, effects, part.items),
            page=part.page,
            pages=part.pages,
            first=part.first,
            last=part.last,
            count=part.count,
            of=part.of,
        ),
        query=query,
    )
    return await show(request, "targets.html", page)


# Answering


async def answer_action(request: Request) -> Response:
    """Take a person's answer. It counts once, for what they were shown, and not at all where they may not give it."""
    form = await form_of(request)
    record, sent, site = await found(request), sent_of(form), site_of(request)
    offered, listed = offer_of(record), _offered_targets(record)
    # Numbers mean something only beside the list that they were read from, and how high a risk is only beside what it is of.
    is_same = offered is not None and offered.digest == sent.digest
    try:
        verb = verb_of(sent)
        chosen = await asyncio.to_thread(chosen_of, sent, listed) if is_same else None
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
        digest=sent.digest if is_same else ANOTHER,
        targets=pairs_of(chosen, listed),
    )
    try:
        replied = await answer(site.desk, await site.policies.now(), record.action.id, attempt, via=VIA)
    except Conflict:
        words = "others changed it again and again at the same moment: look at it again"
        return await _shown(request, await found(request), sent, words, 409)
    if not replied.counts and not await _is_given(site, record, attempt, sent.digest):
        return await _shown(request, await found(request), sent, replied.words, 409)
    return RedirectResponse(f"/actions/{record.action.id}#answer", 303)


async def _is_given(site: Site, record: Record, attempt: Attempt, digest: str) -> bool:
    """Whether this very answer is there already: a form that is sent twice is answered twice in the same way."""
    given = (await site.desk.ledger.answers([record.action.id])).get(record.action.id, ())
    own = [one for one in given if one.person.object_id == attempt.person.object_id.lower()]
    if not own:
        return False
    last, targets_given = own[-1], None if attempt.targets is None else tuple(sorted(attempt.targets))
    asked = (attempt.verb, digest, targets_given, attempt.reason.strip())
    return (last.verb, last.digest, last.targets, last.reason) == asked


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
