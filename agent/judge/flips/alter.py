"""(Facts, an edit) -> the facts of the world in which that were so.

Some facts are worked out from others: `recipients` from each message's `recipient`, a domain from an address,
`cluster.mailboxCount` from where the messages are. A world in which only one of them is different does not
exist. So **what agrees before an edit agrees after it**: where a fact is what it would be worked out as, it is
worked out anew; where it is not, because a situation was written by hand without its messages, it stands on
its own. The links are those by which `gather` makes the facts.

Held besides, wherever they held before: no more copies in mailboxes, or in one place, or with one threat, than
copies, no more recipients than copies, no more clicks let through, or accounts that clicked, than clicks, and,
while all messages are known, no more copies counted by Defender than there are. Not held together, since the facts
alone do not tell it: clicks of an account with `clicked` of a message, and the history with the sender it is of.
"""

from datetime import datetime
from typing import cast

import msgspec

from agent.judge.flips.links import (
    BOUNDS,
    COPIES,
    COUNTED,
    COUNTS,
    FROM,
    SIZES,
    WORKED_OUT,
    Row,
    agrees,
    changed,
    row_with,
    worked_out,
)
from agent.judge.flips.resize import MOST_MESSAGES, more, pattern, resized_set, spare, uncounted
from agent.judge.vocabulary import Scope
from agent.model.facts import Facts, Value


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """A fact has another value, or none; of the action, or of the messages at `rows`, a value for each."""

    scope: Scope
    fact: str
    values: tuple[Value | None, ...]
    rows: tuple[int, ...] = ()


class Resize(msgspec.Struct, frozen=True, kw_only=True):
    """There are fewer or more messages, so that a count of them is this."""

    fact: str
    count: int


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """It is judged at another moment."""

    at: datetime


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All messages are known, or some are not; where none is, there is one of which nothing is known yet."""

    is_complete: bool


Edit = Put | Resize | Judged | Known


class Alterations:
    """Edits of the same facts, for which what they have in common is worked out once."""

    def __init__(self, facts: Facts, keep: frozenset[int] = frozenset()) -> None:
        self.facts = facts
        self.keep = keep
        self._agreeing: dict[frozenset[str], frozenset[str]] = {}
        self._spare: dict[str, list[tuple[int, ...]]] = {}

    def made(self, edit: Edit) -> Facts | None:
        """Return the facts after the edit, with everything that agreed before agreeing again; None where it cannot be."""
        after = self._edited(edit)
        affected = _affected(edit)
        if after is None or not affected:
            return after
        agreeing = self._agree(affected)
        values = dict(after.values)
        for name, value in worked_out(after, affected):
            if name not in agreeing or (value is None and isinstance(edit, Put) and edit.fact == name):
                continue
            if value is not None:
                values[name] = value
            elif name in values:
                del values[name]
        return _within_bounds(self.facts, msgspec.structs.replace(after, values=values), edit)

    def _agree(self, names: frozenset[str]) -> frozenset[str]:
        """Return which of these facts are what they would be worked out as."""
        if names not in self._agreeing:
            values = self.facts.values
            worked = worked_out(self.facts, names)
            self._agreeing[names] = frozenset(
                name for name, value in worked if agrees(name, values.get(name), value)
            )
        return self._agreeing[names]

    def _edited(self, edit: Edit) -> Facts | None:
        """Return the facts with the edit alone, nothing worked out anew but within single messages."""
        facts = self.facts
        match edit:
            case Judged(at=at):
                return msgspec.structs.replace(facts, now=at)
            case Known(is_complete=is_complete):
                messages = facts.messages or (({},) if is_complete else None)
                return msgspec.structs.replace(facts, messages_complete=is_complete, messages=messages)
            case Put(scope=Scope.ACTION, fact=name, values=(value,)):
                return msgspec.structs.replace(facts, values=changed(facts.values, name, value))
            case Put(fact=name, rows=places, values=values):
                rows = list(facts.messages or ())
                for place, value in zip(places, values, strict=True):
                    rows[place] = row_with(rows[place], name, value)
                return msgspec.structs.replace(facts, messages=tuple(rows))
            case Resize():
                return self._resized(edit)

    def _resized(self, edit: Resize) -> Facts | None:
        facts, rows = self.facts, self.facts.messages or ()
        if not rows or edit.fact not in SIZES:
            return resized_set(facts, edit.fact, edit.count)
        left = self.left(edit)
        if left is None or (not left and edit.fact not in COUNTS):
            return None
        if not left:
            # Of no messages nothing would be known: they are still there, and do not count.
            return msgspec.structs.replace(facts, messages=tuple(uncounted(row, edit.fact) for row in rows))
        if len(left) < len(rows):
            return msgspec.structs.replace(facts, messages=tuple(rows[at] for at in left))
        missing = edit.count - cast("int", facts.values.get(edit.fact, 0))
        if missing > 0 and len(rows) + missing > MOST_MESSAGES:
            return None
        taken = {str(row.get("recipient")) for row in rows}
        further = more(pattern(rows, edit.fact), missing, taken)
        return msgspec.structs.replace(facts, messages=(*rows, *further))

    def left(self, edit: Resize) -> tuple[int, ...] | None:
        """Return which messages are left after the edit, all where there are to be more; None if too few can go.

        Those go first that stand for themselves least: whose facts, the recipient and the moment aside, others
        have too.
        """
        rows = self.facts.messages or ()
        surplus = cast("int", self.facts.values.get(edit.fact, 0)) - edit.count
        if surplus <= 0:
            return tuple(range(len(rows)))
        if edit.fact not in self._spare:
            self._spare[edit.fact] = spare(rows, edit.fact, self.keep)
        free = self._spare[edit.fact]
        if len(free) < surplus:
            return None
        gone = {at for group in free[:surplus] for at in group}
        return tuple(at for at in range(len(rows)) if at not in gone)


def altered(facts: Facts, edit: Edit, keep: frozenset[int] = frozenset()) -> Facts | None:
    """Return the facts after one edit; None where it cannot be. `keep` are messages that no shrinking may take."""
    return Alterations(facts, keep).made(edit)


def _affected(edit: Edit) -> frozenset[str]:
    """Return the facts of the action that may have to be worked out anew, or that bound the one that changes."""
    match edit:
        case Judged():
            return frozenset()
        case Put(fact=fact):
            return FROM.get(fact, frozenset())
        case _:
            return WORKED_OUT


def _within_bounds(before: Facts, after: Facts, edit: Edit) -> Facts | None:
    """Return the facts with the smaller of two counts still not above the larger; None where that cannot be."""
    values = dict(after.values)
    for small, large in BOUNDS:
        if _is_above(before.values, small, large) or not _is_above(values, small, large):
            continue
        if before.messages and large == COPIES:
            return None
        is_small = getattr(edit, "fact", "") == small
        values[large if is_small else small] = values[small if is_small else large]
    copies = len(after.messages or ())
    counted = values.get(COUNTED)
    if before.messages and isinstance(counted, int) and after.messages_complete and counted > copies:
        was = before.values.get(COUNTED)
        if isinstance(was, int) and was <= len(before.messages):
            if getattr(edit, "fact", "") == COUNTED:
                return None
            values[COUNTED] = copies
    return msgspec.structs.replace(after, values=values)


def _is_above(values: Row, small: str, large: str) -> bool:
    few, many = values.get(small), values.get(large)
    return isinstance(few, int) and isinstance(many, int) and few > many
