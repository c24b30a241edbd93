"""What to do next after reading a report: which policies are near to being promoted, and what the others lack."""

from collections.abc import Sequence

import msgspec

from agent.judge.quote import counted
from agent.model.report import Group, Report

MOST = 5
"""Policies of which one step each is told."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do, and why."""

    command: str
    """What to type; empty where it is something else."""
    words: str


def steps(report: Report, observing: frozenset[str] | None) -> tuple[Step, ...]:
    """Return what to do next.

    Args:
        report: the numbers.
        observing: policies that only observe; None where that is not known.
    """
    if not report.actions:
        words = "reads what Graph still has, so that there is something to compare"
        return (Step(command="air-agent backfill --since 30d", words=words),)
    known = [one for one in report.policies if observing is None or one.name in observing]
    groups = sorted(known, key=lambda one: (-one.tally.compared, one.name))
    return (*_near(groups), *_looser(groups), *_few(report, groups))


def _near(groups: Sequence[Group]) -> list[Step]:
    near = [one for one in groups if one.agreement is not None and not one.tally.looser]
    found = [
        Step(command=f"air-agent policy promote {one.name}", words=f"{_compared(one)}, none looser")
        for one in near[:MOST]
    ]
    return [*found, *_rest(near, "with enough compared and none looser")]


def _looser(groups: Sequence[Group]) -> list[Step]:
    looser = [one for one in groups if one.tally.looser]
    found = [
        Step(
            command="",
            words=f"{one.name}: look at what is looser first: {one.tally.looser:,} of {_compared(one)}",
        )
        for one in looser[:MOST]
    ]
    return [*found, *_rest(looser, "with looser ones")]


def _few(report: Report, groups: Sequence[Group]) -> list[Step]:
    few = [one for one in groups if one.agreement is None and not one.tally.looser]
    found = [
        Step(
            command="",
            words=f"{one.name}: {_compared(one)}, and {report.enough:,} are needed to say anything",
        )
        for one in few[:MOST]
    ]
    return [*found, *_rest(few, "with too few actions compared")]


def _compared(one: Group) -> str:
    return f"{one.tally.compared:,} compared"


def _rest(groups: Sequence[Group], are: str) -> list[Step]:
    more = len(groups) - MOST
    if more <= 0:
        return []
    return [
        Step(
            command="",
            words=f"{counted(more, 'more policy', 'more policies')} {are}: see the table by policy",
        )
    ]
