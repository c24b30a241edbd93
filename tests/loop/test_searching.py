"""The audit is searched rarely, for what nobody else told of, and never twice for the same where that can be helped."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from agent.judge.naming import places_of
from agent.loop.report import PassReport
from agent.loop.searching import AGAIN, BACK, EVERY, LAG, LOOK_EVERY, PATIENCE, SETTLED, AuditSearches
from agent.model.air import AirAction
from agent.model.audit_search import AuditFound, AuditSearch, Searching
from agent.model.decision import Verb
from agent.model.errors import Conflict, Refused, Unavailable
from agent.model.truth import Source, Unknown
from tests.loop.conftest import Bench
from tests.loop.test_grounding import only, proposed, shows
from tests.makers import NOW, an_air_action

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class FakeAuditLog:
    """Takes searches; each succeeds when `ends` says so, and finds `records`."""

    records: list[AirAction] = field(default_factory=list)
    begun: dict[str, tuple[str, datetime, datetime]] = field(default_factory=dict)
    ends: Searching = Searching.SUCCEEDED
    lacks: str = ""
    errors: list[Exception] = field(default_factory=list)
    is_mute: bool = False
    """Whether nobody hears that a search began."""
    is_lost: bool = False
    """Whether a search of which nobody hears did not begin either."""
    asked: int = 0

    def missing(self) -> str:
        return self.lacks

    def _ask(self) -> None:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)

    async def search(self, name: str, since: datetime, until: datetime) -> str | None:
        self._ask()
        if not self.is_lost:
            self.begun[f"q{len(self.begun) + 1}"] = (name, since, until)
        return None if self.is_mute else f"q{len(self.begun)}"

    async def find(self, name: str) -> str | None:
        self._ask()
        return next((one for one, (known, _, _) in self.begun.items() if known == name), None)

    async def how_far(self, query_id: str) -> Searching:
        self._ask()
        assert query_id in self.begun
        return self.ends

    async def found(self, query_id: str) -> AuditFound:
        self._ask()
        return AuditFound(actions=tuple(self.records), records=len(self.records), unreadable=("x",))


@dataclass
class Seeker:
    """An agent whose only action ended elsewhere, nobody said by whom."""

    bench: Bench
    log: FakeAuditLog
    searches: AuditSearches = field(default_factory=AuditSearches)
    report: PassReport = field(default_factory=lambda: PassReport(began=NOW))

    async def go(self, wait: timedelta = LOOK_EVERY) -> None:
        self.bench.clock.advance(wait)
        await self.searches.go(self.bench.world, self.report)

    async def known(self) -> tuple[AuditSearch, ...]:
        return await self.bench.world.ledger.searches(self.bench.clock.now() - BACK)


@pytest.fixture
async def seeker(bench: Bench) -> Seeker:
    await proposed(bench)
    await shows(bench, "remediated")
    log = FakeAuditLog()
    bench.world = replace(bench.world, audit_log=log)
    places = places_of((await bench.only()).action)
    log.records.append(
        an_air_action(
            *places, kind=None, status="Completed", approval="Approved", by="Ann", at=bench.clock.now()
        )
    )
    return Seeker(bench, log)


async def test_a_record_says_who_decided_what_nobody_else_told_of(seeker: Seeker) -> None:
    first_seen = (await seeker.bench.only()).action.first_seen
    await seeker.go(2 * HOUR)
    (begun,) = seeker.log.begun.values()

    await seeker.go()

    found = await only(seeker.bench)
    assert begun[1:] == (first_seen, seeker.bench.clock.now() - LOOK_EVERY)
    assert (found.verb, found.source, found.by) == (Verb.APPROVE, Source.AUDIT, ("Ann",))
    (search,) = await seeker.known()
    assert (search.query_id, search.ended) == ("q1", seeker.bench.clock.now())
    assert search.words == "1 records, 1 of whose actions name who decided"
    assert seeker.report.problems == ["x"]


async def test_what_is_known_is_not_searched_for(seeker: Seeker) -> None:
    await seeker.go(2 * HOUR)
    await seeker.go()

    for _ in range(5):
        await seeker.go(EVERY)

    assert len(seeker.log.begun) == 1


async def test_what_ended_just_now_is_searched_for_once_its_record_may_be_there(seeker: Seeker) -> None:
    await seeker.go(SETTLED - MINUTE)
    assert not seeker.log.asked

    await seeker.go()
    assert len(seeker.log.begun) == 1


async def test_what_a_search_did_not_find_is_searched_for_again_for_a_day_and_twice_in_it(
    seeker: Seeker,
) -> None:
    seeker.log.records.clear()

    for _ in range(int(3 * LAG / HOUR)):
        await seeker.go(HOUR)

    asked = [search.asked for search in await seeker.known()]
    assert len(asked) == 3
    assert min(late - early for late, early in pairwise(asked)) >= EVERY


@pytest.mark.parametrize("word", ["declined", "unremediated"])
async def test_what_no_record_can_mend_is_not_searched_for(seeker: Seeker, word: str) -> None:
    await shows(seeker.bench, word)

    await seeker.go(2 * HOUR)

    assert not seeker.log.asked


async def test_what_ended_by_our_own_deletion_is_not_searched_for(bench: Bench) -> None:
    from tests.loop.conftest import APPROVE

    await proposed(bench, APPROVE)
    await shows(bench, "remediated")
    assert (await only(bench)).unknown is Unknown.NOBODY
    seeker = Seeker(bench, FakeAuditLog())
    bench.world = replace(bench.world, audit_log=seeker.log)

    await seeker.go(2 * HOUR)

    assert not seeker.log.asked


async def test_where_it_is_not_granted_it_is_said_once_and_nothing_is_asked(seeker: Seeker) -> None:
    from structlog.testing import capture_logs

    seeker.log.lacks = "the audit is not searched: grant AuditLogsQuery.Read.All"

    with capture_logs() as logs:
        await seeker.go(2 * HOUR)
        await seeker.go()

    assert (seeker.log.asked, seeker.report.problems) == (0, [])
    assert sum("grant AuditLogsQuery.Read.All" in str(one) for one in logs) == 1


async def test_a_world_without_an_audit_searches_nothing(bench: Bench) -> None:
    report = PassReport(began=bench.clock.now())

    await AuditSearches().go(bench.world, report)

    assert report.problems == []
    assert await bench.world.ledger.searches(NOW - BACK) == ()


async def test_one_that_runs_is_looked_at_every_few_minutes_and_given_up_after_a_day(seeker: Seeker) -> None:
    seeker.log.ends = Searching.UNDER_WAY
    await seeker.go(2 * HOUR)
    await seeker.go()
    await seeker.go(MINUTE)
    assert seeker.log.asked == 2

    await seeker.go(PATIENCE)
    await seeker.go()

    words = [search.words for search in await seeker.known()]
    assert words == ["", "given up: it took more than a day"]


async def test_one_that_fails_is_not_begun_again_before_its_time(seeker: Seeker) -> None:
    seeker.log.ends = Searching.FAILED
    await seeker.go(2 * HOUR)

    await seeker.go()
    await seeker.go(EVERY - HOUR)
    assert len(seeker.log.begun) == 1
    await seeker.go(HOUR)

    assert [one.words for one in await seeker.known()] == ["", "Microsoft says that it failed"]


async def test_one_whose_beginning_nobody_heard_of_is_found_by_its_name(seeker: Seeker) -> None:
    seeker.log.is_mute = True
    await seeker.go(2 * HOUR)
    assert [one.query_id for one in await seeker.known()] == [None]

    again = replace(seeker, searches=AuditSearches())
    await again.go()
    await again.go()

    assert len(seeker.log.begun) == 1
    assert (await only(seeker.bench)).source is Source.AUDIT


async def test_one_that_cannot_be_found_is_begun_anew_after_an_hour(seeker: Seeker) -> None:
    seeker.log.is_mute = seeker.log.is_lost = True
    await seeker.go(2 * HOUR)
    seeker.log.is_mute = seeker.log.is_lost = False

    await seeker.go(AGAIN - MINUTE)
    assert not seeker.log.begun
    await seeker.go(LOOK_EVERY)
    await seeker.go()

    assert len(seeker.log.begun) == 1
    assert (await only(seeker.bench)).source is Source.AUDIT


async def test_one_that_graph_could_not_take_is_begun_later(seeker: Seeker) -> None:
    seeker.log.errors.append(Unavailable("graph: search audit: 429"))
    await seeker.go(2 * HOUR)
    assert seeker.report.problems == ["audit search: graph: search audit: 429"]

    await seeker.go(AGAIN)
    await seeker.go()

    assert (await only(seeker.bench)).source is Source.AUDIT


async def test_one_that_is_refused_is_told_and_over(seeker: Seeker) -> None:
    seeker.log.errors.append(Refused("graph: search audit: 403"))

    await seeker.go(2 * HOUR)
    await seeker.go()

    assert seeker.report.problems == ["audit search: graph: search audit: 403"]
    assert [one.words for one in await seeker.known()] == ["graph: search audit: 403"]
    assert seeker.log.asked == 1


async def test_two_agents_on_one_ledger_begin_one_search(seeker: Seeker) -> None:
    seeker.bench.clock.advance(2 * HOUR)
    now = seeker.bench.clock.now()
    ledger = seeker.bench.world.ledger
    await seeker.go(timedelta())
    (search,) = await ledger.searches(now)

    with pytest.raises(Conflict):
        await ledger.save_search(search, None)
    with pytest.raises(Conflict):
        await ledger.save_search(search, replace_id(search, None))

    assert len(seeker.log.begun) == 1


def replace_id(search: AuditSearch, query_id: str | None) -> AuditSearch:
    import msgspec

    return msgspec.structs.replace(search, query_id=query_id)


async def test_records_that_were_kept_before_the_process_died_are_told_all_the_same(seeker: Seeker) -> None:
    await seeker.bench.world.ledger.save_audit_actions(seeker.log.records)
    await seeker.go(2 * HOUR)

    await seeker.go()

    assert (await only(seeker.bench)).source is Source.AUDIT
