"""One policy in short: what it is for, whether it counts, how its cases went, and what it did lately."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from agent.faces.telling import KINDS
from agent.faces.web.measuring import Measures
from agent.faces.web.site import Site
from agent.faces.web.tallies import WINDOW, Deeds
from agent.judge.fallen import fell_back, standing
from agent.judge.measure import Measured
from agent.judge.promotion.parts import of_part
from agent.model.decision import Unit
from agent.model.pending import ActionKind
from agent.model.policy import Limit, Limits, Mode, Policy
from agent.model.report import Group


class CasesShown(msgspec.Struct, frozen=True, kw_only=True):
    """How the cases of a policy went on the set in force, and how much of its clauses they saw."""

    count: int
    failing: int
    problems: int
    """What is wrong with the cases themselves, or missing among them."""
    wanted: int
    seen: int
    remarks: int
    is_newer: bool
    """Whether the folder has another text of the policy than is in force."""


class PolicyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One policy."""

    name: str
    description: str
    owner: str
    kinds: tuple[str, ...]
    """In Graph's words."""
    kind_words: tuple[str, ...]
    decides: str
    """`approve`, `reject` or `escalate`; `inform` where it decides nothing."""
    mode: Mode
    """As it is written."""
    enforces: bool
    """Whether its decision counts here and now: not while it observes, once it has expired, or for other tenants."""
    where: str
    """For what it enforces, where that is a part of what it is for; else empty."""
    fallen: str
    """Since when it observes whatever its file says, and why; empty where it does what that says."""
    is_over: bool
    is_for_others: bool
    """Whether it is for other tenants only."""
    expires: datetime | None
    priority: int | None
    """None where it decides nothing."""
    limits: tuple[str, ...]
    approvers: int
    chain: str
    inform: str
    lists: tuple[str, ...]
    cases: CasesShown | None
    """None until they were tried."""
    deeds: Deeds | None
    """None while they are being counted."""
    agreement: Group | None
    """How the decisions in which it took part, or would have, compare with people's; None where there is nothing to compare."""


EVERY = frozenset(ActionKind)


async def rows(site: Site, policies: Sequence[Policy], measures: Measures | None) -> tuple[PolicyRow, ...]:
    """Return these policies in short, as they stand now."""
    now = site.desk.clock.now()
    counted = await site.counted.get(lambda: _counted(site))
    deeds, agreed = counted if counted is not None else ({}, {})
    measured: Mapping[str, Measured] = measures.policies if measures is not None else {}
    fallen = standing(await site.desk.ledger.fallbacks())
    return tuple(
        _row(
            site,
            replace(one, fallen=fallen.get(one.name)),
            measured.get(one.name),
            deeds.get(one.name, Deeds()) if counted is not None else None,
            agreed.get(one.name),
            now,
        )
        for one in policies
    )


async def _counted(site: Site) -> tuple[Mapping[str, Deeds], Mapping[str, Group]]:
    desk, now = site.desk, site.desk.clock.now()
    found = await site.looking.back(desk.ledger, site.archive, WINDOW, now, site.wall.now())
    return await site.tallies.now(site.archive, now), found.agreement.policies


def _row(
    site: Site,
    one: Policy,
    measured: Measured | None,
    deeds: Deeds | None,
    agreed: Group | None,
    now: datetime,
) -> PolicyRow:
    is_over, is_ours = one.has_expired(now), one.is_for(site.desk.tenant_id)
    treats = site.settings.policies.enforces_observers
    is_written = any(one.enforces(kind, site.desk.tenant_id, enforces_observers=treats) for kind in one.kinds)
    kinds = sorted(one.kinds)
    return PolicyRow(
        name=one.name,
        description=one.description,
        owner=one.owner,
        kinds=tuple(str(kind) for kind in kinds),
        kind_words=tuple(KINDS[kind] for kind in kinds) if one.kinds != EVERY else ("every kind",),
        decides=one.verb.value if one.decides else "inform",
        mode=one.mode,
        enforces=is_written and not is_over and is_ours,
        where="" if one.part.is_whole or treats else of_part(one.part),
        fallen="" if one.fallen is None else fell_back(one.fallen),
        is_over=is_over,
        is_for_others=not is_ours,
        expires=one.expires,
        priority=one.priority if one.decides else None,
        limits=limits_of(one.limits),
        approvers=one.approvers,
        chain=one.escalation or "",
        inform=one.inform or "",
        lists=tuple(sorted(one.lists)),
        cases=_cases(measured) if measured is not None else None,
        deeds=deeds,
        agreement=agreed if agreed is not None and agreed.tally.compared else None,
    )


def limits_of(limits: Limits) -> tuple[str, ...]:
    """Return limits as they are written, such as `actions: 20/h`."""
    return tuple(f"{unit}: {one.wording}" for unit, one in by_unit(limits))


def by_unit(limits: Limits) -> Iterator[tuple[Unit, Limit]]:
    """Give the limits that there are, each with what it counts."""
    for unit, limit in ((Unit.ACTIONS, limits.actions), (Unit.MESSAGES, limits.messages)):
        if limit is not None:
            yield unit, limit


def _cases(one: Measured) -> CasesShown:
    return CasesShown(
        count=len(one.cases),
        failing=one.failing,
        problems=len(one.problems),
        wanted=one.wanted,
        seen=one.seen,
        remarks=len(one.remarks),
        is_newer=one.is_newer,
    )
