"""The history of one action -> its lives, each with the decision of ours that is compared.

A life is one proposal: from when the action was seen to the end of its week. The same thing proposed anew after that is
another. Compared is the newest decision before people's; what we decided afterwards does not count, as people's decision
may be in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from agent.model.decision import Verb
from agent.model.history import Decided, Decider
from agent.model.truth import Truth

Life = Sequence[Decided]
"""What was decided on one proposal, oldest first; never empty."""


def lives_of(rows: Iterable[Decided]) -> Iterator[Life]:
    """Give the lives of one action, oldest first, as its decisions are given."""
    life: list[Decided] = []
    for row in rows:
        if life and row.first_seen >= life[0].deadline:
            yield life
            life = []
        life.append(row)
    if life:
        yield life


def with_truths(rows: Iterable[Decided], truths: Iterable[Truth]) -> Iterator[tuple[Life, Truth | None]]:
    """Give the lives of one action, each with what is known of it; None where nothing is written down.

    A proposal may be found to have begun earlier while it lasts. So what is known belongs to the first life that was not
    over when the proposal of which it is known began; of several the last counts.
    """
    waiting = sorted(truths, key=_begin)
    for life in lives_of(rows):
        known = None
        while waiting and waiting[0].first_seen < life[0].deadline:
            known = waiting.pop(0)
        yield life, known


def ours(life: Life, before: datetime | None) -> Decided | None:
    """Return the newest decision of policies before a moment, also where a guard rail held it; None where there is none.

    What was judged afterwards, from what Graph still had, counts as if it had been judged in time.
    """
    for row in reversed(life):
        is_early = before is None or row.at < before or row.is_imported
        if is_early and is_ours(row):
            return row
    return None


def is_ours(row: Decided) -> bool:
    """Whether policies decided it, also where a guard rail held it."""
    is_by_policies = row.by is Decider.POLICIES or (row.by is Decider.GUARD and not row.people)
    return is_by_policies and row.ended is None


def verb_of(row: Decided) -> Verb | None:
    """Return what policies decided: what a guard rail held was an approval."""
    return Verb.APPROVE if row.by is Decider.GUARD else row.verb


def _begin(one: Truth) -> datetime:
    return one.first_seen
