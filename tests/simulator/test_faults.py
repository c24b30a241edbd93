"""Every fault does to an exchange what it says, on the seed or by script, and applies what it says it applied."""

import json
from collections import Counter
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from agent.simulator.faults import (
    LIST_FAULTS,
    READ_FAULTS,
    WRITE_FAULTS,
    Fault,
    Faults,
    RetryAfter,
    Rule,
    What,
    sour,
    throttled,
)
from agent.simulator.spoiling import FOREIGN_HOST
from agent.simulator.switches import Switches
from tests.simulator.worlds import INCIDENTS, NOW, Caller, caller, ids, tenant

ONE = f"{INCIDENTS}/1001"


def failing(fault: Fault, path: str = ".*", *, incidents: int = 3, **rule: object) -> Caller:
    rules = [Rule(fault=fault, path=path, **rule)]  # type: ignore[arg-type]
    return caller(tenant(incidents), faults=Faults(rules=rules), sound=False)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (RetryAfter.SECONDS, "2"),
        (RetryAfter.DECIMAL, "0.249"),
        (RetryAfter.NEGATIVE, "-5"),
        (RetryAfter.ABSURD, "86400"),
        (RetryAfter.JUNK, "soon"),
        (RetryAfter.ABSENT, None),
    ],
)
async def test_a_throttled_answer_says_when_to_come_back_in_many_ways(
    kind: RetryAfter, said: str | None
) -> None:
    graph = failing(throttled(kind))

    answer = await graph.get(INCIDENTS)

    assert answer.status_code == 429
    assert answer.headers.get("retry-after") == said
    assert answer.json()["error"]["code"] == "TooManyRequests"


@pytest.mark.parametrize(("kind", "away"), [(RetryAfter.DATE, 3), (RetryAfter.PAST_DATE, -3600)])
async def test_a_date_to_come_back_lies_ahead_or_behind(kind: RetryAfter, away: int) -> None:
    graph = failing(throttled(kind))

    answer = await graph.get(INCIDENTS)

    assert parsedate_to_datetime(answer.headers["retry-after"]) == NOW + timedelta(seconds=away)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_refused_write_was_not_applied(status: int) -> None:
    graph = failing(Fault(what=What.REFUSE, status=status))

    answer = await graph.remediate(graph.pairs())

    assert answer.status_code == status
    assert not graph.state.remediated


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_lost_write_was_applied(status: int) -> None:
    graph = failing(Fault(what=What.LOSE, status=status))

    answer = await graph.remediate(graph.pairs())

    assert answer.status_code == status
    assert set(graph.state.remediated.values()) == {1}
    assert graph.state.requests[-1].pairs == tuple(graph.pairs())


@pytest.mark.parametrize(("what", "applied"), [(What.RESET_BEFORE, False), (What.RESET_AFTER, True)])
async def test_a_connection_breaks_before_or_after_the_write(what: What, applied: bool) -> None:
    graph = failing(Fault(what=what))

    with pytest.raises(httpx.ReadError):
        await graph.remediate(graph.pairs())

    assert bool(graph.state.remediated) is applied
    assert graph.state.requests[-1].status == 0


async def test_a_truncated_body_is_shorter_than_announced() -> None:
    graph = failing(Fault(what=What.TRUNCATE))

    with pytest.raises(httpx.RemoteProtocolError):
        await graph.get(INCIDENTS)
    graph = failing(Fault(what=What.TRUNCATE))
    with pytest.raises(httpx.RemoteProtocolError):
        await graph.remediate(graph.pairs())
    assert graph.state.remediated


async def test_a_cut_body_looks_whole_and_is_no_json() -> None:
    graph = failing(Fault(what=What.CUT))

    answer = await graph.get(INCIDENTS)

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_a_gateways_page_is_html_with_200() -> None:
    graph = failing(Fault(what=What.HTML))

    answer = await graph.remediate(graph.pairs())

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert not graph.state.remediated


async def test_an_empty_page_leads_to_the_things_that_belong_there() -> None:
    graph = failing(Fault(what=What.EMPTY_PAGE), incidents=60)
    sound = ids(await caller(tenant(60)).get(INCIDENTS))

    first = await graph.get(INCIDENTS, top="50")
    second = await graph.http.get(first.json()["@odata.nextLink"])
    third = await graph.http.get(second.json()["@odata.nextLink"])

    assert first.json()["value"] == []
    assert ids(second) == sound
    assert len(ids(third)) == 10
    assert "@odata.nextLink" not in third.json()


async def test_a_repeated_link_leads_to_where_it_stands() -> None:
    graph = failing(Fault(what=What.REPEAT_LINK), on=None)

    first = await graph.get(INCIDENTS)
    second = await graph.http.get(first.json()["@odata.nextLink"])

    assert second.json()["@odata.nextLink"] == first.json()["@odata.nextLink"]
    assert ids(first) == ids(second)


async def test_a_foreign_link_leads_to_another_host() -> None:
    graph = failing(Fault(what=What.FOREIGN_LINK))

    link = (await graph.get(INCIDENTS)).json()["@odata.nextLink"]

    assert httpx.URL(link).host == FOREIGN_HOST
    assert httpx.URL(link).path == INCIDENTS


async def test_a_partial_answer_warns_and_lacks_some() -> None:
    graph = failing(Fault(what=What.PARTIAL), incidents=4)

    answer = await graph.get(INCIDENTS)

    assert answer.status_code == 206
    assert answer.headers["warning"].startswith("199 ")
    assert len(ids(answer)) == 2


async def test_a_page_fault_leaves_a_single_thing_as_it_is() -> None:
    graph = failing(Fault(what=What.PARTIAL), on=None)

    answer = await graph.get(ONE)

    assert (answer.status_code, answer.json()["id"]) == (200, "1001")


async def test_a_rule_fails_the_nth_request_that_matches_and_no_other() -> None:
    rule = Rule(fault=throttled(RetryAfter.ABSENT), method="GET", path=ONE, on=frozenset({2}))
    graph = caller(tenant(3), faults=Faults(rules=[rule]))

    statuses = [(await graph.get(path)).status_code for path in (ONE, INCIDENTS, ONE, ONE)]

    assert statuses == [200, 200, 429, 200]


async def test_the_same_seed_fails_the_same_requests() -> None:
    async def day(seed: int) -> list[int]:
        graph = caller(
            tenant(2), Switches(throttle_per_minute=None), Faults(seed=seed, share=0.5), sound=False
        )
        for _ in range(60):
            try:
                await graph.get(INCIDENTS)
            except httpx.TransportError:
                continue
        return [request.status for request in graph.state.requests]

    assert await day(3) == await day(3)
    assert await day(3) != await day(4)


def test_a_bad_day_brings_every_fault_to_somebody() -> None:
    faults = Faults(seed=1, share=1.0)

    lists = Counter(faults.pick("GET", INCIDENTS) for _ in range(800))
    reads = Counter(faults.pick("GET", ONE) for _ in range(800))
    writes = Counter(faults.pick("POST", f"{ONE}/comments") for _ in range(800))

    assert set(lists) == set(LIST_FAULTS)
    assert set(reads) == set(READ_FAULTS)
    assert set(writes) == set(WRITE_FAULTS)


def test_nothing_outside_graph_fails_on_the_seed() -> None:
    faults = Faults(seed=1, share=1.0)

    assert faults.pick("POST", "/tenant/oauth2/v2.0/token") is None
    assert sour(1).pick("GET", "/simulator/status") is None


async def test_a_late_update_is_missing_from_lists_until_its_time_and_never_from_a_single_read() -> None:
    graph = caller(tenant(40, age=timedelta(minutes=1)), faults=Faults(seed=5, lateness=timedelta(hours=2)))

    counts = [len(await graph.listed(INCIDENTS))]
    for _ in range(3):
        graph.later(minutes=50)
        counts.append(len(await graph.listed(INCIDENTS)))
    single = await caller(tenant(1), faults=Faults(seed=5, lateness=timedelta(days=9))).get(ONE)

    assert counts == sorted(counts)
    assert 0 <= counts[0] < counts[1] < counts[3] == 40
    assert single.status_code == 200


async def test_late_updates_also_come_out_of_order() -> None:
    graph = caller(tenant(40, age=timedelta(0)), faults=Faults(seed=5, lateness=timedelta(hours=1)))
    order = ids(await caller(tenant(40, age=timedelta(0))).get(INCIDENTS))

    graph.later(minutes=15)
    shown = ids(await graph.get(INCIDENTS))

    assert 0 < len(shown) < 40
    assert shown != order[-len(shown) :]


@pytest.mark.parametrize(("limit", "passed"), [(10, 10), (None, 15)])
async def test_a_minute_has_only_so_many_requests(limit: int | None, passed: int) -> None:
    graph = caller(tenant(1), Switches(throttle_per_minute=limit))

    answers = [await graph.get(ONE) for _ in range(15)]

    assert [answer.status_code for answer in answers].count(200) == passed
    assert all(1 <= int(a.headers["retry-after"]) <= 60 for a in answers if a.status_code == 429)


async def test_who_waits_as_told_is_served_again() -> None:
    graph = caller(tenant(1), Switches(throttle_per_minute=5))
    for _ in range(5):
        await graph.get(ONE)
        graph.later(seconds=1)

    refused = await graph.get(ONE)
    graph.later(seconds=int(refused.headers["retry-after"]) - 1)
    too_early = await graph.get(ONE)
    graph.later(seconds=60)
    served = await graph.get(ONE)

    assert [one.status_code for one in (refused, too_early, served)] == [429, 429, 200]


async def test_asking_on_while_throttled_prolongs_the_wait() -> None:
    graph = caller(tenant(1), Switches(throttle_per_minute=5))

    for _ in range(90):
        answer = await graph.get(ONE)
        graph.later(seconds=1)

    assert answer.status_code == 429
