"""The commands under `air-agent policy` that change whether a policy's decisions count."""
# ruff: noqa: PLC0415  what a command needs is imported when it runs, as in `app`

from typing import Annotated

import typer

from agent.faces.cli.options import Json, SettingsFile

modes = typer.Typer()


@modes.command()
def promote(
    policy: Annotated[str, typer.Argument(metavar="NAME", help="The policy that is to enforce.")],
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="Only for this kind; may be repeated.")
    ] = None,
    tenant: Annotated[
        list[str] | None,
        typer.Option("--tenant", metavar="GUID", help="Only for this tenant; may be repeated."),
    ] = None,
    is_agreed: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Show what speaks for a policy; where the bar of the settings is met, write `mode: enforce` into its file.

    Ends with 1 where something is missing, and writes nothing then.
    """
    from agent.faces.cli import promoting

    asked = promoting.Asked(
        policy=policy,
        kinds=tuple(kind or ()),
        tenants=tuple(tenant or ()),
        is_agreed=is_agreed,
        settings=settings,
    )
    promoting.promote(asked, as_json=as_json)


@modes.command()
def demote(
    policy: Annotated[str, typer.Argument(metavar="NAME", help="The policy that is to observe.")],
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Write `mode: observe` into a policy's file, at once."""
    from agent.faces.cli import promoting

    promoting.demote(promoting.Asked(policy=policy, settings=settings), as_json=as_json)


@modes.command()
def reinstate(
    policy: Annotated[str, typer.Argument(metavar="NAME", help="The policy that fell back to observe.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it may count again.")],
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Let a policy count again that fell back since what it approved was overturned; the audit tells why."""
    from agent.faces.cli import promoting

    promoting.reinstate(settings, policy, reason, as_json=as_json)
