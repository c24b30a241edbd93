"""A person's answer: judged, counted once, and written down. Every face answers through this.

The answer and the record as it leaves it are one transaction, and the record's version makes it count once: whoever was
quicker has changed the record, and then everything is read and judged again. What does not count is told to the person
and logged; the audit tells of answers.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import msgspec
import structlog

from agent.judge.affected import affected
from agent.judge.answering import Attempt, Question, why_not
from agent.judge.appoint import asked_by, chain_for
from agent.judge.attribute import Word
from agent.judge.bind import offer_of
from agent.judge.confirm import LEFT
from agent.judge.count import (
    Counted,
    Terms,
    agreed_of,
    answered,
    count,
    grant_of,
    is_enough,
    needed,
    progress,
)
from agent.judge.ground_truth import word_of
from agent.judge.quote import quote
from agent.judge.rails.holding import held_words
from agent.loop.approvers import Approvers
from agent.loop.grounding import truths_of_answer
from agent.loop.policies import InForce
from agent.loop.tracing import about
from agent.model.answer import Answer, Person
from agent.model.chain import Chain
from agent.model.decision import Decision, Verb
from agent.model.enactment import Effect, Offer, Record, State, Went
from agent.model.errors import Conflict
from agent.ports.world import Desk, World

TRIES = 5
"""How often an answer is judged where others change the action at the same moment."""

log = structlog.get_logger()


class Replied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an answer, in words for whoever gave it. `answer` is None where it does not count."""

    words: str
    answer: Answer | None = None
    have: int = 0
    need: int = 0
    """How many approvals count now, and how many it takes."""

    @property
    def counts(self) -> bool:
        """Whether the answer counts."""
        return self.answer is not None


async def answer(world: Desk, policies: InForce, action_id: str, attempt: Attempt, *, via: str) -> Replied:
    """Judge what a person answers, and write it down where it counts; return what became of it.

    Args:
        world: where the ledger, the policies' authors and the moment are from.
        policies: in force; they hold the chains.
        action_id: of the pending action, whole.
        attempt: who answers what, having been shown what.
        via: `command` or `page`.

    Raises:
        Conflict: others changed the action again and again meanwhile.
    """
    attempt = msgspec.structs.replace(attempt, person=_known_by_id(attempt.person))
    for _ in range(TRIES - 1):
        with suppress(Conflict):
            return await _once(world, policies, action_id, attempt, via)
    return await _once(world, policies, action_id, attempt, via)


def _known_by_id(person: Person) -> Person:
    """Return the person with ids in lower case, as everything compares them: one person must not be two by spelling."""
    return msgspec.structs.replace(
        person, object_id=person.object_id.lower(), tenant_id=person.tenant_id.lower()
    )


async def terms_of(
    world: Desk,
    policies: InForce,
    record: Record,
    asked: Decision | None,
    offered: Offer | None,
    now: datetime,
) -> Terms:
    """Return by what answers to this action are counted now. `asked` is the decision that left it to people."""
    chain = chain_for(policies.judge.chains, asked, world.escalating.chain)
    names = offered.policies if offered is not None else ()
    files = asked_by(policies.judge.policy_set, names, chain)
    is_asked = chain is not None and chain.approvers.not_requester
    return Terms(
        now=now,
        chain=chain,
        authors=await asyncio.to_thread(world.shelf.authors, files) if is_asked and files else frozenset(),
        affected=affected(record.action, asked.facts if asked is not None else None, offered),
        discounted=record.discounted,
        since=record.asked_since,
    )


async def why_unanswered(world: World, policies: InForce, record: Record) -> str:
    """Return why a decision by people does not hold any more, in words; empty where each of them still approves it.

    Everything is read again: the answers, who may answer by the chains in force, and who is an approver still.

    Raises:
        Unavailable: who the approvers are cannot be read now.
    """
    decision, offered = record.decision, offer_of(record)
    if decision is None or offered is None:
        return "nothing says what people approved"
    answers = (await world.ledger.answers([record.action.id])).get(record.action.id, ())
    terms = await terms_of(world, policies, record, decision, offered, world.clock.now())
    so_far = count(offered, answers, terms)
    if so_far.rejection is not None:
        return f"{quote(so_far.rejection.person.name)} rejected it"
    relied_on = {(one.object_id, one.at) for one in decision.answered}
    counting = [one for one in so_far.approvals if (one.person.object_id, one.at) in relied_on]
    if len(counting) < len(relied_on):
        return "; ".join(so_far.lost) or "an answer that it rests on is not there any more"
    if len(counting) < needed(decision, terms.chain):
        return f"more people have to approve it by now: {progress(counting, needed(decision, terms.chain))}"
    gone = await Approvers().gone(world, counting, terms.chain)
    return "; ".join(gone.values())


async def _once(world: Desk, policies: InForce, action_id: str, attempt: Attempt, via: str) -> Replied:
    record = (await world.ledger.load([action_id])).get(action_id)
    if record is None:
        return Replied(words=f"nothing is known of `{action_id}`: `air-agent pending` lists what is open")
    with about(record):
        try:
            return await _answered(world, policies, record, attempt, via)
        except Conflict as error:
            log.info("answered by others at the same moment", action=action_id, why=str(error))
            raise


async def _answered(world: Desk, policies: InForce, record: Record, attempt: Attempt, via: str) -> Replied:
    action_id = record.action.id
    now = world.clock.now()
    effects = await world.ledger.effects(action_id)
    question = await put(world, policies, record, attempt, effects, now)
    offered, earlier = question.offered, question.answers
    why = why_not(question)
    chain = question.terms.chain
    if why or offered is None or chain is None or record.decision is None:
        log.warning(
            "an answer does not count", action=action_id, by=attempt.person.object_id, via=via, why=why
        )
        return Replied(words=f"your answer does not count: {why}")
    taken = _answer(action_id, attempt, offered, chain, via, now, record.action.deadline)
    need = needed(record.decision, chain)
    so_far = count(offered, (*earlier, taken), question.terms)
    after, have = _after(record, offered, so_far, now, need)
    unsent = [one.id for one in effects if one.went is Went.INTENDED and one.undoes is None]
    dropped = unsent if record.state is State.INTENDED else ()
    truths = await truths_of_answer(world, after, _word(after, so_far), now)
    written = await world.ledger.answer(taken, after, now, dropped, truths)
    log.info(
        "answered", action=action_id, verb=attempt.verb, by=attempt.person.object_id, via=via, why=after.why
    )
    share = agreed_of(so_far.approvals, offered, need)
    words = await _told(world, after, have=have, need=need, share=share)
    return Replied(words=words, answer=written, have=have, need=need)


async def put(
    world: Desk,
    policies: InForce,
    record: Record,
    attempt: Attempt,
    effects: Sequence[Effect],
    now: datetime,
) -> Question:
    """Return everything by which an answer to this record is judged at this moment; `effects` are all of the action's."""
    earlier = (await world.ledger.answers([record.action.id])).get(record.action.id, ())
    return Question(
        record=record,
        attempt=msgspec.structs.replace(attempt, person=_known_by_id(attempt.person)),
        answers=earlier,
        terms=await terms_of(world, policies, record, record.decision, offer_of(record), now),
        tenant_id=world.tenant_id,
        has_left=_has_left(record, effects),
    )


def _has_left(record: Record, effects: Sequence[Effect]) -> bool:
    """Whether any call of the plan that stands has left, or may have."""
    planned = {effect.id for effect in record.plan.effects} if record.plan is not None else set()
    return any(effect.id in planned and effect.went in {*LEFT, Went.REFUSED} for effect in effects)


def _answer(
    action_id: str,
    attempt: Attempt,
    offered: Offer,
    chain: Chain,
    via: str,
    now: datetime,
    deadline: datetime,
) -> Answer:
    return Answer(
        action_id=action_id,
        at=now,
        person=attempt.person,
        verb=attempt.verb,
        reason=attempt.reason.strip(),
        digest=offered.digest,
        shown=offered,
        targets=None if attempt.targets is None else tuple(sorted(set(attempt.targets))),
        chain=chain.name,
        grant=grant_of(attempt.person, chain),
        via=via,
        expires=min(now + chain.approvers.valid, deadline),
    )


def _after(record: Record, offered: Offer, so_far: Counted, now: datetime, need: int) -> tuple[Record, int]:
    """Return the record as these answers leave it, and how many approvals count now."""
    have = len(so_far.approvals)
    if so_far.rejection is not None:
        why = f"rejected by {quote(so_far.rejection.person.name)}: it is about to be judged by that"
        return _due(record, why, now), 0
    if is_enough(so_far.approvals, offered, need):
        names = " and ".join(quote(one.person.name) for one in so_far.approvals)
        return _due(record, f"approved by {names}: it is about to be judged by that", now), have
    return msgspec.structs.replace(record, why=progress(so_far.approvals, need)), have


def _word(after: Record, so_far: Counted) -> Word | None:
    """Return what people have decided with these answers; None where more of them have to answer."""
    if after.state is not State.ANSWERED:
        return None
    if so_far.rejection is not None:
        return word_of(answered([so_far.rejection]), Verb.REJECT)
    return word_of(answered(so_far.approvals), Verb.APPROVE)


def _due(record: Record, why: str, now: datetime) -> Record:
    return msgspec.structs.replace(record, state=State.ANSWERED, due=now, why=why)


async def _told(world: Desk, after: Record, *, have: int, need: int, share: tuple[int, int]) -> str:
    """Return what the person is told of an answer that counts. `share` are the targets agreed on, of how many."""
    if after.state is not State.ANSWERED:
        return f"your answer counts: {after.why}"
    if not have:
        return "your no counts: nothing is carried out; Defender has no call that rejects: it stays pending there until a person rejects it or the week ends"
    some, whole = share
    what = "it" if some == whole else f"what enough people approve, {some:,} of {whole:,} targets,"
    said = f"your approval counts: {have} of {need}: {what} is carried out as soon as the agent has read everything again"
    hold = next(iter(await world.ledger.holds()), None)
    return said if hold is None else f"{said}, and nothing holds it any more: {held_words(hold)}"
