"""Settings and policies -> the registration that they need."""

from agent.adapters.microsoft.clouds import cloud_named
from agent.faces.doctor.features import features_of
from agent.judge.doctor.registration import Registration, Wanted, registration
from agent.model.policy import PolicySet
from agent.settings.subjects import Cloud, Settings

BACK = "/sign-in/back"
"""Where the pages take people back to after they have signed in."""


def registration_of(settings: Settings, policies: PolicySet, *, apart: bool) -> Registration:
    """Return the registration; with `apart`, the login that reads and the one that acts as two."""
    roles = dict.fromkeys(role for chain in policies.chains for role in chain.approvers.roles)
    web = settings.web
    wanted = Wanted(
        tenant_id=settings.tenant.id,
        tenant=settings.tenant.name or "",
        mode=settings.mode,
        graph=_graph(settings),
        features=features_of(settings, policies),
        client_id=settings.auth.client_id or "",
        sign_in_id=settings.escalation.client_id or "",
        redirect=f"{settings.web_url()}{BACK}" if web.url is not None else "",
        reader=web.reader_role,
        operator=web.operator_role,
        approvers=tuple(roles),
    )
    return registration(wanted, apart=apart)


def _graph(settings: Settings) -> str:
    """Return Graph's address; nothing is registered with the simulator, so that of most tenants stands in its place."""
    cloud = settings.graph.cloud
    return cloud_named(Cloud.GLOBAL if cloud is Cloud.SIMULATOR else cloud).graph
