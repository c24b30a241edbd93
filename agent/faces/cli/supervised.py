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
        said: dict[str, str] = {}
        if not self._is_begun and self._watch.has_begun:
            said["READY"] = "1"
        alive = self._watch.alive()
        watches_for = self._manager.watches_for
        is_fed = self._fed is not None and watches_for is not None and now - self._fed < watches_for / SHARE
        if watches_for is not None and alive.ok and not is_fed:
            said["WATCHDOG"] = "1"
        if said or self._told is None or now - self._told >= EVERY:
            said["STATUS"] = status(alive)
        if not said or not self._manager.tell(**said):
            return
        self._is_begun = self._is_begun or "READY" in said
        self._told = now
        self._fed = now if "WATCHDOG" in said else self._fed

    def stop(self) -> None:
        """Tell that it ends."""
        self._manager.tell(STOPPING="1", STATUS="stopping")


def status(health: Health) -> str:
    """Return in one line how a process fares."""
    wrong = [f"{one.name}: {one.words}" for one in health.checks if not one.ok]
    if wrong:
        return f"in trouble: {'; '.join(wrong)}"
    return next((f"working: {one.words}" for one in health.checks if one.name == "passes"), "no tenant yet")
