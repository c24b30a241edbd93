"""A decision that was just written down: its line in the log, what is counted of it, and the spans of its trace."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from agent.judge.guard import family
from agent.loop.tracing import trace
from agent.model.answer import Answer
from agent.model.decision import Decision
from agent.model.enactment import Record
from agent.model.telemetry import Counted
from agent.model.trace import Phase
from agent.ports.world import World

PEOPLE, NOBODY, POLICIES = "people", "nobody", "policies"

log = structlog.get_logger()


def tell_of_decision(
    world: World, record: Record, decision: Decision, answers: Sequence[Answer], began: datetime
) -> None:
    """Tell of a decision.

    Args:
        world: everything outside.
        record: as the decision left it.
        decision: in force now.
        answers: what people have answered to the action, whether it counts or not.
        began: when it was begun to look up what policies ask for.
    """
    log.info(
        "decided",
        action=record.action.id,
        kind=record.action.kind,
        decision=decision.verb,
        policies=decision.policies,
        state=record.state,
        reason=decision.reason,
    )
    _count(world, decision)
    if world.telemetry.traces:
        _trace(world, record, decision, answers, began)


def _count(world: World, decision: Decision) -> None:
    by = _by(decision)
    verb = decision.verb.value
    world.telemetry.count(Counted.DECISION, verb=verb, by=by)
    if by == POLICIES:
        for policy in decision.policies:
            world.telemetry.count(Counted.POLICY, policy=policy, verb=verb)
    if decision.guard is not None:
        world.telemetry.count(Counted.HELD, guard=family(decision.guard))


def _by(decision: Decision) -> str:
    """Return whose the decision is, in a word."""
    if decision.answered:
        return PEOPLE
    return NOBODY if decision.lapsed is not None else POLICIES


def _trace(
    world: World, record: Record, decision: Decision, answers: Sequence[Answer], began: datetime
) -> None:
    now = world.clock.now()
    for one in answers:
        key, verb = f"{Phase.ANSWERED.value} {one.number}", one.verb.value
        trace(world, record, Phase.ANSWERED, one.at, key=key, decision=verb, via=one.via, number=one.number)
    trace(world, record, Phase.GATHERED, began, decision.at, facts=len(decision.facts.values))
    trace(
        world,
        record,
        Phase.DECIDED,
        decision.at,
        now,
        decision=decision.verb.value,
        policies=", ".join(decision.policies) or None,
        revision=decision.revision,
        state=record.state.value,
    )
    if decision.guard is not None:
        trace(world, record, Phase.HELD, now, guard=family(decision.guard))
    if record.plan is not None:
        way, effects = record.plan.way.value, len(record.plan.effects)
        trace(world, record, Phase.PLANNED, now, way=way, effects=effects)
