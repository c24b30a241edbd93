"""What guard rails, caps and limits said about one decision, one word for each."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from agent.judge.guard import over, span
from agent.judge.quote import counted
from agent.model.decision import Decision, Verb, Weighed

STANDS, KEPT, ASKS = "stands", "kept", "asks"


class GuardWord(msgspec.Struct, frozen=True, kw_only=True):
    """One guard rail, cap or limit, and what it said."""

    name: str
    words: str
    word: str
    """`stands` against an approval, was `kept`, or `asks` for people."""
    until: datetime | None = None


def guard_words(decision: Decision) -> Iterator[GuardWord]:
    """Give what each said, those that stood against an approval first."""
    for one in decision.held:
        yield GuardWord(name=one.guard, words=one.words, word=STANDS, until=one.until)
    if decision.guard and not any(one.guard == decision.guard for one in decision.held):
        passed = next((one for one in decision.weighed if one.is_over), None)
        if passed is None:
            yield GuardWord(name=decision.guard, words=decision.reason, word=STANDS)
    for weighed in decision.weighed:
        yield _weighed(weighed)
    if decision.approvers > 1 and not decision.answered:
        people = counted(decision.approvers, "person has", "people have")
        yield GuardWord(name="approvers", words=f"{people} to approve it", word=ASKS)


def _weighed(one: Weighed) -> GuardWord:
    name = one.cap or f"limits of {one.policy}"
    if one.is_over:
        return GuardWord(name=name, words=over(one), word=STANDS)
    asked = f"and this takes {one.asked:,}"
    words = f"{one.spent:,} of {one.count:,} {one.unit} in {span(one.window)} are spent, {asked}: kept"
    return GuardWord(name=name, words=words, word=KEPT)


def no_guard(decision: Decision | None) -> str:
    """Say why no guard said anything; empty where one did."""
    if decision is None:
        return "nothing was decided yet"
    if decision.held or decision.guard or decision.weighed or decision.approvers > 1:
        return ""
    if decision.verb is Verb.APPROVE:
        return "no guard rail stood against it"
    return "no guard rail said anything: they are asked about what is approved"
