"""The registration as a script for bash and the az CLI. It can be run again: what is there stays as it is."""

from collections.abc import Iterator

from agent.faces.doctor import scripts
from agent.faces.doctor.az_text import AGENT, CONSENT, HEAD, MAIL, REDIRECT, ROLE, SIGN_IN, VERBS
from agent.faces.doctor.scripts import filter_of, in_bash, in_json, plain_address, remark
from agent.judge.doctor.needs import Need
from agent.judge.doctor.registration import SCOPE, Agent, Registration, SignIn
from agent.model.permission import Api


def script(one: Registration) -> str:
    """Return the script."""
    return "".join(_parts(one))


def _parts(one: Registration) -> Iterator[str]:
    yield HEAD.format(
        whose=scripts.whose(one),
        mode=one.mode,
        tenant_id=one.tenant_id,
        tenant=in_bash(one.tenant_id),
        graph=in_bash(one.graph),
    )
    yield VERBS
    for agent in one.agents:
        yield from _of_agent(agent)
    yield from _of_sign_in(one.sign_in)
    if one.senders:
        yield MAIL.format(
            variable=one.agents[-1].variable,
            filter=filter_of(one.senders),
            first=plain_address(one.senders[0]),
        )


def _of_agent(agent: Agent) -> Iterator[str]:
    yield AGENT.format(
        words=remark(agent.words),
        variable=agent.variable,
        client_id=agent.client_id,
        name=in_bash(agent.name),
        exactly=in_bash(_named(agent.name)),
        name_said=agent.name,
        access=in_bash(scripts.access_of(agent.granted)),
    )
    for need in agent.granted:
        yield f"# {remark(need.words[0])}\n{_grant(agent, need)}"
    for need in agent.optional:
        yield f"# optional: {remark(need.words[0].removeprefix('optional: '))}\n# {_grant(agent, need)}"
    both = (*agent.granted, *agent.optional)
    for api in Api:
        ids = [each.permission.id for each in both if each.permission.api is api]
        if ids or api is Api.GRAPH:
            yield f'take_away "${agent.variable}_OBJECT_ID" {api.app_id} {" ".join(ids)}\n'


def _grant(agent: Agent, need: Need) -> str:
    one = need.permission
    return f'grant "${agent.variable}_OBJECT_ID" {one.api.app_id} {one.name} {one.id}\n'


def _of_sign_in(one: SignIn) -> Iterator[str]:
    yield SIGN_IN.format(
        client_id=one.client_id,
        name=in_bash(one.name),
        exactly=in_bash(_named(one.name)),
        name_said=one.name,
        plain=in_bash(scripts.plain_sign_in()),
        scope=in_bash(scripts.scope_of(one)),
        scope_there=in_bash(f'"{SCOPE}"'),
        claim=in_bash(scripts.claim()),
    )
    for role in one.roles:
        yield ROLE.format(
            count=in_bash(f"length(appRoles[?value==`{_literal(role.value)}`])"),
            role=in_bash(scripts.role_of(role)),
            said=in_bash(remark(role.value)),
        )
    if one.redirect:
        written = in_json(one.redirect)
        yield REDIRECT.format(
            there=in_bash(written), redirect=in_bash(written), said=in_bash(remark(one.redirect))
        )
    yield CONSENT.format(graph_app=Api.GRAPH.app_id, scopes=scripts.scopes(), scope=SCOPE, name_said=one.name)


def _named(name: str) -> str:
    """Return the JMESPath expression for the client id of the app registration of exactly this name."""
    return f"[?displayName==`{_literal(name)}`].appId | [0]"


def _literal(text: str) -> str:
    """Return a text as a literal of JMESPath, which ends at a backtick alone."""
    return in_json(text).replace("`", "\\u0060")
