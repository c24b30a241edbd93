"""A record whose last chance has come -> the same, with that written on it."""

from datetime import datetime

import msgspec

from agent.judge.escalation.items import ASKED, ON_THE_WAY
from agent.model.chain import Chain, Fallback
from agent.model.decision import Lapse
from agent.model.enactment import Record

AT_ONCE = frozenset({Fallback.HAND_OFF, Fallback.REJECT})
"""Fallbacks by which it is judged at once. With the other one it stays a question."""


def lapsed(record: Record, chain: Chain, now: datetime) -> Record | None:
    """Return the record with its lapse, due where the chain's fallback decides it; None where nothing is to be written.

    Only what people are asked can lapse, and on the same grounds it lapses once. It may be about to be judged: where
    enough of them have answered by then, their answers decide and not the lapse.
    """
    if record.state not in ASKED | ON_THE_WAY or record.decision is None:
        return None
    grounds = record.decision.grounds
    if record.lapse is not None and record.lapse.grounds == grounds:
        return None
    fallback = chain.last_chance.decide
    return msgspec.structs.replace(
        record,
        lapse=Lapse(at=now, chain=chain.name, decide=fallback.value, grounds=grounds),
        due=now if fallback in AT_ONCE else record.due,
    )
