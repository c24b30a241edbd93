"""People in the portal: what they approve is carried out, whatever it is about."""

from collections.abc import Callable

import pytest

from agent.simulator import happenings
from agent.simulator.directory import SESSIONS_FROM
from agent.simulator.making import person
from agent.simulator.suspects import FORGOTTEN, SERVER, SPREADER
from agent.simulator.switches import Switches
from tests.simulator.worlds import Caller, caller, staffed

Seen = Callable[[Caller], bool]
RULE = "AQAAAJ5dZqA="


def mailbox(graph: Caller, number: int) -> tuple[set[str], str | None, list[str]]:
    found = graph.state.mailboxes[graph.user(person(number))["id"]]
    return set(found.rules), found.forwarding_address, found.delegates


DONE: dict[str, Seen] = {
    "Forwarding by a rule": lambda graph: (
        RULE not in mailbox(graph, 200)[0] and len(mailbox(graph, 200)[0]) == 2
    ),
    "Forwarding of a whole mailbox": lambda graph: mailbox(graph, 201)[1] is None,
    "Delegate nobody knows": lambda graph: mailbox(graph, 203)[2] == [],
    "Sends spam from two countries": lambda graph: not graph.user(person(310))["accountEnabled"],
    "Spreads on premises": lambda graph: not graph.user(SPREADER)["accountEnabled"],
    "Password found in a leak": lambda graph: bool(graph.state.resets),
    "Session was stolen": lambda graph: (
        graph.user(person(313))["signInSessionsValidFromDateTime"] != SESSIONS_FROM
    ),
    "Loader on a file server": lambda graph: any(
        device == SERVER for device, _ in graph.state.machines.quarantined
    ),
}


def alert_of(graph: Caller, name: str) -> str:
    evidence = graph.evidence_of(name)
    return next(key for key, one in graph.state.alerts.items() if evidence in one["evidence"])


@pytest.mark.parametrize("name", DONE)
async def test_what_a_person_approves_is_done_and_closed_and_not_counted_as_ours(name: str) -> None:
    graph = caller(staffed(), Switches())
    before = DONE[name](graph)

    happenings.person_approves(alert_of(graph, name), 0)(graph.state, graph.clock.now())
    graph.later(hours=1)

    assert not before
    assert graph.evidence_of(name)["remediationStatus"] == "remediated"
    assert DONE[name](graph)
    assert not graph.state.applied


@pytest.mark.parametrize("name", DONE)
async def test_what_a_person_rejects_is_not_done(name: str) -> None:
    graph = caller(staffed())

    happenings.person_rejects(alert_of(graph, name), 0)(graph.state, graph.clock.now())
    graph.later(hours=1)

    assert graph.evidence_of(name)["remediationStatus"] == "declined"
    assert not DONE[name](graph)


async def test_an_administrator_is_disabled_by_a_person_who_may() -> None:
    graph = caller(staffed())
    name = "Administrator taken over"

    happenings.person_approves(alert_of(graph, name), 0)(graph.state, graph.clock.now())
    graph.later(hours=1)

    assert graph.user(person(314))["accountEnabled"] is False
    assert graph.user(FORGOTTEN)["accountEnabled"] is True
