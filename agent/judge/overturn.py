"""(What policies had deleted or approved, what became of it) -> which policies fall back to observing, and why.

Overturned is an approval that a person took back with `air-agent undo`, and a deletion of which a copy lies in a mailbox
folder again though it was seen to be gone, and no undo of ours had put it there. An approval from before the last
fallback of its policy ended does not count again: whoever ended that knew of it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from agent.judge.quote import counted
from agent.model.decision import Decision, Verb
from agent.model.defender import MAILBOX_LOCATIONS, Mail
from agent.model.enactment import Effect, EffectSeen, Pair, Record
from agent.model.fallback import Fallback

WITHIN = timedelta(days=14)
"""How long after a deletion it counts that somebody moved a message back."""

LATE = timedelta(days=1)
"""How much later than that the last look may be: when it was moved nobody can tell."""


def moved_back(effect: Effect, mail: Mail, undone: Collection[Pair]) -> tuple[Pair, ...]:
    """Return the copies of a deletion that was seen to have worked which lie in a mailbox folder now.

    Who moved them is UNCONFIRMED: hunting and `analyzedEmails` say where a copy is, and not whether an administrator
    put it there, its owner from the recoverable items, or Defender itself. On the safe side any of these counts: a policy
    that observes too early costs people work, one that goes on deleting what people want back costs more.

    Args:
        effect: the deletion.
        mail: where the copies are now.
        undone: the copies that an undo of ours has claimed, for whichever action.
    """
    back = {copy.pair for copy in mail.messages if copy.location in MAILBOX_LOCATIONS}
    return tuple(target for target in effect.targets if target in back and target not in undone)


def is_looked_at(record: Record | None, effect: Effect, now: datetime) -> bool:
    """Whether all that was deleted for the record was seen to be gone, in that life of it, and not too long ago."""
    if record is None or effect.sent_at is None or now - effect.sent_at > WITHIN + LATE:
        return False
    if effect.sent_at >= record.action.first_seen:
        return record.confirmation.effect is EffectSeen.CONFIRMED
    return record.worked_before is not None and effect.sent_at < record.worked_before


def taken_back_words(action_id: str) -> str:
    """Say that a person took back what was done. It names nobody: it becomes part of the set of policies."""
    return f"a person took back what it had done for action {action_id}"


def moved_back_words(action_id: str, count: int) -> str:
    """Say that messages were moved back. It names nobody either."""
    copies = counted(count, "copy", "copies")
    lie = "lies" if count == 1 else "lie"
    return (
        f"{copies} of what it had deleted for action {action_id} {lie} in a mailbox again, and no undo of the agent"
        " put that back"
    )


def overturned(
    effects: Iterable[Effect],
    decisions: Sequence[Decision],
    ended: Mapping[str, datetime],
    words: str,
    now: datetime,
) -> Iterator[Fallback]:
    """Give the fallbacks of the policies by which these effects of one action were approved.

    Args:
        effects: those that were overturned.
        decisions: all of the action's.
        ended: when the last fallback of each policy ended, of those that had one.
        words: what was overturned.
        now: the moment from which on they observe.
    """
    moments = {effect.intended_at for effect in effects}
    told: set[str] = set()
    for decision in decisions:
        is_ours = decision.verb is Verb.APPROVE and not decision.answered
        if not is_ours or decision.at not in moments:
            continue
        for policy in decision.policies:
            is_known = policy in ended and decision.at <= ended[policy]
            if is_known or policy in told:
                continue
            told.add(policy)
            yield Fallback(
                policy=policy,
                since=now,
                action_id=decision.action_id,
                words=words,
                revision=decision.revision,
            )
