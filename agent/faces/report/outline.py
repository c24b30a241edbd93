"""What a report says, in the order in which it is read: the same for a terminal, a page and Markdown.

Each of those lays an outline out and adds nothing, so that no number stands in one of them and not in the others. Names
of policies, tenants and people, and all that is said of single actions, may be anybody's words: whoever lays them out
makes them harmless there.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from agent.faces.report.figures import Figure, figures, held
from agent.faces.report.looser import Looser
from agent.faces.report.numbers import rated
from agent.faces.report.steps import Step, steps
from agent.faces.report.words import CERTAINTIES, SOURCES, WHY, window
from agent.faces.telling import KINDS
from agent.judge.quote import counted
from agent.model.pending import ActionKind
from agent.model.report import Group, Report


class Column(StrEnum):
    """How a column is set."""

    TEXT = "text"
    NUMBER = "number"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table, what it shows in a sentence, and how many of its rows are left out."""

    id: str
    title: str
    words: str
    head: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str = ""
    """How many rows are not shown, and which command has all; empty where all are."""


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """A whole report in words and tables."""

    tenant: str
    window: str
    asked: str
    figures: tuple[Figure, ...]
    looser_words: str
    looser: tuple[Looser, ...]
    looser_more: str
    steps: tuple[Step, ...]
    tables: tuple[Table, ...]
    again: str
    """The command that gives the same once more."""


STANDINGS = (
    "Agreed: both approved, or both rejected. Stricter: policies rejected it or left it to people, who approved. "
    "Looser: policies would have approved, and people rejected; risk is their share of what policies would have approved. "
    "The rest of the actions is not compared."
)

HEAD = ("actions", "compared", "agreed", "stricter", "looser", "agreement", "risk")


def outlined(
    report: Report,
    looser: Sequence[Looser],
    *,
    again: str,
    rows: int | None = None,
    observing: frozenset[str] | None = None,
) -> Outline:
    """Return what a report says.

    Args:
        report: the numbers.
        looser: those of the looser actions that are shown, newest first.
        again: the command that gives the same report once more.
        rows: of each table at most so many; all where it is None.
        observing: policies that only observe, as the ledger last knew them; None where that is not known.
    """
    left_out = report.total.tally.looser - len(looser)
    return Outline(
        tenant=report.tenant_name or report.tenant_id,
        window=window(report.since, report.until),
        asked=_asked(report),
        figures=figures(report),
        looser_words=_looser_words(report),
        looser=tuple(looser),
        looser_more=_more(left_out, "looser one", again) if left_out > 0 else "",
        steps=steps(report, observing),
        tables=tuple(one for one in _tables(report, rows, again) if one.rows),
        again=again,
    )


def _asked(report: Report) -> str:
    policies = ", ".join(report.policies_asked)
    return f"only {policies}" if policies else "all policies, as if observing ones counted too"


def _looser_words(report: Report) -> str:
    count = report.total.tally.looser
    if count:
        return f"{counted(count, 'action', 'actions')} that policies would have approved, and people rejected"
    if not report.total.tally.would_approve:
        return "none: nothing was compared that policies would have approved"
    approved = counted(report.total.tally.would_approve, "action", "actions")
    return f"none, of {approved} that policies would have approved and people decided"


def _tables(report: Report, most: int | None, again: str) -> Iterable[Table]:
    groups = (
        ("policies", "By policy", "policy", report.policies),
        ("kinds", "By kind of action", "kind", report.kinds),
        ("weeks", "By week", "week of", report.weeks),
        ("tenants", "By tenant", "tenant", report.tenants),
    )
    for name, title, head, found in groups:
        shown = found if most is None else _some(found, most, is_newest=name == "weeks")
        more = len(found) - len(shown)
        yield Table(
            id=name,
            title=title,
            words=STANDINGS if name == "policies" else "",
            head=(head, *HEAD),
            columns=(Column.TEXT, *[Column.NUMBER] * len(HEAD)),
            rows=tuple(_row(one, is_kind=name == "kinds") for one in shown),
            more=_more(more, "row", again) if more else "",
        )
    yield _counts("guards", "What each guard rail would have held", "guard rail", held(report))
    yield _told(report)
    yield _counts("unknown", "Not compared, and why", "why", _why(report))


def _some(found: Sequence[Group], most: int, *, is_newest: bool) -> Sequence[Group]:
    """Return the newest weeks, or those with the most to look at, in the order in which they come."""
    if is_newest:
        return found[-most:]
    ranked = sorted(found, key=lambda one: (-one.tally.looser, -one.tally.actions, one.name))
    kept = {one.name for one in ranked[:most]}
    return [one for one in found if one.name in kept]


def _row(one: Group, *, is_kind: bool) -> tuple[str, ...]:
    tally = one.tally
    numbers = (tally.actions, tally.compared, tally.agreed, tally.stricter, tally.looser)
    name = KINDS[ActionKind(one.name)] if is_kind else one.name
    return (name, *(f"{number:,}" for number in numbers), rated(one.agreement), rated(one.risk))


def _told(report: Report) -> Table:
    return Table(
        id="told",
        title="Where people's decisions are known from",
        words="Certain: documented words say so, or a person who was signed in. Likely: words say so whose spelling or "
        "meaning nobody outside Microsoft has confirmed.",
        head=("source", "how sure", "decisions"),
        columns=(Column.TEXT, Column.TEXT, Column.NUMBER),
        rows=tuple(
            (SOURCES[one.source], CERTAINTIES[one.certainty], f"{one.count:,}") for one in report.told
        ),
    )


def _why(report: Report) -> list[tuple[str, int]]:
    return [(WHY.get(why, why), count) for why, count in report.undecided.items() if count]


def _counts(name: str, title: str, head: str, counts: Sequence[tuple[str, int]]) -> Table:
    return Table(
        id=name,
        title=title,
        words="",
        head=(head, "actions"),
        columns=(Column.TEXT, Column.NUMBER),
        rows=tuple((words, f"{count:,}") for words, count in counts),
    )


def _more(count: int, what: str, again: str) -> str:
    return f"and {counted(count, f'more {what}', f'more {what}s')}: `{again} --format json` has all"
