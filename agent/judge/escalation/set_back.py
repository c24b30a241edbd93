"""A page of a clock that was ahead -> the same as of now: a clock that is set right must not keep people from hearing.

What was written down as of a later moment was done before this one. Left as it is, nothing more would be told of the
page until the clock has come there.
"""

from datetime import datetime

from msgspec.structs import replace

from agent.model.chain import Chain
from agent.model.escalation import Acknowledgement, Page


def is_ahead(page: Page, now: datetime) -> bool:
    """Whether the page was opened, told or acknowledged at a moment that is yet to come."""
    acknowledged = page.acknowledged.at if page.acknowledged is not None else None
    return any(at is not None and at > now for at in (page.opened, page.paged_at, page.told_at, acknowledged))


def set_back(chain: Chain, page: Page, now: datetime) -> Page:
    """Return the page with nothing in it that is yet to come."""
    if not is_ahead(page, now):
        return page
    return replace(
        page,
        opened=min(page.opened, now),
        paged_at=None if page.paged_at is None else min(page.paged_at, now),
        told=tuple(replace(one, at=min(one.at, now)) for one in page.told),
        acknowledged=None if page.acknowledged is None else _pause(chain, page.acknowledged, now),
    )


def _pause(chain: Chain, pause: Acknowledgement, now: datetime) -> Acknowledgement:
    return replace(pause, at=min(pause.at, now), until=min(pause.until, now + chain.quiet))
