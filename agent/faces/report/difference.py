"""Two reports beside each other, and what can be said of how they differ.

A share of few actions moves by chance. Two shares differ where their 95 % intervals do not touch; where they do, no
difference can be said, however far apart the shares are. Counts have no such test: a window of other length has others.
"""

from collections.abc import Iterable, Sequence

import msgspec

from agent.faces.report.numbers import FEW, percent, rated, span
from agent.faces.report.outline import Column, Table
from agent.faces.report.words import window
from agent.model.report import Group, Rate, Report

NOTHING = "no difference can be said"
SAYS = ("measure", "A", "B", "difference", "what that says")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two: as it was asked for, and what it is."""

    name: str
    words: str


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One number of both, how far apart they are, and what that says."""

    name: str
    a: str
    b: str
    difference: str
    says: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two reports."""

    tenant: str
    a: Side
    b: Side
    headline: str
    measures: tuple[Measure, ...]
    policies: tuple[Measure, ...]
    """The agreement of each policy that either of both has."""
    again: str

    @property
    def tables(self) -> tuple[Table, ...]:
        """Both lists as tables; an empty one is left out."""
        found = (
            _table("measures", "A and B", "measure", self.measures),
            _table("policies", "Agreement by policy", "policy", self.policies),
        )
        return tuple(one for one in found if one.rows)


def difference(a: Report, b: Report, *, names: tuple[str, str], again: str) -> Difference:
    """Return what differs from one report to another.

    Args:
        a: the one.
        b: the other.
        names: what each was called by whoever asked.
        again: the command that gives the same once more.
    """
    return Difference(
        tenant=a.tenant_name or a.tenant_id,
        a=Side(name=names[0], words=_side(a)),
        b=Side(name=names[1], words=_side(b)),
        headline=f"agreement: {_says(a.total.agreement, b.total.agreement)}; looser: {_says(a.total.risk, b.total.risk)}",
        measures=tuple(_measures(a, b)),
        policies=tuple(_policies(a.policies, b.policies)),
        again=again,
    )


def _side(report: Report) -> str:
    return f"{window(report.since, report.until)}, {report.total.tally.compared:,} of {report.actions:,} actions compared"


def _measures(a: Report, b: Report) -> Iterable[Measure]:
    one, other = a.total.tally, b.total.tally
    gains, others = a.counterfactuals, b.counterfactuals
    yield _count("actions", one.actions, other.actions)
    yield _count("compared", one.compared, other.compared)
    yield _rate("agreement", a.total.agreement, b.total.agreement)
    yield _rate("risk: looser, of what would be approved", a.total.risk, b.total.risk)
    yield _count("looser", one.looser, other.looser)
    yield _count("stricter", one.stricter, other.stricter)
    yield Measure(
        name="median sooner", a=span(gains.saved), b=span(others.saved), difference=_sooner(a, b), says=""
    )
    yield _count("expiries avoided", gains.expired_otherwise, others.expired_otherwise)
    yield _count("messages sooner", gains.messages, others.messages)
    yield _count("pages not sent", gains.pages, others.pages)
    yield _count("held by guard rails", sum(gains.held.values()), sum(others.held.values()))


def _policies(a: Sequence[Group], b: Sequence[Group]) -> Iterable[Measure]:
    before, after = {one.name: one for one in a}, {one.name: one for one in b}
    for name in sorted(before.keys() | after.keys()):
        yield _rate(
            name, *(one.agreement if one is not None else None for one in (before.get(name), after.get(name)))
        )


def _count(name: str, a: int, b: int) -> Measure:
    return Measure(name=name, a=f"{a:,}", b=f"{b:,}", difference=f"{b - a:+,}" if a != b else "0", says="")


def _rate(name: str, a: Rate | None, b: Rate | None) -> Measure:
    apart = "" if a is None or b is None else f"{100 * (b.share - a.share):+.1f} points"
    return Measure(name=name, a=rated(a), b=rated(b), difference=apart, says=_says(a, b))


def _says(a: Rate | None, b: Rate | None) -> str:
    """Return what two shares say together."""
    if a is None or b is None:
        return FEW
    if a.low <= b.high and b.low <= a.high:
        return f"{NOTHING}: the intervals overlap"
    return f"{'higher' if b.share > a.share else 'lower'} in B: {percent(a.share)} -> {percent(b.share)}"


def _sooner(a: Report, b: Report) -> str:
    one, other = a.counterfactuals.saved, b.counterfactuals.saved
    if one is None or other is None or one == other:
        return ""
    return f"+{span(other - one)}" if other > one else f"-{span(one - other)}"


def _table(name: str, title: str, of: str, found: Sequence[Measure]) -> Table:
    return Table(
        id=name,
        title=title,
        words="",
        head=(of, *SAYS[1:]),
        columns=(Column.TEXT, Column.NUMBER, Column.NUMBER, Column.NUMBER, Column.TEXT),
        rows=tuple((one.name, one.a, one.b, one.difference, one.says) for one in found),
    )
