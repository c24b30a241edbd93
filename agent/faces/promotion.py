"""What speaks for a policy and against it, from the ledger: read while an agent runs or not."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from agent.judge.measure import rebased
from agent.judge.promotion.bar import compares
from agent.judge.promotion.counting import Evidencing
from agent.judge.promotion.line import content
from agent.loop.comparing import compared
from agent.model.errors import PolicyError
from agent.model.fallback import Fallback
from agent.model.policy import KeptSet, Part, Policy, PolicySet
from agent.model.promotion import Evidence
from agent.model.report import Asked
from agent.ports.archive import Archive
from agent.ports.ledger import Ledger

AT_ONCE = 20
"""Sets that are read together."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says of one policy."""

    evidence: Evidence
    fallback: Fallback | None
    """The one that stands."""
    is_unmended: bool
    """Whether it fell back, and says what it said then."""


async def found_of(
    ledger: Ledger,
    archive: Archive,
    policies: PolicySet,
    policy: Policy,
    part: Part,
    *,
    tenant_id: str,
    now: datetime,
) -> Found:
    """Return what the ledger says of the policy, in this part of what it is for.

    Args:
        ledger: the tenant's.
        archive: the same ledger's.
        policies: the set as it lies in the folder.
        policy: the one of it.
        part: where it is to enforce besides.
        tenant_id: whose ledger it is.
        now: the moment.
    """
    fallbacks = [one for one in await ledger.fallbacks(is_standing=False) if one.policy == policy.name]
    standing = next((one for one in fallbacks if one.ended is None), None)
    since, why = await _since(ledger, policies, policy), "since when it says what it says"
    last = max((one.since for one in fallbacks), default=None)
    if since is not None and last is not None and last > since:
        since, why = last, "since it fell back"
    alive = await ledger.alive()
    until = now if alive is None else min(alive, now)
    evidence = Evidence(since=since, until=until, why=why)
    if since is not None and compares(policy) and _is_of(part, tenant_id):
        asked = Asked(
            tenant_id=tenant_id,
            since=since,
            until=now,
            policies=(policy.name,),
            kinds=() if part.kinds is None else tuple(sorted(part.kinds)),
        )
        evidence = await _counted(archive, policy, asked, evidence)
    return Found(
        evidence=evidence,
        fallback=standing,
        is_unmended=standing is not None and await _is_unmended(ledger, policies, policy, standing),
    )


def _is_of(part: Part, tenant_id: str) -> bool:
    """Whether the ledger can speak for the whole part: it is one tenant's, and says nothing of another that is named."""
    return part.tenants is None or part.tenants <= {tenant_id.lower()}


async def _counted(archive: Archive, policy: Policy, asked: Asked, evidence: Evidence) -> Evidence:
    counting = Evidencing(policy, asked.since)
    async for one in compared(archive, asked):
        counting.take(one)
    return msgspec.structs.replace(
        evidence,
        tally=counting.tally(),
        looser=tuple(counting.looser),
        stricter=tuple(counting.stricter),
    )


async def _since(ledger: Ledger, policies: PolicySet, policy: Policy) -> datetime | None:
    """Return since when, without a break, sets were in force in which the policy says what it says; None for never.

    A set that came into force again counts from then on only.
    """
    wanted = said_in(policies.files, policies, policy)
    since: datetime | None = None
    while kept := await ledger.kept_sets(before=since, limit=AT_ONCE):
        for one in kept:
            if said_in(one.files, policies, policy) != wanted:
                return since
            since = one.at
    return since


async def _is_unmended(ledger: Ledger, policies: PolicySet, policy: Policy, fell: Fallback) -> bool:
    kept: KeptSet | None = await ledger.kept_set(fell.revision)
    if kept is None:
        return False
    return said_in(kept.files, policies, policy) == said_in(policies.files, policies, policy)


def said_in(files: Mapping[str, bytes], policies: PolicySet, policy: Policy) -> object:
    """Return what the policy's file says among those of a set, its mode apart; None where it is not among them."""
    data = rebased(files, policies.files).get(policy.file)
    try:
        return None if data is None else content(policy.file, data)
    except PolicyError:
        return None
