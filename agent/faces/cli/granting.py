"""`doctor --grants`: the app registration that these settings need, as a table, or as a script that can be run."""

from enum import StrEnum
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from agent.faces.cli.options import loaded_to_look, one_of
from agent.faces.cli.output import command, console, print_json, print_text, safe
from agent.faces.doctor import az, powershell
from agent.faces.doctor.wanting import registration_of
from agent.judge.doctor.registration import Agent, Registration
from agent.model.errors import SettingsError
from agent.shelves import require_loads


class Script(StrEnum):
    """For what a script is written."""

    AZ = "az"
    POWERSHELL = "powershell"


WRITERS = {Script.AZ: az.script, Script.POWERSHELL: powershell.script}


def show(path: Path | None, *, form: str | None, apart: bool, as_json: bool) -> None:
    """Print what has to be registered and granted; nothing is asked of anybody.

    Raises:
        SettingsError, PolicyError: the settings or the policies cannot be read, which say what is needed.
    """
    if form is not None and as_json:
        raise SettingsError("`--json` and `--format` ask for two formats: leave one of them out")
    script = None if form is None else one_of("--format", form, Script)
    settings = loaded_to_look(path)
    found = registration_of(settings, require_loads(settings), apart=apart)
    if script is not None:
        print_text(WRITERS[script](found))
    elif as_json:
        print_json(found)
    else:
        _tell(console(), found)


def _tell(out: Console, found: Registration) -> None:
    named = f" ({found.tenant})" if found.tenant else ""
    out.print(
        safe(f"what air-agent needs in tenant {found.tenant_id}{named}, in `mode: {found.mode}`", "bold")
    )
    for agent in found.agents:
        _tell_agent(out, agent)
    one = found.sign_in
    out.print()
    out.print(
        safe(f"{one.name}: the app registration that people sign in to (`escalation.client_id`)", "bold")
    )
    for role in one.roles:
        out.print(safe(f"  app role {role.value}: {role.words}"), soft_wrap=True)
    redirect = one.redirect or "none yet: set `web.url` to the address at which people open the pages"
    out.print(safe(f"  redirect URI (Web): {redirect}"), soft_wrap=True)
    out.print(
        "  public client flows: yes; scope `answer`; optional claim `auth_time` in ID tokens; assignment required"
    )
    if found.senders:
        senders = ", ".join(found.senders)
        out.print(
            safe(f"Mail.Send: not in Entra ID, but in Exchange Online, scoped to {senders} alone"),
            soft_wrap=True,
        )
    out.print()
    as_script = f"{command()} doctor --grants --format az > grants.sh"
    out.print(safe(f"as a script: {as_script}, or --format powershell > grants.ps1"), soft_wrap=True)


def _tell_agent(out: Console, agent: Agent) -> None:
    out.print()
    client = f", client id {agent.client_id}" if agent.client_id else ""
    out.print(safe(f"{agent.name}{client}: {agent.words}", "bold"), soft_wrap=True)
    table = Table(box=box.SIMPLE, expand=False)
    for name in ("application permission", "id", "of", "how much", "what for"):
        table.add_column(name, overflow="fold")
    for need in (*agent.granted, *agent.optional):
        table.add_row(
            need.permission.name,
            need.permission.id,
            need.permission.api,
            need.weight,
            safe("; ".join(need.words)),
        )
    out.print(table)
