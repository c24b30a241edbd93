"""JSON text that may be damaged, as Microsoft's APIs sometimes send it. Pure."""

import re
from typing import Any

import msgspec

from agent.model.errors import Malformed

_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)"
)
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def parse(body: bytes) -> Any:
    """Return what JSON text says. A lone surrogate and bytes that are not UTF-8 become U+FFFD.

    Raises:
        Malformed: the body is not JSON, or nested beyond reason.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _parse_damaged(body)
    except RecursionError as error:
        raise Malformed("the answer is nested too deeply") from error


def _parse_damaged(body: bytes) -> Any:
    text = _ESCAPE.sub(_mended_escape, body.decode("utf-8-sig", errors="replace"))
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        what = "HTML" if text.lstrip()[:1] == "<" else "empty" if not text.strip() else "cut off or not JSON"
        raise Malformed(f"the answer is {what}") from error
    except RecursionError as error:
        raise Malformed("the answer is nested too deeply") from error


def _mended_escape(found: re.Match[str]) -> str:
    return r"\ufffd" if _LONE_SURROGATE.fullmatch(found.group()) else found.group()
