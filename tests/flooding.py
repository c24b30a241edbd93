"""A tenant with very many actions, and how long others have to wait for their turn meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from time import thread_time

from agent.model.defender import Mail
from agent.model.page import Page
from tests.clock import ManualClock
from tests.fakes import FakeDefender
from tests.makers import a_cluster, a_copy, an_alert, an_incident


class Flood(FakeDefender):
    """Shows very many actions at once."""

    def __init__(self, clock: ManualClock, actions: int) -> None:
        super().__init__(clock)
        self.show(
            *(
                an_incident(
                    *(
                        an_alert(
                            a_cluster(query=f"Urls:{number}", first=number * 2, messages=2),
                            id=f"a{number}",
                            incident_id=str(first),
                        )
                        for number in range(first, first + 5)
                    ),
                    id=str(first),
                )
                for first in range(0, actions, 5)
            )
        )

    async def incidents_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        incidents = tuple(self.incidents.values()) if not self.asked["incidents"] else ()
        self.asked["incidents"] += 1
        for first in range(0, len(incidents), 50):
            yield Page(incidents=incidents[first : first + 50])

    async def mail(self, network_message_ids: Sequence[str]) -> Mail:
        return Mail(messages=tuple(a_copy(int(message[-12:])) for message in network_message_ids))


class Metronome:
    """Takes a turn at the event loop again and again, and knows how long it ever had to wait for one.

    By the time that this thread reckoned meanwhile, so that it says the same on a busy machine.
    """

    def __init__(self) -> None:
        self.longest = self.whole = 0.0

    async def keep(self) -> None:
        began = last = thread_time()
        while True:
            await asyncio.sleep(0.001)
            now = thread_time()
            self.longest, self.whole, last = max(self.longest, now - last), now - began, now
