"""Pending actions -> decisions and plans, written down before anything is done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from agent.judge.compile import Judge
from agent.judge.confirm import after_sending, already_gone, expire
from agent.judge.decide import decide
from agent.judge.gather import gather, mail_of, wanted
from agent.judge.guard import hold, over_limit
from agent.judge.plan import DEDUPLICATION, Means, copies_in_mailboxes, plan
from agent.judge.recognise import evidence_digest
from agent.loop.report import PassReport
from agent.model.decision import Decision, Verb
from agent.model.defender import Mail
from agent.model.enactment import Approval, Cover, Effect, Pair, Plan, Record, Spent, State, Way, Went
from agent.model.errors import Refused
from agent.ports import World


@dataclass(slots=True)
class Batch:
    """What one transaction will write, and what it already gives away to those judged later in it."""

    records: list[Record] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
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
    now = world.clock.now()
    batch = Batch()
    alive: list[Record] = []
    for record in records:
        if record.state is State.INTENDED:
            effects = await world.ledger.effects(record.action.id)
            batch.dropped.extend(effect.id for effect in effects if effect.went is Went.INTENDED)
        if now >= record.action.deadline:
            batch.records.append(expire(record, now))
        else:
            alive.append(record)
    mail = await _mail(world, alive)
    now = world.clock.now()
    theirs = {record.action.id: mail_of(record.action, mail) for record in alive if wanted(record.action)}
    targets = {target for copies in theirs.values() for target in copies_in_mailboxes(copies)}
    covered = await world.ledger.covered(list(targets))
    freed = set(batch.dropped)
    batch.covered = {target: cover for target, cover in covered.items() if cover.effect_id not in freed}
    for record in alive:
        await _judge_one(world, judge, record, theirs.get(record.action.id), now, batch)
    await world.ledger.save(
        batch.records, effects=batch.effects, dropped=batch.dropped, approvals=batch.approvals, now=now
    )
    report.decided += len(alive)


async def _mail(world: World, records: Sequence[Record]) -> Mail:
    """Look up the mail of all these records at once; what is too much to ask for stays unresolved."""
    limit = world.defender.resolves
    asked: dict[str, None] = {}
    beyond: set[str] = set()
    for record in records:
        messages = wanted(record.action)
        if len(messages) > limit:
            beyond.update(messages)
        else:
            asked.update(dict.fromkeys(messages))
    beyond -= asked.keys()
    why = (
        f"advanced hunting is not granted, and one by one at most {limit} messages of an action are looked up"
    )
    try:
        found = await world.defender.mail(list(asked)) if asked else Mail()
    except Refused as error:
        found, beyond, why = Mail(), beyond | asked.keys(), str(error)
    if not beyond:
        return found
    reasons = "; ".join(reason for reason in (found.why, why) if reason)
    return Mail(messages=found.messages, unresolved=found.unresolved | beyond, why=reasons)


async def _judge_one(
    world: World, judge: Judge, record: Record, mail: Mail | None, now: datetime, batch: Batch
) -> None:
    action = record.action
    decision = decide(
        judge,
        action,
        gather(action, mail, now),
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
    if decision.verb is Verb.APPROVE and not _was_granted(record, decision):
        held = await _over_limits(world, judge, decision, intended, batch)
        if held is not None:
            decision = held
            intended = plan(decision, action, mail, batch.covered, means)
        else:
            batch.approvals.extend(_approvals(decision, intended))
    batch.effects.extend(intended.effects)
    for effect in intended.effects:
        cover = Cover(action_id=action.id, effect_id=effect.id, intended_at=now)
        batch.covered.update(dict.fromkeys(effect.targets, cover))
    sent = await _sent_before(world, record)
    batch.records.append(
        _decided(record, decision, intended, sent, now, observes=means.observes, batch=batch)
    )


async def _sent_before(world: World, record: Record) -> tuple[Effect, ...]:
    """Return what already left this machine for the action, in an earlier plan."""
    if record.plan is None or not record.plan.effects:
        return ()
    return tuple(
        effect
        for effect in await world.ledger.effects(record.action.id)
        if effect.went not in (Went.INTENDED, Went.OBSERVED, Went.DROPPED)
    )


def _was_granted(record: Record, decision: Decision) -> bool:
    """Whether this approval counts against its policies' limits already."""
    before = record.decision
    return (
        record.state is State.INTENDED
        and before is not None
        and before.verb is Verb.APPROVE
        and before.policies == decision.policies
    )


async def _over_limits(
    world: World, judge: Judge, decision: Decision, intended: Plan, batch: Batch
) -> Decision | None:
    """Return the decision held by the first limit it would break; None where it breaks none."""
    messages = _messages(intended)
    for policy in (judge.policies[name] for name in decision.policies):
        for limit in (policy.limits.actions, policy.limits.messages):
            if limit is None:
                continue
            spent = await _spent(world, policy.name, decision.at - limit.window, batch)
            words = over_limit(policy, limit, spent, messages)
            if words is not None:
                return hold(decision, f"limits of {policy.name}", words)
    return None


async def _spent(world: World, policy: str, since: datetime, batch: Batch) -> Spent:
    """Return what the policy has approved since then, this batch included."""
    saved = await world.ledger.spent(policy, since)
    ours = [approval for approval in batch.approvals if approval.policy == policy]
    return Spent(actions=saved.actions + len(ours), messages=saved.messages + sum(a.messages for a in ours))


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
    now: datetime,
    *,
    observes: bool,
    batch: Batch,
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
    if decision.guard is not None:
        return msgspec.structs.replace(fresh, state=State.HELD)
    match intended.way:
        case Way.ASK:
            return msgspec.structs.replace(fresh, state=State.ESCALATED)
        case Way.HAND_OFF:
            return msgspec.structs.replace(fresh, state=State.HANDED_OFF)
        case Way.ADVISORY:
            return msgspec.structs.replace(fresh, state=State.DECIDED if observes else State.REJECTED)
        case Way.REMEDIATE:
            pass
    if intended.duplicate_of is not None:
        again = _cover_ends(intended.duplicate_of, batch, now)
        return msgspec.structs.replace(
            fresh, state=State.DEDUPLICATED, due=min(again, record.action.deadline)
        )
    if intended.effects:
        state = State.DECIDED if observes else State.INTENDED
        return msgspec.structs.replace(fresh, state=state)
    if sent:
        return after_sending(fresh, sent)
    return already_gone(fresh, now)


def _cover_ends(action_id: str, batch: Batch, now: datetime) -> datetime:
    """Return when the duplicate is judged anew: just after the hour of the approval it repeats."""
    covers = [cover.intended_at for cover in batch.covered.values() if cover.action_id == action_id]
    return max(covers, default=now) + DEDUPLICATION + timedelta(seconds=1)
