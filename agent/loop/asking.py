"""What policies leave to people: what they would be asked to approve, what they have answered, and what comes of it."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from agent.judge.bind import offer
from agent.judge.count import Counted, answered, count, is_enough, needed, progress
from agent.judge.people import UNPASSED, approved, lapsed, rejected
from agent.judge.plan import plan
from agent.judge.plans.means import Means, Present, ask_people
from agent.judge.rails.approvers import wanted
from agent.judge.rails.ask import ask
from agent.judge.rails.scene import Scene
from agent.loop.answering import terms_of
from agent.loop.approvers import Approvers
from agent.loop.guarding import Seen, Surroundings, scene
from agent.loop.policies import InForce
from agent.model.answer import Answer
from agent.model.chain import Fallback
from agent.model.decision import Decision, Verb
from agent.model.enactment import Offer, Plan, Record, State
from agent.ports.world import World


@dataclass(slots=True)
class Asking:
    """What is known of answers for one batch, and of those who gave them."""

    answers: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    approvers: Approvers = field(default_factory=Approvers)


@dataclass(frozen=True, slots=True)
class Left:
    """An action that policies leave to people.

    `ruled` is what policies decided before any rail was asked; `asked` the same with what rails said.
    """

    record: Record
    ruled: Decision
    asked: Decision
    present: Present
    means: Means


@dataclass(frozen=True, slots=True)
class Came:
    """What came of it: the decision and its plan, the record with what was learned of its answers, and why it still waits."""

    decision: Decision
    plan: Plan
    record: Record
    why: str = ""


async def ask_them(world: World, policies: InForce, left: Left, here: Surroundings, asking: Asking) -> Came:
    """Return what people decided of what was left to them, or what they are asked.

    Raises:
        Unavailable: who the approvers are cannot be read now.
    """
    offered = _offered(left)
    around = _around(world, policies, left, offered, here)
    asked = replace(left.asked, approvers=max(left.asked.approvers, wanted(around)))
    waits = Came(asked, replace(ask_people(), offered=offered), left.record)
    answers = asking.answers.get(left.record.action.id, ())
    if answers:
        came = await _answered(
            world, policies, dataclasses.replace(left, asked=asked), offered, around, answers, asking
        )
        if came.decision.answered:
            return came
        waits = came
    return _lapsed(left, waits, offered)


def _offered(left: Left) -> Offer:
    """Return what would be done if people approved."""
    action = left.record.action
    as_approved = replace(left.asked, verb=Verb.APPROVE)
    return offer(action, plan(as_approved, action, left.present, left.means), left.asked.policies)


def _around(world: World, policies: InForce, left: Left, offered: Offer, here: Surroundings) -> Scene:
    known = policies.judge.policies
    deciding = [known[name] for name in left.asked.policies if name in known]
    return scene(world, left.record.action, offered.effects, Seen(), here, deciding, left.ruled.at)


async def _answered(
    world: World,
    policies: InForce,
    left: Left,
    offered: Offer,
    around: Scene,
    answers: Sequence[Answer],
    asking: Asking,
) -> Came:
    """Return the decision by people where there is one, else what they are still asked."""
    terms = await terms_of(world, policies, left.record, left.asked, offered, left.ruled.at)
    need = needed(left.asked, terms.chain)
    so_far = count(offered, answers, terms)
    asked = replace(left.asked, approvers=need)
    if so_far.rejection is not None:
        decision = rejected(left.ruled, asked, answered([so_far.rejection]))
        return _came(left, decision, offered)
    record = left.record
    if is_enough(so_far.approvals, offered, need):
        gone = await asking.approvers.gone(world, so_far.approvals, terms.chain)
        so_far = _without(so_far, gone)
        record = replace(record, discounted=tuple(sorted({*record.discounted, *gone})))
    if not is_enough(so_far.approvals, offered, need):
        return Came(left.asked, replace(ask_people(), offered=offered), record, _why(record, so_far, need))
    known = {one.guard for one in asked.held}
    more = tuple(one for one in ask(around) if one.guard in UNPASSED - known)
    decision = approved(left.ruled, replace(asked, held=(*asked.held, *more)), answered(so_far.approvals))
    return _came(dataclasses.replace(left, record=record), decision, offered)


def _came(left: Left, decision: Decision, offered: Offer) -> Came:
    planned = plan(decision, left.record.action, left.present, left.means)
    return Came(decision, replace(planned, offered=offered), left.record)


def _without(so_far: Counted, gone: Mapping[int, str]) -> Counted:
    return Counted(
        approvals=tuple(one for one in so_far.approvals if one.number not in gone),
        lost=(*so_far.lost, *gone.values()),
    )


def _why(record: Record, so_far: Counted, need: int) -> str:
    """Say how far the answers go; why those that were given do not count any more, where it was thought that they would."""
    lost = so_far.lost if record.state is State.ANSWERED or not so_far.approvals else ()
    told = [progress(so_far.approvals, need), *(f"does not count any more: {words}" for words in lost)]
    return "; ".join(words for words in told if words)


def _lapsed(left: Left, waits: Came, offered: Offer) -> Came:
    """Return what the chain says becomes of it where nobody answered in time; what waits, where somebody may still be told."""
    lapse = left.record.lapse
    is_over = lapse is not None and lapse.grounds == left.asked.grounds and lapse.decide != Fallback.ESCALATE
    if lapse is None or not is_over:
        return waits
    decision = lapsed(left.ruled, waits.decision, lapse)
    planned = plan(decision, left.record.action, left.present, left.means)
    return Came(decision, replace(planned, offered=offered), waits.record, waits.why)
