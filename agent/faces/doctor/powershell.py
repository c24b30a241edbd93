"""The registration as a script for PowerShell with Microsoft.Graph. It can be run again: what is there stays as it is."""

from collections.abc import Iterator

from agent.faces.doctor import scripts
from agent.faces.doctor.powershell_text import (
    AGENT,
    CONSENT,
    HEAD,
    MAIL,
    MODULES,
    REDIRECT,
    ROLE,
    SIGN_IN,
    VERBS,
)
from agent.faces.doctor.scripts import filter_of, in_powershell, plain_address, remark
from agent.judge.doctor.needs import Need
from agent.judge.doctor.registration import SCOPE, Agent, Registration, SignIn
from agent.model.permission import Api

EXCHANGE = ", ExchangeOnlineManagement"


def script(one: Registration) -> str:
    """Return the script."""
    return "".join(_parts(one))


def _parts(one: Registration) -> Iterator[str]:
    yield MODULES.format(more=EXCHANGE if one.senders else "")
    yield HEAD.format(
        whose=scripts.whose(one),
        mode=one.mode,
        tenant=in_powershell(one.tenant_id),
        graph=in_powershell(one.graph),
    )
    yield VERBS
    for agent in one.agents:
        yield from _of_agent(agent)
    yield from _of_sign_in(one.sign_in)
    if one.senders:
        yield MAIL.format(filter=filter_of(one.senders), first=plain_address(one.senders[0]))


def _of_agent(agent: Agent) -> Iterator[str]:
    yield AGENT.format(
        words=remark(agent.words),
        variable=agent.variable,
        client_id=agent.client_id,
        name=in_powershell(agent.name),
        access=in_powershell(scripts.access_of(agent.granted)),
    )
    for need in agent.granted:
        yield f"# {remark(need.words[0])}\n{_grant(need)}"
    for need in agent.optional:
        yield f"# optional: {remark(need.words[0].removeprefix('optional: '))}\n# {_grant(need)}"
    both = (*agent.granted, *agent.optional)
    for api in Api:
        ids = [in_powershell(each.permission.id) for each in both if each.permission.api is api]
        if ids or api is Api.GRAPH:
            yield f"Remove-Excess $agent '{api.app_id}' @({', '.join(ids)})\n"


def _grant(need: Need) -> str:
    one = need.permission
    return f"Add-Permission $agent '{one.api.app_id}' {in_powershell(one.name)} '{one.id}'\n"


def _of_sign_in(one: SignIn) -> Iterator[str]:
    yield SIGN_IN.format(
        client_id=one.client_id,
        name=in_powershell(one.name),
        plain=in_powershell(scripts.plain_sign_in()),
        scope=in_powershell(scripts.scope_of(one)),
        scope_name=SCOPE,
        claim=in_powershell(scripts.claim()),
    )
    for role in one.roles:
        yield ROLE.format(role=in_powershell(scripts.role_of(role)))
    if one.redirect:
        yield REDIRECT.format(redirect=in_powershell(scripts.in_json({"uri": one.redirect})))
    yield CONSENT.format(graph_app=Api.GRAPH.app_id, scopes=scripts.scopes(), scope=SCOPE)
