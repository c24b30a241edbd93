"""What is told of a process: no only for what a restart may mend, and never for one tenant of many."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

import pytest

from agent.judge.attest import DONE_LATE, READ_LATE, TASK_LATE, TICK_LATE, ago, alive, ready, stuck, trouble
from agent.model.health import Health, Mark, Signs

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
STUCK = 5 * MINUTE

WELL = dict.fromkeys(Mark, SECOND) | {Mark.BEGAN: HOUR, Mark.OPENED: HOUR}


def signs(
    since: Mapping[str, timedelta | None] = MappingProxyType({}),
    *,
    is_resting: bool = False,
    ships: bool = True,
) -> Signs:
    """Return the signs of a tenant that is well, but for what is said; None is what never was done."""
    named = {Mark[name.upper()]: age for name, age in since.items()}
    known = {mark: named.get(mark, age) for mark, age in WELL.items()}
    return Signs(
        since={mark: age for mark, age in known.items() if age is not None},
        is_resting=is_resting,
        ships=ships,
    )


CLOSED = Signs(since={Mark.BEGAN: 2 * HOUR})


def told(found: Health) -> dict[str, str]:
    """Return the words of what is not so, by its name."""
    return {one.name: one.words for one in found.checks if not one.ok}


def of_one(one: Signs) -> Health:
    return alive(SECOND, {"": one}, STUCK)


def test_a_process_that_works_is_alive_and_ready() -> None:
    found, also = of_one(signs()), ready({"": signs()})

    assert (found.ok, told(found)) == (True, {})
    assert (also.ok, told(also)) == (True, {})
    assert {one.name for one in found.checks} == {
        "loop",
        "passes",
        "kill switch",
        "ledger",
        "audit",
        "defender",
    }


@pytest.mark.parametrize(("tick", "is_alive"), [(TICK_LATE, True), (TICK_LATE + SECOND, False)])
def test_a_loop_that_stands_still_is_not_alive(tick: timedelta, is_alive: bool) -> None:
    found = alive(tick, {"": signs()}, STUCK)

    assert found.ok is is_alive
    assert (trouble(tick, {"": signs()}, STUCK) == "") is is_alive


@pytest.mark.parametrize(
    ("late", "is_alive"),
    [
        ({"moved": STUCK}, True),
        ({"moved": STUCK + SECOND}, False),
        ({"tried_switch": TASK_LATE}, True),
        ({"tried_switch": TASK_LATE + SECOND}, False),
        ({"tried_audit": TASK_LATE + SECOND}, False),
        ({"tried_switch": None}, False),
    ],
)
def test_what_a_restart_mends_is_not_alive(late: dict[str, timedelta | None], is_alive: bool) -> None:
    found = of_one(signs(late))

    assert found.ok is is_alive
    assert all(one.restart_mends for one in found.checks if not one.ok)


@pytest.mark.parametrize(
    ("late", "name"),
    [
        ({"read_switch": TASK_LATE + SECOND}, "kill switch"),
        ({"wrote": DONE_LATE + SECOND}, "ledger"),
        ({"wrote": None}, "ledger"),
        ({"shipped": DONE_LATE + SECOND}, "audit"),
        ({"read": READ_LATE + SECOND}, "defender"),
        ({"read": None}, "defender"),
    ],
)
def test_what_is_away_is_told_and_no_reason_to_restart(late: dict[str, timedelta | None], name: str) -> None:
    found = of_one(signs(late))

    assert found.ok
    assert list(told(found)) == [name]
    assert not any(one.restart_mends for one in found.checks if not one.ok)


@pytest.mark.parametrize(
    "late", [{"read_switch": TASK_LATE}, {"wrote": DONE_LATE}, {"shipped": DONE_LATE}, {"read": READ_LATE}]
)
def test_on_the_edge_all_is_well(late: dict[str, timedelta]) -> None:
    assert told(of_one(signs(late))) == {}


def test_who_rests_until_a_moment_does_not_stand_still() -> None:
    """Graph asked for patience of a quarter of an hour: nothing moves, and all is well."""
    waiting = signs({"moved": HOUR, "passed": HOUR}, is_resting=True)

    assert of_one(waiting).ok
    assert stuck(waiting, STUCK) == ""


def test_who_ships_nothing_has_no_audit_that_is_late() -> None:
    found = of_one(signs({"shipped": None, "tried_audit": None}, ships=False))

    assert told(found) == {}


def test_before_it_is_open_nothing_is_late_but_it_is_not_ready() -> None:
    """To sign in may wait for Graph, and to bring a large ledger up to date takes a while: no reason to be killed."""
    found, also = of_one(CLOSED), ready({"": CLOSED})

    assert found.ok
    assert stuck(CLOSED, STUCK) == ""
    assert (also.ok, set(told(also))) == (False, {"login", "policies", "ledger", "first pass"})


@pytest.mark.parametrize(
    ("missing", "names"),
    [
        ({"loaded": None}, {"policies"}),
        ({"passed": None}, {"first pass"}),
        ({"wrote": None}, {"ledger"}),
        ({"wrote": DONE_LATE + SECOND}, {"ledger"}),
    ],
)
def test_without_any_of_these_it_is_not_ready(missing: dict[str, timedelta | None], names: set[str]) -> None:
    found = ready({"": signs(missing)})

    assert (found.ok, set(told(found))) == (False, names)


def test_a_defender_that_is_away_is_no_reason_not_to_be_ready() -> None:
    assert ready({"": signs({"read": None})}).ok


@pytest.mark.parametrize("mark", ["moved", "tried_switch"])
def test_a_tenant_is_stuck_past_its_time_and_not_on_the_edge(mark: str) -> None:
    assert stuck(signs({mark: STUCK}), STUCK) == ""
    assert "for 5 m" in stuck(signs({mark: STUCK + SECOND}), STUCK)


def test_one_stuck_tenant_of_many_does_not_fail_the_process_and_is_named() -> None:
    found = alive(SECOND, {"contoso": signs({"moved": HOUR}), "fabrikam": signs()}, STUCK)

    assert found.ok
    assert told(found) == {
        "passes": "1 of 2 tenants: contoso: nothing has moved for 60 m, and the last pass ended 1 s ago"
    }
    assert [one.failing for one in found.checks if one.name == "passes"] == [1]


def test_a_process_all_of_whose_tenants_are_stuck_fails() -> None:
    found = alive(
        SECOND, {"contoso": signs({"moved": HOUR}), "fabrikam": signs({"tried_switch": HOUR})}, STUCK
    )

    assert not found.ok


def test_of_many_that_fail_a_few_are_named() -> None:
    tenants = {f"tenant-{number}": signs({"wrote": HOUR}) for number in range(7)}

    words = told(alive(SECOND, tenants, STUCK))["ledger"]

    assert words.startswith("7 of 7 tenants: tenant-0: written to 60 m ago; ")
    assert words.endswith("tenant-4: written to 60 m ago; and 2 more")


def test_many_that_are_fine_are_counted() -> None:
    found = alive(SECOND, {"contoso": signs(), "fabrikam": signs()}, STUCK)

    assert {one.words for one in found.checks if one.name != "loop"} == {"fine in 2 tenants"}


def test_one_ready_tenant_is_enough_and_none_at_all_is_too() -> None:
    """A process to which other replicas have left no tenant stands by: it is what a rolling upgrade waits for."""
    assert ready({"contoso": CLOSED, "fabrikam": signs()}).ok
    assert not ready({"contoso": CLOSED, "fabrikam": CLOSED}).ok
    assert ready({}).ok
    assert alive(SECOND, {}, STUCK).ok


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (signs(), ""),
        (signs({"read": None}), ""),
        (CLOSED, "it is not open"),
        (signs({"wrote": DONE_LATE + SECOND}), "ledger: written to 2 m ago"),
        (signs({"read_switch": HOUR}), "kill switch: read 60 m ago"),
        (signs({"shipped": HOUR}), "audit: shipped 60 m ago"),
        (signs({"moved": HOUR}), "passes: nothing has moved for 60 m, and the last pass ended 1 s ago"),
    ],
)
def test_trouble_is_what_keeps_the_agent_from_telling_of_trouble(one: Signs, why: str) -> None:
    assert trouble(SECOND, {"": one}, STUCK) == why


@pytest.mark.parametrize(("closed", "is_in_trouble"), [(0, False), (2, False), (3, True)])
def test_of_many_tenants_half_may_be_in_trouble(closed: int, is_in_trouble: bool) -> None:
    tenants = {f"tenant-{number}": CLOSED if number < closed else signs() for number in range(4)}

    words = trouble(SECOND, tenants, STUCK)

    assert bool(words) is is_in_trouble
    assert not words or words == "3 of 4 tenants are in trouble, such as tenant-0: it is not open"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (SECOND, "1 s"),
        (119 * SECOND, "119 s"),
        (2 * MINUTE, "2 m"),
        (119 * MINUTE, "119 m"),
        (2 * HOUR, "2 h"),
    ],
)
def test_ages_are_told_in_the_unit_that_says_enough(length: timedelta, words: str) -> None:
    assert ago(length) == words
