"""One written value to one typed value, or the words for why it is none."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any

from agent.settings import guards, telemetry, web, zones
from agent.settings.durations import duration, written
from agent.settings.fields import Field
from agent.settings.secret import Secret
from agent.settings.subjects import Cloud

WRITTEN: Mapping[str, Callable[[str], object]] = {
    "hours": guards.hours,
    "freeze": guards.freezes,
    "names": guards.names,
    "hosts": guards.hosts,
    "variables": guards.variables,
    "listen": web.listen,
    "url": web.url,
    "role": web.role,
    "line": web.line,
    "kinds": web.kinds,
    "zone": zones.zone,
    "collector": telemetry.collector,
}
"""What reads each form, and raises ValueError where it cannot."""

WHOLE = re.compile(r"-?[0-9]{1,12}")
DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")

REFUSED_CLOUDS = {
    "china": "Microsoft Graph has no Defender security API in China (21Vianet)",
    "germany": "Microsoft closed the German cloud in 2021",
    "beta": "the agent speaks v1.0 only, which each cloud has",
    "dod": "it is called `usGovL5` here",
    "gcch": "it is called `usGovL4` here",
    "gcchigh": "it is called `usGovL4` here",
    "gcc": "GCC tenants use the cloud `global`",
    "usgov": "say which: `usGovL4` (GCC High) or `usGovL5` (DoD)",
    "public": "it is called `global` here",
    "commercial": "it is called `global` here",
}
"""Words that people try, lower case, letters and digits only, and what to tell them."""


def value(field: Field, text: str) -> Any:
    """Return what `text` says for this setting.

    Raises:
        ValueError: it says nothing that this setting takes; the message goes after the quoted text.
    """
    if field.type is str:
        return _text(field, text)
    if field.type is bool:
        return _truth(text)
    if field.type is int:
        return int(_bounded(field, text, WHOLE, "a whole number"))
    if field.type is float:
        return _bounded(field, text, DECIMAL, "a number")
    if field.type is timedelta:
        return _length(field, text)
    if field.type is datetime:
        return _moment(text)
    if field.type is Path:
        return _path(text)
    if field.type is Secret:
        return Secret(text)
    assert issubclass(field.type, StrEnum)  # noqa: S101  the structs have no other types, and a test sets them all
    return _word(field.type, text)


def _text(field: Field, text: str) -> str:
    shape = (field.meta.extra or {}).get("written")
    if shape is not None:
        WRITTEN[shape](text)
    if field.meta.pattern and not re.fullmatch(field.meta.pattern, text):
        raise ValueError(f"is not {field.meta.description}")
    return text.lower() if field.meta.pattern else text


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("is not `true` or `false`")
    return text == "true"


def _bounded(field: Field, text: str, shape: re.Pattern[str], words: str) -> float:
    low, high = field.meta.ge or 0, field.meta.le or math.inf
    if shape.fullmatch(text) is None or not low <= float(text) <= high:
        raise ValueError(f"is not {words} from {low} to {high}")
    return float(text)


def _length(field: Field, text: str) -> timedelta:
    found = duration(text)
    bounds = field.meta.extra or {}
    least, most = duration(bounds["least"]), duration(bounds["most"])
    if not least <= found <= most:
        raise ValueError(f"is not from `{written(least)}` to `{written(most)}`")
    return found


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError("is not a moment with its zone: write it such as `2026-08-20T12:00:00Z`")
    return found.astimezone(UTC)


def _path(text: str) -> Path:
    if "\0" in text:
        raise ValueError("is not a path")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("names a home folder that is not there") from None


def _word(words: type[StrEnum], text: str) -> StrEnum:
    for word in words:
        if word.value == text:
            return word
    letters = re.sub("[^a-z0-9]", "", text.lower())
    if words is Cloud and letters in REFUSED_CLOUDS:
        raise ValueError(f"is not a cloud that the agent works in: {REFUSED_CLOUDS[letters]}")
    close = get_close_matches(letters, [word.value.lower() for word in words], n=1, cutoff=0.7)
    if close:
        (meant,) = (word for word in words if word.value.lower() == close[0])
        raise ValueError(f"is not a word here: did you mean `{meant.value}`?")
    raise ValueError(f"is not one of {', '.join(f'`{word.value}`' for word in words)}")
