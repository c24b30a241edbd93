"""The command `report` and its options. What it needs is imported when it runs, as in `app`."""
# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from agent.faces.cli.options import Json, SettingsFile


def report(
    settings: SettingsFile = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="From when on: 30d, 2026-10-01 or 2026-10-01T12:00:00Z; 30 days ago if left out.",
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Until when, itself excluded; now if left out.")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only actions that this policy took part in; may be repeated."),
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Of this tenant of the ledger; that of the settings if left out."),
    ] = None,
    how: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="FORMAT", help="terminal, html, md, csv, json or junit; as --output ends."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write it to a file, whole or not at all, which only you may read."
        ),
    ] = None,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="Compare two periods, 2026-W40 or 2026-10-01/2026-10-08, or two revisions of the policies.",
        ),
    ] = None,
    fail_on_looser: Annotated[
        bool, typer.Option("--fail-on-looser", help="End with 1 if any action is looser.")
    ] = False,
    max_looser: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="End with 1 if more than N actions are looser.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare what policies decided, or would have, with what people did: agreement, risk, and what it would have gained.

    Reads the ledger only: the same ledger and window give the same bytes. terminal, html and md list the newest looser
    ones and say how many more there are; csv and json have every action.
    """
    from agent.faces.cli import report_asked, reporting

    asked = report_asked.Wanted(
        since=since,
        until=until,
        policies=tuple(policy or ()),
        tenant=tenant,
        diff=diff,
        output=output,
        most_looser=max_looser if max_looser is not None else 0 if fail_on_looser else None,
    )
    reporting.report(settings, asked, reporting.form(how, output, as_json=as_json))
