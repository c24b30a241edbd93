"""The commands about the time before the agent. What a command needs is imported when it runs."""
# ruff: noqa: PLC0415  see above

from typing import Annotated

import typer

from agent.faces.cli.options import Json, SettingsFile


def backfill(
    settings: SettingsFile = None,
    since: Annotated[
        str,
        typer.Option(metavar="WHEN", help="How far back: 30d, which is the most, or 2026-08-20T12:00:00Z."),
    ] = "30d",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and judge, and write nothing at all.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Judge what people have decided lately by the policies in force, for a first report, and put it into the history.

    Reads what Graph still has: incidents, alerts, mail and AIR's own rows. Nothing is acted on, asked or counted by it.
    What the agent has recorded itself stays as it is. Works beside a running agent, with a part of the request budget.
    Broken off, it goes on where it was; run again, it changes nothing but what is known better by then.
    """
    from agent.faces.cli import backfilling

    asked = backfilling.Asked(since=since, is_dry=dry_run)
    backfilling.backfill(settings, asked, as_json=as_json)
