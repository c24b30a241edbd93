"""Days in which people have worked, imported once they are over: what is said of them equals what the simulator knows."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from agent.adapters.ledger.ledger import SqlLedger
from agent.loop.importing import bring_in_the_past
from agent.model.decision import Verb
from agent.model.imported import Imported
from agent.simulator.month import Span, lived
from agent.simulator.nouns import Fate, Judgement
from agent.simulator.state import State
from agent.simulator.switches import Switches
from tests.simulated import a_simulated

SPAN = Span(seed=11, start=datetime(2026, 8, 31, tzinfo=UTC), days=4, actions=100)

VERBS = {Fate.APPROVED: Verb.APPROVE, Fate.REJECTED: Verb.REJECT}


async def test_what_people_did_for_days_is_told_to_the_action(tmp_path: Path) -> None:
    state = lived(SPAN)
    async with a_simulated(
        state,
        tmp_path,
        switches=Switches(throttle_per_minute=None),
        observes=True,
        enforces_observers=False,
        requests_per_minute=1_000_000,
        checked=False,
    ) as here:
        # Every week is over by then, and an agent that is started now looks ten days back.
        here.clock.advance(SPAN.until + timedelta(days=12) - here.clock.now())
        ledger = cast("SqlLedger", here.world.ledger)
        since = here.clock.now() - timedelta(days=30)

        brought = await bring_in_the_past(
            replace(here.world), ledger.imports, since, allow=lambda _: None, tell=lambda _: None
        )

        rows = await ledger.archive.course(SPAN.start - timedelta(days=1), limit=10_000)
        lives = await ledger.imports.imported([row.action_id for row in rows])
    told = {_named(state, one): one for some in lives.values() for one in some}
    assert len(told) == brought.outcome.actions == len(rows) // 2

    wrong = [
        (judgement, one.truth)
        for place, judgement in state.judgements.items()
        if (one := told.get(place)) is not None and one.truth.verb not in {None, VERBS.get(judgement.fate)}
    ]
    assert wrong == []
    known = {place for place, one in told.items() if one.truth.verb is not None}
    # Of others nothing is left in hunting, or nothing that can be told to be theirs.
    assert known >= {place for place, one in state.judgements.items() if _can_be_known(state, one)}
    fates = Counter(state.judgements[place].fate for place in known)
    assert fates[Fate.APPROVED] > 40
    assert fates[Fate.REJECTED] > 10
    assert fates[Fate.LEFT] == fates[Fate.CANCELLED] == 0


def _can_be_known(state: State, judgement: Judgement) -> bool:
    kind = state.alerts[judgement.alert_id]["evidence"][judgement.evidence]["@odata.type"]
    is_nameless = kind.endswith((".processEvidence", ".registryKeyEvidence"))
    return judgement.fate in VERBS and not judgement.is_silent and not is_nameless


def _named(state: State, one: Imported) -> tuple[str, int]:
    """Return the alert and the place in it of the evidence that a proposal is about."""
    found = [
        (sighting.alert_id, place)
        for sighting in one.action.sightings
        for place, evidence in enumerate(state.alerts[sighting.alert_id]["evidence"])
        if (sighting.alert_id, place) in state.judgements
        and ("query" not in evidence or one.action.key.endswith(evidence["query"]))
    ]
    assert len(found) == 1, one.action.key
    return found[0]
