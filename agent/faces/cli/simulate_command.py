"""The command that stands in for Microsoft Graph."""
# ruff: noqa: PLC0415  what a command needs is imported when it runs, so that `--help` is quick

from pathlib import Path
from typing import Annotated

import typer

from agent.faces.cli.options import Json, UntilStdinCloses


def simulate(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to listen; 0 takes a free port.")] = 0,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Which tenant: the same seed is the same tenant; 7 if left out."),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            help="Seconds of its time that pass in a real one; 1, or 0.5 for a recording, if left out.",
        ),
    ] = None,
    epoch: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="When its time and real time are the same; now if left out."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="From when on its time runs no faster than real time; never."),
    ] = None,
    faults: Annotated[
        int | None, typer.Option(min=0, metavar="SEED", help="Also fail as Graph does, by this seed.")
    ] = None,
    position: Annotated[
        str, typer.Option(metavar="NAME", help="What of Graph is switched which way, or what is wrong.")
    ] = "default",
    tenants: Annotated[
        int,
        typer.Option(min=1, max=1000, help="So many tenants behind one address; their seeds count up."),
    ] = 1,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Play this recording instead; its time begins where it was recorded."
        ),
    ] = None,
    as_json: Json = False,
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Run the Graph simulator alone, on this machine only.

    Prints the settings that an agent needs for it, and the ids of the groups that lists can be fed from.
    """
    from agent.faces.cli import simulating

    asked = simulating.Asked(
        port=port,
        seed=seed,
        rate=rate,
        epoch=epoch,
        until=until,
        faults=faults,
        position=position,
        tenants=tenants,
        replay=replay,
    )
    simulating.simulate(asked, as_json=as_json, until_stdin_closes=until_stdin_closes)
