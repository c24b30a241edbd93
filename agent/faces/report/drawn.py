"""The charts of a report: agreement week by week, how each policy stands, and how much earlier it decided."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from agent.faces.charts import Chart, Series, bars, columns, ranges
from agent.faces.report.numbers import span
from agent.model.report import SAVED_STEPS, Group, Report

MOST = 20
"""Policies that are drawn, and weeks: the table has all."""


def charts(report: Report) -> tuple[Chart, ...]:
    """Return the charts for which there are numbers."""
    found = (_weeks(report.weeks), _policies(report.policies), _saved(report.counterfactuals.saved_steps))
    return tuple(one for one in found if one is not None)


def _weeks(weeks: Sequence[Group]) -> Chart | None:
    said = [(one.name, one.agreement) for one in weeks if one.agreement is not None][-MOST:]
    if not said:
        return None
    left = len(weeks) - len(said)
    words = "The share in which policies and people agreed, with its 95 % interval; the scale need not begin at 0."
    if left:
        words += f" Left out: {left:,} {'week' if left == 1 else 'weeks'}, too few to say or longer ago."
    return ranges(
        "chart-weeks",
        "Agreement, week by week",
        words,
        "Week of",
        [_day(name) for name, _ in said],
        [(rate.share, rate.low, rate.high) for _, rate in said],
    )


def _policies(policies: Sequence[Group]) -> Chart | None:
    ranked = sorted(policies, key=lambda one: (-one.tally.compared, one.name))
    some = [one for one in ranked if one.tally.compared][:MOST]
    if not some:
        return None
    left = len(policies) - len(some)
    words = "Compared actions of each policy, those with the most first."
    if left:
        words += (
            f" Left out: {left:,} {'policy' if left == 1 else 'policies'}, which the table by policy has."
        )
    return bars(
        "chart-policies",
        "How each policy stands to people",
        words,
        "Policy",
        [one.name for one in some],
        [
            Series(name="agreed", fill="approve", values=tuple(one.tally.agreed for one in some)),
            Series(name="stricter", fill="quiet", values=tuple(one.tally.stricter for one in some)),
            Series(name="looser", fill="held", values=tuple(one.tally.looser for one in some)),
        ],
    )


def _saved(counts: Sequence[int]) -> Chart | None:
    if not any(counts):
        return None
    ends = (timedelta(0), *SAVED_STEPS)
    labels = [f"under {span(end)}" if not start else f"from {span(start)}" for start, end in pairwise(ends)]
    return columns(
        "chart-saved",
        "How much earlier policies decided",
        "Actions that policies decided as people then did, by how much earlier they did.",
        "Earlier by",
        [*labels, f"from {span(SAVED_STEPS[-1])}"],
        [Series(name="actions", fill="bar", values=tuple(counts))],
    )


def _day(name: str) -> str:
    """Return the day on which a week begins, short; the name itself where it is none."""
    try:
        return f"{date.fromisoformat(name):%d %b}"
    except ValueError:
        return name
