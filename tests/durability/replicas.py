"""Three agents on one PostgreSQL that share tenants: killed, stopped, cut off and replaced while incidents keep arriving.

Each disturbance is timed until every tenant that it met is looked after by somebody again.
"""

import json
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from agent.adapters.ledger.engines import RESTING
from tests.durability.kills import Progress
from tests.durability.links import Wire
from tests.durability.reckoning import Reckoning
from tests.durability.theatre import Replica, Share, Theatre

REPLICAS = ("red", "green", "blue")

ARRIVALS = 1
"""Incidents that arrive in each tenant before each disturbance."""

GLANCE = 0.05
"""Seconds after which it is looked again whose the tenants are."""

AT_MOST = 30.0
"""Seconds in which tenants have to have moved."""

PATIENCE = 180.0
"""Seconds until whatever is waited for counts as never coming."""

NO_LEDGER = "error: ledger `"
"""How the last word of an agent begins that found no database at its start."""

RANDOM = 4.0
"""Within so many seconds a disturbance comes at any moment."""


@dataclass(frozen=True)
class Plan:
    """How often each is done."""

    kills: int = 20
    pauses: int = 2
    cuts: int = 2
    restarts: int = 2
    rolls: int = 1
    paused: float = 60.0
    """Seconds for which an agent is stopped."""

    @property
    def acts(self) -> int:
        """How many disturbances that are."""
        return self.kills + self.pauses + self.cuts + self.restarts + self.rolls


@dataclass
class Shared:
    """What came of it."""

    times: dict[str, list[float]] = field(default_factory=dict)
    """Seconds, by what was done."""
    reckonings: list[Reckoning] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def took(self, what: str, seconds: float) -> None:
        """Note how long it took."""
        self.times.setdefault(what, []).append(seconds)

    def rows(self) -> list[dict[str, object]]:
        """Return it as a table."""
        return [
            {
                "what": what,
                "times": len(took),
                "middle (s)": round(sorted(took)[len(took) // 2], 1),
                "longest (s)": round(max(took), 1),
            }
            for what, took in self.times.items()
        ]

    def sums(self) -> list[dict[str, object]]:
        """Return what came of all targets, in the same columns."""
        counts = {
            "applied": sum(one.applied for one in self.reckonings),
            "doubled": sum(len(one.doubled) for one in self.reckonings),
            "lost": sum(len(one.lost) for one in self.reckonings),
            "with a person": sum(one.unknown for one in self.reckonings),
            "problems": len(self.problems),
        }
        return [
            {"what": what, "times": count, "middle (s)": "", "longest (s)": ""}
            for what, count in counts.items()
        ]


class Play:
    """One run, disturbance by disturbance."""

    def __init__(self, theatre: Theatre, plan: Plan) -> None:
        self.theatre, self.plan = theatre, plan
        self.lots = Random(theatre.seed)
        self.shared = Shared()

    def go(self, progress: Progress = lambda _: None) -> Shared:
        """Do all of it, and return what came of it."""
        began = time.monotonic()
        for name in REPLICAS:
            self.theatre.start(name)
        self._wait("to even out", self._is_even)
        acts = [act for act, times in self._acts() for _ in range(times)]
        self.lots.shuffle(acts)
        for number, act in enumerate(acts, 1):
            self.theatre.wanted.value += ARRIVALS
            time.sleep(self.lots.random() * RANDOM)
            self._supervise()
            act()
            progress(number)
        self._end()
        self.shared.seconds = time.monotonic() - began
        return self.shared

    def _acts(self) -> Iterable[tuple[Callable[[], None], int]]:
        plan = self.plan
        yield self._kill, plan.kills - plan.kills // 3
        yield self._kill_and_start, plan.kills // 3
        yield self._pause, plan.pauses
        yield self._cut, plan.cuts
        yield self._restart, plan.restarts
        yield self._roll, plan.rolls

    def _supervise(self) -> None:
        """Start whoever ended, as a supervisor does: one that finds no database at its start says so and ends."""
        for one in self.theatre.replicas.values():
            if not one.is_alive:
                self.theatre.start(one.name)

    def _kill(self) -> None:
        one, had = self._somebody()
        began = time.monotonic()
        one.kill()
        self._moved("kill -9: taken over", one, had, began)
        self.theatre.start(one.name)

    def _kill_and_start(self) -> None:
        """Kill an agent that is started again at once, under its name."""
        one, had = self._somebody()
        one.kill()
        self.theatre.start(one.name)
        self._wait("kill -9 and started at once: taken up", lambda: self._are_held_anew(had))

    def _pause(self) -> None:
        """Stop an agent for longer than its lease, let the others do all there is, and look what it does when it wakes."""
        one, had = self._somebody()
        began = time.monotonic()
        one.signal(signal.SIGSTOP)
        self._moved("SIGSTOP: taken over", one, had, began)
        self.theatre.quiet.value = 1
        time.sleep(max(0.0, began + self.plan.paused - time.monotonic()))
        before = self._told_by(one)
        writes = self._settled_writes()
        one.signal(signal.SIGCONT)
        time.sleep(2)
        if self._told_by(one) != before and not self._owned_by(one):
            self.shared.problems.append(f"{one.name} wrote to the ledger though it had lost every tenant")
        if self.theatre.writes() != writes and not self._owned_by(one):
            self.shared.problems.append("something was sent when a stopped agent woke")
        if not one.is_alive:
            self.shared.problems.append(f"{one.name} ended when it woke")
        self.theatre.quiet.value = 0

    def _cut(self) -> None:
        """Cut an agent off from the database for twice a lease."""
        one, had = self._somebody()
        began = time.monotonic()
        wire = self.lots.choice((Wire.SILENT, Wire.BROKEN))
        one.link.be(wire)
        self._moved(f"wire {wire.name.lower()}: taken over", one, had, began)
        time.sleep(max(0.0, began + 2 * (self.theatre.lease or 20.0) - time.monotonic()))
        one.link.be(Wire.WHOLE)
        if not one.is_alive:
            self.shared.problems.append(f"{one.name} ended when it was cut off")
            self.theatre.start(one.name)

    def _restart(self) -> None:
        """Restart the database, now in good order and now as if it had lost its power."""
        passes = self._passes()
        self.theatre.server.restart(self.lots.choice(("fast", "immediate")))
        self._wait(
            "database restarted: every tenant has a pass again",
            lambda: all(made > passes.get(one, 0) for one, made in self._passes().items()),
        )

    def _roll(self) -> None:
        """Replace every agent by another, one after the other, each stopped in good order."""
        for name in REPLICAS:
            one = self.theatre.replicas[name]
            had = self._owned_by(one)
            began = time.monotonic()
            one.signal(signal.SIGTERM)
            gaps: dict[str, float] = {}
            free: dict[str, float] = {}
            while len(gaps) < len(had) and time.monotonic() < began + PATIENCE:
                self._gaps(one, had, free, gaps)
                time.sleep(GLANCE)
            for gap in gaps.values():
                self.shared.took("SIGTERM: nobody's", gap)
            if (code := one.wait()) != 0 and had:
                self.shared.problems.append(f"{name} ended with {code} when it was asked to stop")
            self.shared.took("SIGTERM: ended and taken over", time.monotonic() - began)
            self.theatre.start(name)
        self._wait("rolled: evened out again", self._is_even)

    def _gaps(
        self, one: Replica, had: Mapping[str, Share], free: dict[str, float], gaps: dict[str, float]
    ) -> None:
        """Note since when tenants are nobody's, and for how long they were."""
        now = time.monotonic()
        for tenant_id, share in self.theatre.shares().items():
            if tenant_id not in had or tenant_id in gaps:
                continue
            if not share.is_held:
                free.setdefault(tenant_id, now)
            elif share.replica != one.name:
                gaps[tenant_id] = now - free.get(tenant_id, now)

    def _end(self) -> None:
        """Stop everybody, let one agent do in peace what is left, and reckon."""
        for one in self.theatre.replicas.values():
            one.signal(signal.SIGTERM)
        for one in self.theatre.replicas.values():
            one.wait()
            self.shared.problems += _bugs(one)
        for tenant_id in self.theatre.ids:
            self.theatre.in_peace(tenant_id)
        for tenant_id, reckoning in self.theatre.reckonings().items():
            self.shared.reckonings.append(reckoning)
            self.shared.problems += [f"{self.theatre.names[tenant_id]}: {one}" for one in reckoning.problems]

    def _moved(self, what: str, one: Replica, had: Mapping[str, Share], began: float) -> None:
        """Wait until others have all that an agent had, and then until they work there."""
        before = self._passes(but=one)

        def is_over() -> bool:
            shares = self.theatre.shares()
            return all(
                tenant_id in shares and shares[tenant_id].is_held and shares[tenant_id].replica != one.name
                for tenant_id in had
            )

        self._wait(what, is_over, began, at_most=self._at_most)
        names = {self.theatre.names[tenant_id] for tenant_id in had}

        def works() -> bool:
            now = self._passes(but=one)
            return all(now.get(name, 0) > before.get(name, 0) for name in names)

        self._wait(f"{what}: first pass made", works, began)

    @property
    def _at_most(self) -> float:
        return AT_MOST if self.theatre.lease is None else RESTING + 1.5 * self.theatre.lease

    def _wait(
        self,
        what: str,
        is_over: Callable[[], bool],
        began: float | None = None,
        at_most: float = PATIENCE,
    ) -> None:
        """Wait until it is over, and note how long it took since it began."""
        began = time.monotonic() if began is None else began
        while not is_over():
            if time.monotonic() > began + PATIENCE:
                self.shared.problems.append(f"{what}: not within {PATIENCE:.0f} seconds")
                return
            time.sleep(GLANCE)
        took = time.monotonic() - began
        self.shared.took(what, took)
        if took > at_most:
            self.shared.problems.append(f"{what}: it took {took:.1f} seconds")

    def _somebody(self) -> tuple[Replica, dict[str, Share]]:
        """Return an agent that has tenants, and those."""
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE:
            found = [
                (one, had)
                for one in self.theatre.replicas.values()
                if one.is_alive and (had := self._owned_by(one))
            ]
            if found:
                return self.lots.choice(found)
            time.sleep(GLANCE)
        raise RuntimeError("nobody has any tenant")

    def _owned_by(self, one: Replica) -> dict[str, Share]:
        shares = self.theatre.shares()
        return {key: share for key, share in shares.items() if share.is_held and share.replica == one.name}

    def _is_even(self) -> bool:
        counts = [len(self._owned_by(self.theatre.replicas[name])) for name in REPLICAS]
        return sum(counts) == self.theatre.tenants and max(counts) - min(counts) <= 1

    def _are_held_anew(self, had: Mapping[str, Share]) -> bool:
        shares = self.theatre.shares()
        return bool(shares) and all(
            shares[one].is_held and shares[one].token > before.token for one, before in had.items()
        )

    def _passes(self, *, but: Replica | None = None) -> dict[str, int]:
        """Return how many passes were made in each tenant by all of those that live, or by all but one."""
        made: dict[str, int] = dict.fromkeys(self.theatre.names.values(), 0)
        for one in self.theatre.replicas.values():
            if one is but:
                continue
            for name, number in one.passes().items():
                made[name] += number
        return made

    def _told_by(self, one: Replica) -> int:
        """Return how many entries of the audit an agent has written."""
        query = f"SELECT coalesce(sum(number), 0)::bigint FROM audit_heads WHERE replica = '{one.name}'"
        return int(self.theatre.query(query)[0][0])

    def _settled_writes(self) -> int:
        """Return how many writes there were, once they get no more."""
        before, writes = -1, self.theatre.writes()
        until = time.monotonic() + PATIENCE
        while before != writes and time.monotonic() < until:
            time.sleep(4)
            before, writes = writes, self.theatre.writes()
        return writes


def _bugs(one: Replica) -> list[str]:
    """Return what the log of an agent's last life tells of bugs."""
    found = []
    for log in sorted(one.folder.glob(f"{one.name}.*.log")):
        for line in log.read_text().splitlines():
            try:
                told = json.loads(line)
            except ValueError:
                if line.startswith(NO_LEDGER) or not line:
                    continue
                found.append(f"{log.name}: {line[:300]}")
                continue
            if "exception" in told:
                found.append(f"{log.name}: {told.get('event')}: {str(told['exception']).splitlines()[-1]}")
    return found
