"""The settings of reports, and what the loop is told of them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.model.report import ENOUGH
from agent.model.schedule import Schedule, Sent


class Reporting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Reports: when they are sent by themselves, and where to, also while the agent only observes."""

    send: Sent = Sent.NONE
    """`daily` or `weekly` sends the report of the day, or the week from Monday on, that is over; `none` sends none. None by default: only you know who reads it."""
    hour: Annotated[int, Meta(ge=0, le=23)] = 8
    """The hour of the day at which it is sent, in `report.zone`; weekly ones on Mondays. One that was missed is sent as soon as the agent runs again."""
    zone: Annotated[str, Meta(extra={"written": "zone"})] = "UTC"
    """The IANA zone, such as `Europe/Madrid`, by which days and weeks begin, and the hour is told."""
    channel: str | None = None
    """The channel that it is sent through, by its name in `channels/` beside the policies: mail has the whole report with it, a chat gets a few lines. Needed for `report.send`; none that pages people."""
    enough: Annotated[int, Meta(ge=1, le=1_000_000)] = ENOUGH
    """Compared actions below which a report says no rate: it is too few to say. Of 20 that all agree, the true share may still be 84 %."""

    def schedule(self) -> Schedule | None:
        """Return when reports are sent; None where none are."""
        if self.send is Sent.NONE or self.channel is None:
            return None
        return Schedule(
            every=self.send, hour=self.hour, zone=self.zone, channel=self.channel, enough=self.enough
        )
