"""`/policies/NAME`: one policy: its text as it is in force, its cases and how they ran, and what it did lately."""

import re
from datetime import datetime, timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent.faces.web.measuring import Measures, authors_of
from agent.faces.web.policy_row import PolicyRow, by_unit, rows
from agent.faces.web.refusing import NotHere
from agent.faces.web.set_in_force import SetShown, set_in_force
from agent.faces.web.showing import refuse, show
from agent.faces.web.site import Site, site_of
from agent.faces.web.tallies import WINDOW
from agent.judge.coverage import ClauseCoverage
from agent.judge.literals import nearest
from agent.judge.measure import CaseRun, named_there
from agent.judge.quote import quote, span
from agent.loop.policies import InForce
from agent.model.decision import Unit
from agent.model.policy import Limit, Mode, Policy
from agent.model.remark import Remark

BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""Where YAML ends a line, and so where marks count one."""

LONGEST = 100
"""Characters of a name that is not there, as it is repeated."""


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """One limit, and how much of it is used now."""

    unit: Unit
    wording: str
    count: int
    window: timedelta
    spent: int
    is_observed: bool = False
    """Whether what would only have been approved counts, for nothing of it is carried out."""

    @property
    def words(self) -> str:
        """How much of it is used, and of what."""
        usual = {timedelta(hours=1): "hour", timedelta(days=1): "day"}
        would = "would have used " if self.is_observed else ""
        return f"{would}{self.spent:,} of {self.count:,} {self.unit} in the last {usual.get(self.window) or span(self.window)}"

    @property
    def is_reached(self) -> bool:
        """Whether the next approval would be held by it."""
        return self.spent >= self.count


class CasesRun(msgspec.Struct, frozen=True, kw_only=True):
    """The cases beside the policy, tried on the set in force."""

    file: str
    lines: tuple[str, ...]
    cases: tuple[CaseRun, ...]
    problems: tuple[str, ...]
    clauses: tuple[ClauseCoverage, ...]
    remarks: tuple[Remark, ...]
    authors: tuple[str, ...]
    """Who changed the policy's file in the folder last, as git says."""


class PolicyPage(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    now: datetime
    window: timedelta
    set: SetShown
    policy: PolicyRow
    reason: str
    classification: str
    file: str
    digest: str
    """Of the policy's bytes and of the lists it names."""
    lines: tuple[str, ...]
    """Its text, exactly as it is in force."""
    limits: tuple[Spending, ...]
    cases: CasesRun | None
    """None while they are being tried."""
    unmeasured: str
    """Why there are no cases to try; empty where there are."""
    answers: tuple[str, ...] = ("true", "false", "unknown")


async def policy(request: Request) -> Response:
    """Show one policy of the set in force.

    Raises:
        NotHere: it has none of this name.
    """
    site = site_of(request)
    shown, in_force = await set_in_force(site)
    if in_force is None:
        return await refuse(request, 503, f"no policy can be shown: {shown.problems[0]}")
    one = _named(request.path_params["name"], in_force)
    now = site.desk.clock.now()
    measures = await site.measuring.now(site.desk, in_force, site.wall.now())
    (row,) = await rows(site, [one], measures)
    is_observed = not row.enforces or site.settings.mode is Mode.OBSERVE
    page = PolicyPage(
        now=now,
        window=WINDOW,
        set=shown,
        policy=row,
        reason=one.reason,
        classification=str(one.classification or ""),
        file=one.file,
        digest=one.digest,
        lines=lines_of(in_force.judge.policy_set.files[one.file]),
        limits=tuple(
            [
                await _spending(site, one.name, unit, limit, now, is_observed=is_observed)
                for unit, limit in by_unit(one.limits)
            ]
        ),
        cases=await _cases(site, one, in_force, measures) if measures is not None else None,
        unmeasured=measures.problem if measures is not None else "",
    )
    return await show(request, "policy.html", page)


def lines_of(data: bytes) -> tuple[str, ...]:
    """Return the lines of a text, as marks in it count them; the end of the last one begins no other."""
    lines = BREAKS.split(data.decode(errors="replace"))
    return tuple(lines[:-1] if lines and not lines[-1] else lines)


def _named(name: str, in_force: InForce) -> Policy:
    known = {one.name: one for one in in_force.judge.policy_set.policies}
    if name not in known:
        raise NotHere(f"there is no policy {quote(name, LONGEST)} in force{nearest(name, known)}")
    return known[name]


async def _spending(
    site: Site, name: str, unit: Unit, limit: Limit, now: datetime, *, is_observed: bool
) -> Spending:
    spent = await site.desk.ledger.spent(name, now - limit.window, observed=is_observed)
    return Spending(
        unit=unit,
        wording=limit.wording,
        count=limit.count,
        window=limit.window,
        spent=spent.actions if unit is Unit.ACTIONS else spent.messages,
        is_observed=is_observed,
    )


async def _cases(site: Site, one: Policy, in_force: InForce, measures: Measures) -> CasesRun:
    found = measures.policies[one.name]
    text = measures.folder.get(named_there(found.file, measures.folder, in_force.written), b"")
    return CasesRun(
        file=found.file,
        lines=lines_of(text),
        cases=found.cases,
        problems=found.problems,
        clauses=found.clauses,
        remarks=found.remarks,
        authors=await authors_of(site.desk, one.file, measures, in_force),
    )
