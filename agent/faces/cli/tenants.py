"""`--tenant`: which of many tenants a command is about. Every command that reads settings takes it."""

from contextvars import ContextVar
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from agent.settings.collecting import NAMING

SETTINGS, TENANT = "settings", "tenant"

_chosen: ContextVar[str | None] = ContextVar("tenant", default=None)

HELP = "Which of many tenants is meant, by its name in `tenants.directory`."


class Tenanted(TyperGroup):
    """Commands of which each that takes `--settings` takes `--tenant` too."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, with the option."""
        command = super().get_command(ctx, cmd_name)
        names = {parameter.name for parameter in command.params} if command is not None else set()
        if command is not None and SETTINGS in names and TENANT not in names:
            command.params.insert(_after_settings(command), _option())
        return command


def chosen() -> str | None:
    """Return which tenant the command that runs is about; None where nobody said."""
    return _chosen.get()


def _after_settings(command: Any) -> int:
    return 1 + next(at for at, parameter in enumerate(command.params) if parameter.name == SETTINGS)


def _remember(name: str | None) -> None:
    _chosen.set(name or None)


def _option() -> Any:
    """Return the option, made as typer makes those of commands: it has no other way to."""
    alone = typer.Typer(add_completion=False)

    @alone.command()
    def command(
        tenant: Annotated[
            str | None,
            typer.Option(
                metavar="NAME",
                envvar=NAMING,
                show_envvar=True,
                expose_value=False,
                is_eager=True,
                callback=_remember,
                help=HELP,
            ),
        ] = None,
    ) -> None:
        """Do nothing."""

    (option,) = typer.main.get_command(alone).params
    return option
