"""What people decided about an action, in words: who, when, from where that is known, and how surely."""

from agent.faces.report.words import CERTAINTIES, SOURCES, WHY
from agent.faces.telling import VERBS
from agent.judge.quote import moment, quote
from agent.model.truth import Truth


def people_did(one: Truth) -> str:
    """Say what people decided about a proposal, or why nobody knows."""
    names = ", ".join(map(quote, one.by))
    if one.verb is None:
        why = WHY[one.unknown] if one.unknown is not None else "nothing says it"
        return f"not known: {why}{f' ({names})' if names else ''}"
    by = names or "somebody who is not named"
    return (
        f"{VERBS[one.verb]} by {by} on {moment(one.at)}; {CERTAINTIES[one.certainty]}: {SOURCES[one.source]}"
    )


def all_that_people_did(truths: tuple[Truth, ...]) -> tuple[str, ...]:
    """Say it of each proposal of an action, oldest first; of the only one without when it was proposed."""
    if len(truths) == 1:
        return (people_did(truths[0]),)
    return tuple(f"proposed {moment(one.first_seen)}: {people_did(one)}" for one in truths)


NOBODY = "nobody has decided it, as far as is known"
"""What is said where nothing is known."""
