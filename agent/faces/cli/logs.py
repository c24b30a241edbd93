"""The log, configured in one place: JSON lines in ASCII, or lines for people, to a file or standard error."""

import logging
import os
import sys
from collections.abc import Callable, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import structlog

from agent.faces.documents import ascii_json
from agent.model.errors import SettingsError
from agent.scrub.visible import visible
from agent.settings.subjects import Log, LogFormat

VALUE = 2000
"""Characters of one value in a line for people."""

LOUD = ("httpx", "httpcore", "azure", "msal", "uvicorn", "alembic", "sqlalchemy")
"""Libraries whose own lines below `warning` are not wanted; httpx's show whole URLs."""

Event = MutableMapping[str, Any]


def configure(settings: Log, now: Callable[[], datetime]) -> None:
    """Send every log line, the libraries' too, where the settings say, with the agent's own time.

    Raises:
        SettingsError: the file cannot be opened.
    """
    stream = _opened(settings.file) if settings.file is not None else sys.stderr
    _end_earlier()
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _stamped(now),
        structlog.processors.StackInfoRenderer(),
    ]
    ending: list[Any] = (
        [structlog.processors.format_exc_info, _json_line]
        if settings.format is LogFormat.JSON
        else [
            structlog.processors.format_exc_info,
            _made_visible,
            structlog.dev.ConsoleRenderer(colors=stream.isatty()),
        ]
    )
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    lines = _ToFile(stream) if settings.file is not None else logging.StreamHandler(stream)
    _libraries(lines, max(level, logging.WARNING), shared, ending)


class _ToFile(logging.StreamHandler[TextIO]):
    """Writes to a file that was opened for it, and that ends with it."""

    def close(self) -> None:
        """Close the file too."""
        self.stream.close()
        super().close()


def _end_earlier() -> None:
    """Close the file of an earlier configuration."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _ToFile):
            handler.close()


def _libraries(
    lines: "logging.StreamHandler[TextIO]", level: int, shared: list[Any], ending: list[Any]
) -> None:
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(level)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)


def _stamped(now: Callable[[], datetime]) -> Callable[[Any, str, Event], Event]:
    def stamp(_logger: Any, _name: str, event: Event) -> Event:
        event["timestamp"] = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return event

    return stamp


def _opened(path: Path) -> TextIO:
    """Open the file to add to, readable by nobody else: it names mailboxes and subjects."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`log.file`: `{path}` cannot be opened: {why}") from None
    return os.fdopen(number, "a", encoding="utf-8", buffering=1)


def _json_line(_logger: Any, _name: str, event: Event) -> str:
    ordered = {
        "timestamp": event.pop("timestamp", None),
        "level": event.pop("level", None),
        "event": event.pop("event"),
    }
    return ascii_json({**ordered, **{name: _plain(said) for name, said in event.items()}})


def _plain(said: Any) -> Any:
    if isinstance(said, tuple | list):
        return [_plain(one) for one in said]
    return said if isinstance(said, str | int | float | bool | type(None)) else str(said)


def _made_visible(_logger: Any, _name: str, event: Event) -> Event:
    """Keep a value from colouring or faking a line; a traceback keeps its lines and nothing else."""
    for name, said in event.items():
        if name == "exception":
            event[name] = "\n".join(visible(line, VALUE) for line in str(said).splitlines())
        elif name != "timestamp" and not isinstance(said, int | float | bool | type(None)):
            event[name] = visible(_spoken(said), VALUE)
    return event


def _spoken(said: Any) -> str:
    return ", ".join(map(str, said)) if isinstance(said, tuple | list) else str(said)
