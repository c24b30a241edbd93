"""Going through what people decided, for drafts of policies: what there is of it, and what drafts make of it.

Both go through the same proposals, a part at a time, with what was known before people decided: of facts no more than a part is
kept.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import msgspec

from agent.judge.compile import Judge
from agent.judge.report.compare import stand
from agent.judge.report.grouping import outcome, tally_of
from agent.judge.report.rate import agreement
from agent.judge.suggest.lived import TENANT, decided, lived
from agent.loop.comparing import compared
from agent.model.decision import Verb
from agent.model.facts import Facts
from agent.model.report import Asked, Compared, Tally
from agent.model.suggestion import Draft, LeftOut, Lived, Tried, Why
from agent.model.truth import Truth
from agent.ports.archive import Archive

AT_ONCE = 500
"""Decisions whose facts are read together."""

Progress = Callable[[int, int], None]

Known = tuple[Compared, Truth, Facts | None]
"""A proposal, what people decided, and what was known before; None where nothing is recorded of that."""

UNJUDGED = "people decided them before policies had looked at them"
UNRECORDED = "what was known then is not recorded, or was imported for several proposals of one action"


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What drafts make of what people decided."""

    drafts: Mapping[str, Tried]
    before: Tally
    """By the present policies, observing ones counted."""
    after: Tally
    """By these and the drafts."""


async def lives_of(
    archive: Archive, asked: Asked, judge: Judge, progress: Progress | None = None
) -> tuple[list[Lived], tuple[LeftOut, ...]]:
    """Return what people decided in a window, as far as a draft may go by it, and how much of it that is not.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    lives: list[Lived] = []
    without: dict[str, Counter[Verb | None]] = {UNJUDGED: Counter(), UNRECORDED: Counter()}
    async for one, truth, facts in _decided(archive, asked, progress):
        if facts is None:
            without[UNJUDGED if one.decided is None else UNRECORDED][truth.verb] += 1
        else:
            lives.append(lived(one, truth, facts, judge))
    return lives, tuple(
        LeftOut(
            why=Why.UNSAID,
            sort=None,
            approved=verbs[Verb.APPROVE],
            rejected=verbs[Verb.REJECT],
            words=words,
        )
        for words, verbs in without.items()
        if verbs
    )


async def tried(
    archive: Archive,
    asked: Asked,
    drafts: Sequence[Draft],
    judges: tuple[Judge, Judge],
    progress: Progress | None = None,
) -> Trial:
    """Return what drafts make of the same proposals.

    Args:
        archive: whose history it is.
        asked: what it is about.
        drafts: those that are tried.
        judges: the present policies, and these with all drafts.
        progress: told now and then how many decisions were gone through, and of how many.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    present, beside = judges
    verbs = {one.name: one.verb for one in drafts}
    tallies: dict[str, Counter[str]] = {name: Counter() for name in verbs}
    contrary: Counter[str] = Counter()
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    async for one, truth, facts in _decided(archive, asked, progress):
        if facts is None:
            continue
        before[_outcome(one, truth, decided(present, one.kind, facts)[0])] += 1
        verb, policies = decided(beside, one.kind, facts)
        counted = _outcome(one, truth, verb)
        after[counted] += 1
        for name in verbs.keys() & set(policies):
            tallies[name][counted] += 1
        tenant = str(facts.values.get(TENANT, ""))
        for match in beside.evaluate(one.kind, tenant, facts).matched:
            name = match.policy.name
            contrary[name] += name in verbs and verbs[name] is not truth.verb
    return Trial(
        drafts={
            name: Tried(
                tally=tally_of(tallies[name]),
                agreement=agreement(tally_of(tallies[name]), asked.enough),
                contrary=contrary[name],
            )
            for name in verbs
        },
        before=tally_of(before),
        after=tally_of(after),
    )


def _outcome(one: Compared, truth: Truth, verb: Verb) -> str:
    standing, unknown = stand(verb, truth)
    return outcome(msgspec.structs.replace(one, verb=verb, standing=standing, unknown=unknown))


async def _decided(archive: Archive, asked: Asked, progress: Progress | None) -> AsyncIterator[Known]:
    """Give each proposal that people decided, with what was known when policies decided last before them."""
    some: list[tuple[Compared, Truth]] = []
    async for one in compared(archive, asked, progress=progress):
        if one.truth is not None and one.truth.verb is not None:
            some.append((one, one.truth))
        if len(some) == AT_ONCE:
            for known in await _with_facts(archive, some):
                yield known
            some = []
    for known in await _with_facts(archive, some):
        yield known


async def _with_facts(archive: Archive, some: Sequence[tuple[Compared, Truth]]) -> list[Known]:
    places = [(one.action_id, one.number) for one, _ in some if one.decided is not None]
    facts = await archive.facts(places)
    return [
        (one, truth, facts.get((one.action_id, one.number)) if one.decided is not None else None)
        for one, truth in some
    ]
