"""Notice -> message, whole as RFC 5322 has it. The same notice is always the same message.

Message-IDs follow from the ids of notices, so that a message sent twice is one to whoever reads it. All that is about one page
refers to one name that no message has: programs put under one thread what refers to the same, and servers that give a
message an id of their own (Exchange Online is said to) cannot break that. The subject tells of the occasion all the
same, although some programs then begin a new thread: whoever is on call reads subjects.
"""

import re
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256

from agent.adapters.channels.email.page import page_of
from agent.adapters.channels.email.text import text_of
from agent.adapters.channels.email.words import subject_of, words_of
from agent.model.chain import Urgency
from agent.model.channel import Channel
from agent.model.errors import Refused
from agent.model.escalation import Attached, Notice, Occasion, Posted

POLICY = SMTP.clone(cte_type="7bit", raise_on_defect=True)
"""ASCII only, with `\\r\\n`: the message passes every server as it is."""

_ROOMY = POLICY.clone(max_line_length=250)
"""For a subject without encoded words: where it is folded, its first line may be empty, which looks like no subject."""

MOST_REFERENCES = 10
"""Earlier messages that are referred to, besides what names the thread."""

LONGEST_ADDRESS = 254
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_LONGEST_RIGHT = 40
"""Characters of an id's right side: a longer id would not fit on one line of a header, and be encoded."""


def message_of(channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> EmailMessage:
    """Return the message that tells this notice to all addresses of the channel.

    Raises:
        Refused: an address of the channel is none.
    """
    sender = address_of(channel, channel.sender)
    words, subject = words_of(notice), subject_of(notice)
    message = EmailMessage(policy=_ROOMY if subject.isascii() else POLICY)
    message["From"] = Address("air-agent", addr_spec=sender)
    message["To"] = [Address(addr_spec=address_of(channel, one)) for one in channel.to]
    message["Date"] = notice.at
    message["Subject"] = subject
    message["Message-ID"] = message_id(notice, sender)
    _refer(message, notice, earlier, sender)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "DR, RN, NRN, OOF, AutoReply"
    is_loud = notice.urgency is Urgency.HIGH or notice.occasion is Occasion.LAST_CHANCE
    if is_loud:
        message["Importance"] = "high"
    message.set_content(text_of(words), cte="quoted-printable")
    message.add_alternative(page_of(words, is_loud=is_loud), subtype="html", cte="quoted-printable")
    if notice.attached is not None:
        _attach(message, notice.attached)
    message.set_boundary(
        f"=_{sha256(notice.id.encode()).hexdigest()[:24]}"
    )  # no line of quoted-printable has `=_`
    return message


def _attach(message: EmailMessage, file: Attached) -> None:
    """Put a file into the message. What is around it is a part of its own, with a boundary that follows from the file."""
    for part in message.walk():
        if part.is_multipart():
            part.set_boundary(f"=_{sha256(file.text.encode()).hexdigest()[:24]}")
    message.add_attachment(file.text, subtype=file.subtype, filename=file.name, cte="quoted-printable")


def message_id(notice: Notice, sender: str) -> str:
    """Return the Message-ID of the mail about this notice."""
    return _id(f"notice\n{notice.id}", sender)


def address_of(channel: Channel, address: str) -> str:
    """Return an address of the channel as every server takes it: in ASCII, its domain as IDNA has it.

    Raises:
        Refused: it is none.
    """
    local, _, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        domain = ""
    found = f"{local}@{domain}"
    if len(found) > LONGEST_ADDRESS or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise Refused(
            f"channel `{channel.name}`: `{_shown(address)}` is not an address that mail can be sent to or from: mend it in "
            f"`{channel.file}`"
        )
    return found


def _refer(message: EmailMessage, notice: Notice, earlier: Sequence[Posted], sender: str) -> None:
    before = [message_id(posted.notice, sender) for posted in earlier if posted.notice.id != notice.id]
    if before:
        message["In-Reply-To"] = before[-1]
    thread = _id(f"thread\n{notice.page_id or notice.key}", sender)
    message["References"] = " ".join((thread, *before[-MOST_REFERENCES:]))


def _id(what: str, sender: str) -> str:
    right = sender.rpartition("@")[2]
    while len(right) > _LONGEST_RIGHT and "." in right:
        right = right.partition(".")[2]
    return f"<{sha256(what.encode()).hexdigest()[:24]}@{right[-_LONGEST_RIGHT:].lstrip('-')}>"


def _shown(address: str) -> str:
    return ascii(address[:80])[1:-1]
