"""(One life, what people did) -> how what we and they decided stands to each other.

This is the one definition of agreement: reports, pages and promotion go by it.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from agent.judge.ground_truth import by_history
from agent.judge.lives import known_of, past_of, proposals
from agent.judge.report.ours import ours, verb_of
from agent.model.decision import Verb
from agent.model.history import Decided
from agent.model.report import Compared, Lens, Standing
from agent.model.truth import Truth, Unknown


class Both(msgspec.Struct, frozen=True, gc=False):
    """One life through both lenses; the same comparison twice where observing policies had no opinion."""

    would: Compared
    in_force: Compared

    def through(self, lens: Lens) -> Compared:
        """Return it through one of them."""
        return self.would if lens is Lens.WOULD else self.in_force


def comparisons(
    rows: Iterable[Decided], truths: Sequence[Truth], *, is_moved: bool = False
) -> Iterator[Both]:
    """Give each life of one action, compared.

    Args:
        rows: all that was decided on the action, oldest first.
        truths: what is known of its proposals.
        is_moved: whether it goes on under another id: then its last life is told there, unless it ended before.
    """
    lives: Iterable[Sequence[Decided]] = proposals(rows)
    if is_moved:
        *earlier, last = lives
        lives = earlier if last[-1].ended is None else [*earlier, last]
    for life in lives:
        yield compare(life, truths)


def compare(life: Sequence[Decided], truths: Sequence[Truth]) -> Both:
    """Return one life, compared.

    Args:
        life: what was decided in it, oldest first.
        truths: what is known of the action's proposals. Where nothing is of this one, its own history is asked.
    """
    truth = _truth(life, truths)
    row = ours(life, None if truth is None or truth.verb is None else truth.at)
    in_force = _compared(life, row, truth)
    if row is None or row.shadow is None:
        return Both(in_force, in_force)
    return Both(_would(in_force, row, row.shadow), in_force)


def _truth(life: Sequence[Decided], truths: Sequence[Truth]) -> Truth | None:
    """Return what is known of a life; None while it is open, and where it was carried out here without people."""
    for known in truths:
        if known.first_seen == life[0].first_seen:
            return known
    likely = known_of(past_of(life).life, truths) if truths else None
    if likely is not None:
        return likely
    is_told = any(row.ended is not None or row.people for row in life)
    return by_history(past_of(life)) if is_told else None


def _compared(life: Sequence[Decided], row: Decided | None, truth: Truth | None) -> Compared:
    first = row or life[0]
    verb = None if row is None else verb_of(row)
    standing, unknown = stand(verb, truth)
    is_over = truth is not None and truth.unknown is not Unknown.NOBODY
    return Compared(
        action_id=first.action_id,
        incident_id=first.incident_id,
        kind=first.kind,
        first_seen=life[0].first_seen,
        deadline=life[0].deadline,
        decided=None if row is None else row.at,
        number=0 if row is None else row.number,
        verb=verb,
        policies=() if row is None else row.policies,
        guard=None if row is None else row.guard,
        targets=first.targets,
        messages=first.messages,
        is_native=first.is_native,
        is_imported=first.is_imported,
        revision="" if row is None else row.revision,
        truth=truth,
        standing=standing,
        unknown=unknown,
        moment=truth.at if truth is not None and is_over else life[-1].at,
    )


def _would(in_force: Compared, row: Decided, verb: Verb) -> Compared:
    """Return the same life by what would have been decided had observing policies counted."""
    standing, unknown = stand(verb, in_force.truth)
    return msgspec.structs.replace(
        in_force,
        verb=verb,
        policies=row.shadow_policies or row.policies,
        guard=row.shadow_guard if verb is Verb.APPROVE else None,
        standing=standing,
        unknown=unknown,
    )


def stand(verb: Verb | None, truth: Truth | None) -> tuple[Standing, Unknown | None]:
    """Return how what we decided stands to what people did, and why that is not known where it is not."""
    if truth is None:
        return Standing.UNDECIDED, Unknown.NOBODY
    if truth.verb is None:
        return Standing.UNDECIDED, truth.unknown
    if verb is None:
        return Standing.UNDECIDED, None
    if verb is truth.verb:
        return Standing.AGREED, None
    if truth.verb is Verb.APPROVE:
        return Standing.STRICTER, None
    return (Standing.LOOSER if verb is Verb.APPROVE else Standing.UNDECIDED), None
