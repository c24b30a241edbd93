"""Comparisons, one after the other -> what would have been otherwise had what we decided been carried out.

Nothing is estimated. Earlier is what people decided the same way later; what a guard rail held would have stayed with people.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from agent.judge.sum_up import nth
from agent.model.decision import Verb
from agent.model.pending import MAIL_KINDS
from agent.model.report import SAVED_STEPS, Compared, Counterfactuals, Native
from agent.model.truth import Unknown

MICROSECOND = timedelta(microseconds=1)


class Otherwise:
    """Counts it."""

    def __init__(self) -> None:
        self._approved = 0
        self._held: Counter[str] = Counter()
        self._saved = array("q")
        """In microseconds."""
        self._expired = 0
        self._expired_otherwise = 0
        self._messages = 0
        self._pages = 0
        self._native: Counter[str] = Counter()

    def take(self, one: Compared) -> None:
        """Count one life."""
        is_approval = one.verb is Verb.APPROVE
        if is_approval:
            self._approved += 1
            if one.guard is not None:
                self._held[one.guard] += 1
        would_decide = one.guard is None and (is_approval or one.verb is Verb.REJECT)
        if would_decide and one.policies:
            self._pages += 1
        if one.unknown is Unknown.EXPIRED:
            self._expired += 1
            if would_decide and one.decided is not None and one.decided < one.deadline:
                self._expired_otherwise += 1
        saved = one.saved
        if saved is not None:
            self._saved.append(saved // MICROSECOND)
            if is_approval and one.kind in MAIL_KINDS:
                self._messages += one.targets or 0
        if one.is_native:
            self._take_native(one, is_approval=is_approval)

    def _take_native(self, one: Compared, *, is_approval: bool) -> None:
        self._native["actions"] += 1
        self._native["ours"] += is_approval
        if one.truth is not None and one.truth.verb is not None:
            self._native["approved" if one.truth.verb is Verb.APPROVE else "rejected"] += 1

    def found(self) -> Counterfactuals:
        """Return what was counted."""
        ordered = sorted(self._saved)
        return Counterfactuals(
            approved=self._approved,
            held={name: self._held[name] for name in sorted(self._held)},
            saved=_span(nth(ordered, 50)),
            saved_ninetieth=_span(nth(ordered, 90)),
            saved_of=len(ordered),
            saved_steps=_steps(ordered),
            expired=self._expired,
            expired_otherwise=self._expired_otherwise,
            messages=self._messages,
            pages=self._pages,
            native=Native(**self._native),
        )


def _steps(ordered: Sequence[int]) -> tuple[int, ...]:
    """Return how many lie under each of `SAVED_STEPS`, and not under the one before; last those from the longest on."""
    edges = [bisect_left(ordered, step // MICROSECOND) for step in SAVED_STEPS]
    return tuple(above - below for below, above in zip([0, *edges], [*edges, len(ordered)], strict=True))


def _span(microseconds: int | None) -> timedelta | None:
    return None if microseconds is None else microseconds * MICROSECOND
