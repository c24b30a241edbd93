"""What people decided is gone through once for drafts, and once more to see what they make of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.judge.compile import Judge, compile_set
from agent.judge.parse import parse_set
from agent.judge.suggest.drafting import Ground, policies_of
from agent.judge.suggest.grouping import LEAST, found
from agent.loop import suggesting
from agent.loop.suggesting import UNJUDGED, UNRECORDED, lives_of, tried
from agent.model.decision import Verb
from agent.model.history import Ending
from agent.model.imported import Imported, Importing
from agent.model.report import Asked
from agent.model.suggestion import Draft
from tests.decided import DAY, Decision, a_decided, consistently, remember, some_facts
from tests.judge.suggest.scenes import FILES, a_judge
from tests.ledgers import open_ledger
from tests.makers import NOW, TENANT

ASKED = Asked(tenant_id=TENANT, since=NOW - 90 * DAY, until=NOW)
YES, NO = Verb.APPROVE, Verb.REJECT


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqlLedger]:
    async with open_ledger(f"sqlite:///{tmp_path}/ledger.db", TENANT) as opened:
        yield opened


def an_imported(decided: Decision) -> Imported:
    record, truth = decided
    assert record.decision is not None
    return Imported(
        action=record.action,
        decision=record.decision,
        ended=Ending.ELSEWHERE,
        ended_at=truth.at,
        status="remediated",
        truth=truth,
    )


def an_importing() -> Importing:
    return Importing(since=NOW - 30 * DAY, until=NOW, policies="", read=NOW, alerts_read=NOW, is_whole=True)


async def test_what_was_known_before_people_decided_counts_and_nothing_after(ledger: SqlLedger) -> None:
    """What is read again after people decided may have their decision in it."""
    record, truth = a_decided(1, facts=some_facts(size=5))
    assert record.decision is not None
    later = msgspec.structs.replace(
        record.decision, at=truth.at + timedelta(minutes=1), facts=some_facts(size=900), grounds="later"
    )
    await ledger.save([record], truths=[truth], now=NOW)
    await ledger.save([msgspec.structs.replace(record, version=1, decision=later)], now=NOW)
    lives, without = await lives_of(ledger.archive, ASKED, a_judge())

    assert [dict(one.sizes) for one in lives] == [{"cluster.mailboxCount": 5, "recipients.count": 5}]
    assert without == ()


@pytest.mark.parametrize("at_once", [1, 7, 500])
async def test_it_is_the_same_however_much_is_read_together(
    at_once: int, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggesting, "AT_ONCE", at_once)
    await remember(ledger, consistently(10))
    lives, _ = await lives_of(ledger.archive, ASKED, a_judge())

    assert sorted(one.sizes["recipients.count"] for one in lives) == list(range(1, 11))


async def test_what_was_imported_counts_where_it_is_the_only_one_of_its_action(ledger: SqlLedger) -> None:
    single, first = an_imported(a_decided(1)), an_imported(a_decided(2, days=12))
    second = an_imported(a_decided(2, days=3))
    await ledger.imports.bring_in([single, first, second], [], an_importing())
    lives, without = await lives_of(ledger.archive, ASKED, a_judge())

    assert [(one.action_id, one.number) for one in lives] == [(single.action.id, 0)]
    assert [(one.words, one.approved) for one in without] == [(UNRECORDED, 2)]


async def test_what_people_decided_before_policies_is_told_apart(ledger: SqlLedger) -> None:
    record, truth = a_decided(1)
    early = msgspec.structs.replace(truth, at=truth.at - timedelta(hours=2))
    await ledger.save([record], truths=[early], now=NOW)
    lives, without = await lives_of(ledger.archive, ASKED, a_judge())

    assert lives == []
    assert [(one.words, one.approved, one.rejected) for one in without] == [(UNJUDGED, 1, 0)]


async def test_drafts_are_tried_on_all_that_people_decided(ledger: SqlLedger) -> None:
    told: list[tuple[int, int]] = []
    await remember(ledger, consistently(20))
    lives, _ = await lives_of(ledger.archive, ASKED, a_judge())
    (draft,) = found(lives, LEAST, []).drafts
    await remember(
        ledger,
        [a_decided(50, NO, facts=some_facts(size=3)), a_decided(51, NO, facts=some_facts(size=30))],
    )
    await ledger.save([a_decided(60)[0]], now=NOW)
    early, truth = a_decided(61)
    before = msgspec.structs.replace(truth, at=truth.at - timedelta(hours=2))
    await ledger.save([early], truths=[before], now=NOW)
    trial = await tried(
        ledger.archive,
        ASKED,
        [draft],
        (a_judge(), _with(draft)),
        lambda done, of: told.append((done, of)),
    )

    assert trial.drafts[draft.name].contrary == 1
    assert (trial.drafts[draft.name].tally.agreed, trial.drafts[draft.name].tally.looser) == (20, 1)
    assert trial.drafts[draft.name].agreement is not None
    assert (trial.before.agreed, trial.before.left, trial.after.agreed, trial.after.looser) == (0, 20, 20, 1)
    assert told[-1] == (24, 24)


def _with(draft: Draft) -> Judge:
    ground = Ground(files=FILES, folder="policies", owner="soc@contoso.org")
    return compile_set(parse_set({**FILES, **policies_of([draft], ground)}))
