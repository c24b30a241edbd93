"""What a look at one tenant's agent found: one check after the other, and what to do about each thing that is wrong."""

from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.pending import ActionKind


class Grade(StrEnum):
    """How something stands, the best first."""

    PASS = "pass"  # noqa: S105  a word of the doctor's
    SKIPPED = "skipped"
    """It could not be looked at, because something before it failed."""
    WARN = "warn"
    """The agent works; somebody should look at it by day."""
    FAIL = "fail"
    """The agent does not work as it is set, or not safely."""


WORST_LAST = tuple(Grade)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a check saw: how it stands, in words, and what mends it, as a command or a setting."""

    grade: Grade
    words: str
    mend: str = ""
    """Empty where nothing has to be mended."""
    is_away: bool = False
    """Whether Microsoft could not be reached for it, so that nothing is known."""


class CheckName(StrEnum):
    """The checks in their order, by the words that `--json` has."""

    SETTINGS = "settings"
    CLOCK = "clock"
    NETWORK = "network"
    SIGN_IN = "sign-in"
    TENANT = "tenant"
    PERMISSIONS = "permissions"
    LICENCE = "licence"
    AUDIT_LOG = "audit-log"
    INCIDENTS = "incidents"
    HUNTING = "hunting"
    REMEDIATION = "remediation"
    POLICIES = "policies"
    LEDGER = "ledger"
    DISK = "disk"
    CHANNELS = "channels"
    CREDENTIALS = "credentials"
    MONITORING = "monitoring"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check, with everything that it saw."""

    name: CheckName
    seen: tuple[Seen, ...]
    seconds: float = 0.0

    @property
    def grade(self) -> Grade:
        """The worst of what it saw."""
        return max((one.grade for one in self.seen), key=WORST_LAST.index, default=Grade.PASS)

    @property
    def is_away(self) -> bool:
        """Whether something of it could not be known because Microsoft was out of reach."""
        return any(one.is_away for one in self.seen)


def passed(words: str) -> Seen:
    """Return that something is as it should be."""
    return Seen(grade=Grade.PASS, words=words)


def warned(words: str, mend: str) -> Seen:
    """Return that somebody should look at something by day."""
    return Seen(grade=Grade.WARN, words=words, mend=mend)


def failed(words: str, mend: str, *, is_away: bool = False) -> Seen:
    """Return that something does not work."""
    return Seen(grade=Grade.FAIL, words=words, mend=mend, is_away=is_away)


def skipped(words: str) -> Seen:
    """Return that something could not be looked at."""
    return Seen(grade=Grade.SKIPPED, words=words)


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """What of the agent is switched on, as far as permissions depend on it."""

    enforces: bool = False
    has_analyzed_emails: bool = True
    """Whether the cloud has `analyzedEmails`; and so on."""
    has_identity_accounts: bool = True
    has_audit_search: bool = True
    endpoint: bool = False
    """Whether Defender for Endpoint is spoken to."""
    enforced: frozenset[ActionKind] = frozenset()
    """Kinds that an enforcing policy approves."""
    named: frozenset[ActionKind] = frozenset()
    """Kinds that any policy is for: it may be promoted, or people may approve."""
    has_approvers: bool = False
    """Whether a chain asks people whose answers count."""
    has_roles: bool = False
    """Whether it knows them by an app role."""
    feeds_people: bool = False
    """Whether a list of people is fed by a group."""
    feeds_devices: bool = False
    has_secret: bool = False
    """Whether something proves itself by a client secret, whose end only Entra ID knows."""
    senders: tuple[str, ...] = ()
    """Mailboxes that channels send mail from through Graph."""


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate that a server showed."""

    issuer: str
    """Whoever issued it: organisation, else common name; empty where it names neither."""
    ends: datetime | None = None


class Trouble(StrEnum):
    """Why a host could not be reached, as far as that shows."""

    NONE = "none"
    NAME = "name"
    """It cannot be looked up."""
    CONNECTION = "connection"
    PROXY = "proxy"
    """The proxy on the way refuses."""
    TIMEOUT = "timeout"
    HOST_NAME = "host name"
    """The certificate is another host's."""
    UNTRUSTED = "untrusted"
    """The certificate's issuer is not trusted here."""
    EXPIRED = "expired"
    """The certificate has ended, by this machine's clock."""
    NOT_YET = "not yet"
    """The certificate begins later, by this machine's clock."""
    TLS = "tls"
    """The handshake failed otherwise."""
    BROKEN = "broken"
    """No whole answer came."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How far one host could be reached."""

    host: str
    what: str
    """What is there, in words."""
    is_needed: bool = True
    """Whether the agent itself needs it; without it, only people cannot sign in."""
    trouble: Trouble = Trouble.NONE
    detail: str = ""
    addresses: int = 0
    """How many addresses its name has; 0 where the proxy looks it up."""
    proxy: str = ""
    """Through which proxy, without its login; empty for none."""
    peer: Peer | None = None
    """None without TLS, and where none was seen."""
    is_plain: bool = False
    """Whether it is spoken to without TLS: only the simulator on this machine is."""
    date: datetime | None = None
    """What its `Date` header said."""
    asked: datetime | None = None
    answered: datetime | None = None
    """Between which moments of this machine's clock it was said."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One page of incidents, as far as it shows that reading works."""

    incidents: int
    tenants: frozenset[str] = frozenset()
    """Whose they say they are, lower case."""
    statuses: frozenset[str] = frozenset()
    """Every `remediationStatus` of their evidence, as it came."""
    is_whole: bool = True


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """How much is free where something is written."""

    path: str
    what: str
    """What is written there, in words."""
    device: int
    """Things on one device share what is free."""
    free: int
    total: int
    free_files: int | None = None
    """How many files more it can hold; None where it does not count them."""
