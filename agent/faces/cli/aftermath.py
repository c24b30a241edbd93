"""What a demo prints once it is over."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.faces.cli.demo_person import Told
from agent.faces.cli.output import COLOURS, command, rows_table, safe
from agent.faces.cli.results import Left, Results
from agent.judge.quote import moment
from agent.model.decision import Verb


def tell(out: Console, results: Results) -> None:
    """Print the counts, every pending action, what is left to people, and what Graph saw."""
    out.print()
    _counts(out, results)
    out.print(
        rows_table(results.actions, width=out.width, title="Every pending action, earliest deadline first")
    )
    _people(out, results.people)
    if results.question is not None:
        _question(out, results.question)
    _graph(out, results)
    _where(out, results)
    if results.unknown:
        out.print()
        out.print(
            safe(
                f"whether {results.unknown} copies were deleted is not known: they are left to people, who have to look",
                "red",
            ),
            soft_wrap=True,
        )


def _counts(out: Console, results: Results) -> None:
    out.print(safe("Decisions", "bold underline"))
    for word, count in results.counts.items():
        held = (
            f", {results.held} of them held by a guard rail" if word == Verb.ESCALATE and results.held else ""
        )
        out.print(safe(f"{count:>6}  ") + safe(word, COLOURS.get(word, "")) + safe(held))
    states = ", ".join(f"{count} {state}" for state, count in results.states.items())
    out.print(safe(f"{len(results.actions):>6}  in all: {states}"), soft_wrap=True)
    out.print()


def _people(out: Console, people: Sequence[Left]) -> None:
    out.print()
    if not people:
        out.print("nothing was left to people")
        return
    table = Table(
        title="Left to people, and why", title_justify="left", box=box.ROUNDED, show_lines=True, expand=True
    )
    table.add_column("id", width=8)
    table.add_column("what", ratio=3, overflow="fold")
    table.add_column("a person has to", ratio=2, overflow="fold")
    table.add_column("because", ratio=7, overflow="fold")
    table.add_column("until", width=17)
    for one in people:
        table.add_row(one.id[:8], safe(one.what), safe(one.todo), safe(one.why), moment(one.deadline))
    out.print(table)


def _question(out: Console, question: Told) -> None:
    out.print()
    out.print(safe("One question, from its first page to what came of it", "bold underline"))
    out.print(safe(f"{question.id[:8]}  {question.what}"), soft_wrap=True)
    for line in question.lines:
        out.print(safe(f"  {moment(line.at)}  {line.words}", limit=1000), soft_wrap=True)


def _graph(out: Console, results: Results) -> None:
    out.print()
    out.print(safe("What Graph saw", "bold underline"))
    asked = ", ".join(f"{count} {kind}" for kind, count in results.requests.items())
    out.print(
        safe(f"{sum(results.requests.values())} requests in {results.virtual_minutes:g} minutes: {asked}"),
        soft_wrap=True,
    )
    if results.dry_run:
        colour = "red" if results.writes else "green"
        out.print(
            safe(
                f"{results.writes} writes, {'as it should be in a dry run' if not results.writes else 'and a dry run must have none'}",
                colour,
            ),
            soft_wrap=True,
        )
        return
    out.print(safe(f"{results.writes} writes"), soft_wrap=True)
    for line in _soundness(results):
        out.print(line, soft_wrap=True)


def _soundness(results: Results) -> Iterator[Text]:
    """Give the check against the simulator's log: everything once, nothing twice, nothing made up."""
    for one in results.doubled:
        yield safe(f"sent more than once: {one}", "red")
    for one in results.missing:
        yield safe(f"said to be sent, and never seen: {one}", "red")
    if results.unsettled:
        yield safe(
            f"{results.unsettled} copies are not settled: the next start takes them up, or a person looks"
        )
    if not results.doubled and not results.missing:
        killed = f", though the agent was killed {results.kills} times" if results.kills else ""
        besides = "".join(f", {count} {effect}" for effect, count in results.others.items())
        yield safe(
            f"{results.remediated} copies of messages were sent for deletion{besides}, each exactly once{killed}",
            "green",
        )


def _where(out: Console, results: Results) -> None:
    out.print()
    for name, place in (("ledger", results.ledger), ("log", results.log), ("settings", results.settings)):
        out.print(safe(f"{name:>9}  {place}", limit=1000), soft_wrap=True)
    if results.errors:
        out.print(safe(f"{results.errors} lines of the log tell of an error", "red"), soft_wrap=True)
    if results.actions:
        first = next((one for one in results.actions if one.decision == "approve"), results.actions[0])
        out.print()
        out.print("to see why one of them was decided so, run:")
        out.print(
            safe(f"  {command()} show {first.id[:8]} --settings {results.settings}", "bold", limit=1000),
            soft_wrap=True,
        )
