"""Reads everything again right before the first call of a plan, and says whether the approval still holds."""

from collections.abc import Sequence
from datetime import timedelta

from agent.judge.bind import binding, is_planned, void
from agent.judge.gather import mail_of, wanted
from agent.judge.plan import plan
from agent.judge.plans.means import Present
from agent.loop.answering import why_unanswered
from agent.loop.lookup import claims, find, look_up
from agent.loop.means import means
from agent.loop.policies import InForce
from agent.model.defender import Mail
from agent.model.enactment import Cover, Effect, EffectKind, Pair, Record, Went
from agent.ports.world import World

STALE = timedelta(seconds=30)
"""How old a reading of mail may be that is not repeated: the incident itself was read a moment ago."""


async def why_void(world: World, record: Record, policies: InForce) -> str:
    """Return why the record's approval does not hold any more, in words; empty where it does.

    Args:
        world: where all is read again.
        record: it is intended, with its evidence as it was just read.
        policies: in force here.

    Raises:
        Unavailable: Graph is away, so that nobody can tell.
    """
    decision, approved = record.decision, record.plan
    if decision is None or approved is None:
        return "it was never decided"
    now = binding(decision, record.action, revision=policies.judge.revision)
    if now != approved.binding:
        return void(approved, now, approved)
    if decision.answered and (why := await why_unanswered(world, policies, record)):
        return why
    effects = await world.ledger.effects(record.action.id)
    if not is_planned(approved, effects):
        return "what stands to be sent is not what was planned: somebody changed the ledger"
    if wanted(record.action) and world.clock.now() - decision.at <= STALE:
        return ""
    present = await _present(world, record, effects)
    return void(approved, now, plan(decision, record.action, present, means(world)))


async def _present(world: World, record: Record, effects: Sequence[Effect]) -> Present:
    """Return what stands around the action now, what its own plan has claimed and not yet sent set aside."""
    mail: Mail | None = None
    if wanted(record.action):
        mail = mail_of(record.action, await look_up(world, [record]))
    found = await find(world, record.action)
    own = {effect.id for effect in effects if effect.went is Went.INTENDED}
    covered: dict[EffectKind, dict[Pair, Cover]] = {
        kind: {target: cover for target, cover in covers.items() if cover.effect_id not in own}
        for kind, covers in (await claims(world, record.action, mail, found)).items()
    }
    return Present(mail=mail, found=found, covered=covered)
