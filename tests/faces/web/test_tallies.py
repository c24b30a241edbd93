"""What policies did, counted."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent.faces.web import tallies
from agent.faces.web.tallies import Deeds, Tallies, deeds
from agent.model.decision import Verb
from agent.model.history import Decided, Decider, Ending, Place, place_of
from agent.model.pending import ActionKind
from tests.makers import NOW

H = timedelta(hours=1)


def a_row(*policies: str, at: datetime = NOW, name: str = "a", **more: Any) -> Decided:
    said: dict[str, Any] = {"verb": Verb.APPROVE, "by": Decider.POLICIES, "number": 1} | more
    return Decided(
        at=at,
        action_id=name,
        kind=ActionKind.SOFT_DELETE_CLUSTER,
        incident_id="1",
        first_seen=at,
        deadline=at + timedelta(days=7),
        policies=policies,
        **said,
    )


@dataclass
class FakeArchive:
    """Decisions in memory, and what was asked for."""

    rows: list[Decided] = field(default_factory=list)
    asked: list[datetime] = field(default_factory=list)

    async def course(
        self, since: datetime, *, until: datetime | None = None, after: Place | None = None, limit: int = 1000
    ) -> list[Decided]:
        self.asked.append(since)
        ordered = sorted(self.rows, key=_key)
        first = 0 if after is None else next(n for n, row in enumerate(ordered) if place_of(row) == after) + 1
        return [row for row in ordered[first:] if row.at >= since][:limit]


def _key(row: Decided) -> tuple[datetime, str, int]:
    return row.at, row.action_id, row.number


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (a_row("p"), ["1 approved"]),
        (a_row("p", verb=Verb.REJECT), ["1 rejected"]),
        (a_row("p", verb=Verb.ESCALATE), ["1 left to people"]),
        (a_row("p", verb=Verb.ESCALATE, by=Decider.GUARD, guard="brake"), ["1 held (brake)"]),
        (a_row("p", verb=Verb.APPROVE, by=Decider.PEOPLE), ["1 answer by people: approved"]),
        (a_row("p", verb=Verb.REJECT, by=Decider.NOBODY), ["1 answered by nobody in time"]),
        (a_row("q", shadow=Verb.REJECT, shadow_policies=("p",)), ["would have rejected 1"]),
        (a_row("p", shadow=Verb.APPROVE, shadow_policies=("p",)), ["1 approved"]),
        (a_row("q", by=Decider.PEOPLE, shadow=Verb.REJECT, shadow_policies=("p",)), []),
        (a_row("p", verb=None, by=Decider.ELSEWHERE, ended=Ending.ELSEWHERE), []),
        (a_row(), []),
    ],
)
async def test_each_part_in_a_decision_is_told_apart(row: Decided, words: list[str]) -> None:
    archive = FakeArchive([row])

    found = await Tallies().now(archive, NOW)  # type: ignore[arg-type]

    assert list(found.get("p", Deeds()).words) == words
    assert found.get("p", Deeds()).count == len(words)


async def test_every_policy_that_decided_together_is_counted() -> None:
    assert list(deeds(a_row("p", "q"))) == [("p", "decided", "approve"), ("q", "decided", "approve")]


async def test_thirty_days_count_and_no_more() -> None:
    first = NOW - timedelta(days=30)
    archive = FakeArchive(
        [a_row("p", at=first, name="in"), a_row("p", at=first - timedelta(seconds=1), name="out")]
    )

    found = await Tallies().now(archive, NOW)  # type: ignore[arg-type]

    assert found["p"].decided == {Verb.APPROVE: 1}


async def test_what_is_over_leaves_the_count() -> None:
    archive, some = FakeArchive([a_row("p")]), Tallies()
    assert (await some.now(archive, NOW))["p"].count == 1  # type: ignore[arg-type]

    later = await some.now(archive, NOW + timedelta(days=30) + H)  # type: ignore[arg-type]

    assert later == {}


async def test_a_count_is_kept_for_a_minute_and_then_read_on_from_the_hour_before() -> None:
    archive, some = FakeArchive([a_row("p", at=NOW - 5 * H)]), Tallies()
    await some.now(archive, NOW)  # type: ignore[arg-type]
    archive.rows.append(a_row("p", at=NOW - timedelta(minutes=5), name="late"))

    kept = await some.now(archive, NOW + timedelta(seconds=59))  # type: ignore[arg-type]
    read = await some.now(archive, NOW + timedelta(seconds=60))  # type: ignore[arg-type]

    assert (kept["p"].count, read["p"].count) == (1, 2)
    assert archive.asked == [NOW - timedelta(days=30), NOW - H]


async def test_reading_again_counts_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "AT_ONCE", 3)
    archive, some = FakeArchive([a_row("p", at=NOW - n * H / 3, name=str(n)) for n in range(20)]), Tallies()

    counts = [(await some.now(archive, NOW + n * H))["p"].count for n in range(4)]  # type: ignore[arg-type]

    assert counts == [20, 20, 20, 20]


async def test_a_clock_that_was_set_back_reads_again() -> None:
    archive, some = FakeArchive([a_row("p")]), Tallies()
    await some.now(archive, NOW + 10 * H)  # type: ignore[arg-type]
    archive.rows.append(a_row("p", name="b"))

    assert (await some.now(archive, NOW))["p"].count == 2  # type: ignore[arg-type]
