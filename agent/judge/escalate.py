"""(Chain, what is on a page, what was heard, now) -> the page as it is then, and what to send.

The one door to escalation: what each of these does stands in its own module.
"""

from agent.judge.escalation.climb import Climbed, climb, opened
from agent.judge.escalation.gathered import digest, inform, summary, test_notices
from agent.judge.escalation.grouping import chain_for, group_of
from agent.judge.escalation.items import ending_of, item_of
from agent.judge.escalation.notices import moved_on
from agent.judge.escalation.storm import in_turn

__all__ = [
    "Climbed",
    "chain_for",
    "climb",
    "digest",
    "ending_of",
    "group_of",
    "in_turn",
    "inform",
    "item_of",
    "moved_on",
    "opened",
    "summary",
    "test_notices",
]
