"""Pending actions -> decisions and plans, written down before anything is done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from agent.judge.compile import Judge
from agent.judge.confirm import after_sending, already_gone, expire, still_watched
from agent.judge.decide import decide
from agent.judge.gather import gather, mail_of, wanted
from agent.judge.guard import hold, over_limit
from agent.judge.plan import DEDUPLICATION, Means, copies_in_mailboxes, plan
from agent.judge.recognise import evidence_digest
from agent.loop.lookup import look_up
from agent.loop.moved import save_moved
from agent.loop.report import PassReport
from agent.model.decision import Decision, Verb
from agent.model.defender import Mail
from agent.model.enactment import Approval, Cover, Effect, Pair, Plan, Record, Spent, State, Way, Went
from agent.ports import World

SENT_BEFORE = frozenset({Went.SENT, Went.DONE, Went.REFUSED, Went.UNKNOWN})
"""How an effect went that has left."""


@dataclass(slots=True)
class Batch:
    """What one transaction will write, and what it already gives away to those judged later in it."""

    now: datetime
    records: list[Record] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    covered: dict[Pair, Cover] = field(default_factory=dict)


async def judge_due(world: World, judge: Judge, report: PassReport) -> None:
    """Decide everything that is seen and not decided, earliest deadline first."""
    size = world.pace.judge_at_once if world.defender.can_hunt else 10
    while records := await world.ledger.due(world.clock.now(), [State.SEEN], size):
        await judge_records(world, judge, records, report)


async def judge_records(world: World, judge: Judge, records: Sequence[Record], report: PassReport) -> None:
    """Decide these records anew, with their mail as it is now, and write decisions and plans.

    A record that was intended and is judged again lets go of what was not sent.
    """
    alive = await _let_go(world, records)
    mail = await look_up(world, alive)
    batch = Batch(now=world.clock.now())
    theirs = {record.action.id: mail_of(record.action, mail) for record in alive if wanted(record.action)}
    targets = {target for copies in theirs.values() for target in copies_in_mailboxes(copies)}
    batch.covered = dict(await world.ledger.covered(list(targets)))
    for record in alive:
        await _judge_one(world, judge, record, theirs.get(record.action.id), batch)
    await world.ledger.save(batch.records, effects=batch.effects, approvals=batch.approvals, now=batch.now)
    report.decided += len(alive)


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
    return [record for record in alive if record.state is State.SEEN]


async def _judge_one(world: World, judge: Judge, record: Record, mail: Mail | None, batch: Batch) -> None:
    action = record.action
    sent = await _sent_before(world, record)
    decision = decide(
        judge,
        action,
        gather(action, mail, batch.now),
        evidence=evidence_digest(action),
        enforces_observers=world.enforces_observers,
        version=world.version,
    )
    means = Means(
        targets_per_call=world.pace.targets_per_call,
        observes=world.enactor is None,
        missing=world.enactor.missing if world.enactor is not None else "",
    )
    intended = plan(decision, action, mail, batch.covered, means)
    if decision.verb is Verb.APPROVE:
        held = await _over_limits(world, judge, decision, intended, batch)
        if held is not None:
            decision = held
            intended = plan(decision, action, mail, batch.covered, means)
        else:
            batch.approvals.extend(_approvals(decision, intended))
    batch.effects.extend(intended.effects)
    for effect in intended.effects:
        cover = Cover(action_id=action.id, effect_id=effect.id, intended_at=batch.now)
        batch.covered.update(dict.fromkeys(effect.targets, cover))
    batch.records.append(_decided(record, decision, intended, sent, batch, observes=means.observes))


async def _sent_before(world: World, record: Record) -> tuple[Effect, ...]:
    """Return what left this machine for the action, by earlier plans."""
    if record.plan is None:
        return ()
    effects = await world.ledger.effects(record.action.id)
    return tuple(effect for effect in effects if effect.went in SENT_BEFORE)


async def _over_limits(
    world: World, judge: Judge, decision: Decision, intended: Plan, batch: Batch
) -> Decision | None:
    """Return the decision held by the first limit it would break; None where it breaks none."""
    messages = _messages(intended)
    for policy in (judge.policies[name] for name in decision.policies):
        for limit in (policy.limits.actions, policy.limits.messages):
            if limit is None:
                continue
            spent = await _spent(world, policy.name, decision, decision.at - limit.window, batch)
            words = over_limit(policy, limit, spent, messages)
            if words is not None:
                return hold(decision, f"limits of {policy.name}", words)
    return None


async def _spent(world: World, policy: str, decision: Decision, since: datetime, batch: Batch) -> Spent:
    """Return what the policy has approved since then, this batch included; the action itself counts once."""
    saved = await world.ledger.spent(policy, since, apart_from=decision.action_id)
    ours = [approval for approval in batch.approvals if approval.policy == policy]
    messages = saved.messages + sum(approval.messages for approval in ours)
    return Spent(actions=saved.actions + len(ours), messages=messages)


def _approvals(decision: Decision, intended: Plan) -> list[Approval]:
    messages = _messages(intended)
    return [
        Approval(policy=policy, action_id=decision.action_id, at=decision.at, messages=messages)
        for policy in decision.policies
    ]


def _messages(intended: Plan) -> int:
    return sum(len(effect.targets) for effect in intended.effects)


def _decided(
    record: Record,
    decision: Decision,
    intended: Plan,
    sent: Sequence[Effect],
    batch: Batch,
    *,
    observes: bool,
) -> Record:
    """Return the record in the state that its decision and plan put it in."""
    before = record.decision
    is_same = before is not None and before.grounds == decision.grounds
    fresh = msgspec.structs.replace(
        record,
        decision=decision,
        plan=intended,
        due=record.action.deadline,
        why="",
        is_noted=observes or (is_same and record.is_noted),
    )
    if decision.guard is None and intended.way is Way.REMEDIATE:
        return _to_remediate(fresh, intended, sent, batch, observes=observes)
    waiting = msgspec.structs.replace(fresh, state=_waiting(decision, intended, observes=observes))
    return still_watched(waiting, sent) if sent else waiting


def _waiting(decision: Decision, intended: Plan, *, observes: bool) -> State:
    if decision.guard is not None:
        return State.HELD
    if intended.way is Way.HAND_OFF:
        return State.HANDED_OFF
    if intended.way is Way.ADVISORY:
        return State.DECIDED if observes else State.REJECTED
    return State.ESCALATED


def _to_remediate(
    record: Record, intended: Plan, sent: Sequence[Effect], batch: Batch, *, observes: bool
) -> Record:
    if intended.duplicate_of is not None:
        again = min(_cover_ends(intended.duplicate_of, batch), record.action.deadline)
        return msgspec.structs.replace(record, state=State.DEDUPLICATED, due=again)
    if intended.effects:
        state = State.DECIDED if observes else State.INTENDED
        return msgspec.structs.replace(record, state=state)
    return after_sending(record, sent) if sent else already_gone(record, batch.now)


def _cover_ends(action_id: str, batch: Batch) -> datetime:
    """Return when the duplicate is judged anew: just after the hour of the approval it repeats."""
    covers = [cover.intended_at for cover in batch.covered.values() if cover.action_id == action_id]
    return max(covers, default=batch.now) + DEDUPLICATION + timedelta(seconds=1)
