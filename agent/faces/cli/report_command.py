"""The command `report` and its options. What it needs is imported when it runs, as in `app`."""
# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from agent.faces.cli.options import Json, SettingsFile

Since = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN", help="From when on: 30d, 2026-10-01 or 2026-10-01T12:00:00Z; 30 days ago if left out."
    ),
]
Until = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Until when, itself excluded; now if left out.")
]
Policies = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Only actions that this policy took part in; may be repeated."),
]
Tenant = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Of this tenant of the ledger; that of the settings if left out."),
]
How = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="FORMAT", help="terminal, html, md, csv, json or junit; as --output ends."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write it to a file, whole or not at all, which only you may read."),
]
Diff = Annotated[
    tuple[str, str] | None,
    typer.Option(
        metavar="A B",
        help="Compare two periods, 2026-W40 or 2026-10-01/2026-10-08, or two revisions of the policies.",
    ),
]
FailOnLooser = Annotated[bool, typer.Option("--fail-on-looser", help="End with 1 if any action is looser.")]
MaxLooser = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="End with 1 if more than N actions are looser.")
]


def report(
    settings: SettingsFile = None,
    since: Since = None,
    until: Until = None,
    policy: Policies = None,
    tenant: Tenant = None,
    how: How = None,
    output: Output = None,
    diff: Diff = None,
    fail_on_looser: FailOnLooser = False,
    max_looser: MaxLooser = None,
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
