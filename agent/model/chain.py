"""A chain: whom an escalation is told to, when, and what becomes of it where nobody answers."""

from datetime import timedelta
from enum import StrEnum

import msgspec

from agent.model.mark import Mark


class Urgency(StrEnum):
    """How loud a notice is."""

    LOW = "low"
    """Collected, and told once an hour."""
    NORMAL = "normal"
    """Told at once, but not in quiet hours."""
    HIGH = "high"
    """Told at once, at any hour the chain does not keep quiet for it too."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: when it is taken, counted from the opening of the page, and which channels it tells."""

    after: timedelta = timedelta(0)
    notify: tuple[str, ...]
    urgency: Urgency = Urgency.NORMAL
    mark: Mark


class Repeat(msgspec.Struct, frozen=True, kw_only=True):
    """How often the last step is taken again, and how far apart."""

    every: timedelta
    times: int


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """When only some urgencies are told: from (included) to (excluded), in minutes after local midnight.

    They may cross midnight. `zone` is an IANA name. Nothing is put off beyond the last chance.
    """

    hours: tuple[int, int]
    zone: str
    unless: frozenset[Urgency] = frozenset({Urgency.HIGH})
    wording: str = ""


class Approvers(msgspec.Struct, frozen=True, kw_only=True):
    """Whose answers count. `roles` are app roles of the sign-in, `users` object ids of Entra ID, lower case."""

    need: int = 1
    """How many different people have to approve; one is enough to reject."""
    roles: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    not_requester: bool = True
    """Whether neither whoever is affected counts, nor the last author of what asked: policies, their lists, this chain."""
    valid: timedelta = timedelta(hours=24)
    """How long an approval counts, until it is carried out."""


class Fallback(StrEnum):
    """What becomes of what nobody answered. There is no `approve`: silence never approves."""

    ESCALATE = "escalate"
    """It stays a question, and the last people are told."""
    HAND_OFF = "handOff"
    """It goes on the worklist: a person decides it in Defender."""
    REJECT = "reject"
    """It is rejected as far as that goes: a comment and a tag, and nobody's no."""


class LastChance(msgspec.Struct, frozen=True, kw_only=True):
    """What is done so long before Defender's own deadline where nobody has answered."""

    before: timedelta = timedelta(hours=24)
    decide: Fallback = Fallback.ESCALATE
    notify: tuple[str, ...] = ()
    """Channels told; those of the last step where it is empty."""


class Grouping(StrEnum):
    """What shares one page."""

    INCIDENT = "incident"
    CAMPAIGN = "campaign"
    """All that is about the same URL, file or sender's domain, in whichever incident."""


class Escalating(msgspec.Struct, frozen=True, kw_only=True):
    """How escalation goes in this tenant, as set."""

    chain: str | None = None
    """The chain where no policy names one; None for the only one there is, or the one called `default`."""
    pages_per_hour: int = 10
    """The storm limit: how often people may be paged within any hour, however many channels tell of it."""
    portal: str = "https://security.microsoft.com"
    """Where Defender is, for links to what has none of its own."""
    pages: str = ""
    """Where the agent's own pages are, without a slash at its end; empty where people have none to open."""


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """One chain file."""

    name: str
    description: str = ""
    owner: str = ""
    group: Grouping = Grouping.INCIDENT
    wait: timedelta = timedelta(minutes=1)
    """How long the first notice waits for others that belong to it, or for the matter to settle by itself."""
    steps: tuple[Step, ...]
    """At least one, each later than the one before it."""
    repeat: Repeat | None = None
    quiet: timedelta = timedelta(hours=1)
    """How long an acknowledgement pauses the chain. It never answers anything."""
    hours: QuietHours | None = None
    approvers: Approvers = Approvers()
    last_chance: LastChance = LastChance()
    file: str
    mark: Mark

    @property
    def asks(self) -> bool:
        """Whether anybody's answer counts; a chain without such people only tells."""
        return bool(self.approvers.roles or self.approvers.users)

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel it names, each once, in its order."""
        named = [name for step in self.steps for name in step.notify]
        return tuple(dict.fromkeys((*named, *self.last_chance.notify)))
