"""The schema of a channel file: which keys it has depends on its kind."""

from agent.judge.channels import ABOUT, MOST_ADDRESSES, OF_KIND, OF_SMTP
from agent.judge.schema.chains import NAME
from agent.judge.schema.values import Schema, closed, matching, reference, some_of, text, when
from agent.model.channel import ChannelKind, Security

K = ChannelKind
SECRET = "place-of-a-secret"  # noqa: S105  the name of a definition
URL = r"^\s*https?://[^\s@\\<>\"'`{}#]+\s*$"
ADDRESS = r"^\s*[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+\s*$"


def channel_schema() -> Schema:
    """Return the schema of one channel."""
    every = {key for keys in OF_KIND.values() for key in keys.known - ABOUT}
    of_some_kind: dict[str, Schema] = {key: {} for key in sorted(every)}
    found = closed(
        {
            **of_some_kind,
            "channel": matching(NAME, "the name of the channel; chains call it so"),
            "kind": {"enum": sorted(ChannelKind), "description": "through what it tells people"},
            "description": text("who is there"),
            "owner": text("the team or address that answers for it"),
        },
        required=["channel", "kind"],
        description="A channel of air-agent: one way in which people on call are told something.",
        allOf=[_of_kind(kind) for kind in ChannelKind],
    )
    return {"definitions": {SECRET: _place()}, **found}


def _place() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "env": matching("^[A-Za-z_][A-Za-z0-9_]{0,127}$", "a variable of the agent's environment"),
            "file": matching(r"^(/|[A-Za-z]:[\\/])\S.*$", "a file, by its whole path"),
        },
        "description": "where the secret lies; it never stands in the file itself",
    }


def _of_kind(kind: ChannelKind) -> Schema:
    keys = OF_KIND[kind]
    about: dict[str, Schema] = {key: {} for key in sorted(ABOUT)}
    properties = {key: _key(kind, key) for key in sorted(keys.known - ABOUT)}
    return when(
        {"properties": {"kind": {"const": kind.value}}, "required": ["kind"]},
        closed(
            {**about, **properties},
            required=sorted(keys.needed),
        ),
    )


def _key(kind: ChannelKind, key: str) -> Schema:
    match kind, key:
        case _, "routingKey":
            return reference(SECRET, "the integration key of a service, of Events API v2")
        case _, "apiToken":
            return reference(SECRET, "a read-only REST key, by which acknowledgements are read back")
        case K.TEAMS, "url":
            return reference(SECRET, "the URL of the workflow: whoever knows it can post")
        case _, "token":
            return reference(SECRET, "the bot's token")
        case _, "secret":
            return reference(SECRET, "what posts are signed with")
        case K.WEBHOOK, "url":
            return matching(URL, "where it is posted to")
        case _, "url" | "apiUrl":
            return matching(URL, "in place of the vendor's own")
        case K.SLACK, "to":
            return matching("^[CDGU][A-Z0-9]{6,20}$", "the id of the channel in Slack")
        case _, "to":
            address = matching(ADDRESS, "an address")
            return some_of(address, "the addresses it goes to") | {"maxItems": MOST_ADDRESSES}
        case _, "from":
            return matching(
                ADDRESS, "the address that it comes from; without `smtp`, a mailbox of the tenant"
            )
        case _, "smtp":
            return _smtp()
        case _:
            return text("the path of the file that lines are added to")


def _smtp() -> Schema:
    found = closed(
        {
            "host": text("the name of the server"),
            "port": {"type": "integer", "minimum": 1, "maximum": 65_535},
            "security": {
                "enum": sorted(Security),
                "default": Security.START_TLS.value,
                "description": "how the connection is protected; none is for a relay on this machine only",
            },
            "user": text("the name that the agent signs in with"),
            "password": reference(SECRET, "of that user"),
        },
        required=["host"],
        description="the server that mail goes through; left out, Graph",
        dependencies={"user": ["password"], "password": ["user"]},
    )
    assert set(found["properties"]) == OF_SMTP  # noqa: S101  one table says what it may have
    return found
