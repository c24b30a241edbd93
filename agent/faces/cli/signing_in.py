"""Who answers: a person who signs in, or one of the simulator's people."""

import asyncio
from datetime import datetime

from agent.adapters.microsoft.device_code import access_token
from agent.adapters.microsoft.signed_in import person_of
from agent.adapters.microsoft.signing_keys import SigningKeys
from agent.adapters.microsoft.simulated_person import simulated_person
from agent.connecting import cloud_of
from agent.faces.cli.output import console, safe
from agent.judge.quote import moment
from agent.model.answer import Person
from agent.model.errors import SettingsError
from agent.settings.addresses import simulator_url
from agent.settings.subjects import Cloud, Settings
from agent.simulator.names import TENANT_ID


def require_sign_in(settings: Settings, as_name: str | None) -> None:
    """Raises SettingsError where nobody could answer so: before anything is shown, and before a person is asked anything."""
    if as_name is not None:
        _require_simulator(settings)
    elif settings.graph.cloud is Cloud.SIMULATOR:
        raise SettingsError("the simulator has no sign-in: say as whom of its people with `--as NAME`")
    else:
        _client_id(settings)


def person_for(settings: Settings, as_name: str | None) -> Person:
    """Return who answers.

    Args:
        settings: which tenant and cloud, and which app registration is signed in to.
        as_name: one of the simulator's people; None to sign in.

    Raises:
        SettingsError: it is not set how to sign in, or `--as` is for the simulator alone.
        Refused, Unavailable, Malformed: nobody is signed in.
    """
    require_sign_in(settings, as_name)
    cloud, tenant_id = cloud_of(settings), settings.tenant.id
    if as_name is not None:
        return asyncio.run(simulated_person(cloud, tenant_id, as_name))
    client_id = _client_id(settings)
    token = access_token(cloud, tenant_id, client_id, _prompt)
    keys = SigningKeys(cloud, tenant_id)
    return asyncio.run(person_of(token, keys, tenant_id=tenant_id, client_id=client_id))


def _client_id(settings: Settings) -> str:
    found = settings.sign_in()
    if found is None:
        raise SettingsError(
            "nobody said which app registration people sign in to: set `escalation.client_id` to its client id"
        )
    return found


def _require_simulator(settings: Settings) -> None:
    """Raises SettingsError unless all of it is the simulator's: the cloud, an address on this machine, and the tenant.

    The tenant is what a ledger is opened for: so that whoever can set the other two cannot answer as anybody in the
    ledger of a real tenant.
    """
    is_near = False
    if settings.graph.cloud is Cloud.SIMULATOR:
        try:
            is_near = bool(simulator_url(settings.graph.url or ""))
        except ValueError:
            is_near = False
    if not is_near or settings.tenant.id.lower() != TENANT_ID:
        raise SettingsError(
            "`--as` answers without a sign-in, which only the simulator on this machine takes: leave it out, and sign in"
        )


def _prompt(where: str, code: str, until: datetime) -> None:
    """Tell the person what to do in a browser: on standard error, which a pipe does not swallow."""
    out = console(stderr=True)
    out.print(
        safe(f"sign in: open {where} and type {code} (until {moment(until)}); Ctrl-C stops", "bold"),
        soft_wrap=True,
    )
