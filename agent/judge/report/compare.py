"""(One life, what people did) -> how what we and they decided stands to each other.

This is the one definition of agreement: reports, pages and promotion go by it.
"""

from collections.abc import Iterable, Iterator

import msgspec

from agent.judge.report.lives import Life, ours, verb_of, with_truths
from agent.judge.report.told import is_open_again, told
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


def comparisons(rows: Iterable[Decided], truths: Iterable[Truth]) -> Iterator[Both]:
    """Give each life of one action, compared.

    Args:
        rows: all that was decided on the action, oldest first.
        truths: what is known of its proposals.
    """
    for life, known in with_truths(rows, truths):
        yield compare(life, known)


def compare(life: Life, known: Truth | None) -> Both:
    """Return one life, compared.

    Args:
        life: what was decided in it, oldest first.
        known: what is written down of what people did; None where nothing is, and so the history itself is asked.
    """
    truth = told(life) if known is None else known
    if known is not None and known.verb is None and is_open_again(life):
        truth = None
    row = ours(life, None if truth is None or truth.verb is None else truth.at)
    in_force = _compared(life, row, truth)
    if row is None or row.shadow is None:
        return Both(in_force, in_force)
    return Both(_would(in_force, row, row.shadow), in_force)


def _compared(life: Life, row: Decided | None, truth: Truth | None) -> Compared:
    first = row or life[0]
    verb = None if row is None else verb_of(row)
    standing, unknown = stand(verb, truth)
    return Compared(
        action_id=first.action_id,
        incident_id=first.incident_id,
        kind=first.kind,
        first_seen=first.first_seen,
        deadline=first.deadline,
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
        moment=life[-1].at if truth is None else truth.at,
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
