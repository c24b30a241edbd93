"""The charts of the overview."""

from collections.abc import Mapping, Sequence

from agent.faces.charts import Chart, Series, bars, columns
from agent.faces.telling import KINDS
from agent.faces.web.overview_words import STANDS
from agent.judge.report.agreeing import Agreement
from agent.judge.sum_up import STEPS, Stand, Summary

FILLS = {
    Stand.POLICIES: "bar",
    Stand.PEOPLE: "approve",
    Stand.ELSEWHERE: "quiet",
    Stand.GUARD: "held",
    Stand.ASKED: "escalate",
    Stand.NOBODY: "reject",
}

MOST_GUARDS = 12


def charts_of(summary: Summary, agreement: Agreement) -> dict[str, Chart]:
    """Return the charts that have something to show, by name."""
    made = (
        _days(summary),
        _kinds(summary),
        _until_decided(summary),
        _until_answered(summary),
        _agreement(agreement),
        _guards(summary),
    )
    return {one.id: one for one in made if one.total}


def _days(summary: Summary) -> Chart:
    return columns(
        "days",
        "Decided by whom, day by day",
        "Each action counts once, on the day of the last decision that it had; days are UTC.",
        "Day",
        [f"{one.day:%d %b}" for one in summary.days],
        _by_stand([one.stands for one in summary.days]),
    )


def _kinds(summary: Summary) -> Chart:
    return bars(
        "kinds",
        "Decided by whom, by kind of action",
        "Each action counts once, by the last decision that it had.",
        "Kind",
        [KINDS[kind] for kind in summary.kinds],
        _by_stand(list(summary.kinds.values())),
    )


def _until_decided(summary: Summary) -> Chart:
    series = [
        Series(name=STANDS[stand], fill=FILLS[stand], values=lengths.counts)
        for stand, lengths in summary.until_decided.items()
        if lengths.count
    ]
    return columns(
        "until-decided",
        "From first seen until decided",
        "How long it took from when an action was first seen until it was approved or rejected, by whom; "
        "what was decided elsewhere counts from when the agent saw that.",
        "It took",
        [name for name, _ in STEPS],
        series,
    )


def _until_answered(summary: Summary) -> Chart:
    return columns(
        "until-answered",
        "From asked until answered",
        "How long it took from when people were first asked until the last answer that was needed.",
        "It took",
        [name for name, _ in STEPS],
        [Series(name="actions", fill=FILLS[Stand.PEOPLE], values=summary.until_answered.counts)],
    )


def _agreement(agreement: Agreement) -> Chart:
    sides = (agreement.in_force.group.tally, agreement.would.group.tally)
    return bars(
        "agreement",
        "What policies thought, and what people decided",
        "Only actions that people decided, and on which there was a decision of ours before.",
        "Compared",
        ["what policies decided", "had observing policies counted"],
        [
            Series(name="agreed", fill="approve", values=tuple(one.agreed for one in sides)),
            Series(name="policies left it to people, who approved", fill="escalate", values=tuple(one.left for one in sides)),
            Series(name="policies rejected, people approved", fill="quiet", values=tuple(one.rejected for one in sides)),
            Series(name="policies approved, people rejected", fill="held", values=tuple(one.looser for one in sides)),
        ],
    )  # fmt: skip


def _guards(summary: Summary) -> Chart:
    some = list(summary.guards.items())[:MOST_GUARDS]
    return bars(
        "guards",
        "Guard rails that held approvals",
        "Actions that each guard rail held at least once, also where people have answered them since.",
        "Guard rail",
        [name for name, _ in some],
        [Series(name="actions", fill=FILLS[Stand.GUARD], values=tuple(count for _, count in some))],
    )


def _by_stand(counts: Sequence[Mapping[Stand, int]]) -> list[Series]:
    """Return a series for each way in which an action stands; those that nothing stands in are left out."""
    found = [
        Series(name=STANDS[stand], fill=FILLS[stand], values=tuple(one[stand] for one in counts))
        for stand in Stand
    ]
    return [one for one in found if sum(one.values)]
