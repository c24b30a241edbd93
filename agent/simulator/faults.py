"""How Graph fails, on a seed or by script. Each kind was seen by somebody in the field."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

import msgspec

from agent.simulator.lots import lots
from agent.simulator.moments import ticks


class Reset(ConnectionResetError):
    """The connection breaks without an answer. A server drops it; an in-process transport raises this."""


class What(StrEnum):
    """What goes wrong."""

    REFUSE = "refuse"
    """Answered with the status; nothing was applied."""
    LOSE = "lose"
    """Applied, and then answered with the status as if it had not been."""
    RESET_BEFORE = "resetBefore"
    RESET_AFTER = "resetAfter"
    """Applied, and the connection breaks instead of an answer."""
    TRUNCATE = "truncate"
    """Applied, and the body ends before its announced length."""
    CUT = "cut"
    """Applied, and half the body comes as if it were the whole."""
    HTML = "html"
    """200 with a page of some gateway; nothing was applied."""
    EMPTY_PAGE = "emptyPage"
    """No things, and a link that leads to those that belong here."""
    REPEAT_LINK = "repeatLink"
    """The link leads to the page it is on."""
    FOREIGN_LINK = "foreignLink"
    """The link leads to another host."""
    PARTIAL = "partial"
    """206 with a warning, and some of the things missing."""


class RetryAfter(StrEnum):
    """How a throttled answer says when to come back."""

    ABSENT = "absent"
    SECONDS = "seconds"
    DECIMAL = "decimal"
    DATE = "date"
    PAST_DATE = "past date"
    NEGATIVE = "negative"
    ABSURD = "absurd"
    JUNK = "junk"

    def header(self, now: datetime) -> Mapping[str, str]:
        """Return the header as it goes out, empty where it is absent."""
        words = {
            RetryAfter.SECONDS: "2",
            RetryAfter.DECIMAL: "0.249",
            RetryAfter.DATE: format_datetime(now + timedelta(seconds=3), usegmt=True),
            RetryAfter.PAST_DATE: format_datetime(now - timedelta(hours=1), usegmt=True),
            RetryAfter.NEGATIVE: "-5",
            RetryAfter.ABSURD: "86400",
            RetryAfter.JUNK: "soon",
        }.get(self)
        return {} if words is None else {"retry-after": words}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing going wrong with one request."""

    what: What
    status: int = 0
    retry_after: RetryAfter = RetryAfter.ABSENT


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A fault for requests whose method and path match: the nth ones, counted from 1, or every one."""

    fault: Fault
    path: str = ".*"
    method: str | None = None
    on: frozenset[int] | None = frozenset({1})


def throttled(retry_after: RetryAfter) -> Fault:
    """Return a 429."""
    return Fault(what=What.REFUSE, status=429, retry_after=retry_after)


_SHARED = (
    *(throttled(kind) for kind in RetryAfter if kind is not RetryAfter.ABSURD),
    Fault(what=What.REFUSE, status=500),
    Fault(what=What.REFUSE, status=502),
    Fault(what=What.REFUSE, status=503),
    Fault(what=What.REFUSE, status=503, retry_after=RetryAfter.SECONDS),
    Fault(what=What.REFUSE, status=504),
    Fault(what=What.RESET_BEFORE),
    Fault(what=What.RESET_AFTER),
    Fault(what=What.TRUNCATE),
    Fault(what=What.CUT),
    Fault(what=What.HTML),
)
WRITE_FAULTS = (*_SHARED, *(Fault(what=What.LOSE, status=status) for status in (500, 502, 503, 504, 504)))
READ_FAULTS = _SHARED
LIST_FAULTS = (
    *_SHARED,
    *(Fault(what=what) for what in (What.EMPTY_PAGE, What.REPEAT_LINK, What.FOREIGN_LINK, What.PARTIAL)),
)
_LISTS = re.compile(
    r"/v1\.0/security/(incidents|alerts_v2|collaboration/analyzedEmails|identities/identityAccounts)"
    r"|/v1\.0/users/[^/]+/mailFolders/inbox/messageRules|/api/machine(s|actions)"
)
_APIS = ("/v1.0/", "/api/")


class Faults:
    """Decides for each request whether, and how, it fails.

    `share` is the part of all requests to Graph and to Defender for Endpoint that fails on the seed, from 0 to 1; rules come first.
    `lateness` is how long at most an update stays invisible in lists after the moment it carries, each
    update for its own time, so that they also come out of order.
    """

    def __init__(
        self,
        *,
        rules: Sequence[Rule] = (),
        seed: int = 0,
        share: float = 0.0,
        lateness: timedelta = timedelta(),
    ) -> None:
        self._rules = [(rule, re.compile(rule.path)) for rule in rules]
        self._matched = [0] * len(rules)
        self._seed = seed
        self._lots = lots(seed, "faults")
        self._share = share
        self._lateness = lateness

    def pick(self, method: str, path: str) -> Fault | None:
        """Return what goes wrong with this request; None where nothing does."""
        for at, (rule, pattern) in enumerate(self._rules):
            if rule.method in (None, method) and pattern.fullmatch(path):
                self._matched[at] += 1
                if rule.on is None or self._matched[at] in rule.on:
                    return rule.fault
        if not path.startswith(_APIS) or self._lots.random() >= self._share:
            return None
        if method != "GET":
            hunts = path.endswith("runHuntingQuery")
            return self._lots.choice(READ_FAULTS if hunts else WRITE_FAULTS)
        return self._lots.choice(LIST_FAULTS if _LISTS.fullmatch(path) else READ_FAULTS)

    def hides(self, thing: Mapping[str, Any], moment: int) -> bool:
        """Whether the thing's last update is not to be seen in lists yet; `moment` is in ticks."""
        if not self._lateness:
            return False
        updated = thing["lastUpdateDateTime"]
        drawn = lots(self._seed, f"late/{thing['id']}/{updated}").random()
        return moment < ticks(updated) + int(drawn * self._lateness.total_seconds()) * 10_000_000


def sour(seed: int) -> Faults:
    """Return the faults of a bad day: one request in twelve, and updates up to twenty minutes late."""
    return Faults(seed=seed, share=1 / 12, lateness=timedelta(minutes=20))
