"""A notice taken apart into what every channel shows: our own words, and foreign words made harmless.

Subjects, senders, names of files and whatever else an attacker writes never leave `foreign` as they are: each stays one
stretch of one line, shows what is hidden in it, is cut visibly, and holds nothing that any program takes for a link,
an address or a path: dots, colons and at signs inside words stand in brackets, as analysts write them. A channel
escapes it for itself after that. The headline and the facts are made of our own words and numbers only.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from agent.model.chain import Urgency
from agent.model.escalation import Item, Need, Notice, Occasion
from agent.scrub.visible import visible

TITLE, WORDS, WHAT, KIND, NAME = 240, 900, 300, 80, 64
"""Characters that are shown of a title, of what is said, of what an action is about and why, of its kind, of a name."""

SHORTER = (WHAT, 150, 80)
"""Characters of what an action is about and why, where room is short."""

LONGEST_LINK = 1_000
"""Characters of a link; ours are far shorter."""

MOST_LINKS = 5
"""Links to single incidents beside the one to the page."""

_IN_WORD = re.compile(
    r"""(?<=[^\s.])[.\uff0e\u3002\uff61](?=[^\s.])   # evil.com
      | (?<=[^\s\d]):(?=\S) | (?<=\d):(?=[^\s\d])     # mailto:x, a scheme, a port
      | @(?=\S)                                       # somebody@evil, @here
      | \\\\(?=\S)                                    # \\evil\share
    """,
    re.VERBOSE,
)
_LINK = re.compile(r"[A-Za-z0-9:/?#@!$&'()*+,;=._~%\[\]-]+")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")

T = TypeVar("T")

HEADLINES = {
    Occasion.PAGE: "People are needed",
    Occasion.REPEAT: "Still waiting for people",
    Occasion.WORSE: "It has grown worse",
    Occasion.UPDATE: "Changed",
    Occasion.LAST_CHANCE: "Last chance",
    Occasion.RESOLVED: "Nobody is needed any more",
    Occasion.DIGEST: "Collected within the hour",
    Occasion.SUMMARY: "Held back: too many pages",
    Occasion.INFORM: "For your information",
    Occasion.ALARM: "The agent itself needs somebody",
    Occasion.TEST: "TEST: nothing is asked",
    Occasion.REPORT: "Report",
}

_NEEDS = {
    Need.ANSWER: "answer: approve or reject",
    Need.HAND: "decide in Defender",
    Need.LOOK: "look what became of it",
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One item as it is shown: a head of ours beside its kind, and what it is about and why."""

    kind: str
    head: str
    what: str
    why: str


def foreign(text: str, limit: int, weigh: Callable[[str], int] = len) -> str:
    """Return somebody else's text on one line, harmless, and cut visibly at so many of its characters.

    It is cut earlier where it would weigh more than twice the limit: no choice of letters makes a text large.
    """
    found = _harmless(text, limit)
    most = limit
    while weigh(found) > 2 * limit and most > 0:
        most = most * 3 // 4
        found = _harmless(text, most)
    return found


def headline(notice: Notice) -> str:
    """Return what it is about in our own words, with how many actions there are."""
    words = HEADLINES[notice.occasion]
    if not notice.total:
        return words
    return f"{words}: {counted(notice.total, 'action')}"


def facts(notice: Notice) -> tuple[tuple[str, str], ...]:
    """Return the notice's own facts, each with its label."""
    found: list[tuple[str, str]] = list(notice.figures)
    if notice.amount:
        found.append(("Targets", f"{notice.amount:,}"))
    if notice.deadline is not None:
        found.append(("Decide before", until(notice.deadline, notice.at)))
    if notice.chain:
        step = f", step {notice.step}" if notice.step else ""
        found.append(("Chain", f"{foreign(notice.chain, NAME)}{step}"))
    if notice.urgency is not Urgency.NORMAL:
        found.append(("Urgency", notice.urgency.value))
    if notice.instead_of:
        found.append(("Instead of", f"{foreign(notice.instead_of, NAME)}, which failed"))
    return tuple(found)


def shown(item: Item, now: datetime, limit: int = WHAT, weigh: Callable[[str], int] = len) -> Shown:
    """Return an item's words; `limit` is that of what it is about and why."""
    parts = [_NEEDS[item.need]]
    if item.amount > 1:
        parts.append(counted(item.amount, "target"))
    if item.approvers > 1:
        parts.append(f"{item.approvers} people have to approve")
    parts.append(f"before {until(item.deadline, now)}")
    if item.incident_id:
        parts.append(f"incident {foreign(item.incident_id, NAME)}")
    return Shown(
        kind=foreign(item.kind, KIND, weigh),
        head=", ".join(parts),
        what=foreign(item.what, limit, weigh),
        why=foreign(item.why, limit, weigh),
    )


def left_out(notice: Notice, carried: int) -> str:
    """Return how many actions are not carried; empty where all are."""
    more = notice.total - carried
    if more <= 0:
        return ""
    also = "and " if carried else ""
    where = ": follow the link for all of them" if link_of(notice) else ""
    return f"{also}{counted(more, 'more action' if carried else 'action')} not shown here{where}"


def links(notice: Notice) -> tuple[tuple[str, str], ...]:
    """Return the links that are shown, each with its words: the page's, then those of single incidents."""
    found: dict[str, str] = {}
    own = link_of(notice)
    if own is not None:
        found[own] = "Open and answer" if notice.is_answered_there else "Open"
    for item in notice.items:
        url = usable(item.incident_url)
        if url is None or url in found or _PLAIN_ID.fullmatch(item.incident_id) is None:
            continue
        if len(found) > MOST_LINKS:
            break
        found[url] = f"Incident {item.incident_id}"
    return tuple((words, url) for url, words in found.items())


def link_of(notice: Notice) -> str | None:
    """Return the link to where people answer; None where there is none that can be used."""
    return usable(notice.link)


def fitting(items: Sequence[Item], build: Callable[[Sequence[Item], int], T], fits: Callable[[T], bool]) -> T:
    """Return what `build` makes of the items: whole where that fits, else shorter, else fewer of them, or none.

    Texts become shorter before items are left out: a long subject does not push other actions out of sight.
    """
    for limit in SHORTER:
        built = build(items, limit)
        if fits(built):
            return built
    for count in range(len(items) - 1, 0, -1):
        built = build(items[:count], SHORTER[-1])
        if fits(built):
            return built
    return build((), SHORTER[-1])


def until(moment: datetime, now: datetime) -> str:
    """Return a moment, and how far away it is, rounded down."""
    left = moment - now
    if left <= timedelta(0):
        how_far = "past"
    elif left < timedelta(hours=2):
        how_far = f"in {left // timedelta(minutes=1)} min"
    elif left < timedelta(hours=72):
        how_far = f"in {left // timedelta(hours=1)} h"
    else:
        how_far = f"in {left // timedelta(days=1)} days"
    return f"{moment:%Y-%m-%d %H:%M} UTC ({how_far})"


def counted(count: int, one: str) -> str:
    """Return a count with its word."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def units(text: str) -> int:
    """Return the length of a text as most of the vendors' programs count it: in code units of UTF-16.

    Never less than its characters, so that a limit in these is kept too.
    """
    return len(text) + sum(1 for letter in text if ord(letter) > 0xFFFF)


def _harmless(text: str, limit: int) -> str:
    return _IN_WORD.sub(lambda found: f"[{found[0]}]", visible(text, limit))


def usable(url: str | None) -> str | None:
    """Return a link that says nothing but where it leads; None for any other."""
    if not url or len(url) > LONGEST_LINK or _LINK.fullmatch(url) is None:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if not host or "@" in parts.netloc:
        return None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    return url if is_safe else None
