"""Observing is the path of enforcing: on the same traffic the same decisions, plans and guards, and not one write.

What was enacted changes a tenant, so that the two are compared where nothing has yet: at the first decision on each
action, with its plan.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.adapters.ledger.opening import open_ledger
from agent.model.decision import Decision, Guarded, Unit
from agent.model.enactment import Effect
from agent.model.hold import BRAKE
from agent.model.pending import ActionKind
from agent.model.rails import Cap
from agent.ports.ledger import Ledger
from agent.settings.guarding import Guards
from agent.settings.guards import rails_of
from agent.simulator import elsewhere, mailings, suspects
from agent.simulator.furnishing import furnish, place
from agent.simulator.making import Maker
from agent.simulator.nouns import Request
from agent.simulator.state import State
from tests.durability.crashes import a_folder
from tests.fakes import FakeShelf
from tests.loop.conftest import APPROVE, Bench
from tests.makers import TENANT, a_cluster, a_copy, an_alert, an_incident
from tests.simulated import Simulated, a_simulated, noon

MINUTE = timedelta(minutes=1)
READS = frozenset({"token", "hunting"})
"""What is asked with a POST and changes nothing."""

EVERYTHING = f"""
policy: everything
description: Approves whatever is pending.
owner: soc@contoso.example
for: [{", ".join(kind for kind in ActionKind)}]
mode: enforce
match:
  action.kind: {{exists: true}}
decide: approve
"""


class First(NamedTuple):
    """The first decision on one action, and what was planned with it."""

    decision: Decision
    effects: tuple[tuple[object, ...], ...]


def writes(simulated: Simulated) -> Counter[str]:
    """Return every request that could have changed anything, by what it is."""

    def is_write(request: Request) -> bool:
        return request.method != "GET" and request.kind not in READS

    return Counter(request.kind for request in simulated.app.state.requests if is_write(request))


def _alike(decision: Decision) -> Decision:
    """Return the decision without how the brake's hold ends: one that would be on ends by itself."""
    if decision.guard != BRAKE:
        return decision
    held = tuple(Guarded(guard=BRAKE, words="") if one.guard == BRAKE else one for one in decision.held)
    return msgspec.structs.replace(decision, held=held, reason="")


async def firsts(ledger: Ledger) -> Mapping[str, First]:
    found: dict[str, First] = {}
    for record in await ledger.listed(limit=1_000):
        decisions = await ledger.decisions(action_id=record.action.id)
        if decisions:
            effects = await ledger.effects(record.action.id)
            found[record.action.id] = _first(decisions[-1], effects)
    return found


def _first(decision: Decision, effects: Sequence[Effect]) -> First:
    planned = [one for one in effects if one.intended_at == decision.at]
    return First(
        _alike(msgspec.structs.replace(decision, is_observed=False)),
        tuple((one.kind, one.targets, one.before, one.senders_copy) for one in planned),
    )


def every_kind() -> State:
    """Return a tenant in which something of every kind is pending, some of it about the same messages."""
    state, maker = State(1, noon()), Maker(1, noon())
    furnish(state.directory, 1)
    mail = (mailings.several_in_one, mailings.overlapping, mailings.singles, mailings.important_people)
    others = (elsewhere.mailboxes, elsewhere.devices_and_users, elsewhere.unclear)
    known = (suspects.accounts, suspects.settings, suspects.files)
    for bundle in chain.from_iterable(some(maker) for some in (*mail, *others, *known)):
        state.admit(bundle, noon())
    place(state)
    return state


async def test_over_every_kind_both_modes_decide_plan_and_guard_alike_and_observing_writes_nothing(
    tmp_path: Path,
) -> None:
    """Every kind is approved, so that a write of every kind would be made; some are held."""
    rails = rails_of(Guards(actions_per_hour=12, mailboxes_per_action=8, brake_floor=1_000))
    told: dict[bool, Mapping[str, First]] = {}
    wrote: dict[bool, Counter[str]] = {}
    for observes in (True, False):
        folder = tmp_path / str(observes)
        folder.mkdir()
        async with a_simulated(
            every_kind(),
            folder,
            observes=observes,
            shelf=FakeShelf(everything=EVERYTHING),
            rails=rails,
            checked=False,
            has_devices=True,
            requests_per_minute=10_000,
        ) as simulated:
            await simulated.live(MINUTE)
            told[observes] = await firsts(simulated.world.ledger)
            simulated.clock.advance(61 * MINUTE)
            await simulated.live(MINUTE)
            records = (await simulated.records()).values()
            wrote[observes] = writes(simulated)

    kinds = {one.action.kind for one in records}
    assert wrote[True] == Counter()
    assert kinds == set(ActionKind)
    assert set(wrote[False]) >= {
        *("remediate", "rulePatch", "userPatch", "revoke", "quarantine"),
        *("incidentComment", "incidentPatch"),
    }
    assert told[True].keys() == told[False].keys()
    for action_id, observed in told[True].items():
        assert observed == told[False][action_id]
    guards = Counter(one.decision.guard for one in told[True].values())
    assert guards["actions_per_hour"] > 0
    assert len({guard for guard in guards if guard}) > 2


class Comes(NamedTuple):
    """A cluster comes: of so many messages from the first on, malicious or not, by a URL or a file."""

    first: int
    messages: int
    verdict: str
    by: str


comes = st.builds(
    Comes,
    st.integers(1, 12),
    st.integers(1, 4),
    st.sampled_from(["malicious", "malicious", "malicious", "suspicious"]),
    st.sampled_from(["Urls", "Files"]),
)
traffic = st.lists(st.lists(comes, min_size=1, max_size=4), min_size=1, max_size=3)

POLICIES = {
    "approve": APPROVE + "limits: {actions: 6/h, messages: 12/d}\n",
    "watching": APPROVE.replace("small-malicious", "watching")
    .replace("mode: enforce", "mode: observe")
    .replace("malicious\n  cluster", "suspicious\n  cluster"),
}


def show(bench: Bench, number: int, some: Sequence[Comes]) -> None:
    clusters = [
        a_cluster(
            query=f"{number}-{place}",
            first=one.first,
            messages=one.messages,
            verdict=one.verdict,
            cluster_by=one.by,
        )
        for place, one in enumerate(some)
    ]
    name, now = f"incident-{number}", bench.clock.now()
    alert = an_alert(*clusters, id=name, incident_id=name, updated=now)
    bench.defender.show(an_incident(alert, id=name, updated=now))


async def lived(
    steps: Sequence[Sequence[Comes]], *, observes: bool, floor: int = 1_000
) -> Mapping[str, First]:
    """Return what was decided first, in a tenant in which nothing that is sent shows."""
    with a_folder() as folder:
        async with open_ledger(f"sqlite:///{folder / 'ledger.db'}", TENANT) as ledger:
            bench = Bench(ledger)
            bench.with_policies(**POLICIES)
            caps = (
                Cap(name="actions_capped", unit=Unit.ACTIONS, count=5, window=60 * MINUTE),
                Cap(name="messages_capped", unit=Unit.MESSAGES, count=10, window=24 * 60 * MINUTE),
            )
            bench.with_rails(caps=caps, brake_floor=floor, mailboxes_per_action=3)
            bench.enactor.removes_mail = False
            bench.defender.deliver(
                *(a_copy(number, recipient=f"user{number % 5}@contoso.example") for number in range(1, 16))
            )
            if observes:
                bench.observing()
            for number, some in enumerate(steps):
                show(bench, number, some)
                await bench.run_pass()
                bench.clock.advance(MINUTE)
            return await firsts(ledger)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(traffic)
async def test_whatever_comes_both_modes_decide_plan_and_guard_alike(steps: list[list[Comes]]) -> None:
    observed = await lived(steps, observes=True)
    enforced = await lived(steps, observes=False)

    assert observed == enforced


async def test_where_the_brake_opens_both_modes_hold_what_comes_after() -> None:
    """What was approved before in the same pass, and is then kept from leaving, was never about to leave while observing."""
    each = [
        [Comes(number, 1, "malicious", "Urls") for number in some] for some in (range(1, 5), range(5, 11))
    ]

    observed = await lived(each, observes=True, floor=5)
    enforced = await lived(each, observes=False, floor=5)

    guards = Counter(one.decision.guard for one in observed.values())
    assert observed == enforced
    assert guards == {None: 5, BRAKE: 5}
