"""A notice -> the same, saying that the agent only observes: whoever is woken by it must not rely on it."""

from msgspec.structs import replace

from agent.model.escalation import Notice, Occasion

OPENING = "Only observing: "
"""How a title begins then."""

ONLY = "The agent only observes: it carries nothing out, whatever is answered. What has to be done is done in Defender."

OF_ITSELF = frozenset({Occasion.ALARM, Occasion.TEST})
"""Occasions that are about the agent, and ask nobody to decide anything."""


def as_observed(notice: Notice) -> Notice:
    """Return what is told while the agent only observes."""
    if notice.occasion in OF_ITSELF:
        return notice
    return replace(notice, title=f"{OPENING}{notice.title}", words=f"{ONLY} {notice.words}".rstrip())
