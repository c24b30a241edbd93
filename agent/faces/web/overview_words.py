"""The numbers of the overview in words."""

import msgspec

from agent.faces.report.numbers import FEW, rated
from agent.faces.report.words import WHY
from agent.judge.quote import counted
from agent.judge.report.agreeing import Agreement, Side
from agent.judge.sum_up import Stand, Summary
from agent.model.decision import Verb
from agent.model.report import Group, Rate

STANDS = {
    Stand.POLICIES: "policies",
    Stand.PEOPLE: "people, here",
    Stand.ELSEWHERE: "elsewhere",
    Stand.GUARD: "held by a guard rail",
    Stand.ASKED: "left to people",
    Stand.NOBODY: "nobody in time",
}

MEANINGS = {
    Stand.POLICIES: "approved or rejected by policies alone",
    Stand.PEOPLE: "approved or rejected by people who answered the agent",
    Stand.ELSEWHERE: "decided in Defender's portal, or closed by Defender",
    Stand.GUARD: "approved, and held by a guard rail: not answered in this window",
    Stand.ASKED: "escalated to people: not answered in this window",
    Stand.NOBODY: "expired, or the last chance passed unanswered: nobody's no",
}

FILTERS = {
    Stand.POLICIES: "by=policies",
    Stand.PEOPLE: "by=people",
    Stand.ELSEWHERE: "by=elsewhere",
    Stand.GUARD: "by=guard",
    Stand.ASKED: "by=policies&decision=escalate",
    Stand.NOBODY: "by=nobody",
}
"""How History shows decisions of each sort."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many actions stand in one way."""

    name: str
    meaning: str
    count: int
    percent: str
    verbs: str
    """How many of them were approved and rejected; empty where that is not known."""
    link: str


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison in words."""

    title: str
    words: tuple[str, ...]
    side: Side
    left: tuple[tuple[str, int], ...]
    """What is not compared, by why."""


def shares(summary: Summary, window: str) -> tuple[Share, ...]:
    """Return who decided how much."""
    return tuple(
        Share(
            name=STANDS[stand],
            meaning=MEANINGS[stand],
            count=count,
            percent=percent(count, summary.actions),
            verbs=_verbs(summary, stand),
            link=f"/history?since={window}&{FILTERS[stand]}",
        )
        for stand, count in summary.stands.items()
    )


def agreed(agreement: Agreement) -> tuple[Agreed, ...]:
    """Return both comparisons in words."""
    return (
        _agreed("What policies decided", agreement.in_force),
        _agreed("What would have been decided had observing policies counted", agreement.would),
    )


def expiries(summary: Summary) -> str:
    """Say how many weeks ended, and how many actions were decided before."""
    if not summary.expired and not summary.in_time:
        return "No action expired, and none was decided."
    return (
        f"{counted(summary.expired, 'action', 'actions')} expired; {summary.in_time:,} "
        f"{'was' if summary.in_time == 1 else 'were'} decided before their week was over, "
        f"{summary.last_day:,} of them within its last 24 hours."
    )


def percent(count: int, of: int) -> str:
    """Return a share as people read it: never 0 % of something, nor 100 % where something is missing."""
    if not of:
        return ""
    share = 100 * count / of
    if 0 < share < 1:
        return "under 1 %"
    return "over 99 %" if 99 < share < 100 else f"{share:.0f} %"


def _agreed(title: str, side: Side) -> Agreed:
    return Agreed(
        title=title,
        words=_compared(side.group) if side.group.tally.compared else ("There was nothing to compare.",),
        side=side,
        left=tuple((WHY[why], count) for why, count in side.undecided.items()),
    )


def _compared(group: Group) -> tuple[str, ...]:
    tally = group.tally
    return (
        f"They agreed in {tally.agreed:,} of {tally.compared:,}: {_rated(group.agreement)}.",
        f"Of {tally.would_approve:,} that policies approved, people rejected {tally.looser:,}: {_rated(group.risk)}.",
        f"Of those that people approved, policies had rejected {tally.rejected:,} and left {tally.left:,} to people.",
    )


def _rated(rate: Rate | None) -> str:
    return f"{FEW} how often" if rate is None else f"{rated(rate)}"


def _verbs(summary: Summary, stand: Stand) -> str:
    verbs = summary.verbs.get(stand)
    if verbs is None or not sum(verbs.values()):
        return ""
    return f"{verbs[Verb.APPROVE]:,} approved, {verbs[Verb.REJECT]:,} rejected"
