"""The tenant's mail: one copy for each message and mailbox, and where it lies."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

Pair = tuple[str, str]
"""(networkMessageId, recipientEmailAddress), lower case."""

INBOX = "inbox_folder"
JUNK = "junkFolder"
DELETED = "deletedFolder"
QUARANTINE = "quarantine"
EXTERNAL = "onprem_external"
FAILED = "failed"
DROPPED = "dropped"
SOFT_DELETED = "softDeleted"
"""In Recoverable Items: ours, since Graph has no word for it. See `hunting.LOCATIONS`."""
HARD_DELETED = "hardDeleted"
"""Purged: nothing brings it back. Ours as well."""

IN_MAILBOX = frozenset({INBOX, JUNK, DELETED})
"""Folders that people see: mail there is not gone."""
REACHABLE = IN_MAILBOX | {SOFT_DELETED}
"""Places that a remediation takes mail out of. That of quarantined mail is a release, which is another call."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What all copies of one mailing have in common."""

    sender: str
    mail_from: str
    subject: str
    sender_name: str = ""
    sender_ip: str = "203.0.113.7"
    direction: str = "inbound"
    threats: tuple[str, ...] = ("phish",)
    methods: tuple[str, ...] = ("URL malicious reputation",)
    spf: str = "pass"
    dkim: str = "none"
    dmarc: str = "fail"
    composite: str = "fail"
    urls: tuple[str, ...] = ()
    attachment: str | None = None
    bulk_level: int = 0


@dataclass(slots=True)
class Copy:
    """One message in one mailbox. `moved_by` is hunting's word for what moved it, None before that."""

    letter: Letter
    network_message_id: str
    recipient: str
    received: datetime
    original: str = INBOX
    location: str = INBOX
    moved: datetime | None = None
    moved_by: str | None = None
    first_moved: datetime | None = None

    @property
    def pair(self) -> Pair:
        """What names this copy."""
        return (self.network_message_id.lower(), self.recipient.lower())

    @property
    def in_mailbox(self) -> bool:
        """Whether people still see it."""
        return self.location in IN_MAILBOX

    def move(self, location: str, moved_by: str, now: datetime) -> None:
        """Put it somewhere else."""
        self.location, self.moved_by, self.moved = location, moved_by, now
        self.first_moved = self.first_moved or now


@dataclass(frozen=True, slots=True)
class Click:
    """One row of `UrlClickEvents`: what Safe Links did about one click in one message.

    A click past a warning is a second row with the same `report_id`. `account` is a user principal name, which may
    be another than the address.
    """

    network_message_id: str
    account: str
    at: datetime
    action: str
    report_id: str
    is_through: bool = False


class Post:
    """Every copy in the tenant, found by message or by message and mailbox, and the clicks in them."""

    def __init__(self) -> None:
        self._copies: dict[str, dict[str, Copy]] = defaultdict(dict)
        self._clicks: dict[str, list[Click]] = defaultdict(list)

    def add(self, copies: Iterable[Copy]) -> None:
        """Deliver them; a copy that is there already stays as it is."""
        for copy in copies:
            message, recipient = copy.pair
            self._copies[message].setdefault(recipient, copy)

    def click(self, clicks: Iterable[Click]) -> None:
        """Let people click."""
        for click in clicks:
            self._clicks[click.network_message_id.lower()].append(click)

    def clicks_in(self, network_message_id: str) -> Sequence[Click]:
        """Return the clicks in one message."""
        return self._clicks.get(network_message_id.lower(), ())

    def of_message(self, network_message_id: str) -> Iterator[Copy]:
        """Return the copies of one message, in the order of their delivery."""
        return iter(self._copies.get(network_message_id.lower(), {}).values())

    def at(self, pair: Pair) -> Copy | None:
        """Return one copy; None where there is none."""
        return self._copies.get(pair[0].lower(), {}).get(pair[1].lower())

    def all(self) -> Iterator[Copy]:
        """Return every copy."""
        return (copy for copies in self._copies.values() for copy in copies.values())

    def is_gone(self, network_message_ids: Iterable[str]) -> bool:
        """Whether no copy of any of these messages is in a mailbox any more."""
        return not any(
            copy.in_mailbox for message in network_message_ids for copy in self.of_message(message)
        )
