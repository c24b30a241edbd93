"""Acknowledgements: each pauses the chain for as long as the chain says, and answers nothing."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from agent.judge.escalation.timetable import pause_of
from agent.model.chain import Chain
from agent.model.escalation import Acknowledgement, Heard, Page


def hear(chain: Chain, page: Page, heard: Sequence[Heard], now: datetime) -> Page:
    """Return the page with the acknowledgements that are about what people were last told on a channel."""
    for one in sorted(heard, key=lambda each: (each.at, not each.is_acknowledged, each.by)):
        if _channels(page, one.key):
            page = _acknowledged(chain, page, one, now) if one.is_acknowledged else _taken_back(page, one)
    return page


def _channels(page: Page, key: str) -> tuple[str, ...]:
    """Return the channels whose newest notice is under this key; none where it has been overtaken."""
    return tuple(told.channel for told in page.told if f"{page.id}:{told.generation}" == key)


def _acknowledged(chain: Chain, page: Page, one: Heard, now: datetime) -> Page:
    before = page.acknowledged
    if before is not None and one.at <= before.at:
        return page
    paused = page.paused
    if before is not None:
        ended = msgspec.structs.replace(before, until=min(before.until, one.at))
        paused += pause_of(ended, page).total_seconds()
    on = _channels(page, one.key)
    fresh = Acknowledgement(
        at=one.at, by=one.by, channel=on[0] if len(on) == 1 else "", until=min(one.at, now) + chain.quiet
    )
    return msgspec.structs.replace(page, acknowledged=fresh, paused=paused)


def _taken_back(page: Page, one: Heard) -> Page:
    before = page.acknowledged
    if before is None or not before.at <= one.at < before.until:
        return page
    return msgspec.structs.replace(page, acknowledged=msgspec.structs.replace(before, until=one.at))
