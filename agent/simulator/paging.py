"""Pages: an opaque token for where the next one begins, and the link that carries it."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from agent.simulator.odata import BadRequest, number

SKIP_TOKEN = "$skiptoken"  # noqa: S105 - a place in a list
PAGE = 50
"""Things on a page where the request does not say. UNCONFIRMED; a third-party client was seen to get 50."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins, and how many empty pages led here."""

    offset: int = 0
    hops: int = 0


def mint(place: Place) -> str:
    """Return a token; clients must take it as it is."""
    words = f"{place.offset}.{place.hops}"
    return base64.urlsafe_b64encode(f"{words}.{zlib.crc32(words.encode())}".encode()).decode().rstrip("=")


def place(options: Mapping[str, str]) -> Place:
    """Return where the asked page begins.

    Raises:
        BadRequest: the token is none of ours.
    """
    token = options.get(SKIP_TOKEN)
    if token is None:
        return Place(number(options, "$skip", least=0) or 0)
    try:
        words = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        offset, hops, check = words.split(".")
        found = Place(int(offset), int(hops))
    except (ValueError, binascii.Error) as error:
        raise BadRequest("the skip token is not valid") from error
    if int(check) != zlib.crc32(f"{offset}.{hops}".encode()):
        raise BadRequest("the skip token is not valid")
    return found


def link(address: str, options: Mapping[str, str], at: Place) -> str:
    """Return the address of the page that begins there, all else asked as before."""
    kept = {name: value for name, value in options.items() if name not in {"$skip", SKIP_TOKEN}}
    return f"{address}?{urlencode({**kept, SKIP_TOKEN: mint(at)}, quote_via=quote, safe='$')}"
