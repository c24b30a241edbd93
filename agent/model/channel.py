"""A channel: one way in which people on call are told something, as its file describes it.

No file holds a secret. It names the place of one: a variable of the environment, or a file.
"""

from enum import StrEnum

import msgspec

from agent.model.mark import Mark


class SecretPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a secret lies: in a variable of the environment, or in a file. Exactly one of both is given."""

    env: str = ""
    file: str = ""

    def __str__(self) -> str:
        return f"the variable {self.env}" if self.env else f"the file {self.file}"


class Part(StrEnum):
    """What of a channel names something of the machine."""

    MAIN = "main"
    """Its secret."""
    READING = "reading"
    """What acknowledgements are read back with."""
    SMTP = "smtp"
    """The password of its mail server."""
    PATH = "path"


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a channel file names and may not."""

    part: Part
    words: str
    """What it names, why it may not, and how to mend it."""


class ChannelKind(StrEnum):
    """Through what a channel tells people."""

    PAGER_DUTY = "pagerDuty"
    """PagerDuty's Events API v2."""
    TEAMS = "teams"
    """A workflow of Microsoft Teams: "When a Teams webhook request is received"."""
    SLACK = "slack"
    """Slack's `chat.postMessage`."""
    EMAIL = "email"
    """Mail through Graph's `sendMail`, or through SMTP."""
    WEBHOOK = "webhook"
    """A webhook signed as Standard Webhooks 1.0.0 says."""
    CONSOLE = "console"
    """Lines on standard error, for trying out."""
    FILE = "file"
    """JSON lines in a file, for trying out."""


class Security(StrEnum):
    """How a connection to an SMTP server is protected."""

    TLS = "tls"
    START_TLS = "startTls"
    NONE = "none"
    """Not at all: for a relay on this machine only."""


class Smtp(msgspec.Struct, frozen=True, kw_only=True):
    """The server that mail goes through."""

    host: str
    port: int
    security: Security = Security.START_TLS
    user: str = ""
    password: SecretPlace | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One channel. Which fields have a meaning depends on its kind; all others are empty.

    `secret` is PagerDuty's routing key, the URL of a workflow of Teams, Slack's bot token, or the secret that a
    webhook is signed with.
    """

    name: str
    kind: ChannelKind
    description: str = ""
    owner: str = ""
    secret: SecretPlace | None = None
    api_token: SecretPlace | None = None
    """PagerDuty's REST token, by which acknowledgements are read back; None where they are not."""
    url: str = ""
    """Of PagerDuty's events, of Slack, or of the webhook; empty for the vendor's own."""
    api_url: str = ""
    """Of PagerDuty's REST interface; empty for the vendor's own."""
    to: tuple[str, ...] = ()
    """Addresses of mail, or the one id of a channel of Slack."""
    sender: str = ""
    """The address that mail comes from; through Graph, the mailbox that sends it."""
    smtp: Smtp | None = None
    """None where mail goes through Graph."""
    path: str = ""
    """Of the file that lines are added to."""
    file: str
    mark: Mark
