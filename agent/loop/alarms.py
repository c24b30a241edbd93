"""An alarm that stands for exactly as long as there is something to say."""

from datetime import datetime

from agent.model.alarm import Alarm
from agent.ports.ledger import Ledger


async def let_stand(ledger: Ledger, name: str, words: str, now: datetime) -> None:
    """Let the alarm of this name stand with these words, or end where there are none.

    Raises:
        LedgerError, Conflict: it cannot be written.
    """
    if words:
        await ledger.raise_alarm(Alarm(name=name, since=now, words=words))
    else:
        await ledger.clear_alarm(name, now)
