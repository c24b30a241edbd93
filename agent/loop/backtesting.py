"""The ledger's decisions, page by page, judged by another set of policies; words only for what comes out otherwise."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from agent.judge.compile import Judge, compile_set
from agent.judge.decide import decide
from agent.judge.feed import fed_lists
from agent.judge.guard import guarded, limits_of
from agent.judge.parse import parse_set
from agent.judge.past.again import as_it_was
from agent.judge.past.backtest import Hindsight, in_order
from agent.model.backtest import Backtest, Compared, Flip, Judgement, Unsaid
from agent.model.enactment import Record
from agent.model.errors import PolicyError
from agent.model.past import Judged
from agent.model.policy import PolicySet
from agent.ports.ledger import Ledger

PAGE = 2000
"""Decisions read at a time."""

AT_ONCE = 500
"""Flips that are put into words together."""

MOST = 1_000_000
"""Decisions of one action that are read for the words of one of them."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Progress = Callable[[int, datetime], None]
"""Called with how many decisions were looked at, and when the last of them was made."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be compared. `before` is None for what the ledger recorded.

    `words` is how many flips are told with their reasons; None for all.
    """

    after: PolicySet
    after_name: str
    before: PolicySet | None = None
    before_name: str = "what was decided"
    since: datetime | None = None
    enforces_observers: bool = False
    words: int | None = None


async def backtest(ledger: Ledger, question: Question, on_progress: Progress | None = None) -> Backtest:
    """Judge the recorded decisions by both sets, and return which actions come out otherwise."""
    return await _Looking(ledger, question).through(on_progress)


class _Looking:
    """One way through the ledger."""

    def __init__(self, ledger: Ledger, question: Question) -> None:
        self.ledger = ledger
        self.question = question
        self.flips: list[Flip] = []
        self.unsaid: list[Unsaid] = []
        self._told: list[tuple[Judged, Flip | Unsaid]] = []
        self._judges: dict[str, Judge] = {}
        self._fed: dict[str, frozenset[str]] = {}

    async def through(self, on_progress: Progress | None) -> Backtest:
        question = self.question
        since = question.since
        earliest = BEGINNING if since is None else since - _longest(question)
        hindsight = Hindsight(
            question.before,
            question.after,
            enforces_observers=question.enforces_observers,
            approvals=await self.ledger.approvals(earliest),
            since=since,
        )
        first = last = None
        count = 0
        async for moment in _moments(self.ledger, since):
            first = first or moment[0].at
            last = moment[0].at
            await self._look(hindsight, in_order(moment))
            count += len(moment)
            if on_progress is not None:
                on_progress(count, last)
        await self._tell()
        return Backtest(
            before=_compared(question.before, question.before_name),
            after=_compared(question.after, question.after_name),
            since=since,
            first=first,
            last=last,
            totals=hindsight.totals,
            flips=tuple(self.flips),
            unsaid=tuple(self.unsaid),
        )

    async def _look(self, hindsight: Hindsight, judged: Sequence[Judged]) -> None:
        """Look at the decisions of one moment."""
        for one in judged:
            fed = await self._fed_in(one.revision) if hindsight.both.goes_by_lists else ()
            found = hindsight.look(one, fed)
            if found is not None:
                self._told.append((one, found))
        if len(self._told) >= AT_ONCE:
            await self._tell()

    async def _tell(self) -> None:
        """Put what was found into words, many at once: each has its label, and its reasons while those are wanted."""
        told, self._told = self._told, []
        records = await self.ledger.load([one.action_id for one, _ in told])
        for one, found in told:
            record = records.get(one.action_id)
            match found:
                case Unsaid():
                    label = "" if record is None else record.action.label
                    self.unsaid.append(msgspec.structs.replace(found, label=label))
                case Flip():
                    self.flips.append(found if record is None else await self._worded(one, found, record))

    async def _fed_in(self, revision: str) -> frozenset[str]:
        """Return the lists that were fed in the set of this revision; none where it is not kept."""
        known = self._fed.get(revision)
        if known is None:
            kept = await self.ledger.kept_set(revision)
            try:
                known = frozenset() if kept is None else fed_lists(parse_set(kept.files, is_past=True))
            except PolicyError:
                known = frozenset()
            self._fed[revision] = known
        return known

    async def _worded(self, judged: Judged, flip: Flip, record: Record) -> Flip:
        """Return the flip with its label and, as long as words are wanted, with its reasons."""
        labelled = msgspec.structs.replace(flip, label=record.action.label)
        words = self.question.words
        if words is not None and len(self.flips) >= words:
            return labelled
        before = self.question.before
        if before is None:
            newest_first = await self.ledger.decisions(action_id=judged.action_id, limit=MOST)
            reason_before = newest_first[len(newest_first) - judged.number].reason
        else:
            reason_before = self._reason(before, judged, flip.before, record)
        return msgspec.structs.replace(
            labelled,
            reason_before=reason_before,
            reason_after=self._reason(self.question.after, judged, flip.after, record),
        )

    def _reason(self, policies: PolicySet, judged: Judged, judgement: Judgement, record: Record) -> str:
        judge = self._judges.get(policies.revision)
        if judge is None:
            judge = self._judges[policies.revision] = compile_set(policies)
        decision = decide(
            judge,
            as_it_was(record.action, judged.facts, record.action.label),
            judged.facts,
            evidence="",
            enforces_observers=self.question.enforces_observers,
            version="",
        )
        return guarded(decision, judgement.weighed, judgement.held).reason


async def _moments(ledger: Ledger, since: datetime | None) -> AsyncIterator[list[Judged]]:
    """Give what policies decided, oldest first, all of one moment at a time; what people decide is no set's to change."""
    moment: list[Judged] = []
    last: Judged | None = None
    while page := await ledger.judged(since=since, after=last, limit=PAGE):
        last = page[-1]
        for one in filter(lambda judged: judged.is_of_policies, page):
            if moment and one.at != moment[0].at:
                yield moment
                moment = []
            moment.append(one)
    if moment:
        yield moment


def _longest(question: Question) -> timedelta:
    sets = [one for one in (question.before, question.after) if one is not None]
    windows = [limit.window for one in sets for policy in one.policies for _, limit in limits_of(policy)]
    return max(windows, default=timedelta(0))


def _compared(policies: PolicySet | None, name: str) -> Compared:
    if policies is None:
        return Compared(name=name)
    return Compared(name=name, revision=policies.revision, git=policies.git)
