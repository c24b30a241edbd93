"""(What a restored ledger does not remember, an action) -> why nothing is done for it by the agent alone.

Where the audit told what was sent since the backup, that is every action for which something was. Where it did not, it is
every one that may have been approved in the gap: it was there before the restore, or something that it would be done to
was. Mail is told by when it was received. Of an account, a rule or a device nothing says when it came, so that for a week
after the restore all of them count: nothing that was pending in the gap is pending after that.
"""

from datetime import datetime, timedelta

from agent.judge.quote import moment
from agent.model.defender import Mail
from agent.model.pending import MAIL_KINDS, PendingAction
from agent.model.restored import Gap, Restored

WEEK = timedelta(days=7)
"""How long a pending action waits at most."""


def unremembered(restored: Restored | None, action: PendingAction, mail: Mail | None, now: datetime) -> str:
    """Return what may have been done for the action that the ledger does not remember, in words; empty for nothing.

    Args:
        restored: what is known of restores; None where there was none.
        action: the pending action.
        mail: what it would be done to; None where that is no mail, or was looked at when it was decided.
        now: the moment.
    """
    if restored is None:
        return ""
    if words := restored.actions.get(action.id):
        return words
    for gap in restored.gaps:
        if not gap.is_known and _may_have_been_sent(gap, action, mail, now):
            return (
                f"the ledger was restored from the backup of {moment(gap.backup_at)}, and what was sent from then until"
                f" {moment(gap.at)} is not known: look in the Action center whether this was"
            )
    return ""


def _may_have_been_sent(gap: Gap, action: PendingAction, mail: Mail | None, now: datetime) -> bool:
    if action.first_seen < gap.at:
        return True
    if action.kind not in MAIL_KINDS:
        return now < gap.at + WEEK
    copies = mail.messages if mail is not None else ()
    return any(copy.received is None or copy.received < gap.at for copy in copies)
