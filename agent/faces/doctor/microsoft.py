"""The checks of the way to Microsoft: hosts, clock, sign-in, tenant, permissions."""

from agent.adapters.microsoft.tokens import WrongTenant
from agent.faces.doctor.bedside import Bedside
from agent.faces.doctor.said import apart, seen_of
from agent.judge.doctor.clock import judge_clock
from agent.judge.doctor.network import judge_network
from agent.judge.doctor.permissions import judge_delegated, judge_permissions
from agent.model.checkup import Seen, failed, passed
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.permission import Api
from agent.model.policy import Mode

NETWORK = "let this machine reach the login, and look again"


async def clock(bedside: Bedside) -> tuple[Seen, ...]:
    """See how far this machine's clock is off."""
    return judge_clock(await bedside.reaches())


async def network(bedside: Bedside) -> tuple[Seen, ...]:
    """See whether every host can be reached, and who is on the way."""
    return judge_network(await bedside.reaches(), bedside.around.clock.now())


async def sign_in(bedside: Bedside) -> tuple[Seen, ...]:
    """Sign in, and keep Graph open for the checks that follow."""
    settings = bedside.settings
    try:
        machines = await bedside.stack.enter_async_context(bedside.around.open_endpoint())
        graph = await bedside.stack.enter_async_context(bedside.around.open_graph(machines))
    except WrongTenant as error:
        bedside.wrong_tenant = error
        return (passed(f"the login by {settings.auth.kind} works"),)
    except (Refused, Unavailable) as error:
        return (seen_of(error, NETWORK),)
    bedside.graph, bedside.machines = graph, machines
    who = graph.claims.appid or graph.claims.oid or "whose token does not name it"
    if not graph.is_delegated:
        return (passed(f"signed in as the app {who}, by {settings.auth.kind}"),)
    words = f"signed in as a person, by {settings.auth.kind}: it observes only"
    if settings.mode is Mode.ENFORCE:
        return (failed(words, "set `mode: observe`, or an `auth.kind` that is an application's own"),)
    return (passed(words),)


async def tenant(bedside: Bedside) -> tuple[Seen, ...]:
    """See whose tenant the login is of."""
    wanted = bedside.settings.tenant.id
    if bedside.wrong_tenant is not None:
        words, mend = apart(bedside.wrong_tenant, f"correct `tenant.id`, or `az login --tenant {wanted}`")
        return (failed(words, mend),)
    assert bedside.graph is not None  # noqa: S101  the sign-in passed
    named = f" ({bedside.settings.tenant.name})" if bedside.settings.tenant.name else ""
    return (passed(f"the token is of tenant {bedside.graph.claims.tid}{named}, as `tenant.id` says"),)


async def permissions(bedside: Bedside) -> tuple[Seen, ...]:
    """See what the tokens allow, against what is needed."""
    graph = bedside.graph
    assert graph is not None  # noqa: S101  the sign-in passed
    if graph.is_delegated:
        return judge_delegated(graph.grants)
    features = bedside.features()
    found = judge_permissions(features, Api.GRAPH, graph.grants)
    if not features.endpoint:
        return found
    try:
        await bedside.machines.log_in()
    except (Refused, Unavailable, Malformed) as error:
        words = "grant its permissions with `air-agent doctor --grants`, or leave `endpoint.enabled` out"
        return (*found, seen_of(error, words))
    return (*found, *judge_permissions(features, Api.ENDPOINT, bedside.machines.grants))
