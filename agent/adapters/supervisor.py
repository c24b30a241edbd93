"""The service manager that started this process, told how it fares: systemd's notification protocol.

One datagram of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names; one that begins with `@` is in Linux's
abstract namespace. Where the manager watches (`WatchdogSec=`), it names in `WATCHDOG_USEC` after how long without a word
it ends the process, and in `WATCHDOG_PID` which process it means. These are a few lines over a socket, and no library.

Source: systemd's manual page sd_notify(3), section "Notes", and sd_watchdog_enabled(3).
"""

import os
import socket
from collections.abc import Mapping

SECONDS = 1_000_000
"""Microseconds in one."""


class Supervisor:
    """Tells the service manager; does nothing where there is none. It never waits, and what is not heard is said again."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self.watches_for = _watched(environ) if self._address else None
        """Seconds without a word after which it ends this process; None where it does not watch."""

    @property
    def is_there(self) -> bool:
        """Whether anybody wants to be told."""
        return bool(self._address)

    def tell(self, **said: str) -> bool:
        """Say these things, each as `NAME=value`, and return whether they were taken."""
        if not self._address:
            return False
        text = "\n".join(f"{name}={' '.join(value.split())}" for name, value in said.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(text.encode(), self._address)
            except OSError:
                return False
        return True


def _address(text: str) -> str:
    """Return the address of the socket; empty where there is none, or one of a kind that is none of these."""
    if text.startswith("@"):
        return f"\0{text[1:]}"
    return text if text.startswith("/") else ""


def _watched(environ: Mapping[str, str]) -> float | None:
    asked, meant = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not asked.isdecimal() or int(asked) == 0 or (meant and meant != str(os.getpid())):
        return None
    return int(asked) / SECONDS
