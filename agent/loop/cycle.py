"""Pending actions -> decisions and plans, written down before anything is done."""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import structlog

from agent.judge.confirm import MARGIN, expire, judged_again, standing
from agent.judge.decide import decide
from agent.judge.gather import gather, mails_of
from agent.judge.guard import approvals_of, hold_taken_back
from agent.judge.people import hold_rejected
from agent.judge.plan import plan
from agent.judge.plans.mail import copies_in_mailboxes
from agent.judge.plans.means import Means, Present
from agent.judge.recognise import evidence_digest
from agent.judge.remember import WINDOW, matters
from agent.judge.settle import Around, approved_before, because, settled, stands, waiting
from agent.judge.shadow import shadow_approval, targets_in
from agent.judge.taken_back import was_taken_back
from agent.judge.track import WAITING
from agent.loop.asking import Asking, Came, Left, ask_them
from agent.loop.braking import brake, was_wished, wish
from agent.loop.despite import despite_others
from agent.loop.grounding import truths_of_decisions
from agent.loop.guarding import Surroundings, around, look, with_wishes
from agent.loop.lookup import claims, find, look_up
from agent.loop.means import means
from agent.loop.moved import save_moved
from agent.loop.policies import InForce, keep
from agent.loop.report import PassReport
from agent.loop.shadowing import Covered, Shadow, Would, cover, shadow_of, would
from agent.loop.telling import tell_of_decision
from agent.loop.tracing import about
from agent.loop.turning import turn_back
from agent.loop.turns import Turns
from agent.loop.weighing import guard_approval
from agent.model.ahead import Ahead
from agent.model.basis import Basis
from agent.model.decision import Decision, Verb
from agent.model.defender import Mail
from agent.model.enactment import Approval, Effect, EffectKind, Record, State, Went
from agent.model.errors import AgentError, Unavailable
from agent.model.past import Matter, Tally
from agent.model.pending import MAIL_KINDS, PendingAction
from agent.ports.world import World

log = structlog.get_logger()


JUDGED = (State.SEEN, State.ANSWERED)
"""States in which something is about to be judged."""

SOON = timedelta(minutes=1)
"""How long an answer waits until it is looked up again who gave it."""


@dataclass(slots=True)
class Batch:
    """What one transaction will write, and what it already gives away to those judged later in it."""

    now: datetime
    means: Means
    here: Surroundings
    fetched: Mapping[str, datetime]
    records: list[Record] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    beside: list[Approval] = field(default_factory=list)
    """Those that would only have been, by observing policies."""
    covered: Covered = field(default_factory=dict)
    past: Mapping[Matter, Tally] = field(default_factory=dict)
    planned: Mapping[str, Sequence[Effect]] = field(default_factory=dict)
    """All that was ever planned for each action. Whoever plans more, or takes something back, saves its record too, so that
    no decision is saved that did not know of it."""
    shadow: Shadow | None = None
    """Where approvals of observing policies are counted; None where none only observes."""
    asking: Asking = field(default_factory=Asking)


async def judge_due(
    world: World,
    policies: InForce,
    report: PassReport,
    stop: asyncio.Event,
    *,
    at_most: timedelta | None = None,
) -> None:
    """Decide what is seen and not decided, or was answered, earliest deadline first, until asked to stop.

    What people answered, what has come since this pass began and what ends soon goes before the rest, of which there may
    be very much where other policies are in force by now. What `at_most` leaves is for the next pass, and it is said
    that there is some: nobody learns of anything new while it is not asked for.
    """
    began = world.clock.now()
    size = world.pace.judge_at_once if world.defender.can_hunt else 10

    async def some() -> tuple[int, bool]:
        now = world.clock.now()
        ahead = Ahead(states=(State.ANSWERED,), came_after=report.began, ends_before=now + MARGIN)
        records = await world.ledger.due(now, JUDGED, size, ahead=ahead)
        first = [record for record in records if ahead.has(record)]
        chosen = first[: world.pace.ahead_at_once] or records
        if chosen:
            await judge_records(world, policies, chosen, report)
        return len(chosen), len(chosen) < len(records) or len(records) == size

    report.leaves_undecided = False
    while not stop.is_set() and (done := await despite_others(some)) is not None and done[0]:
        if at_most is not None and world.clock.now() - began >= at_most:
            report.leaves_undecided = done[1]
            return


async def judge_anew(world: World, policies: InForce) -> int:
    """Turn back to be judged what other policies decided, or an agent that only observed where this one enforces.

    Returns how many pending actions that are.
    """

    def is_meant(one: Basis) -> bool:
        if one.revision != policies.judge.revision:
            return True
        return world.enactor is not None and (one.is_observed or one.state is State.DECIDED)

    # What is about to be carried out comes first: by other policies it may not be approved at all.
    return await turn_back(world, [State.INTENDED, *sorted(WAITING - {State.INTENDED})], is_meant)


async def judge_records(
    world: World, policies: InForce, records: Sequence[Record], report: PassReport
) -> None:
    """Decide these records anew, with their mail as it is now, and write decisions and plans.

    A record that was intended and is judged again lets go of what was not sent.
    """
    began = world.clock.now()
    await keep(world, policies)
    alive = await _let_go(world, records)
    mail = await look_up(world, alive)
    now = world.clock.now()
    here = await with_wishes(world, await around(world, policies, now), now)
    batch = Batch(now=now, means=means(world), here=here, fetched=policies.fetched)
    counted = batch.means.counted
    theirs = mails_of((record.action for record in alive), mail)
    targets = {target for copies in theirs.values() for target in copies_in_mailboxes(copies)}
    batch.covered[EffectKind.SOFT_DELETE] = dict(await world.ledger.covered(list(targets), counted=counted))
    batch.shadow = await shadow_of(world, policies, here, list(targets))
    asked = {one: None for record in alive for one in matters(record.action, theirs.get(record.action.id))}
    batch.past = await world.ledger.answered(list(asked), batch.now - WINDOW)
    known = (record for record in alive if record.version > 1 or record.plan is not None)
    batch.planned = await world.ledger.effects_of([record.action.id for record in known])
    batch.asking.answers = await world.ledger.answers([record.action.id for record in alive])
    turns = Turns()
    for record in alive:
        await turns.give_way()
        try:
            with about(record):
                await _judge_one(world, policies, record, theirs.get(record.action.id), batch)
        except AgentError:
            raise
        except Exception as error:  # a bug over one action must not keep the others from being judged
            with about(record):
                log.exception("cannot be judged")
            why = f"it could not be judged ({type(error).__name__}): a person has to look"
            later = judged_again(record, batch.now)
            batch.records.append(msgspec.structs.replace(record, state=State.ESCALATED, due=later, why=why))
    await brake(world, batch.here, batch.now)
    truths = await truths_of_decisions(world, alive, batch.records, batch.now)
    await world.ledger.save(
        batch.records,
        effects=batch.effects,
        approvals=(*batch.approvals, *batch.beside),
        truths=truths,
        now=batch.now,
    )
    report.decided += len(alive)
    for record in batch.records:
        await turns.give_way()
        if record.decision is not None and record.decision.at == batch.now:
            with about(record):
                tell_of_decision(
                    world, record, record.decision, batch.asking.answers.get(record.action.id, ()), began
                )


async def _let_go(world: World, records: Sequence[Record]) -> list[Record]:
    """Expire what is over, let go of what is intended and not sent, and return what is to be judged."""
    now = world.clock.now()
    moves: list[tuple[Record | None, Record]] = []
    for record in records:
        if now >= record.action.deadline:
            moves.append((record, expire(record, now)))
        elif record.state is State.INTENDED:
            moves.append((record, msgspec.structs.replace(record, state=State.SEEN, due=now)))
    await save_moved(world, moves)
    newest = await world.ledger.load([after.action.id for _, after in moves])
    alive = [newest.get(record.action.id, record) for record in records]
    return [record for record in alive if record.state in JUDGED]


async def _judge_one(
    world: World, policies: InForce, record: Record, mail: Mail | None, batch: Batch
) -> None:
    action = record.action
    sent = _sent_before(batch.planned.get(action.id, ()))
    made = decide(
        policies.judge,
        action,
        gather(action, mail, batch.now, past=batch.past, lists=batch.fetched),
        evidence=evidence_digest(action),
        enforces_observers=world.enforces_observers,
        version=world.version,
    )
    ruled = msgspec.structs.replace(made, is_observed=batch.means.observes)
    shadow = shadow_approval(policies.judge, ruled)
    present = await _present(world, ruled, action, mail, batch, is_wanted=shadow is not None)
    decision = _unless_people_said_otherwise(record, ruled, batch)
    intended = plan(decision, action, present, batch.means)
    if decision.verb is Verb.APPROVE and not approved_before(record, decision, intended):
        decision = await _guard(world, policies, Came(decision, intended, record), present, batch)
    came = Came(decision, intended, record)
    if decision.verb is Verb.ESCALATE:
        left = Left(record, ruled, decision, present, batch.means)
        try:
            came = await ask_them(world, policies, left, batch.here, batch.asking)
        except Unavailable as error:
            batch.records.append(_later(record, error, batch.now))
            return
    beside = Would()
    if shadow is not None and batch.shadow is not None:
        approval = _unless_people_said_otherwise(record, shadow, batch)
        beside = await would(world, policies, came, approval, present, batch.shadow)
    _write(dataclasses.replace(came, decision=_with(came, beside)), sent, beside, batch)


async def _guard(world: World, policies: InForce, came: Came, present: Present, batch: Batch) -> Decision:
    """Return an approval as its guards leave it, and count that it was wished for."""
    decision, before = came.decision, came.record.decision
    for here in (batch.here, *((batch.shadow.here,) if batch.shadow is not None else ())):
        wish(world, here, decision.at, is_known=was_wished(before, here))
    seen = await look(world, came.plan.effects, present.found, present.mail)
    return await guard_approval(
        world, policies.judge, came.record, decision, came.plan, seen, batch.here, batch.approvals
    )


def _with(came: Came, beside: Would) -> Decision:
    """Return the decision with how much it takes, or would take, and with what would hold its shadow."""
    decision, offered = came.decision, came.plan.offered
    targets = beside.targets
    if decision.verb is Verb.APPROVE:
        targets = targets_in(came.plan.effects)
    elif decision.guard is not None and offered is not None:
        targets = targets_in(offered.effects)
    return msgspec.structs.replace(decision, targets=targets, shadow_guard=beside.guard)


def _write(came: Came, sent: Sequence[Effect], beside: Would, batch: Batch) -> None:
    """Put into the batch what came of judging one action, and what that gives away."""
    around = Around(now=batch.now, observes=batch.means.observes, covered=batch.covered)
    if stands(came.record, came.decision, came.plan, observes=batch.means.observes):
        # What people would be asked to approve may be another all the same.
        still = msgspec.structs.replace(came.record, plan=came.plan) if came.plan.offered else came.record
        batch.records.append(because(waiting(still, sent, around), came.why))
        return
    batch.records.append(because(settled(came.record, came.decision, came.plan, sent, around), came.why))
    batch.effects.extend((*came.plan.effects, *beside.effects))
    batch.here.given.give(came.plan.effects)
    cover(batch.covered, came.plan.effects, batch.now, is_observed=batch.means.observes)
    own: list[Approval] = []
    if came.decision.verb is Verb.APPROVE:
        own = approvals_of(came.decision, came.plan, is_observed=came.decision.is_observed)
    batch.approvals.extend(own)
    batch.beside.extend(beside.approvals)
    if batch.shadow is not None:
        batch.shadow.give(came.plan.effects)
        batch.shadow.approvals.extend(own)


def _unless_people_said_otherwise(record: Record, ruled: Decision, batch: Batch) -> Decision:
    """Return an approval by policies as held where a person took back what was done for it, or rejected it before."""
    if ruled.verb is not Verb.APPROVE:
        return ruled
    if was_taken_back(record, batch.planned.get(record.action.id, ())):
        return hold_taken_back(ruled)
    answers = batch.asking.answers.get(record.action.id, ())
    no = next((one for one in reversed(answers) if one.verb is Verb.REJECT), None)
    return ruled if no is None else hold_rejected(ruled, no)


def _later(record: Record, error: Unavailable, now: datetime) -> Record:
    """Return the record of what was answered, while nobody can tell whether those who did are approvers still."""
    due = min(now + SOON, record.action.deadline)
    why = f"who answered cannot be looked up now: {error}"
    return msgspec.structs.replace(record, state=State.ANSWERED, due=due, why=why)


async def _present(
    world: World,
    decision: Decision,
    action: PendingAction,
    mail: Mail | None,
    batch: Batch,
    *,
    is_wanted: bool,
) -> Present:
    """Return what stands around the action now; what is not mail is only looked at where somebody may have it acted on.

    `is_wanted` says that observing policies would.
    """
    if (decision.verb is Verb.REJECT and not is_wanted) or action.kind in MAIL_KINDS:
        return Present(mail=mail, covered=batch.covered)
    found = await find(world, action)
    for kind, covers in (await claims(world, action, None, found, batch.means.counted)).items():
        batch.covered[kind] = covers | batch.covered.get(kind, {})
    return Present(found=found, covered=batch.covered)


def _sent_before(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """Return what left this machine for an action, of all that was ever planned for it."""
    refused = (effect for effect in effects if effect.went is Went.REFUSED and effect.undoes is None)
    return (*standing(effects), *refused)
