"""Secrets, read from their place each time they are needed: one that was replaced is used at once."""

import os
import re
import stat

from agent.adapters.channels.bounds import Bounds
from agent.model.channel import Channel, SecretPlace
from agent.model.errors import Refused

LARGEST = 16 * 1024
"""Bytes of a file with one secret in it; a larger one holds something else."""

_ONE_WORD = re.compile(r"[\x21-\x7e]+")
"""Printable ASCII without a space: no line of a header or of a log can be made of it."""


def secret_of(
    channel: Channel, place: SecretPlace | None, bounds: Bounds, *, is_one_word: bool = True
) -> str:
    """Return the secret of a channel that lies in this place, without blanks around it.

    A password may be more than one word of ASCII, and is so where `is_one_word` is False.

    Raises:
        Refused: there is none, it is more than one word, or channels may not name its place; names the place, never what lies there.
    """
    if place is None:
        raise Refused(f"channel `{channel.name}`: it names no secret: set `secret` in `{channel.file}`")
    found = _variable(channel, place, bounds) if place.env else _content(channel, place, bounds)
    secret = found.strip()
    if not secret:
        raise Refused(f"channel `{channel.name}`: {place} is empty or not there: put the secret in it")
    if is_one_word and _ONE_WORD.fullmatch(secret) is None:
        raise Refused(
            f"channel `{channel.name}`: {place} holds more than one word: put only the secret in it"
        )
    return secret


def _variable(channel: Channel, place: SecretPlace, bounds: Bounds) -> str:
    try:
        return bounds.variable(place.env)
    except Refused as error:
        raise Refused(f"channel `{channel.name}`: {place} {error}") from error


def _content(channel: Channel, place: SecretPlace, bounds: Bounds) -> str:
    """Return what a file holds. To open a named pipe would wait for ever, and a device has no end."""
    start = f"channel `{channel.name}`: {place}"
    try:
        with os.fdopen(bounds.open_secret(place.file), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Refused("is not a file: put the secret in one")
            content = file.read(LARGEST + 1)
    except Refused as error:
        raise Refused(f"{start} {error}") from error
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or "its name is none").lower()
        raise Refused(f"{start} cannot be read: {why}") from error
    if len(content) > LARGEST:
        raise Refused(f"{start} is larger than {LARGEST // 1024} KiB: put only the secret in it")
    try:
        return content.decode()
    except UnicodeDecodeError:
        # Without the cause: it carries the bytes.
        raise Refused(f"{start} is not text: put the secret in it as text") from None
