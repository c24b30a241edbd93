"""(One life) -> what people did, as far as the history itself tells: what counts where nothing else is written down."""

from agent.judge.remember import MARGIN
from agent.judge.report.lives import Life, is_ours
from agent.model.decision import Verb
from agent.model.history import DECLINED, Decided, Decider, Ending
from agent.model.truth import Certainty, Source, Truth, Unknown


def told(life: Life) -> Truth | None:
    """Return what people did, the first time that they decided; None where it is open, or was carried out here.

    What awaits approval again after it had ended is open again.
    """
    found: Truth | None = None
    for row in life:
        if row.people and (verb := _answer(row)) is not None:
            return Truth(
                action_id=row.action_id,
                first_seen=row.first_seen,
                verb=verb,
                unknown=None,
                source=Source.ANSWER,
                certainty=Certainty.CERTAIN,
                at=row.answered or row.at,
                by=row.people,
            )
        if row.ended is not None:
            found = _ended(row)
            if found.verb is not None:
                return found
        elif is_ours(row):
            found = None
    return found


def is_open_again(life: Life) -> bool:
    """Whether it awaits approval again, after it had ended."""
    is_over = False
    for row in life:
        is_over = row.ended is not None or (is_over and not is_ours(row))
    return not is_over and any(row.ended is not None for row in life)


def _answer(row: Decided) -> Verb | None:
    """Return what people answered: a guard rail may hold what they approve; a no it does not touch."""
    if row.by is Decider.GUARD:
        return Verb.APPROVE
    return None if row.verb is Verb.ESCALATE else row.verb


def _ended(row: Decided) -> Truth:
    """Return what the evidence's word says of people.

    `declined` is a person's no, unless the week ended then. `remediated` alone may be a person's yes, Defender's own closing,
    or the mail that was gone.
    """
    if row.ended is Ending.EXPIRED:
        return _unknown(row, Unknown.EXPIRED)
    if row.status != DECLINED:
        return _unknown(row, Unknown.UNTOLD)
    if row.at >= row.deadline - MARGIN:
        return _unknown(row, Unknown.LATE)
    return Truth(
        action_id=row.action_id,
        first_seen=row.first_seen,
        verb=Verb.REJECT,
        unknown=None,
        source=Source.EVIDENCE,
        certainty=Certainty.CERTAIN,
        at=row.at,
    )


def _unknown(row: Decided, why: Unknown) -> Truth:
    return Truth(
        action_id=row.action_id,
        first_seen=row.first_seen,
        verb=None,
        unknown=why,
        source=Source.EVIDENCE,
        certainty=Certainty.UNKNOWN,
        at=row.at,
    )
