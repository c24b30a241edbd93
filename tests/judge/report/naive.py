"""The same report worked out as simply as can be: everything at once, in plain texts, with nothing shared with the agent's own."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import median_low
from typing import Any

from agent.model.history import Decided
from agent.model.report import Asked
from agent.model.truth import Truth

Life = list[Decided]


def lives(rows: Iterable[Decided]) -> list[Life]:
    """Cut the history into lives, by action and week."""
    by_action: dict[str, Life] = defaultdict(list)
    for row in rows:
        by_action[row.action_id].append(row)
    found: list[Life] = []
    for action_id in sorted(by_action):
        weeks: dict[Any, Life] = defaultdict(list)
        for row in by_action[action_id]:
            weeks[row.first_seen].append(row)
        found += [weeks[seen] for seen in sorted(weeks)]
    return found


def people(life: Life, truths: Sequence[Truth]) -> tuple[str, Any]:
    """Return what people did in one word, and when."""
    for one in truths:
        if (one.action_id, one.first_seen) == (life[0].action_id, life[0].first_seen):
            return (one.verb or one.unknown or "").replace("nobody", ""), one.at
    answers = [row for row in life if row.people]
    last = life[-1]
    if last.ended == "elsewhere":
        shown = {"declined": "reject", "remediated": "untold"}.get(last.status or "", "cancelled")
        if last.status == "declined" and last.at >= last.deadline - timedelta(hours=1):
            shown = "late"
    else:
        shown = "expired" if last.ended == "expired" else ""
    at = min(last.at, last.deadline) if shown == "expired" else last.at
    if not answers:
        return shown, at
    answer = "approve" if answers[-1].by == "guard" else str(answers[-1].verb)
    said = answers[-1].answered or answers[-1].at
    return ("contradicted" if shown == "reject" != answer else answer), said


def counted(rows: Iterable[Decided], truths: Sequence[Truth], asked: Asked) -> dict[str, Any]:
    """Return the numbers of a report."""
    total, in_force, whys = Counter[str](), Counter[str](), Counter[str]()
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    held, saved, messages, expired, otherwise = Counter[str](), [], 0, 0, 0
    for life in lives(rows):
        did, at = people(life, truths)
        is_decided = did in {"approve", "reject"}
        ours = [row for row in life if row.by in {"policies", "guard"} and not row.people and not row.ended]
        ours = [row for row in ours if not is_decided or row.at < at]
        row = ours[-1] if ours else None
        own = "" if row is None else "approve" if row.by == "guard" else str(row.verb)
        is_shadow = asked.lens == "would" and row is not None and row.shadow is not None
        verb = str(row.shadow) if row is not None and is_shadow else own
        guard = (
            None
            if row is None
            else row.shadow_guard
            if is_shadow and verb == "approve"
            else None
            if is_shadow
            else row.guard
        )
        names = () if row is None else (row.shadow_policies or row.policies) if is_shadow else row.policies
        moment = at if did else life[-1].at
        if not asked.since <= moment < asked.until or (asked.policies and not {*asked.policies} & {*names}):
            continue
        word = standing(verb, did)
        total[word] += 1
        in_force[standing(own, did)] += 1
        monday = (moment - timedelta(days=moment.weekday())).date().isoformat()
        for name in (*names, str(life[0].kind), monday):
            groups[name][word] += 1
        if word == "undecided":
            whys[(did or "nobody") if not is_decided else "left" if row is not None else "unjudged"] += 1
        if verb == "approve" and guard:
            held[guard] += 1
        expired += did == "expired"
        is_free = guard is None and verb in {"approve", "reject"}
        otherwise += did == "expired" and is_free and row is not None and row.at < row.deadline
        if row is not None and is_free and word == f"agreed {verb}":
            saved.append(at - row.at)
            messages += (row.targets or 0) if verb == "approve" and "softDelete" in row.kind else 0
    return {
        "total": total, "in_force": in_force, "whys": dict(whys), "groups": dict(groups), "held": dict(held),
        "saved": median_low(saved) if saved else None, "saved_of": len(saved), "messages": messages,
        "expired": (expired, otherwise),
    }  # fmt: skip


def standing(verb: str, did: str) -> str:
    """Return how it stands in one or two words."""
    table = {
        ("approve", "approve"): "agreed approve", ("reject", "reject"): "agreed reject", ("approve", "reject"): "looser",
        ("reject", "approve"): "rejected", ("escalate", "approve"): "left",
    }  # fmt: skip
    return table.get((verb, did), "undecided")
