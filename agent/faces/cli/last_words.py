"""What a process says that ends itself because it stands still: why, and where each thread and task of it stood.

It is written to the log's file and to standard error by themselves: the log may be what it hangs in.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from agent.adapters.watchdog import STANDARD_ERROR, Stack
from agent.faces.documents import ascii_json
from agent.scrub.visible import visible
from agent.settings.subjects import Log, LogFormat

EVENT = "ends itself: it stands still"

LINE = 2000
"""Characters of a line for people."""


def say(settings: Log, now: Callable[[], datetime], why: str, stood: Sequence[Stack], code: int) -> None:
    """Write why the process ends with this exit code, as the log's lines look, to wherever it still can be written."""
    text = (_line if settings.format is LogFormat.JSON else _for_people)(now(), why, stood, code).encode()
    with suppress(OSError):
        if settings.file is not None:
            _write(os.open(settings.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), text)
    with suppress(OSError):
        if sys.__stderr__ is not None:
            _write(STANDARD_ERROR, text)


def _line(now: datetime, why: str, stood: Sequence[Stack], code: int) -> str:
    told = {
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": "critical",
        "event": EVENT,
        "why": why,
        "exit_code": code,
        "stacks": {one.of: one.frames for one in stood},
    }
    return f"{ascii_json(told)}\n"


def _for_people(now: datetime, why: str, stood: Sequence[Stack], code: int) -> str:
    lines = [f"{now.isoformat(timespec='milliseconds')} [critical] {EVENT}: {why}: exit code {code}"]
    for one in stood:
        lines += [f"  {one.of}", *(f"    {frame}" for frame in one.frames)]
    return "".join(f"{visible(line, LINE)}\n" for line in lines)


def _write(descriptor: int, text: bytes) -> None:
    while text:
        text = text[os.write(descriptor, text) :]
