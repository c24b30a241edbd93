"""The guard rails, asked at the decision and again before each call leaves: gathers what they look at."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from msgspec.structs import replace

from agent.judge.guard import as_words, guard_of, limits_of, messages_in, over, weigh_limit
from agent.judge.people import UNPASSED
from agent.judge.plans.means import Problem
from agent.judge.rails.approvers import wanted_by
from agent.judge.rails.ask import ask
from agent.judge.rails.given import DAY, Given
from agent.judge.rails.listed import ProtectedList, protected_lists
from agent.judge.rails.lookup import of_owner, senders_of, with_senders_copy
from agent.judge.rails.scene import Scene
from agent.judge.rails.surge import HISTORY, HOUR
from agent.judge.shadow import counting
from agent.judge.unremembered import unremembered
from agent.loop.lookup import look_up_messages
from agent.loop.means import means
from agent.loop.policies import InForce
from agent.model.decision import Decision, Unit
from agent.model.defender import Mail
from agent.model.enactment import Effect, Plan, Record, Went
from agent.model.errors import Held, Malformed, Refused
from agent.model.hold import Hold
from agent.model.pending import PendingAction
from agent.model.policy import Policy
from agent.model.rails import Approved
from agent.model.targets import Account, Found, OfAccount
from agent.ports.world import World


@dataclass(slots=True)
class Surroundings:
    """What holds and what was given away until now: read once for a batch, and kept up while it is judged."""

    holds: tuple[Hold, ...]
    given: Given
    protected: tuple[ProtectedList, ...]
    approved: Approved = field(default_factory=Approved)
    wished: int = 0
    """Approvals that are new in this batch, be they held or not."""
    question: str = ""
    """What the brake asks of people, where it opened in this batch; else empty."""
    found: tuple[Effect, ...] = ()
    """Everything that was given away, be it counted here or not."""
    counted: frozenset[Went] = frozenset()
    """Which of what would only have been counts here; none where what is judged is carried out."""
    surges: bool = False
    """Whether the brake would be on."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What would be touched besides mail, as it was just read; None where that is nothing, or cannot be read."""

    found: Found | None = None
    owner: Account | None = None
    senders: frozenset[str] | None = frozenset()
    """Whose own copies of mail would go too; None where that is not known."""
    mail: Mail | None = None
    """The mail itself; None where there is none, or where it was looked at before."""


async def around(world: World, policies: InForce, now: datetime) -> Surroundings:
    """Return how things stand before something is judged, or leaves."""
    window = max([DAY, *(cap.window for cap in world.rails.caps)])
    found, counted = await world.ledger.given(now - window), means(world).counted
    return Surroundings(
        holds=await world.ledger.holds(),
        given=Given(counting(found, counted)),
        protected=protected_lists(
            world.rails.protected, policies.judge.policy_set.lists, policies.fetched, now
        ),
        found=found,
        counted=counted,
    )


async def with_wishes(world: World, here: Surroundings, now: datetime) -> Surroundings:
    """Return the same with how many approvals there were in each hour, for the brake."""
    here.approved = await world.ledger.approved(now, HISTORY // HOUR, shadow=Went.SHADOW in here.counted)
    return here


async def beside(world: World, here: Surroundings, now: datetime) -> Surroundings:
    """Return how things would stand had observing policies counted."""
    counted = replace(means(world), is_shadow=True).counted
    would = dataclasses.replace(here, given=Given(counting(here.found, counted)), counted=counted)
    return await with_wishes(world, would, now)


async def look(
    world: World, effects: Sequence[Effect], found: Found | Problem | None, mail: Mail | None = None
) -> Seen:
    """Return what the rails have to know of what would be touched, given what it is itself.

    `mail` is what was just read of it; where it is left out, it is looked up as far as it is needed.

    Raises:
        Unavailable: it cannot be asked for now.
    """
    asked = of_owner(effects)
    owner = None if asked is None else await _account(world, asked)
    return Seen(
        found=None if isinstance(found, Problem) else found,
        owner=owner,
        senders=await _senders(world, effects, mail),
        mail=mail,
    )


async def _senders(world: World, effects: Sequence[Effect], mail: Mail | None) -> frozenset[str] | None:
    """Return whose own copies would go too, where a list could protect them."""
    messages = with_senders_copy(effects) if world.rails.protected else ()
    if not messages:
        return frozenset()
    return senders_of(messages, mail or await look_up_messages(world, messages))


async def _account(world: World, asked: OfAccount) -> Account | None:
    """Return the account; None where nobody can tell, so that the rails take it for protected."""
    try:
        found = await world.targets.find(asked)
    except (Refused, Malformed):
        return None
    return found if isinstance(found, Account) else None


def scene(
    world: World,
    action: PendingAction,
    effects: Sequence[Effect],
    seen: Seen,
    here: Surroundings,
    deciding: Sequence[Policy],
    now: datetime,
) -> Scene:
    """Return what the rails look at."""
    return Scene(
        now=now,
        tenant_id=world.tenant_id,
        action=action,
        effects=tuple(effects),
        rails=world.rails,
        holds=here.holds,
        found=seen.found,
        owner=seen.owner,
        senders=seen.senders,
        protected=here.protected,
        own=world.own,
        given=here.given.beside(action.id, here.counted),
        surges=here.surges,
        unremembered=unremembered(world.restored, action, seen.mail, now),
        approvers=wanted_by(deciding),
    )


async def check(world: World, policies: InForce, record: Record, seen: Seen) -> None:
    """Return where nothing stands against carrying the record's plan out at this moment.

    What people approved is kept only by what no answer passes.

    Raises:
        Held: a guard rail does, whatever it said when it was decided.
    """
    if record.decision is None or record.plan is None:
        raise Held("undecided", "it was never decided")
    now = world.clock.now()
    known = policies.judge.policies
    deciding = [known[name] for name in record.decision.policies if name in known]
    here = await around(world, policies, now)
    said = ask(scene(world, record.action, record.plan.effects, seen, here, deciding, now))
    if record.decision.answered:
        said = tuple(one for one in said if one.guard in UNPASSED)
    if said:
        raise Held(said[0].guard, as_words(said), said[0].until)
    await _within_limits(world, deciding, record.decision, record.plan, now)


async def _within_limits(
    world: World, deciding: Sequence[Policy], decision: Decision, plan: Plan, now: datetime
) -> None:
    """Return where what the deciding policies approved until now keeps their limits, this approval among it.

    Two agents may have approved at the same moment, neither seeing the other's. A window that this approval has left
    says nothing of it any more.
    """
    messages = messages_in(plan.effects)
    for policy in deciding:
        for unit, limit in limits_of(policy):
            since = now - limit.window
            if decision.at < since:
                continue
            both = await world.ledger.spent(policy.name, since, apart_from=decision.action_id)
            spent = both.actions if unit is Unit.ACTIONS else both.messages - messages
            weighed = weigh_limit(policy.name, unit, limit, spent, messages)
            if weighed.is_over:
                raise Held(guard_of(weighed), over(weighed))
