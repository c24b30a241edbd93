"""What the service manager is told: that the agent has begun, how it fares, and now and then that it is not stuck."""

from agent.adapters.supervisor import Supervisor
from agent.loop.watch import Watch
from agent.model.health import Health

EVERY = 10.0
"""Seconds from one line on how it fares to the next."""

SHARE = 3
"""How often it is told that it is not stuck within the time after which the manager would end it."""


class Supervised:
    """Tells the service manager, once a second at most."""

    def __init__(self, manager: Supervisor, watch: Watch) -> None:
        self._manager = manager
        self._watch = watch
        self._is_begun = False
        self._told: float | None = None
        self._fed: float | None = None

    def round(self) -> None:
        """Tell what is due."""
        if not self._manager.is_there:
            return
        now = self._watch.elapsed()
        begins = not self._is_begun and self._watch.has_begun
        is_hungry = self._is_hungry(now)
        if not (begins or is_hungry or self._told is None or now - self._told >= EVERY):
            return
        alive = self._watch.alive()
        said = {"READY": "1"} if begins else {}
        if is_hungry and alive.ok:
            said["WATCHDOG"] = "1"
        if not self._manager.tell(**said, STATUS=status(alive)):
            return
        self._is_begun = self._is_begun or begins
        self._told = now
        self._fed = now if "WATCHDOG" in said else self._fed

    def _is_hungry(self, now: float) -> bool:
        """Whether the manager's own watchdog is to be told again that the agent is not stuck."""
        patience = self._manager.watches_for
        return patience is not None and (self._fed is None or now - self._fed >= patience / SHARE)

    def stop(self) -> None:
        """Tell that it ends."""
        self._manager.tell(STOPPING="1", STATUS="stopping")


def status(health: Health) -> str:
    """Return in one line how a process fares."""
    wrong = [f"{one.name}: {one.words}" for one in health.checks if not one.ok]
    if wrong:
        return f"in trouble: {'; '.join(wrong)}"
    return next((f"working: {one.words}" for one in health.checks if one.name == "passes"), "no tenant yet")
