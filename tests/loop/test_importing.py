"""The past is read day by day, judged as of then, and nothing of the agent's own is touched."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.loop.importing import PATIENCE, SHARE, Brought, Told, bring_in_the_past
from agent.loop.rehearsing import Rehearsing
from agent.model.decision import Verb
from agent.model.defender import Incident
from agent.model.errors import Unavailable
from agent.model.history import Decided
from agent.model.hold import Replica
from agent.model.imported import Outcome, Why
from agent.model.truth import Truth
from agent.ports.importing import Imports
from agent.simulator import names, tenant
from agent.simulator.switches import every_position
from tests.fakes import FakeShelf
from tests.importing import MONTH, FakeImports, a_past, after_a_while, bring_in
from tests.ledgers import open_ledger
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, a_cluster, a_copy, an_air_action, an_alert, an_incident
from tests.simulated import Simulated, noon

LONG_AGO = noon() - timedelta(days=400)
DAY = timedelta(days=1)
POSITIONS = every_position()


def ledger_of(here: Simulated) -> SqlLedger:
    assert isinstance(here.world.ledger, SqlLedger)
    return here.world.ledger


async def written(ledger: SqlLedger) -> tuple[Sequence[Decided], Sequence[tuple[Truth, ...]]]:
    """Return everything that an import has written."""
    rows = await ledger.archive.course(LONG_AGO, limit=100_000)
    truths = await ledger.truths([row.action_id for row in rows])
    return rows, [truths[name] for name in sorted(truths)]


async def test_what_people_decided_before_the_agent_came_is_in_the_history(tmp_path: Path) -> None:
    async with after_a_while(a_past(), tmp_path) as here:
        brought = await bring_in(here, ledger_of(here).imports)

        rows, truths = await written(ledger_of(here))

    assert brought.outcome == Outcome(actions=6, approved=3, rejected=3)
    assert brought.importing.is_whole
    assert Counter(row.shadow for row in rows if row.ended is None) == {Verb.APPROVE: 6}
    assert {row.is_imported for row in rows} == {True}
    assert {each.by for some in truths for each in some} == {(names.PORTAL_PERSON,)}


async def test_mail_that_people_deleted_since_lay_in_mailboxes_then(tmp_path: Path) -> None:
    """Else every approved cluster would look as if there had been nothing to delete."""
    async with after_a_while(a_past(), tmp_path) as here:
        await bring_in(here, ledger_of(here).imports)

        rows, _ = await written(ledger_of(here))

    assert [row.targets for row in rows if row.ended is None] == [3] * 6


async def test_the_same_import_twice_leaves_the_same_rows(tmp_path: Path) -> None:
    async with after_a_while(a_past(), tmp_path) as here:
        first = await bring_in(here, ledger_of(here).imports)
        before = await written(ledger_of(here))
        here.clock.advance(timedelta(hours=1))

        second = await bring_in(here, ledger_of(here).imports)

        assert await written(ledger_of(here)) == before
        assert second.outcome == first.outcome
        assert second.resumed is None


async def test_other_policies_judge_the_same_past_anew(tmp_path: Path) -> None:
    async with after_a_while(a_past(), tmp_path) as here:
        await bring_in(here, ledger_of(here).imports)
        shelf = FakeShelf(reject=APPROVE.replace("decide: approve", "decide: reject"))
        here.world = replace(here.world, shelf=shelf)

        brought = await bring_in(here, ledger_of(here).imports)

        rows, _ = await written(ledger_of(here))
    assert brought.outcome == Outcome(actions=6, approved=3, rejected=3)
    assert [row.verb for row in rows if row.ended is None] == [Verb.REJECT] * 6


async def test_nothing_is_acted_on_afterwards(tmp_path: Path) -> None:
    """An agent that enforces makes no write for what was imported, asks nobody, and counts none of it."""
    past = a_past()
    async with after_a_while(past, tmp_path) as here:
        enactor = here.world.enactor
        await bring_in(here, ledger_of(here).imports)
        before = await written(ledger_of(here))
        world = replace(here.world, enforces_observers=True)
        assert enactor is None

        await replace(here, world=world).live(timedelta(hours=2), every=timedelta(minutes=20))

        assert await here.records() == {}
        assert await written(ledger_of(here)) == before
        assert here.asked("remediate", "incidentComment", "incidentPatch", "alertPatch", "alertComment") == 0


async def test_what_the_agent_has_recorded_is_left_alone(tmp_path: Path) -> None:
    """The agent watched from the start: an import changes nothing at all."""
    async with after_a_while(a_past(), tmp_path, days=0) as here:
        await here.live(timedelta(hours=12), every=timedelta(minutes=30))
        before, records = await written(ledger_of(here)), await here.records()

        brought = await bring_in(here, ledger_of(here).imports)

        assert await written(ledger_of(here)) == before
        assert await here.records() == records
    assert brought.outcome == Outcome()
    assert brought.importing.left == {Why.RECORDED: 6}


async def test_what_still_awaits_approval_is_the_agents(tmp_path: Path) -> None:
    open_ = tenant.burst(3, noon(), actions=4)
    async with after_a_while(open_, tmp_path, days=1) as here:
        brought = await bring_in(here, ledger_of(here).imports)
        await here.run_pass()

        assert brought.outcome == Outcome()
        assert brought.importing.left == {Why.OPEN: 4}
        assert len(await here.records()) == 4


async def test_proposals_that_were_left_until_their_week_was_over_are_nobodys_no(tmp_path: Path) -> None:
    left = tenant.burst(3, noon(), actions=4)
    async with after_a_while(left, tmp_path, days=20) as here:
        brought = await bring_in(here, ledger_of(here).imports, back=MONTH)

    assert brought.outcome.actions == 4
    assert brought.outcome.decided == 0


async def test_without_hunting_what_people_declined_is_known_and_what_to_grant_is_said(
    tmp_path: Path,
) -> None:
    async with after_a_while(a_past(), tmp_path, switches=POSITIONS["no hunting"]) as here:
        brought = await bring_in(here, ledger_of(here).imports)

    assert brought.outcome == Outcome(actions=3, rejected=3)
    assert brought.importing.left == {Why.UNSHOWN: 3}
    assert not brought.can_hunt
    assert "ThreatHunting.Read.All" in brought.no_rows


async def test_a_permission_that_was_granted_since_makes_more_known(tmp_path: Path) -> None:
    past = a_past()
    async with after_a_while(past, tmp_path, switches=POSITIONS["no hunting"]) as here:
        await bring_in(here, ledger_of(here).imports)
    async with after_a_while(past, tmp_path, switches=POSITIONS["default"]) as here:
        brought = await bring_in(here, ledger_of(here).imports)
        rows, _ = await written(ledger_of(here))

    assert brought.outcome == Outcome(actions=6, approved=3, rejected=3)
    assert len(rows) == 12


@pytest.mark.parametrize(
    "name",
    [
        "nothing advances",
        "only the alert shows pending",
        "closes after hours",
        "no table of investigations",
        "rows after hours",
        "rows hold text",
        "no mail",
    ],
)
async def test_wherever_nobody_knows_what_graph_does_no_truth_is_wrong(name: str, tmp_path: Path) -> None:
    """What is not known may be unknown; what is said to be known is what people did."""
    past = a_past(actions=4, messages_each=2)
    async with after_a_while(past, tmp_path, switches=POSITIONS[name]) as here:
        await bring_in(here, ledger_of(here).imports)
        _, truths = await written(ledger_of(here))
        told = {each.action_id: each.verb for some in truths for each in some if each.verb is not None}
        brought = await ledger_of(here).imports.imported(list(told))

    for action_id, (one,) in brought.items():
        alert = past.alerts[one.action.sightings[0].alert_id]
        was_rejected = alert["evidence"][0]["remediationStatus"] == "declined"
        assert told[action_id] is (Verb.REJECT if was_rejected else Verb.APPROVE)


@pytest.mark.parametrize("name", ["expired evidence is declined", "expired evidence is unremediated"])
@pytest.mark.parametrize("has_rows", [True, False])
async def test_the_end_of_a_week_is_never_taken_for_a_persons_no(
    name: str, has_rows: bool, tmp_path: Path
) -> None:
    """Nobody decided anything; whether a change of evidence moves its alert does not matter."""
    left = tenant.burst(3, noon(), actions=2, messages_each=2)
    switches = msgspec.structs.replace(POSITIONS[name], air_table=has_rows, evidence_change_advances=False)
    async with after_a_while(left, tmp_path, days=20, switches=switches) as here:
        brought = await bring_in(here, ledger_of(here).imports, back=MONTH)

    assert brought.outcome.decided == 0


async def test_nothing_further_back_than_anything_reaches_is_read(tmp_path: Path) -> None:
    async with after_a_while(a_past(), tmp_path, days=31) as here:
        told: list[Told] = []
        brought = await bring_in(here, ledger_of(here).imports, back=timedelta(days=90), told=told)

    assert brought.importing.since == brought.importing.until - timedelta(days=30)
    assert told[-1].of == 60
    assert brought.outcome == Outcome()


@pytest.mark.parametrize(
    ("back", "days"),
    [
        (timedelta(minutes=30), 1),
        (DAY, 1),
        (DAY + timedelta(hours=1), 1),
        (DAY + timedelta(hours=2), 2),
        (2 * DAY, 2),
    ],
)
async def test_a_day_is_read_at_a_time_and_twice_in_all(back: timedelta, days: int, tmp_path: Path) -> None:
    async with after_a_while(a_past(actions=1), tmp_path) as here:
        told: list[Told] = []
        await bring_in(here, ledger_of(here).imports, back=back, told=told)

        assert here.asked("incidents") == days
    assert (told[0].done, told[-1].done, told[-1].of) == (0, 2 * days, 2 * days)


async def test_a_rehearsal_finds_the_same_and_writes_nothing(tmp_path: Path) -> None:
    async with after_a_while(a_past(), tmp_path) as here:
        imports = Rehearsing(ledger_of(here).imports)
        rehearsed = await bring_in_the_past(
            here.world,
            imports,
            here.clock.now() - timedelta(days=6),
            allow=lambda _: None,
            tell=lambda _: None,
            is_dry=True,
        )
        rows, _ = await written(ledger_of(here))
        kept = await ledger_of(here).kept_set()

        brought = await bring_in(here, ledger_of(here).imports)

    assert rehearsed.outcome == brought.outcome
    assert rehearsed.importing.unknown_then == brought.importing.unknown_then
    assert rows == ()
    assert kept is None


async def test_the_set_in_force_stays_the_newest_that_is_kept(tmp_path: Path) -> None:
    async with after_a_while(a_past(), tmp_path) as here:
        await here.live(timedelta(minutes=1))
        in_force = await ledger_of(here).kept_set()
        here.world = replace(here.world, shelf=FakeShelf(approve=APPROVE))

        await bring_in(here, ledger_of(here).imports)

        rows, _ = await written(ledger_of(here))
        assert await ledger_of(here).kept_set() == in_force
        assert await ledger_of(here).kept_set(rows[0].revision) is not None


async def test_the_request_budget_is_kept(tmp_path: Path) -> None:
    async with after_a_while(a_past(), tmp_path, requests_per_minute=5) as here:
        await bring_in(here, ledger_of(here).imports)
        moments = [one.at for one in here.app.state.requests if one.kind != "token"]

    assert len(moments) > 15
    for first, last in zip(moments, moments[5:], strict=False):
        assert last - first >= timedelta(minutes=1)


@pytest.mark.parametrize(
    ("name", "age", "allowed"),
    [
        ("agent", timedelta(minutes=2), 60 // SHARE),
        ("agent", timedelta(minutes=4), 60),
        ("test.backfill", timedelta(0), 60),
    ],
)
async def test_a_part_of_the_budget_is_taken_while_an_agent_runs(
    name: str, age: timedelta, allowed: int, tmp_path: Path
) -> None:
    async with after_a_while(a_past(), tmp_path) as here:
        world = replace(here.world, replica="test.backfill")
        await world.ledger.beat(Replica(name=name, alive=here.clock.now() - age))
        asked: list[int] = []

        since = here.clock.now() - DAY
        await bring_in_the_past(
            world, ledger_of(here).imports, since, allow=asked.append, tell=lambda _: None
        )

    assert set(asked) == {allowed}


class Killed(BaseException):
    """The process was killed."""


class Killing:
    """Imports and a Defender, at one of whose calls the process is killed."""

    def __init__(self, port: object, steps: list[int]) -> None:
        self._port = port
        self._steps = steps

    def __getattr__(self, name: str) -> object:
        found = getattr(self._port, name)
        if name in {"incidents_since", "alerts_since"}:

            async def pages(*args: object) -> AsyncIterator[object]:
                self._step()
                async for page in found(*args):
                    yield page
                    self._step()

            return pages
        if name in {"can_hunt", "resolves"}:
            return found

        async def call(*args: object, **kwargs: object) -> object:
            self._step()
            done = await found(*args, **kwargs)
            self._step()
            return done

        return call

    def _step(self) -> None:
        self._steps[0] -= 1
        if self._steps[0] == 0:
            raise Killed


@asynccontextmanager
async def a_bench(folder: Path) -> AsyncIterator[tuple[Bench, SqlLedger]]:
    """Give a world of fakes in which people have decided clusters on three of the last three days."""
    async with open_ledger(f"sqlite:///{folder}/ledger.db", names.TENANT_ID) as ledger:
        bench = Bench(ledger)
        bench.world = replace(bench.world, tenant_id=names.TENANT_ID, enactor=None)
        for number, (days, status) in enumerate(((2.5, "declined"), (1.2, "remediated"), (0.4, "declined"))):
            created = NOW - timedelta(days=days)
            cluster = a_cluster(
                query=f"Urls:{number}", first=10 * number, status=status, created=created - timedelta(hours=2)
            )
            alert = an_alert(
                cluster,
                id=f"a{number}",
                incident_id=str(number),
                created=created - timedelta(hours=2),
                updated=created,
            )
            bench.defender.show(an_incident(alert, id=str(number), updated=created))
            bench.defender.deliver(*(a_copy(10 * number + place) for place in range(3)))
            (action,) = shown(bench, str(number))
            for minute, stands, approval, by in (
                (1, "Pending", None, None),
                (100, "Completed", "Declined" if status == "declined" else "Approved", "anna"),
            ):
                bench.defender.write_down(
                    an_air_action(
                        action,
                        number=f"n{number}",
                        kind=None,
                        status=stands,
                        approval=approval,
                        by=by,
                        at=created - timedelta(minutes=120 - minute),
                        proposed=created - timedelta(hours=2),
                    )
                )
        yield bench, ledger


def shown(bench: Bench, incident_id: str) -> Sequence[str]:
    from agent.judge.recognise import recognise

    incident: Incident = bench.defender.incidents[incident_id]
    actions = recognise(incident, tenant_id=names.TENANT_ID, now=NOW)
    return [one.key for one in actions if one.evidence is not None]


async def brought_in(bench: Bench, imports: Imports, steps: int = 0) -> Brought | None:
    """Import the last three days, killed at one step; None where that came before the end."""
    left = [steps]
    world = replace(bench.world, defender=Killing(bench.defender, left))  # type: ignore[arg-type]
    killing: Imports = Killing(imports, left)  # type: ignore[assignment]
    try:
        return await bring_in_the_past(
            world, killing, NOW - 3 * DAY, allow=lambda _: None, tell=lambda _: None
        )
    except Killed:
        return None


async def test_killed_at_any_step_it_goes_on_and_comes_to_the_same(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as (bench, _):
        expected, step, is_over, resumed = FakeImports(), 0, False, set[datetime | None]()
        whole = await brought_in(bench, expected)
        assert whole is not None
        assert whole.outcome == Outcome(actions=3, approved=1, rejected=2)

        while not is_over:
            step += 1
            imports = FakeImports()
            is_over = await brought_in(bench, imports, step) is not None
            after = await brought_in(bench, imports)
            assert after is not None
            resumed.add(after.resumed)
            assert imports.found == expected.found, step
            assert (after.outcome, after.importing.incidents) == (whole.outcome, 3)
            assert after.importing.left == whole.importing.left

    assert step > 30
    assert len(resumed) > 4


async def test_killed_again_and_again_it_comes_to_its_end(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as (bench, ledger):
        runs = 1
        while await brought_in(bench, ledger.imports, 23) is None:
            runs += 1
            assert runs < 20

        rows, _ = await written(ledger)

    assert runs > 2
    assert len(rows) == 6


@pytest.mark.parametrize(("later", "is_resumed"), [(timedelta(hours=23), True), (DAY, False)])
async def test_an_import_that_was_broken_off_long_ago_begins_anew(
    later: timedelta, is_resumed: bool, tmp_path: Path
) -> None:
    async with a_bench(tmp_path) as (bench, ledger):
        assert await brought_in(bench, ledger.imports, 30) is None
        bench.clock.advance(later)

        after = await brought_in(bench, ledger.imports)

    assert after is not None
    assert (after.resumed is not None) is is_resumed


async def test_other_policies_begin_anew_what_was_broken_off(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as (bench, ledger):
        assert await brought_in(bench, ledger.imports, 30) is None
        bench.with_policies(approve=APPROVE.replace("atMost: 200", "atMost: 100"))

        after = await brought_in(bench, ledger.imports)

    assert after is not None
    assert after.resumed is None


async def test_an_alert_that_changed_without_its_incident_is_found(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as (bench, ledger):
        old = bench.defender.incidents["0"]
        bench.defender.show(msgspec.structs.replace(old, last_update_date_time=NOW - 40 * DAY))

        brought = await brought_in(bench, ledger.imports)

    assert brought is not None
    assert brought.outcome.actions == 3
    assert brought.importing.incidents == 2


async def test_graph_that_is_away_for_a_while_is_waited_for(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as (bench, ledger):
        told: list[Told] = []
        asked = 0
        ask = bench.defender._ask

        def sometimes(what: str) -> None:
            nonlocal asked
            asked += 1
            if asked in {2, 3, 7}:
                raise Unavailable("graph: asked for patience", until=bench.clock.now() + timedelta(minutes=5))
            ask(what)

        bench.defender._ask = sometimes  # type: ignore[method-assign]
        began = bench.clock.now()
        brought = await bring_in_the_past(
            bench.world, ledger.imports, NOW - 3 * DAY, allow=lambda _: None, tell=told.append
        )

        assert brought.outcome.actions == 3
        assert bench.clock.now() - began == timedelta(minutes=15)
        assert [one.waiting for one in told if one.waiting] == ["graph: asked for patience"] * 3


async def test_graph_that_stays_away_ends_it_and_what_was_read_stays(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as (bench, ledger):
        assert await brought_in(bench, ledger.imports, 40) is None
        before = await written(ledger)
        bench.defender.down = True
        told: list[Told] = []

        with pytest.raises(Unavailable):
            await bring_in_the_past(
                bench.world, ledger.imports, NOW - 3 * DAY, allow=lambda _: None, tell=told.append
            )

        assert len([one for one in told if one.waiting]) == PATIENCE - 1
        assert await written(ledger) == before


async def test_a_part_that_was_missing_is_told(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as (bench, ledger):
        bench.defender.is_whole = False
        bench.defender.unreadable = ("incident 9: not an object",)

        brought = await brought_in(bench, ledger.imports)

    assert brought is not None
    assert brought.outcome.actions == 3
    assert set(brought.importing.problems) == {
        "incident 9: not an object",
        "a part of Graph's answer was missing: import again later",
    }


async def test_two_imports_at_once_leave_what_one_would(tmp_path: Path) -> None:
    import asyncio

    async with a_bench(tmp_path / "one") as (bench, ledger):
        await brought_in(bench, ledger.imports)
        expected = await written(ledger)
    async with a_bench(tmp_path / "two") as (bench, ledger):
        both = await asyncio.gather(brought_in(bench, ledger.imports), brought_in(bench, ledger.imports))

        assert await written(ledger) == expected
        assert [one.outcome for one in both if one is not None] == [
            Outcome(actions=3, approved=1, rejected=2)
        ] * 2
