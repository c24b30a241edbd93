"""Which deletions are looked at again: those that were seen to have worked, in whichever life, and not too long ago."""

from datetime import datetime, timedelta

import msgspec
import pytest

from agent.judge.overturn import LATE, WITHIN, is_looked_at
from agent.model.enactment import Confirmation, EffectSeen, State
from tests.judge.rails.scenes import an_effect
from tests.judge.test_track import a_record
from tests.makers import NOW

TICK = timedelta(microseconds=1)
BEGAN = a_record(State.CONFIRMED).action.first_seen


@pytest.mark.parametrize(
    ("sent", "seen", "worked_before", "is_looked"),
    [
        (BEGAN, EffectSeen.CONFIRMED, None, True),
        (BEGAN, EffectSeen.PARTLY, None, False),
        (BEGAN, None, BEGAN, False),
        (BEGAN - TICK, EffectSeen.CONFIRMED, None, False),
        (BEGAN - TICK, None, BEGAN, True),
        (BEGAN - TICK, None, BEGAN - TICK, False),
        (None, EffectSeen.CONFIRMED, BEGAN, False),
        (NOW - WITHIN - LATE, None, BEGAN, True),
        (NOW - WITHIN - LATE - TICK, None, BEGAN, False),
    ],
)
def test_what_was_seen_to_have_worked_is_looked_at_again(
    sent: datetime | None, seen: EffectSeen | None, worked_before: datetime | None, is_looked: bool
) -> None:
    record = msgspec.structs.replace(
        a_record(State.CONFIRMED), confirmation=Confirmation(effect=seen), worked_before=worked_before
    )
    effect = msgspec.structs.replace(an_effect(), sent_at=sent)

    assert is_looked_at(record, effect, NOW) is is_looked
    assert not is_looked_at(None, effect, NOW)
