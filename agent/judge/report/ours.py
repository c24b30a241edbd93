"""The history of one proposal -> the decision of ours that is compared with people's.

It is the newest before theirs; what we decided afterwards does not count, as people's decision may be in it.
"""

from collections.abc import Sequence
from datetime import datetime

from agent.model.decision import Verb
from agent.model.history import Decided, Decider


def ours(rows: Sequence[Decided], before: datetime | None) -> Decided | None:
    """Return the newest decision of policies before a moment, also where a guard rail held it; None where there is none.

    What was judged afterwards, from what Graph still had, counts as if it had been judged in time.

    Args:
        rows: all that was decided on the proposal, oldest first.
        before: the moment; None where any counts.
    """
    for row in reversed(rows):
        is_early = before is None or row.at < before or row.is_imported
        if is_early and _is_ours(row):
            return row
    return None


def verb_of(row: Decided) -> Verb | None:
    """Return what policies decided: what a guard rail held was an approval."""
    return Verb.APPROVE if row.by is Decider.GUARD else row.verb


def _is_ours(row: Decided) -> bool:
    """Whether policies decided it; what people approved a guard rail may hold, too."""
    is_by_policies = row.by is Decider.POLICIES or (row.by is Decider.GUARD and not row.people)
    return is_by_policies and row.ended is None
