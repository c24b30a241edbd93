"""(Evidence, what else was found, the bar) -> what is asked for, line by line, and what is missing of it.

A policy that only asks people, or only tells them, cannot be looser than they are: of it no comparison is asked.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from agent.judge.lint.possible import possible
from agent.judge.lint.settled import matching
from agent.judge.promotion.counting import DECIDES
from agent.judge.promotion.parts import of_part
from agent.judge.quote import counted, moment, span
from agent.model.decision import Verb
from agent.model.pending import ActionKind
from agent.model.policy import Mode, Part, Policy
from agent.model.promotion import Asked, Bar, Evidence

MOST_NAMED = 5
"""Actions and policies that are named in one line."""


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of the files. Each says what is wrong; empty where nothing is."""

    cases: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    proved: int = 0
    """Claims that were proved."""
    tried: int = 0
    """Cases of the policy that hold."""


def compares(policy: Policy) -> bool:
    """Whether anything that the policy decides can be compared with what people do."""
    return policy.decides and policy.verb in DECIDES


def bar_of(
    policy: Policy,
    part: Part,
    others: Sequence[Policy],
    evidence: Evidence,
    checks: Checks,
    bar: Bar,
    now: datetime,
    *,
    is_unmended: bool = False,
) -> tuple[Asked, ...]:
    """Return every line of the bar.

    Args:
        policy: as its file has it.
        part: where it is to enforce besides.
        others: all policies of its set.
        evidence: what was compared of that part.
        checks: how its files fare.
        bar: what is asked.
        now: the moment.
        is_unmended: whether it fell back, and its file still says what it said then.
    """
    lines: list[Asked] = []
    if is_unmended:
        lines.append(_mended(policy))
    if compares(policy):
        lines += _compared(policy, part, evidence, bar)
        lines.append(_overruled(policy, part, others, now))
    lines += _checked(checks)
    return tuple(lines)


def _mended(policy: Policy) -> Asked:
    return Asked(
        name="mended",
        asked="what it says was changed since it fell back",
        found="it says what it said then",
        missing=f"change what was wrong with it, or `air-agent policy reinstate {policy.name}`",
    )


def _compared(policy: Policy, part: Part, evidence: Evidence, bar: Bar) -> Iterator[Asked]:
    if evidence.since is None:
        yield Asked(
            name="observed",
            asked=f"at least {counted(bar.days, 'day', 'days')}",
            found="this text of the policy never was in force here",
            missing=f"let an agent run with it for {counted(bar.days, 'day', 'days')}",
        )
    else:
        lacking = timedelta(days=bar.days) - evidence.observed
        yield Asked(
            name="observed",
            asked=f"at least {counted(bar.days, 'day', 'days')}",
            found=f"{_length(evidence.observed)}, from {moment(evidence.since)} ({evidence.why}) to {moment(evidence.until)}",
            missing=f"{span(lacking)} more" if lacking > timedelta(0) else "",
        )
    tally = evidence.tally
    lacking_actions = bar.actions - tally.compared
    yield Asked(
        name="compared",
        asked=f"at least {counted(bar.actions, 'action', 'actions')} that it {_would(policy)}, {of_part(part)}",
        found=f"{tally.compared:,}: {tally.agreed:,} agreed, {tally.stricter:,} stricter, {tally.looser:,} looser"
        f"; {tally.undecided:,} more undecided",
        missing=f"{lacking_actions:,} more that people decide" if lacking_actions > 0 else "",
    )
    yield _contrary(policy, evidence, bar)


def _contrary(policy: Policy, evidence: Evidence, bar: Bar) -> Asked:
    """Ask that people decided no more than so many the other way: what it rejects in vain, people are not asked about."""
    is_looser = policy.verb is Verb.APPROVE
    ids = evidence.looser if is_looser else evidence.stricter
    named = ", ".join(f"`air-agent show {one[:8]}`" for one in ids[:MOST_NAMED])
    more = len(ids) - MOST_NAMED
    return Asked(
        name="looser" if is_looser else "stricter",
        asked=f"at most {bar.looser:,} that people {'rejected' if is_looser else 'approved'}",
        found=f"{len(ids):,}",
        missing=f"look at {named}{f' and {more:,} more' if more > 0 else ''}, and narrow the policy"
        if len(ids) > bar.looser
        else "",
    )


def _would(policy: Policy) -> str:
    return f"would have {'approved' if policy.verb.value == 'approve' else 'rejected'}"


def _length(time: timedelta) -> str:
    if time < timedelta(days=2):
        return f"{time // timedelta(hours=1)} h"
    return counted(time.days, "day", "days")


def _overruled(policy: Policy, part: Part, others: Sequence[Policy], now: datetime) -> Asked:
    """Ask that whatever overrules the policy in the comparison does so when it enforces, too."""
    found = [one for one in others if _overrules(one, policy, part, now)]
    named = ", ".join(f"`{one.name}`" for one in found[:MOST_NAMED])
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return Asked(
        name="overruled",
        asked="policies that can overrule it enforce too, as they did in the comparison",
        found="they do" if not found else f"{counted(len(found), 'observes', 'observe')}: {named}{more}",
        missing=f"promote {named}{more} first" if found else "",
    )


def _overrules(other: Policy, policy: Policy, part: Part, now: datetime) -> bool:
    """Whether the other keeps the policy from deciding where both match, and would not once the policy enforces there."""
    if other.name == policy.name or not other.decides or other.has_expired(now):
        return False
    if other.priority < policy.priority or other.verb is policy.verb:
        return False
    kinds = (policy.kinds if part.kinds is None else part.kinds) & other.kinds
    if not kinds or not _share_tenants(other, policy, part) or _enforces_there(other, kinds, part):
        return False
    return possible([*matching(policy, kinds), *matching(other, kinds)], now)


def _share_tenants(other: Policy, policy: Policy, part: Part) -> bool:
    some = [one for one in (other.tenants, policy.tenants, part.tenants) if one is not None]
    return not some or bool(frozenset.intersection(*some))


def _enforces_there(other: Policy, kinds: frozenset[ActionKind], part: Part) -> bool:
    """Whether the other enforces wherever the policy is to."""
    is_counting = other.mode is Mode.ENFORCE and other.fallen is None
    return is_counting and other.part.holds(Part(kinds=kinds, tenants=part.tenants or other.tenants))


def _checked(checks: Checks) -> Iterator[Asked]:
    yield _of_files(
        "cases", "its cases hold", f"{counted(checks.tried, 'case holds', 'cases hold')}", checks.cases
    )
    proved = (
        counted(checks.proved, "claim is proved", "claims are proved") if checks.proved else "none is claimed"
    )
    yield _of_files("proofs", "what is claimed of the set is proved", proved, checks.proofs)
    yield _of_files("check", "`air-agent policy check` has no error", "it has none", checks.errors)


def _of_files(name: str, asked: str, fine: str, wrong: Sequence[str]) -> Asked:
    if not wrong:
        return Asked(name=name, asked=asked, found=fine)
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return Asked(
        name=name, asked=asked, found=counted(len(wrong), "does not", "do not"), missing=f"{wrong[0]}{more}"
    )
