"""The looser ones, each: what it was, why it would have been approved, and who rejected it.

A report has no actions of its own. What they were about is looked up for a few at a time, and a list that is shown holds
the newest: a million of them need no more memory than those that are shown.
"""

from collections.abc import Sequence
from datetime import datetime
from heapq import heappush, heappushpop
from urllib.parse import urlsplit

import msgspec

from agent.faces.report.words import CERTAINTIES, SOURCES
from agent.faces.telling import KINDS
from agent.model.pending import ActionKind
from agent.model.report import Compared, Lens, Standing
from agent.ports.archive import Archive

AT_ONCE = 200
"""Actions that are looked up together."""


class Looser(msgspec.Struct, frozen=True, kw_only=True):
    """One action that policies would have approved and people rejected. Every text but `action_id` may be an attacker's."""

    action_id: str
    kind: ActionKind
    what: str
    """What it was about, as it was last read; empty where the ledger does not have it any more."""
    incident_id: str
    incident_url: str | None
    policies: tuple[str, ...]
    guard: str | None
    """The guard rail that would have held it all the same."""
    decided: datetime | None
    why: str
    """Why it would have been approved."""
    at: datetime
    """When people rejected it."""
    by: tuple[str, ...]
    told: str
    """Where that is known from, and how sure."""

    @property
    def kind_words(self) -> str:
        """What would have been done."""
        return KINDS[self.kind]

    @property
    def about(self) -> str:
        """What would have been done to what."""
        return f"{self.kind_words}: {self.what}" if self.what else self.kind_words


class Newest:
    """The newest looser ones of those that it is told of, at most so many; all where that is None."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._kept: list[tuple[datetime, str, int, Compared]] = []
        self._taken = 0

    def take(self, one: Compared) -> None:
        """Keep it, where it is looser and among the newest."""
        if one.standing is not Standing.LOOSER or one.truth is None or self._most == 0:
            return
        self._taken += 1
        place = (one.truth.at, one.action_id, self._taken, one)
        if self._most is None or len(self._kept) < self._most:
            heappush(self._kept, place)
        else:
            heappushpop(self._kept, place)

    def found(self) -> list[Compared]:
        """Return them, newest first."""
        return [place[3] for place in sorted(self._kept, key=lambda place: place[:3], reverse=True)]


async def looked_up(archive: Archive, found: Sequence[Compared], lens: Lens) -> list[Looser]:
    """Return what each of these looser ones was about, in their order."""
    told: list[Looser] = []
    for start in range(0, len(found), AT_ONCE):
        told += await _looked_up(archive, found[start : start + AT_ONCE], lens)
    return told


async def _looked_up(archive: Archive, some: Sequence[Compared], lens: Lens) -> list[Looser]:
    actions = await archive.actions(sorted({one.action_id for one in some}))
    numbered = [(one.action_id, one.number) for one in some if one.number or one.is_imported]
    reasons = await archive.reasons(numbered, would=lens is Lens.WOULD)
    found = []
    for one in some:
        truth, action = one.truth, actions.get(one.action_id)
        if truth is None:
            continue
        found.append(
            Looser(
                action_id=one.action_id,
                kind=one.kind,
                what=action.label if action is not None else "",
                incident_id=one.incident_id,
                incident_url=usable(action.incident.web_url) if action is not None else None,
                policies=one.policies,
                guard=one.guard,
                decided=one.decided,
                why=reasons.get((one.action_id, one.number), ""),
                at=truth.at,
                by=truth.by,
                told=f"{SOURCES[truth.source]}, {CERTAINTIES[truth.certainty]}",
            )
        )
    return found


def usable(url: str | None) -> str | None:
    """Return a link that leads to a web page over TLS, and nowhere else; None for any other."""
    if not url or not url.isascii() or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    return url if is_usable else None
