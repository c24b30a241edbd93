"""The command `air-agent doctor`. What it needs is imported when it runs, as in `app`."""
# ruff: noqa: PLC0415  see above

from typing import Annotated

import typer

from agent.faces.cli.options import Json, SettingsFile


def doctor(
    settings: SettingsFile = None,
    send: Annotated[
        bool,
        typer.Option("--send", help="Also send a notice that is marked as a test through every channel."),
    ] = False,
    grants: Annotated[
        bool,
        typer.Option(
            "--grants", help="Look at nothing: print the app registration that these settings need instead."
        ),
    ] = False,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="az|powershell", help="With --grants: as a script that can be run as it is."
        ),
    ] = None,
    apart: Annotated[
        bool,
        typer.Option(
            "--apart", help="With --grants: two apps, one that only reads, and one that acts besides."
        ),
    ] = False,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Look at every tenant of `tenants.directory`, and show what does not pass."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Look whether everything is as the agent needs it, one check after the other, each with what mends it.

    Only reads: nothing is written to Graph, to the ledger or to a file, and a running agent is not disturbed. Only --send
    sends something, to your channels.

    Ends with 0 where all pass or warn, 1 where one fails, 2 where the settings cannot be read, 3 where Graph is away.
    """
    if grants:
        from agent.faces.cli import granting

        granting.show(settings, form=form, apart=apart, as_json=as_json)
        return
    from agent.faces.cli import doctoring, doctoring_all

    doctoring.refuse(granting_options(form, apart=apart))
    look = doctoring_all.doctor if every else doctoring.doctor
    look(settings, sends=send, as_json=as_json)


def granting_options(form: str | None, *, apart: bool) -> tuple[str, ...]:
    """Return the options that were given and need `--grants`."""
    return tuple(name for name, is_given in (("--format", form is not None), ("--apart", apart)) if is_given)
