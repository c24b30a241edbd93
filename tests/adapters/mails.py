"""A channel of mail, notices for it, and what a person reads of a message: its headers, its text, its page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

from agent.adapters.channels.email.message import message_of
from agent.model.channel import Channel, ChannelKind, SecretPlace, Security, Smtp
from agent.model.escalation import Notice, Posted
from agent.model.mark import Mark

SENDER = "air-agent@contoso.example"
LEAD, CHIEF = "soc.lead@contoso.example", "ciso@contoso.example"
PASSWORD = "correct horse battery staple"
ENVIRON = {"SMTP_PASSWORD": PASSWORD}


def a_channel(**more: Any) -> Channel:
    """Return a channel of mail through Graph, unless `smtp` is given."""
    said: dict[str, Any] = {
        "name": "email-managers",
        "kind": ChannelKind.EMAIL,
        "to": (LEAD, CHIEF),
        "sender": SENDER,
        "file": "channels/email-managers.yaml",
        "mark": Mark(1, 1),
    }
    return Channel(**said | more)


def a_server(port: int, security: Security = Security.START_TLS, **more: Any) -> Smtp:
    return Smtp(host="localhost", port=port, security=security, **more)


def a_login(port: int, security: Security = Security.START_TLS) -> Smtp:
    return a_server(port, security, user="air-agent", password=SecretPlace(env="SMTP_PASSWORD"))


def parsed(raw: bytes) -> EmailMessage:
    """Return a message as a mail program reads it."""
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def mail(notice: Notice, earlier: Sequence[Posted] = (), channel: Channel | None = None) -> EmailMessage:
    """Return the mail about a notice, sent and read again."""
    return parsed(message_of(channel or a_channel(), notice, earlier).as_bytes())


def text_in(message: EmailMessage) -> str:
    """Return the plain text, with lines as Python has them."""
    return _content(message, "plain").replace("\r\n", "\n")


def html_in(message: EmailMessage) -> str:
    """Return the HTML."""
    return _content(message, "html")


def page_in(message: EmailMessage) -> "Page":
    """Return the HTML, taken apart."""
    page = Page()
    page.feed(html_in(message))
    page.close()
    return page


def _content(message: EmailMessage, kind: str) -> str:
    [part] = [one for one in message.iter_parts() if one.get_content_subtype() == kind]
    assert isinstance(part, EmailMessage)
    found: str = part.get_content()
    return found


VOID = frozenset({"meta"})


@dataclass
class Page(HTMLParser):
    """What a browser makes of HTML, as far as it matters here."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """The text of each element that has some."""
    unbalanced: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    """Comments, declarations and the like."""
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def close(self) -> None:
        super().close()
        self.unbalanced += self._open

    @property
    def links(self) -> list[str | None]:
        """Where its links lead."""
        return [attributes.get("href") for tag, attributes in self.tags if tag == "a"]

    @property
    def shape(self) -> list[tuple[str, tuple[tuple[str, str | None], ...]]]:
        """Its elements with their attributes, without any text."""
        return [(tag, tuple(sorted(attributes.items()))) for tag, attributes in self.tags]
