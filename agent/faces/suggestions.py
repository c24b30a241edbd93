"""What people consistently decided, and the drafts of it, in sentences and as the README beside the drafts.

A sender's domain is foreign text: in the README it stands in code, in which nothing acts.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from agent.faces.backtest_markdown import code, markdown
from agent.faces.report.numbers import rated
from agent.judge.quote import counted, moment
from agent.judge.suggest.drafting import Drafted
from agent.judge.suggest.naming import in_words
from agent.judge.suggest.policy_text import DONE
from agent.model.backtest import Backtest, Fate
from agent.model.report import Tally
from agent.model.suggestion import Draft, LeftOut, Tried, Why

REASONS: Mapping[Why, str] = {
    Why.TOO_FEW: "too few",
    Why.ONE_DAY: "all on one day",
    Why.UNSURE: "too few to be sure",
    Why.DISAGREED: "people disagreed",
    Why.COVERED: "covered already",
    Why.RULED: "the policies say otherwise",
    Why.KIND: "kind is not drafted",
    Why.UNSAID: "not all was known",
    Why.NO_EXAMPLE: "no example",
    Why.CHECK: "does not pass policy check",
    Why.LOOSER: "decides otherwise than people",
}

MOST = 200
"""Flips that the README tells one by one."""


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run came to."""

    since: datetime
    until: datetime
    lives: int
    """Proposals that people decided, and of which is known what was known before."""
    enough: int
    policies: str
    """The folder of the present policies."""
    drafts: tuple[Drafted, ...]
    tried: Mapping[str, Tried]
    before: Tally
    after: Tally
    left_out: tuple[LeftOut, ...]
    backtest: Backtest | None
    """None where there is no draft."""


def evidence(draft: Draft) -> str:
    """Return what a draft rests on."""
    one = draft.evidence
    people = f" by {counted(one.people, 'person', 'people')}" if one.people else ""
    return f"{one.lives:,} of {one.lives:,} {DONE[draft.verb]}{people} on {one.days:,} days"


def expected(tried: Tried) -> str:
    """Return how what it would have decided stands to what people did."""
    tally = tried.tally
    return f"{tally.agreed:,} agreed, {tally.looser:,} looser, {tally.stricter:,} stricter"


def flips_of(found: Backtest, name: str) -> int:
    """Return how many recorded actions come out otherwise by the draft."""
    return sum(name in one.by for one in found.flips)


def held_of(found: Backtest, name: str) -> int:
    """Return how many of them its limits would have held."""
    return sum(name in one.by and one.after.fate is Fate.HELD for one in found.flips)


def of_what(one: LeftOut) -> str:
    """Return what is left out."""
    return "several sorts" if one.sort is None else in_words(one.sort)


def decisions(one: LeftOut) -> str:
    """Return what people decided on it."""
    return f"{one.approved:,} approved, {one.rejected:,} rejected"


def agreement(tally: Tally) -> str:
    """Return how often policies decided as people did."""
    return f"{tally.agreed:,} agreed of {tally.compared:,} compared, {tally.looser:,} looser"


def readme(found: Suggested) -> str:
    """Return the README beside the drafts."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Suggested) -> Iterator[str]:
    yield "# Drafts of policies"
    yield ""
    yield (
        f"Made by `air-agent policy suggest` from {counted(found.lives, 'proposal', 'proposals')} that people decided "
        f"from {moment(found.since)} to {moment(found.until)}. Nothing here is in force. Read each draft, move what is "
        "meant to your policies together with its cases, and run `air-agent policy check` and `air-agent policy test`. A "
        "policy that was moved there observes until `air-agent policy promote`."
    )
    for one in found.drafts:
        yield from _draft(one, found)
    yield ""
    yield "## All of them together"
    yield ""
    yield f"* without them, observing policies counted: {agreement(found.before)}"
    yield f"* with them: {agreement(found.after)}"
    if found.left_out:
        yield ""
        yield "## Left out"
        yield ""
        yield "| what | people | why |"
        yield "| --- | --- | --- |"
        for each in found.left_out:
            why = REASONS[each.why]
            more = f": {code(each.words)}" if each.words else ""
            yield f"| {code(of_what(each).replace('`', ''))} | {decisions(each)} | {why}{more} |"
    if found.backtest is not None:
        yield ""
        yield "## What would have been decided otherwise"
        yield ""
        yield "Recorded decisions, judged once more by the present policies and by these with all drafts, as if all enforced."
        yield "What `air-agent backfill` brought in is no record, and is not in it."
        yield ""
        yield markdown(found.backtest, most=MOST)


def _draft(one: Drafted, found: Suggested) -> Iterator[str]:
    draft = one.draft
    tried = found.tried[draft.name]
    yield ""
    yield f"## {draft.name}"
    yield ""
    yield f"* decides: {draft.verb} {code(in_words(draft.sort).replace('`', ''))}"
    rate = draft.evidence.rate
    yield f"* rests on: {evidence(draft)}, which is {rated(rate)}; nobody decided otherwise"
    yield f"* expected: {expected(tried)}"
    if found.backtest is not None:
        flips = counted(flips_of(found.backtest, draft.name), "recorded action", "recorded actions")
        held = held_of(found.backtest, draft.name)
        yield f"* otherwise: {flips}{f', {held:,} of them held by its limits' if held else ''}"
    yield f"* files: `{draft.name}.yaml`, `{draft.name}.cases.yaml` with {counted(one.count, 'case', 'cases')}"
    for remark in one.remarks:
        yield f"* policy check, {remark.severity}: {code(remark.message)}"
