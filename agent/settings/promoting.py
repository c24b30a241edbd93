"""The settings of the bar that a policy passes before it enforces."""

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.model.promotion import Bar

BAR = Bar()


class Promoting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of a policy before `policy promote` lets it enforce."""

    actions: Annotated[int, Meta(ge=1, le=1_000_000)] = BAR.actions
    """At least so many of its decisions are compared with what people did. With 30 that all agree, people agree in 88 % or more."""
    looser: Annotated[int, Meta(ge=0, le=1_000_000)] = BAR.looser
    """At most so many of them people rejected though it would have approved, or approved though it would have rejected. None by default: each such one is somebody's mail."""
    days: Annotated[int, Meta(ge=0, le=365)] = BAR.days
    """For at least so many days it was observed as it is now. A week has seen each day of the week."""

    def bar(self) -> Bar:
        """Return it as it is asked for."""
        return Bar(actions=self.actions, looser=self.looser, days=self.days)
