"""What became known of endings: what people decided, and what they wrote when they did."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agent.faces.people_did import people_did
from agent.faces.report.words import WHY
from agent.judge.lives import known_of, past_of
from agent.judge.quote import quote
from agent.loop.grounding import heard
from agent.model.history import DECLINED, Decided, Ending
from agent.model.pending import PendingAction
from agent.model.truth import Source, Truth, Unknown
from agent.ports.ledger import Ledger


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one ending. `comment` is what whoever decided wrote in Defender."""

    truth: Truth | None = None
    comment: str = ""


NOTHING = Told()


async def told_elsewhere(
    ledger: Ledger, found: Sequence[Decided], actions: Mapping[str, PendingAction]
) -> Mapping[tuple[str, datetime], Told]:
    """Return what is known of those that no decision here ended, by their action and moment."""
    ended = [one for one in found if one.ended is not None]
    truths = await ledger.truths(sorted({one.action_id for one in ended}))
    said = await heard(
        ledger,
        [(actions[one.action_id], one.first_seen, one.deadline) for one in ended if one.action_id in actions],
    )
    told = {}
    for one in ended:
        words = said.get((one.action_id, one.first_seen), {})
        told[one.action_id, one.at] = Told(
            truth=known_of(past_of([one]).life, truths.get(one.action_id, ())),
            comment=next((word.comment for word in words.values() if word.comment), ""),
        )
    return told


def ending_words(one: Decided, told: Told) -> str:
    """Say how an action ended elsewhere or by the end of its week, and what people decided where that is known."""
    truth = told.truth
    comment = f": {quote(told.comment, 200)}" if told.comment else ""
    if truth is not None and truth.source is not Source.EVIDENCE:
        expired = "the week ended in Defender; " if one.ended is Ending.EXPIRED else ""
        return f"{expired}{people_did(truth)}{comment}"
    if one.ended is Ending.EXPIRED:
        return "the week ended before anybody decided it: an expiry is nobody's no"
    unknown = truth.unknown if truth is not None else None
    if unknown in {Unknown.NOBODY, Unknown.CANCELLED, Unknown.LATE}:
        return f"Defender shows `{one.status}`: {WHY[unknown]}"
    if one.status == DECLINED:
        return f"Defender shows `{one.status}`: a person's no, and it does not say whose"
    return f"Defender shows `{one.status}`: a person's yes or its own closing, which it does not tell apart"
