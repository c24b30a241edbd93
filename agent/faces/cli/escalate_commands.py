"""The commands under `air-agent escalate`. What a command needs is imported when it runs, as in `app`."""
# ruff: noqa: PLC0415  see above

from typing import Annotated

import typer

from agent.faces.cli.options import Json, SettingsFile
from agent.faces.cli.tenants import Tenanted

escalate = typer.Typer(cls=Tenanted, no_args_is_help=True, help="Try chains out, and see who was told what.")


@escalate.command(name="test")
def try_out(
    chain: Annotated[str, typer.Argument(metavar="CHAIN", help="The chain's name, as its file says.")],
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Send a notice that is marked as a test through every step of a chain, now, and say what each channel answered.

    Works while observing and without a running agent. Ends with 1 where any channel did not take it. Nobody is asked
    anything, but steps of high urgency do wake people.
    """
    from agent.faces.cli import escalating

    escalating.try_out(settings, chain, as_json=as_json)


@escalate.command(name="list")
def show_list(settings: SettingsFile = None, as_json: Json = False) -> None:
    """Show the pages that are open: since when, who was told when and where, who has seen it, and what comes next."""
    from agent.faces.cli import escalating

    escalating.show_list(settings, as_json=as_json)
