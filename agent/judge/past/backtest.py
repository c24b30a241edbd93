"""(Two sets of policies, recorded decisions in order) -> which pending actions come out otherwise.

Facts are taken as they were recorded, and nothing else is assumed to have gone otherwise: mail that a set
would have deleted is still there in the next record. So each action is told once, at the first of its
decisions that differs, and what a set approves by itself is counted once against its limits.

What a policy had spent at a decision is what was recorded there, plus what the set approved so far, less what
the record approved. Hence the set that made the record differs from it by nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from agent.judge.compile import Answers
from agent.judge.past.both import MOST_OPEN, Both, Open, Ruled, Side, every_way
from agent.judge.past.course import Course, kind_of, messages_of, recorded
from agent.model.backtest import Fate, Flip, Judgement, Totals, Unsaid
from agent.model.enactment import Approval
from agent.model.facts import VOCABULARY
from agent.model.past import Judged
from agent.model.policy import PolicySet

Pair = tuple[Judgement, Judgement]
"""What comes of a decision before and after."""


def in_order(judged: Iterable[Judged]) -> list[Judged]:
    """Return decisions of one moment in the order in which the loop makes them: earliest deadline first."""

    def place(one: Judged) -> tuple[datetime, str, int]:
        deadline = one.facts.values.get("action.deadline")
        return (deadline if isinstance(deadline, datetime) else one.at, one.action_id, one.number)

    return sorted(judged, key=place)


class Hindsight:
    """Goes through recorded decisions, oldest first, and tells which come out otherwise."""

    def __init__(
        self,
        before: PolicySet | None,
        after: PolicySet,
        *,
        enforces_observers: bool,
        approvals: Sequence[Approval] | None = None,
        since: datetime | None = None,
    ) -> None:
        """Take the two sets.

        Args:
            before: what `after` is compared with; the record itself where it is None.
            after: the set whose effect is asked for.
            enforces_observers: whether policies in `mode: observe` count in both.
            approvals: those in the ledger that still count, with those from before `since` that may lie in a
                window; None where nothing is known of them, so that all count.
            since: from when on decisions are looked at.
        """
        self.both = Both(before, after, enforces_observers=enforces_observers)
        known = None if approvals is None else {(one.policy, one.at, one.action_id) for one in approvals}
        self._counting = known
        earlier = [one for one in approvals or () if since is not None and one.at < since]
        self._before = None if before is None else Course(before.policies, earlier)
        self._after = Course(after.policies, earlier)
        self._tally = Tally()
        self._told: set[str] = set()

    @property
    def totals(self) -> Totals:
        """The counts over everything that was looked at so far."""
        return self._tally.totals()

    def look(self, judged: Judged, fed: Collection[str] = ()) -> Flip | Unsaid | None:
        """Judge a recorded decision by both sets; return what is to be told of its action, once for each.

        Args:
            judged: the decision; moment by moment, those of one moment as `in_order` has them.
            fed: the lists that were fed from elsewhere in the set that made it.
        """
        self._tally.see(judged)
        pairs, found = self._pairs(judged, fed)
        fates = {(before.fate, after.fate) for before, after in pairs}
        is_sure = len(fates) == 1
        self._go_on(judged, pairs[0] if is_sure else (recorded(judged), recorded(judged)))
        if judged.action_id in self._told or (fates and all(one is other for one, other in fates)):
            return None
        self._told.add(judged.action_id)
        told = _flip(judged, pairs[0], self._by(pairs[0])) if is_sure else _unsaid(judged, fates, found)
        self._tally.tell(told)
        return told

    def _pairs(self, judged: Judged, fed: Collection[str]) -> tuple[list[Pair], tuple[Open, ...]]:
        """Return what comes of it, in every way in which it may have been; nothing where those are too many."""
        kind, facts = kind_of(judged), judged.facts
        tenant = _tenant_of(judged)
        answers = self.both.answers(kind, tenant, facts)
        settled, found = self.both.open(kind, tenant, facts, fed)
        if len(found) > MOST_OPEN:
            return [], found
        if not found and not settled:
            return [self._pair(judged, answers)], ()
        known = self.both.compiled(kind, tenant, facts.now)
        return [self._pair(judged, way) for way in every_way(answers, settled, found, known)], found

    def _pair(self, judged: Judged, answers: Answers) -> Pair:
        after = self._after.judgement(judged, _ruled(self.both.after, answers, judged))
        if self._before is None:
            return recorded(judged), after
        return self._before.judgement(judged, _ruled(self.both.before, answers, judged)), after

    def _go_on(self, judged: Judged, pair: Pair) -> None:
        still_counts = self._counting is None or any(
            (name, judged.at, judged.action_id) in self._counting for name in judged.policies
        )
        if self._before is not None:
            self._before.go_on(judged, pair[0], still_counts=still_counts)
        self._after.go_on(judged, pair[1], still_counts=still_counts)

    def _by(self, pair: Pair) -> tuple[str, ...]:
        """Return the policies that make the difference: deciding on one side only, or changed; else whose limit it is."""
        before, after = pair
        theirs = (self._before or self._after).policies
        ours = self._after.policies
        sides = (
            {(name, theirs[name].digest if name in theirs else "") for name in before.policies},
            {(name, ours[name].digest) for name in after.policies},
        )
        differing = {name for name, _ in sides[0] ^ sides[1]}
        passed = [one.policy for one in (*after.weighed, *before.weighed) if one.is_over and one.policy]
        return tuple(sorted(differing)) or tuple(passed[:1]) or after.policies or before.policies


def _tenant_of(judged: Judged) -> str:
    return str(judged.facts.values.get("tenant.id", ""))


def _ruled(side: Side, answers: Answers, judged: Judged) -> Ruled:
    return side.ruled(answers, kind_of(judged), _tenant_of(judged), judged.facts)


def _flip(judged: Judged, pair: Pair, by: tuple[str, ...]) -> Flip:
    messages, is_estimated = messages_of(judged)
    approves = Fate.APPROVE in {one.fate for one in pair}
    return Flip(
        action_id=judged.action_id,
        number=judged.number,
        at=judged.at,
        kind=kind_of(judged),
        before=pair[0],
        after=pair[1],
        by=by,
        messages=messages if approves else 0,
        is_estimated=is_estimated and approves,
    )


def _unsaid(judged: Judged, fates: Collection[tuple[Fate, Fate]], found: Sequence[Open]) -> Unsaid:
    return Unsaid(
        action_id=judged.action_id,
        number=judged.number,
        at=judged.at,
        kind=kind_of(judged),
        facts=tuple(sorted({name for each in found for name in each.missing})),
        before=tuple(sorted({before for before, _ in fates} or set(Fate))),
        after=tuple(sorted({after for _, after in fates} or set(Fate))),
        policies=tuple(sorted({each.name for each in found})),
    )


class Tally:
    """Counts while it goes on."""

    def __init__(self) -> None:
        self._actions: set[str] = set()
        self._older: set[str] = set()
        self._sums: Counter[str] = Counter()
        self._between: Counter[str] = Counter()
        self._by_policy: Counter[str] = Counter()

    def see(self, judged: Judged) -> None:
        """Count a decision that is looked at."""
        self._actions.add(judged.action_id)
        self._sums["decisions"] += 1
        if judged.facts.vocabulary < VOCABULARY:
            self._older.add(judged.action_id)

    def tell(self, told: Flip | Unsaid) -> None:
        """Count what is told of an action."""
        if isinstance(told, Unsaid):
            self._sums["unsaid"] += 1
            return
        before, after = told.before.fate, told.after.fate
        self._sums["flips"] += 1
        self._sums["messages_more"] += told.messages * (after is Fate.APPROVE)
        self._sums["messages_fewer"] += told.messages * (before is Fate.APPROVE)
        self._sums["held_more"] += after is Fate.HELD
        self._sums["held_fewer"] += before is Fate.HELD
        self._sums["estimated"] += told.is_estimated
        self._between[f"{before} -> {after}"] += 1
        self._by_policy.update(told.by)

    def totals(self) -> Totals:
        """Return the counts."""
        return Totals(
            actions=len(self._actions),
            older=len(self._older),
            between=dict(sorted(self._between.items())),
            by_policy=dict(sorted(self._by_policy.items())),
            **self._sums,
        )
