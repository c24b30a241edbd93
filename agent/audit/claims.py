"""What the chains say of the ledger's other tables, and where those say otherwise.

Each decision, answer and call has its entry, and each entry its decision, answer or call; what was decided, answered and
intended is bound by digests, so that the tables can be changed as little as the chain. Replicas' clocks differ, so that of several
replicas' last words on one effect any may be the newest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from agent.audit.chain import Body, binding
from agent.audit.key import Key
from agent.audit.restores import Restores
from agent.model.audit import Carried, Decided, Event, Fault, Given

SENT = "sent"
INTENDED = "intended"
DROPPED = "dropped"

Where = tuple[str, int]
"""Replica and number of an entry."""


class Claims:
    """What entries said, as far as the chains were followed."""

    def __init__(self, key: Key, tenant_id: str, restores: Restores | None = None) -> None:
        self._key = key.of_values(tenant_id)
        self._restores = restores or Restores()
        self._lost_effects: set[str] = set()
        self._lost: Counter[str] = Counter()
        self._decisions: dict[tuple[str, int], tuple[object, Where]] = {}
        self._answers: dict[tuple[str, int], tuple[object, Where]] = {}
        self._calls: dict[str, dict[int, Where]] = defaultdict(dict)
        self._last: dict[str, dict[str, tuple[object, object]]] = defaultdict(dict)
        self._before: list[tuple[int, int]] = []
        self._intended: set[str] = set()
        self._planned_before = 0
        self.twice: list[Fault] = []

    @property
    def before(self) -> tuple[int, int]:
        """How many decisions and calls there were before the audit began."""
        return max(self._before, default=(0, 0))

    def add(self, replica: str, number: int, body: Body) -> None:
        """Remember what an entry says."""
        if self._restores.has_lost(replica, number) and self._is_lost(body):
            return
        said, where = body.detail, (replica, number)
        match body.event:
            case Event.BEGINNING:
                self._before.append((_count(said.get("decisions")), _count(said.get("calls"))))
                self._planned_before += _count(said.get("effects"))
            case Event.DECISION:
                which = (body.action_id or "", _count(said.get("number")))
                if which in self._decisions:
                    self._say_twice(
                        where, body, f"tells of decision {which[1]} of `{which[0]}` a second time"
                    )
                self._decisions[which] = (said.get("content"), where)
            case Event.ANSWER:
                which = (body.action_id or "", _count(said.get("number")))
                if which in self._answers:
                    self._say_twice(where, body, f"tells of answer {which[1]} to `{which[0]}` a second time")
                self._answers[which] = (said.get("content"), where)
            case Event.INTENT | Event.UNDO:
                self._last[str(said.get("effect"))][replica] = (INTENDED, said.get("content"))
                self._intended.add(str(said.get("effect")))
            case Event.CALL:
                effect, attempt = str(said.get("effect")), _count(said.get("attempt"))
                if attempt in self._calls[effect]:
                    self._say_twice(
                        where, body, f"tells of call {attempt} of effect `{effect}` a second time"
                    )
                self._calls[effect][attempt] = where
                self._now(effect, replica, SENT)
            case Event.OUTCOME:
                self._now(str(said.get("effect")), replica, said.get("went"))
            case Event.DROPPED:
                self._now(str(said.get("effect")), replica, DROPPED)

    @property
    def lost(self) -> tuple[int, int, int]:
        """How many decisions, answers and calls are told of by the audit alone, since the ledger was restored."""
        calls = sum(len(self._calls.get(effect, ())) for effect in self._lost_effects)
        return self._lost[Event.DECISION], self._lost[Event.ANSWER], calls

    def _is_lost(self, body: Body) -> bool:
        """Whether what an entry tells of is gone from the other tables by right, and nothing else is to be said of it."""
        match body.event:
            case Event.DECISION | Event.ANSWER:
                self._lost[body.event] += 1
                return True
            case Event.INTENT | Event.UNDO:
                self._lost_effects.add(str(body.detail.get("effect")))
                return True
            case _:
                return False

    def of_decisions(self, decided: Iterable[Decided]) -> Iterator[Fault]:
        """Give what is wrong between the entries and the ledger's decisions."""
        untold = 0
        left = dict(self._decisions)
        for one in decided:
            told = left.pop((one.action_id, one.number), None)
            if told is None:
                untold += 1
            elif told[0] != binding(self._key, one.content):
                yield _of_table(
                    f"decision {one.number} of `{one.action_id}` was changed since it was made", told[1]
                )
        for (action_id, number), (_, where) in left.items():
            yield _of_table(f"decision {number} of `{action_id}` is gone from the ledger", where)
        if untold != self.before[0]:
            yield _of_table(
                f"{untold} decisions have no entry, and {self.before[0]} had none when the audit began"
            )

    def of_answers(self, given: Iterable[Given]) -> Iterator[Fault]:
        """Give what is wrong between the entries and people's answers: whoever forges one approves in somebody's name."""
        left = dict(self._answers)
        for one in given:
            told = left.pop((one.action_id, one.number), None)
            if told is None:
                yield _of_table(
                    f"answer {one.number} to `{one.action_id}` was given by nobody: it has no entry"
                )
            elif told[0] != binding(self._key, one.content):
                yield _of_table(
                    f"answer {one.number} to `{one.action_id}` was changed since it was given", told[1]
                )
        for (action_id, number), (_, where) in left.items():
            yield _of_table(f"answer {number} to `{action_id}` is gone from the ledger", where)

    def of_effects(self, carried: Iterable[Carried]) -> Iterator[Fault]:
        """Give what is wrong between the entries and the ledger's effects."""
        untold = unplanned = 0
        left = {
            effect: dict(calls) for effect, calls in self._calls.items() if effect not in self._lost_effects
        }
        unseen = set(self._last) - self._lost_effects
        for one in carried:
            left.pop(one.id, None)
            calls = self._calls.get(one.id, {})
            unseen.discard(one.id)
            unplanned += one.id not in self._intended
            if type(one.attempts) is not int:
                yield _of_table(f"{_named(one)} was changed: it does not say how often it was sent")
                continue
            told = [attempt for attempt in calls if 1 <= attempt <= one.attempts]
            untold += one.attempts - len(told)
            if one.id in self._lost_effects:
                # It was intended once more since the backup, and is there as it was then.
                continue
            for attempt in sorted(calls.keys() - set(told)):
                yield _of_table(
                    f"{_named(one)} was sent {one.attempts} times, and not {attempt}", calls[attempt]
                )
            yield from self._standing(one)
        for effect, calls in left.items():
            yield _of_table(f"effect `{effect}` was sent, and is gone from the ledger", min(calls.values()))
        for effect in sorted(unseen - left.keys()):
            yield _of_table(f"effect `{effect}` was intended, and is gone from the ledger")
        if unplanned > self._planned_before:
            yield _of_table(
                f"{unplanned} effects were intended by no entry, and {self._planned_before} were there when the audit began"
            )
        if untold != self.before[1]:
            yield _of_table(
                f"{untold} calls have no entry, and {self.before[1]} had none when the audit began"
            )

    def count(self) -> tuple[int, int]:
        """Return how many decisions and calls the entries tell of."""
        return len(self._decisions), sum(map(len, self._calls.values()))

    def _standing(self, one: Carried) -> Iterator[Fault]:
        last = self._last.get(one.id)
        if last is None:
            return
        if one.went not in {went for went, _ in last.values()}:
            said = " or ".join(sorted({f"`{went}`" for went, _ in last.values()}))
            yield _of_table(f"{_named(one)} is `{one.went}` in the ledger, and {said} by its entries")
        intents = {content for _, content in last.values() if content is not None}
        if intents and binding(self._key, one.content) not in intents:
            yield _of_table(f"{_named(one)} was changed since it was intended")

    def _now(self, effect: str, replica: str, went: object) -> None:
        _, content = self._last[effect].get(replica, (None, None))
        self._last[effect][replica] = (went, content)

    def _say_twice(self, where: Where, body: Body, words: str) -> None:
        self.twice.append(Fault(replica=where[0], number=where[1], at=body.at, words=words))


def _count(said: object) -> int:
    return said if isinstance(said, int) else 0


def _named(one: Carried) -> str:
    """Return what it is called, with the action that `show` tells of."""
    return f"effect `{one.id}` of action `{one.action_id}`"


def _of_table(words: str, where: Where | None = None) -> Fault:
    replica, number = where or (None, None)
    return Fault(replica=replica, number=number, at=None, words=words)
