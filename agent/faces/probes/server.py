"""The server of the probes, on a thread and an event loop of its own.

So a probe is answered while the agent's loop is blocked, and says that it is; and no request, however many there are,
takes a turn of the agent's loop. What routes read must be ready in memory: nothing of the agent's loop can be awaited here.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from starlette.applications import Starlette

from agent.faces.listening import Server, listening_at

AT_ONCE = 32
"""Connections that are served at the same time; one more is served in place of one that is silent."""

WITHIN = 2.0
"""Seconds within which a whole request must have come: probes are short, and come from near."""

PATIENCE = 10.0
"""Seconds for the server to begin and to end."""

log = structlog.get_logger()


@contextmanager
def serving(place: str, app: Starlette) -> Iterator[int]:
    """Answer probes at this address inside the `with`, and give the port.

    Raises:
        SettingsError: nothing can listen there.
    """
    with listening_at("health.listen", place, "does another agent answer there?") as listener:
        running = _Running(listener, app)
        running.start()
        try:
            yield listener.getsockname()[1]
        finally:
            running.stop()


class _Running:
    """One server on its thread."""

    def __init__(self, listener: socket.socket, app: Starlette) -> None:
        self._listener = listener
        self._is_ready = threading.Event()
        self._server = Server(app, None, self._is_ready.set, at_once=AT_ONCE, within=WITHIN)
        self._thread = threading.Thread(target=self._serve, name="probes", daemon=True)

    def start(self) -> None:
        """Return once it answers."""
        self._thread.start()
        self._is_ready.wait(PATIENCE)

    def stop(self) -> None:
        """Finish what is being answered."""
        self._server.should_exit = True
        self._thread.join(PATIENCE)

    def _serve(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._listener]))
        except Exception:  # who probes notices; the agent goes on
            log.exception("probes are not answered any more")
