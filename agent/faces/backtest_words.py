"""A backtest in sentences, for every face alike."""

import re
from itertools import takewhile

from agent.faces.telling import KINDS, commit
from agent.judge.quote import counted, moment
from agent.model.backtest import Backtest, Compared, Flip, Judgement, Totals, Unsaid
from agent.model.facts import VOCABULARY


def compared(one: Compared) -> str:
    """Return what a set is called, and which it is exactly."""
    parts = [f"revision {one.revision}"] if one.revision else []
    if one.git:
        parts.append(f"git {commit(one.git)}")
    return f"{one.name} ({', '.join(parts)})" if parts else one.name


def looked_at(found: Backtest) -> str:
    """Return what was looked at."""
    totals = found.totals
    if found.first is None or found.last is None:
        since = f" since {moment(found.since)}" if found.since is not None else ""
        return f"the ledger has no decisions{since}"
    decisions = counted(totals.decisions, "decision", "decisions")
    actions = counted(totals.actions, "action", "actions")
    return f"{decisions} on {actions}, from {moment(found.first)} to {moment(found.last)}"


def headline(totals: Totals) -> str:
    """Return how many actions flip, and of how many it cannot be said."""
    flips = counted(totals.flips, "action flips", "actions flip") if totals.flips else "no action flips"
    return f"{flips}, of {totals.unsaid:,} it cannot be said" if totals.unsaid else flips


def consequences(totals: Totals) -> tuple[str, ...]:
    """Return what the flips come to together, a sentence each."""
    said = []
    if totals.messages_more or totals.messages_fewer:
        estimated = counted(totals.estimated, "action", "actions")
        doubt = (
            f" (estimated for {estimated}, whose messages were not counted then)" if totals.estimated else ""
        )
        said.append(
            f"messages deleted: {totals.messages_more:,} more, {totals.messages_fewer:,} fewer{doubt}"
        )
    if totals.held_more or totals.held_fewer:
        said.append(f"approvals held by limits: {totals.held_more:,} more, {totals.held_fewer:,} fewer")
    if totals.older:
        are = "action was" if totals.older == 1 else "actions were"
        said.append(
            f"{totals.older:,} {are} decided before vocabulary {VOCABULARY}: newer facts were not recorded then"
        )
    return tuple(said)


def came(judgement: Judgement) -> str:
    """Return what comes of an action, such as `held by limits of p`."""
    return f"held by {judgement.guard}" if judgement.guard is not None else judgement.fate.value


def what(one: Flip | Unsaid) -> str:
    """Return what would be done to what."""
    return f"{KINDS[one.kind]}: {one.label}" if one.label else KINDS[one.kind]


def parts_of_reasons(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return two reasons on the same action in their parts, without what it is about, which ends both."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(reversed(before), reversed(after), strict=False))
    shared = before[len(before) - sum(1 for _ in same) :]
    about = shared[shared.index(" (") :] if shared.endswith(")") and " (" in shared else ""
    return _parts(before.removesuffix(about)), _parts(after.removesuffix(about))


def _parts(reason: str) -> list[str]:
    return _BETWEEN.split(reason)


_BETWEEN = re.compile(r"; (?:otherwise )?|(?<=^policies disagree): ")
"""What stands between the parts of a reason."""

LATER = "each action is told at the first of its decisions that differs: the later ones hang on it"
