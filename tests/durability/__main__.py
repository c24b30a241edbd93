"""`python -m tests.durability crashes|kills|pairs|replicas|escalations`: agents that die, are killed or paused, and weeks of escalation.

Prints a table of what came of it.
"""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.durability.crashes import UNDO, a_folder, die_everywhere
from tests.durability.escalations import Report, Wrong, totals, weeks
from tests.durability.kills import Tally, kill
from tests.durability.pairs import Pair, disturb
from tests.durability.processes import Stage
from tests.durability.replicas import Plan, Play
from tests.durability.scenes import KINDS
from tests.durability.theatre import Theatre
from tests.durability.upgrading import Upgrade
from tests.postgresql import server

FORTNIGHT = 14
"""Days of one run of escalations."""


def main(words: Sequence[str]) -> int:
    """Do what was asked, and return 1 where something was lost, doubled or does not agree."""
    asked = _parser().parse_args(words)
    rows, problems = RUNS.get(asked.command, _killed)(asked)
    if asked.json:
        print(json.dumps({"rows": rows, "problems": problems}, indent=1))
    else:
        _show(rows)
        for problem in problems:
            print(problem, file=sys.stderr)
    return 1 if problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.durability", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    crashes = commands.add_parser("crashes", help="die at every call of one enactment of each kind")
    crashes.add_argument(
        "--kind", choices=[*KINDS, UNDO], action="append", help="only this kind; may be given again"
    )
    crashes.add_argument(
        "--taken-over", action="store_true", help="another replica lives on, and not the same one"
    )
    crashes.add_argument("--most", type=int, help="at so many points of each kind, not at all")
    kills = commands.add_parser("kills", help="kill one agent again and again")
    pairs = commands.add_parser("pairs", help="kill and pause one of two agents on one ledger in PostgreSQL")
    for one in (kills, pairs):
        one.add_argument("--cycles", type=int, default=200)
    kills.add_argument(
        "--ledger",
        default="sqlite",
        help="`sqlite`, `postgresql` for a server of its own, or the URL of an empty one",
    )
    pairs.add_argument(
        "--ledger",
        default="postgresql",
        help="`postgresql` for a server of its own, or the URL of an empty one",
    )
    replicas = commands.add_parser(
        "replicas", help="kill, stop, cut off and replace three agents that share tenants in PostgreSQL"
    )
    replicas.add_argument("--tenants", type=int, default=6)
    replicas.add_argument("--lease", type=float, help="seconds, to be quicker; as they are if left out")
    replicas.add_argument("--paused", type=float, default=Plan.paused, help="seconds of each pause")
    replicas.add_argument(
        "--older",
        type=Path,
        metavar="DIR",
        help="instead, replace an agent of the version whose code is there",
    )
    for act in ("kills", "pauses", "cuts", "restarts", "rolls"):
        replicas.add_argument(f"--{act}", type=int, default=getattr(Plan, act))
    escalations = commands.add_parser("escalations", help="weeks of chains that climb, on a virtual clock")
    escalations.add_argument("--days", type=int, default=365, help="in all, in runs of two weeks each")
    for one in (crashes, kills, pairs, replicas, escalations):
        one.add_argument("--seed", type=int, default=1)
        one.add_argument("--json", action="store_true", help="for machines")
    return parser


def _crashes(asked: argparse.Namespace) -> tuple[list[dict[str, object]], list[str]]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    rows: list[dict[str, object]] = []
    problems: list[str] = []
    for kind in asked.kind or [*KINDS, UNDO]:
        died = asyncio.run(die_everywhere(kind, asked.seed, most=asked.most, is_taken_over=asked.taken_over))
        rows.append(
            {
                "kind": kind,
                "points": died.points,
                "applied": died.applied,
                "with a person": died.unknown,
                "problems": len(died.problems),
            }
        )
        problems += died.problems
    return rows, problems


def _escalations(asked: argparse.Namespace) -> tuple[list[dict[str, object]], list[str]]:
    """Let weeks pass with a chain of each seed, the storm limit now wide and now narrow."""
    reports: list[Report] = []
    problems: list[str] = []
    seeds = range(asked.seed, asked.seed + -(-asked.days // FORTNIGHT))
    with Progress(console=Console(stderr=True), disable=asked.json) as bar:
        for seed in bar.track(seeds, description="climbing"):
            limit = (10, 2, 1)[seed % 3]
            try:
                reports.append(
                    weeks(seed, min(asked.days, FORTNIGHT), a_day=(12.0, 24.0)[seed % 2], limit=limit)
                )
            except Wrong as error:
                problems.append(f"seed {seed}: {error}")
    return [totals(reports)] if reports else [], problems


def _killed(asked: argparse.Namespace) -> tuple[list[dict[str, object]], list[str]]:
    with (
        a_folder() as folder,
        _ledger(asked.ledger, folder) as url,
        Stage(folder, url, asked.seed) as stage,
        Progress(console=Console(stderr=True), disable=asked.json) as bar,
    ):
        task = bar.add_task("killing", total=asked.cycles)
        run = disturb if asked.command == "pairs" else kill
        tally = run(stage, asked.cycles, progress=lambda done: bar.update(task, completed=done))
    return [_row(tally)], tally.problems


def _replicas(asked: argparse.Namespace) -> tuple[list[dict[str, object]], list[str]]:
    if asked.older is not None:
        return _upgraded(asked)
    plan = Plan(
        kills=asked.kills,
        pauses=asked.pauses,
        cuts=asked.cuts,
        restarts=asked.restarts,
        rolls=asked.rolls,
        paused=asked.paused,
    )
    with (
        a_folder() as folder,
        server() as running,
        Theatre(folder, running, asked.seed, asked.tenants, asked.lease) as theatre,
        Progress(console=Console(stderr=True), disable=asked.json) as bar,
    ):
        task = bar.add_task("disturbing", total=plan.acts)
        shared = Play(theatre, plan).go(lambda done: bar.update(task, completed=done))
    return [*shared.rows(), *shared.sums()], shared.problems


def _upgraded(asked: argparse.Namespace) -> tuple[list[dict[str, object]], list[str]]:
    with (
        a_folder() as folder,
        server() as running,
        Theatre(folder, running, asked.seed, 1, asked.lease, template="template1") as theatre,
    ):
        shared = Upgrade(theatre, asked.older.resolve()).go()
    return [*shared.rows(), *shared.sums()], shared.problems


@contextmanager
def _ledger(asked: str, folder: Path) -> Iterator[str]:
    """Give the address of an empty ledger."""
    if asked == "sqlite":
        yield f"sqlite:///{folder / 'ledger.db'}"
    elif asked == "postgresql":
        with server() as running:
            yield running.new(template="empty_ledger")
    else:
        yield asked


def _row(tally: Tally) -> dict[str, object]:
    row: dict[str, object] = {"cycles": tally.cycles, "kills": tally.cycles}
    if isinstance(tally, Pair):
        row |= {"kills": tally.kills, "pauses": tally.pauses}
    else:
        row["in a transaction"] = tally.in_transaction
    return row | {
        "calls under way": tally.under_way,
        "applied": tally.reckoning.applied,
        "doubled": len(tally.reckoning.doubled),
        "lost": len(tally.reckoning.lost),
        "with a person": tally.reckoning.unknown,
        "problems": len(tally.problems),
        "seconds": round(tally.seconds),
    }


RUNS = {"crashes": _crashes, "escalations": _escalations, "replicas": _replicas}


def _show(rows: Sequence[dict[str, object]]) -> None:
    """Print a row a kind; a single one as a column, which fits any terminal."""
    if len(rows) == 1:
        table = Table("what", "count")
        for name, value in rows[0].items():
            table.add_row(name, str(value))
    else:
        table = Table(*rows[0])
        for row in rows:
            table.add_row(*map(str, row.values()))
    Console().print(table)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
