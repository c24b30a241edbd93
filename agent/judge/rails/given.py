"""What was given away, counted as guard rails ask for it: once, and kept up as more is given.

A rail that looked through everything for each approval would take as long for the ten thousandth of a day as for all
before it together. So what it asks for is a tally, made when it is first asked for at a moment and added to from then on;
and one approval looks only at what is its own.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.judge.guard import messages_in
from agent.model.enactment import DEVICE_EFFECTS, MAIL_EFFECTS, RULE_EFFECTS, Effect, Went
from agent.model.rails import Cap

DAY = timedelta(days=1)
"""The window within which distinct users and devices are counted."""

BY_PLACE = MAIL_EFFECTS | RULE_EFFECTS
"""Effects whose target names the user in its place: a mailbox."""


def users_of(effects: Iterable[Effect]) -> Iterator[str]:
    """Give whose mailboxes and accounts these effects touch, as often as they do."""
    for effect in effects:
        if effect.kind not in DEVICE_EFFECTS:
            which = 1 if effect.kind in BY_PLACE else 0
            yield from (pair[which].lower() for pair in effect.targets)


def devices_of(effects: Iterable[Effect]) -> Iterator[str]:
    """Give which devices these effects touch, as often as they do."""
    for effect in effects:
        if effect.kind in DEVICE_EFFECTS:
            yield from (pair[1].lower() for pair in effect.targets)


def actions_of(effects: Iterable[Effect]) -> Iterator[str]:
    """Give which actions these effects are for, once for each of them."""
    return (effect.action_id for effect in effects)


Names = Callable[[Iterable[Effect]], Iterator[str]]

What = tuple[Names, Cap | None]
"""What is tallied: by which names, and within the window and the kinds of which cap; within the day where it is of none."""


@dataclass(slots=True)
class Tally:
    """How often each name was given, and how many messages."""

    what: What
    now: datetime
    names: Counter[str] = field(default_factory=Counter)
    messages: int = 0

    def add(self, effects: Iterable[Effect]) -> None:
        """Count these too, as far as they count."""
        counting = [effect for effect in effects if self.counts(effect)]
        self.names.update(self.what[0](counting))
        self.messages += messages_in(counting)

    def counts(self, effect: Effect) -> bool:
        """Whether an effect counts. Exactly a window ago is within a cap's, as with the limits of policies; a day ago is over."""
        cap = self.what[1]
        if cap is None:
            return self.now - effect.intended_at < DAY
        is_within = effect.intended_at >= self.now - cap.window
        return is_within and (cap.kinds is None or effect.kind in cap.kinds)


class Given:
    """Everything that was given away until now, and the tallies of it that were asked for."""

    def __init__(self, effects: Iterable[Effect] = ()) -> None:
        self._effects: list[Effect] = []
        self._by_action: dict[str, list[Effect]] = {}
        self._tallies: dict[What, Tally] = {}
        self._now: datetime | None = None
        self.give(effects)

    def give(self, effects: Iterable[Effect]) -> None:
        """Count what is given away from here on, too."""
        more = tuple(effects)
        self._effects.extend(more)
        for effect in more:
            self._by_action.setdefault(effect.action_id, []).append(effect)
        for tally in self._tallies.values():
            tally.add(more)

    def beside(self, action_id: str, counted: Collection[Went] = ()) -> "Others":
        """Return what counts beside an action: what would only have been done for itself is still to be.

        `counted` says which of what would only have been counts at all.
        """
        own = self._by_action.get(action_id, ()) if counted else ()
        return Others(given=self, own=tuple(effect for effect in own if effect.went in counted))

    def tally(self, what: What, now: datetime) -> Tally:
        """Return the tally as of this moment."""
        if now != self._now:
            self._tallies, self._now = {}, now
        found = self._tallies.get(what)
        if found is None:
            found = self._tallies[what] = Tally(what, now)
            found.add(self._effects)
        return found


@dataclass(frozen=True, slots=True)
class Others:
    """What counts beside one approval: all that was given, but for what is its `own`."""

    given: Given = field(default_factory=Given)
    own: tuple[Effect, ...] = ()

    def users(self, now: datetime, more: frozenset[str]) -> int:
        """Return how many users were touched within the day, with these."""
        return self._distinct((users_of, None), now, more)

    def devices(self, now: datetime, more: frozenset[str]) -> int:
        """Return how many devices were touched within the day, with these."""
        return self._distinct((devices_of, None), now, more)

    def actions(self, cap: Cap, now: datetime, but: str) -> int:
        """Return how many actions were given anything within the cap's window, apart from one."""
        what = (actions_of, cap)
        names = self.given.tally(what, now).names
        is_among = names[but] > self._own(what, now)[but]
        return self._distinct(what, now, frozenset()) - is_among

    def messages(self, cap: Cap, now: datetime) -> int:
        """Return how many messages were given within the cap's window."""
        tally = self.given.tally((actions_of, cap), now)
        return tally.messages - messages_in(effect for effect in self.own if tally.counts(effect))

    def _distinct(self, what: What, now: datetime, more: frozenset[str]) -> int:
        """Return how many names there are in the tally without what is its own, and with these."""
        names = self.given.tally(what, now).names
        own = self._own(what, now)
        gone = sum(names[name] == count for name, count in own.items() if name not in more)
        return len(names) - gone + sum(name not in names for name in more)

    def _own(self, what: What, now: datetime) -> Counter[str]:
        tally = self.given.tally(what, now)
        return Counter(what[0](effect for effect in self.own if tally.counts(effect)))
