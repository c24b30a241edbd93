"""The alarms of channels: one stands from when a channel was given up until it takes something again."""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.model.alarm import Alarm
from agent.ports.world import World

ALARM = "channel "
"""How the names of these alarms begin; the channel's name follows."""


@dataclass(slots=True)
class Failing:
    """Which channels fail; None before that was looked up."""

    names: set[str] | None = None

    async def complain(self, world: World, channel: str, words: str) -> None:
        """Let the alarm of a channel stand, and say why."""
        (await self._names(world)).add(channel)
        said = f"`{channel}` does not take what people are to be told: {words}"
        alarm = Alarm(name=f"{ALARM}{channel}", since=world.clock.now(), words=said)
        await world.ledger.raise_alarm(alarm)

    async def mended(self, world: World, channel: str) -> None:
        """End the alarm of a channel, where it stands."""
        names = await self._names(world)
        if channel in names:
            await world.ledger.clear_alarm(f"{ALARM}{channel}", world.clock.now())
            names.discard(channel)

    async def forget_all_but(self, world: World, channels: Iterable[str]) -> None:
        """End the alarms of channels that are not there any more."""
        for name in await self._names(world) - set(channels):
            await self.mended(world, name)

    async def _names(self, world: World) -> set[str]:
        if self.names is None:
            alarms = await world.ledger.alarms()
            self.names = {one.name.removeprefix(ALARM) for one in alarms if one.name.startswith(ALARM)}
        return self.names
