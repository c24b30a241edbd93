"""An escalation: what is on a page, who was told, and who has acknowledged it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.chain import Urgency


class Need(StrEnum):
    """What people have to do about one pending action."""

    ANSWER = "answer"
    """Approve or reject it: the agent carries it out."""
    HAND = "hand"
    """Decide it in Defender: no documented API carries it out, or this tenant has none."""
    LOOK = "look"
    """Look what became of it: something was sent, and how it went is not known or not as it was to be."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One pending action as people are told of it. `what` and `why` may be an attacker's words."""

    action_id: str
    kind: str
    """Defender's proposal in plain words, such as `soft delete of a mail cluster`."""
    what: str
    why: str
    need: Need
    incident_id: str
    incident_url: str | None
    deadline: datetime
    amount: int = 1
    """How many targets it has: messages, rules, accounts or devices."""
    approvers: int = 1
    """How many people have to approve it; 0 where it is not to be approved here."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """What a page remembers of one of its actions: as it was when the page was last told."""

    action_id: str
    joined: datetime
    deadline: datetime
    need: Need
    amount: int = 1
    is_told: bool = False
    """Whether people know how it stands. Of what ended before anybody had heard of it, nothing is left to be told."""
    is_warned: bool = False
    """Whether people were told that its last chance comes."""
    has_lapsed: bool = False
    """Whether its last chance has come without an answer."""
    ended: str = ""
    """What ended it, in words; empty while it needs people."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """That a channel was told of a page: when last, and under which generation's key."""

    channel: str
    generation: int
    at: datetime


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody on call has seen a page. It pauses the chain until `until`, and answers nothing."""

    at: datetime
    by: str
    channel: str
    until: datetime


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One matter that people are told of: an incident's or a campaign's actions that need them, under one chain.

    Deadlines are kept, no timers: everything that is due follows from this and a moment. `version` counts changes.
    """

    id: str
    chain: str
    group: str
    """What its actions share: `incident:42`, `campaign:…`, or `guard:brake`."""
    opened: datetime
    generation: int = 1
    """Grows with each new key: an acknowledged page stays silent under its old one."""
    members: tuple[Member, ...] = ()
    step: int = 0
    """How many steps were taken."""
    repeats: int = 0
    paged_at: datetime | None = None
    """When people were last paged; None before that. The next step counts from here."""
    told: tuple[Told, ...] = ()
    """Every channel that was told anything of it, in the order in which they first were."""
    urgency: Urgency = Urgency.NORMAL
    """The loudest that it was told with."""
    is_stormy: bool = False
    """Whether its next page is held back by the storm limit, and counted in a summary."""
    is_hurried: bool = False
    """Whether the next step is to be taken at once: somebody of the last one cannot be reached."""
    acknowledged: Acknowledgement | None = None
    """The newest, also when its pause is over."""
    paused: float = 0.0
    """Seconds for which acknowledgements before the newest have paused the chain since people were last paged."""
    due: datetime | None = None
    """When something is next to be done by itself; None once closed."""
    closed: datetime | None = None
    version: int = 0

    @property
    def key(self) -> str:
        """What a pager tells pages apart by, in this generation."""
        return f"{self.id}:{self.generation}"

    @property
    def open_members(self) -> tuple[Member, ...]:
        """Those that still need people."""
        return tuple(member for member in self.members if not member.ended)

    @property
    def has_lapsed(self) -> bool:
        """Whether the last chance of any of its actions has come."""
        return any(member.has_lapsed for member in self.members)

    @property
    def told_at(self) -> datetime | None:
        """When anybody was last told anything of it; None before that."""
        return max((told.at for told in self.told), default=None)


class Occasion(StrEnum):
    """Why people are told."""

    PAGE = "page"
    """A step of the chain is taken."""
    REPEAT = "repeat"
    """The last step is taken again."""
    WORSE = "worse"
    """More has come, or it has grown, and people are told anew."""
    UPDATE = "update"
    """Something of it changed that wakes nobody."""
    LAST_CHANCE = "lastChance"
    RESOLVED = "resolved"
    """It needs nobody any more."""
    DIGEST = "digest"
    """What was of low urgency within the hour."""
    SUMMARY = "summary"
    """How much was held back because it stormed."""
    INFORM = "inform"
    """A policy wants people told of what it decided; nothing is asked."""
    ALARM = "alarm"
    """Something about the agent itself has to be mended, such as a channel that fails."""
    TEST = "test"
    """A person tries the chain out; nothing is asked."""
    REPORT = "report"
    """The report of a day or a week that is over; nothing is asked, and no chain is climbed."""


LOUD = frozenset({Occasion.PAGE, Occasion.REPEAT, Occasion.WORSE, Occasion.LAST_CHANCE})
"""Occasions that count against the storm limit, unless they are of low urgency: that is collected, and wakes nobody."""


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A file that goes with a notice, where the channel takes files: mail does."""

    name: str
    subtype: str
    """Of `text`, such as `html`."""
    text: str


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing told through one channel. Every text but the ids may hold an attacker's words.

    The same notice always has the same `id`, however often it is sent. `key` is shared by all that belongs together
    for a pager or a thread. At most `MOST_ITEMS` items are carried, the most urgent first; `total` counts all.
    """

    id: str
    page_id: str
    """Empty for an alarm, a summary, a digest or a test."""
    key: str
    channel: str
    chain: str
    event: str
    """What the notices of one moment share, through however many channels: this is what the storm limit counts."""
    occasion: Occasion
    urgency: Urgency
    at: datetime
    title: str
    words: str = ""
    """What happened, or what is asked, in a sentence or a few."""
    items: tuple[Item, ...] = ()
    total: int = 0
    amount: int = 0
    """Targets of all actions together."""
    deadline: datetime | None = None
    """The earliest."""
    link: str | None = None
    """Where people answer; it identifies a page and authorises nothing."""
    is_answered_there: bool = False
    """Whether it leads to the agent's own pages, which take the answer that is asked for; Defender itself takes none of ours."""
    step: int = 0
    """From 1; 0 where it belongs to no step."""
    instead_of: str = ""
    """The channel that failed, where this one takes its place."""
    figures: tuple[tuple[str, str], ...] = ()
    """Our own words and numbers, each with its name: nothing of anybody else's."""
    attached: Attached | None = None

    @property
    def is_page(self) -> bool:
        """Whether it counts against the storm limit."""
        return self.occasion in LOUD and self.urgency is not Urgency.LOW


MOST_ITEMS = 20
"""Items that one notice carries."""


class Delivery(StrEnum):
    """How far a notice has come."""

    WAITING = "waiting"
    SENT = "sent"
    """The channel took it. That is not yet that somebody read it."""
    GIVEN_UP = "givenUp"
    """The channel failed until patience was over; the next one was told instead."""
    DROPPED = "dropped"
    """It was overtaken before it was sent: nobody needs it any more."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel answered: `ref` is what it calls the notice, such as Slack's `ts` or mail's Message-ID."""

    ref: str = ""
    words: str = ""


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """One notice in the outbox, and how its delivery stands. `due` is when it is next tried."""

    notice: Notice
    delivery: Delivery = Delivery.WAITING
    due: datetime | None = None
    attempts: int = 0
    """How often it was begun to be sent; from 1 on the channel may have it, whatever came of it."""
    tried_at: datetime | None = None
    """When it was first tried; None before that."""
    sent_at: datetime | None = None
    receipt: Receipt = Receipt()
    why: str = ""
    """What went wrong the last time."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """That a channel tells of an acknowledgement, or that one was taken back (`until` is the moment itself)."""

    key: str
    at: datetime
    by: str
    is_acknowledged: bool = True
