"""The commands under `air-agent audit`. What a command needs is imported when it runs, as in `app`."""
# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import Annotated

import typer

from agent.faces.cli.options import Json, SettingsFile
from agent.faces.cli.tenants import Tenanted

audit = typer.Typer(cls=Tenanted, no_args_is_help=True, help="Check, export and erase from the audit.")

Since = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="Only entries since then: 30d, 12h or 2026-08-20T12:00:00Z."),
]


@audit.command()
def verify(
    settings: SettingsFile = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A file that entries were shipped to, rotated ones too; may be given several times. Those of every"
            " replica then: what is in none of them counts as cut out. The one of the settings if left out.",
        ),
    ] = None,
    anchors: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A file of anchors, or of syslog's lines that hold them; may be given several times. The one of the"
            " settings if left out.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check every chain from its first entry, its copies elsewhere, and the ledger against it.

    Ends with 1 where anything was edited, deleted, cut off or written anew, and names the first bad entry.
    """
    from agent.faces.cli import auditing

    auditing.verify(settings, auditing.Places(files=file, anchors=anchors), as_json=as_json)


@audit.command()
def export(
    settings: SettingsFile = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; standard output if left out.")
    ] = None,
    since: Since = None,
    personal: Annotated[
        bool,
        typer.Option(
            "--personal", help="With addresses, subjects, reasons and names, as far as they were not erased."
        ),
    ] = False,
) -> None:
    """Write the audit as JSON lines, for a SIEM: one entry each, oldest first within each replica."""
    from agent.faces.cli import auditing

    auditing.export(settings, out, since=since, is_personal=personal)


@audit.command()
def erase(
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="An address or another text; its case does not matter.")
    ],
    settings: SettingsFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
    as_json: Json = False,
) -> None:
    """Erase every personal value of the audit that contains VALUE; the chain still verifies.

    The entry that this leaves says how many and where, and does not name VALUE. Copies with personal values, backups
    and the ledger's own records are not touched.
    """
    from agent.faces.cli import auditing

    auditing.erase(settings, value, is_sure=yes, as_json=as_json)
