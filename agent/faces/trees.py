"""Policies and their conditions as they turned out, as people read them: the same words on a terminal and on a page."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from agent.judge.quote import moment
from agent.model.decision import Match
from agent.model.explanation import (
    Bearing,
    Branch,
    Entry,
    Held,
    Hours,
    Joint,
    Leaf,
    PolicyTree,
    Sample,
    Sight,
    Tree,
)

JOINTS = {Joint.ALL: "all of these", Joint.ANY: "any of these", Joint.NOT: "not this"}

BEARINGS = {
    Bearing.DECIDED: "decided",
    Bearing.UNDECIDED: "cannot tell, and so a person decides",
    Bearing.SHADOW: "observes: does not count",
    Bearing.OUTRANKED: "outranked by a higher priority",
    Bearing.INFORMED: "only informs",
    Bearing.NEAREST: "did not match, and came nearest",
    Bearing.APART: "did not match",
}

ANSWERS = {Match.MATCHED: "matched", Match.UNDECIDED: "cannot tell", Match.NOT_MATCHED: "did not match"}

UNFOLDED = frozenset({Bearing.DECIDED, Bearing.UNDECIDED, Bearing.SHADOW, Bearing.NEAREST})
"""What is shown whole; of the others only what kept them from matching, until somebody asks."""

WORDS = {Held.HELD: "yes", Held.FAILED: "no", Held.UNKNOWN: "unknown"}


class Tone(StrEnum):
    """Whether a condition lets its policy match: one of `unless` does where it fails."""

    HELD = "held"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One condition, and those it is made of. Every text may quote an attacker's."""

    held: str
    """`yes`, `no` or `unknown`: whether what it says is so."""
    tone: Tone
    words: str
    line: int
    notes: tuple[str, ...] = ()
    """From where each fact is, why it is unknown where it is, and which entries of lists it is about."""
    of: str = ""
    """Which message the parts are about."""
    parts: tuple["Node", ...] = ()


def bearing(policy: PolicyTree) -> str:
    """Say what a policy had to do with the decision."""
    said = BEARINGS[policy.bearing]
    if policy.bearing is Bearing.SHADOW and policy.fallen:
        said = f"{policy.fallen}: does not count"
    if policy.bearing in (Bearing.SHADOW, Bearing.OUTRANKED, Bearing.INFORMED):
        return f"{ANSWERS[policy.answer]}, {said}"
    return said


def node(tree: Tree, *, is_wanted: bool = True) -> Node:
    """Return a condition as people read it; `is_wanted` is False where it stands in the way when it holds."""
    is_inner_wanted = is_wanted
    notes: tuple[str, ...] = ()
    parts: tuple[Tree, ...] = ()
    of = ""
    match tree:
        case Branch(joint=joint, parts=parts):
            words = JOINTS[joint]
            is_inner_wanted = is_wanted is not (joint is Joint.NOT)
        case Leaf():
            words = tree.words
            notes = (*_sights(tree), *map(entry, tree.entries))
        case Sample():
            words = counted(tree)
            notes = (tree.unknown,) if tree.unknown else ()
            parts = () if tree.part is None else (tree.part,)
            of = telling(tree)
        case Hours():
            words = tree.words
            notes = tuple(map(entry, tree.entries))
    return Node(
        held=WORDS[tree.held],
        tone=_tone(tree.held, is_wanted=is_wanted),
        words=words,
        line=tree.mark.line,
        notes=notes,
        of=of,
        parts=tuple(node(part, is_wanted=is_inner_wanted) for part in parts),
    )


def _tone(held: Held, *, is_wanted: bool) -> Tone:
    if held is Held.UNKNOWN:
        return Tone.UNKNOWN
    return Tone.HELD if (held is Held.HELD) is is_wanted else Tone.FAILED


def _sights(leaf: Leaf) -> Iterator[str]:
    for one in leaf.seen:
        start = f"`{one.fact}` " if len(leaf.seen) > 1 else ""
        yield f"{start}{sight(one)}"


def sight(one: Sight) -> str:
    """Say where a fact is from, and why it tells nothing where it does not."""
    said = f"from {one.source}"
    return f"{said}; unknown: {one.unknown}" if one.unknown else said


def counted(sample: Sample) -> str:
    """Say in how many messages a condition held."""
    unknown = f", unknown in {sample.unknown_in:,}" if sample.unknown_in else ""
    if not sample.messages:
        return f"messages, {sample.asked} asked: there are none to look at"
    return f"messages, {sample.asked} asked: it holds in {sample.held_in:,} of {sample.messages:,}{unknown}"


def telling(sample: Sample) -> str:
    """Say which message is shown, of how many; empty where there is none."""
    if sample.telling is None:
        return ""
    label = f" ({sample.telling_label})" if sample.telling_label else ""
    others = ", the others are not shown" if sample.messages > 1 else ""
    return f"message {sample.telling:,} of {sample.messages:,}{label}{others}"


def entry(one: Entry) -> str:
    """Say which entry of which list it is, who put it there, and until when it counts."""
    return f"{one.wording} is in ${one.list}{''.join(_about(one))} ({one.file}:{one.line})"


def _about(one: Entry) -> Iterator[str]:
    if one.reason:
        yield f": {one.reason}"
    if one.owner:
        yield f", owner {one.owner}"
    if one.ticket:
        yield f", ticket {one.ticket}"
    if one.expires is not None:
        yield f", {'ended' if one.is_over else 'until'} {moment(one.expires)}"
