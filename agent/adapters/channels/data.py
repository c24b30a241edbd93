"""A notice as data, for programs: the same fields in a webhook's body and in a line of a file.

Texts are as the attacker wrote them, apart from what cannot be seen, which is shown as its escape, and cut visibly: a
program that shows them has to escape them for wherever it does.
"""

from collections.abc import Sequence
from datetime import datetime

from agent.adapters.channels.layout import KIND, NAME, TITLE, WHAT, WORDS, link_of, usable
from agent.model.escalation import Item, Notice
from agent.scrub.visible import visible

Data = dict[str, object]


def data_of(notice: Notice, items: Sequence[Item], limit: int = WHAT) -> Data:
    """Return a notice with these of its items; `total` counts all, carried or not."""
    return {
        "id": visible(notice.id, NAME * 4),
        "page": visible(notice.page_id, NAME * 4),
        "key": visible(notice.key, NAME * 4),
        "channel": visible(notice.channel, NAME),
        "chain": visible(notice.chain, NAME),
        "occasion": notice.occasion.value,
        "urgency": notice.urgency.value,
        "at": moment(notice.at),
        "title": visible(notice.title, TITLE),
        "words": visible(notice.words, WORDS),
        "step": notice.step,
        "deadline": None if notice.deadline is None else moment(notice.deadline),
        "link": link_of(notice),
        "insteadOf": visible(notice.instead_of, NAME) or None,
        "total": notice.total,
        "amount": notice.amount,
        "figures": dict(notice.figures),
        "items": [_item(item, limit) for item in items],
    }


def moment(at: datetime) -> str:
    """Return a moment in UTC as RFC 3339 writes it, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _item(item: Item, limit: int) -> Data:
    return {
        "action": visible(item.action_id, NAME * 2),
        "kind": visible(item.kind, KIND),
        "what": visible(item.what, limit),
        "why": visible(item.why, limit),
        "need": item.need.value,
        "incident": visible(item.incident_id, NAME),
        "incidentUrl": usable(item.incident_url),
        "deadline": moment(item.deadline),
        "amount": item.amount,
        "approvers": item.approvers,
    }
