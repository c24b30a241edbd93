"""How the soft deletion of messages is carried out: the copies that are still in mailboxes and not sent yet."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from agent.judge.plans.batches import batches
from agent.judge.plans.means import Means, Present, Step, done_already, effects, hand_off, is_own
from agent.judge.quote import counted
from agent.model.decision import Decision
from agent.model.defender import MAILBOX_LOCATIONS, Mail
from agent.model.enactment import Cover, EffectKind, Pair, Plan, Way
from agent.model.pending import PendingAction

DEDUPLICATION = timedelta(hours=1)
"""An approval this young is not repeated; at exactly an hour it is not either.

Source: [SEED]; whether Microsoft's own hour is inclusive is UNCONFIRMED.
"""


def copies_in_mailboxes(mail: Mail) -> tuple[Pair, ...]:
    """Return what a soft delete would take: each copy that is in a mailbox folder, once, in a fixed order."""
    return tuple(sorted({copy.pair for copy in mail.messages if copy.location in MAILBOX_LOCATIONS}))


def soft_deletion(decision: Decision, action: PendingAction, present: Present, means: Means) -> Plan:
    """Return how messages are soft-deleted."""
    if lack := means.lacks(EffectKind.SOFT_DELETE):
        return hand_off(lack)
    mail = present.mail
    if mail is None or mail.unresolved:
        why = mail.why if mail is not None else ""
        return hand_off(why or "its messages could not be looked up")
    if any(copy.location is None for copy in mail.messages):
        return hand_off("where a copy is now is said in a word that is not known here")
    targets = copies_in_mailboxes(mail)
    if not targets:
        return done_already("no copy is in a mailbox any more: there is nothing left to delete")
    covered = {
        target: cover
        for target in targets
        if (cover := present.cover(EffectKind.SOFT_DELETE, target, action)) is not None
    }
    missing = tuple(target for target in targets if target not in covered)
    bygone = [
        cover
        for cover in covered.values()
        if cover.is_departed or (cover.action_id == action.id and not is_own(cover, action))
    ]
    leaned = tuple(
        target for target, cover in covered.items() if cover.action_id != action.id and not cover.is_departed
    )
    if not missing and bygone:
        return _bygone(bygone)
    if not missing:
        return _all_sent(decision, targets, leaned, covered)
    known = len(targets) - len(missing)
    why = f"soft delete of {_copies(len(missing))} in mailboxes"
    if known:
        would = any(cover.is_observed for cover in covered.values())
        why += f"; {known:,} more {'would have been' if would else 'were'} sent before and are not sent again"
    places = {copy.pair: copy.location or "" for copy in mail.messages}
    steps = [
        Step(kind=EffectKind.SOFT_DELETE, targets=batch, before=tuple(places[target] for target in batch))
        for batch in batches(missing, means.targets_per_call)
    ]
    return Plan(
        way=Way.REMEDIATE,
        why=why,
        effects=effects(decision, action, steps, means.went),
        leaned=leaned,
    )


def _all_sent(
    decision: Decision, targets: tuple[Pair, ...], leaned: tuple[Pair, ...], covered: Mapping[Pair, Cover]
) -> Plan:
    """Return the plan where every copy was sent before, by this action or by others."""
    others = [covered[target] for target in leaned]
    if not others:
        are = "was sent before and is" if len(targets) == 1 else "were sent before and are"
        return done_already(f"{_copies(len(targets))} {are} not sent again")
    first = min(others, key=lambda cover: (cover.intended_at, cover.effect_id))
    if any(cover.is_observed for cover in others):
        # Where it is only observed nothing goes, so that what was covered stays so, however long ago that was.
        return Plan(
            way=Way.REMEDIATE,
            why=f"{_copies(len(targets))} would have been taken by action {first.action_id}",
            leaned=leaned,
            duplicate_of=first.action_id,
        )
    if decision.at - max(cover.intended_at for cover in others) <= DEDUPLICATION:
        return Plan(
            way=Way.REMEDIATE,
            why=f"{_copies(len(targets))} are covered by action {first.action_id}, approved within the hour",
            leaned=leaned,
            duplicate_of=first.action_id,
        )
    return hand_off(
        f"{_copies(len(targets))} were sent for action {first.action_id} over an hour ago and are still in"
        " mailboxes: a deletion is never sent twice, so a person has to look"
    )


def _bygone(covers: Sequence[Cover]) -> Plan:
    """Return the plan where copies are left that were sent in an earlier week, or before the ledger was restored."""
    is_lost = any(cover.is_departed for cover in covers)
    when = "before the ledger was restored" if is_lost else "in an earlier week"
    was, lies = ("was", "is") if len(covers) == 1 else ("were", "are")
    return hand_off(
        f"{_copies(len(covers))} {was} sent {when} and {lies} in mailboxes: a deletion is never sent twice, so a person has"
        " to look"
    )


def _copies(count: int) -> str:
    return counted(count, "copy", "copies")
