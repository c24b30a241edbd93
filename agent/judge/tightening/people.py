"""Chains of a tenant beside those of the base: people are the tenant's own, how many of them and how is the base's to say.

An approval by people rests on what its chain asks for. So a chain that takes the place of one of the base asks for as much
as that; one of another name, which might be taken instead of any, for as much as each of them; and a policy that may put
its own chain in the place of another's names one that asks for as much as every policy and chain of the base does. Whom
a chain tells, when, and in which quiet hours, is the tenant's own, and so is who may answer.
"""

from collections.abc import Iterator, Sequence

import msgspec

from agent.judge.quote import counted, span
from agent.judge.tightening.doubts import Counting
from agent.judge.tightening.sides import Sides
from agent.model.chain import Chain, Fallback
from agent.model.errors import Problem
from agent.model.mark import Mark
from agent.model.policy import Policy

LEAVE = "leave the entries to the base, or have it say `perTenant: true` in its list"
AS_MANY = "name a chain in `escalation` that asks for as much as any policy and chain of the base"


def weaker_people(sides: Sides, counts: Counting) -> tuple[Problem, ...]:
    """Return where fewer people, or people more easily, could approve than the base asks for; each at its place."""
    changed = [*_changed(sides, counts)]
    of_tenant = ((one, one.file, one.mark_of("escalation"), f"`{one.name}`") for one in counts.whole)
    ours = [each for each in of_tenant if not sides.folders.is_base(each[1])]
    chains = tuple(_chains(sides))
    if chains:
        # Whatever goes to such a chain is in doubt too, and is mended with it.
        return chains
    found = []
    for one, file, mark, what in (*ours, *changed):
        words = _asks_few(one, counts.base, sides) or _leaves_few(one, sides)
        if words:
            found.append(Problem(file=file, line=mark.line, column=mark.column, message=f"{what} {words}"))
    return tuple(found)


def _changed(sides: Sides, counts: Counting) -> Iterator[tuple[Policy, str, Mark, str]]:
    """Give the policies of the base that go by what a tenant adds to a list, and where it adds that."""
    for one in counts.whole:
        added = next((each for each in sides.added if each.name in one.lists), None)
        if sides.folders.is_base(one.file) and added is not None:
            what = f"what is added to `${added.adds_to}`, by which `{one.name}` of the base goes,"
            yield one, added.file, added.mark, what


def _chains(sides: Sides) -> Iterator[Problem]:
    known = {one.name: one for one in sides.base.chains}
    for one in sides.whole.chains:
        if sides.folders.is_base(one.file):
            continue
        against = (known[one.name],) if one.name in known else sides.base.chains
        found = next(filter(None, (weaker(one, other) for other in against)), None)
        if found is not None:
            message = f"the chain `{one.name}` {found.words}: {found.mend}"
            yield Problem(file=one.file, line=one.mark.line, column=one.mark.column, message=message)


class Weaker(msgspec.Struct, frozen=True, kw_only=True):
    """In what a chain asks for less than another, and how to mend it."""

    words: str
    mend: str


def weaker(one: Chain, other: Chain) -> Weaker | None:
    """Return in what the chain asks for less than the other, of the base; None where it does not."""
    ours, theirs = one.approvers, other.approvers
    of = f"`{other.name}` of the base"
    if ours.need < theirs.need:
        words = f"asks for {ours.need} to approve, and {of} for {theirs.need}"
        return Weaker(words=words, mend=f"write `need: {theirs.need}`")
    if theirs.not_requester and not ours.not_requester:
        words = f"lets whoever asked approve, and {of} does not"
        return Weaker(words=words, mend="write `notRequester: true`")
    if ours.valid > theirs.valid:
        words = f"lets an approval count for {span(ours.valid)}, and {of} for {span(theirs.valid)}"
        return Weaker(words=words, mend="write `valid` no longer than that")
    if one.last_chance.decide is Fallback.REJECT and other.last_chance.decide is not Fallback.REJECT:
        words = f"rejects what nobody answered, and {of} does not"
        return Weaker(words=words, mend=f"write `decide: {other.last_chance.decide}`")
    return None


def _asks_few(one: Policy, base: Sequence[Policy], sides: Sides) -> str:
    """Return in words why the people that are asked where this policy decides may be too few; empty where they are not.

    Whatever it puts in doubt may have been approved by any policy of the base for such actions, or escalated to any chain.
    """
    chains = sides.whole.chains
    if not chains:
        return ""
    asked = [each for each in chains if one.escalation in (None, each.name)]
    least = min(each.approvers.need for each in asked)
    needs = {each.name: each.approvers for each in base if not each.kinds.isdisjoint(one.kinds)}
    who = max(needs, key=lambda name: needs[name], default="")
    mend = LEAVE if sides.folders.is_base(one.file) else AS_MANY
    name = f"the chain `{one.escalation}`" if one.escalation is not None else "a chain that is not named"
    if who and least < needs[who]:
        people = counted(needs[who], "person", "people")
        return f"may leave to {name}, which asks for {least}, what `{who}` of the base leaves to {people}: {mend}"
    for each in asked:
        found = next(filter(None, (weaker(each, other) for other in sides.base.chains)), None)
        if found is not None:
            return f"may leave to `{each.name}` what the base leaves to others, and it {found.words}: {mend}"
    return ""


def _leaves_few(one: Policy, sides: Sides) -> str:
    """Return in words that a policy of the base asks for more people than would be asked where it did not match."""
    least = min((each.approvers.need for each in sides.whole.chains), default=None)
    if not sides.folders.is_base(one.file) or least is None or one.approvers <= least:
        return ""
    return (
        f"may keep it from matching, so that {least} could approve what it leaves to {one.approvers}: {LEAVE}"
    )
