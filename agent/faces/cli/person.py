"""Who runs this command."""

import os
import pwd
import socket


def person() -> str:
    """Return who runs this command, as the operating system knows them, and on which machine."""
    user = _name_of(os.getuid())
    behind = os.environ.get("SUDO_UID", "")
    if os.getuid() == 0 and behind.isdecimal() and behind != "0":
        user = f"{_name_of(int(behind))} as {user}"
    return f"{user} on {socket.gethostname()}"


def _name_of(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except (KeyError, OverflowError):
        return f"user {user_id}"
