"""Whatever people answer, in whichever order and at whichever moments, enough of them approve what is carried out."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.model.answer import Answer
from agent.model.decision import Verb
from agent.model.enactment import Pair
from agent.model.hold import KILL_SWITCH, Hold
from tests.durability.crashes import a_folder
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.loop.questions import TWO, a_question, reply, shown
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident, message_id
from tests.persons import EVE, FAY, GUS, ROLE, somebody

PEOPLE = (EVE, FAY, GUS, somebody("user1"), somebody("outsider", roles=("Other",)))

PAIRS = tuple((message_id(number), f"user{number}@contoso.example") for number in (1, 2, 3))


class Says(NamedTuple):
    """Somebody answers, having looked just now or long before."""

    who: int
    verb: Verb
    targets: tuple[Pair, ...] | None
    is_old: bool


class Happens(NamedTuple):
    """Something else happens."""

    what: str
    hours: int = 0


says = st.builds(
    Says,
    st.integers(0, len(PEOPLE) - 1),
    st.sampled_from([Verb.APPROVE, Verb.APPROVE, Verb.APPROVE, Verb.REJECT]),
    st.none() | st.sets(st.sampled_from(PAIRS), min_size=1).map(lambda some: tuple(sorted(some))),
    st.sampled_from([False, False, False, True]),
)

happens = st.one_of(
    st.just(Happens("pass")),
    st.builds(Happens, st.just("wait"), st.sampled_from([1, 13, 25])),
    st.sampled_from(
        [Happens("grow"), Happens("remove"), Happens("disable"), Happens("hold"), Happens("release")]
    ),
)


class Watched:
    """A bench, and what an onlooker knows of it without asking the code under test."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.size = 3
        self.first = ""
        self.seen_size: dict[int, int] = {}
        """How many messages the cluster had when each answer was taken, by its number."""

    async def begin(self) -> None:
        a_question(self.bench, chain=TWO)
        await self.bench.run_pass()
        self.first = shown(await self.bench.only())

    async def go(self, step: Says | Happens) -> None:
        """Take one step, and look whether what was carried out may have been."""
        before = set(self.bench.enactor.removed)
        if isinstance(step, Says):
            digest = self.first if step.is_old else None
            replied = await reply(
                self.bench, PEOPLE[step.who], step.verb, targets=step.targets, digest=digest
            )
            if replied.answer is not None:
                self.seen_size[replied.answer.number] = self.size
        else:
            await self._happen(step)
        gone = set(self.bench.enactor.removed) - before
        if gone:
            await self._hold_against(gone)

    async def _happen(self, step: Happens) -> None:
        bench = self.bench
        match step.what:
            case "pass":
                await bench.run_pass()
            case "wait":
                bench.clock.advance(timedelta(hours=step.hours))
            case "grow":
                self.size += 1
                seen = bench.clock.now()
                bench.defender.show(
                    an_incident(an_alert(a_cluster(messages=self.size), updated=seen), updated=seen)
                )
                bench.defender.deliver(a_copy(self.size, recipient=f"user{self.size}@contoso.example"))
            case "remove":
                bench.directory.roles[ROLE] = frozenset({FAY.object_id, GUS.object_id})
            case "disable":
                bench.directory.disabled.add(GUS.object_id)
            case "hold":
                await bench.world.ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="drill"))
            case _:
                await bench.world.ledger.release(KILL_SWITCH, "anna", "over", bench.clock.now())

    async def _hold_against(self, gone: set[Pair]) -> None:
        record = await self.bench.only()
        answers = (await self.bench.world.ledger.answers([record.action.id])).get(record.action.id, ())
        assert not await self.bench.world.ledger.holds()
        mine = [one for one in answers if self.seen_size[one.number] == self.size]
        assert all(one.verb is not Verb.REJECT for one in mine), "somebody said no"
        holders = self.bench.directory.roles[ROLE] - self.bench.directory.disabled
        approved = self._approved(mine, holders, self.bench.clock.now())
        assert all(len(approved[target]) >= 2 for target in gone), (gone, approved)
        assert set(self.bench.enactor.removed.values()) == {1}

    @staticmethod
    def _approved(answers: list[Answer], holders: frozenset[str], now: datetime) -> dict[Pair, set[str]]:
        """Return who approves each target by their newest answer, of those who may."""
        newest = {one.person.object_id: one for one in answers}
        found: dict[Pair, set[str]] = defaultdict(set)
        for object_id, one in newest.items():
            assert one.shown is not None
            whole = {target for effect in one.shown.effects for target in effect.targets}
            if object_id in holders and now < one.at + timedelta(hours=24):
                for target in whole if one.targets is None else one.targets:
                    found[target].add(object_id)
        return found


@given(st.lists(says | happens, min_size=3, max_size=9))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
async def test_nothing_is_carried_out_that_two_people_do_not_approve(steps: list[Says | Happens]) -> None:
    with a_folder() as folder:
        async with open_ledger(f"sqlite:///{folder}/ledger.db", TENANT) as ledger:
            watched = Watched(Bench(ledger))
            await watched.begin()

            for step in (*steps, Happens("pass"), Happens("pass")):
                await watched.go(step)


async def test_the_onlooker_sees_what_two_people_approved() -> None:
    """That the property above is not empty: what two approve is carried out under the same eyes."""
    with a_folder() as folder:
        async with open_ledger(f"sqlite:///{folder}/ledger.db", TENANT) as ledger:
            watched = Watched(Bench(ledger))
            await watched.begin()

            for who in (0, 1):
                await watched.go(Says(who, Verb.APPROVE, PAIRS[who:], False))
            await watched.go(Happens("pass"))

            assert set(watched.bench.enactor.removed) == set(PAIRS[1:])
