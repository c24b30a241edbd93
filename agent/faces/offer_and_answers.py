"""What people are asked, and what they have answered, in words: the same on a terminal and on a page."""

from collections.abc import Iterator
from datetime import datetime

from agent.judge.people import grant
from agent.judge.quote import counted, moment, quote
from agent.model.answer import Answer
from agent.model.decision import Verb
from agent.model.enactment import Offer, Way

FIRST = 10
"""Targets that are named."""


def asked(question: Offer) -> Iterator[str]:
    """Give what would be done if people approved, to what, and the digest that an answer is bound to."""
    if question.way is not Way.REMEDIATE:
        yield f"only a no counts here; approve it in Defender: {question.why}"
    else:
        yield f"if people approve: {question.why}"
    targets = [(effect.kind, target) for effect in question.effects for target in effect.targets]
    for kind, (what, place) in targets[:FIRST]:
        yield f"  {kind} {quote(what)}{f' in {quote(place)}' if place else ''}"
    if len(targets) > FIRST:
        yield f"  and {counted(len(targets) - FIRST, 'other target', 'other targets')}"
    if any(effect.senders_copy for effect in question.effects):
        yield "  and the sender's own copy of each message"
    yield f"digest {question.digest}"


def answer(one: Answer, now: datetime) -> str:
    """Return who answered what, when, why and by what right, and until when that counts."""
    done = "approved" if one.verb is Verb.APPROVE else "rejected"
    what = "it" if one.targets is None else f"{counted(len(one.targets), 'target', 'targets')} of it"
    until = ""
    if one.verb is Verb.APPROVE:
        until = f"; {'counts' if now < one.expires else 'counted'} until {moment(one.expires)}"
    return (
        f"{moment(one.at)}  {quote(one.person.name)} ({grant(one.grant)}, by {one.via}) {done} {what}: "
        f"{quote(one.reason, 1000)}{until}"
    )
