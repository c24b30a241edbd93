"""Alarms that stand for as long as something is wrong with one of several things: a list, a policy."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.model.alarm import Alarm
from agent.ports.world import World


@dataclass(slots=True)
class StandingAlarms:
    """The alarms whose names begin so, and their words as they were last made to stand; None before the ledger was asked."""

    beginning: str
    words: dict[str, str] | None = None

    async def match(self, world: World, wrong: Mapping[str, str]) -> None:
        """Have one stand for each thing that is wrong, by its name and in these words, and end all others."""
        if self.words is None:
            standing = await world.ledger.alarms()
            self.words = {one.name: one.words for one in standing if one.name.startswith(self.beginning)}
        wanted = {f"{self.beginning}{name}": words for name, words in wrong.items()}
        now = world.clock.now()
        for name, words in wanted.items():
            if self.words.get(name) != words:
                await world.ledger.raise_alarm(Alarm(name=name, since=now, words=words))
        for name in self.words.keys() - wanted.keys():
            await world.ledger.clear_alarm(name, now)
        self.words = wanted
