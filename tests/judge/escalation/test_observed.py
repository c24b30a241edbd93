"""What is told while the agent only observes says so, unless it is about the agent itself."""

import pytest

from agent.judge.escalation.observed import ONLY, OPENING, as_observed
from agent.model.chain import Urgency
from agent.model.escalation import Notice, Occasion
from tests.makers import NOW


def a_notice(occasion: Occasion) -> Notice:
    return Notice(
        id="n",
        page_id="p",
        key="p:1",
        channel="teams",
        chain="secops",
        event="e",
        occasion=occasion,
        urgency=Urgency.NORMAL,
        at=NOW,
        title="Approve or reject 1 action",
        words="Policies left it to people.",
    )


@pytest.mark.parametrize("occasion", sorted(set(Occasion) - {Occasion.ALARM, Occasion.TEST}))
def test_whoever_is_asked_or_told_reads_first_that_nothing_is_carried_out(occasion: Occasion) -> None:
    told = as_observed(a_notice(occasion))

    assert told.title == f"{OPENING}Approve or reject 1 action"
    assert told.words == f"{ONLY} Policies left it to people."


@pytest.mark.parametrize("occasion", [Occasion.ALARM, Occasion.TEST])
def test_what_is_about_the_agent_itself_is_told_as_it_is(occasion: Occasion) -> None:
    notice = a_notice(occasion)

    assert as_observed(notice) == notice
