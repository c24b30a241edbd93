"""Settings -> how people sign in: with Entra ID, and by a printed link only where nothing but the simulator is shown.

A link is enough on this machine alone: the simulator's tenant, served on a loopback address and under a name of this
machine's. Everywhere else there is no way in but Entra ID's, and where its settings are missing nothing is served.
"""

from functools import partial
from urllib.parse import urlsplit

from agent.adapters.microsoft.open_id import OpenId
from agent.adapters.microsoft.simulated_person import simulated_people
from agent.audit.key import Key
from agent.connecting import cloud_of
from agent.faces.web.beginning import Beginnings
from agent.faces.web.by_open_id import BACK
from agent.faces.web.door import Door, LinkDoor, OpenIdDoor
from agent.model.errors import SettingsError
from agent.ports.host import Clock
from agent.settings.addresses import LOOPBACK
from agent.settings.subjects import Cloud, Settings
from agent.settings.web import is_near, listen


def check(settings: Settings) -> None:
    """Make sure that people can sign in as these settings say.

    Raises:
        SettingsError: they cannot; the message names the setting.
    """
    web = settings.web
    if settings.graph.cloud is Cloud.SIMULATOR:
        if not is_near(web.listen) or urlsplit(settings.web_url()).hostname not in LOOPBACK:
            raise SettingsError(
                "`graph.cloud: simulator` has no sign-in, so that its pages are for this machine alone: "
                "leave `web.listen` and `web.url` out"
            )
        return
    if settings.sign_in() is None:
        raise SettingsError(
            "`escalation.client_id` is missing: it is the app registration that people sign in to (deploy/sign-in.md)"
        )
    if web.client_secret is None:
        raise SettingsError(
            "`web.client_secret` is missing: people sign in with that of the app registration: "
            "set AIR_AGENT_WEB_CLIENT_SECRET, or `web.client_secret_file`"
        )
    if web.url is None and listen(web.listen)[1] == 0:
        raise SettingsError(
            "`web.listen` has port 0, any that is free: Entra ID leads people back to one that it knows: name it"
        )


def door_of(settings: Settings, key: Key, wall: Clock) -> Door:
    """Return how people sign in.

    Raises:
        SettingsError: they cannot, as these settings are.
    """
    check(settings)
    cloud, tenant_id = cloud_of(settings), settings.tenant.id
    if settings.graph.cloud is Cloud.SIMULATOR:
        return LinkDoor(people=partial(simulated_people, cloud, tenant_id))
    secret = settings.web.client_secret
    openid = OpenId(
        cloud,
        tenant_id,
        client_id=settings.sign_in() or "",
        client_secret="" if secret is None else secret.reveal(),
        back=f"{settings.web_url()}{BACK}",
        wall=lambda: wall.now().timestamp(),
    )
    return OpenIdDoor(openid=openid, beginnings=Beginnings(key=key.of_pages(tenant_id)))
