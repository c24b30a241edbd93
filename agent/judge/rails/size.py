"""One action that is too large is a person's, whatever room the caps leave."""

from agent.judge.guard import messages_in
from agent.judge.quote import counted
from agent.judge.rails.scene import Scene
from agent.model.decision import Guarded
from agent.model.defender import MailClusterEvidence
from agent.model.enactment import MAIL_EFFECTS
from agent.model.rails import MOST_MESSAGES

GUARD = "size"


def size(scene: Scene) -> Guarded | None:
    """Say that it has too many messages, or touches too many mailboxes."""
    messages, most = messages_of(scene), min(scene.rails.messages_per_action, MOST_MESSAGES)
    if messages > most:
        words = f"it has {counted(messages, 'message', 'messages')}, and {most:,} are the most for one action"
        return Guarded(guard=GUARD, words=words)
    mailboxes = len(
        {pair[1] for effect in scene.effects if effect.kind in MAIL_EFFECTS for pair in effect.targets}
    )
    if mailboxes > scene.rails.mailboxes_per_action:
        most = scene.rails.mailboxes_per_action
        words = (
            f"it is in {counted(mailboxes, 'mailbox', 'mailboxes')}, and {most:,} are the most for one action"
        )
        return Guarded(guard=GUARD, words=words)
    return None


def messages_of(scene: Scene) -> int:
    """Return how many messages it is about: what would be sent, or what Defender says, whichever is more.

    Clusters grow after they were counted, and hunting may not have seen all of one yet. Source: [AVR].
    """
    sent = messages_in(scene.effects)
    evidence = scene.action.evidence
    if not sent or not isinstance(evidence, MailClusterEvidence):
        return sent
    return max(sent, evidence.email_count or 0, len(evidence.network_message_ids))
