"""Channel files: one way in which people on call are told something.

Which keys a channel has depends on its kind. No secret stands in a file: its key names the place of one, and a
secret that was written there all the same is refused without being repeated, since what is refused is logged.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from agent.judge.links import host_is_here, link
from agent.judge.literals import Wrong, integer, line, nearest, word
from agent.judge.parts import Parts, Report, inside, items, name
from agent.judge.strict_yaml import Mapping_, Node, Scalar, shown
from agent.model.channel import Channel, ChannelKind, SecretPlace, Security, Smtp

K = ChannelKind
V = TypeVar("V")

ABOUT = frozenset({"channel", "kind", "description", "owner"})
"""What every channel may say."""


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of one kind of channel: those it has to have, each with how to write it, and those it may have."""

    needed: Mapping[str, str] = {}
    allowed: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = ()
    """Those under which the place of a secret stands, the main one first."""

    @property
    def known(self) -> frozenset[str]:
        """All keys of such a file."""
        return ABOUT | self.needed.keys() | self.allowed


OF_KIND: Mapping[ChannelKind, Keys] = {
    K.PAGER_DUTY: Keys(
        needed={"routingKey": "write `routingKey: {env: PAGERDUTY_ROUTING_KEY}`"},
        allowed=frozenset({"apiToken", "url", "apiUrl"}),
        secrets=("routingKey", "apiToken"),
    ),
    K.TEAMS: Keys(
        needed={
            "url": "write `url: {env: TEAMS_WORKFLOW_URL}`: whoever knows the URL of a workflow can post"
        },
        secrets=("url",),
    ),
    K.SLACK: Keys(
        needed={
            "token": "write `token: {env: SLACK_BOT_TOKEN}`",
            "to": "write the id of the channel in Slack, such as `to: C0123456789`",
        },
        allowed=frozenset({"url"}),
        secrets=("token",),
    ),
    K.EMAIL: Keys(
        needed={
            "from": "write the address that mail comes from, such as `from: air-agent@contoso.example`",
            "to": "write the addresses that it goes to, such as `to: [soc@contoso.example]`",
        },
        allowed=frozenset({"smtp"}),
    ),
    K.WEBHOOK: Keys(
        needed={
            "url": "write the URL that is posted to, such as `url: https://alerts.contoso.example/air-agent`",
            "secret": "write `secret: {env: WEBHOOK_SECRET}`: what is posted is signed with it",
        },
        secrets=("secret",),
    ),
    K.CONSOLE: Keys(),
    K.FILE: Keys(
        needed={"path": "write the path of the file that lines are added to, such as `path: pages.jsonl`"}
    ),
}
"""The one table of which keys go with which kind."""

OF_SMTP = frozenset({"host", "port", "security", "user", "password"})
SMTP = "smtp: {host: smtp.contoso.example, port: 587, user: air-agent, password: {env: SMTP_PASSWORD}}"
USUAL_PORTS = {Security.TLS: 465, Security.START_TLS: 587, Security.NONE: 25}

MOST_ADDRESSES = 50
LONGEST_PATH = 1_000

WHERE_TO_PUT_IT = (
    "a secret never stands in a file: put it into a variable of the agent's environment or into a file of its own,"
    " and write `{env: NAME}` or `{file: /PATH}` here"
)

_OF_THE_AGENT = (
    *("AIR_AGENT_", "AZURE_", "IDENTITY_", "MSI_", "PGPASS"),
    *("AWS_", "GOOGLE_", "KUBERNETES_", "GITHUB_", "GIT_", "GITSYNC_", "OTEL_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
)
"""How names of variables begin that hold secrets of the agent, its cloud or its proxy: who writes channels would have them sent anywhere."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_ABSOLUTE = re.compile(r"(/|[A-Za-z]:[\\/])[^\s].*")
_SLACK_ID = re.compile(r"[CDGU][A-Z0-9]{6,20}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}")


def channel_file(file: str, root: Node, report: Report) -> Channel:
    """Return the channel that the file holds; what is wrong with a part of it is reported, and reading goes on.

    Raises:
        Wrong: the file is no channel, or does not say of which kind.
    """
    if not isinstance(root, Mapping_):
        raise Wrong(root.mark, "a channel file has the keys `channel` and `kind`")
    parts = Parts(root, report)
    named = parts.needed("channel", "it names the channel", name)
    if "kind" not in parts.given:
        kinds = ", ".join(f"`{each}`" for each in sorted(ChannelKind))
        raise Wrong(root.mark, f"`kind` is missing: write one of {kinds}")
    kind = ChannelKind(word(parts.given["kind"], "a kind of channel", set(ChannelKind)))
    _check_keys(parts, kind)
    secrets = {key: parts.read(key, _secret) for key in OF_KIND[kind].secrets}
    return Channel(
        name=named or "",
        kind=kind,
        description=parts.read("description", lambda node: line(node, "a description")) or "",
        owner=parts.read("owner", lambda node: line(node, "an owner")) or "",
        secret=next((place for key, place in secrets.items() if key != "apiToken"), None),
        api_token=secrets.get("apiToken"),
        url=(None if "url" in secrets else _if(parts, kind, "url", link)) or "",
        api_url=_if(parts, kind, "apiUrl", link) or "",
        to=_to(parts, kind),
        sender=_if(parts, kind, "from", _address) or "",
        smtp=_if(parts, kind, "smtp", lambda node: _smtp(node, report)),
        path=_if(parts, kind, "path", _path) or "",
        file=file,
        mark=root.mark,
    )


def _check_keys(parts: Parts, kind: ChannelKind) -> None:
    keys = OF_KIND[kind]
    for given, _ in parts.root.entries:
        if given.text not in keys.known:
            message = f"unknown key `{shown(given.text)}` of a channel of kind `{kind}`{nearest(given.text, keys.known)}"
            parts.report(Wrong(given.mark, message))
    for key, mend in keys.needed.items():
        if key not in parts.given:
            parts.report(Wrong(parts.root.mark, f"`{key}` is missing: {mend}"))


def _if(parts: Parts, kind: ChannelKind, key: str, reading: Callable[[Node], V]) -> V | None:
    """Return what stands under a key that a channel of this kind can have; of another, it is refused already."""
    return parts.read(key, reading) if key in OF_KIND[kind].known else None


def _secret(node: Node) -> SecretPlace:
    """Return the place of a secret. What stands here instead may be one: no message repeats any of it."""
    if not isinstance(node, Mapping_) or [key.text for key, _ in node.entries] not in (["env"], ["file"]):
        raise Wrong(node.mark, WHERE_TO_PUT_IT)
    ((key, value),) = node.entries
    written = value.text if isinstance(value, Scalar) else ""
    if key.text == "env":
        if _VARIABLE.fullmatch(written) is None:
            message = (
                "this is no name of a variable: write letters, digits and `_`, such as `{env: ROUTING_KEY}`"
            )
            raise Wrong(value.mark, message)
        if written.upper().startswith(_OF_THE_AGENT):
            message = (
                "what the agent itself logs in with is no channel's: give the channel a variable of its own"
            )
            raise Wrong(value.mark, message)
        return SecretPlace(env=written)
    if _ABSOLUTE.fullmatch(written) is None or len(written) > LONGEST_PATH:
        raise Wrong(
            value.mark, "this is no whole path: write one such as `{file: /run/secrets/channels/routing-key}`"
        )
    return SecretPlace(file=written)


def _to(parts: Parts, kind: ChannelKind) -> tuple[str, ...]:
    match kind:
        case K.SLACK:
            found = parts.read("to", _slack_id)
            return (found,) if found is not None else ()
        case K.EMAIL:
            return parts.read("to", lambda node: _addresses(node, parts.report)) or ()
        case _:
            return ()


def _slack_id(node: Node) -> str:
    written = line(node, "the id of a channel in Slack")
    if _SLACK_ID.fullmatch(written) is None:
        message = "is not the id of a channel in Slack, which stands at the end of its details: `C0123456789`"
        raise Wrong(node.mark, f"`{shown(written)}` {message}")
    return written


def _addresses(node: Node, report: Report) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for item in items(node, "to: [soc@contoso.example]", MOST_ADDRESSES):
        try:
            address = _address(item)
            if address.casefold() in found:
                raise Wrong(item.mark, f"`{shown(address)}` is there already: leave it out here")
        except Wrong as wrong:
            report(wrong)
        else:
            found[address.casefold()] = address
    return tuple(found.values())


def _address(node: Node) -> str:
    written = line(node, "an address")
    if _ADDRESS.fullmatch(written) is None:
        raise Wrong(
            node.mark, f"`{shown(written)}` is not an address alone: write it like `soc@contoso.example`"
        )
    return written


def _smtp(node: Node, report: Report) -> Smtp | None:
    parts = inside(node, OF_SMTP, SMTP, report)
    host = parts.needed("host", f"write `{SMTP}`", _host)
    security = parts.read("security", _security) or Security.START_TLS
    port = parts.read("port", lambda one: integer(one, 1, 65_535))
    user = parts.read("user", lambda one: line(one, "the name that the agent signs in with"))
    password = parts.read("password", _secret)
    for key, other in (("user", "password"), ("password", "user")):
        if key in parts.given and other not in parts.given:
            report(Wrong(parts.mark_of(key), f"`{key}` without `{other}`: write both, or neither"))
    if host is None:
        return None
    if security is Security.NONE and not host_is_here(host):
        message = "mail would go over the network for all to read: write `startTls` or `tls`"
        report(Wrong(parts.mark_of("security"), f"{message}; `none` is for a relay on this machine"))
    return Smtp(
        host=host, port=port or USUAL_PORTS[security], security=security, user=user or "", password=password
    )


def _security(node: Node) -> Security:
    return Security(word(node, "how the connection is protected", set(Security)))


def _host(node: Node) -> str:
    written = line(node, "the name of a server")
    if _HOST.fullmatch(written) is None:
        raise Wrong(
            node.mark, f"`{shown(written)}` is not the name of a server: write it like `smtp.contoso.example`"
        )
    return written


def _path(node: Node) -> str:
    written = line(node, "the path of a file")
    if len(written) > LONGEST_PATH or not written.isprintable():
        raise Wrong(node.mark, "this is not the path of a file")
    return written
