"""The commands about backups of the ledger. What a command needs is imported when it runs."""
# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from agent.faces.cli.options import Json, SettingsFile


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write it; a file that is there is left alone.")
    ],
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Write the whole ledger of the tenant, as it is at one moment, into one file; agents go on meanwhile.

    It holds no secret and not the audit's key, without which nobody can restore it: keep that apart. It may be
    restored into another database than it came from.
    """
    from agent.faces.cli import backing_up

    backing_up.backup(settings, file, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `air-agent backup` wrote.")],
    settings: SettingsFile = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check all of it, and write nothing into the ledger.")
    ] = False,
    audit: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A file that the audit was shipped to, rotated ones and those of every replica too; may be given several"
            " times. It tells what was sent since the backup. Beside SQLite, the one of the settings if left out.",
        ),
    ] = None,
    without_audit: Annotated[
        bool,
        typer.Option(
            "--without-audit",
            help="Take it for unknown what was sent since the backup: people are asked about all that may have been.",
        ),
    ] = False,
    despite_faults: Annotated[
        bool,
        typer.Option("--despite-faults", help="Restore even what does not hold; what is damaged never is."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Restore a backup into an empty ledger, and hold everything until a person has looked and releases it.

    What was sent since the backup is read from the shipped audit and never sent again; where that does not tell, people
    are asked. Ends with 1 where the backup, its audit or how its tables refer to each other does not hold.
    """
    from agent.faces.cli import backing_up

    asked = backing_up.Asked(audit=audit, is_without=without_audit, is_despite=despite_faults)
    if verify:
        backing_up.check(settings, file, asked, as_json=as_json)
    else:
        backing_up.restore(settings, file, asked, as_json=as_json)
