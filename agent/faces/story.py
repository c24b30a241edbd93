"""Everything about one pending action, as a document: the same on a terminal, in JSON and on a page."""

from datetime import datetime

import msgspec

from agent.faces.pages import Open, opened
from agent.faces.telling import Row, action_center, row
from agent.judge.answering import is_waiting
from agent.judge.bind import offer_of
from agent.judge.exchange import commands
from agent.judge.worklist import needs_people
from agent.model.answer import Answer
from agent.model.decision import Decision
from agent.model.enactment import Confirmation, Effect, Offer, Plan, Record
from agent.model.hold import Hold
from agent.model.pending import KindSource, Sighting
from agent.model.truth import Truth
from agent.ports.escalation import Pages
from agent.ports.ledger import Ledger


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What `show --json` tells."""

    now: datetime
    action: Row
    kind_source: KindSource
    action_type: str | None
    """What AIR's own row calls it, as it came."""
    first_seen: datetime
    due: datetime | None
    """When the agent looks at it again, or judges it anew; None where it does neither any more."""
    decision: Decision | None
    plan: Plan | None
    effects: tuple[Effect, ...]
    confirmation: Confirmation
    why: str
    sightings: tuple[Sighting, ...]
    earlier: tuple[Decision, ...]
    """Decisions before the present one, newest first."""
    links: tuple[str, ...]
    commands: tuple[str, ...]
    """What a person can run in Exchange Online PowerShell instead of approving."""
    holds: tuple[Hold, ...]
    """While there is one, nothing is carried out."""
    pages: tuple[Open, ...] = ()
    """The pages that it was ever on, newest first: who was told of it, and when."""
    question: Offer | None
    """What people are asked to approve; its digest is what an answer is bound to."""
    answers: tuple[Answer, ...]
    """What people answered so far, oldest first."""
    truths: tuple[Truth, ...] = ()
    """What people decided, of each proposal that ended or was answered, oldest first."""


async def story(ledger: Ledger, pages: Pages, record: Record, now: datetime, cloud: str) -> Story:
    """Return everything that the ledger holds of this pending action."""
    action = record.action
    decisions = await ledger.decisions(action_id=action.id)
    investigation = action.proposal.link if action.proposal is not None else None
    links = (
        action.incident.web_url,
        investigation,
        *(one.web_url for one in action.sightings),
        action_center(cloud, action.tenant_id),
    )
    return Story(
        now=now,
        action=row(record, now),
        kind_source=action.kind_source,
        action_type=action.proposal.action_type if action.proposal is not None else None,
        first_seen=action.first_seen,
        due=record.due,
        decision=record.decision,
        plan=record.plan,
        effects=await ledger.effects(action.id),
        confirmation=record.confirmation,
        why=record.why,
        sightings=action.sightings,
        earlier=tuple(one for one in decisions if one != record.decision),
        links=tuple(dict.fromkeys(link for link in links if link)),
        commands=commands(record) if needs_people(record) else (),
        holds=await ledger.holds(),
        question=offer_of(record) if is_waiting(record) else None,
        answers=(await ledger.answers([action.id])).get(action.id, ()),
        truths=(await ledger.truths([action.id])).get(action.id, ()),
        pages=tuple([await opened(pages, page, now) for page in await pages.of_action(action.id)]),
    )
